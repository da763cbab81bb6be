#include <cmath>
#include <map>

#include "compiler/core/op_table.h"
#include "compiler/core/text.h"
#include "tests/codegen/native_support.h"
#include "tests/native_functions.h"

namespace fedc::testing {
namespace {

/// Random arguments of a function's types, small non-negative integers so that indices are sometimes inside and sometimes not.
std::vector<core::Array> argumentsOf(const core::Fn& fn, const std::vector<std::int64_t>& dims, std::uint64_t seed, bool odd) {
  std::vector<core::Array> out;
  for (core::Var v : fn.params) {
    const core::Type& t = fn.typeOf(v);
    std::vector<std::int64_t> shape;
    for (const Dim& d : t.dims)
      shape.push_back(d.evaluate([&](Dim::Variable x) {
        for (std::size_t i = 0; i < fn.dimParams.size(); ++i)
          if (fn.dimParams[i] == x) return dims[i];
        return std::int64_t{0};
      }));
    out.push_back(randomArray(t.elem, shape, seed + v, odd, 5));
  }
  return out;
}

class EveryOp : public ::testing::TestWithParam<core::Op> {};

TEST_P(EveryOp, ExampleIsTheSameNatively) {
  const core::OpRow& row = core::opRow(GetParam());
  if (row.lowering == core::Lowering::Removed) GTEST_SKIP() << "removed by differentiate";
  auto module = core::read(row.example);
  ASSERT_TRUE(module) << module.error();
  tests::bindNatives(*module);
  for (std::size_t f = 0; f < module->fns.size(); ++f) {
    const core::Fn& fn = module->fns[f];
    // Examples of shape operations take parts of fixed size.
    const std::vector<std::int64_t> sizes =
        core::isElementwise(GetParam()) ? std::vector<std::int64_t>{0, 1, 7, 35} : std::vector<std::int64_t>{6, 17, 35};
    for (std::int64_t n : sizes) {
      const std::vector<std::int64_t> dims(fn.dimParams.size(), n);
      SCOPED_TRACE(n);
      const auto number = static_cast<std::size_t>(GetParam()) + static_cast<std::size_t>(n);
      const std::vector<Variant> all = allVariants();
      expectAgreement(*module, f, dims, argumentsOf(fn, dims, 11, false),
                      n == 35 ? someVariants(number, 3) : std::vector<Variant>{all[number % all.size()]});
      expectAgreement(*module, f, dims, argumentsOf(fn, dims, 12, true), {all[(number + 3) % all.size()]});
      if (HasFailure()) return;
    }
  }
}

// What lies beyond the end of a row reads as zero, which does not hold here.
TEST(Checks, LanesBeyondTheEndAreNotAsked) {
  auto module = core::read(
      "site 0 \"positive\"\nfn f(N; x: f32[N]) -> (f32[N]) {\n  c: bool[N] = gt(x, 0.0f32)\n  check{site 0}(c)\n  r: f32[N] = exp(x)\n  return "
      "r\n}\n");
  ASSERT_TRUE(module) << module.error();
  for (std::int64_t n : {1, 5, 16, 21, 37}) {
    core::Array x(core::Elem::F32, {n});
    for (std::int64_t i = 0; i < n; ++i) x.set(i, core::Literal::ofDouble(core::Elem::F32, 0.5));
    expectAgreement(*module, 0, {n}, {x});
    x.set(n - 1, core::Literal::ofDouble(core::Elem::F32, -1));
    expectAgreement(*module, 0, {n}, {x}, {allVariants()[0]});
  }
}

/// Numbers at which element types part: signs, both ends of the range, shifts by the width, NaN.
std::vector<core::Literal> edges(core::Elem elem) {
  std::vector<core::Literal> out;
  if (core::isFloat(elem)) {
    for (double v : {0.0, -0.0, 1.0, -1.0, 0.1, -2.5, 7.0, 255.5, 65504.0, 3e9, -3e9, double{INFINITY}, -double{INFINITY}, double{NAN}})
      out.push_back(core::Literal::ofDouble(elem, v));
  } else if (elem == core::Elem::Bool) {
    out = {core::Literal::ofBool(false), core::Literal::ofBool(true)};
  } else {
    const std::int64_t bits = 8 * core::elemBytes(elem);
    const auto top = static_cast<std::int64_t>(std::uint64_t{1} << (bits - 1));
    for (std::int64_t v : {std::int64_t{0}, std::int64_t{1}, std::int64_t{2}, std::int64_t{3}, std::int64_t{7}, bits - 1, bits, bits + 1,
                           std::int64_t{-1}, std::int64_t{-2}, std::int64_t{-7}, top, top + 1})
      out.push_back(core::Literal::ofInt(elem, v));
  }
  return out;
}

class EveryType : public ::testing::TestWithParam<core::Op> {};

/// An elementwise op on every element type that it takes (`convert` and `bitcast`: to every one), in one function: every edge meets every other.
TEST_P(EveryType, EdgesAreTheSameNatively) {
  using core::Elem;
  const core::OpRow& row = core::opRow(GetParam());
  core::Module module;
  core::Fn fn;
  fn.name = core::opName(row.op);
  const Dim::Variable n = fn.newDim("N");
  fn.dimParams = {n};
  constexpr std::int64_t kPoints = 14 * 14;
  std::vector<core::Array> arguments;
  std::map<std::pair<Elem, int>, core::Var> params;
  const auto param = [&](Elem elem, int operand) {
    const auto [at, isNew] = params.try_emplace({elem, operand});
    if (isNew) {
      at->second = fn.newVar(core::Type{elem, {Dim::variable(n)}});
      fn.params.push_back(at->second);
      const std::vector<core::Literal> values = edges(elem);
      core::Array a(elem, {kPoints});
      for (std::int64_t i = 0; i < kPoints; ++i) {
        const std::int64_t number = operand == 0 ? i : operand == 1 ? i / 14 : i * 5 + i / 14;
        a.set(i, values[static_cast<std::size_t>(number) % values.size()]);
      }
      arguments.push_back(std::move(a));
    }
    return core::Atom::of(at->second);
  };
  const bool chosen = row.op == core::Op::Convert || row.op == core::Op::Bitcast;
  for (int e = 0; e < core::kElemCount; ++e) {
    for (int to = 0; to < (chosen ? core::kElemCount : 1); ++to) {
      const auto hasValues = [](Elem x) { return x != Elem::Str && x != Elem::Key; };
      if (!hasValues(static_cast<Elem>(e)) || (chosen && !hasValues(static_cast<Elem>(to)))) continue;
      core::Stmt s;
      s.op = row.op;
      if (chosen) s.attrs.elem = static_cast<Elem>(to);
      core::Fn probe = fn;
      for (int i = 0; i < row.minOperands; ++i) {
        const Elem elem = row.op == core::Op::Select && i == 0 ? Elem::Bool : static_cast<Elem>(e);
        s.args.push_back(core::Atom::of(probe.newVar(core::Type{elem, {Dim::variable(n)}})));
      }
      std::vector<core::Type> results;
      if (core::inferTypes(probe, s, results)) continue;
      for (int i = 0; i < row.minOperands; ++i)
        s.args[static_cast<std::size_t>(i)] = param(probe.typeOf(s.args[static_cast<std::size_t>(i)].var).elem, i);
      s.results = {fn.newVar(results[0])};
      fn.results.push_back(core::Atom::of(s.results[0]));
      fn.resultTypes.push_back(results[0]);
      fn.body.push_back(std::move(s));
    }
  }
  ASSERT_FALSE(fn.body.empty());
  module.fns.push_back(std::move(fn));
  expectAgreement(module, 0, {kPoints}, arguments, {allVariants()[static_cast<std::size_t>(GetParam()) % allVariants().size()]});
}

std::vector<core::Op> elementwiseOps() {
  std::vector<core::Op> out;
  for (const core::OpRow& row : core::opTable())
    if (core::isElementwise(row.op)) out.push_back(row.op);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Table, EveryType, ::testing::ValuesIn(elementwiseOps()), [](const auto& i) { return std::string(core::opName(i.param)); });

std::vector<core::Op> allOps() {
  std::vector<core::Op> out;
  for (int i = 0; i < core::kOpCount; ++i) out.push_back(static_cast<core::Op>(i));
  return out;
}

INSTANTIATE_TEST_SUITE_P(Table, EveryOp, ::testing::ValuesIn(allOps()), [](const auto& i) { return std::string(core::opName(i.param)); });

}  // namespace
}  // namespace fedc::testing
