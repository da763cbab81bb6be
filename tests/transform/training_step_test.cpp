#include <algorithm>
#include <map>

#include "compiler/transform/differentiate.h"
#include "compiler/transform/rewrite.h"
#include "tests/transform/core_testing.h"

// FedAvg on the digits (worked-examples.md, A2 and A3): the training step as written, and what the middle makes of it.
namespace fedc::transform {
namespace {

using core::Array;
using core::Elem;
using core::Fn;
using core::Module;
using core::Op;
using core::Stmt;

constexpr std::string_view kWork = R"(site 0 "index out of range"
fn work(R; lr: f32, w: f32[784, 10], b: f32[10], pixels: f32[R, 28, 28], label: i32[R], k: key) -> (f32[784, 10], f32[10]) {
  order: i32[R] = permutation{extent R}(k)
  dim T = ceildiv(R, 20)
  w2: f32[784, 10], b2: f32[10] = loop s < T carry (wc: f32[784, 10] = w, bc: f32[10] = b) {
    dim n <= 20 = min(20, R - 20*s)
    lo: i32 = dim_value{elem i32; extent 20*s}()
    i: i32[n] = dynamic_slice{dims [n]}(order, lo)
    px: f32[n, 28, 28] = gather{axes 0}(pixels, i)
    lb: i32[n] = gather{axes 0}(label, i)
    loss: f32, gw: f32[784, 10], gb: f32[10] = vjp{carries 2}(wc, bc, 1.0f32) { u: f32[784, 10], v: f32[10] ->
      l: f32[n] = vmap{extent n}(px, lb) { image: f32[28, 28], y: i32 ->
        inverted: f32[28, 28] = sub(1.0f32, image)
        x: f32[784] = reshape{dims [784]}(inverted)
        z: f32[10] = contract{axes 0; rhs 0}(x, u)
        zb: f32[10] = add(z, v)
        m0: f32 = reduce{kind max; axes 0}(zb)
        ms: f32 = stop_gradient(m0)
        mb: f32[10] = broadcast{dims [10]}(ms)
        d: f32[10] = sub(zb, mb)
        e: f32[10] = exp(d)
        se: f32 = reduce{kind sum; axes 0}(e)
        ls: f32 = log(se)
        l1: f32 = add(ms, ls)
        c0: bool = le(0i32, y)
        c1: bool = lt(y, 10i32)
        c2: bool = and(c0, c1)
        check{site 0}(c2)
        zl: f32 = gather{axes 0}(zb, y)
        one: f32 = sub(l1, zl)
        yield one
      }
      sm: f32 = reduce{kind sum; axes 0}(l)
      ni: i32 = dim_value{elem i32; extent n}()
      nf: f32 = convert{elem f32}(ni)
      mean: f32 = div(sm, nf)
      yield mean
    }
    lw: f32[784, 10] = broadcast{dims [784, 10]}(lr)
    sw: f32[784, 10] = mul(lw, gw)
    nw: f32[784, 10] = sub(wc, sw)
    lv: f32[10] = broadcast{dims [10]}(lr)
    sb: f32[10] = mul(lv, gb)
    nb: f32[10] = sub(bc, sb)
    next (nw, nb) emit ()
  }
  dw: f32[784, 10] = sub(w2, w)
  db: f32[10] = sub(b2, b)
  return dw, db
}
)";

std::vector<Array> operands(const Fn& fn, std::int64_t rows) {
  std::vector<Array> all = randomOperands(fn, std::vector<std::int64_t>{rows}, 3);
  all[0] = Array::scalar(core::Literal::ofDouble(Elem::F32, 0.1));
  // Labels of all classes, and pixels and weights that do not saturate.
  for (std::int64_t i = 0; i < rows; ++i) all[4].set(i, core::Literal::ofInt(Elem::I32, i % 10));
  for (std::int64_t i = 0; i < all[1].count(); ++i) all[1].set(i, core::Literal::ofDouble(Elem::F32, 0.1 * (all[1].at(i).toDouble() - 0.55)));
  return all;
}

TEST(TrainingStep, BecomesTwoProductsOneExponentialAndNoStoredGradient) {
  Module module = readModule(kWork);
  Fn& fn = module.fns.at(0);
  runMiddle(module, fn);
  const std::string text = core::print(fn);
  const Stmt* loop = nullptr;
  for (const Stmt& s : fn.body)
    if (s.op == Op::Loop) loop = &s;
  ASSERT_NE(loop, nullptr) << text;
  std::map<Op, int> count;
  forEachStmt(loop->regions[0].stmts, [&](const Stmt& s) { ++count[s.op]; });
  EXPECT_EQ(count[Op::Contract], 2) << text;
  EXPECT_EQ(count[Op::Exp], 1) << text;
  // The value of the loss is not asked for.
  EXPECT_EQ(count[Op::Log], 0) << text;
  EXPECT_EQ(count[Op::Pick], 0) << text;
  EXPECT_EQ(count[Op::Scatter], 0) << text;
  // Of the labels' range, once.
  EXPECT_EQ(count[Op::Check], 1) << text;
  // max, sum of exponentials, bias.
  EXPECT_EQ(count[Op::Reduce], 3) << text;
  EXPECT_EQ(count[Op::Transpose], 0) << text;
  int starts = 0;
  forEachStmt(loop->regions[0].stmts, [&](const Stmt& s) {
    if (s.op == Op::Contract) {
      EXPECT_EQ(s.args.size(), 3u) << "a product without a start\n" << text;
      EXPECT_EQ(s.attrs.order, core::Order{core::Order::Kind::Seq});
    }
    // Weights and bias go on from their old values.
    if (s.args.size() > 1 && (s.op == Op::Contract || s.op == Op::Reduce) &&
        std::ranges::find(loop->regions[0].params, s.args.back().var) != loop->regions[0].params.end())
      ++starts;
    // Nothing else has the size of the weights.
    const bool large = std::ranges::any_of(s.results, [&](core::Var v) { return fn.vars[v].type.dims == std::vector<Dim>{Dim(784), Dim(10)}; });
    EXPECT_TRUE(!large || s.op == Op::Contract) << text;
  });
  EXPECT_EQ(starts, 2) << text;
  // Over [n, 10]: exp, its argument, the one-hot compare and its choice, and the combination with the scaled exponentials.
  int wide = 0;
  forEachStmt(loop->regions[0].stmts, [&](const Stmt& s) {
    if (s.results.size() != 1 || !core::isElementwise(s.op)) return;
    wide += fn.vars[s.results[0]].type.rank() == 2 && fn.vars[s.results[0]].type.dims[1] == Dim(10) ? 1 : 0;
  });
  EXPECT_LE(wide, 5) << text;
}

TEST(TrainingStep, GivesTheWeightsOfThePlainProgram) {
  Module plain = readModule(kWork), full = plain;
  ASSERT_TRUE(differentiate(plain, plain.fns.at(0)).has_value());
  runMiddle(full, full.fns.at(0));
  for (std::int64_t rows : {0, 7, 45}) {
    const std::vector<std::int64_t> dims{rows};
    const auto x = core::interpret(plain.fns[0], dims, operands(plain.fns[0], rows)),
               y = core::interpret(full.fns[0], dims, operands(full.fns[0], rows));
    EXPECT_FALSE(y.failedSite.has_value());
    for (std::size_t i = 0; i < 2; ++i) EXPECT_LT(distance(x.results[i], y.results[i]), 1e-6) << rows << " rows";
  }
}

TEST(TrainingStep, AWrongLabelFailsTheCheck) {
  Module module = readModule(kWork);
  runMiddle(module, module.fns.at(0));
  std::vector<Array> all = operands(module.fns[0], 25);
  all[4].set(20, core::Literal::ofInt(Elem::I32, 10));
  EXPECT_EQ(core::interpret(module.fns[0], std::vector<std::int64_t>{25}, all).failedSite, 0u);
}

}  // namespace
}  // namespace fedc::transform
