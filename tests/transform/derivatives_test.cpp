#include <algorithm>

#include "compiler/transform/differentiate.h"
#include "tests/transform/core_testing.h"

// Every row with a derivative, by its own example in f64 and by further forms: reverse mode against finite differences, and against forward mode.
namespace fedc::transform {
namespace {

using core::Array;
using core::Fn;
using core::Module;
using core::Op;
using core::OpRow;

const std::vector<std::int64_t> kDims{3};

struct Form {
  Op op;
  std::string text;
};

// Forms of the ops that their examples do not show.
std::vector<Form> furtherForms() {
  const auto fn = [](Op op, std::string params, std::string results, std::string body) {
    return Form{op, "fn example(N; " + params + ") -> (" + results + ") {\n" + body + "}\n"};
  };
  std::vector<Form> forms{
      fn(Op::Mul, "x: f64[N]", "f64[N]", "  r: f64[N] = mul(x, x)\n  return r\n"),
      fn(Op::Sub, "x: f64[N]", "f64[N]", "  r: f64[N] = sub(1.0f64, x)\n  return r\n"),
      fn(Op::Div, "x: f64[N]", "f64[N]", "  r: f64[N] = div(1.0f64, x)\n  return r\n"),
      fn(Op::Pow, "x: f64[N]", "f64[N]", "  r: f64[N] = pow(x, 3.0f64)\n  return r\n"),
      fn(Op::Convert, "x: f64[N]", "f64[N]", "  a: f32[N] = convert{elem f32}(x)\n  r: f64[N] = convert{elem f64}(a)\n  return r\n"),
      fn(Op::Select, "p: bool[N], x: f64[N]", "f64[N]", "  r: f64[N] = select(p, x, 0.5f64)\n  return r\n"),
      fn(Op::Broadcast, "x: f64[N]", "f64[3, N, 2]", "  r: f64[3, N, 2] = broadcast{axes 1; dims [3, N, 2]}(x)\n  return r\n"),
      fn(Op::Broadcast, "x: f64", "f64[3, N]", "  r: f64[3, N] = broadcast{dims [3, N]}(x)\n  return r\n"),
      fn(Op::Slice, "x: f64[9, 2]", "f64[3, 1]", "  r: f64[3, 1] = slice{dims [3, 1]; starts [1, 1]; strides 3,1}(x)\n  return r\n"),
      fn(Op::UpdateSlice, "x: f64[4], i: i32", "f64[4]",
         "  a: f64[2] = slice{dims [2]; starts [0]}(x)\n  r: f64[4] = update_slice(x, a, i)\n  return r\n"),
      fn(Op::Pad, "x: f64[N], v: f64", "f64[N + 3]", "  r: f64[N + 3] = pad{dims [1]; starts [2]}(x, v)\n  return r\n"),
      fn(Op::Concat, "x: f64[2, N], y: f64[2, 3]", "f64[2, N + 5]",
         "  a: f64[2, 2] = slice{dims [2, 2]; starts [0, 0]}(y)\n  r: f64[2, N + 5] = concat{axes 1}(x, y, a)\n  return r\n"),
      fn(Op::Reduce, "x: f64[N, 3, 2]", "f64[3]", "  r: f64[3] = reduce{kind prod; axes 2,0}(x)\n  return r\n"),
      fn(Op::Reduce, "x: f64[N, 3]", "f64[N]", "  r: f64[N] = reduce{kind max; axes 1}(x)\n  return r\n"),
      fn(Op::Reduce, "x: f64[N, 3], i: f64[3]", "f64[3]", "  r: f64[3] = reduce{kind min; axes 0}(x, i)\n  return r\n"),
      fn(Op::Reduce, "x: f64[N, 3], i: f64[3]", "f64[3]", "  r: f64[3] = reduce{kind prod; axes 0}(x, i)\n  return r\n"),
      fn(Op::ArgReduce, "x: f64[N, 3, 2]", "f64[3], i32[3]", "  v: f64[3], i: i32[3] = arg_reduce{kind min; axes 0,2}(x)\n  return v, i\n"),
      fn(Op::Contract, "a: f64[3, N, 2], b: f64[2, 4, 3]", "f64[N, 4]", "  r: f64[N, 4] = contract{axes 2,0; rhs 0,2}(a, b)\n  return r\n"),
      fn(Op::Contract, "a: f64[3, N, 2], b: f64[2, 4, 3], i: f64[2, N, 3, 4]", "f64[2, N, 3, 4]",
         "  t: f64[2, 3, 4] = transpose{axes 0,2,1}(b)\n  p: f64[2, 3, N] = transpose{axes 2,0,1}(a)\n"
         "  q: f64[2, N, 3] = transpose{axes 0,2,1}(p)\n  s: f64[2, N] = reduce{kind sum; axes 2}(q)\n"
         "  r: f64[2, N, 3, 4] = contract{batch 0; rhs_batch 0}(s, t, i)\n  return r\n"),
      fn(Op::Contract, "x: f64[N]", "f64", "  r: f64 = contract{axes 0; rhs 0}(x, x)\n  return r\n"),
      fn(Op::Gather, "x: f64[3, N, 2], i: i32[3, 5]", "f64[3, 5, 2]", "  r: f64[3, 5, 2] = gather{axes 1; batch 1}(x, i)\n  return r\n"),
      fn(Op::Gather, "x: f64[2, N], i: i32", "f64[2]", "  r: f64[2] = gather{axes 1}(x, i)\n  return r\n"),
      fn(Op::Scatter, "x: f64[N, 2], i: i32[5], u: f64[5, 2]", "f64[N, 2]", "  r: f64[N, 2] = scatter{axes 0; mode set}(x, i, u)\n  return r\n"),
      fn(Op::Scatter, "x: f64[2, N], i: i32[2, 5], u: f64[2, 5]", "f64[2, N]",
         "  r: f64[2, N] = scatter{axes 1; batch 1; mode set}(x, i, u)\n  return r\n"),
      fn(Op::Scatter, "x: f64[2, N, 2], i: i32[2, 5], u: f64[2, 5, 2]", "f64[2, N, 2]",
         "  r: f64[2, N, 2] = scatter{axes 1; batch 1; mode add}(x, i, u)\n  return r\n"),
      fn(Op::Pick, "x: f64[2, N, 3], i: i32[2, N]", "f64[2, N]", "  r: f64[2, N] = pick(x, i)\n  return r\n"),
      fn(Op::Sort, "x: f64[3, N], y: f64[3, N]", "f64[3, N], f64[3, N]", "  a: f64[3, N], b: f64[3, N] = sort{axes 0}(x, y)\n  return a, b\n"),
      fn(Op::Solve, "a: f64[2, 3, 3], b: f64[2, 3, N]", "f64[2, 3, N]",
         "  s: f64[2, 3, 3] = contract{axes 2; rhs 2; batch 0; rhs_batch 0}(a, a)\n  r: f64[2, 3, N] = solve(s, b)\n  return r\n"),
  };
  // Of several operands; of none that the result depends on alone.
  forms.push_back({Op::NativeMap,
                   "native \"curved\" = \"curved\"(f64 0, f64 0) -> f64 0 derivative fn d(; a: f64, x: f64) -> (f64, f64) {\n  p: f64 = mul(x, x)\n"
                   "  b: f64 = mul(a, x)\n  q: f64 = mul(b, 2.0f64)\n  return p, q\n}\n"
                   "fn example(N; a: f64[2, N, 2], x: f64[2, N, 2]) -> (f64[2, N, 2]) {\n  r: f64[2, N, 2] = native_map{native \"curved\"}(a, x)\n  "
                   "return r\n}\n"});
  forms.push_back({Op::NativeMap,
                   "native \"curved\" = \"curved\"(f64 0, f64 0) -> f64 0 derivative fn d(; a: f64, x: f64) -> (f64, f64) {\n  p: f64 = mul(x, x)\n"
                   "  b: f64 = mul(a, x)\n  q: f64 = mul(b, 2.0f64)\n  return p, q\n}\n"
                   "fn example(N; a: f64, x: f64[N]) -> (f64) {\n  c: f64 = loop t < N carry (s: f64 = a) each (y: f64 in x) {\n"
                   "    m: f64 = native_map{native \"curved\"}(s, y)\n    next (m)\n  }\n  return c\n}\n"});
  forms.push_back(
      {Op::NativeCall,
       "native \"outer\" = \"outer\"(f64 1, f64 1) -> f64 2 derivative fn d(N, M; a: f64[N], b: f64[M], g: f64[N, M]) -> (f64[N], f64[M]) {\n"
       "  p: f64[N] = contract{axes 1; rhs 0}(g, b)\n  q: f64[M] = contract{axes 0; rhs 0}(a, g)\n  return p, q\n}\n"
       "fn example(N; a: f64[N], b: f64[4]) -> (f64[N, 4]) {\n  r: f64[N, 4] = native{dims [N, 4]; native \"outer\"}(a, b)\n  return r\n}\n"});
  for (const std::string kind : {"sum", "prod", "max", "min"})
    for (const std::string reversed : {"", "; reversed"})
      forms.push_back(fn(Op::Cumulative, "x: f64[3, N, 2]", "f64[3, N, 2]",
                         "  r: f64[3, N, 2] = cumulative{kind " + kind + "; axes 1" + reversed + "}(x)\n  return r\n"));
  return forms;
}

bool isDifferentiable(const OpRow& row) {
  return !std::holds_alternative<core::Structural>(row.derivative) && !std::holds_alternative<core::NotDifferentiable>(row.derivative) &&
         !std::holds_alternative<core::NoDerivative>(row.derivative);
}

// Orders are written by a later pass.
std::string withoutOrder(std::string text) {
  for (const std::string order : {"; order lanes", "; order seq"})
    for (std::size_t at = text.find(order); at != std::string::npos; at = text.find(order)) text.erase(at, order.size());
  return text;
}

std::vector<Form> allForms() {
  std::vector<Form> forms = furtherForms();
  for (const OpRow& row : core::opTable())
    if (isDifferentiable(row) || row.op == Op::NativeMap || row.op == Op::NativeCall)
      forms.push_back({row.op, withoutOrder(replaceWord(std::string(row.example), "f32", "f64"))});
  return forms;
}

class Derivatives : public testing::TestWithParam<Form> {};

TEST_P(Derivatives, AgreeWithFiniteDifferencesAndEachOther) {
  const Module module = readModule(GetParam().text);
  ASSERT_EQ(module.fns.size(), 1u);
  // The example of `convert` gives an integer; its further form is tested.
  if (GetParam().op == Op::Convert && floatResults(module.fns[0]).empty()) return;
  expectDerivatives(module, module.fns[0], kDims);
}

// The derivative of the derivative: each rule is made of ops that have rules.
TEST_P(Derivatives, OfDerivativesAgreeToo) {
  const Op op = GetParam().op;
  const Module module = readModule(GetParam().text);
  ASSERT_EQ(module.fns.size(), 1u);
  // lgamma's derivative is digamma, whose derivative is no op.
  if (op == Op::Lgamma || (op == Op::Convert && floatResults(module.fns[0]).empty())) return;
  expectDerivatives(module, withVjp(module.fns[0]), kDims, 1e-6);
}

std::string nameOf(const testing::TestParamInfo<Form>& info) { return std::string(core::opName(info.param.op)) + "_" + std::to_string(info.index); }

INSTANTIATE_TEST_SUITE_P(Table, Derivatives, testing::ValuesIn(allForms()), nameOf);

TEST(DerivativeTable, EveryRowHasADerivativeOrAReason) {
  for (const OpRow& row : core::opTable()) {
    if (const auto* none = std::get_if<core::NoDerivative>(&row.derivative)) {
      EXPECT_FALSE(none->reason.empty()) << core::opName(row.op);
    }
    if (std::holds_alternative<core::Structural>(row.derivative)) {
      EXPECT_TRUE(row.op == Op::Loop || row.op == Op::Cond || row.op == Op::NativeMap || row.op == Op::NativeCall ||
                  row.lowering == core::Lowering::Removed)
          << core::opName(row.op);
    }
  }
}

// An op that makes floats of floats and has no case in rules_*.cpp would silently be a constant.
TEST(DerivativeTable, WhatMakesFloatsOfFloatsHasADerivative) {
  for (const OpRow& row : core::opTable()) {
    if (!std::holds_alternative<core::NotDifferentiable>(row.derivative) || row.op == Op::StopGradient || row.op == Op::Bitcast) continue;
    const Module module = readModule(withoutOrder(std::string(row.example)));
    const Fn& fn = module.fns.at(0);
    for (const core::Stmt& s : fn.body) {
      if (s.op != row.op) continue;
      const bool in = std::ranges::any_of(s.args, [&](const core::Atom& a) { return !a.isLiteral && core::isFloat(fn.typeOf(a.var).elem); });
      const bool out = std::ranges::any_of(s.results, [&](core::Var v) { return core::isFloat(fn.typeOf(v).elem); });
      EXPECT_FALSE(in && out) << core::opName(row.op) << ": give its derivative, or NoDerivative with the reason, in rules_*.cpp";
    }
  }
}

TEST(DerivativeTable, AnOpWithoutDerivativeIsAnErrorThatNamesIt) {
  for (const OpRow& row : core::opTable()) {
    if (!std::holds_alternative<core::NoDerivative>(row.derivative)) continue;
    Module module = readModule(withoutOrder(replaceWord(std::string(row.example), "f32", "f64")));
    Fn reverse = withVjp(module.fns.at(0)), forward = withJvp(module.fns.at(0));
    for (Fn* fn : {&reverse, &forward}) {
      const auto done = differentiate(module, *fn);
      ASSERT_FALSE(done.has_value()) << core::opName(row.op);
      EXPECT_EQ(done.error().code, Code::NoDerivative);
      EXPECT_NE(done.error().message.find(core::opName(row.op)), std::string::npos) << done.error().message;
    }
  }
}

TEST(DerivativeTable, StopGradientMakesAnOpWithoutDerivativeConstant) {
  Module module =
      readModule("fn f(; x: f64[3]) -> (f64[3]) {\n  s: f64[3] = floor(x)\n  c: f64[3] = stop_gradient(s)\n  r: f64[3] = mul(c, x)\n  return r\n}\n");
  Fn fn = withVjp(module.fns.at(0));
  const auto done = differentiate(module, fn);
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(countOps(fn, Op::StopGradient), 0);
}

struct Convention {
  std::string name;
  // A function of x: f64[2].
  std::string body;
  std::vector<double> x;
  std::vector<double> gradient;
};

class Conventions : public testing::TestWithParam<Convention> {};

TEST_P(Conventions, Hold) {
  const Convention& c = GetParam();
  Module module = readModule("fn f(; x: f64[2]) -> (f64) {\n" + c.body + "  return r\n}\n");
  Fn fn = withVjp(module.fns.at(0));
  const auto done = differentiate(module, fn);
  ASSERT_TRUE(done.has_value()) << done.error().message;
  Array x(core::Elem::F64, {2});
  for (std::size_t i = 0; i < 2; ++i) x.asMutable<double>()[i] = c.x[i];
  const std::vector<Array> out = core::interpret(fn, {}, std::vector<Array>{x, Array::scalar(core::Literal::one(core::Elem::F64))}).results;
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(out.at(1).as<double>()[i], c.gradient[i]) << i;
}

INSTANTIATE_TEST_SUITE_P(
    Fixed, Conventions,
    testing::Values(Convention{"relu",
                               "  p: bool[2] = le(x, 0.0f64)\n  y: f64[2] = select(p, 0.0f64, x)\n  r: f64 = reduce{kind sum; axes 0}(y)\n",
                               {0.0, 2.0},
                               {0.0, 1.0}},
                    Convention{"abs", "  y: f64[2] = abs(x)\n  r: f64 = reduce{kind sum; axes 0}(y)\n", {0.0, -2.0}, {0.0, -1.0}},
                    Convention{
                        "norm", "  y: f64[2] = mul(x, x)\n  s: f64 = reduce{kind sum; axes 0}(y)\n  r: f64 = sqrt(s)\n", {0.0, 0.0}, {0.0, 0.0}},
                    Convention{"tied_max", "  r: f64 = reduce{kind max; axes 0}(x)\n", {3.0, 3.0}, {0.5, 0.5}},
                    Convention{"binary_max", "  y: f64[2] = max(x, 1.0f64)\n  r: f64 = reduce{kind sum; axes 0}(y)\n", {1.0, 2.0}, {0.5, 1.0}},
                    Convention{"first_of_arg_max", "  r: f64, i: i32 = arg_reduce{kind max; axes 0}(x)\n", {3.0, 3.0}, {1.0, 0.0}},
                    Convention{"product_with_a_zero", "  r: f64 = reduce{kind prod; axes 0}(x)\n", {0.0, 3.0}, {3.0, 0.0}},
                    Convention{"power_at_zero", "  y: f64[2] = pow(x, 2.0f64)\n  r: f64 = reduce{kind sum; axes 0}(y)\n", {0.0, 3.0}, {0.0, 6.0}}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace fedc::transform
