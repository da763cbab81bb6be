#include "compiler/core/normal.h"

#include <algorithm>
#include <array>
#include <bit>

#include "compiler/core/ops/join.h"
#include "compiler/core/threefry.h"

namespace fedc::core {

namespace {

/// Horner's rule over fma, highest coefficient first: no loop, so that the loop around it becomes vectors.
template <class... Rest>
FEDC_INLINE float polynomial(float x, float p, Rest... rest) {
  ((p = __builtin_fmaf(p, x, rest)), ...);
  return p;
}

/// log(1 + x) for -1 < x <= 0: the scalar program of log1p (scalar/logarithm.cpp) without its cases outside.
FEDC_INLINE float log1pNegative(float x) {
  constexpr std::int32_t kSqrtHalf = 0x3f3504f3;
  const std::int32_t k = (std::bit_cast<std::int32_t>(x + 1.0F) - kSqrtHalf) >> 23;
  const float four = std::bit_cast<float>((129 - k) << 23);
  const float f = __builtin_fmaf(x * 0.25F, four, __builtin_fmaf(four, 0.25F, -1.0F));
  const float q =
      polynomial(f, -0.0763449818F, 0.127619639F, -0.131603613F, 0.142017201F, -0.166233361F, 0.200012282F, -0.250008225F, 0.333333313F, -0.5F);
  const float y = __builtin_fmaf(static_cast<float>(k), 0x1.62e42fefa39efp-1F, __builtin_fmaf(f * f, q, f));
  return x > -0x1p-30F ? x : y;
}

/// The scalar program of erf_inv (scalar/special.cpp) for |u| < 1.
FEDC_INLINE float erfInvInside(float u) {
  const float w = -log1pNegative(-(u * u));
  const float near = polynomial(w - 2.5F, 2.81022636e-08F, 3.43273939e-07F, -3.5233877e-06F, -4.39150654e-06F, 0.00021858087F, -0.00125372503F,
                                -0.00417768164F, 0.246640727F, 1.50140941F);
  const float far = polynomial(__builtin_sqrtf(w) - 3.0F, -0.000200214257F, 0.000100950558F, 0.00134934322F, -0.00367342844F, 0.00573950773F,
                               -0.0076224613F, 0.00943887047F, 1.00167406F, 2.83297682F);
  return (w < 5.0F ? near : far) * u;
}

/// `normal` of 32 random bits: u = 2 m - 1 + 2^-24 with m in [0, 1) from the upper 23 bits, then sqrt(2) erf_inv(u).
FEDC_INLINE void normalsOf(std::int64_t n, const std::uint32_t* bits, float* out) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float unit = std::bit_cast<float>((bits[i] >> 9) | 0x3f800000U) - 1.0F;
    out[i] = 0x1.6a09e6p+0F * erfInvInside(unit * 2.0F - 0x1.fffffep-1F);
  }
}

FEDC_SIMD void normals256(std::int64_t n, const std::uint32_t* bits, float* out) { normalsOf(n, bits, out); }
FEDC_SIMD_512 void normals512(std::int64_t n, const std::uint32_t* bits, float* out) { normalsOf(n, bits, out); }

}  // namespace

void randomNormals(std::uint64_t key, std::uint64_t first, std::span<float> out) {
  std::array<std::uint32_t, 256> bits;
  for (std::size_t at = 0; at < out.size(); at += bits.size()) {
    const std::span<float> piece = out.subspan(at, std::min(bits.size(), out.size() - at));
    const std::span<std::uint32_t> raw(bits.data(), piece.size());
    randomBits(key, first + at, raw);
    (hasVectors512() ? normals512 : normals256)(static_cast<std::int64_t>(piece.size()), raw.data(), piece.data());
  }
}

}  // namespace fedc::core
