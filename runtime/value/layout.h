#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "compiler/core/array.h"
#include "compiler/core/type.h"
#include "compiler/support/expected.h"
#include "runtime/graph/callable.h"
#include "runtime/value/buffer.h"

namespace fedc::runtime {

bool operator==(const LeafLayout& a, const LeafLayout& b);

/// The layout without padding. A first dim that is no constant becomes the run-time extent; one elsewhere is an error.
Expected<LeafLayout> denseLayout(const core::Type& type);

/// Entries of the leaf (padding not counted), with `rows` in place of a run-time extent.
std::int64_t elementCount(const LeafLayout& layout, std::int64_t rows);
/// The extents, with `rows` in place of a run-time one.
std::vector<std::int64_t> shapeOf(const LeafLayout& layout, std::int64_t rows);
/// Whether the two describe the same entries (element type and extents), however they lie.
bool sameEntries(const LeafLayout& a, const LeafLayout& b);
/// The layout of one row of a leaf whose first extent is a run-time number.
LeafLayout rowLayout(const LeafLayout& layout);
/// Bytes from one row of a leaf to the next.
std::int64_t rowStride(const LeafLayout& layout);

/// Writes a dense array (of the layout's shape) where the layout wants it; padding becomes zero.
void pack(const core::Array& from, const LeafLayout& layout, void* to);
/// The entries as a dense array.
core::Array unpack(const void* from, const LeafLayout& layout, std::int64_t rows = 0);
/// From one layout of the same entries to another.
void convert(const void* from, const LeafLayout& fromLayout, void* to, const LeafLayout& toLayout, std::int64_t rows);

/// A leaf in memory: shared, not written once it is handed on.
struct Leaf {
  LeafLayout layout;
  std::int64_t rows = 0;
  std::shared_ptr<const Buffer> memory;

  static Leaf of(const core::Array& array, const LeafLayout& layout);
  static Leaf of(const core::Array& array);
  core::Array array() const { return unpack(memory->data(), layout, rows); }
};

}  // namespace fedc::runtime
