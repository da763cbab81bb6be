#include "compiler/support/hash.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace fedc {

std::uint64_t hashOf(std::string_view bytes, std::uint64_t seed) {
  // Four lanes: a long text is not one long chain of multiplications.
  std::array<std::uint64_t, 4> lanes;
  for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i] = (seed + i + 1) * 0x9E3779B97F4A7C15ULL;
  const auto step = [](std::uint64_t hash, std::uint64_t word) {
    hash = (hash ^ word) * 0xD6E8FEB86659FD93ULL;
    return hash ^ (hash >> 32);
  };
  const auto wordAt = [&](std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min<std::size_t>(8, bytes.size() - at));
    return word;
  };
  std::size_t at = 0;
  for (; at + 32 <= bytes.size(); at += 32)
    for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i] = step(lanes[i], wordAt(at + 8 * i));
  for (; at < bytes.size(); at += 8) lanes[0] = step(lanes[0], wordAt(at));
  std::uint64_t hash = bytes.size();
  for (const std::uint64_t lane : lanes) hash = step(std::rotl(hash, 17), lane);
  return hash;
}

}  // namespace fedc
