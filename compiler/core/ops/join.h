#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "compiler/core/op.h"

/// Compiled for the least CPU that fedc runs on (x86-64-v3), so that fma is one instruction; with vector loops, which g++ 12 makes at -O3 only.
#ifdef __clang__
#define FEDC_SIMD __attribute__((target("avx2,fma")))
#define FEDC_SIMD_512 __attribute__((target("avx512f,avx512dq,avx512vl,fma")))
#else
#define FEDC_SIMD __attribute__((target("avx2,fma"), optimize("tree-vectorize", "vect-cost-model=dynamic")))
#define FEDC_SIMD_512 \
  __attribute__((target("avx512f,avx512dq,avx512vl,fma,prefer-vector-width=512"), optimize("tree-vectorize", "vect-cost-model=dynamic")))
#endif
#define FEDC_INLINE inline __attribute__((always_inline))

namespace fedc::core {

/// Whether this CPU runs what is compiled as FEDC_SIMD_512: a second version of loops that are worth it, with the same bits.
inline bool hasVectors512() {
  static const bool has =
      __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
  return has;
}

/// The scalar meaning of add, mul, max, min, and, or on the C++ type that holds an element (f16 and bf16 are float here).
template <ReduceKind K, class T>
FEDC_INLINE T join(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    if constexpr (K == ReduceKind::Sum) {
      return a + b;
    } else if constexpr (K == ReduceKind::Prod) {
      return a * b;
    } else if constexpr (K == ReduceKind::Min) {
      // Or-ing both orders keeps a NaN a NaN and -0; what has no exponent becomes the zero of its sign.
      constexpr Bits kExponent = sizeof(T) == 4 ? Bits{0x7f800000} : static_cast<Bits>(0x7ff0000000000000);
      constexpr Bits kSign = Bits{1} << (8 * sizeof(T) - 1);
      const T x = a < b ? a : b, y = b < a ? b : a;
      const Bits both = std::bit_cast<Bits>(x) | std::bit_cast<Bits>(y);
      return std::bit_cast<T>((both & kExponent) == 0 ? both & kSign : both);
    } else if constexpr (K == ReduceKind::Max) {
      return -join<ReduceKind::Min, T>(-a, -b);
    } else {
      return a;
    }
  } else {
    using U = std::make_unsigned_t<T>;
    if constexpr (K == ReduceKind::Sum) {
      return static_cast<T>(static_cast<U>(static_cast<U>(a) + static_cast<U>(b)));
    } else if constexpr (K == ReduceKind::Prod) {
      // 64 bits wide, or small unsigned factors would overflow int.
      return static_cast<T>(static_cast<U>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b)));
    } else if constexpr (K == ReduceKind::Min) {
      return b < a ? b : a;
    } else if constexpr (K == ReduceKind::Max) {
      return a < b ? b : a;
    } else if constexpr (K == ReduceKind::And) {
      return static_cast<T>(a & b);
    } else {
      return static_cast<T>(a | b);
    }
  }
}

/// Calls `f` with the kind as a compile-time constant.
template <class F>
decltype(auto) withKind(ReduceKind kind, F&& f) {
  switch (kind) {
    case ReduceKind::Sum: return f(std::integral_constant<ReduceKind, ReduceKind::Sum>{});
    case ReduceKind::Prod: return f(std::integral_constant<ReduceKind, ReduceKind::Prod>{});
    case ReduceKind::Max: return f(std::integral_constant<ReduceKind, ReduceKind::Max>{});
    case ReduceKind::Min: return f(std::integral_constant<ReduceKind, ReduceKind::Min>{});
    case ReduceKind::And: return f(std::integral_constant<ReduceKind, ReduceKind::And>{});
    case ReduceKind::Or: break;
  }
  return f(std::integral_constant<ReduceKind, ReduceKind::Or>{});
}

}  // namespace fedc::core
