#pragma once

#include <cstdint>
#include <span>

namespace fedc::core {

/// Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw 2011). Keys, counters and results are pairs of words, the first in the high half.
inline std::uint64_t threefry(std::uint64_t key, std::uint64_t counter) {
  constexpr int kRotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  const std::uint32_t k0 = static_cast<std::uint32_t>(key >> 32), k1 = static_cast<std::uint32_t>(key);
  const std::uint32_t schedule[3] = {k0, k1, k0 ^ k1 ^ 0x1BD11BDAu};
  std::uint32_t x0 = static_cast<std::uint32_t>(counter >> 32) + k0, x1 = static_cast<std::uint32_t>(counter) + k1;
  for (std::uint32_t group = 0; group < 5; ++group) {
    for (int r : kRotations[group % 2]) {
      x0 += x1;
      x1 = ((x1 << r) | (x1 >> (32 - r))) ^ x0;
    }
    x0 += schedule[(group + 1) % 3];
    x1 += schedule[(group + 2) % 3] + group + 1;
  }
  return (static_cast<std::uint64_t>(x0) << 32) | x1;
}

/// Word i of the random bits of a key.
inline std::uint32_t randomBits(std::uint64_t key, std::uint64_t i) {
  const std::uint64_t words = threefry(key, i);
  return static_cast<std::uint32_t>(words >> 32) ^ static_cast<std::uint32_t>(words);
}

/// Words `first`, `first + 1` .. of the random bits of a key, several at a time. Counters stay below 2^32.
void randomBits(std::uint64_t key, std::uint64_t first, std::span<std::uint32_t> out);

/// How many sorting rounds a permutation of n takes: ceil(3 ln(max(n, 1)) / ln(2^32 - 1)).
int permutationRounds(std::int64_t n);

/// Writes the permutation of 0 .. n-1 that belongs to the key (JAX's shuffle): `permutationRounds` stable sorts by fresh random bits.
void randomPermutation(std::uint64_t key, std::int64_t n, std::int32_t* out);

}  // namespace fedc::core
