// The orders of reductions, against results computed by hand in their definition's words.

#include <cmath>
#include <random>

#include "tests/core/support.h"

namespace fedc::core {
namespace {

std::vector<float> numbers(int n, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> d(-1, 1);
  std::vector<float> out(static_cast<std::size_t>(n));
  for (float& x : out) x = d(random) * std::exp2(static_cast<float>(static_cast<int>(random() % 16)) - 8.0f);
  return out;
}

float fold16(const float (&lanes)[16]) {
  float a[8], b[4], c[2];
  for (int i = 0; i < 8; ++i) a[i] = lanes[i] + lanes[i + 8];
  for (int i = 0; i < 4; ++i) b[i] = a[i] + a[i + 4];
  for (int i = 0; i < 2; ++i) c[i] = b[i] + b[i + 2];
  return c[0] + c[1];
}

/// [outer, inner] row-major, both reduced: lanes by the inner index.
float lanesSum(const std::vector<float>& x, std::size_t inner, std::size_t low, std::size_t high) {
  float lanes[16] = {};
  for (std::size_t i = low; i < high; ++i) lanes[i % inner % 16] += x[i];
  return fold16(lanes);
}

float first(const InterpretResult& r) { return r.results[0].as<float>()[0]; }

TEST(Order, ThirtySevenTimesFortyOneIsSummedInEachOrder) {
  const std::vector<float> x = numbers(37 * 41, 1);
  const Array a = arrayOf(x, {37, 41}), init = arrayOf<float>({0.375f}, {});
  const auto sum = [&](const std::string& order, bool withInit) {
    return first(runText("fn f(; x: f32[37, 41], i: f32) -> (f32) {\n r: f32 = reduce{kind sum; axes 0,1; order " + order + "}(x" +
                             (withInit ? ", i" : "") + ")\n return r\n}\n",
                         {}, {a, init}));
  };
  float seq = 0, seqInit = 0.375f;
  for (float v : x) {
    seq += v;
    seqInit += v;
  }
  EXPECT_EQ(sum("seq", false), seq);
  // The accumulator starts at init ..
  EXPECT_EQ(sum("seq", true), seqInit);
  const float lanes = lanesSum(x, 41, 0, x.size());
  EXPECT_EQ(sum("lanes", false), lanes);
  // .. but lanes and split add it last.
  EXPECT_EQ(sum("lanes", true), lanes + 0.375f);
  EXPECT_NE(seq, lanes);

  // Five parts of ceil(1517 / 5) = 304, then the tree ((0 1) (2 3)) 4.
  float p[5] = {}, q[5] = {};
  for (std::size_t i = 0; i < 5; ++i) {
    const std::size_t low = 304 * i, high = std::min(x.size(), low + 304);
    for (std::size_t j = low; j < high; ++j) p[i] += x[j];
    q[i] = lanesSum(x, 41, low, high);
  }
  EXPECT_EQ(sum("split(5, seq)", false), ((p[0] + p[1]) + (p[2] + p[3])) + p[4]);
  EXPECT_EQ(sum("split(5, lanes)", true), (((q[0] + q[1]) + (q[2] + q[3])) + q[4]) + 0.375f);
}

TEST(Order, AxesAreReducedInTheOrderListed) {
  const std::vector<float> x = numbers(6 * 7, 2);
  const Array a = arrayOf(x, {6, 7});
  float columns = 0;
  for (std::size_t j = 0; j < 7; ++j) {
    for (std::size_t i = 0; i < 6; ++i) columns += x[i * 7 + j];
  }
  EXPECT_EQ(first(runText("fn f(; x: f32[6, 7]) -> (f32) {\n r: f32 = reduce{kind sum; axes 1,0; order seq}(x)\n return r\n}\n", {}, {a})), columns);
}

TEST(Order, ProductsUseFma) {
  const std::vector<float> x = numbers(3 * 50, 3), y = numbers(50 * 4, 4), c = numbers(3 * 4, 5);
  const auto product = [&](const std::string& order, bool init) {
    const auto r = runText("fn f(; a: f32[3, 50], b: f32[50, 4], c: f32[3, 4]) -> (f32[3, 4]) {\n r: f32[3, 4] = contract{axes 1; rhs 0; order " +
                               order + "}(a, b" + (init ? ", c" : "") + ")\n return r\n}\n",
                           {}, {arrayOf(x, {3, 50}), arrayOf(y, {50, 4}), arrayOf(c, {3, 4})});
    return valuesOf<float>(r.results[0]);
  };
  const auto seq = product("seq", true), lanes = product("lanes", true), split = product("split(3, seq)", false);
  for (std::size_t m = 0; m < 3; ++m) {
    for (std::size_t n = 0; n < 4; ++n) {
      float s = c[m * 4 + n], l[16] = {}, p[3] = {};
      for (std::size_t k = 0; k < 50; ++k) {
        s = std::fma(x[m * 50 + k], y[k * 4 + n], s);
        l[k % 16] = std::fma(x[m * 50 + k], y[k * 4 + n], l[k % 16]);
        p[k / 17] = std::fma(x[m * 50 + k], y[k * 4 + n], p[k / 17]);
      }
      EXPECT_EQ(seq[m * 4 + n], s);
      EXPECT_EQ(lanes[m * 4 + n], fold16(l) + c[m * 4 + n]);
      EXPECT_EQ(split[m * 4 + n], (p[0] + p[1]) + p[2]);
    }
  }
}

TEST(Order, BatchedProductsWithSeveralReducedAxes) {
  // out[b, i, j] = sum over k, l of a[b, k, i, l] c[l, j, k, b].
  const std::vector<float> x = numbers(2 * 3 * 4 * 5, 6), y = numbers(5 * 6 * 3 * 2, 7);
  const auto r = runText(
      "fn f(; a: f32[2, 3, 4, 5], c: f32[5, 6, 3, 2]) -> (f32[2, 4, 6]) {\n"
      " r: f32[2, 4, 6] = contract{axes 1,3; rhs 2,0; batch 0; rhs_batch 3; order seq}(a, c)\n return r\n}\n",
      {}, {arrayOf(x, {2, 3, 4, 5}), arrayOf(y, {5, 6, 3, 2})});
  const auto out = valuesOf<float>(r.results[0]);
  for (std::size_t b = 0; b < 2; ++b) {
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t j = 0; j < 6; ++j) {
        float s = 0;
        for (std::size_t k = 0; k < 3; ++k) {
          for (std::size_t l = 0; l < 5; ++l) s = std::fma(x[((b * 3 + k) * 4 + i) * 5 + l], y[((l * 6 + j) * 3 + k) * 2 + b], s);
        }
        EXPECT_EQ(out[(b * 4 + i) * 6 + j], s);
      }
    }
  }
}

TEST(Order, NothingToReduceGivesInitOrIdentity) {
  const Array none = arrayOf<float>({}, {2, 0});
  const auto r = runText(
      "fn f(N; x: f32[2, N], i: f32[2]) -> (f32[2], f32[2], f32[2], f32[2]) {\n a: f32[2] = reduce{kind sum; axes 1; order lanes}(x)\n"
      " b: f32[2] = reduce{kind max; axes 1; order seq}(x)\n c: f32[2] = reduce{kind prod; axes 1; order split(4, seq)}(x, i)\n"
      " d: f32[2] = contract{axes 1; rhs 1; batch 0; rhs_batch 0; order seq}(x, x, i)\n return a, b, c, d\n}\n",
      {0}, {none, arrayOf<float>({2, 3})});
  EXPECT_EQ(valuesOf<float>(r.results[0]), (std::vector<float>{0, 0}));
  EXPECT_EQ(valuesOf<float>(r.results[1]), (std::vector<float>{-INFINITY, -INFINITY}));
  EXPECT_EQ(valuesOf<float>(r.results[2]), (std::vector<float>{2, 3}));
  EXPECT_EQ(valuesOf<float>(r.results[3]), (std::vector<float>{2, 3}));
}

TEST(Order, MaximumKeepsNanAndPrefersPlusZero) {
  const auto r = runText(
      "fn f(; x: f32[3, 20]) -> (f32[3], f32[3]) {\n a: f32[3] = reduce{kind max; axes 1; order lanes}(x)\n"
      " b: f32[3] = reduce{kind min; axes 1; order seq}(x)\n return a, b\n}\n",
      {}, {[] {
        std::vector<float> x(60, -1.0f);
        for (std::size_t i = 0; i < 20; ++i) x[i] = i % 2 == 0 ? -0.0f : 0.0f;
        x[20 + 13] = NAN;
        x[40 + 19] = INFINITY;
        return arrayOf(x, {3, 20});
      }()});
  const auto most = valuesOf<float>(r.results[0]), least = valuesOf<float>(r.results[1]);
  EXPECT_TRUE(most[0] == 0 && !std::signbit(most[0]));
  EXPECT_TRUE(least[0] == 0 && std::signbit(least[0]));
  EXPECT_TRUE(std::isnan(most[1]) && std::isnan(least[1]));
  EXPECT_EQ(most[2], INFINITY);
  EXPECT_EQ(least[2], -1.0f);
}

TEST(Order, HalfPrecisionAccumulatesInSingle) {
  // 2048 + 1 + 1 .. : in f16 every 1 would be lost.
  Array x(Elem::F16, {33});
  x.set(0, Literal::ofDouble(Elem::F16, 2048));
  for (std::int64_t i = 1; i < 33; ++i) x.set(i, Literal::ofDouble(Elem::F16, 1));
  const auto r = runText(
      "fn f(; x: f16[33]) -> (f16, f32) {\n a: f16 = reduce{kind sum; axes 0; order seq}(x)\n b: f32 = reduce{kind sum; axes 0; elem f32; order "
      "seq}(x)\n"
      " return a, b\n}\n",
      {}, {x});
  EXPECT_EQ(r.results[0].at(0).toDouble(), 2080);
  EXPECT_EQ(r.results[1].at(0).toDouble(), 2080);
}

}  // namespace
}  // namespace fedc::core
