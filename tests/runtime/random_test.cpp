#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <nlohmann/json.hpp>
#include <set>

#include "runtime/process/cohorts.h"
#include "runtime/value/random.h"
#include "support.h"

namespace fedc::runtime {
namespace {

TEST(Random, ClientHashIsFnv1a) {
  // Vectors of the FNV draft (Fowler, Noll, Vo, Eastlake).
  EXPECT_EQ(clientHash(""), 0xcbf29ce484222325u);
  EXPECT_EQ(clientHash("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(clientHash("foobar"), 0x85944171f73967e8u);
}

TEST(Random, KeysAndPermutationsAreJax) {
  const std::string path = test::sharedPath("conformance/jax_random.json");
  if (path.empty()) GTEST_SKIP() << "no conformance files here: set FEDC_SHARED";
  const auto json = nlohmann::json::parse(test::readFile(path));
  int cases = 0;
  const auto word = [](const nlohmann::json& j) { return static_cast<std::uint64_t>(std::stoull(j.get<std::string>(), nullptr, 16)); };
  for (const auto& [seed, expected] : json["keys"].items()) {
    const Key key = seedKey(std::stoull(seed));
    EXPECT_EQ(key, word(expected["key"][0]) << 32 | word(expected["key"][1]));
    for (const auto& [data, words] : expected["fold_in"].items()) {
      EXPECT_EQ(foldIn(key, static_cast<std::uint32_t>(std::stoul(data))), word(words[0]) << 32 | word(words[1]));
      ++cases;
    }
    std::vector<std::uint32_t> permuted = expected["permutation_10"].get<std::vector<std::uint32_t>>();
    EXPECT_EQ(permutation(key, 10), permuted);
  }
  EXPECT_GT(cases, 3);
}

TEST(Random, APrefixIsThePermutationsOwn) {
  const auto same = [](Key key, std::uint32_t n, const std::vector<std::uint32_t>& counts) {
    const auto all = permutation(key, n);
    for (const std::uint32_t count : counts) {
      ASSERT_EQ(permutationPrefix(key, n, count), std::vector<std::uint32_t>(all.begin(), all.begin() + count)) << count << " of " << n;
    }
  };
  // One sort, and two.
  for (const std::uint32_t n : {1u, 2u, 7u, 8u, 9u, 100u, 1625u, 1626u, 50000u}) {
    for (const Key key : {Key{0}, Key{42}, ~Key{0}}) same(key, n, {0, 1, std::min(n, 10u), n / 3, n});
  }
  // Three.
  same(7, 2700000, {10, 3000});
  EXPECT_EQ(permutationPrefix(1, 0, 0), std::vector<std::uint32_t>{});
}

TEST(Random, AClientsKeyFoldsBothHalvesOfTheHash) {
  const std::uint64_t hash = clientHash("writer_0001");
  EXPECT_EQ(clientKey(5, hash), foldIn(foldIn(5, static_cast<std::uint32_t>(hash >> 32)), static_cast<std::uint32_t>(hash & 0xffffffffu)));
  EXPECT_NE(clientKey(5, hash), clientKey(5, clientHash("writer_0002")));
}

TEST(CohortSampling, WithoutReplacementAndDeterministic) {
  EXPECT_TRUE(rc::check("a cohort has each client at most once, and is the same each time", [] {
    const auto clients = *rc::gen::inRange<std::uint32_t>(1, 500);
    const auto size = *rc::gen::inRange<std::uint32_t>(1, clients + 1);
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    const int round = *rc::gen::inRange(1, 1000);
    Cohorts cohorts(seed, clients, size), again(seed, clients, size);
    // Other rounds before, in any order, change nothing.
    again.of(round + 1);
    again.of(1);
    const auto members = cohorts.of(round);
    RC_ASSERT(members->size() == size);
    RC_ASSERT(std::set<std::uint32_t>(members->begin(), members->end()).size() == size);
    for (const std::uint32_t c : *members) RC_ASSERT(c < clients);
    RC_ASSERT(*members == *again.of(round));
  }));
}

TEST(CohortSampling, IsThePermutationsPrefix) {
  Cohorts cohorts(3, 100, 7);
  const auto all = permutation(foldIn(foldIn(seedKey(3), 1), 12), 100);
  EXPECT_EQ(*cohorts.of(12), std::vector<std::uint32_t>(all.begin(), all.begin() + 7));
}

TEST(CohortSampling, AllMeansEveryClientInOrder) {
  Cohorts cohorts(3, 4, std::nullopt);
  EXPECT_THAT(*cohorts.of(9), testing::ElementsAre(0, 1, 2, 3));
}

TEST(CohortSampling, EveryClientAndEveryPairEquallyOften) {
  constexpr int kRounds = 20000, kClients = 10, kSize = 3;
  Cohorts cohorts(11, kClients, kSize);
  int single[kClients] = {}, first[kClients] = {}, pair[kClients][kClients] = {};
  for (int round = 1; round <= kRounds; ++round) {
    const auto members = cohorts.of(round);
    cohorts.forgetBefore(round);
    ++first[(*members)[0]];
    for (const std::uint32_t a : *members) {
      ++single[a];
      for (const std::uint32_t b : *members) ++pair[a][b];
    }
  }
  // Chi-square, 9 degrees of freedom: 27.9 is the 99.9th percentile. For the counts without replacement it is smaller still.
  const auto chi = [](const int* counts, double expected) {
    double sum = 0;
    for (int i = 0; i < kClients; ++i) sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    return sum;
  };
  EXPECT_LT(chi(single, kRounds * 0.3), 27.9);
  EXPECT_LT(chi(first, kRounds * 0.1), 27.9);
  const double each = kRounds * 3.0 * 2.0 / (kClients * (kClients - 1));
  for (int a = 0; a < kClients; ++a) {
    for (int b = 0; b < kClients; ++b) {
      if (a != b) {
        EXPECT_NEAR(pair[a][b], each, 5 * std::sqrt(each));
      }
    }
  }
}

TEST(CohortSampling, RoundsAndSeedsDiffer) {
  Cohorts a(1, 1000, 10), b(2, 1000, 10);
  EXPECT_NE(*a.of(1), *a.of(2));
  EXPECT_NE(*a.of(1), *b.of(1));
}

}  // namespace
}  // namespace fedc::runtime
