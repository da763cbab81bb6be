#include <gtest/gtest.h>

#include <string>

#include "compiler/core/text.h"
#include "compiler/kernel/bufferise.h"
#include "compiler/kernel/fuse.h"
#include "compiler/kernel/nests.h"
#include "compiler/kernel/text.h"
#include "tests/kernel/compare.h"

namespace fedc::kernel {
namespace {

struct Program {
  const char* name;
  const char* text;
  std::vector<std::int64_t> dims;
  /// (param, result) in place.
  std::vector<std::pair<int, int>> inPlace;
};

// Control flow, carries, stacks and in-place results: where copies could be joined wrongly.
const Program kPrograms[] = {
    {"swap",
     R"(fn f(N; x: f32[N], y: f32[N]) -> (f32[N], f32[N]) {
  a: f32[N], b: f32[N] = loop t < 3 carry (c: f32[N] = x, d: f32[N] = y) {
    e: f32[N] = add(c, d)
    next (d, e) emit ()
  }
  return a, b
}
)",
     {5},
     {}},
    {"rotate",
     R"(fn f(; x: f32[3], y: f32[3], z: f32[3]) -> (f32[3], f32[3], f32[3]) {
  a: f32[3], b: f32[3], c: f32[3] = loop t < 4 carry (p: f32[3] = x, q: f32[3] = y, r: f32[3] = z) {
    next (q, r, p) emit ()
  }
  return a, b, c
}
)",
     {},
     {}},
    {"carry read after its update",
     R"(fn f(N; x: f32[N, 4]) -> (f32[N, 4], f32[N, 4]) {
  a: f32[N, 4], ys: f32[3, N, 4] = loop t < 3 carry (c: f32[N, 4] = x) {
    n: f32[N, 4] = mul(c, 0.5f32)
    u: f32[N, 4] = add(n, c)
    next (n) emit (u)
  }
  s: f32[N, 4] = reduce{kind sum; axes 0; order seq}(ys)
  return a, s
}
)",
     {5},
     {}},
    {"carry read transposed by its update",
     R"(fn f(; x: f32[4, 4]) -> (f32[4, 4]) {
  a: f32[4, 4] = loop t < 3 carry (c: f32[4, 4] = x) {
    u: f32[4, 4] = transpose{axes 1,0}(c)
    n: f32[4, 4] = add(c, u)
    next (n) emit ()
  }
  return a
}
)",
     {},
     {}},
    {"initial value needed again",
     R"(fn f(N; x: f32[N]) -> (f32[N]) {
  y: f32[N] = exp(x)
  a: f32[N] = loop t < 2 carry (c: f32[N] = y) {
    n: f32[N] = mul(c, y)
    next (n) emit ()
  }
  r: f32[N] = add(a, y)
  return r
}
)",
     {5},
     {}},
    {"nested loops",
     R"(fn f(N; x: f32[N, 6]) -> (f32[6], f32[N, 3, 6]) {
  a: f32[6], ys: f32[N, 3, 6] = loop t < N carry (c: f32[6] = 0.0f32) each (row: f32[6] in x) {
    d: f32[6], zs: f32[3, 6] = loop s < 3 carry (e: f32[6] = c) {
      g: f32[6] = add(e, row)
      h: f32[6] = tanh(g)
      next (h) emit (g)
    }
    next (d) emit (zs)
  }
  return a, ys
}
)",
     {5},
     {}},
    {"reversed with stacks",
     R"(fn f(N; x: f32[N, 3], w: f32[3, 3]) -> (f32[3], f32[3, 3]) {
  a: f32[3], hs: f32[N, 3] = loop t < N carry (c: f32[3] = 0.0f32) each (row: f32[3] in x) {
    p: f32[3] = contract{axes 0; rhs 0; order seq}(c, w, row)
    h: f32[3] = tanh(p)
    next (h) emit (c)
  }
  g: f32[3], k: f32[3, 3] = loop u < N reverse carry (d: f32[3] = a, q: f32[3, 3] = 0.0f32) each (e: f32[3] in hs) {
    q2: f32[3, 3] = contract{order seq}(e, d, q)
    d2: f32[3] = contract{axes 1; rhs 0; order lanes}(w, d)
    next (d2, q2) emit ()
  }
  return g, k
}
)",
     {5},
     {}},
    {"branches",
     R"(fn f(N; p: bool, x: f32[N], y: f32[N]) -> (f32[N], f32[N]) {
  a: f32[N] = exp(x)
  r: f32[N], s: f32[N] = cond(p) {
    u: f32[N] = mul(a, y)
    yield u, a
  } {
    v: f32[N] = sub(a, y)
    yield y, v
  }
  z: f32[N] = add(r, a)
  return z, s
}
)",
     {5},
     {}},
    {"branch in a loop",
     R"(fn f(N; x: f32[N]) -> (f32[N]) {
  a: f32[N] = loop t < 4 carry (c: f32[N] = x) {
    s: f32 = reduce{kind sum; axes 0; order seq}(c)
    p: bool = gt(s, 0.0f32)
    n: f32[N] = cond(p) {
      u: f32[N] = sub(c, 1.0f32)
      yield u
    } {
      v: f32[N] = add(c, 2.0f32)
      yield v
    }
    next (n) emit ()
  }
  return a
}
)",
     {5},
     {}},
    {"accumulators in place",
     R"(fn f(N; acc: f32[6, 20], n: f32, w: f32[6, 20], m: f32[6, 20]) -> (f32[6, 20], f32) {
  d: f32[6, 20] = sub(w, m)
  b: f32[6, 20] = broadcast{dims [6, 20]}(n)
  r: f32[6, 20] = fma(b, d, acc)
  s: f32 = reduce{kind sum; axes 0,1; order seq}(acc)
  return r, s
}
)",
     {5},
     {{0, 0}}},
    {"in-place results crossed",
     R"(fn f(; a: f32[20], b: f32[20]) -> (f32[20], f32[20]) {
  c: f32[20] = add(a, b)
  return b, c
}
)",
     {},
     {{0, 0}, {1, 1}}},
    {"in-place transposed",
     R"(fn f(; a: f32[5, 5]) -> (f32[5, 5]) {
  t: f32[5, 5] = transpose{axes 1,0}(a)
  return t
}
)",
     {},
     {{0, 0}}},
    {"in-place through a loop",
     R"(fn f(N; acc: f32[20], x: f32[N, 20]) -> (f32[20]) {
  a: f32[20] = loop t < N carry (c: f32[20] = acc) each (row: f32[20] in x) {
    n: f32[20] = add(c, row)
    next (n) emit ()
  }
  return a
}
)",
     {5},
     {{0, 0}}},
    {"parameters and literals as results",
     R"(fn f(N; x: f32[N], w: f32[20]) -> (f32[N], f32[20], f32[20], f32[3]) {
  return x, w, w, 2.0f32
}
)",
     {5},
     {}},
    {"reshape of a transposed value",
     R"(fn f(N; x: f32[N, 4]) -> (f32[4*N], f32[2, 2*N]) {
  t: f32[4, N] = transpose{axes 1,0}(x)
  r: f32[4*N] = reshape{dims [4*N]}(t)
  q: f32[4*N] = mul(r, 2.0f32)
  s: f32[2, 2*N] = reshape{dims [2, 2*N]}(q)
  return r, s
}
)",
     {5},
     {}},
    {"reshape of padded results",
     R"(fn f(; x: f32[6, 10], y: f32[60]) -> (f32[60], f32[6, 10], f32[3, 20]) {
  a: f32[60] = reshape{dims [60]}(x)
  b: f32[6, 10] = reshape{dims [6, 10]}(y)
  c: f32[6, 10] = mul(x, b)
  d: f32[3, 20] = reshape{dims [3, 20]}(c)
  return a, b, d
}
)",
     {},
     {}},
    {"parts of padded results",
     R"(fn f(; x: f32[3, 5], y: f32[3, 4]) -> (f32[3, 9], f32[3, 12], f32[3, 7]) {
  a: f32[3, 9] = concat{axes 1}(x, y)
  b: f32[3, 12] = pad{dims [0, 3]; starts [0, 4]}(x, 1.0f32)
  e: f32[3, 5] = exp(x)
  c: f32[3, 7] = pad{dims [0, 2]; starts [0, 0]}(e, 0.0f32)
  return a, b, c
}
)",
     {},
     {}},
    {"gather of a gather",
     R"(fn f(N; x: f32[N, 4], i: i32[N], j: i32[3]) -> (f32[3, 4], f32[3]) {
  k: i32[3] = gather{axes 0}(i, j)
  r: f32[3, 4] = gather{axes 0}(x, k)
  l: i32[3] = add(k, 1i32)
  q: f32[3] = pick(r, l)
  return r, q
}
)",
     {5},
     {}},
    {"gather of a slice and of the reversed",
     R"(fn f(N; x: f32[N + 2, 4], i: i32[3]) -> (f32[3, 4], f32[3, 4]) {
  s: f32[N, 4] = slice{dims [N, 4]; starts [1, 0]}(x)
  r: f32[3, 4] = gather{axes 0}(s, i)
  v: f32[N + 2, 4] = reverse{axes 0}(x)
  q: f32[3, 4] = gather{axes 0}(v, i)
  return r, q
}
)",
     {5},
     {}},
    {"gather by computed indices",
     R"(fn f(N; x: f32[N, 4]) -> (f32[3, 4], f32[N, 4]) {
  i: i32[3] = iota{axes 0; dims [3]; elem i32}()
  j: i32[3] = mul(i, 2i32)
  r: f32[3, 4] = gather{axes 0}(x, j)
  k: i32[N] = iota{axes 0; dims [N]; elem i32}()
  l: i32[N] = add(k, 1i32)
  m: i32[N] = rem(l, 3i32)
  q: f32[N, 4] = gather{axes 0}(x, m)
  return r, q
}
)",
     {5},
     {}},
    {"batched gather and scatter",
     R"(fn f(N; x: f32[2, N, 4], i: i32[2, 3], u: f32[2, 3, 4]) -> (f32[2, 3, 4], f32[2, N, 4]) {
  r: f32[2, 3, 4] = gather{axes 1; batch 1}(x, i)
  v: f32[2, 3, 4] = mul(u, r)
  s: f32[2, N, 4] = scatter{axes 1; batch 1; mode add}(x, i, v)
  return r, s
}
)",
     {5},
     {}},
    {"scatter into a carry",
     R"(fn f(N; e: f32[7, 20], i: i32[N], u: f32[N, 20]) -> (f32[7, 20]) {
  a: f32[7, 20] = loop t < 2 carry (c: f32[7, 20] = e) {
    g: f32[N, 20] = gather{axes 0}(c, i)
    d: f32[N, 20] = mul(g, u)
    n: f32[7, 20] = scatter{axes 0; mode add}(c, i, d)
    next (n) emit ()
  }
  return a
}
)",
     {5},
     {}},
    {"filter and batch",
     R"(fn f(N; x: f32[N, 4], mask: bool[N], k: key) -> (f32[4]) {
  i: i32[m] = compact{extent N; defines m}(mask)
  p: i32[m] = permutation{extent m}(k)
  o: i32[m] = gather{axes 0}(i, p)
  a: f32[4] = loop s < ceildiv(m, 2) carry (c: f32[4] = 0.0f32) {
    dim n <= 2 = min(2, m - 2*s)
    t: i32 = dim_value{elem i32; extent 2*s}()
    b: i32[n] = dynamic_slice{dims [n]}(o, t)
    r: f32[n, 4] = gather{axes 0}(x, b)
    y: f32[n, 4] = exp(r)
    d: f32[4] = reduce{kind sum; axes 0; order seq}(y, c)
    next (d) emit ()
  }
  return a
}
)",
     {9},
     {}},
    {"dims from values",
     R"(fn f(N; x: f32[N, 4], n: i32) -> (f32[4], i64) {
  dim m <= N = clamp(n)
  s: f32[m, 4] = slice{dims [m, 4]; starts [0, 0]}(x)
  y: f32[m, 4] = mul(s, s)
  r: f32[4] = reduce{kind max; axes 0; order seq}(y)
  v: i64 = dim_value{elem i64; extent m*m + 1}()
  return r, v
}
)",
     {9},
     {}},
    {"slices that start where a value says",
     R"(fn f(N; x: f32[N, 8], i: i32, u: f32[1, 3]) -> (f32[2, 3], f32[N, 8]) {
  j: i32 = mul(i, 3i32)
  r: f32[2, 3] = dynamic_slice{dims [2, 3]}(x, j, i)
  y: f32[N, 8] = update_slice(x, u, i, j)
  return r, y
}
)",
     {5},
     {}},
    {"two layers",
     R"(fn f(N; w1: f32[12, 20], b1: f32[20], w2: f32[20, 6], b2: f32[6], x: f32[N, 12], y: i32[N]) -> (f32[12, 20], f32[20], f32[20, 6], f32[6]) {
  a1: f32[12, 20], c1: f32[20], a2: f32[20, 6], c2: f32[6] = loop s < ceildiv(N, 4) carry (v1: f32[12, 20] = w1, d1: f32[20] = b1, v2: f32[20, 6] = w2, d2: f32[6] = b2) {
    dim n <= 4 = min(4, N - 4*s)
    lo: i32 = dim_value{elem i32; extent 4*s}()
    xs: f32[n, 12] = dynamic_slice{dims [n, 12]}(x, lo, 0i32)
    ys: i32[n] = dynamic_slice{dims [n]}(y, lo)
    e1: f32[n, 20] = broadcast{axes 1; dims [n, 20]}(d1)
    h0: f32[n, 20] = contract{axes 1; rhs 0; order seq}(xs, v1, e1)
    neg: bool[n, 20] = le(h0, 0.0f32)
    h: f32[n, 20] = select(neg, 0.0f32, h0)
    e2: f32[n, 6] = broadcast{axes 1; dims [n, 6]}(d2)
    z: f32[n, 6] = contract{axes 1; rhs 0; order seq}(h, v2, e2)
    col: i32[n, 6] = iota{axes 1; dims [n, 6]; elem i32}()
    lab: i32[n, 6] = broadcast{axes 0; dims [n, 6]}(ys)
    hit: bool[n, 6] = eq(col, lab)
    zt: f32[n, 6] = tanh(z)
    dz: f32[n, 6] = select(hit, 0.1f32, zt)
    dh: f32[n, 20] = contract{axes 1; rhs 1; order lanes}(dz, v2)
    g: f32[n, 20] = select(neg, 0.0f32, dh)
    u2: f32[20, 6] = contract{axes 0; rhs 0; order seq}(h, dz, v2)
    f2: f32[6] = reduce{kind sum; axes 0; order seq}(dz, d2)
    u1: f32[12, 20] = contract{axes 0; rhs 0; order seq}(xs, g, v1)
    f1: f32[20] = reduce{kind sum; axes 0; order seq}(g, d1)
    next (u1, f1, u2, f2) emit ()
  }
  return a1, c1, a2, c2
}
)",
     {9},
     {}},
    {"momentum",
     R"(fn f(; w: f32[20], v: f32[20], g: f32[20]) -> (f32[20], f32[20]) {
  a: f32[20], b: f32[20] = loop t < 3 carry (x: f32[20] = w, m: f32[20] = v) {
    m1: f32[20] = mul(m, 0.9f32)
    m2: f32[20] = add(m1, g)
    s: f32[20] = mul(m2, 0.1f32)
    y: f32[20] = sub(x, s)
    next (y, m2) emit ()
  }
  return a, b
}
)",
     {},
     {}},
    {"half floats",
     R"(fn f(N; x: bf16[N, 20], y: f16[20]) -> (bf16[N], f16, bf16[N, 20]) {
  r: bf16[N] = reduce{kind sum; axes 1; order lanes}(x)
  s: f16 = reduce{kind max; axes 0; order seq}(y)
  c: bf16[N, 20] = cumulative{kind sum; axes 1}(x)
  return r, s, c
}
)",
     {5},
     {}},
    {"random numbers",
     R"(fn f(N; k: key, x: f32[N, 20]) -> (f32[N, 20], key[2], i32[2, N]) {
  s: key[2] = split{extent 2}(k)
  i: i32[2] = iota{axes 0; dims [2]; elem i32}()
  q: key[2] = fold_in(s, i)
  p: i32[2, N] = permutation{extent N}(q)
  h: key[1] = slice{dims [1]; starts [1]}(s)
  o: key = reshape{dims []}(h)
  b: u32[N, 20] = random_bits{dims [N, 20]}(o)
  c: u32[N, 20] = shr(b, 9u32)
  m: bool[N, 20] = lt(c, 6291456u32)
  y: f32[N, 20] = select(m, x, 0.0f32)
  return y, s, p
}
)",
     {5},
     {}},
    {"what a loop reads from outside outlives its steps",
     R"(fn f(N; x: f32[N, 8], p: f32[8, 8], v: f32[8, 8]) -> (f32[8]) {
  w: f32[8, 8] = exp(p)
  a: f32[8] = loop t < N carry (c: f32[8] = 0.5f32) each (row: f32[8] in x) {
    b: f32[8] = contract{axes 0; rhs 0; order seq}(c, w)
    e: f32[8] = tanh(b)
    d: f32[8] = contract{axes 0; rhs 0; order seq}(e, v)
    g: f32[8] = tanh(d)
    h: f32[8] = contract{axes 0; rhs 0; order seq}(g, v)
    n: f32[8] = add(h, row)
    next (n) emit ()
  }
  return a
}
)",
     {5},
     {}},
    {"two reductions of one array",
     R"(fn f(N; x: f32[N, 20]) -> (f32[N], f32[N], f32[N]) {
  s: f32[N] = reduce{kind sum; axes 1; order lanes}(x)
  m: f32[N] = reduce{kind max; axes 1; order lanes}(x)
  p: f32[N] = reduce{kind prod; axes 1; order lanes}(x)
  return s, m, p
}
)",
     {5},
     {}},
    {"draws of several keys",
     R"(fn f(N; k: key[N, 2], d: i32[N, 2]) -> (u32[N, 2, 3, 5], key[N, 2, 4], i32[N, 2, 7], u32[N, 2, 2]) {
  b: u32[N, 2, 3, 5] = random_bits{dims [3, 5]}(k)
  s: key[N, 2, 4] = split{extent 4}(k)
  p: i32[N, 2, 7] = permutation{extent 7}(k)
  i: key[N, 2] = fold_in(k, d)
  c: u32[N, 2, 2] = random_bits{dims [2]}(i)
  return b, s, p, c
}
)",
     {3},
     {}},
};

class Programs : public ::testing::TestWithParam<const Program*> {};

TEST_P(Programs, everyLoweringHasTheInterpretersBits) {
  const Program& p = *GetParam();
  auto module = core::read(p.text);
  ASSERT_TRUE(module) << module.error();
  module->fns[0].inPlace = p.inPlace;
  const auto problem = core::verify(*module, module->fns[0], core::VerifyOptions{true, true});
  ASSERT_EQ(problem, std::nullopt);
  for (std::uint64_t seed = 1; seed < 4; ++seed) EXPECT_EQ(testing::differenceOfAll(*module, module->fns[0], p.dims, seed), "");
}

std::vector<const Program*> programs() {
  std::vector<const Program*> out;
  for (const Program& p : kPrograms) out.push_back(&p);
  return out;
}

INSTANTIATE_TEST_SUITE_P(All, Programs, ::testing::ValuesIn(programs()), [](const auto& info) {
  std::string name = info.param->name;
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
});

}  // namespace
}  // namespace fedc::kernel
