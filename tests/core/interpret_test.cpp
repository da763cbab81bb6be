// The interpreter: control flow, indexing, shapes and checks.

#include "compiler/core/interpret.h"

#include <cmath>
#include <random>

#include "compiler/core/linalg.h"
#include "tests/core/support.h"

namespace fedc::core {
namespace {

TEST(Interpret, LoopRunsBothWaysAndRowsKeepTheirIndex) {
  const auto run = [](const std::string& direction, std::int64_t n) {
    std::vector<float> x(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i + 1);
    return runText("fn f(N; x: f32[N]) -> (f32, f32[N]) {\n  s: f32, y: f32[N] = loop t < N" + direction +
                       " carry (c: f32 = 10.0f32) each (v: f32 in x) {\n    d: f32 = add(c, c)\n    e: f32 = add(d, v)\n    next (e) emit (e)\n  }\n "
                       " return s, y\n}\n",
                   {n}, {arrayOf(x)});
  };
  const auto up = run("", 3);
  EXPECT_EQ(valuesOf<float>(up.results[0]), std::vector<float>{91});
  EXPECT_EQ(valuesOf<float>(up.results[1]), (std::vector<float>{21, 44, 91}));
  const auto down = run(" reverse", 3);
  EXPECT_EQ(valuesOf<float>(down.results[0]), std::vector<float>{97});
  EXPECT_EQ(valuesOf<float>(down.results[1]), (std::vector<float>{97, 48, 23}));
  const auto none = run("", 0);
  EXPECT_EQ(valuesOf<float>(none.results[0]), std::vector<float>{10});
  EXPECT_EQ(none.results[1].shape(), std::vector<std::int64_t>{0});
}

TEST(Interpret, DimsFollowTheLoopIndex) {
  // Batches of 4 of 10 rows: 4, 4, 2.
  const auto r = runText(
      "fn f(R; x: f32[R]) -> (f32[ceildiv(R, 4)], i32[ceildiv(R, 4)]) {\n  s: f32[ceildiv(R, 4)], n: i32[ceildiv(R, 4)] = loop t < ceildiv(R, 4) {\n"
      "    dim n <= 4 = min(4, R - 4*t)\n    b: f32[n] = slice{dims [n]; starts [4*t]}(x)\n    u: f32 = reduce{kind sum; axes 0; order seq}(b)\n"
      "    m: i32 = dim_value{elem i32; extent n}()\n    next () emit (u, m)\n  }\n  return s, n\n}\n",
      {10}, {arrayOf<float>({0, 1, 2, 3, 4, 5, 6, 7, 8, 9})});
  EXPECT_EQ(valuesOf<float>(r.results[0]), (std::vector<float>{6, 22, 17}));
  EXPECT_EQ(valuesOf<std::int32_t>(r.results[1]), (std::vector<std::int32_t>{4, 4, 2}));
}

TEST(Interpret, TheLowestFailingSiteCounts) {
  constexpr std::string_view kText =
      "site 0 \"zero\"\nsite 1 \"one\"\nsite 2 \"two\"\nfn f(; a: bool, b: bool[2], c: bool) -> (f32) {\n  check{site 2}(a)\n  check{site 1}(b)\n"
      "  r: f32 = cond(c) {\n    yield 1.0f32\n  } {\n    check{site 0}(false)\n    yield 2.0f32\n  }\n  return r\n}\n";
  const auto run = [&](bool a, bool b, bool c) {
    return runText(kText, {}, {arrayOf<bool>({a}, {}), arrayOf<bool>({true, b}), arrayOf<bool>({c}, {})});
  };
  EXPECT_EQ(run(true, true, true).failedSite, std::nullopt);
  EXPECT_EQ(run(false, true, true).failedSite, std::optional<std::uint32_t>(2));
  EXPECT_EQ(run(false, false, true).failedSite, std::optional<std::uint32_t>(1));
  const auto other = run(true, true, false);
  EXPECT_EQ(other.failedSite, std::optional<std::uint32_t>(0));
  EXPECT_EQ(valuesOf<float>(other.results[0]), std::vector<float>{2});
}

TEST(Interpret, ClampedDimsAndCompact) {
  const auto r = runText(
      "fn f(N; k: i64, x: f32[N], mask: bool[N]) -> (i64, f32[m], i32[c]) {\n  dim m <= N = clamp(k)\n  a: f32[m] = slice{dims [m]; starts [0]}(x)\n"
      "  i: i32[c] = compact{extent N; defines c}(mask)\n  v: i64 = dim_value{elem i64; extent m + 10*c}()\n  return v, a, i\n}\n",
      {4}, {arrayOf<std::int64_t>({9}, {}), arrayOf<float>({1, 2, 3, 4}), arrayOf<bool>({false, true, false, true})});
  EXPECT_EQ(valuesOf<std::int64_t>(r.results[0]), std::vector<std::int64_t>{24});
  EXPECT_EQ(r.results[1].shape(), std::vector<std::int64_t>{4});
  EXPECT_EQ(valuesOf<std::int32_t>(r.results[2]), (std::vector<std::int32_t>{1, 3}));
}

TEST(Interpret, IndicesAreClamped) {
  const auto r = runText(
      "fn f(; x: f32[2, 3], i: i32[2, 2], j: i32[2]) -> (f32[2, 2], f32[2, 2, 2], f32[2]) {\n  a: f32[2, 2] = gather{axes 1; batch 1}(x, i)\n"
      "  b: f32[2, 2, 2] = gather{axes 1}(x, i)\n  c: f32[2] = pick(x, j)\n  return a, b, c\n}\n",
      {}, {arrayOf<float>({0, 1, 2, 10, 11, 12}, {2, 3}), arrayOf<std::int32_t>({2, -5, 0, 99}, {2, 2}), arrayOf<std::int32_t>({1, 7})});
  EXPECT_EQ(valuesOf<float>(r.results[0]), (std::vector<float>{2, 0, 10, 12}));
  EXPECT_EQ(valuesOf<float>(r.results[1]), (std::vector<float>{2, 0, 0, 2, 12, 10, 10, 12}));
  EXPECT_EQ(valuesOf<float>(r.results[2]), (std::vector<float>{1, 12}));
}

TEST(Interpret, ScatterAddsInOrderAndSets) {
  const Array init = arrayOf<float>({100, 200, 300, 400}, {2, 2}), at = arrayOf<std::int32_t>({1, 0, 1}),
              u = arrayOf<float>({1, 2, 3, 4, 5, 6}, {3, 2});
  const auto r = runText(
      "fn f(; x: f32[2, 2], i: i32[3], u: f32[3, 2]) -> (f32[2, 2], f32[2, 2], f32[2, 2]) {\n  a: f32[2, 2] = scatter{axes 0; mode add}(x, i, u)\n"
      "  b: f32[2, 2] = scatter{axes 0; mode set}(x, i, u)\n  c: f32[2, 2] = scatter{axes 0; mode add}(x, i, 1.0f32)\n  return a, b, c\n}\n",
      {}, {init, at, u});
  EXPECT_EQ(valuesOf<float>(r.results[0]), (std::vector<float>{103, 204, 306, 408}));
  EXPECT_EQ(valuesOf<float>(r.results[1]), (std::vector<float>{3, 4, 5, 6}));
  EXPECT_EQ(valuesOf<float>(r.results[2]), (std::vector<float>{101, 201, 302, 402}));
  EXPECT_EQ(valuesOf<float>(init), (std::vector<float>{100, 200, 300, 400}));
}

TEST(Interpret, ShapesMoveTheRightElements) {
  const auto r = runText(
      "fn f(; x: i32[2, 3]) -> (i32[3, 2], i32[2, 3], i32[2, 2], i32[4, 4], i32[2, 4], i32[2, 3], i32[2, 2]) {\n"
      "  a: i32[3, 2] = transpose{axes 1,0}(x)\n  b: i32[2, 3] = reverse{axes 0,1}(x)\n  c: i32[2, 2] = slice{dims [2, 2]; starts [0, 0]; strides "
      "1,2}(x)\n"
      "  d: i32[4, 4] = pad{dims [1, 0]; starts [1, 1]}(x, 9i32)\n  e: i32[2, 1] = slice{dims [2, 1]; starts [0, 1]}(x)\n"
      "  f: i32[2, 4] = concat{axes 1}(x, e)\n  g: i32[2, 3] = update_slice(x, e, 0i32, 77i32)\n"
      "  h: i32[2, 2] = dynamic_slice{dims [2, 2]}(x, -4i64, 9u64)\n  return a, b, c, d, f, g, h\n}\n",
      {}, {arrayOf<std::int32_t>({1, 2, 3, 4, 5, 6}, {2, 3})});
  using V = std::vector<std::int32_t>;
  EXPECT_EQ(valuesOf<std::int32_t>(r.results[0]), (V{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(valuesOf<std::int32_t>(r.results[1]), (V{6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(valuesOf<std::int32_t>(r.results[2]), (V{1, 3, 4, 6}));
  EXPECT_EQ(valuesOf<std::int32_t>(r.results[3]), (V{9, 9, 9, 9, 1, 2, 3, 9, 4, 5, 6, 9, 9, 9, 9, 9}));
  EXPECT_EQ(valuesOf<std::int32_t>(r.results[4]), (V{1, 2, 3, 2, 4, 5, 6, 5}));
  EXPECT_EQ(valuesOf<std::int32_t>(r.results[5]), (V{1, 2, 2, 4, 5, 5}));
  EXPECT_EQ(valuesOf<std::int32_t>(r.results[6]), (V{2, 3, 5, 6}));
}

TEST(Interpret, SortIsStableWithNanLast) {
  const auto r =
      runText("fn f(; k: f32[2, 4], v: i32[2, 4]) -> (f32[2, 4], i32[2, 4]) {\n  a: f32[2, 4], b: i32[2, 4] = sort{axes 1}(k, v)\n  return a, b\n}\n",
              {}, {arrayOf<float>({2, NAN, 1, 2, 3, -0.0f, 0.0f, -1}, {2, 4}), arrayOf<std::int32_t>({0, 1, 2, 3, 4, 5, 6, 7}, {2, 4})});
  EXPECT_EQ(valuesOf<std::int32_t>(r.results[1]), (std::vector<std::int32_t>{2, 0, 3, 1, 7, 5, 6, 4}));
  EXPECT_TRUE(std::isnan(valuesOf<float>(r.results[0])[3]));
}

TEST(Interpret, ArgReduceFindsTheFirstOrNan) {
  const auto r = runText(
      "fn f(; x: f32[3, 2, 2]) -> (f32[3], i32[3], i32[3]) {\n  v: f32[3], i: i32[3] = arg_reduce{kind max; axes 1,2}(x)\n"
      "  w: f32[3], j: i32[3] = arg_reduce{kind min; axes 1,2}(x)\n  return v, i, j\n}\n",
      {}, {arrayOf<float>({1, 5, 5, 1, 1, NAN, 9, NAN, -0.0f, 0.0f, 0.0f, -0.0f}, {3, 2, 2})});
  EXPECT_EQ(valuesOf<std::int32_t>(r.results[1]), (std::vector<std::int32_t>{1, 1, 0}));
  EXPECT_EQ(valuesOf<std::int32_t>(r.results[2]), (std::vector<std::int32_t>{0, 1, 0}));
  EXPECT_EQ(valuesOf<float>(r.results[0])[0], 5);
}

TEST(Interpret, CumulativeSumsBothWays) {
  const auto r = runText(
      "fn f(; x: f32[2, 3]) -> (f32[2, 3], f32[2, 3]) {\n  a: f32[2, 3] = cumulative{kind sum; axes 1}(x)\n"
      "  b: f32[2, 3] = cumulative{kind max; axes 0; reversed}(x)\n  return a, b\n}\n",
      {}, {arrayOf<float>({1, 2, 3, 4, 1, 6}, {2, 3})});
  EXPECT_EQ(valuesOf<float>(r.results[0]), (std::vector<float>{1, 3, 6, 4, 5, 11}));
  EXPECT_EQ(valuesOf<float>(r.results[1]), (std::vector<float>{4, 2, 6, 4, 1, 6}));
}

TEST(Interpret, SolvesPositiveDefiniteSystems) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> d(-1, 1);
  constexpr std::size_t kN = 8, kM = 3;
  std::vector<double> half(kN * kN), a(kN * kN, 0), b(kN * kM);
  for (double& v : half) v = d(random);
  for (double& v : b) v = d(random);
  for (std::size_t i = 0; i < kN; ++i) {
    for (std::size_t j = 0; j < kN; ++j) {
      for (std::size_t k = 0; k < kN; ++k) a[i * kN + j] += half[i * kN + k] * half[j * kN + k];
    }
    a[i * kN + i] += 1;
  }
  constexpr std::string_view kText = "fn f(; a: f64[8, 8], b: f64[8, 3]) -> (f64[8, 3]) {\n  x: f64[8, 3] = solve(a, b)\n  return x\n}\n";
  const auto x = valuesOf<double>(runText(kText, {}, {arrayOf(a, {8, 8}), arrayOf(b, {8, 3})}).results[0]);
  for (std::size_t i = 0; i < kN; ++i) {
    for (std::size_t m = 0; m < kM; ++m) {
      double sum = 0;
      for (std::size_t k = 0; k < kN; ++k) sum += a[i * kN + k] * x[k * kM + m];
      EXPECT_NEAR(sum, b[i * kM + m], 1e-12);
    }
  }
  a[9] = -5;
  for (double v : valuesOf<double>(runText(kText, {}, {arrayOf(a, {8, 8}), arrayOf(b, {8, 3})}).results[0])) EXPECT_TRUE(std::isnan(v));
}

TEST(Interpret, LiteralsTakeTheShapeOfTheirPlace) {
  const auto r = runText("fn f(N; p: bool[N]) -> (i32[N], f64[2, N]) {\n  a: i32[N] = select(p, 1i32, -1i32)\n  return a, 2.5f64\n}\n", {2},
                         {arrayOf<bool>({true, false})});
  EXPECT_EQ(valuesOf<std::int32_t>(r.results[0]), (std::vector<std::int32_t>{1, -1}));
  EXPECT_EQ(valuesOf<double>(r.results[1]), (std::vector<double>{2.5, 2.5, 2.5, 2.5}));
}

TEST(Array, CopiesShareUntilWritten) {
  Array a = arrayOf<float>({1, 2, 3, 4}, {2, 2});
  Array b = a;
  EXPECT_EQ(a.data(), b.data());
  const Array row = a.row(1);
  b.asMutable<float>()[0] = 9;
  EXPECT_EQ(a.as<float>()[0], 1);
  a.asMutable<float>()[3] = 7;
  EXPECT_EQ(valuesOf<float>(row), (std::vector<float>{3, 4}));
  const float outside[] = {5, 6};
  Array view = Array::view(Elem::F32, {2}, outside, nullptr);
  EXPECT_EQ(view.data(), outside);
  view.set(0, Literal::ofDouble(Elem::F32, 8));
  EXPECT_EQ(outside[0], 5);
  EXPECT_FALSE(view.sameBits(arrayOf<float>({5, 6})));
  EXPECT_TRUE(arrayOf<float>({NAN, 1}).sameBits(arrayOf<float>({-NAN, 1})));
  EXPECT_FALSE(arrayOf<float>({0.0f}).sameBits(arrayOf<float>({-0.0f})));
}

}  // namespace
}  // namespace fedc::core
