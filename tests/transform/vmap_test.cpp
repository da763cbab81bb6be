#include "compiler/transform/differentiate.h"
#include "tests/transform/core_testing.h"

// The batching column: a mapped row of the table gives the bits of the row run for each row of its operands.
namespace fedc::transform {
namespace {

using core::Array;
using core::Fn;
using core::Module;
using core::Op;
using core::OpRow;

constexpr std::int64_t kRows = 4;
const std::vector<std::int64_t> kDims{3};

// Orders are written by a later pass.
std::string withoutOrder(std::string text) {
  for (const std::string order : {"; order lanes", "; order seq"})
    for (std::size_t at = text.find(order); at != std::string::npos; at = text.find(order)) text.erase(at, order.size());
  return text;
}

// The function mapped over every non-empty subset of its parameters.
void expectRowByRow(const std::string& text, std::vector<std::int64_t> dims = kDims) {
  Module module = readModule(text);
  ASSERT_EQ(module.fns.size(), 1u);
  const Fn fn = module.fns[0];
  Fn one = fn;
  ASSERT_TRUE(differentiate(module, one).has_value());
  if (fn.dimParams.empty()) dims.clear();
  const std::size_t params = fn.params.size();
  for (unsigned subset = 1; subset < (1u << params); ++subset) {
    std::vector<bool> mapped(params);
    for (std::size_t i = 0; i < params; ++i) mapped[i] = ((subset >> i) & 1u) != 0;
    Fn batched = withVmap(fn, mapped, kRows);
    expectVerified(module, batched, {}, "building vmap");
    const auto done = differentiate(module, batched);
    ASSERT_TRUE(done.has_value()) << done.error().message;
    expectVerified(module, batched, {.transformed = true}, "differentiate");
    std::vector<std::vector<Array>> rows;
    for (std::int64_t r = 0; r < kRows; ++r) rows.push_back(randomOperands(fn, dims, 5 + static_cast<std::uint64_t>(r)));
    std::vector<Array> operands;
    for (std::size_t i = 0; i < params; ++i) {
      std::vector<Array> stack;
      for (std::int64_t r = 0; r < kRows; ++r) {
        std::vector<Array>& row = rows[static_cast<std::size_t>(r)];
        if (!mapped[i]) row[i] = rows[0][i];
        stack.push_back(row[i]);
      }
      operands.push_back(mapped[i] ? stackOf(stack) : rows[0][i]);
    }
    const auto together = core::interpret(batched, dims, operands);
    bool anyFailed = false;
    for (std::int64_t r = 0; r < kRows; ++r) {
      const auto alone = core::interpret(one, dims, rows[static_cast<std::size_t>(r)]);
      anyFailed = anyFailed || alone.failedSite.has_value();
      ASSERT_EQ(alone.results.size(), together.results.size());
      for (std::size_t k = 0; k < alone.results.size(); ++k)
        EXPECT_TRUE(rowOf(together.results[k], r).sameBits(alone.results[k])) << "row " << r << ", result " << k << ", subset " << subset << "\n"
                                                                              << core::print(batched);
    }
    EXPECT_EQ(anyFailed, together.failedSite.has_value()) << core::print(batched);
  }
}

class Batching : public testing::TestWithParam<Op> {};

TEST_P(Batching, GivesTheBitsOfEachRow) {
  const OpRow& row = core::opRow(GetParam());
  expectRowByRow(withoutOrder(std::string(row.example)));
}

std::vector<Op> batchedOps() {
  std::vector<Op> ops;
  for (const OpRow& row : core::opTable()) {
    const bool transforms = row.lowering == core::Lowering::Removed;
    if (!std::holds_alternative<core::NoBatch>(row.batching) && !transforms) ops.push_back(row.op);
  }
  return ops;
}

INSTANTIATE_TEST_SUITE_P(Table, Batching, testing::ValuesIn(batchedOps()), [](const auto& info) { return std::string(core::opName(info.param)); });

TEST(BatchingForms, BeyondTheExamples) {
  const std::vector<std::string> forms{
      "fn f(; x: f32[5, 4], i: i32, j: i32) -> (f32[2, 1]) {\n  r: f32[2, 1] = dynamic_slice{dims [2, 1]}(x, i, j)\n  return r\n}\n",
      "fn f(; x: f32[5, 4], u: f32[2, 1], i: i32, j: i32) -> (f32[5, 4]) {\n  r: f32[5, 4] = update_slice(x, u, i, j)\n  return r\n}\n",
      "fn f(; x: f32[5, 4], u: f32[1, 4], i: i32) -> (f32[5, 4]) {\n  r: f32[5, 4] = update_slice(x, u, i, 0i32)\n  return r\n}\n",
      "fn f(; x: f32[4], i: i32) -> (f32) {\n  r: f32 = gather{axes 0}(x, i)\n  return r\n}\n",
      "fn f(; x: f32[2, 4], i: i32[2, 3]) -> (f32[2, 3]) {\n  r: f32[2, 3] = gather{axes 1; batch 1}(x, i)\n  return r\n}\n",
      "fn f(; x: f32[3, 4], i: i32[2]) -> (f32[3, 2]) {\n  r: f32[3, 2] = gather{axes 1}(x, i)\n  return r\n}\n",
      "fn f(; x: f32[2, 4], i: i32[2, 3], u: f32[2, 3]) -> (f32[2, 4]) {\n  r: f32[2, 4] = scatter{axes 1; batch 1; mode add}(x, i, u)\n  return "
      "r\n}\n",
      "fn f(; x: f32[4], i: i32, u: f32) -> (f32[4]) {\n  r: f32[4] = scatter{axes 0; mode set}(x, i, u)\n  return r\n}\n",
      "fn f(; a: f32[4], b: f32[4, 3]) -> (f32[3]) {\n  r: f32[3] = contract{axes 0; rhs 0}(a, b)\n  return r\n}\n",
      "fn f(; a: f32[4], b: f32[4]) -> (f32) {\n  r: f32 = contract{axes 0; rhs 0}(a, b)\n  return r\n}\n",
      "fn f(; x: f32[4], v: f32) -> (f32[7]) {\n  r: f32[7] = pad{dims [1]; starts [2]}(x, v)\n  return r\n}\n",
      "fn f(; x: f32[4], p: bool) -> (f32[4]) {\n  y: f32[4] = select(true, x, 1.0f32)\n  r: f32[4] = cond(p) {\n    a: f32[4] = exp(y)\n    yield "
      "a\n  } {\n"
      "    yield x\n  }\n  return r\n}\n",
      "fn f(; x: f32[4, 3], s: f32) -> (f32, f32[4]) {\n  c: f32, y: f32[4] = loop t < 4 carry (a: f32 = s) each (row: f32[3] in x) {\n"
      "    m: f32 = reduce{kind sum; axes 0}(row)\n    n: f32 = mul(a, m)\n    k: f32 = dim_value{elem f32; extent t}()\n    e: f32 = add(k, a)\n"
      "    next (n) emit (e)\n  }\n  return c, y\n}\n",
  };
  for (const std::string& form : forms) {
    SCOPED_TRACE(form);
    expectRowByRow(form);
  }
}

TEST(BatchingForms, TransformsInside) {
  expectRowByRow(
      "fn f(; w: f32[3], x: f32[4, 3]) -> (f32, f32[3]) {\n  y: f32, g: f32[3] = vjp{carries 1}(w, 1.0f32) { u: f32[3] ->\n"
      "    h: f32[3] = loop t < 4 carry (a: f32[3] = u) each (row: f32[3] in x) {\n      n: f32[3] = checkpoint() { ->\n        m: f32[3] = mul(a, "
      "row)\n"
      "        e: f32[3] = tanh(m)\n        yield e\n      }\n      next (n) emit ()\n    }\n    s: f32 = reduce{kind sum; axes 0}(h)\n    yield s\n "
      " }\n"
      "  return y, g\n}\n");
  expectRowByRow(
      "fn f(; x: f32[3], d: f32[3]) -> (f32[3]) {\n  y: f32[3], t: f32[3] = jvp{carries 1}(x, d) { u: f32[3] ->\n    v: f32[3] = exp(u)\n"
      "    w: f32[3] = mul(v, x)\n    yield w\n  }\n  return t\n}\n");
}

TEST(BatchingForms, ChecksOfABranchAreMaskedByItsCondition) {
  // The check fails for x <= 0.5, but only rows whose condition holds are asked.
  expectRowByRow(
      "site 0 \"x must be large\"\nfn f(; x: f32, p: bool) -> (f32) {\n  r: f32 = cond(p) {\n    c: bool = gt(x, 0.5f32)\n    check{site 0}(c)\n"
      "    yield x\n  } {\n    n: f32 = neg(x)\n    yield n\n  }\n  return r\n}\n");
  Module module = readModule(
      "site 0 \"never\"\nfn f(; x: f32, p: bool) -> (f32) {\n  r: f32 = cond(p) {\n    check{site 0}(false)\n    yield x\n  } {\n    yield 0.0f32\n  "
      "}\n"
      "  return r\n}\n");
  Fn batched = withVmap(module.fns.at(0), {true, true}, 2);
  ASSERT_TRUE(differentiate(module, batched).has_value());
  Array x(core::Elem::F32, {2}), p(core::Elem::Bool, {2});
  EXPECT_FALSE(core::interpret(batched, {}, std::vector<Array>{x, p}).failedSite.has_value());
  p.set(1, core::Literal::ofBool(true));
  EXPECT_EQ(core::interpret(batched, {}, std::vector<Array>{x, p}).failedSite, 0u);
}

TEST(BatchingForms, ChecksOfTheSecondBranchAndOfBranchesInside) {
  // Asked where p does not hold and q does.
  Module module = readModule(
      "site 0 \"never\"\nfn f(; x: f32, p: bool, q: bool) -> (f32) {\n  r: f32 = cond(p) {\n    yield x\n  } {\n    s: f32 = cond(q) {\n"
      "      check{site 0}(false)\n      yield 1.0f32\n    } {\n      yield x\n    }\n    yield s\n  }\n  return r\n}\n");
  Fn batched = withVmap(module.fns.at(0), {true, true, true}, 2);
  ASSERT_TRUE(differentiate(module, batched).has_value());
  for (const bool p : {false, true}) {
    for (const bool q : {false, true}) {
      Array x(core::Elem::F32, {2}), ps(core::Elem::Bool, {2}), qs(core::Elem::Bool, {2});
      // The other row is asked nothing.
      ps.set(0, core::Literal::ofBool(true));
      qs.set(0, core::Literal::ofBool(true));
      ps.set(1, core::Literal::ofBool(p));
      qs.set(1, core::Literal::ofBool(q));
      EXPECT_EQ(core::interpret(batched, {}, std::vector<Array>{x, ps, qs}).failedSite.has_value(), !p && q) << p << q;
    }
  }
}

TEST(BatchingForms, RowsOfDifferentSizesGoOneAfterTheOther) {
  expectRowByRow(
      "fn f(; k: i32) -> (f32) {\n  dim m <= 4 = clamp(k)\n  x: f32[m] = broadcast{dims [m]}(1.0f32)\n  r: f32 = reduce{kind sum; axes 0}(x)\n  "
      "return r\n}\n");
  // Inside of a branch and of a loop, beside what is the same for all rows.
  expectRowByRow(
      "fn f(; x: str, p: bool, w: f32[2]) -> (i32, f32[2]) {\n  r: i32 = cond(p) {\n    n: i32 = str_length(x)\n    dim m <= 99 = clamp(n)\n"
      "    b: u8[m] = str_bytes{extent m}(x)\n    c: i32[m] = convert{elem i32}(b)\n    s: i32 = reduce{kind sum; axes 0}(c)\n    yield s\n  } {\n"
      "    yield 7i32\n  }\n  y: f32[2] = exp(w)\n  return r, y\n}\n");
}

TEST(BatchingForms, NestedMapsCommute) {
  Module module = readModule(
      "fn f(; a: f32[3], b: f32[3]) -> (f32) {\n  p: f32[3] = mul(a, b)\n  e: f32[3] = exp(p)\n  r: f32 = reduce{kind max; axes 0}(e)\n  return "
      "r\n}\n");
  const Fn fn = module.fns.at(0);
  // Over b inside, over a outside.
  Fn nested = withVmap(withVmap(fn, {false, true}, 5), {true, false}, 2);
  ASSERT_TRUE(differentiate(module, nested).has_value());
  expectVerified(module, nested, {.transformed = true}, "differentiate");
  std::mt19937_64 random(3);
  const Array a = randomFloats(core::Elem::F32, {2, 3}, random), b = randomFloats(core::Elem::F32, {5, 3}, random);
  const Array out = core::interpret(nested, {}, std::vector<Array>{a, b}).results.at(0);
  for (std::int64_t i = 0; i < 2; ++i)
    for (std::int64_t k = 0; k < 5; ++k)
      EXPECT_TRUE(rowOf(rowOf(out, i), k).sameBits(core::interpret(fn, {}, std::vector<Array>{rowOf(a, i), rowOf(b, k)}).results.at(0)));
}

}  // namespace
}  // namespace fedc::transform
