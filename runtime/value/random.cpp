#include "runtime/value/random.h"

#include "compiler/core/threefry.h"

namespace fedc::runtime {

Key seedKey(std::uint64_t seed) { return seed; }

Key foldIn(Key key, std::uint32_t data) { return core::threefry(key, data); }

std::vector<std::uint32_t> permutation(Key key, std::uint32_t n) {
  std::vector<std::int32_t> values(n);
  core::randomPermutation(key, n, values.data());
  return {values.begin(), values.end()};
}

std::uint64_t clientHash(std::string_view id) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : id) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3u;
  }
  return hash;
}

Key clientKey(Key key, std::uint64_t hash) { return foldIn(foldIn(key, static_cast<std::uint32_t>(hash >> 32)), static_cast<std::uint32_t>(hash)); }

}  // namespace fedc::runtime
