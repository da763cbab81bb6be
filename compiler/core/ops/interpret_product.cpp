#include <algorithm>
#include <array>
#include <numeric>

#include "compiler/core/linalg.h"
#include "compiler/core/ops/interpret_ops.h"
#include "compiler/core/ops/join.h"
#include "compiler/core/ops/layout.h"
#include "compiler/core/scalar.h"

namespace fedc::core {

namespace {

template <class T>
FEDC_SIMD FEDC_INLINE T multiplyAdd(T a, T b, T c) {
  if constexpr (std::is_same_v<T, float>) {
    return __builtin_fmaf(a, b, c);
  } else if constexpr (std::is_same_v<T, double>) {
    return __builtin_fma(a, b, c);
  } else {
    return join<ReduceKind::Sum, T>(join<ReduceKind::Prod, T>(a, b), c);
  }
}

/// out[m, n] += a[m, k] b[k, n] for k in [low, high), one accumulator an output.
template <class T>
FEDC_SIMD void productSeq(std::int64_t rows, std::int64_t columns, std::int64_t depth, std::int64_t low, std::int64_t high, const T* a, const T* b,
                          T* out) {
  for (std::int64_t m = 0; m < rows; ++m) {
    T* to = out + m * columns;
    for (std::int64_t k = low; k < high; ++k) {
      const T factor = a[m * depth + k];
      const T* row = b + k * columns;
      for (std::int64_t n = 0; n < columns; ++n) to[n] = multiplyAdd<T>(factor, row[n], to[n]);
    }
  }
}

/// out[m, n] = sums of a[m, k] b[n, k] for k in [low, high), sixteen accumulators an output by the index along the last reduced axis.
template <class T>
FEDC_SIMD void productLanes(std::int64_t rows, std::int64_t columns, std::int64_t depth, std::int64_t last, std::int64_t low, std::int64_t high,
                            const T* a, const T* b, T* out) {
  for (std::int64_t m = 0; m < rows; ++m) {
    for (std::int64_t n = 0; n < columns; ++n) {
      const T* x = a + m * depth;
      const T* y = b + n * depth;
      T lanes[16] = {};
      for (std::int64_t k = low; k < high;) {
        const std::int64_t lane = k % last % 16;
        const std::int64_t run = std::min({16 - lane, high - k, last - k % last});
        if (run == 16) {
          for (int j = 0; j < 16; ++j) lanes[j] = multiplyAdd<T>(x[k + j], y[k + j], lanes[j]);
        } else {
          for (std::int64_t j = 0; j < run; ++j) lanes[lane + j] = multiplyAdd<T>(x[k + j], y[k + j], lanes[lane + j]);
        }
        k += run;
      }
      for (int step : {8, 4, 2, 1}) {
        for (int j = 0; j < step; ++j) lanes[j] = join<ReduceKind::Sum, T>(lanes[j], lanes[j + step]);
      }
      out[m * columns + n] = lanes[0];
    }
  }
}

struct Shape {
  std::int64_t batch, rows, columns, depth, last;
};

/// For each batch index the product in the given order; `out` holds init (or zeros) and receives the result.
template <class T>
void contractAs(const Shape& x, Order order, bool hasInit, const T* a, const T* b, T* out) {
  const std::int64_t size = x.rows * x.columns;
  const bool lanes = order.kind == Order::Kind::Lanes || order.kind == Order::Kind::SplitLanes;
  const bool split = order.kind == Order::Kind::SplitSeq || order.kind == Order::Kind::SplitLanes;
  const std::int64_t parts = split ? order.parts : 1;
  const std::int64_t part = (x.depth + parts - 1) / parts;
  for (std::int64_t i = 0; i < x.batch; ++i, a += x.rows * x.depth, b += x.columns * x.depth, out += size) {
    if (order.kind == Order::Kind::Seq) {
      productSeq<T>(x.rows, x.columns, x.depth, 0, x.depth, a, b, out);
      continue;
    }
    std::vector<std::vector<T>> sums;
    for (std::int64_t p = 0; p < parts; ++p) {
      const std::int64_t low = std::min(x.depth, p * part), high = std::min(x.depth, low + part);
      sums.emplace_back(static_cast<std::size_t>(size), T{});
      if (lanes) {
        productLanes<T>(x.rows, x.columns, x.depth, x.last, low, high, a, b, sums.back().data());
      } else {
        productSeq<T>(x.rows, x.columns, x.depth, low, high, a, b, sums.back().data());
      }
    }
    while (sums.size() > 1) {
      std::vector<std::vector<T>> up;
      for (std::size_t j = 0; j < sums.size(); j += 2) {
        if (j + 1 < sums.size()) {
          for (std::size_t k = 0; k < sums[j].size(); ++k) sums[j][k] = join<ReduceKind::Sum, T>(sums[j][k], sums[j + 1][k]);
        }
        up.push_back(std::move(sums[j]));
      }
      sums = std::move(up);
    }
    for (std::size_t k = 0; k < sums[0].size(); ++k) out[k] = hasInit ? join<ReduceKind::Sum, T>(sums[0][k], out[k]) : sums[0][k];
  }
}

std::int64_t extentOf(const Array& x, std::span<const int> axes) {
  std::int64_t n = 1;
  for (int a : axes) n *= x.shape()[static_cast<std::size_t>(a)];
  return n;
}

/// The axes in the order batch, free, reduced (or batch, reduced, free).
std::vector<int> arrangement(std::size_t rank, const std::vector<int>& batch, const std::vector<int>& reduced, bool freeLast) {
  std::vector<int> free;
  for (int i = 0; i < static_cast<int>(rank); ++i) {
    if (std::find(batch.begin(), batch.end(), i) == batch.end() && std::find(reduced.begin(), reduced.end(), i) == reduced.end()) free.push_back(i);
  }
  std::vector<int> out = batch;
  const std::vector<int>& first = freeLast ? reduced : free;
  const std::vector<int>& second = freeLast ? free : reduced;
  out.insert(out.end(), first.begin(), first.end());
  out.insert(out.end(), second.begin(), second.end());
  return out;
}

}  // namespace

void runContract(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  const Array shape = resultArray(fn, s, 0, dims);
  const Elem elem = computeElem(shape.elem());
  const Order order = s.attrs.order.value_or(Order{});
  const bool rowsOfRight = order.kind == Order::Kind::Lanes || order.kind == Order::Kind::SplitLanes;
  const Array& left = *operands[0];
  const Array& right = *operands[1];
  const Array a = converted(transposed(left, arrangement(left.shape().size(), s.attrs.batch, s.attrs.axes, false)), elem);
  const Array b = converted(transposed(right, arrangement(right.shape().size(), s.attrs.rhsBatch, s.attrs.rhsAxes, !rowsOfRight)), elem);
  Shape x{};
  x.batch = extentOf(left, s.attrs.batch);
  x.depth = extentOf(left, s.attrs.axes);
  x.last = s.attrs.axes.empty() ? 1 : left.shape()[static_cast<std::size_t>(s.attrs.axes.back())];
  x.rows = x.batch * x.depth == 0 ? 0 : left.count() / (x.batch * x.depth);
  x.columns = x.batch * x.depth == 0 ? 0 : right.count() / (x.batch * x.depth);
  Array out;
  const bool hasInit = operands.size() > 2;
  if (!hasInit) {
    out = Array(elem, shape.shape());
  } else {
    out = s.args[2].isLiteral ? converted(Array::splat(s.args[2].literal, shape.shape()), elem) : converted(*operands[2], elem);
  }
  if (x.rows * x.columns > 0) {
    withStorage(elem, [&](auto zero) {
      using T = decltype(zero);
      contractAs<T>(x, order, hasInit, a.as<T>().data(), b.as<T>().data(), out.template asMutable<T>().data());
    });
  }
  results.push_back(converted(out, shape.elem()));
}

void runSolve(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  Array out = resultArray(fn, s, 0, dims);
  const std::vector<std::int64_t>& shape = out.shape();
  const std::int64_t n = shape[shape.size() - 2], m = shape[shape.size() - 1];
  const std::int64_t batch = n * m == 0 ? 0 : out.count() / (n * m), width = elemBytes(out.elem());
  const char* a = static_cast<const char*>(operands[0]->data());
  const char* b = static_cast<const char*>(operands[1]->data());
  char* x = static_cast<char*>(out.mutableData());
  std::vector<double> scratch(static_cast<std::size_t>(n * n));
  for (std::int64_t i = 0; i < batch; ++i)
    choleskySolve(out.elem(), n, m, a + i * n * n * width, b + i * n * m * width, x + i * n * m * width, scratch.data());
  results.push_back(std::move(out));
}

}  // namespace fedc::core
