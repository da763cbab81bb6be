#include "compiler/transform/streams.h"

#include "compiler/transform/differentiate.h"
#include "compiler/transform/hoist.h"
#include "compiler/transform/order.h"
#include "compiler/transform/rewrite.h"
#include "tests/transform/core_testing.h"

// Passes streams, hoist and order.
namespace fedc::transform {
namespace {

using core::Array;
using core::Fn;
using core::Module;
using core::Op;
using core::Stmt;

const Stmt& onlyLoop(const Fn& fn) {
  const Stmt* loop = nullptr;
  for (const Stmt& s : fn.body)
    if (s.op == Op::Loop) loop = &s;
  EXPECT_NE(loop, nullptr) << core::print(fn);
  static const Stmt kNone;
  return loop != nullptr ? *loop : kNone;
}

void expectSameBits(const Fn& before, const Fn& after, const std::vector<std::int64_t>& dims) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const std::vector<Array> operands = randomOperands(before, dims, seed);
    const auto x = core::interpret(before, dims, operands), y = core::interpret(after, dims, operands);
    EXPECT_EQ(x.failedSite, y.failedSite);
    for (std::size_t i = 0; i < x.results.size(); ++i) EXPECT_TRUE(x.results[i].sameBits(y.results[i])) << core::print(before) << core::print(after);
  }
}

struct Case {
  std::string name;
  std::string text;
  // Of the loop after the pass.
  int carries;
  std::size_t inputs;
  std::size_t stacks;
};

class Streams : public testing::TestWithParam<Case> {};

TEST_P(Streams, RowsEnterAndLeave) {
  const Case& c = GetParam();
  Module module = readModule(c.text);
  const Fn before = module.fns.at(0);
  Fn& fn = module.fns[0];
  streams(module, fn);
  expectVerified(module, fn, {}, "streams");
  const Stmt& loop = onlyLoop(fn);
  EXPECT_EQ(loop.attrs.carries, c.carries) << core::print(fn);
  EXPECT_EQ(loop.args.size() - static_cast<std::size_t>(loop.attrs.carries), c.inputs) << core::print(fn);
  EXPECT_EQ(loop.results.size() - static_cast<std::size_t>(loop.attrs.carries), c.stacks) << core::print(fn);
  expectSameBits(before, fn, {4});
}

INSTANTIATE_TEST_SUITE_P(
    Loops, Streams,
    testing::Values(
        Case{"row_by_slice",
             "fn f(N; x: f32[N, 3], a: f32[3]) -> (f32[3]) {\n  r: f32[3] = loop t < N carry (c: f32[3] = a) {\n    s: f32[1, 3] = slice{dims [1, "
             "3]; starts [t, 0]}(x)\n    row: f32[3] = reshape{dims [3]}(s)\n    n: f32[3] = add(c, row)\n    next (n) emit ()\n  }\n  return r\n}\n",
             1, 1, 0},
        Case{"row_by_gather",
             "fn f(N; x: f32[N, 3], a: f32[3]) -> (f32[3]) {\n  r: f32[3] = loop t < N carry (c: f32[3] = a) {\n    i: i32 = dim_value{elem i32; "
             "extent t}()\n    row: f32[3] = gather{axes 0}(x, i)\n    n: f32[3] = add(c, row)\n    next (n) emit ()\n  }\n  return r\n}\n",
             1, 1, 0},
        Case{"rows_backwards_and_shifted",
             "fn f(N; x: f32[N + 2, 3], a: f32[3]) -> (f32[3]) {\n  r: f32[3] = loop t < N carry (c: f32[3] = a) {\n    s: f32[1, 3] = slice{dims "
             "[1, 3]; starts [t + 2, 0]}(x)\n    u: f32[1, 3] = slice{dims [1, 3]; starts [t + 1, 0]}(x)\n    row: f32[3] = reshape{dims [3]}(s)\n   "
             " back: f32[3] = reshape{dims [3]}(u)\n    d: f32[3] = sub(row, back)\n    n: f32[3] = add(c, d)\n    next (n) emit ()\n  }\n  return "
             "r\n}\n",
             1, 2, 0},
        Case{"known_length_backwards",
             "fn f(N; x: f32[5, 3], a: f32[3]) -> (f32[3]) {\n  r: f32[3] = loop t < 5 carry (c: f32[3] = a) {\n    s: f32[1, 3] = slice{dims [1, "
             "3]; starts [4 - t, 0]}(x)\n    row: f32[3] = reshape{dims [3]}(s)\n    m: f32[3] = mul(c, row)\n    n: f32[3] = add(m, row)\n    next "
             "(n) emit ()\n  }\n  return r\n}\n",
             1, 1, 0},
        Case{"written_rows",
             "fn f(N; x: f32[N, 3]) -> (f32[N, 3]) {\n  z: f32[N, 3] = broadcast{dims [N, 3]}(0.0f32)\n  r: f32[N, 3] = loop t < N carry (o: f32[N, "
             "3] = z) {\n    s: f32[1, 3] = slice{dims [1, 3]; starts [t, 0]}(x)\n    e: f32[1, 3] = exp(s)\n    i: i32 = dim_value{elem i32; extent "
             "t}()\n    n: f32[N, 3] = update_slice(o, e, i, 0i32)\n    next (n) emit ()\n  }\n  return r\n}\n",
             0, 1, 1},
        Case{"rows_changed_in_place",
             "fn f(N; x: f32[N], o0: f32[N]) -> (f32[N]) {\n  r: f32[N] = loop t < N carry (o: f32[N] = o0) {\n    i: i32 = dim_value{elem i32; "
             "extent t}()\n    old: f32 = gather{axes 0}(o, i)\n    v: f32 = gather{axes 0}(x, i)\n    s: f32 = add(old, v)\n    e: f32[1] = "
             "reshape{dims [1]}(s)\n    n: f32[N] = update_slice(o, e, i)\n    next (n) emit ()\n  }\n  return r\n}\n",
             0, 2, 1},
        Case{"some_rows_written",
             "fn f(N; x: f32[3], o0: f32[5]) -> (f32[5]) {\n  r: f32[5] = loop t < 3 carry (o: f32[5] = o0) {\n    s: f32[1] = slice{dims [1]; "
             "starts [t]}(x)\n    i: i32 = dim_value{elem i32; extent t + 1}()\n    n: f32[5] = update_slice(o, s, i)\n    next (n) emit ()\n  }\n  "
             "return r\n}\n",
             0, 1, 1},
        Case{"the_carry_is_read_elsewhere",
             "fn f(N; x: f32[N], o0: f32[N]) -> (f32[N]) {\n  r: f32[N] = loop t < N carry (o: f32[N] = o0) {\n    i: i32 = dim_value{elem i32; "
             "extent t}()\n    m: f32 = reduce{kind max; axes 0}(o)\n    e: f32[1] = reshape{dims [1]}(m)\n    n: f32[N] = update_slice(o, e, i)\n   "
             " next (n) emit ()\n  }\n  return r\n}\n",
             1, 0, 0},
        Case{"rows_beyond_the_array_stay",
             "fn f(N; x: f32[3], a: f32) -> (f32) {\n  r: f32 = loop t < 5 carry (c: f32 = a) {\n    i: i32 = dim_value{elem i32; extent t}()\n    "
             "v: f32 = gather{axes 0}(x, i)\n    n: f32 = add(c, v)\n    next (n) emit ()\n  }\n  return r\n}\n",
             1, 0, 0},
        Case{"unchanged_carry",
             "fn f(N; a: f32[3], b: f32[3]) -> (f32[3], f32[3]) {\n  r: f32[3], q: f32[3] = loop t < N carry (c: f32[3] = a, k: f32[3] = b) {\n    "
             "n: f32[3] = mul(c, k)\n    next (n, k) emit ()\n  }\n  return r, q\n}\n",
             1, 0, 0}),
    [](const auto& info) { return info.param.name; });

TEST(StreamsBeforeDifferentiate, TheGradientOfCollectedRowsHasNoCarriedArray) {
  Module module = readModule(
      "fn f(N; w: f64[3], x: f64[N, 3]) -> (f64[N, 3]) {\n  z: f64[N, 3] = broadcast{dims [N, 3]}(0.0f64)\n"
      "  h: f64[3], r: f64[N, 3] = loop t < N carry (a: f64[3] = w, o: f64[N, 3] = z) {\n    s: f64[1, 3] = slice{dims [1, 3]; starts [t, 0]}(x)\n"
      "    row: f64[3] = reshape{dims [3]}(s)\n    m: f64[3] = mul(a, row)\n    n: f64[3] = tanh(m)\n    e: f64[1, 3] = reshape{dims [1, 3]}(n)\n"
      "    i: i32 = dim_value{elem i32; extent t}()\n    p: f64[N, 3] = update_slice(o, e, i, 0i32)\n    next (n, p) emit ()\n  }\n  return r\n}\n");
  Fn fn = withVjp(module.fns.at(0));
  streams(module, fn);
  expectDerivatives(module, module.fns[0], {4});
  ASSERT_TRUE(differentiate(module, fn).has_value());
  for (const Stmt& s : fn.body) {
    if (s.op != Op::Loop) continue;
    for (int i = 0; i < s.attrs.carries; ++i) EXPECT_EQ(fn.vars[s.regions[0].params[static_cast<std::size_t>(i)]].type.rank(), 1) << core::print(fn);
  }
}

TEST(Hoist, InvariantWorkLeavesAllLoops) {
  Module module = readModule(
      "site 0 \"never\"\nfn f(N; w: f32[3, 3], x: f32[N, 3], c: bool) -> (f32[3]) {\n  r: f32[3] = loop t < N carry (a: f32[3] = 0.5f32) each (row: "
      "f32[3] in x) {\n"
      "    q: f32[3] = loop u < 2 carry (b: f32[3] = a) {\n      s: f32[3, 3] = mul(w, 2.0f32)\n      p: f32[3, 3] = contract{axes 1; rhs 0}(s, s)\n"
      "      e: f32[3] = exp(row)\n      d: f32[3] = neg(row)\n      check{site 0}(c)\n      g: f32[3] = contract{axes 0; rhs 1}(b, p)\n      n: "
      "f32[3] = mul(g, e)\n"
      "      o: f32[3] = add(n, d)\n      next (o) emit ()\n    }\n    next (q) emit ()\n  }\n  return r\n}\n");
  const Fn before = module.fns.at(0);
  Fn& fn = module.fns[0];
  hoist(module, fn);
  expectVerified(module, fn, {.transformed = true}, "hoist");
  expectSameBits(before, fn, {3});
  const Stmt& outer = onlyLoop(fn);
  int outside = 0;
  for (const Stmt& s : fn.body) outside += s.op == Op::Contract || s.op == Op::Mul ? 1 : 0;
  EXPECT_EQ(outside, 2) << core::print(fn);
  ASSERT_EQ(outer.regions[0].stmts.size(), 2u) << core::print(fn);
  EXPECT_EQ(outer.regions[0].stmts[0].op, Op::Exp) << "what depends on the row leaves the inner loop only";
  std::map<Op, int> inside;
  for (const Stmt& s : outer.regions[0].stmts[1].regions[0].stmts) ++inside[s.op];
  EXPECT_EQ(inside[Op::Check], 1) << "a check stays";
  EXPECT_EQ(inside[Op::Neg], 1) << "a cheap array statement stays";
}

TEST(Hoist, ABranchThatChecksStaysInALoopThatMayHaveNoStep) {
  Module module = readModule(
      "site 0 \"asked\"\nfn f(N; p: bool, w: f32) -> (f32) {\n  r: f32 = loop t < N carry (a: f32 = w) {\n    e: f32 = cond(p) {\n"
      "      check{site 0}(false)\n      yield 1.0f32\n    } {\n      yield 2.0f32\n    }\n    n: f32 = add(a, e)\n    next (n) emit ()\n  }\n"
      "  return r\n}\n");
  Fn& fn = module.fns.at(0);
  hoist(module, fn);
  const std::vector<Array> operands{Array::scalar(core::Literal::ofBool(true)), Array::scalar(core::Literal::ofDouble(core::Elem::F32, 1))};
  EXPECT_EQ(core::interpret(fn, std::vector<std::int64_t>{0}, operands).failedSite, std::nullopt) << core::print(fn);
  EXPECT_EQ(core::interpret(fn, std::vector<std::int64_t>{1}, operands).failedSite, 0u) << core::print(fn);
}

TEST(Orders, FollowShapes) {
  Module module = readModule(
      "fn f(R; x: f32[20, 784], w: f32[784, 10], g: f32[10, 62], v: f32[128, 62], y: f32[R, 62], m: f32[5, 7]) -> (f32[20, 10], f32[10, 128], f32[R, "
      "128], f32[5], f32[7], f32, f32[784, 10]) {\n"
      "  a: f32[20, 10] = contract{axes 1; rhs 0}(x, w)\n  b: f32[10, 128] = contract{axes 1; rhs 1}(g, v)\n  c: f32[R, 128] = contract{axes 1; rhs "
      "1}(y, v)\n"
      "  d: f32[5] = reduce{kind sum; axes 1}(m)\n  e: f32[7] = reduce{kind max; axes 0}(m)\n  h: f32 = reduce{kind sum; axes 1,0}(m)\n"
      "  k: f32[784, 10] = contract{axes 0; rhs 0}(x, a)\n  return a, b, c, d, e, h, k\n}\n");
  Fn& fn = module.fns.at(0);
  order(module, fn);
  expectVerified(module, fn, {.ordered = true, .transformed = true}, "order");
  using enum core::Order::Kind;
  // The reduced axis is last in both factors of b and c, and is the last one of d and h.
  const std::vector<core::Order::Kind> expected{Seq, Lanes, Lanes, Lanes, Seq, Lanes, Seq};
  ASSERT_EQ(fn.body.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(fn.body[i].attrs.order->kind, expected[i]) << i;
  EXPECT_EQ(fn.body[5].attrs.axes, (std::vector<int>{0, 1})) << "the lanes run over the last axis";
}

}  // namespace
}  // namespace fedc::transform
