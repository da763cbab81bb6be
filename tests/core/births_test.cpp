#include "compiler/core/births.h"

#include <gtest/gtest.h>

#include <cmath>

#include "compiler/core/finite.h"
#include "compiler/core/text.h"
#include "tests/core/support.h"

// Where the interpreter sees non-finite values being born, and what it does not take for a birth.
namespace fedc::core {
namespace {

constexpr double kInf = INFINITY;

Array vectorOf(const std::vector<double>& values) {
  Array a(Elem::F32, {static_cast<std::int64_t>(values.size())});
  for (std::size_t i = 0; i < values.size(); ++i) a.set(static_cast<std::int64_t>(i), Literal::ofDouble(Elem::F32, values[i]));
  return a;
}

struct Seen {
  Module module;
  std::vector<Array> results;
  std::vector<Birth> births;
  Births::Cause cause;
};

/// Interprets the only function of a module; the cause is that of its first result.
Seen watch(const std::string& text, const std::vector<Array>& params, const std::vector<std::int64_t>& dims = {}) {
  Seen seen;
  auto module = read(text);
  if (!module) throw std::runtime_error(module.error());
  seen.module = std::move(*module);
  const Fn& fn = seen.module.fns[0];
  Births births(fn, params);
  seen.results = interpret(fn, dims, params, &births).results;
  seen.births = births.births();
  seen.cause = births.causeOf(fn.results[0]);
  return seen;
}

TEST(Births, TheElementAndItsOperands) {
  const Seen seen =
      watch("fn f(; x: f32[3], y: f32[3]) -> (f32[3]) {\n  q: f32[3] = div(x, y)\n  return q\n}\n", {vectorOf({1, 2, 0}), vectorOf({1, 0, 0})});
  ASSERT_EQ(seen.births.size(), 1U);
  EXPECT_EQ(seen.births[0].stmt->op, Op::Div);
  EXPECT_EQ(seen.births[0].element, 1) << "the first of two";
  EXPECT_EQ(seen.births[0].operands, (std::vector<Literal>{Literal::ofDouble(Elem::F32, 2), Literal::ofDouble(Elem::F32, 0)}));
  EXPECT_EQ(seen.births[0].value, Literal::ofDouble(Elem::F32, kInf));
  EXPECT_EQ(seen.cause.birth, 0U);
}

TEST(Births, WhatIsMaskedIsBornButReachesNothing) {
  const Seen seen = watch(
      "fn f(; x: f32[2], y: f32[2]) -> (f32[2]) {\n  q: f32[2] = div(x, y)\n  p: bool[2] = ne(y, 0.0f32)\n  s: f32[2] = select(p, q, x)\n"
      "  r: f32[2] = mul(s, 1e38f32)\n  t: f32[2] = mul(r, 1e38f32)\n  return t\n}\n",
      {vectorOf({1, 0}), vectorOf({2, 0})});
  ASSERT_EQ(seen.births.size(), 2U);
  EXPECT_TRUE(isNan(seen.births[0].value));
  ASSERT_TRUE(seen.cause.birth.has_value());
  EXPECT_EQ(seen.births[*seen.cause.birth].stmt->op, Op::Mul) << "the overflow, not the masked 0 / 0";
}

TEST(Births, ConstantsAndIdentitiesAreNone) {
  const Seen seen = watch(
      "fn f(N; x: f32[N], y: f32[2]) -> (f32, f32[2]) {\n  m: f32 = reduce{kind max; axes 0; order seq}(x)\n  i: f32[2] = add(y, f32(0x7f800000))\n"
      "  return m, i\n}\n",
      {vectorOf({}), vectorOf({1, 2})}, {0});
  EXPECT_FALSE(isFinite(seen.results[0]));
  EXPECT_FALSE(isFinite(seen.results[1]));
  EXPECT_TRUE(seen.births.empty());
  EXPECT_FALSE(seen.cause.birth.has_value());
  EXPECT_FALSE(seen.cause.param.has_value());
}

TEST(Births, ANanOfInfinities) {
  const Seen seen =
      watch("fn f(; x: f32[1]) -> (f32[1]) {\n  i: f32[1] = add(x, f32(0x7f800000))\n  n: f32[1] = sub(i, i)\n  return n\n}\n", {vectorOf({1})});
  ASSERT_EQ(seen.births.size(), 1U);
  EXPECT_TRUE(seen.births[0].ofInfinities);
  EXPECT_EQ(seen.births[0].stmt->op, Op::Sub);
}

TEST(Births, WhatCameWithAParameterIsItsOwn) {
  const Seen seen =
      watch("fn f(; x: f32[2], y: f32[2]) -> (f32[2]) {\n  s: f32[2] = add(x, y)\n  return s\n}\n", {vectorOf({1, 2}), vectorOf({NAN, 2})});
  EXPECT_TRUE(seen.births.empty());
  EXPECT_EQ(seen.cause.param, 1U);
}

TEST(Births, StepsOfLoopsOutermostFirstAndTheNameThatIsReached) {
  // x[2][1] is 0: born at t = 2, u = 1.
  const Seen seen = watch(
      "site 0 \"outer\"\nsite 1 \"quotient\"\n"
      "fn f(; x: f32[4, 3]) -> (f32[3]) {\n"
      "  s: f32[3] = loop t < 4 carry (c: f32[3] = 0.0f32) each (row: f32[3] in x) {\n"
      "    qs: f32[3] = loop u < 3 each (e: f32 in row) {\n"
      "      q: f32 = div(e, e)\n      trace{site 1}(q)\n      next () emit (q)\n    }\n"
      "    n: f32[3] = add(c, qs)\n    trace{site 0}(n)\n    next (n)\n  }\n  return s\n}\n",
      {[] {
        Array x(Elem::F32, {4, 3});
        for (std::int64_t i = 0; i < 12; ++i) x.set(i, Literal::ofDouble(Elem::F32, i == 7 ? 0 : 1));
        return x;
      }()});
  ASSERT_EQ(seen.births.size(), 1U);
  ASSERT_EQ(seen.births[0].where.steps.size(), 2U);
  EXPECT_EQ(seen.births[0].where.steps[0].index, 2);
  EXPECT_EQ(seen.births[0].where.steps[0].trips, 4);
  EXPECT_EQ(seen.births[0].where.steps[1].index, 1);
  EXPECT_EQ(seen.births[0].reached, (std::vector<int>{1, 0}));
  EXPECT_EQ(seen.cause.birth, 0U) << "through a stack and a carry";
}

TEST(Births, WatchingChangesNoBit) {
  const std::string text =
      "fn f(N; x: f32[N, 3]) -> (f32[3]) {\n  s: f32[3] = loop t < N carry (c: f32[3] = 0.0f32) each (row: f32[3] in x) {\n"
      "    e: f32[3] = exp(row)\n    n: f32[3] = add(c, e)\n    next (n)\n  }\n  return s\n}\n";
  Array x(Elem::F32, {5, 3});
  for (std::int64_t i = 0; i < 15; ++i) x.set(i, Literal::ofDouble(Elem::F32, 0.1 * static_cast<double>(i)));
  const auto module = read(text);
  ASSERT_TRUE(module.has_value());
  const std::vector<std::int64_t> dims = {5};
  const std::vector<Array> params = {x};
  const Array plain = interpret(module->fns[0], dims, params).results[0];
  EXPECT_TRUE(plain.sameBits(watch(text, params, dims).results[0]));
}

TEST(Finite, EveryFloatTypeAndPlace) {
  for (const Elem elem : {Elem::BF16, Elem::F16, Elem::F32, Elem::F64}) {
    Array a(elem, {2500});
    EXPECT_EQ(firstNonFinite(a), -1) << elemName(elem);
    for (const std::int64_t at : {0, 1023, 1024, 2499}) {
      Array b = a;
      b.set(at, Literal::ofDouble(elem, at == 1024 ? NAN : -kInf));
      EXPECT_EQ(firstNonFinite(b), at) << elemName(elem);
      EXPECT_EQ(hasNan(b), at == 1024) << elemName(elem);
    }
  }
  EXPECT_EQ(firstNonFinite(Array::splat(Literal::ofInt(Elem::I32, -1), {3})), -1);
}

}  // namespace
}  // namespace fedc::core
