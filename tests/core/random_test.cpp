// Random bits against JAX's: a few known answers that always run, and all of shared/conformance/jax_random.json where it is there.

#include <bit>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "compiler/core/normal.h"
#include "compiler/core/scalar.h"
#include "compiler/core/threefry.h"
#include "tests/core/support.h"

namespace fedc::core {
namespace {

TEST(Random, KnownAnswers) {
  // jax.random with jax_threefry_partitionable; Random123's own vector for zeros.
  EXPECT_EQ(threefry(0, 0), 0x6b20015999ba4efeull);
  EXPECT_EQ(threefry(0xffffffffffffffffull, 0xffffffffffffffffull), 0x1cb996fcbb002be7ull);
  EXPECT_EQ(threefry(0x13198a2e03707344ull, 0x243f6a8885a308d3ull), 0xc4923a9c483df7a0ull);
  EXPECT_EQ(randomBits(0, 0), 0xf29a4fa7u);
  EXPECT_EQ(randomBits(1, 4), 0xe5b993a4u);
  EXPECT_EQ(threefry(1, 7), 0x38e71e7aef6ba66eull);
  std::vector<std::int32_t> order(10);
  randomPermutation(0, 10, order.data());
  EXPECT_EQ(order, (std::vector<std::int32_t>{0, 1, 8, 5, 6, 4, 3, 2, 7, 9}));
}

TEST(Random, ManyAtOnceAreTheSameBits) {
  for (const std::uint64_t key : {std::uint64_t{0}, std::uint64_t{0x13198a2e03707344}, ~std::uint64_t{0}}) {
    for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{5}, (std::uint64_t{1} << 32) - 100}) {
      for (const std::size_t n : {0U, 1U, 7U, 8U, 100U}) {
        std::vector<std::uint32_t> words(n);
        randomBits(key, first, words);
        for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(words[i], randomBits(key, first + i)) << first << " + " << i;
      }
    }
  }
}

TEST(Random, NormalsAreTheScalarProgramsBitForBit) {
  // As many draws as there are different values: all kinds are among them.
  constexpr std::size_t kDraws = std::size_t{1} << 23, kFirst = 3;
  std::vector<float> got(kDraws), want(kDraws);
  randomNormals(99, kFirst, got);
  for (std::size_t i = 0; i < kDraws; ++i) {
    const float unit = std::bit_cast<float>((randomBits(99, kFirst + i) >> 9) | 0x3f800000U) - 1.0F;
    const float low = std::nextafter(-1.0F, 0.0F);
    want[i] = std::max(unit * (1.0F - low) + low, low);
  }
  const Elem elem[] = {Elem::F32};
  const void* operands[] = {want.data()};
  const std::int64_t strides[] = {1};
  const FlushDenormals flush;
  runScalar(scalarProgram(Op::ErfInv, elem, Elem::F32), operands, strides, want.data(), kDraws);
  std::size_t tails = 0;
  for (std::size_t i = 0; i < kDraws; ++i) {
    want[i] *= static_cast<float>(std::sqrt(2.0));
    ASSERT_EQ(std::bit_cast<std::uint32_t>(got[i]), std::bit_cast<std::uint32_t>(want[i])) << i;
    if (std::abs(got[i]) > 4.5F) ++tails;
  }
  EXPECT_GT(tails, 20U) << "the far branch is among them";
}

TEST(Random, PermutationsOfAllLengths) {
  EXPECT_EQ(permutationRounds(0), 0);
  EXPECT_EQ(permutationRounds(1), 0);
  EXPECT_EQ(permutationRounds(2), 1);
  EXPECT_EQ(permutationRounds(1625), 1);
  EXPECT_EQ(permutationRounds(1626), 2);
  for (std::int64_t n : {0, 1, 2, 17, 5000}) {
    std::vector<std::int32_t> order(static_cast<std::size_t>(n));
    randomPermutation(42, n, order.data());
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < order.size(); ++i) ASSERT_EQ(order[i], static_cast<std::int32_t>(i));
  }
}

TEST(Random, ScalarProgramIsThreefry) {
  const std::vector<std::uint64_t> keys = {0, 1, 0xffffffffffffffffull, 0x13198a2e03707344ull, 123456789};
  const std::vector<std::uint32_t> high = {0, 0, 0xffffffffu, 0x243f6a88u, 7}, low = {0, 1, 0xffffffffu, 0x85a308d3u, 0x80000000u};
  std::vector<std::uint64_t> out(keys.size());
  const void* operands[] = {keys.data(), high.data(), low.data()};
  const std::int64_t strides[] = {1, 1, 1};
  runScalar(threefryProgram(), operands, strides, out.data(), static_cast<std::int64_t>(keys.size()));
  for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(out[i], threefry(keys[i], (static_cast<std::uint64_t>(high[i]) << 32) | low[i]));
}

std::filesystem::path conformanceFile() {
  const char* set = std::getenv("FEDC_SHARED");
  const std::filesystem::path shared = set != nullptr ? set : std::filesystem::path(FEDC_SOURCE_DIR) / ".." / "shared";
  return shared / "conformance" / "jax_random.json";
}

std::uint32_t word(const nlohmann::json& hex) { return static_cast<std::uint32_t>(std::stoul(hex.get<std::string>(), nullptr, 16)); }

std::vector<std::uint64_t> keysIn(const nlohmann::json& words) {
  std::vector<std::uint64_t> out;
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) out.push_back(static_cast<std::uint64_t>(word(words[i])) << 32 | word(words[i + 1]));
  return out;
}

std::vector<std::uint32_t> wordsIn(const nlohmann::json& words) {
  std::vector<std::uint32_t> out;
  for (const auto& w : words) out.push_back(word(w));
  return out;
}

/// uniform in [low, high) as JAX computes it: 23 random bits behind 1.0, minus one, times the width plus low by
/// one fma (XLA fuses them), at least low.
constexpr std::string_view kUniform =
    "fn uniform(N; k: key, low: f32, high: f32) -> (f32[N]) {\n"
    "  b: u32[N] = random_bits{dims [N]}(k)\n"
    "  s: u32[N] = shr(b, 9u32)\n"
    "  o: u32[N] = or(s, 1065353216u32)\n"
    "  f: f32[N] = bitcast{elem f32}(o)\n"
    "  u: f32[N] = sub(f, 1.0f32)\n"
    "  w: f32 = sub(high, low)\n"
    "  ws: f32[N] = broadcast{dims [N]}(w)\n"
    "  ls: f32[N] = broadcast{dims [N]}(low)\n"
    "  a: f32[N] = fma(u, ws, ls)\n"
    "  r: f32[N] = max(a, ls)\n"
    "  return r\n"
    "}\n";

std::vector<float> uniform(std::uint64_t key, float low, float high, std::int64_t n) {
  const auto r = runText(kUniform, {n}, {keyOf(key), arrayOf<float>({low}, {}), arrayOf<float>({high}, {})});
  return valuesOf<float>(r.results[0]);
}

double unitsApart(float a, float b) {
  const auto ordered = [](float x) {
    const auto bits = std::bit_cast<std::int32_t>(x);
    return bits < 0 ? static_cast<double>(INT32_MIN) - bits : static_cast<double>(bits);
  };
  return std::fabs(ordered(a) - ordered(b));
}

/// sqrt(2) * erf_inv(u), u uniform between erf(low / sqrt 2) and erf(high / sqrt 2).
std::vector<float> normalBetween(std::uint64_t key, float low, float high, std::int64_t n) {
  const auto r = runText("fn scale(N; u: f32[N]) -> (f32[N]) {\n  e: f32[N] = erf_inv(u)\n  r: f32[N] = mul(e, 1.4142135f32)\n  return r\n}\n", {n},
                         {arrayOf(uniform(key, low, high, n))});
  return valuesOf<float>(r.results[0]);
}

TEST(Random, AgreesWithJax) {
  std::ifstream file(conformanceFile());
  if (!file) GTEST_SKIP() << conformanceFile() << " is not here (set FEDC_SHARED)";
  const nlohmann::json all = nlohmann::json::parse(file);
  ASSERT_GE(all["keys"].size(), 4u);
  for (const auto& [seed, want] : all["keys"].items()) {
    SCOPED_TRACE("seed " + seed);
    const std::uint64_t key = keysIn(want["key"])[0];
    const auto seeded =
        runText("fn f(; s: i64) -> (key) {\n k: key = key_seed(s)\n return k\n}\n", {}, {arrayOf<std::int64_t>({std::stoll(seed)}, {})});
    EXPECT_EQ(valuesOf<std::uint64_t>(seeded.results[0])[0], key);
    for (const int n : {2, 5}) {
      const auto r = runText("fn f(N; k: key) -> (key[N]) {\n r: key[N] = split{extent N}(k)\n return r\n}\n", {n}, {keyOf(key)});
      EXPECT_EQ(valuesOf<std::uint64_t>(r.results[0]), keysIn(want["split_" + std::to_string(n)]));
    }
    for (const auto& [data, folded] : want["fold_in"].items()) {
      const auto r = runText("fn f(; k: key, i: u32) -> (key) {\n r: key = fold_in(k, i)\n return r\n}\n", {},
                             {keyOf(key), arrayOf<std::uint32_t>({static_cast<std::uint32_t>(std::stoull(data))}, {})});
      EXPECT_EQ(valuesOf<std::uint64_t>(r.results[0]), keysIn(folded));
    }
    const auto bits = runText(
        "fn f(; k: key) -> (u32[5], u32[2, 3]) {\n a: u32[5] = random_bits{dims [5]}(k)\n b: u32[2, 3] = random_bits{dims [2, 3]}(k)\n return a, "
        "b\n}\n",
        {}, {keyOf(key)});
    EXPECT_EQ(valuesOf<std::uint32_t>(bits.results[0]), wordsIn(want["bits_5"]));
    EXPECT_EQ(valuesOf<std::uint32_t>(bits.results[1]), wordsIn(want["bits_2x3"]));
    const auto order = runText("fn f(; k: key) -> (i32[10]) {\n r: i32[10] = permutation{extent 10}(k)\n return r\n}\n", {}, {keyOf(key)});
    EXPECT_EQ(valuesOf<std::int32_t>(order.results[0]), want["permutation_10"].get<std::vector<std::int32_t>>());

    const auto sameFloats = [](const std::vector<float>& got, const nlohmann::json& hex) {
      ASSERT_EQ(got.size(), hex.size());
      for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(std::bit_cast<std::uint32_t>(got[i]), word(hex[i])) << i;
    };
    sameFloats(uniform(key, 0, 1, 5), want["uniform_5"]);
    sameFloats(uniform(key, -2, 3, 4), want["uniform_-2_3"]);
    sameFloats(uniform(key, 0, 1, 1), want["uniform_scalar"]);
    const auto bernoulli = uniform(key, 0, 1, 12);
    for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(bernoulli[i] < 0.3f ? 1 : 0, want["bernoulli_0.3_12"][i].get<int>()) << i;
    const auto half = uniform(key, 0, 1, 8);
    for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(half[i] < 0.5f ? 1 : -1, want["rademacher_8"][i].get<int>()) << i;

    const auto within = [](const std::vector<float>& got, const nlohmann::json& numbers) {
      ASSERT_EQ(got.size(), numbers.size());
      for (std::size_t i = 0; i < got.size(); ++i) EXPECT_LE(unitsApart(got[i], numbers[i].get<float>()), 4) << i << ": " << got[i];
    };
    within(normalBetween(key, std::nextafterf(-1.0f, 0.0f), 1.0f, 6), want["normal_6"]);
    within(normalBetween(key, std::erf(-2.0f / std::sqrt(2.0f)), std::erf(2.0f / std::sqrt(2.0f)), 6), want["truncated_normal_-2_2"]);
  }
}

}  // namespace
}  // namespace fedc::core
