#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/support/expected.h"
#include "runtime/graph/callable.h"

namespace fedc::runtime {

/// The encoding of docs/wire.md: leaf by leaf, little-endian, without padding or header.
using WireBytes = std::vector<std::uint8_t>;

/// Bytes of a leaf, with `rows` in place of a run-time extent; of strings without their texts.
std::int64_t wireBytes(const LeafLayout& layout, std::int64_t rows = 0);

/// Appends a leaf.
void encodeLeaf(const void* from, const LeafLayout& layout, std::int64_t rows, WireBytes& to);

/// Takes a leaf from the front of `bytes`. Errors: fewer bytes than it needs, more rows than `most`, bits behind the last bool.
class WireReader {
 public:
  explicit WireReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  /// A leaf of static extents: written to `to`, laid out, padding zero.
  Expected<void> leaf(const LeafLayout& layout, void* to);
  /// The run-time extent of the leaf that comes next; then `leaf` with it.
  Expected<std::int64_t> rows(const LeafLayout& layout, std::int64_t most);
  Expected<void> leaf(const LeafLayout& layout, std::int64_t rows, void* to);
  /// An error if something is left.
  Expected<void> end() const;

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace fedc::runtime
