// Walks the op table: every op has a doc and an example that reads, verifies, prints back identically and runs.

#include "compiler/core/op_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "compiler/core/interpret.h"
#include "compiler/core/native.h"
#include "compiler/core/text.h"
#include "tests/native_functions.h"
#include "tests/some_strings.h"

namespace fedc::core {
namespace {

bool isTransform(Op op) { return op == Op::Vjp || op == Op::Jvp || op == Op::Vmap || op == Op::Checkpoint; }

bool mentions(const std::vector<Stmt>& stmts, Op op) {
  for (const Stmt& s : stmts) {
    if (s.op == op) return true;
    for (const Region& r : s.regions) {
      if (mentions(r.stmts, op)) return true;
    }
  }
  return false;
}

/// Small different numbers, valid for every element type.
Array ramp(const Type& t, const std::vector<std::int64_t>& dims) {
  std::vector<std::int64_t> shape;
  for (const Dim& d : t.dims) shape.push_back(d.evaluate([&](Dim::Variable v) { return dims[v]; }));
  Array a(t.elem, shape);
  for (std::int64_t i = 0; i < a.count(); ++i) {
    Literal l = isFloat(t.elem) ? Literal::ofDouble(t.elem, 0.25 + 0.125 * static_cast<double>(i * 7 % 11))
                                : Literal{t.elem, static_cast<std::uint64_t>(i * 5 % 3)};
    if (t.elem == Elem::Bool) l = Literal::ofBool(i % 2 == 0);
    if (t.elem == Elem::Str) l = testing::someString(static_cast<std::uint64_t>(i));
    a.set(i, l);
  }
  return a;
}

class OpTable : public ::testing::TestWithParam<int> {};

TEST_P(OpTable, ExampleReadsVerifiesPrintsBackAndRuns) {
  const OpRow& row = opTable()[static_cast<std::size_t>(GetParam())];
  EXPECT_FALSE(row.doc.empty());
  EXPECT_TRUE(row.infer);
  auto module = read(row.example);
  ASSERT_TRUE(module.has_value()) << module.error() << "\n" << row.example;
  tests::bindNatives(*module);
  ASSERT_EQ(module->fns.size(), 1u);
  const Fn& fn = module->fns[0];
  EXPECT_TRUE(mentions(fn.body, row.op)) << row.example;
  VerifyOptions options;
  options.ordered = !isTransform(row.op);
  EXPECT_EQ(verify(*module, options), std::nullopt);
  EXPECT_EQ(print(*module), row.example);
  if (isTransform(row.op)) return;
  const std::int64_t n = 5;
  ASSERT_EQ(fn.dimParams.size(), 1u);
  std::vector<std::int64_t> dims(fn.dims.size(), 0);
  dims[fn.dimParams[0]] = n;
  std::vector<Array> params;
  for (Var v : fn.params) params.push_back(ramp(fn.typeOf(v), dims));
  const InterpretResult out = interpret(fn, std::span(&n, 1), params);
  EXPECT_EQ(out.failedSite, std::nullopt);
  ASSERT_EQ(out.results.size(), fn.results.size());
  for (std::size_t i = 0; i < out.results.size(); ++i) EXPECT_EQ(out.results[i].elem(), fn.resultTypes[i].elem);
  // Twice the same bits.
  const InterpretResult again = interpret(fn, std::span(&n, 1), params);
  for (std::size_t i = 0; i < out.results.size(); ++i) EXPECT_TRUE(out.results[i].sameBits(again.results[i]));
}

INSTANTIATE_TEST_SUITE_P(Ops, OpTable, ::testing::Range(0, kOpCount),
                         [](const auto& info) { return std::string(opName(static_cast<Op>(info.param))); });

/// All programs that the type rules of the elementwise ops allow are built and run at a few points.
TEST(OpTable, EveryElementwiseProgramRuns) {
  int programs = 0;
  for (const OpRow& row : opTable()) {
    if (!isElementwise(row.op)) continue;
    for (int e = 0; e < kElemCount; ++e) {
      for (int r = 0; r < kElemCount; ++r) {
        Fn fn;
        Stmt s;
        s.op = row.op;
        const bool chosen = row.op == Op::Convert || row.op == Op::Bitcast;
        if (!chosen && r > 0) continue;
        if (chosen) s.attrs.elem = static_cast<Elem>(r);
        std::vector<Elem> elems;
        for (int i = 0; i < row.minOperands; ++i) {
          elems.push_back(row.op == Op::Select && i == 0 ? Elem::Bool : static_cast<Elem>(e));
          s.args.push_back(Atom::of(fn.newVar(Type{elems.back(), {Dim(3)}})));
        }
        std::vector<Type> results;
        if (inferTypes(fn, s, results)) continue;
        const ScalarProgram& p = scalarProgram(row.op, elems, results[0].elem);
        ASSERT_FALSE(p.code.empty());
        EXPECT_EQ(p.result, results[0].elem);
        for (std::size_t i = 0; i < p.code.size(); ++i) {
          const ScalarInstr& instr = p.code[i];
          if (instr.prim == Prim::Operand || instr.prim == Prim::Constant) continue;
          for (int operand : {instr.a, instr.b, instr.c}) EXPECT_LT(operand, static_cast<int>(i));
        }
        std::vector<Array> x;
        std::vector<const void*> pointers;
        for (Elem elem : elems) x.push_back(ramp(Type{elem, {Dim(3)}}, {}));
        for (const Array& a : x) pointers.push_back(a.data());
        const std::vector<std::int64_t> strides(x.size(), 1);
        Array out(results[0].elem, {3});
        runScalar(p, pointers, strides, out.mutableData(), 3);
        ++programs;
      }
    }
  }
  EXPECT_GT(programs, 500);
}

/// The columns by which a statement is refused: each row takes the attributes and the number of operands that it lists, and no others.
TEST(OpTable, EachRowRefusesWhatItDoesNotList) {
  const auto set = [](Attrs& a, AttrField f) {
    switch (f) {
      case AttrField::Axes: a.axes = {0}; break;
      case AttrField::RhsAxes: a.rhsAxes = {0}; break;
      case AttrField::Batch: a.batch = {0}; break;
      case AttrField::RhsBatch: a.rhsBatch = {0}; break;
      case AttrField::Dims: a.dims = {Dim(2)}; break;
      case AttrField::Starts: a.starts = {Dim(1)}; break;
      case AttrField::Strides: a.strides = {2}; break;
      case AttrField::Elem: a.elem = Elem::F32; break;
      case AttrField::Reduce: a.reduce = ReduceKind::Max; break;
      case AttrField::Order: a.order = Order{}; break;
      case AttrField::Scatter: a.scatter = ScatterMode::Set; break;
      case AttrField::Site: a.site = 1; break;
      case AttrField::Extent: a.extent = Dim(3); break;
      case AttrField::Defines: a.defines = 0; break;
      case AttrField::Reversed: a.reversed = true; break;
      case AttrField::Carries: a.carries = 1; break;
      case AttrField::Auxiliary: a.auxiliary = 1; break;
      case AttrField::Native: a.native = std::make_shared<Native>(); break;
    }
  };
  for (const OpRow& row : opTable()) {
    const auto module = read(row.example);
    ASSERT_TRUE(module.has_value()) << module.error();
    const Fn& fn = module->fns[0];
    const auto found = std::find_if(fn.body.begin(), fn.body.end(), [&](const Stmt& s) { return s.op == row.op; });
    ASSERT_NE(found, fn.body.end()) << opName(row.op);
    std::vector<Type> results;
    ASSERT_EQ(inferTypes(fn, *found, results), std::nullopt) << opName(row.op);
    for (int i = 0; i < kAttrFieldCount; ++i) {
      const AttrField f = static_cast<AttrField>(i);
      if (std::find(row.attributes.begin(), row.attributes.end(), f) != row.attributes.end()) continue;
      Stmt s = *found;
      set(s.attrs, f);
      const std::string name(opName(row.op));
      EXPECT_EQ(inferTypes(fn, s, results), "`" + name + "`: has no attribute `" + std::string(attrFieldName(f)) + "`") << name;
    }
    Stmt fewer = *found, more = *found;
    if (row.minOperands > 0) {
      fewer.args.resize(static_cast<std::size_t>(row.minOperands) - 1);
      EXPECT_NE(inferTypes(fn, fewer, results), std::nullopt) << opName(row.op);
    }
    if (row.maxOperands >= 0) {
      more.args.resize(static_cast<std::size_t>(row.maxOperands) + 1, Atom::of(Literal::one(Elem::F32)));
      EXPECT_NE(inferTypes(fn, more, results), std::nullopt) << opName(row.op);
    }
  }
}

/// What is computed again, hoisted and fused goes by the cost column: it says what the scalar program, or the way of lowering, says.
TEST(OpTable, CostsFollowProgramsAndLowerings) {
  for (const OpRow& row : opTable()) {
    SCOPED_TRACE(opName(row.op));
    if (!isElementwise(row.op)) {
      // A nest may be either.
      const bool isFree = row.lowering == Lowering::View || row.lowering == Lowering::Uniform;
      if (row.lowering != Lowering::Nest) {
        EXPECT_EQ(row.cost, isFree ? Cost::Cheap : Cost::Heavy);
      }
      continue;
    }
    EXPECT_NE(row.cost, Cost::Heavy);
    const auto module = read(row.example);
    ASSERT_TRUE(module.has_value()) << module.error();
    const Fn& fn = module->fns[0];
    const auto s = std::find_if(fn.body.begin(), fn.body.end(), [&](const Stmt& x) { return x.op == row.op; });
    ASSERT_NE(s, fn.body.end());
    std::vector<Elem> elems;
    for (const Atom& a : s->args) elems.push_back(a.isLiteral ? a.literal.elem : fn.typeOf(a.var).elem);
    int instructions = 0;
    bool hasRoot = false;
    for (const ScalarInstr& i : scalarProgram(row.op, elems, fn.typeOf(s->results[0]).elem).code) {
      instructions += i.prim != Prim::Constant && i.prim != Prim::Operand ? 1 : 0;
      hasRoot = hasRoot || i.prim == Prim::Sqrt;
    }
    EXPECT_EQ(row.cost == Cost::Transcendental, hasRoot || instructions > 15) << instructions << " instructions";
  }
}

}  // namespace
}  // namespace fedc::core
