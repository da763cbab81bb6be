#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "compiler/core/ops/interpret_ops.h"
#include "compiler/core/ops/join.h"
#include "compiler/core/ops/layout.h"
#include "compiler/core/scalar.h"
#include "compiler/core/strings.h"

namespace fedc::core {

namespace {

/// One accumulator over [low, high).
template <ReduceKind K, class T>
FEDC_SIMD T reduceSeq(const T* x, std::int64_t low, std::int64_t high, T start) {
  for (std::int64_t i = low; i < high; ++i) start = join<K, T>(start, x[i]);
  return start;
}

/// Sixteen accumulators over [low, high) by the index along the last reduced axis, whose extent is `last`; folded.
template <ReduceKind K, class T>
FEDC_SIMD T reduceLanes(const T* x, std::int64_t low, std::int64_t high, std::int64_t last, T identity) {
  std::array<T, 16> lanes;
  lanes.fill(identity);
  for (std::int64_t i = low; i < high;) {
    const std::int64_t lane = i % last % 16;
    const std::int64_t run = std::min({16 - lane, high - i, last - i % last});
    for (std::int64_t j = 0; j < run; ++j)
      lanes[static_cast<std::size_t>(lane + j)] = join<K, T>(lanes[static_cast<std::size_t>(lane + j)], x[i + j]);
    i += run;
  }
  for (std::size_t step : {8, 4, 2, 1}) {
    for (std::size_t j = 0; j < step; ++j) lanes[j] = join<K, T>(lanes[j], lanes[j + step]);
  }
  return lanes[0];
}

/// Neighbours are joined, level by level; an odd one moves up.
template <ReduceKind K, class T>
T pairwiseTree(std::vector<T> parts) {
  while (parts.size() > 1) {
    std::vector<T> up;
    for (std::size_t i = 0; i + 1 < parts.size(); i += 2) up.push_back(join<K, T>(parts[i], parts[i + 1]));
    if (parts.size() % 2 == 1) up.push_back(parts.back());
    parts = std::move(up);
  }
  return parts[0];
}

template <ReduceKind K, class T>
T reduceRow(const T* x, std::int64_t n, std::int64_t last, Order order, T identity, const T* init) {
  switch (order.kind) {
    case Order::Kind::Seq: return reduceSeq<K, T>(x, 0, n, init != nullptr ? *init : identity);
    case Order::Kind::Lanes: {
      const T folded = reduceLanes<K, T>(x, 0, n, last, identity);
      return init != nullptr ? join<K, T>(folded, *init) : folded;
    }
    case Order::Kind::SplitSeq:
    case Order::Kind::SplitLanes: break;
  }
  const std::int64_t part = (n + order.parts - 1) / order.parts;
  std::vector<T> parts;
  for (int p = 0; p < order.parts; ++p) {
    const std::int64_t low = std::min(n, p * part), high = std::min(n, low + part);
    parts.push_back(order.kind == Order::Kind::SplitSeq ? reduceSeq<K, T>(x, low, high, identity) : reduceLanes<K, T>(x, low, high, last, identity));
  }
  const T folded = pairwiseTree<K, T>(std::move(parts));
  return init != nullptr ? join<K, T>(folded, *init) : folded;
}

template <class T>
bool isNan(T x) {
  if constexpr (std::is_floating_point_v<T>) return std::isnan(x);
  return false;
}

/// The value of T in the low bytes of a literal's bits.
template <class T>
T storageOf(Literal l) {
  if constexpr (sizeof(T) == 8) return std::bit_cast<T>(l.bits);
  if constexpr (sizeof(T) == 4) return std::bit_cast<T>(static_cast<std::uint32_t>(l.bits));
  if constexpr (sizeof(T) == 2) return std::bit_cast<T>(static_cast<std::uint16_t>(l.bits));
  if constexpr (sizeof(T) == 1) return std::bit_cast<T>(static_cast<std::uint8_t>(l.bits));
}

/// The operand with the reduced axes last, in the order listed.
Array arranged(const Array& x, const std::vector<int>& axes) { return transposed(x, axesLast(static_cast<int>(x.shape().size()), axes)); }

std::int64_t product(std::span<const std::int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

}  // namespace

void runReduce(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  Array out = resultArray(fn, s, 0, dims);
  const Elem elem = computeElem(out.elem());
  const Array x = converted(arranged(*operands[0], s.attrs.axes), elem);
  const std::size_t kept = x.shape().size() - s.attrs.axes.size();
  const std::int64_t n = product(std::span(x.shape()).subspan(kept)), last = x.shape().back();
  const Order order = s.attrs.order.value_or(Order{});
  const bool hasInit = operands.size() > 1;
  const Array init = hasInit ? converted(*operands[1], elem) : Array();
  Array sums(elem, out.shape());
  withStorage(elem, [&](auto zero) {
    using T = decltype(zero);
    withKind(*s.attrs.reduce, [&](auto kind) {
      const T identity = storageOf<T>(reduceIdentity(kind, elem));
      const T* from = x.as<T>().data();
      const auto to = sums.template asMutable<T>();
      for (std::size_t i = 0; i < to.size(); ++i) {
        const T* start = hasInit ? init.as<T>().data() + (s.args[1].isLiteral ? 0 : i) : nullptr;
        to[i] = reduceRow<kind(), T>(from + static_cast<std::int64_t>(i) * n, n, last, order, identity, start);
      }
    });
  });
  results.push_back(converted(sums, out.elem()));
}

void runArgReduce(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  Array values = resultArray(fn, s, 0, dims), places = resultArray(fn, s, 1, dims);
  const Array original = arranged(*operands[0], s.attrs.axes);
  const Array x = converted(original, computeElem(original.elem()));
  const std::int64_t n = product(std::span(x.shape()).subspan(x.shape().size() - s.attrs.axes.size()));
  const bool greatest = *s.attrs.reduce == ReduceKind::Max;
  const auto at = places.asMutable<std::int32_t>();
  withStorage(x.elem(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.as<T>().data();
    for (std::size_t i = 0; i < at.size(); ++i, from += n) {
      std::int64_t best = 0;
      for (std::int64_t j = 1; j < n; ++j) {
        const bool better = (greatest ? from[j] > from[best] : from[j] < from[best]) || isNan(from[j]);
        if (better && !isNan(from[best])) best = j;
      }
      at[i] = static_cast<std::int32_t>(best);
      // Over no elements: the identity, at 0.
      values.set(static_cast<std::int64_t>(i),
                 n > 0 ? original.at(static_cast<std::int64_t>(i) * n + best) : reduceIdentity(*s.attrs.reduce, values.elem()));
    }
  });
  results.push_back(std::move(values));
  results.push_back(std::move(places));
}

void runCumulative(const Fn&, const Stmt& s, Arrays operands, DimValues, std::vector<Array>& results) {
  const Array& x = *operands[0];
  const std::vector<int> order = axesLast(static_cast<int>(x.shape().size()), s.attrs.axes);
  Array y = converted(transposed(x, order), computeElem(x.elem()));
  const std::int64_t n = y.shape().back(), count = y.count();
  withStorage(y.elem(), [&](auto zero) {
    using T = decltype(zero);
    withKind(*s.attrs.reduce, [&](auto kind) {
      T* row = y.template asMutable<T>().data();
      for (std::int64_t begin = 0; begin < count; begin += n, row += n) {
        for (std::int64_t i = 1; i < n; ++i) {
          if (s.attrs.reversed) {
            row[n - 1 - i] = join<kind(), T>(row[n - i], row[n - 1 - i]);
          } else {
            row[i] = join<kind(), T>(row[i - 1], row[i]);
          }
        }
      }
    });
  });
  results.push_back(transposed(converted(y, x.elem()), inverse(order)));
}

void runSort(const Fn&, const Stmt& s, Arrays operands, DimValues, std::vector<Array>& results) {
  const std::vector<int> order = axesLast(static_cast<int>(operands[0]->shape().size()), s.attrs.axes);
  const Array original = transposed(*operands[0], order);
  const Array keys = converted(original, computeElem(original.elem()));
  const std::int64_t n = keys.shape().back(), count = keys.count();
  std::vector<std::int64_t> from(static_cast<std::size_t>(count));
  std::iota(from.begin(), from.end(), 0);
  withStorage(keys.elem(), [&](auto zero) {
    using T = decltype(zero);
    const T* k = keys.as<T>().data();
    for (std::int64_t begin = 0; begin < count; begin += n) {
      std::stable_sort(from.begin() + begin, from.begin() + begin + n, [&](std::int64_t a, std::int64_t b) {
        // NaN after everything else.
        if (isNan(k[a]) || isNan(k[b])) return !isNan(k[a]) && isNan(k[b]);
        if constexpr (std::is_same_v<T, StringId>)
          if (keys.elem() == Elem::Str) return compareStrings(k[a], k[b]) < 0;
        return k[a] < k[b];
      });
    }
  });
  for (const Array* operand : operands) {
    const Array x = transposed(*operand, order);
    Array y(x.elem(), x.shape());
    for (std::int64_t i = 0; i < count; ++i) y.set(i, x.at(from[static_cast<std::size_t>(i)]));
    results.push_back(transposed(y, inverse(order)));
  }
}

}  // namespace fedc::core
