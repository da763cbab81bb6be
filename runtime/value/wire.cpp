#include "runtime/value/wire.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "compiler/core/cost.h"
#include "runtime/value/layout.h"
#include "runtime/value/texts.h"

namespace fedc::runtime {

static_assert(std::endian::native == std::endian::little, "the wire is little-endian, and values are copied to it as they lie");

namespace {

constexpr int kBits = 8;

bool isOpen(const LeafLayout& layout) { return !layout.dims.empty() && layout.dims.front() < 0; }

LeafLayout dense(LeafLayout layout) {
  layout.padLast = 0;
  return layout;
}

void packBits(const std::uint8_t* from, std::int64_t count, std::uint8_t* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i / kBits] = static_cast<std::uint8_t>(to[i / kBits] | ((from[i] != 0 ? 1 : 0) << (i % kBits)));
}

}  // namespace

std::int64_t wireBytes(const LeafLayout& layout, std::int64_t rows) {
  // Of strings the least: their lengths.
  return (isOpen(layout) ? 8 : 0) + core::wireBytes(layout.elem, elementCount(layout, rows));
}

void encodeLeaf(const void* from, const LeafLayout& layout, std::int64_t rows, WireBytes& to) {
  std::size_t at = to.size();
  const bool isText = layout.elem == core::Elem::Str;
  to.resize(at + static_cast<std::size_t>(isText ? (isOpen(layout) ? 8 : 0) : wireBytes(layout, rows)), 0);
  if (isOpen(layout)) {
    std::memcpy(to.data() + at, &rows, sizeof rows);
    at += sizeof rows;
  }
  const std::int64_t count = elementCount(layout, rows);
  if (count == 0) return;
  if (isText) {
    std::vector<core::StringId> strings(static_cast<std::size_t>(count));
    convert(from, layout, strings.data(), dense(layout), rows);
    return appendTexts(strings, to);
  }
  if (layout.elem != core::Elem::Bool) return convert(from, layout, to.data() + at, dense(layout), rows);
  std::vector<std::uint8_t> bools(static_cast<std::size_t>(count));
  convert(from, layout, bools.data(), dense(layout), rows);
  packBits(bools.data(), count, to.data() + at);
}

Expected<void> WireReader::leaf(const LeafLayout& layout, void* to) { return leaf(layout, 0, to); }

Expected<std::int64_t> WireReader::rows(const LeafLayout& layout, std::int64_t most) {
  if (!isOpen(layout)) return 0;
  std::uint64_t rows = 0;
  if (bytes_.size() < sizeof rows)
    return fail(fmt::format("the message ends within the length of a leaf, {} bytes before its end", sizeof rows - bytes_.size()));
  std::memcpy(&rows, bytes_.data(), sizeof rows);
  if (rows > static_cast<std::uint64_t>(most)) return fail(fmt::format("a leaf has {} rows, at most {} are possible", rows, most));
  bytes_ = bytes_.subspan(sizeof rows);
  return static_cast<std::int64_t>(rows);
}

Expected<void> WireReader::leaf(const LeafLayout& layout, std::int64_t rows, void* to) {
  const std::int64_t count = elementCount(layout, rows);
  if (layout.elem == core::Elem::Str) {
    std::vector<core::StringId> strings(static_cast<std::size_t>(count));
    const auto taken = takeTexts(bytes_, strings);
    if (!taken) return fail("a leaf of strings cannot be read: " + taken.error().message);
    if (count != 0) convert(strings.data(), dense(layout), to, layout, rows);
    bytes_ = bytes_.subspan(*taken);
    return {};
  }
  const auto size = static_cast<std::size_t>(core::wireBytes(layout.elem, count));
  if (bytes_.size() < size) return fail(fmt::format("the message ends within a leaf: {} of its {} bytes are there", bytes_.size(), size));
  const std::uint8_t* const from = bytes_.data();
  if (layout.elem != core::Elem::Bool) {
    if (count != 0) convert(from, dense(layout), to, layout, rows);
  } else {
    const std::int64_t used = count % kBits;
    if (used != 0 && (from[size - 1] >> used) != 0) return fail("bits behind the last bool of a leaf are set");
    std::vector<std::uint8_t> bools(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) bools[static_cast<std::size_t>(i)] = (from[i / kBits] >> (i % kBits)) & 1;
    if (count != 0) convert(bools.data(), dense(layout), to, layout, rows);
  }
  bytes_ = bytes_.subspan(size);
  return {};
}

Expected<void> WireReader::end() const {
  if (bytes_.empty()) return {};
  return fail(fmt::format("{} bytes are left behind the last leaf of the message", bytes_.size()));
}

}  // namespace fedc::runtime
