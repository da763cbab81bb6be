#include "compiler/transform/simplify.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "compiler/transform/differentiate.h"
#include "compiler/transform/rewrite.h"
#include "tests/transform/core_testing.h"

namespace fedc::transform {
namespace {

using core::Array;
using core::Fn;
using core::Module;
using core::Op;

// A program and what becomes of it; both in the text form, the result as printed with names of its own.
struct Rewrite {
  std::string name;
  std::string before;
  std::string after;
  // Which rule must have fired.
  std::string rule;
  bool exact = true;
};

std::string program(const std::string& signature, const std::string& body) { return "fn f(N; " + signature + " {\n" + body + "}\n"; }

// The same program up to names of variables: read, simplified by nothing, printed with canonical names.
std::string canonical(const Fn& fn) {
  Fn copy = fn;
  copy.vars.clear();
  std::unordered_map<core::Var, core::Var> names;
  const auto define = [&](core::Var& v) {
    const core::Var fresh = copy.newVar(fn.vars[v].type, "v" + std::to_string(names.size()));
    names[v] = fresh;
    v = fresh;
  };
  const auto use = [&](core::Atom& a) {
    if (!a.isLiteral) a.var = names.at(a.var);
  };
  const auto walk = [&](auto&& self, std::vector<core::Stmt>& stmts) -> void {
    for (core::Stmt& s : stmts) {
      for (core::Atom& a : s.args) use(a);
      for (core::Region& r : s.regions) {
        for (core::Var& p : r.params) define(p);
        self(self, r.stmts);
        for (core::Atom& y : r.yields) use(y);
      }
      for (core::Var& v : s.results) define(v);
    }
  };
  for (core::Var& p : copy.params) define(p);
  walk(walk, copy.body);
  for (core::Atom& r : copy.results) use(r);
  return core::print(copy);
}

class Rewrites : public testing::TestWithParam<Rewrite> {};

TEST_P(Rewrites, GiveTheProgramExpected) {
  const Rewrite& c = GetParam();
  Module before = readModule(c.before), after = readModule(c.after);
  ASSERT_EQ(before.fns.size(), 1u);
  ASSERT_EQ(after.fns.size(), 1u);
  Fn fn = before.fns[0];
  const SimplifyReport report = simplifyReported(fn);
  expectVerified(before, fn, {.transformed = true}, "simplify");
  EXPECT_EQ(canonical(fn), canonical(after.fns[0]));
  EXPECT_TRUE(report.fired.contains(c.rule)) << "`" << c.rule << "` did not fire";
  EXPECT_EQ(report.reassociated, !c.exact);
  // And both mean the same.
  const std::vector<std::int64_t> dims{4};
  const std::vector<Array> operands = randomOperands(before.fns[0], dims, 7);
  const auto x = core::interpret(before.fns[0], dims, operands), y = core::interpret(fn, dims, operands);
  for (std::size_t i = 0; i < x.results.size(); ++i) {
    if (c.exact) {
      EXPECT_TRUE(x.results[i].sameBits(y.results[i])) << i;
    } else {
      EXPECT_LT(distance(x.results[i], y.results[i]), 2e-6) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rules, Rewrites,
    testing::Values(
        Rewrite{"folds",
                program("x: f32[N]) -> (f32[N])",
                        "  a: f32 = exp(1.0f32)\n  b: f32 = sub(a, a)\n  c: f32[N] = broadcast{dims [N]}(b)\n  r: f32[N] = sub(x, c)\n  return r\n"),
                program("x: f32[N]) -> (f32[N])", "  return x\n"), "fold constants"},
        Rewrite{"equal_statements",
                program("x: f32[N], y: f32[N]) -> (f32[N])",
                        "  a: f32[N] = add(x, y)\n  b: f32[N] = add(y, x)\n  p: bool[N] = lt(a, b)\n  e: f32[N] = exp(a)\n  g: f32[N] = exp(b)\n  r: "
                        "f32[N] = select(p, e, g)\n  return r\n"),
                program("x: f32[N], y: f32[N]) -> (f32[N])", "  a: f32[N] = add(x, y)\n  e: f32[N] = exp(a)\n  return e\n"), "equal statements"},
        Rewrite{"signs",
                program("x: f32[N], y: f32[N]) -> (f32[N])",
                        "  a: f32[N] = neg(y)\n  b: f32[N] = add(x, a)\n  c: f32[N] = neg(b)\n  d: f32[N] = neg(c)\n  return d\n"),
                program("x: f32[N], y: f32[N]) -> (f32[N])", "  b: f32[N] = sub(x, y)\n  return b\n"), "sum"},
        Rewrite{"power_of_two", program("x: f32[N]) -> (f32[N])", "  a: f32[N] = div(x, 4.0f32)\n  return a\n"),
                program("x: f32[N]) -> (f32[N])", "  a: f32[N] = mul(x, 0.25f32)\n  return a\n"), "quotient"},
        Rewrite{"views_of_views",
                program("x: f32[N, 6]) -> (f32[6, N])",
                        "  a: f32[N, 2, 3] = reshape{dims [N, 2, 3]}(x)\n  b: f32[N, 6] = reshape{dims [N, 6]}(a)\n  c: f32[6, N] = transpose{axes "
                        "1,0}(b)\n  d: f32[N, 6] = transpose{axes 1,0}(c)\n  e: f32[6, N] = transpose{axes 1,0}(d)\n  return e\n"),
                program("x: f32[N, 6]) -> (f32[6, N])", "  e: f32[6, N] = transpose{axes 1,0}(x)\n  return e\n"), "transpose"},
        Rewrite{
            "op_on_repeated_values",
            program("x: f32[N], s: f32) -> (f32[N, 8])",
                    "  a: f32[N, 8] = broadcast{axes 0; dims [N, 8]}(x)\n  b: f32[N, 8] = broadcast{dims [N, 8]}(s)\n  r: f32[N, 8] = max(a, b)\n  "
                    "return r\n"),
            program(
                "x: f32[N], s: f32) -> (f32[N, 8])",
                "  b: f32[N] = broadcast{dims [N]}(s)\n  r: f32[N] = max(x, b)\n  c: f32[N, 8] = broadcast{axes 0; dims [N, 8]}(r)\n  return c\n"),
            "op on repeated values"},
        Rewrite{"loop_of_one_trip",
                program("x: f32[1, 3], s: f32[3]) -> (f32[3], f32[1, 3])",
                        "  c: f32[3], e: f32[1, 3] = loop t < 1 carry (a: f32[3] = s) each (row: f32[3] in x) {\n    n: f32[3] = add(a, row)\n    "
                        "next (n) emit (a)\n  }\n  return c, e\n"),
                program("x: f32[1, 3], s: f32[3]) -> (f32[3], f32[1, 3])",
                        "  row: f32[3] = reshape{dims [3]}(x)\n  n: f32[3] = add(s, row)\n  e: f32[1, 3] = reshape{dims [1, 3]}(s)\n  return n, e\n"),
                "loop of one trip"},
        Rewrite{
            "branch_on_a_constant",
            program(
                "x: f32[N]) -> (f32[N])",
                "  p: bool = lt(1i32, 2i32)\n  r: f32[N] = cond(p) {\n    a: f32[N] = exp(x)\n    yield a\n  } {\n    yield x\n  }\n  return r\n"),
            program("x: f32[N]) -> (f32[N])", "  a: f32[N] = exp(x)\n  return a\n"), "branch on a constant"},
        Rewrite{"carry_that_never_changes",
                program("x: f32[N, 3], s: f32[3]) -> (f32[3])",
                        "  k: f32[3], c: f32[3] = loop t < N carry (a: f32[3] = s, b: f32[3] = 0.0f32) each (row: f32[3] in x) {\n    m: f32[3] = "
                        "mul(a, row)\n    n: f32[3] = max(b, m)\n    next (a, n) emit ()\n  }\n  return c\n"),
                program("x: f32[N, 3], s: f32[3]) -> (f32[3])",
                        "  c: f32[3] = loop t < N carry (b: f32[3] = 0.0f32) each (row: f32[3] in x) {\n    m: f32[3] = mul(s, row)\n    n: f32[3] = "
                        "max(b, m)\n    next (n) emit ()\n  }\n  return c\n"),
                "carry that never changes"},
        Rewrite{"product_of_a_transposed_factor",
                program("x: f32[N, 3], y: f32[N, 2]) -> (f32[3, 2])",
                        "  t: f32[3, N] = transpose{axes 1,0}(x)\n  r: f32[3, 2] = contract{axes 1; rhs 0}(t, y)\n  return r\n"),
                program("x: f32[N, 3], y: f32[N, 2]) -> (f32[3, 2])", "  r: f32[3, 2] = contract{axes 0; rhs 0}(x, y)\n  return r\n"),
                "product of a transposed factor"},
        Rewrite{"transposed_product",
                program("x: f32[N, 3], y: f32[N, 2]) -> (f32[2, 3])",
                        "  r: f32[3, 2] = contract{axes 0; rhs 0}(x, y)\n  t: f32[2, 3] = transpose{axes 1,0}(r)\n  return t\n"),
                program("x: f32[N, 3], y: f32[N, 2]) -> (f32[2, 3])", "  r: f32[2, 3] = contract{axes 0; rhs 0}(y, x)\n  return r\n"),
                "transposed product"},
        Rewrite{"gather_as_pick",
                program("x: f32[N, 3], i: i32[N, 1]) -> (f32[N])",
                        "  g: f32[N, 1] = gather{axes 1; batch 1}(x, i)\n  r: f32[N] = reshape{dims [N]}(g)\n  return r\n"),
                program("x: f32[N, 3], i: i32[N, 1]) -> (f32[N])", "  j: i32[N] = reshape{dims [N]}(i)\n  r: f32[N] = pick(x, j)\n  return r\n"),
                "gather as pick"},
        Rewrite{"bias_starts_the_sum",
                program("x: f32[N, 3], w: f32[3, 2], b: f32[2]) -> (f32[N, 2])",
                        "  z: f32[N, 2] = contract{axes 1; rhs 0}(x, w)\n  c: f32[N, 2] = broadcast{axes 1; dims [N, 2]}(b)\n  r: f32[N, 2] = add(z, "
                        "c)\n  return r\n"),
                program("x: f32[N, 3], w: f32[3, 2], b: f32[2]) -> (f32[N, 2])",
                        "  c: f32[N, 2] = broadcast{axes 1; dims [N, 2]}(b)\n  r: f32[N, 2] = contract{axes 1; rhs 0}(x, w, c)\n  return r\n"),
                "start at", false},
        Rewrite{"update_starts_at_the_weights",
                program("x: f32[4, 30], g: f32[4, 2], w: f32[30, 2], lr: f32) -> (f32[30, 2])",
                        "  p: f32[30, 2] = contract{axes 0; rhs 0}(x, g)\n  l: f32[30, 2] = broadcast{dims [30, 2]}(lr)\n  s: f32[30, 2] = mul(l, "
                        "p)\n  r: f32[30, 2] = sub(w, s)\n  return r\n"),
                program("x: f32[4, 30], g: f32[4, 2], w: f32[30, 2], lr: f32) -> (f32[30, 2])",
                        "  m: f32 = neg(lr)\n  l: f32[4, 2] = broadcast{dims [4, 2]}(m)\n  s: f32[4, 2] = mul(g, l)\n  r: f32[30, 2] = contract{axes "
                        "0; rhs 0}(x, s, w)\n  return r\n"),
                "start at", false},
        Rewrite{
            "constant_rate",
            program("x: f32[4, 30], g: f32[4, 2], w: f32[30, 2]) -> (f32[30, 2])",
                    "  p: f32[30, 2] = contract{axes 0; rhs 0}(x, g)\n  s: f32[30, 2] = mul(0.5f32, p)\n  r: f32[30, 2] = sub(w, s)\n  return r\n"),
            program("x: f32[4, 30], g: f32[4, 2], w: f32[30, 2]) -> (f32[30, 2])",
                    "  s: f32[4, 2] = mul(g, -0.5f32)\n  r: f32[30, 2] = contract{axes 0; rhs 0}(x, s, w)\n  return r\n"),
            "start at", false},
        Rewrite{"embedding_update",
                program("e: f32[50, 8], i: i32[4], g: f32[4, 8], lr: f32) -> (f32[50, 8])",
                        "  z: f32[50, 8] = broadcast{dims [50, 8]}(0.0f32)\n  d: f32[50, 8] = scatter{axes 0; mode add}(z, i, g)\n  l: f32[50, 8] = "
                        "broadcast{dims [50, 8]}(lr)\n  s: f32[50, 8] = mul(l, d)\n  r: f32[50, 8] = sub(e, s)\n  return r\n"),
                program("e: f32[50, 8], i: i32[4], g: f32[4, 8], lr: f32) -> (f32[50, 8])",
                        "  m: f32 = neg(lr)\n  l: f32[4, 8] = broadcast{dims [4, 8]}(m)\n  s: f32[4, 8] = mul(g, l)\n  r: f32[50, 8] = scatter{axes "
                        "0; mode add}(e, i, s)\n  return r\n"),
                "start at", false},
        Rewrite{"product_over_concat",
                program("a: f32[N, 2], b: f32[N, 3], w: f32[5, 4]) -> (f32[N, 4])",
                        "  c: f32[N, 5] = concat{axes 1}(a, b)\n  r: f32[N, 4] = contract{axes 1; rhs 0}(c, w)\n  return r\n"),
                program("a: f32[N, 2], b: f32[N, 3], w: f32[5, 4]) -> (f32[N, 4])",
                        "  u: f32[2, 4] = slice{dims [2, 4]; starts [0, 0]}(w)\n  p: f32[N, 4] = contract{axes 1; rhs 0}(a, u)\n  v: f32[3, 4] = "
                        "slice{dims [3, 4]; starts [2, 0]}(w)\n  r: f32[N, 4] = contract{axes 1; rhs 0}(b, v, p)\n  return r\n"),
                "product over concat", false},
        Rewrite{"starts_reach_the_first_product",
                program("a: f32[N, 2], b: f32[N, 3], u: f32[2, 4], w: f32[3, 4], c: f32[N, 4]) -> (f32[N, 4])",
                        "  p: f32[N, 4] = contract{axes 1; rhs 0}(a, u)\n  q: f32[N, 4] = contract{axes 1; rhs 0}(b, w, p)\n  r: f32[N, 4] = add(q, "
                        "c)\n  return r\n"),
                program("a: f32[N, 2], b: f32[N, 3], u: f32[2, 4], w: f32[3, 4], c: f32[N, 4]) -> (f32[N, 4])",
                        "  p: f32[N, 4] = contract{axes 1; rhs 0}(a, u, c)\n  q: f32[N, 4] = contract{axes 1; rhs 0}(b, w, p)\n  return q\n"),
                "start at", false},
        Rewrite{"part_of_a_product",
                program("a: f32[N, 3], b: f32[5, 3]) -> (f32[N, 2])",
                        "  p: f32[N, 5] = contract{axes 1; rhs 1}(a, b)\n  r: f32[N, 2] = slice{dims [N, 2]; starts [0, 1]}(p)\n  return r\n"),
                program("a: f32[N, 3], b: f32[5, 3]) -> (f32[N, 2])",
                        "  c: f32[2, 3] = slice{dims [2, 3]; starts [1, 0]}(b)\n  r: f32[N, 2] = contract{axes 1; rhs 1}(a, c)\n  return r\n"),
                "part of a product"},
        Rewrite{
            "sum_of_parts",
            program("a: f32[N, 2], b: f32[N, 3], c: f32[N, 1]) -> (f32[N, 6])",
                    "  p: f32[N, 6] = pad{dims [0, 4]; starts [0, 0]}(a, 0.0f32)\n  q: f32[N, 6] = pad{dims [0, 1]; starts [0, 2]}(b, 0.0f32)\n  s: "
                    "f32[N, 6] = pad{dims [0, 0]; starts [0, 5]}(c, 0.0f32)\n  u: f32[N, 6] = add(p, q)\n  r: f32[N, 6] = add(u, s)\n  return r\n"),
            program("a: f32[N, 2], b: f32[N, 3], c: f32[N, 1]) -> (f32[N, 6])", "  r: f32[N, 6] = concat{axes 1}(c, b, a)\n  return r\n"),
            "sum of parts", false},
        Rewrite{"start_beyond_the_end", program("x: f32[5]) -> (f32[2])", "  r: f32[2] = dynamic_slice{dims [2]}(x, 9i32)\n  return r\n"),
                program("x: f32[5]) -> (f32[2])", "  r: f32[2] = slice{dims [2]; starts [3]}(x)\n  return r\n"), "dynamic slice at a constant"},
        Rewrite{"choice_of_constants",
                program("p: bool[N]) -> (f32[N])",
                        "  a: f32[N] = select(p, 2.0f32, 0.0f32)\n  b: f32[N] = neg(a)\n  r: f32[N] = mul(b, 3.0f32)\n  return r\n"),
                program("p: bool[N]) -> (f32[N])", "  r: f32[N] = select(p, -6.0f32, -0.0f32)\n  return r\n"), "choice of constants"},
        Rewrite{"sum_of_repeated_values",
                program("s: f32) -> (f32)", "  b: f32[N] = broadcast{dims [N]}(s)\n  r: f32 = reduce{kind sum; axes 0}(b)\n  return r\n"),
                program("s: f32) -> (f32)", "  n: f32 = dim_value{elem f32; extent N}()\n  r: f32 = mul(s, n)\n  return r\n"),
                "sum of repeated values", false},
        Rewrite{"fused_multiply_add",
                program("x: f32[N], y: f32[N], z: f32[N]) -> (f32[N])", "  p: f32[N] = mul(x, y)\n  r: f32[N] = sub(z, p)\n  return r\n"),
                program("x: f32[N], y: f32[N], z: f32[N]) -> (f32[N])", "  m: f32[N] = neg(x)\n  r: f32[N] = fma(m, y, z)\n  return r\n"), "fma",
                false}),
    [](const auto& info) { return info.param.name; });

std::string withoutOrder(std::string text) {
  for (const std::string order : {"; order lanes", "; order seq"})
    for (std::size_t at = text.find(order); at != std::string::npos; at = text.find(order)) text.erase(at, order.size());
  return text;
}

// Examples of the table, and their gradients: exact rules keep every bit, the others stay close.
class Meaning : public testing::TestWithParam<Op> {};

TEST_P(Meaning, IsKept) {
  const Module module = readModule(withoutOrder(std::string(core::opRow(GetParam()).example)));
  ASSERT_EQ(module.fns.size(), 1u);
  std::vector<Fn> fns{module.fns[0]};
  // A cotangent of a size that is born inside cannot be a parameter.
  const auto isGiven = [&](Dim::Variable v) { return std::ranges::find(fns[0].dimParams, v) != fns[0].dimParams.end(); };
  bool differentiable = !floatParams(fns[0]).empty() && !floatResults(fns[0]).empty();
  for (const core::Type& t : fns[0].resultTypes)
    for (const Dim& d : t.dims) differentiable = differentiable && std::ranges::all_of(d.variables(), isGiven);
  if (differentiable) fns.push_back(withVjp(fns[0]));
  const std::vector<std::int64_t> dims{3};
  for (Fn fn : fns) {
    Module own = module;
    // Some rows have no derivative; their values are tested all the same.
    if (!differentiate(own, fn)) continue;
    Fn exact = fn, full = fn;
    EXPECT_FALSE(simplifyReported(exact, true).reassociated);
    const bool reassociated = simplifyReported(full).reassociated;
    expectVerified(own, exact, {.transformed = true}, "simplify (exact)");
    expectVerified(own, full, {.transformed = true}, "simplify");
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      const std::vector<Array> operands = randomOperands(fn, dims, seed);
      const auto before = core::interpret(fn, dims, operands), a = core::interpret(exact, dims, operands), b = core::interpret(full, dims, operands);
      EXPECT_EQ(before.failedSite, a.failedSite);
      EXPECT_EQ(before.failedSite, b.failedSite);
      for (std::size_t i = 0; i < before.results.size(); ++i) {
        EXPECT_TRUE(before.results[i].sameBits(a.results[i])) << "result " << i << "\n" << core::print(fn) << core::print(exact);
        if (reassociated) {
          // A badly conditioned system makes more of a rounding.
          EXPECT_LT(distance(before.results[i], b.results[i]), GetParam() == Op::Solve ? 1e-3 : 1e-5) << "result " << i << "\n" << core::print(full);
        } else {
          EXPECT_TRUE(before.results[i].sameBits(b.results[i])) << "result " << i;
        }
      }
    }
  }
}

std::vector<Op> allOps() {
  std::vector<Op> ops;
  for (const core::OpRow& row : core::opTable()) ops.push_back(row.op);
  return ops;
}

INSTANTIATE_TEST_SUITE_P(Table, Meaning, testing::ValuesIn(allOps()), [](const auto& info) { return std::string(core::opName(info.param)); });

TEST(Simplify, ChecksStayWhenTheirValueIsDead) {
  Module module = readModule(
      "site 0 \"range\"\nfn f(N; x: f32[N], i: i32) -> (f32) {\n  c: bool = lt(i, 2i32)\n  check{site 0}(c)\n  g: f32 = gather{axes 0}(x, i)\n"
      "  return 1.0f32\n}\n");
  Fn& fn = module.fns.at(0);
  simplifyReported(fn);
  EXPECT_EQ(countOps(fn, Op::Check), 1);
  EXPECT_EQ(countOps(fn, Op::Gather), 0);
}

TEST(Simplify, NanReachesTheResult) {
  // 0 · x is not 0, x - x is not 0, and a select keeps its NaN.
  Module module = readModule("fn f(N; x: f32[N]) -> (f32[N], f32[N]) {\n  a: f32[N] = mul(x, 0.0f32)\n  b: f32[N] = sub(x, x)\n  return a, b\n}\n");
  Fn& fn = module.fns.at(0);
  simplifyReported(fn);
  Array x(core::Elem::F32, {1});
  x.set(0, core::Literal::ofDouble(core::Elem::F32, std::nan("")));
  for (const Array& r : core::interpret(fn, std::vector<std::int64_t>{1}, std::vector<Array>{x}).results) EXPECT_TRUE(std::isnan(r.at(0).toDouble()));
}

// Exact rules at the values where they could go wrong: every pair of them, in both element types.
TEST(Simplify, SpecialValuesKeepTheirBits) {
  struct Values {
    core::Elem elem;
    std::string name, point;
    std::vector<core::Literal> values;
  };
  const auto f32 = [](double v) { return core::Literal::ofDouble(core::Elem::F32, v); };
  const auto i32 = [](std::int64_t v) { return core::Literal::ofInt(core::Elem::I32, v); };
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<Values> types{
      {core::Elem::F32, "f32", ".0", {f32(0.0), f32(-0.0), f32(1.0), f32(-3.0), f32(0.1), f32(inf), f32(-inf), f32(std::nan("")), f32(3e38)}},
      {core::Elem::I32, "i32", "", {i32(0), i32(1), i32(-1), i32(7), i32(INT32_MIN), i32(INT32_MIN + 1), i32(INT32_MAX)}}};
  std::vector<std::string> bodies;
  for (const std::string e :
       {"add(x, zero)", "add(zero, x)", "sub(x, zero)", "sub(zero, x)", "mul(x, zero)", "mul(zero, x)", "mul(x, one)", "mul(one, x)", "div(x, one)",
        "div(x, three)", "div(x, four)", "div(zero, x)", "sub(x, x)", "div(x, x)", "min(x, x)", "max(x, x)"})
    bodies.push_back("  r: E[N] = " + e + "\n");
  for (const std::string op : {"add", "sub", "mul", "div", "min"})
    for (const std::string args : {"(a, b)", "(x, b)", "(a, y)", "(a, three)"})
      bodies.push_back("  a: E[N] = neg(x)\n  b: E[N] = neg(y)\n  r: E[N] = " + op + args + "\n");
  for (const std::string op : {"neg", "abs"})
    for (const std::string arg : {"neg(x)", "abs(x)", "sub(x, y)"}) bodies.push_back("  a: E[N] = " + arg + "\n  r: E[N] = " + op + "(a)\n");
  for (const std::string op : {"eq", "ne", "lt", "le", "gt", "ge"})
    bodies.push_back("  p: bool[N] = " + op + "(x, x)\n  r: E[N] = select(p, x, y)\n");
  for (const Values& type : types) {
    const std::size_t count = type.values.size();
    const std::vector<std::int64_t> dims{static_cast<std::int64_t>(count * count)};
    std::vector<Array> operands(2, Array(type.elem, dims));
    for (std::size_t i = 0; i < count * count; ++i) {
      operands[0].set(static_cast<std::int64_t>(i), type.values[i / count]);
      operands[1].set(static_cast<std::int64_t>(i), type.values[i % count]);
    }
    for (const std::string& body : bodies) {
      std::string text = replaceWord(program("x: E[N], y: E[N]) -> (E[N])", body + "  return r\n"), "E", type.name);
      for (const auto& [word, digits] : {std::pair{"zero", "0"}, {"one", "1"}, {"three", "3"}, {"four", "4"}})
        text = replaceWord(text, word, digits + type.point + type.name);
      const Module module = readModule(text);
      Fn fn = module.fns.at(0);
      simplifyReported(fn, true);
      const auto before = core::interpret(module.fns[0], dims, operands), after = core::interpret(fn, dims, operands);
      EXPECT_TRUE(before.results.at(0).sameBits(after.results.at(0))) << core::print(module.fns[0]) << core::print(fn);
    }
  }
}

}  // namespace
}  // namespace fedc::transform
