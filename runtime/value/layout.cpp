#include "runtime/value/layout.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace fedc::runtime {
namespace {

/// A leaf as lines: `count` lines of `entries` entries, each line `stride` entries after the one before.
struct Lines {
  std::int64_t count = 1;
  std::int64_t entries = 1;
  std::int64_t stride = 1;
};

Lines linesOf(const LeafLayout& layout, std::int64_t rows) {
  Lines lines;
  for (std::size_t i = 0; i < layout.dims.size(); ++i) {
    const std::int64_t extent = layout.dims[i] < 0 ? rows : layout.dims[i];
    if (i + 1 == layout.dims.size()) {
      lines.entries = extent;
    } else {
      lines.count *= extent;
    }
  }
  lines.stride = std::max(lines.entries, layout.padLast);
  return lines;
}

void copyLines(const void* from, const Lines& a, void* to, const Lines& b, std::size_t size) {
  if (a.count * a.entries == 0) return;
  const auto* in = static_cast<const char*>(from);
  auto* out = static_cast<char*>(to);
  if (a.stride == b.stride) {
    std::memcpy(out, in, static_cast<std::size_t>(a.count * a.stride) * size);
    return;
  }
  const auto used = static_cast<std::size_t>(a.entries) * size;
  const auto pad = static_cast<std::size_t>(b.stride - b.entries) * size;
  for (std::int64_t line = 0; line < a.count; ++line) {
    std::memcpy(out, in, used);
    if (pad != 0) std::memset(out + used, 0, pad);
    in += static_cast<std::size_t>(a.stride) * size;
    out += static_cast<std::size_t>(b.stride) * size;
  }
}

}  // namespace

std::int64_t LeafLayout::bytes(std::int64_t rows) const {
  const Lines lines = linesOf(*this, rows);
  return alignedBytes(lines.count * lines.stride * core::elemBytes(elem));
}

bool operator==(const LeafLayout& a, const LeafLayout& b) {
  if (!sameEntries(a, b)) return false;
  const std::int64_t last = a.dims.empty() ? 1 : a.dims.back();
  // A reserve that is no longer than the extent is no reserve.
  return std::max(last, a.padLast) == std::max(last, b.padLast);
}

Expected<LeafLayout> denseLayout(const core::Type& type) {
  LeafLayout layout;
  layout.elem = type.elem;
  for (std::size_t i = 0; i < type.dims.size(); ++i) {
    const auto extent = type.dims[i].constant();
    if (extent) {
      layout.dims.push_back(*extent);
    } else if (i == 0) {
      layout.dims.push_back(-1);
    } else {
      return fail("an extent known only at run time is possible in the first place only");
    }
  }
  return layout;
}

std::int64_t elementCount(const LeafLayout& layout, std::int64_t rows) {
  std::int64_t count = 1;
  for (const std::int64_t dim : layout.dims) count *= dim < 0 ? rows : dim;
  return count;
}

std::vector<std::int64_t> shapeOf(const LeafLayout& layout, std::int64_t rows) {
  std::vector<std::int64_t> shape = layout.dims;
  for (std::int64_t& dim : shape) {
    if (dim < 0) dim = rows;
  }
  return shape;
}

bool sameEntries(const LeafLayout& a, const LeafLayout& b) { return a.elem == b.elem && a.dims == b.dims; }

LeafLayout rowLayout(const LeafLayout& layout) {
  LeafLayout row = layout;
  row.dims.erase(row.dims.begin());
  if (row.dims.empty()) row.padLast = 0;
  return row;
}

std::int64_t rowStride(const LeafLayout& layout) {
  const Lines lines = linesOf(rowLayout(layout), 0);
  return lines.count * lines.stride * core::elemBytes(layout.elem);
}

void pack(const core::Array& from, const LeafLayout& layout, void* to) {
  const std::int64_t rows = from.shape().empty() ? 0 : from.shape().front();
  assert(from.elem() == layout.elem && from.shape() == shapeOf(layout, rows));
  LeafLayout dense = layout;
  dense.padLast = 0;
  convert(from.data(), dense, to, layout, rows);
}

core::Array unpack(const void* from, const LeafLayout& layout, std::int64_t rows) {
  core::Array array(layout.elem, shapeOf(layout, rows));
  LeafLayout dense = layout;
  dense.padLast = 0;
  if (array.count() != 0) convert(from, layout, array.mutableData(), dense, rows);
  return array;
}

void convert(const void* from, const LeafLayout& fromLayout, void* to, const LeafLayout& toLayout, std::int64_t rows) {
  assert(sameEntries(fromLayout, toLayout));
  copyLines(from, linesOf(fromLayout, rows), to, linesOf(toLayout, rows), static_cast<std::size_t>(core::elemBytes(fromLayout.elem)));
}

Leaf Leaf::of(const core::Array& array, const LeafLayout& layout) {
  Leaf leaf;
  leaf.layout = layout;
  leaf.rows = !layout.dims.empty() && layout.dims.front() < 0 ? array.shape().front() : 0;
  auto memory = std::make_shared<Buffer>(layout.bytes(leaf.rows));
  pack(array, layout, memory->data());
  leaf.memory = std::move(memory);
  return leaf;
}

Leaf Leaf::of(const core::Array& array) {
  LeafLayout layout;
  layout.elem = array.elem();
  layout.dims = array.shape();
  return of(array, layout);
}

}  // namespace fedc::runtime
