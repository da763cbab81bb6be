#include <cmath>

#include "compiler/core/builder.h"
#include "compiler/transform/differentiate.h"
#include "compiler/transform/hoist.h"
#include "compiler/transform/order.h"
#include "compiler/transform/simplify.h"
#include "compiler/transform/streams.h"
#include "tests/transform/core_testing.h"

// Programs made at random, in f64: what single rules cannot show is how they meet.
namespace fedc::transform {
namespace {

using core::Array;
using core::Atom;
using core::Builder;
using core::Elem;
using core::Fn;
using core::Literal;
using core::Module;
using core::Op;
using core::ReduceKind;
using core::Stmt;
using core::Type;
using core::Var;

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  Fn function() {
    fn_.name = "random";
    for (const std::vector<std::int64_t>& shape : shapes()) {
      for (int k = 0; k < 2; ++k) {
        fn_.params.push_back(fn_.newVar(typeOf(shape)));
        pool_.push_back(Atom::of(fn_.params.back()));
      }
    }
    Builder build(fn_, fn_.body);
    statements(build, 30, 0);
    for (int k = 0; k < 3; ++k) {
      const Atom r = pool_[pool_.size() - 1 - below(10)];
      fn_.results.push_back(r);
      fn_.resultTypes.push_back(build.typeOf(r));
    }
    return fn_;
  }

 private:
  static const std::vector<std::vector<std::int64_t>>& shapes() {
    static const std::vector<std::vector<std::int64_t>> all{{}, {3}, {4}, {3, 4}, {4, 3}, {3, 3}};
    return all;
  }
  static Type typeOf(const std::vector<std::int64_t>& shape) { return {Elem::F64, {shape.begin(), shape.end()}}; }
  std::size_t below(std::size_t n) { return random_() % n; }

  // A value of a type, preferably a late one.
  Atom pick(Builder& b, const Type& type) {
    std::vector<Atom> fitting;
    for (const Atom& a : pool_)
      if (b.typeOf(a) == type) fitting.push_back(a);
    if (fitting.size() > 4 && below(3) != 0) return fitting[fitting.size() - 1 - below(4)];
    return fitting[below(fitting.size())];
  }
  Type any() { return typeOf(shapes()[below(shapes().size())]); }
  Atom literal() {
    static constexpr double kValues[] = {0.0, 1.0, -1.0, 0.5, 2.0, -0.25, 3.0};
    return Atom::of(Literal::ofDouble(Elem::F64, kValues[below(7)]));
  }
  // Stays small, so that nothing overflows: every further value is halved or squashed now and then.
  void give(Builder& b, const Atom& a) {
    if (a.isLiteral) return;
    pool_.push_back(below(3) == 0 ? b.unary(Op::Tanh, a) : a);
  }

  void statements(Builder& b, int count, int depth) {
    for (int i = 0; i < count; ++i) statement(b, depth);
  }

  void statement(Builder& b, int depth) {
    const Type type = any();
    const Atom x = pick(b, type), y = pick(b, type);
    switch (below(depth == 0 ? 20 : 18)) {
      case 0: return give(b, b.add(x, y));
      case 1: return give(b, b.sub(x, y));
      case 2: return give(b, b.mul(x, y));
      case 3: return give(b, b.neg(x));
      case 4: return give(b, below(2) == 0 ? b.mul(x, literal()) : b.add(literal(), x));
      case 5: return give(b, b.mul(x, pick(b, typeOf({}))));
      case 6: return give(b, b.select(b.binary(Op::Lt, x, y), x, below(2) == 0 ? literal() : y));
      case 7: return give(b, b.broadcast(pick(b, typeOf({3})), {Dim(3), Dim(4)}, {0}));
      case 8: return give(b, b.broadcast(pick(b, typeOf({3})), {Dim(4), Dim(3)}, {1}));
      case 9: return give(b, b.transpose(pick(b, typeOf({3, 4})), {1, 0}));
      case 10: return give(b, b.contract(pick(b, typeOf({3, 4})), pick(b, typeOf({4, 3})), {1}, {0}));
      case 11: return give(b, b.contract(pick(b, typeOf({4, 3})), pick(b, typeOf({4, 3})), {0}, {0}));
      case 12: return give(b, b.contract(pick(b, typeOf({3, 4})), pick(b, typeOf({4})), {1}, {0}));
      case 13: return give(b, b.reduce(below(3) == 0 ? ReduceKind::Max : ReduceKind::Sum, pick(b, typeOf({3, 4})), {static_cast<int>(below(2))}));
      case 14: {
        const Atom m = pick(b, typeOf({4, 3}));
        const std::int64_t cut = 1 + static_cast<std::int64_t>(below(3));
        const Atom top = b.slice(m, {Dim(0), Dim(0)}, {Dim(cut), Dim(3)});
        const Atom bottom = b.slice(pick(b, typeOf({4, 3})), {Dim(cut), Dim(0)}, {Dim(4 - cut), Dim(3)});
        return give(b, b.concat({top, bottom}, 0));
      }
      case 15: {
        core::Attrs pad;
        pad.dims = {Dim(1)};
        pad.starts = {Dim(0)};
        return give(b, b.emit1(Op::Pad, {pick(b, typeOf({3})), below(2) == 0 ? Atom::of(Literal::zero(Elem::F64)) : literal()}, pad));
      }
      case 16: {
        const Atom index = b.convert(b.mul(pick(b, typeOf({3})), Atom::of(Literal::ofDouble(Elem::F64, 3.0))), Elem::I32);
        if (below(2) == 0) return give(b, b.gather(pick(b, typeOf({4, 3})), index, 0));
        core::Attrs add;
        add.axes = {0};
        return give(b, b.emit1(Op::Scatter, {pick(b, typeOf({4, 3})), index, pick(b, typeOf({3, 3}))}, add));
      }
      case 17: return give(b, b.splat(literal().literal, type));
      case 18: return loop(b);
      default: return branch(b);
    }
  }

  void loop(Builder& b) {
    const Type carry = any();
    Stmt s;
    s.op = Op::Loop;
    s.attrs.extent = Dim(4);
    s.attrs.defines = fn_.newDim("t", 3);
    s.attrs.carries = 1;
    s.attrs.reversed = below(2) == 0;
    const Atom rows = pick(b, typeOf({4, 3}));
    s.args = {pick(b, carry), rows};
    s.regions.resize(1);
    const std::size_t outside = pool_.size();
    for (const Type& t : {carry, typeOf({3})}) {
      s.regions[0].params.push_back(fn_.newVar(t));
      pool_.push_back(Atom::of(s.regions[0].params.back()));
    }
    Builder inner(fn_, s.regions[0].stmts);
    if (below(2) == 0) {
      const Atom row = inner.slice(pick(inner, typeOf({4, 3})), {Dim::variable(*s.attrs.defines), Dim(0)}, {Dim(1), Dim(3)});
      pool_.push_back(inner.reshape(row, {Dim(3)}));
    }
    statements(inner, 8, 1);
    const Atom emitted = inner.unary(Op::Tanh, pick(inner, typeOf({3})));
    s.regions[0].yields = {inner.unary(Op::Tanh, pick(inner, carry)), emitted};
    pool_.resize(outside);
    s.results = {fn_.newVar(carry), fn_.newVar(typeOf({4, 3}))};
    pool_.push_back(Atom::of(s.results[0]));
    pool_.push_back(Atom::of(s.results[1]));
    b.stmts().push_back(std::move(s));
  }

  void branch(Builder& b) {
    const Type type = any();
    Stmt s;
    s.op = Op::Cond;
    s.args = {b.binary(Op::Lt, pick(b, typeOf({})), pick(b, typeOf({})))};
    s.regions.resize(2);
    for (core::Region& r : s.regions) {
      const std::size_t outside = pool_.size();
      Builder inner(fn_, r.stmts);
      statements(inner, 5, 1);
      r.yields = {pick(inner, type)};
      pool_.resize(outside);
    }
    s.results = {fn_.newVar(type)};
    pool_.push_back(Atom::of(s.results[0]));
    b.stmts().push_back(std::move(s));
  }

  std::mt19937_64 random_;
  Fn fn_;
  std::vector<Atom> pool_;
};

bool isFinite(const std::vector<Array>& arrays) {
  for (const Array& a : arrays)
    for (std::int64_t i = 0; i < a.count(); ++i)
      if (!std::isfinite(a.at(i).toDouble()) || std::abs(a.at(i).toDouble()) > 1e6) return false;
  return true;
}

class RandomPrograms : public testing::TestWithParam<std::uint64_t> {};

// streams, differentiate, simplify (exact and full), hoist and order on a program and on its gradient.
TEST_P(RandomPrograms, KeepTheirMeaningThroughAllPasses) {
  Module module;
  const Fn fn = Generator(GetParam()).function();
  expectVerified(module, fn, {}, "generating");
  for (const bool gradient : {false, true}) {
    Fn before = gradient ? withVjp(fn) : fn;
    if (gradient) expectVerified(module, before, {}, "building vjp");
    Fn streamed = before;
    const auto plain = differentiate(module, before);
    ASSERT_TRUE(plain.has_value()) << plain.error().message;
    expectVerified(module, before, {.transformed = true}, "differentiate");
    streams(module, streamed);
    ASSERT_TRUE(differentiate(module, streamed).has_value());
    expectVerified(module, streamed, {.transformed = true}, "streams, differentiate");
    Fn exact = before, full = streamed;
    simplifyReported(exact, true);
    expectVerified(module, exact, {.transformed = true}, "simplify (exact)");
    hoist(module, exact);
    expectVerified(module, exact, {.transformed = true}, "hoist");
    simplifyReported(full);
    expectVerified(module, full, {.transformed = true}, "simplify");
    hoist(module, full);
    order(module, full);
    expectVerified(module, full, {.ordered = true, .transformed = true}, "order");
    const std::vector<Array> operands = randomOperands(before, {}, GetParam() + 1000);
    const auto x = core::interpret(before, {}, operands).results, y = core::interpret(exact, {}, operands).results,
               z = core::interpret(full, {}, operands).results;
    if (!isFinite(x)) continue;
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_TRUE(x[i].sameBits(y[i])) << "result " << i << ", gradient " << gradient << "\n" << core::print(before) << core::print(exact);
      // Rounding in another order, carried through thirty statements and three squashings.
      EXPECT_LT(distance(x[i], z[i]), 1e-7) << "result " << i << ", gradient " << gradient << "\n" << core::print(before) << core::print(full);
    }
  }
}

// Reverse and forward mode share the table but not the walk: they must give the same number, through loops and branches.
TEST_P(RandomPrograms, ForwardAndReverseAgree) {
  Module module;
  const Fn fn = Generator(GetParam()).function();
  Fn reverse = withVjp(fn), forward = withJvp(fn);
  ASSERT_TRUE(differentiate(module, reverse).has_value());
  ASSERT_TRUE(differentiate(module, forward).has_value());
  expectVerified(module, reverse, {.transformed = true}, "differentiate (reverse)");
  expectVerified(module, forward, {.transformed = true}, "differentiate (forward)");
  std::mt19937_64 random(GetParam());
  const std::vector<Array> operands = randomOperands(fn, {}, GetParam()), values = core::interpret(fn, {}, operands).results;
  std::vector<Array> cotangents, tangents, vjpOperands = operands, jvpOperands = operands;
  for (const Array& v : values) cotangents.push_back(randomFloats(Elem::F64, v.shape(), random));
  for (const Array& x : operands) tangents.push_back(randomFloats(Elem::F64, x.shape(), random));
  vjpOperands.insert(vjpOperands.end(), cotangents.begin(), cotangents.end());
  jvpOperands.insert(jvpOperands.end(), tangents.begin(), tangents.end());
  const auto pulled = core::interpret(reverse, {}, vjpOperands).results, pushed = core::interpret(forward, {}, jvpOperands).results;
  if (!isFinite(pulled) || !isFinite(pushed)) return;
  double byReverse = 0, byForward = 0, size = 1e-6;
  for (std::size_t k = 0; k < tangents.size(); ++k) {
    byReverse += dot(pulled[values.size() + k], tangents[k]);
    size += std::abs(dot(pulled[values.size() + k], tangents[k]));
  }
  for (std::size_t k = 0; k < cotangents.size(); ++k) byForward += dot(pushed[values.size() + k], cotangents[k]);
  EXPECT_NEAR(byReverse, byForward, 1e-9 * size) << core::print(fn) << core::print(reverse);
}

// Mapped over two parameters: the bits of each row.
TEST_P(RandomPrograms, MapRowByRow) {
  Module module;
  const Fn fn = Generator(GetParam()).function();
  std::vector<bool> mapped(fn.params.size(), false);
  mapped[GetParam() % mapped.size()] = true;
  mapped[(GetParam() / 3 + 5) % mapped.size()] = true;
  constexpr std::int64_t kRows = 3;
  Fn batched = withVmap(fn, mapped, kRows);
  const auto done = differentiate(module, batched);
  ASSERT_TRUE(done.has_value()) << done.error().message;
  expectVerified(module, batched, {.transformed = true}, "vmap");
  std::vector<std::vector<Array>> rows;
  std::vector<Array> operands;
  for (std::int64_t r = 0; r < kRows; ++r) rows.push_back(randomOperands(fn, {}, GetParam() + 77 * static_cast<std::uint64_t>(r)));
  for (std::size_t i = 0; i < mapped.size(); ++i) {
    std::vector<Array> stack;
    for (auto& row : rows) {
      if (!mapped[i]) row[i] = rows[0][i];
      stack.push_back(row[i]);
    }
    operands.push_back(mapped[i] ? stackOf(stack) : rows[0][i]);
  }
  const auto together = core::interpret(batched, {}, operands).results;
  for (std::int64_t r = 0; r < kRows; ++r) {
    const auto alone = core::interpret(fn, {}, rows[static_cast<std::size_t>(r)]).results;
    if (!isFinite(alone)) continue;
    for (std::size_t k = 0; k < alone.size(); ++k)
      EXPECT_TRUE(rowOf(together[k], r).sameBits(alone[k])) << "row " << r << ", result " << k << "\n" << core::print(fn) << core::print(batched);
  }
}

// Comparisons are skipped where numbers overflow: that must be the exception.
TEST(RandomProgramsTogether, MostStayFinite) {
  int finite = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Fn fn = Generator(seed).function();
    finite += isFinite(core::interpret(fn, {}, randomOperands(fn, {}, seed + 1000)).results) ? 1 : 0;
  }
  EXPECT_GT(finite, 250);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPrograms, testing::Range<std::uint64_t>(1, 301));

}  // namespace
}  // namespace fedc::transform
