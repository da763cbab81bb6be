#include "compiler/core/ops/layout.h"

#include <algorithm>
#include <cstring>

#include "compiler/core/scalar.h"

namespace fedc::core {

std::vector<std::int64_t> stridesOf(std::span<const std::int64_t> shape) {
  std::vector<std::int64_t> out(shape.size());
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    out[i] = stride;
    stride *= shape[i];
  }
  return out;
}

namespace {

template <class T>
void copyRow(std::int64_t n, const T* from, std::int64_t fromStride, T* to, std::int64_t toStride) {
  if (fromStride == 1 && toStride == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(T));
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) to[i * toStride] = from[i * fromStride];
}

template <class T>
void copyAs(std::span<const std::int64_t> shape, const T* from, std::span<const std::int64_t> fromStrides, T* to,
            std::span<const std::int64_t> toStrides) {
  if (shape.empty()) {
    *to = *from;
  } else if (shape.size() == 1) {
    copyRow(shape[0], from, fromStrides[0], to, toStrides[0]);
  } else {
    for (std::int64_t i = 0; i < shape[0]; ++i) {
      copyAs(shape.subspan(1), from + i * fromStrides[0], fromStrides.subspan(1), to + i * toStrides[0], toStrides.subspan(1));
    }
  }
}

}  // namespace

void copyBlock(int width, std::span<const std::int64_t> shape, const void* from, std::span<const std::int64_t> fromStrides, void* to,
               std::span<const std::int64_t> toStrides) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return;
  const auto run = [&](auto zero) {
    using T = decltype(zero);
    copyAs(shape, static_cast<const T*>(from), fromStrides, static_cast<T*>(to), toStrides);
  };
  switch (width) {
    case 1: return run(std::uint8_t{});
    case 2: return run(std::uint16_t{});
    case 4: return run(std::uint32_t{});
    default: return run(std::uint64_t{});
  }
}

Array transposed(const Array& a, std::span<const int> permutation) {
  if (std::is_sorted(permutation.begin(), permutation.end())) return a;
  const std::vector<std::int64_t> strides = stridesOf(a.shape());
  std::vector<std::int64_t> shape, from;
  for (int p : permutation) {
    shape.push_back(a.shape()[static_cast<std::size_t>(p)]);
    from.push_back(strides[static_cast<std::size_t>(p)]);
  }
  Array out(a.elem(), shape);
  copyBlock(elemBytes(a.elem()), shape, a.data(), from, out.mutableData(), stridesOf(shape));
  return out;
}

Array converted(const Array& a, Elem to) {
  if (a.elem() == to) return a;
  Array out(to, a.shape());
  const Elem from[] = {a.elem()};
  const void* operands[] = {a.data()};
  const std::int64_t strides[] = {1};
  runScalar(scalarProgram(Op::Convert, from, to), operands, strides, out.mutableData(), a.count());
  return out;
}

std::vector<int> axesLast(int rank, std::span<const int> axes) {
  std::vector<int> out;
  for (int i = 0; i < rank; ++i) {
    if (std::find(axes.begin(), axes.end(), i) == axes.end()) out.push_back(i);
  }
  out.insert(out.end(), axes.begin(), axes.end());
  return out;
}

std::vector<int> inverse(std::span<const int> permutation) {
  std::vector<int> out(permutation.size());
  for (std::size_t i = 0; i < permutation.size(); ++i) out[static_cast<std::size_t>(permutation[i])] = static_cast<int>(i);
  return out;
}

}  // namespace fedc::core
