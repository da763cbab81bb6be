#include "compiler/core/threefry.h"

#include <algorithm>

#include "compiler/core/internal_error.h"
#include "compiler/core/ops/join.h"

namespace fedc::core {

namespace {

/// The threefry of a counter below 2^32, one lane of a loop: rotations by constants, so that it is compiled for vectors.
template <int A, int B, int C, int D>
FEDC_INLINE void fourRounds(std::uint32_t& x0, std::uint32_t& x1) {
  const auto round = [&](int by) {
    x0 += x1;
    x1 = ((x1 << by) | (x1 >> (32 - by))) ^ x0;
  };
  round(A);
  round(B);
  round(C);
  round(D);
}

FEDC_INLINE void bitsBelow(std::uint64_t key, std::uint32_t first, std::int64_t n, std::uint32_t* out) {
  const std::uint32_t k0 = static_cast<std::uint32_t>(key >> 32), k1 = static_cast<std::uint32_t>(key), k2 = k0 ^ k1 ^ 0x1BD11BDAu;
  for (std::int64_t i = 0; i < n; ++i) {
    std::uint32_t x0 = k0, x1 = first + static_cast<std::uint32_t>(i) + k1;
    fourRounds<13, 15, 26, 6>(x0, x1);
    x0 += k1, x1 += k2 + 1;
    fourRounds<17, 29, 16, 24>(x0, x1);
    x0 += k2, x1 += k0 + 2;
    fourRounds<13, 15, 26, 6>(x0, x1);
    x0 += k0, x1 += k1 + 3;
    fourRounds<17, 29, 16, 24>(x0, x1);
    x0 += k1, x1 += k2 + 4;
    fourRounds<13, 15, 26, 6>(x0, x1);
    x0 += k2, x1 += k0 + 5;
    out[i] = x0 ^ x1;
  }
}

FEDC_SIMD void bits256(std::uint64_t key, std::uint32_t first, std::int64_t n, std::uint32_t* out) { bitsBelow(key, first, n, out); }
FEDC_SIMD_512 void bits512(std::uint64_t key, std::uint32_t first, std::int64_t n, std::uint32_t* out) { bitsBelow(key, first, n, out); }

}  // namespace

void randomBits(std::uint64_t key, std::uint64_t first, std::span<std::uint32_t> out) {
  FEDC_REQUIRE(first + out.size() <= std::uint64_t{1} << 32, "counters of 32 bits");
  (hasVectors512() ? bits512 : bits256)(key, static_cast<std::uint32_t>(first), static_cast<std::int64_t>(out.size()), out.data());
}

}  // namespace fedc::core
