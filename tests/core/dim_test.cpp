#include "compiler/support/dim.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace fedc {
namespace {

constexpr Dim::Variable kVariables = 4;

std::string nameOf(Dim::Variable v) { return std::string(1, static_cast<char>('a' + v)); }

/// An extent beside what it should evaluate to.
struct Sample {
  Dim dim;
  std::function<std::int64_t(const std::vector<std::int64_t>&)> value;
};

std::int64_t ceilOf(std::int64_t a, std::int64_t b) { return b == 0 ? 0 : a / b + ((a % b != 0 && (a < 0) == (b < 0)) ? 1 : 0); }
std::int64_t floorOf(std::int64_t a, std::int64_t b) { return b == 0 ? 0 : a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0); }

Sample anySample(int depth) {
  const int form = *rc::gen::inRange(0, depth == 0 ? 2 : 9);
  if (form == 0) {
    const std::int64_t c = *rc::gen::inRange(-6, 20);
    return {Dim(c), [c](const auto&) { return c; }};
  }
  if (form == 1) {
    const Dim::Variable v = *rc::gen::inRange<Dim::Variable>(0, kVariables);
    return {Dim::variable(v), [v](const auto& x) { return x[v]; }};
  }
  const Sample a = anySample(depth - 1), b = anySample(depth - 1);
  switch (form) {
    case 2: return {a.dim + b.dim, [a, b](const auto& x) { return a.value(x) + b.value(x); }};
    case 3: return {a.dim - b.dim, [a, b](const auto& x) { return a.value(x) - b.value(x); }};
    case 4: return {a.dim * b.dim, [a, b](const auto& x) { return a.value(x) * b.value(x); }};
    case 5: return {Dim::min(a.dim, b.dim), [a, b](const auto& x) { return std::min(a.value(x), b.value(x)); }};
    case 6: return {Dim::max(a.dim, b.dim), [a, b](const auto& x) { return std::max(a.value(x), b.value(x)); }};
    case 7: {
      const std::int64_t d = *rc::gen::inRange(1, 9);
      return {Dim::ceildiv(a.dim, Dim(d)), [a, d](const auto& x) { return ceilOf(a.value(x), d); }};
    }
    default: {
      const std::int64_t d = *rc::gen::inRange(1, 9);
      return {Dim::floordiv(a.dim, Dim(d)), [a, d](const auto& x) { return floorOf(a.value(x), d); }};
    }
  }
}

std::vector<std::int64_t> anyValues() { return *rc::gen::container<std::vector<std::int64_t>>(kVariables, rc::gen::inRange<std::int64_t>(0, 50)); }

std::int64_t at(const Dim& d, const std::vector<std::int64_t>& x) {
  return d.evaluate([&](Dim::Variable v) { return x[v]; });
}

RC_GTEST_PROP(Dim, EvaluatesLikeTheExpression, ()) {
  const Sample s = anySample(3);
  for (int i = 0; i < 5; ++i) {
    const auto x = anyValues();
    RC_ASSERT(at(s.dim, x) == s.value(x));
  }
}

RC_GTEST_PROP(Dim, FormsARing, ()) {
  const Dim a = anySample(2).dim, b = anySample(2).dim, c = anySample(2).dim;
  RC_ASSERT(a + b == b + a);
  RC_ASSERT(a * b == b * a);
  RC_ASSERT((a + b) + c == a + (b + c));
  RC_ASSERT((a * b) * c == a * (b * c));
  RC_ASSERT(a * (b + c) == a * b + a * c);
  RC_ASSERT(a - a == Dim(0));
  RC_ASSERT(a * Dim(1) == a);
  RC_ASSERT((a + b).hash() == (b + a).hash());
}

RC_GTEST_PROP(Dim, OrderIsTotalAndAgreesWithEquality, ()) {
  const Dim a = anySample(2).dim, b = anySample(2).dim, c = anySample(2).dim;
  const bool same = (a <=> b) == 0, less = (a <=> b) < 0, more = (b <=> a) > 0;
  RC_ASSERT(same == (a == b));
  RC_ASSERT(less == more);
  const bool chain = (a <=> b) <= 0 && (b <=> c) <= 0, ends = (a <=> c) <= 0;
  RC_ASSERT(!chain || ends);
}

RC_GTEST_PROP(Dim, UpperBoundHolds, ()) {
  const Sample s = anySample(3);
  std::vector<std::optional<std::int64_t>> bounds(kVariables);
  for (auto& b : bounds) {
    if (*rc::gen::arbitrary<bool>()) b = *rc::gen::inRange<std::int64_t>(0, 40);
  }
  const auto most = s.dim.upperBound([&](Dim::Variable v) { return bounds[v]; });
  RC_PRE(most.has_value());
  auto x = anyValues();
  for (std::size_t v = 0; v < x.size(); ++v) {
    if (bounds[v]) x[v] = std::min(x[v], *bounds[v]);
  }
  RC_ASSERT(at(s.dim, x) <= *most);
}

TEST(Dim, LimitHasNoneOfWhatVaries) {
  const Dim r = Dim::variable(0), m = Dim::variable(1);
  const auto limit = [&](const Dim& d) { return d.limit([&](Dim::Variable v) { return v == 1 ? std::optional(r) : std::nullopt; }); };
  EXPECT_EQ(limit(Dim::min(Dim(20), r)), Dim::min(Dim(20), r));
  EXPECT_EQ(limit(m + Dim(1)), r + Dim(1));
  EXPECT_EQ(limit(r - m), r) << "at least nothing is subtracted";
  EXPECT_EQ(limit(Dim(2) * m * r - r), Dim(2) * r * r - r);
  EXPECT_EQ(limit(Dim::min(m, Dim(7)) + Dim::max(m, Dim(3))), Dim::min(r, Dim(7)) + Dim::max(r, Dim(3)));
  EXPECT_EQ(limit(Dim::ceildiv(m, Dim(4))), Dim::ceildiv(r, Dim(4)));
  EXPECT_EQ(limit(Dim::floordiv(r, m)), r) << "by one, at least";
  EXPECT_EQ(limit(Dim::nextPow2(m)), Dim::nextPow2(r));
  EXPECT_EQ(limit(Dim(9) - Dim::min(m, r)), Dim(9));
}

RC_GTEST_PROP(Dim, SubstitutionIsEvaluationInsideOut, ()) {
  const Sample outer = anySample(2), inner = anySample(2);
  const Dim replaced = outer.dim.substitute([&](Dim::Variable v) { return v == 0 ? std::optional(inner.dim) : std::nullopt; });
  auto x = anyValues();
  const auto before = x;
  x[0] = inner.value(before);
  RC_ASSERT(at(replaced, before) == outer.value(x));
}

RC_GTEST_PROP(Dim, SolvesLinearExtents, ()) {
  const std::int64_t slope = *rc::gen::distinctFrom(rc::gen::inRange<std::int64_t>(-5, 6), 0);
  const Dim rest = Dim::variable(1) * Dim(*rc::gen::inRange(-3, 4)) + Dim(*rc::gen::inRange(-9, 10));
  const Dim wanted = Dim::variable(2) + Dim(*rc::gen::inRange(0, 9));
  const Dim whole = Dim(slope) * Dim::variable(0) + rest;
  const Dim target = Dim(slope) * wanted + rest;
  RC_ASSERT(whole.solveFor(0, target) == std::optional(wanted));
}

TEST(Dim, Prints) {
  const Dim r = Dim::variable(0), s = Dim::variable(1);
  EXPECT_EQ((r - Dim(20) * s).print(nameOf), "a - 20*b");
  EXPECT_EQ((Dim(20) - s).print(nameOf), "20 - b");
  EXPECT_EQ((r * r + Dim(2) * r * s - Dim(1)).print(nameOf), "a*a + 2*a*b - 1");
  EXPECT_EQ((Dim(0) - r).print(nameOf), "-a");
  EXPECT_EQ(Dim().print(nameOf), "0");
  EXPECT_EQ(Dim::ceildiv(r, Dim(20)).print(nameOf), "ceildiv(a, 20)");
  EXPECT_EQ(Dim::nextPow2(r + Dim(1)).print(nameOf), "next_pow2(a + 1)");
  EXPECT_EQ(Dim(std::numeric_limits<std::int64_t>::min()).print(nameOf), "-9223372036854775808");
}

TEST(Dim, EqualNumbersHaveEqualForms) {
  const Dim r = Dim::variable(0), s = Dim::variable(1);
  EXPECT_EQ(Dim::ceildiv(r + Dim(40), Dim(20)), Dim::ceildiv(r, Dim(20)) + Dim(2));
  EXPECT_EQ(Dim::ceildiv(Dim(4) * r, Dim(8)), Dim::ceildiv(r, Dim(2)));
  EXPECT_EQ(Dim::ceildiv(Dim(20) * r, Dim(20)), r);
  EXPECT_EQ(Dim::floordiv(Dim(21) * r + s, Dim(20)), r + Dim::floordiv(r + s, Dim(20)));
  EXPECT_EQ(Dim::min(r, r + Dim(3)), r);
  EXPECT_EQ(Dim::max(r + Dim(3), r), r + Dim(3));
  EXPECT_EQ(Dim::min(r, s), Dim::min(s, r));
  EXPECT_NE(Dim::min(r, s), Dim::max(r, s));
  EXPECT_EQ(Dim::nextPow2(Dim(33)), Dim(64));
  EXPECT_EQ(Dim::nextPow2(Dim(0)), Dim(1));
}

TEST(Dim, TellsItsVariables) {
  const Dim d = Dim::min(Dim::variable(3), Dim(20) - Dim::variable(1)) * Dim::variable(1);
  EXPECT_EQ(d.variables(), (std::vector<Dim::Variable>{1, 3}));
  EXPECT_TRUE(d.mentions(3));
  EXPECT_FALSE(d.mentions(2));
  EXPECT_EQ(Dim::variable(7).asVariable(), std::optional<Dim::Variable>(7));
  EXPECT_EQ((Dim(2) * Dim::variable(7)).asVariable(), std::nullopt);
}

TEST(Dim, SolveRefusesWhatHasNoAnswer) {
  const Dim x = Dim::variable(0);
  EXPECT_EQ((Dim(2) * x).solveFor(0, Dim(7)), std::nullopt);
  EXPECT_EQ((x * x).solveFor(0, Dim(9)), std::nullopt);
  EXPECT_EQ((Dim::ceildiv(x, Dim(3)) + x).solveFor(0, Dim(9)), std::nullopt);
  EXPECT_EQ(Dim(5).solveFor(0, Dim(5)), std::nullopt);
  EXPECT_EQ((Dim(4) * x).solveFor(0, Dim(1024)), std::optional(Dim(256)));
}

}  // namespace
}  // namespace fedc
