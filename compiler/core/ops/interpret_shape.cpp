#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "compiler/core/internal_error.h"
#include "compiler/core/ops/groups.h"
#include "compiler/core/ops/interpret_ops.h"
#include "compiler/core/ops/layout.h"

namespace fedc::core {

std::int64_t valueOf(const Dim& d, DimValues dims) {
  return d.evaluate([&](Dim::Variable v) { return dims[v]; });
}

std::vector<std::int64_t> shapeOf(const Type& t, DimValues dims) {
  std::vector<std::int64_t> out;
  for (const Dim& d : t.dims) out.push_back(valueOf(d, dims));
  return out;
}

Array resultArray(const Fn& fn, const Stmt& s, std::size_t result, DimValues dims) {
  const Type& t = fn.typeOf(s.results[result]);
  std::vector<std::int64_t> shape = shapeOf(t, dims);
  for (std::int64_t n : shape) FEDC_REQUIRE(n >= 0, problem(s, fmt::format("{} has a negative extent", show(fn, t))));
  return Array(t.elem, std::move(shape));
}

namespace {

/// The result whose element at index i is the operand's at base + sum of i * strides.
void view(const Fn& fn, const Stmt& s, const Array& x, std::int64_t base, const std::vector<std::int64_t>& strides, DimValues dims,
          std::vector<Array>& results) {
  Array out = resultArray(fn, s, 0, dims);
  const int width = elemBytes(x.elem());
  copyBlock(width, out.shape(), static_cast<const char*>(x.data()) + base * width, strides, out.mutableData(), stridesOf(out.shape()));
  results.push_back(std::move(out));
}

/// Where a block of `size` begins on each axis, moved so that it lies inside.
std::int64_t clampedStart(std::int64_t start, std::int64_t size, std::int64_t extent) {
  return std::max<std::int64_t>(0, std::min(start, extent - size));
}

std::int64_t offsetOf(const Stmt& s, Arrays starts, std::span<const std::int64_t> sizes, const Array& whole) {
  const std::vector<std::int64_t> strides = stridesOf(whole.shape());
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const Literal l = starts[i]->at(0);
    // A u64 beyond i64's range is beyond every extent.
    const std::int64_t start = l.elem == Elem::U64 && l.toInt() < 0 ? INT64_MAX : l.toInt();
    FEDC_REQUIRE(sizes[i] <= whole.shape()[i], problem(s, "the part is larger than the whole"));
    offset += clampedStart(start, sizes[i], whole.shape()[i]) * strides[i];
  }
  return offset;
}

}  // namespace

void runBroadcast(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  const Array& x = *operands[0];
  const std::vector<std::int64_t> from = stridesOf(x.shape());
  std::vector<std::int64_t> strides(s.attrs.dims.size(), 0);
  for (std::size_t i = 0; i < s.attrs.axes.size(); ++i) strides[static_cast<std::size_t>(s.attrs.axes[i])] = from[i];
  view(fn, s, x, 0, strides, dims, results);
}

void runReshape(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  results.push_back(operands[0]->reshaped(shapeOf(fn.typeOf(s.results[0]), dims)));
  FEDC_REQUIRE(results.back().count() == operands[0]->count(), problem(s, "changes the number of elements"));
}

void runCross(const Fn&, const Stmt&, Arrays operands, DimValues, std::vector<Array>& results) { results.push_back(*operands[0]); }

void runTranspose(const Fn&, const Stmt& s, Arrays operands, DimValues, std::vector<Array>& results) {
  results.push_back(transposed(*operands[0], s.attrs.axes));
}

void runSlice(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  const Array& x = *operands[0];
  std::vector<std::int64_t> strides = stridesOf(x.shape());
  std::int64_t base = 0;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    const std::int64_t start = valueOf(s.attrs.starts[i], dims), size = valueOf(s.attrs.dims[i], dims);
    const std::int64_t step = s.attrs.strides.empty() ? 1 : s.attrs.strides[i];
    FEDC_REQUIRE(size <= 0 || (start >= 0 && start + (size - 1) * step < x.shape()[i]),
                 problem(s, fmt::format("axis {}: start {}, size {}, stride {} of extent {}", i, start, size, step, x.shape()[i])));
    base += start * strides[i];
    strides[i] *= step;
  }
  view(fn, s, x, base, strides, dims, results);
}

void runReverse(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  const Array& x = *operands[0];
  std::vector<std::int64_t> strides = stridesOf(x.shape());
  std::int64_t base = 0;
  for (int a : s.attrs.axes) {
    const std::size_t i = static_cast<std::size_t>(a);
    base += (x.shape()[i] - 1) * strides[i];
    strides[i] = -strides[i];
  }
  view(fn, s, x, base, strides, dims, results);
}

void runIota(const Fn& fn, const Stmt& s, Arrays, DimValues dims, std::vector<Array>& results) {
  Array out = resultArray(fn, s, 0, dims);
  const std::size_t axis = static_cast<std::size_t>(s.attrs.axes[0]);
  const std::int64_t extent = out.shape()[axis], inner = stridesOf(out.shape())[axis], count = out.count();
  for (std::int64_t i = 0; i < count; ++i) out.set(i, Literal::ofInt(out.elem(), i / inner % extent));
  results.push_back(std::move(out));
}

void runDynamicSlice(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  const Array& x = *operands[0];
  const std::vector<std::int64_t> sizes = shapeOf(fn.typeOf(s.results[0]), dims);
  view(fn, s, x, offsetOf(s, operands.subspan(1), sizes, x), stridesOf(x.shape()), dims, results);
}

void runUpdateSlice(const Fn&, const Stmt& s, Arrays operands, DimValues, std::vector<Array>& results) {
  Array out = *operands[0];
  const Array& part = *operands[1];
  const std::int64_t offset = offsetOf(s, operands.subspan(2), part.shape(), out);
  const int width = elemBytes(out.elem());
  copyBlock(width, part.shape(), part.data(), stridesOf(part.shape()), static_cast<char*>(out.mutableData()) + offset * width,
            stridesOf(out.shape()));
  results.push_back(std::move(out));
}

void runPad(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  const Array& x = *operands[0];
  Array out = Array::splat(operands[1]->at(0), shapeOf(fn.typeOf(s.results[0]), dims));
  const std::vector<std::int64_t> strides = stridesOf(out.shape());
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < strides.size(); ++i) offset += valueOf(s.attrs.dims[i], dims) * strides[i];
  const int width = elemBytes(out.elem());
  copyBlock(width, x.shape(), x.data(), stridesOf(x.shape()), static_cast<char*>(out.mutableData()) + offset * width, strides);
  results.push_back(std::move(out));
}

void runConcat(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  Array out = resultArray(fn, s, 0, dims);
  const std::size_t axis = static_cast<std::size_t>(s.attrs.axes[0]);
  const std::vector<std::int64_t> strides = stridesOf(out.shape());
  const int width = elemBytes(out.elem());
  char* to = static_cast<char*>(out.mutableData());
  for (const Array* x : operands) {
    copyBlock(width, x->shape(), x->data(), stridesOf(x->shape()), to, strides);
    to += x->shape()[axis] * strides[axis] * width;
  }
  results.push_back(std::move(out));
}

void runDimValue(const Fn&, const Stmt& s, Arrays, DimValues dims, std::vector<Array>& results) {
  results.push_back(Array::scalar(Literal::ofInt(*s.attrs.elem, valueOf(s.attrs.extent, dims))));
}

void runCompact(const Fn&, const Stmt&, Arrays operands, DimValues, std::vector<Array>& results) {
  const auto mask = operands[0]->as<std::uint8_t>();
  std::vector<std::int32_t> at;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] != 0) at.push_back(static_cast<std::int32_t>(i));
  }
  Array out(Elem::I32, {static_cast<std::int64_t>(at.size())});
  std::copy(at.begin(), at.end(), out.asMutable<std::int32_t>().begin());
  results.push_back(std::move(out));
}

}  // namespace fedc::core
