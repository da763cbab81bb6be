#include <algorithm>

#include "compiler/core/ops/interpret_ops.h"
#include "compiler/core/ops/layout.h"
#include "compiler/core/scalar.h"

namespace fedc::core {

namespace {

/// An index as a number, clamped to [0, extent).
std::int64_t clampedIndex(const Array& indices, std::int64_t at, std::int64_t extent) {
  const Literal l = indices.at(indices.shape().empty() ? 0 : at);
  const std::int64_t i = l.elem == Elem::U64 && l.toInt() < 0 ? INT64_MAX : l.toInt();
  return std::max<std::int64_t>(0, std::min(i, extent - 1));
}

/// data seen as [batch, outer, extent, inner] and indices as [batch, places].
struct Indexing {
  std::int64_t batch = 1, outer = 1, extent = 1, inner = 1, places = 1;

  Indexing(const Stmt& s, const Array& data, const Array& indices) {
    const std::size_t batchAxes = s.attrs.batch.empty() ? 0 : static_cast<std::size_t>(s.attrs.batch[0]);
    const std::size_t axis = static_cast<std::size_t>(s.attrs.axes[0]);
    for (std::size_t i = 0; i < batchAxes; ++i) batch *= data.shape()[i];
    for (std::size_t i = batchAxes; i < axis; ++i) outer *= data.shape()[i];
    extent = data.shape()[axis];
    for (std::size_t i = axis + 1; i < data.shape().size(); ++i) inner *= data.shape()[i];
    for (std::size_t i = batchAxes; i < indices.shape().size(); ++i) places *= indices.shape()[i];
  }
};

}  // namespace

void runGather(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  const Array& data = *operands[0];
  Array out = resultArray(fn, s, 0, dims);
  const Indexing x(s, data, *operands[1]);
  const std::int64_t width = elemBytes(data.elem());
  // From an axis without elements there is nothing to read: zeros.
  if (x.extent > 0 && out.count() > 0) {
    const char* from = static_cast<const char*>(data.data());
    char* to = static_cast<char*>(out.mutableData());
    for (std::int64_t b = 0; b < x.batch; ++b) {
      for (std::int64_t o = 0; o < x.outer; ++o) {
        for (std::int64_t p = 0; p < x.places; ++p) {
          const std::int64_t row = ((b * x.outer + o) * x.extent + clampedIndex(*operands[1], b * x.places + p, x.extent)) * x.inner;
          std::copy_n(from + row * width, x.inner * width, to);
          to += x.inner * width;
        }
      }
    }
  }
  results.push_back(std::move(out));
}

void runScatter(const Fn&, const Stmt& s, Arrays operands, DimValues, std::vector<Array>& results) {
  Array out = *operands[0];
  const Array& indices = *operands[1];
  const Array& updates = *operands[2];
  const Indexing x(s, out, indices);
  const std::int64_t width = elemBytes(out.elem());
  const bool splat = updates.shape().empty() && x.batch * x.outer * x.places * x.inner != 1;
  if (x.extent > 0) {
    const Elem pair[] = {out.elem(), out.elem()};
    const ScalarProgram* add = s.attrs.scatter == ScatterMode::Add ? &scalarProgram(Op::Add, pair, out.elem()) : nullptr;
    const Elem one[] = {out.elem()};
    const ScalarProgram& set = scalarProgram(Op::StopGradient, one, out.elem());
    char* to = static_cast<char*>(out.mutableData());
    const char* from = static_cast<const char*>(updates.data());
    const std::int64_t stride = splat ? 0 : 1;
    for (std::int64_t b = 0; b < x.batch; ++b) {
      for (std::int64_t o = 0; o < x.outer; ++o) {
        for (std::int64_t p = 0; p < x.places; ++p) {
          const std::int64_t row = ((b * x.outer + o) * x.extent + clampedIndex(indices, b * x.places + p, x.extent)) * x.inner;
          const std::int64_t update = splat ? 0 : ((b * x.outer + o) * x.places + p) * x.inner;
          char* place = to + row * width;
          const void* both[] = {place, from + update * width};
          const std::int64_t strides[] = {1, stride};
          if (add != nullptr) {
            runScalar(*add, both, strides, place, x.inner);
          } else {
            runScalar(set, std::span<const void* const>(both + 1, 1), std::span<const std::int64_t>(strides + 1, 1), place, x.inner);
          }
        }
      }
    }
  }
  results.push_back(std::move(out));
}

void runPick(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  const Array& data = *operands[0];
  Array out = resultArray(fn, s, 0, dims);
  const std::int64_t extent = data.shape().back(), count = out.count();
  for (std::int64_t i = 0; extent > 0 && i < count; ++i) out.set(i, data.at(i * extent + clampedIndex(*operands[1], i, extent)));
  results.push_back(std::move(out));
}

}  // namespace fedc::core
