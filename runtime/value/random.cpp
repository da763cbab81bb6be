#include "runtime/value/random.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "compiler/core/threefry.h"

namespace fedc::runtime {

namespace {

/// For each rank the index that has it when 0 .. n-1 are sorted stably by a key's random bits. Buckets by the upper bits; only those in which
/// somebody is wanted are filled and sorted. Few buckets for few ranks, so that the table stays in the cache; never less than about eight indices a
/// bucket.
std::vector<std::uint32_t> indicesOfRanks(Key key, std::uint32_t n, const std::vector<std::uint32_t>& ranks) {
  std::vector<std::uint32_t> bits(n);
  core::randomBits(key, 0, bits);
  const auto width = [](std::size_t x) { return static_cast<int>(std::bit_width(x)); };
  const int shift = 32 - std::max(1, std::min(width(n) - 3, std::max(11, width(ranks.size()) + 4)));
  // first[b]: rank of the first index of bucket b.
  std::vector<std::uint32_t> first((std::size_t{1} << (32 - shift)) + 1, 0);
  for (const std::uint32_t b : bits) ++first[(b >> shift) + 1];
  std::partial_sum(first.begin(), first.end(), first.begin());
  constexpr std::uint32_t kUnwanted = ~std::uint32_t{0};
  std::vector<std::uint32_t> next(first.size(), kUnwanted), bucketOf;
  bucketOf.reserve(ranks.size());
  for (const std::uint32_t rank : ranks) {
    bucketOf.push_back(static_cast<std::uint32_t>(std::upper_bound(first.begin(), first.end(), rank) - first.begin() - 1));
    next[bucketOf.back()] = 0;
  }
  std::uint32_t kept = 0;
  for (std::size_t b = 0; b + 1 < first.size(); ++b) {
    if (next[b] == kUnwanted) continue;
    next[b] = kept;
    kept += first[b + 1] - first[b];
  }
  // Bits in the high half, index in the low half: a plain sort of these is the stable sort by bits.
  std::vector<std::uint64_t> sorted(kept);
  for (std::uint32_t i = 0; i < n; ++i) {
    std::uint32_t& at = next[bits[i] >> shift];
    if (at != kUnwanted) sorted[at++] = static_cast<std::uint64_t>(bits[i]) << 32 | i;
  }
  for (std::size_t b = 0; b + 1 < first.size(); ++b) {
    if (next[b] == kUnwanted) continue;
    const auto end = sorted.begin() + next[b];
    std::sort(end - (first[b + 1] - first[b]), end);
  }
  std::vector<std::uint32_t> indices;
  indices.reserve(ranks.size());
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    const std::uint32_t b = bucketOf[r];
    indices.push_back(static_cast<std::uint32_t>(sorted[next[b] - (first[b + 1] - ranks[r])]));
  }
  return indices;
}

}  // namespace

Key seedKey(std::uint64_t seed) { return seed; }

Key foldIn(Key key, std::uint32_t data) { return core::threefry(key, data); }

std::vector<std::uint32_t> permutation(Key key, std::uint32_t n) {
  std::vector<std::int32_t> values(n);
  core::randomPermutation(key, n, values.data());
  return {values.begin(), values.end()};
}

std::vector<std::uint32_t> permutationPrefix(Key key, std::uint32_t n, std::uint32_t count) {
  std::vector<Key> rounds(static_cast<std::size_t>(core::permutationRounds(n)));
  for (Key& bits : rounds) {
    bits = foldIn(key, 1);
    key = foldIn(key, 0);
  }
  // Entry i after the last sort was entry (index of rank i) before it: backwards, only what is asked for is followed.
  std::vector<std::uint32_t> entries(count);
  std::iota(entries.begin(), entries.end(), 0);
  for (auto bits = rounds.rbegin(); bits != rounds.rend(); ++bits) entries = indicesOfRanks(*bits, n, entries);
  return entries;
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
