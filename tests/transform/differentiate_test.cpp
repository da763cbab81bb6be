#include "compiler/transform/differentiate.h"

#include <cmath>

#include "compiler/transform/streams.h"
#include "tests/transform/core_testing.h"

// Derivatives through loops, branches, checkpoints and nested transforms.
namespace fedc::transform {
namespace {

using core::Array;
using core::Elem;
using core::Fn;
using core::Module;
using core::Op;

struct Program {
  std::string name;
  std::string text;
  std::vector<std::int64_t> dims;
};

const std::vector<Program>& programs() {
  static const std::vector<Program> all{
      {"recurrence",
       R"(fn f(N; w: f64[3], x: f64[N, 3]) -> (f64[3], f64[N]) {
  h: f64[3], e: f64[N] = loop t < N carry (a: f64[3] = 0.5f64) each (row: f64[3] in x) {
    p: f64[3] = mul(a, w)
    q: f64[3] = add(p, row)
    n: f64[3] = tanh(q)
    s: f64 = reduce{kind sum; axes 0}(n)
    next (n) emit (s)
  }
  return h, e
}
)",
       {4}},
      {"recurrence_of_no_step",
       R"(fn f(N; w: f64[3], x: f64[N, 3]) -> (f64[3]) {
  h: f64[3] = loop t < N carry (a: f64[3] = w) each (row: f64[3] in x) {
    p: f64[3] = mul(a, row)
    next (p) emit ()
  }
  return h
}
)",
       {0}},
      {"backwards",
       R"(fn f(N; w: f64, x: f64[N]) -> (f64, f64[N]) {
  h: f64, e: f64[N] = loop t < N reverse carry (a: f64 = w) each (row: f64 in x) {
    p: f64 = mul(a, row)
    n: f64 = exp(p)
    next (n) emit (p)
  }
  return h, e
}
)",
       {3}},
      {"exchanged_carries",
       R"(fn f(N; a: f64, b: f64) -> (f64, f64) {
  x: f64, y: f64, k: i32 = loop t < N carry (p: f64 = a, q: f64 = b, i: i32 = 0i32) {
    m: f64 = mul(p, q)
    s: f64 = sin(m)
    j: i32 = add(i, 1i32)
    next (q, s, j) emit ()
  }
  return x, y
}
)",
       {4}},
      {"short_last_batch",
       R"(fn f(N; w: f64[2], x: f64[N, 2]) -> (f64[2]) {
  dim T = ceildiv(N, 2)
  r: f64[2] = loop s < T carry (v: f64[2] = w) {
    dim n <= 2 = min(2, N - 2*s)
    k: i32 = dim_value{elem i32; extent 2*s}()
    b: f64[n, 2] = dynamic_slice{dims [n, 2]}(x, k, 0i32)
    z: f64[n] = contract{axes 1; rhs 0}(b, v)
    e: f64[n] = exp(z)
    g: f64[2] = contract{axes 0; rhs 0}(b, e)
    c: f64 = dim_value{elem f64; extent n}()
    cb: f64[2] = broadcast{dims [2]}(c)
    h: f64[2] = div(g, cb)
    m: f64[2] = mul(h, 0.1f64)
    u: f64[2] = sub(v, m)
    next (u) emit ()
  }
  return r
}
)",
       {5}},
      {"branch_in_loop",
       R"(fn f(N; w: f64, x: f64[N]) -> (f64) {
  r: f64 = loop t < N carry (a: f64 = w) each (row: f64 in x) {
    p: bool = gt(row, 0.5f64)
    n: f64 = cond(p) {
      e: f64 = exp(row)
      m: f64 = mul(e, w)
      k: f64 = mul(m, a)
      yield k
    } {
      s: f64 = sin(a)
      d: f64 = sub(s, row)
      yield d
    }
    next (n) emit ()
  }
  return r
}
)",
       {5}},
      {"loop_in_loop",
       R"(fn f(N; w: f64[2], x: f64[N, 3, 2]) -> (f64[2], f64[N, 3]) {
  r: f64[2], o: f64[N, 3] = loop t < N carry (a: f64[2] = 0.1f64) each (block: f64[3, 2] in x) {
    q: f64[2], e: f64[3] = loop u < 3 carry (b: f64[2] = a) each (row: f64[2] in block) {
      m: f64[2] = mul(b, row)
      v: f64[2] = add(m, w)
      n: f64[2] = tanh(v)
      s: f64 = contract{axes 0; rhs 0}(n, row)
      next (n) emit (s)
    }
    next (q) emit (e)
  }
  return r, o
}
)",
       {2}},
      {"checkpointed_steps",
       R"(fn f(N; w: f64[3], x: f64[N, 3]) -> (f64[3]) {
  h: f64[3] = loop t < N carry (a: f64[3] = 0.5f64) each (row: f64[3] in x) {
    c: f64[3] = checkpoint() { ->
      p: f64[3] = mul(a, w)
      e: f64[3] = exp(p)
      q: f64[3] = mul(e, row)
      n: f64[3] = tanh(q)
      yield n
    }
    next (c) emit ()
  }
  return h
}
)",
       {4}},
      {"filtered",
       R"(fn f(N; x: f64[N], w: f64) -> (f64) {
  mask: bool[N] = gt(x, 0.4f64)
  i: i32[m] = compact{extent N; defines m}(mask)
  y: f64[m] = gather{axes 0}(x, i)
  wb: f64[m] = broadcast{dims [m]}(w)
  z: f64[m] = mul(y, wb)
  e: f64[m] = exp(z)
  r: f64 = reduce{kind sum; axes 0}(e)
  return r
}
)",
       {6}},
      {"mapped_inside",
       R"(fn f(N; w: f64[3], x: f64[N, 3]) -> (f64) {
  l: f64[N] = vmap{extent N}(x) { row: f64[3] ->
    z: f64 = contract{axes 0; rhs 0}(row, w)
    p: bool = gt(z, 0.7f64)
    c: f64 = cond(p) {
      e: f64 = exp(z)
      yield e
    } {
      yield z
    }
    yield c
  }
  r: f64 = reduce{kind sum; axes 0}(l)
  return r
}
)",
       {5}},
      {"gradient_step_inside",
       R"(fn f(N; w: f64[3], x: f64[3], lr: f64) -> (f64) {
  y: f64, g: f64[3] = vjp{carries 1}(w, 1.0f64) { u: f64[3] ->
    p: f64[3] = mul(u, x)
    e: f64[3] = exp(p)
    s: f64 = reduce{kind sum; axes 0}(e)
    q: f64 = mul(s, s)
    yield q
  }
  lb: f64[3] = broadcast{dims [3]}(lr)
  m: f64[3] = mul(lb, g)
  v: f64[3] = sub(w, m)
  r: f64 = contract{axes 0; rhs 0}(v, x)
  return r
}
)",
       {2}},
      {"gradient_through_a_loop_inside_a_loop",
       R"(fn f(N; w: f64[2], x: f64[N, 2]) -> (f64[2]) {
  r: f64[2] = loop t < 3 carry (v: f64[2] = w) {
    y: f64, g: f64[2] = vjp{carries 1}(v, 1.0f64) { u: f64[2] ->
      h: f64[2] = loop k < N carry (a: f64[2] = u) each (row: f64[2] in x) {
        p: f64[2] = mul(a, row)
        n: f64[2] = sin(p)
        next (n) emit ()
      }
      s: f64 = reduce{kind sum; axes 0}(h)
      yield s
    }
    d: f64[2] = mul(g, 0.3f64)
    z: f64[2] = sub(v, d)
    next (z) emit ()
  }
  return r
}
)",
       {2}},
  };
  return all;
}

class Structures : public testing::TestWithParam<Program> {};

TEST_P(Structures, DerivativesAgreeWithFiniteDifferences) {
  const Module module = readModule(GetParam().text);
  ASSERT_EQ(module.fns.size(), 1u);
  expectDerivatives(module, module.fns[0], GetParam().dims);
}

TEST_P(Structures, SecondDerivativesAgreeWithFiniteDifferences) {
  const Module module = readModule(GetParam().text);
  ASSERT_EQ(module.fns.size(), 1u);
  expectDerivatives(module, withVjp(module.fns[0]), GetParam().dims, 2e-6);
}

INSTANTIATE_TEST_SUITE_P(Programs, Structures, testing::ValuesIn(programs()), [](const auto& info) { return info.param.name; });

Array vector(std::vector<double> values) {
  Array a(Elem::F64, {static_cast<std::int64_t>(values.size())});
  for (std::size_t i = 0; i < values.size(); ++i) a.asMutable<double>()[i] = values[i];
  return a;
}

std::vector<Array> run(Module& module, const std::vector<Array>& operands) {
  Fn& fn = module.fns.at(0);
  const auto done = differentiate(module, fn);
  EXPECT_TRUE(done.has_value()) << done.error().message;
  expectVerified(module, fn, {.transformed = true}, "differentiate");
  return core::interpret(fn, {}, operands).results;
}

TEST(Nested, GradientOfTheGradient) {
  // sum x^3: gradient 3x^2, gradient of its sum 6x.
  Module module = readModule(R"(fn f(; x: f64[3]) -> (f64[3], f64[3]) {
  y: f64, ga: f64[3], g: f64[3] = vjp{carries 1; aux 1}(x, 1.0f64) { u: f64[3] ->
    z: f64, gz: f64[3] = vjp{carries 1}(u, 1.0f64) { v: f64[3] ->
      a: f64[3] = mul(v, v)
      b: f64[3] = mul(a, v)
      s: f64 = reduce{kind sum; axes 0}(b)
      yield s
    }
    t: f64 = reduce{kind sum; axes 0}(gz)
    yield t, gz
  }
  return ga, g
}
)");
  const auto out = run(module, {vector({1.0, 2.0, -0.5})});
  EXPECT_LT(distance(out.at(0), vector({3.0, 12.0, 0.75})), 1e-15);
  EXPECT_LT(distance(out.at(1), vector({6.0, 12.0, -3.0})), 1e-15);
}

TEST(Nested, CapturedVariablesAreConstants) {
  // d/du (u · w) at u = w is w, though the operand and the captured variable are the same one.
  Module module = readModule(R"(fn f(; w: f64[2]) -> (f64[2]) {
  y: f64, g: f64[2] = vjp{carries 1}(w, 1.0f64) { u: f64[2] ->
    s: f64 = contract{axes 0; rhs 0}(u, w)
    yield s
  }
  return g
}
)");
  EXPECT_LT(distance(run(module, {vector({2.0, 5.0})}).at(0), vector({2.0, 5.0})), 1e-15);
}

TEST(Nested, GradientForEachRow) {
  // vmap of grad: exp'(x) = exp(x) row by row.
  Module module = readModule(R"(fn f(; x: f64[3]) -> (f64[3]) {
  r: f64[3] = vmap{extent 3}(x) { row: f64 ->
    y: f64, g: f64 = vjp{carries 1}(row, 1.0f64) { u: f64 ->
      e: f64 = exp(u)
      yield e
    }
    yield g
  }
  return r
}
)");
  EXPECT_LT(distance(run(module, {vector({0.0, 1.0, -2.0})}).at(0), vector({1.0, std::exp(1.0), std::exp(-2.0)})), 1e-15);
}

TEST(Nested, ForwardOverReverse) {
  // Hessian times a vector of (sum x^2)^2 along v: 4 (sum x^2) v + 8 (x·v) x.
  Module module = readModule(R"(fn f(; x: f64[2], v: f64[2]) -> (f64[2]) {
  y: f64[2], d: f64[2] = jvp{carries 1}(x, v) { u: f64[2] ->
    z: f64, g: f64[2] = vjp{carries 1}(u, 1.0f64) { p: f64[2] ->
      q: f64[2] = mul(p, p)
      s: f64 = reduce{kind sum; axes 0}(q)
      e: f64 = mul(s, s)
      yield e
    }
    yield g
  }
  return d
}
)");
  const double x0 = 1.0, x1 = 2.0, v0 = 0.5, v1 = -1.0, square = x0 * x0 + x1 * x1, along = x0 * v0 + x1 * v1;
  EXPECT_LT(
      distance(run(module, {vector({x0, x1}), vector({v0, v1})}).at(0), vector({4 * square * v0 + 8 * along * x0, 4 * square * v1 + 8 * along * x1})),
      1e-14);
}

TEST(Nested, AnUnusedInputHasZeroGradient) {
  Module module = readModule(R"(fn f(; x: f64[2], z: f64[2]) -> (f64[2], f64[2]) {
  y: f64, gx: f64[2], gz: f64[2] = vjp{carries 2}(x, z, 1.0f64) { u: f64[2], v: f64[2] ->
    s: f64 = reduce{kind sum; axes 0}(u)
    yield s
  }
  return gx, gz
}
)");
  const auto out = run(module, {vector({2.0, 5.0}), vector({1.0, 1.0})});
  EXPECT_EQ(distance(out.at(0), vector({1.0, 1.0})), 0);
  EXPECT_EQ(distance(out.at(1), vector({0.0, 0.0})), 0);
}

// What a loop saves for its reverse: expensive results and carries, never what is cheap or has a size of its own.
TEST(Saved, ExpensiveResultsAndCarries) {
  Module module = readModule(programs().at(0).text);
  Fn fn = withVjp(module.fns.at(0));
  ASSERT_TRUE(differentiate(module, fn).has_value());
  const core::Stmt *forward = nullptr, *backward = nullptr;
  for (const core::Stmt& s : fn.body)
    if (s.op == Op::Loop) (forward == nullptr ? forward : backward) = &s;
  ASSERT_NE(backward, nullptr);
  // Carries h; stacks: e, the carry a, tanh's result n. p and q are not kept, and nothing else is.
  EXPECT_EQ(forward->results.size(), 4u);
  EXPECT_EQ(forward->attrs.reversed, false);
  EXPECT_EQ(backward->attrs.reversed, true);
  EXPECT_EQ(backward->attrs.carries, 2);
  int again = 0;
  for (const core::Stmt& s : backward->regions[0].stmts) again += s.op == Op::Tanh ? 1 : 0;
  EXPECT_EQ(again, 0);
}

TEST(Saved, CheckpointKeepsCarriesOnly) {
  for (const Program& p : programs()) {
    if (p.name != "checkpointed_steps") continue;
    Module module = readModule(p.text);
    Fn fn = withVjp(module.fns.at(0));
    ASSERT_TRUE(differentiate(module, fn).has_value());
    const core::Stmt *forward = nullptr, *backward = nullptr;
    for (const core::Stmt& s : fn.body)
      if (s.op == Op::Loop) (forward == nullptr ? forward : backward) = &s;
    ASSERT_NE(backward, nullptr);
    EXPECT_EQ(forward->results.size(), 2u);
    int again = 0;
    for (const core::Stmt& s : backward->regions[0].stmts) again += s.op == Op::Exp || s.op == Op::Tanh ? 1 : 0;
    EXPECT_EQ(again, 2);
  }
}

TEST(Saved, NothingWithASizeOfTheStep) {
  for (const Program& p : programs()) {
    if (p.name != "short_last_batch") continue;
    Module module = readModule(p.text);
    Fn fn = withVjp(module.fns.at(0));
    ASSERT_TRUE(differentiate(module, fn).has_value());
    for (const core::Stmt& s : fn.body) {
      if (s.op != Op::Loop || s.attrs.reversed) continue;
      // The carry, and its stack: exp and the products have n rows.
      EXPECT_EQ(s.results.size(), 2u) << core::print(fn);
    }
  }
}

}  // namespace
}  // namespace fedc::transform
