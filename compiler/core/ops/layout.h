#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/core/array.h"

namespace fedc::core {

/// Row-major strides, in elements.
std::vector<std::int64_t> stridesOf(std::span<const std::int64_t> shape);

/// Copies a block of `shape` elements of `width` bytes from and to strided places (strides in elements; 0 and negative ones allowed in `from`).
void copyBlock(int width, std::span<const std::int64_t> shape, const void* from, std::span<const std::int64_t> fromStrides, void* to,
               std::span<const std::int64_t> toStrides);

/// The array with axis i taken from axis `permutation[i]`.
Array transposed(const Array& a, std::span<const int> permutation);

/// The array with its elements converted as by op `convert`; itself if the type is already right.
Array converted(const Array& a, Elem to);

/// All axes of a `rank` but the listed ones, ascending, then the listed ones in their order.
std::vector<int> axesLast(int rank, std::span<const int> axes);

/// The inverse of a permutation.
std::vector<int> inverse(std::span<const int> permutation);

/// f16 and bf16 compute in f32.
inline Elem computeElem(Elem e) { return e == Elem::F16 || e == Elem::BF16 ? Elem::F32 : e; }

/// Calls `f` with a value of the C++ type that holds the element (bool: uint8_t; key: uint64_t; str: uint32_t; f16 and bf16: uint16_t).
template <class F>
decltype(auto) withStorage(Elem e, F&& f) {
  switch (e) {
    case Elem::I8: return f(std::int8_t{});
    case Elem::I16: return f(std::int16_t{});
    case Elem::I32: return f(std::int32_t{});
    case Elem::I64: return f(std::int64_t{});
    case Elem::U16:
    case Elem::F16:
    case Elem::BF16: return f(std::uint16_t{});
    case Elem::U32:
    case Elem::Str: return f(std::uint32_t{});
    case Elem::U64:
    case Elem::Key: return f(std::uint64_t{});
    case Elem::F32: return f(float{});
    case Elem::F64: return f(double{});
    case Elem::Bool:
    case Elem::U8: break;
  }
  return f(std::uint8_t{});
}

}  // namespace fedc::core
