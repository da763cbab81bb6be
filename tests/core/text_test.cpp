// Reader, printer and verifier beyond what the op table's examples show.

#include "compiler/core/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "compiler/core/builder.h"
#include "compiler/core/strings.h"

namespace fedc::core {
namespace {

constexpr std::string_view kModule =
    "site 0 \"labels\\nmust be small\"\n"
    "fn work(R <= 1000, N; m.w: f32[784, 10], x: f32[R, 784], k: key) -> (f32[784, 10], f32) inplace (0 = 0) {\n"
    "  %0: i32[R] = permutation{extent R}(k)\n"
    "  dim T = ceildiv(R, 20)\n"
    "  m.w~2: f32[784, 10], losses: f32[T] = loop s < T reverse carry (c: f32[784, 10] = m.w) {\n"
    "    dim n <= 20 = min(20, R - 20*s)\n"
    "    lo: i64 = dim_value{elem i64; extent 20*s}()\n"
    "    i: i32[n] = dynamic_slice{dims [n]}(%0, lo)\n"
    "    px: f32[n, 784] = gather{axes 0}(x, i)\n"
    "    z: f32[n, 10] = contract{axes 1; rhs 0; order seq}(px, c)\n"
    "    g: f32[784, 10] = contract{axes 0; rhs 0; order split(4, lanes)}(px, z, c)\n"
    "    l: f32 = reduce{kind sum; axes 0,1; order lanes}(z, -0.5f32)\n"
    "    next (g) emit (l)\n"
    "  }\n"
    "  t: f32 = reduce{kind max; axes 0; order seq}(losses)\n"
    "  p: bool = lt(t, f32(0x7f800000))\n"
    "  check{site 0}(p)\n"
    "  q: f32 = cond(p) {\n"
    "    yield t\n"
    "  } {\n"
    "    u: f32 = mul(t, -1e-30f32)\n"
    "    yield u\n"
    "  }\n"
    "  return m.w~2, q\n"
    "}\n"
    "fn none(;) -> () {\n"
    "  return\n"
    "}\n";

TEST(Text, PrintsWhatItRead) {
  const auto m = read(kModule);
  ASSERT_TRUE(m.has_value()) << m.error();
  EXPECT_EQ(verify(*m, {true, true}), std::nullopt);
  EXPECT_EQ(print(*m), kModule);
  EXPECT_EQ(m->fns[0].dims[m->fns[0].dimParams[0]].bound, std::optional<std::int64_t>(1000));
  EXPECT_EQ(m->sites[0].message, "labels\nmust be small");
}

TEST(Text, BoundsAreFoundAgain) {
  const auto m = read(kModule);
  ASSERT_TRUE(m.has_value());
  for (const DimInfo& d : m->fns[0].dims) {
    if (d.name == "s") {
      EXPECT_EQ(d.bound, std::nullopt);
    } else if (d.name == "n") {
      EXPECT_EQ(d.bound, std::optional<std::int64_t>(20));
    }
  }
}

TEST(Text, NamesThatClashAreMadeDifferent) {
  Fn fn;
  fn.name = "f";
  const Type t{Elem::F32, {}};
  const Var a = fn.newVar(t, "x"), b = fn.newVar(t, "x"), c = fn.newVar(t, "add"), d = fn.newVar(t, "9 lives");
  fn.params = {a, b, c, d};
  Builder build(fn, fn.body);
  fn.results = {build.add(Atom::of(a), Atom::of(b)), build.mul(Atom::of(c), Atom::of(d))};
  fn.resultTypes = {t, t};
  Module m;
  m.fns.push_back(fn);
  const std::string text = print(m);
  EXPECT_EQ(text,
            "fn f(; x: f32, x~2: f32, add~1: f32, _9_lives: f32) -> (f32, f32) {\n  %0: f32 = add(x, x~2)\n  %1: f32 = mul(add~1, _9_lives)\n"
            "  return %0, %1\n}\n");
  const auto again = read(text);
  ASSERT_TRUE(again.has_value()) << again.error();
  EXPECT_EQ(print(*again), text);
}

TEST(Text, LiteralsOfAllTypes) {
  for (const Literal l :
       {Literal::ofDouble(Elem::F32, 0.1), Literal::ofDouble(Elem::F32, -0.0), Literal::ofDouble(Elem::F64, 1e300), Literal::ofDouble(Elem::F64, 5),
        Literal::ofDouble(Elem::F16, 0.1), Literal::ofDouble(Elem::BF16, -3), Literal::ofDouble(Elem::F32, HUGE_VAL), Literal{Elem::F32, 0x7fc00123},
        Literal::ofInt(Elem::I64, INT64_MIN), Literal::ofInt(Elem::U64, -1), Literal::ofInt(Elem::I8, -128), Literal::ofBool(true),
        Literal::ofBool(false), Literal{Elem::Key, 0xdeadbeef00000001ull},
        Literal{Elem::Str, intern("a \"quoted\"\\ text,\nin two lines -- no comment")}}) {
    const std::string text = "fn f(;) -> (" + std::string(elemName(l.elem)) + ") {\n  return " + print(l) + "\n}\n";
    const auto m = read(text);
    ASSERT_TRUE(m.has_value()) << m.error() << text;
    EXPECT_EQ(m->fns[0].results[0].literal, l) << text;
    EXPECT_EQ(print(*m), text);
  }
}

TEST(Text, ErrorsSayWhere) {
  const auto errorOf = [](std::string_view text) {
    const auto m = read(text);
    return m ? std::string("no error") : m.error();
  };
  EXPECT_EQ(errorOf("fn f(;) -> (f32) {\n  return x\n}\n"), "line 2, column 10: `x` is not defined");
  EXPECT_EQ(errorOf("fn f(; x: f32[N]) -> () {\n  return\n}\n"), "line 1, column 15: no dimension is named `N` here");
  EXPECT_EQ(errorOf("fn f(; x: f32) -> (f32) {\n  y: f32 = frob(x)\n  return y\n}\n"), "line 2, column 12: no operation is named `frob`");
  EXPECT_EQ(errorOf("fn f(; x: f32) -> (f32) {\n  y: f64 = neg(x)\n  return y\n}\n"), "line 2, column 6: result 0 is f32");
  EXPECT_EQ(errorOf("fn f(; x: f32) -> (f32) {\n  y: f32 = add(x, 1i32)\n  return y\n}\n"), "line 2, column 12: `add`: operands are f32 and i32");
  EXPECT_EQ(errorOf("fn f(; x: f32) -> (f32) {\n  return 300i8\n}\n"), "line 2, column 10: 300 is out of range of i8");
  EXPECT_EQ(errorOf("fn f(; x: f32, x: f32) -> () {\n  return\n}\n"), "line 1, column 16: `x` is defined twice");
  EXPECT_EQ(errorOf("fn f(; x: f32) -> (f32) {\n  return x # y\n}\n"), "line 2, column 12: unexpected `#`");
  EXPECT_EQ(errorOf("fn f(; x: f32) -> (f32) {"), "line 1, column 26: expected a name, found the end");
  EXPECT_EQ(errorOf("site 0 \"open"), "line 1, column 8: a string without end");
}

// No prefix of a module may crash the reader, nor may any one character taken out.
TEST(Text, BrokenTextIsAnErrorOrAModule) {
  for (std::size_t i = 0; i <= kModule.size(); ++i) {
    (void)read(kModule.substr(0, i));
    std::string hole(kModule);
    if (i < hole.size()) hole.erase(i, 1);
    const auto m = read(hole);
    if (m) (void)print(*m);
  }
}

/// A module whose first function is read from the text and then changed.
std::string violation(std::string_view text, const std::function<void(Module&)>& change, VerifyOptions options = {}) {
  auto m = read(text);
  EXPECT_TRUE(m.has_value()) << m.error();
  if (!m) return "";
  change(*m);
  return verify(*m, options).value_or("well formed");
}

constexpr std::string_view kSmall =
    "fn f(N; x: f32[N], k: key) -> (f32[N]) {\n  a: f32[N] = neg(x)\n  b: f32[N] = loop t < N carry (c: f32[N] = a) {\n    d: f32[N] = exp(c)\n    "
    "next (d)\n  }\n"
    "  return b\n}\n";

TEST(Verify, EachRuleNamesTheStatement) {
  using ::testing::HasSubstr;
  EXPECT_EQ(violation(kSmall, [](Module&) {}), "well formed");
  // 1: before its definition, outside of its region, twice.
  EXPECT_THAT(violation(kSmall, [](Module& m) { std::swap(m.fns[0].body[0], m.fns[0].body[1]); }), HasSubstr("uses `a` before its definition"));
  EXPECT_THAT(violation(kSmall, [](Module& m) { m.fns[0].results[0] = m.fns[0].body[1].regions[0].yields[0]; }),
              HasSubstr("uses `d` outside of its region"));
  EXPECT_THAT(violation(kSmall, [](Module& m) { m.fns[0].body.push_back(m.fns[0].body[0]); }), HasSubstr("defines `a` a second time"));
  // 1, dims: the loop's index outside of the loop.
  EXPECT_THAT(violation(kSmall,
                        [](Module& m) {
                          Fn& f = m.fns[0];
                          Builder(f, f.body).iota({Dim::variable(*f.body[1].attrs.defines)}, 0, Elem::I32);
                        }),
              HasSubstr("mentions a dimension that is not in scope"));
  // 2: a result type that is not the row's.
  EXPECT_THAT(violation(kSmall, [](Module& m) { m.fns[0].vars[m.fns[0].body[0].results[0]].type.elem = Elem::F64; }), HasSubstr("should be f32[N]"));
  // 3: a literal where no type is known.
  EXPECT_THAT(violation(kSmall,
                        [](Module& m) {
                          Stmt s = m.fns[0].body[0];
                          s.op = Op::Reverse;
                          s.args = {Atom::of(Literal::one(Elem::F32))};
                          s.results = {m.fns[0].newVar(Type{Elem::F32, {}})};
                          m.fns[0].body.push_back(s);
                        }),
              HasSubstr("may not be a literal"));
  // 4: a carry of another type; an emitted row whose type is born in the body.
  EXPECT_THAT(violation(kSmall, [](Module& m) { m.fns[0].body[1].regions[0].yields[0] = Atom::of(Literal::one(Elem::F64)); }),
              HasSubstr("yields f64 for carry 0"));
  EXPECT_THAT(violation(kSmall,
                        [](Module& m) {
                          Fn& f = m.fns[0];
                          Stmt& loop = f.body[1];
                          const Dim t = Dim::variable(*loop.attrs.defines);
                          loop.regions[0].yields.push_back(Builder(f, loop.regions[0].stmts).iota({t}, 0, Elem::I32));
                          loop.results.push_back(f.newVar(Type{Elem::I32, {Dim::variable(0), t}}));
                        }),
              HasSubstr("mentions a dimension that is not in scope"));
  // 5: orders.
  const auto reduce = [](Module& m) {
    Fn& f = m.fns[0];
    Builder(f, f.body).reduce(ReduceKind::Sum, Atom::of(f.params[0]), {0});
  };
  EXPECT_THAT(violation(kSmall, reduce, {true, false}), HasSubstr("has no order after pass `order`"));
  EXPECT_EQ(violation(kSmall, reduce), "well formed");
  EXPECT_THAT(violation(kSmall,
                        [&](Module& m) {
                          reduce(m);
                          m.fns[0].body.back().attrs.order = Order{};
                        }),
              HasSubstr("has an order before pass `order`"));
  // 6: transforms.
  EXPECT_THAT(violation("fn f(; x: f32) -> (f32) {\n  y: f32 = checkpoint() { ->\n    yield x\n  }\n  return y\n}\n", [](Module&) {}, {false, true}),
              HasSubstr("a transform is left"));
  // 7: keys.
  EXPECT_THAT(
      violation(kSmall,
                [](Module& m) { Builder(m.fns[0], m.fns[0].body).binary(Op::Eq, Atom::of(m.fns[0].params[1]), Atom::of(m.fns[0].params[1])); }),
      HasSubstr("a key may only be used by random operations"));
  // 8: sites.
  EXPECT_THAT(violation(kSmall, [](Module& m) { Builder(m.fns[0], m.fns[0].body).check(Atom::of(Literal::ofBool(true)), 2); }),
              HasSubstr("site 2 of 0"));
  // The innermost statement is named, with its function.
  EXPECT_THAT(violation(kSmall, [](Module& m) { m.fns[0].body[1].regions[0].stmts[0].args.clear(); }),
              HasSubstr("`f`: in `d: f32[N] = exp()`: `exp`: wrong number of operands"));
  EXPECT_THAT(violation(kSmall, [](Module& m) { m.fns[0].inPlace = {{1, 0}}; }), HasSubstr("inplace"));
}

TEST(Verify, FindsKeysThatAreUsedTwice) {
  const auto reuses = [](std::string_view text) {
    const auto m = read(text);
    EXPECT_TRUE(m.has_value()) << m.error();
    return keyReuses(m->fns[0]).size();
  };
  EXPECT_EQ(reuses("fn f(; k: key) -> () {\n  a: u32[3] = random_bits{dims [3]}(k)\n  b: key[2] = split{extent 2}(k)\n  return\n}\n"), 1u);
  EXPECT_EQ(reuses("fn f(; k: key) -> () {\n  j: key = fold_in(k, 1i32)\n  a: u32[3] = random_bits{dims [3]}(j)\n  b: key[2] = split{extent 2}(k)\n  "
                   "return\n}\n"),
            0u);
  // Either arm may draw from it, but nothing after.
  constexpr std::string_view kArms =
      "fn f(; k: key, p: bool) -> () {\n  r: u32[3] = cond(p) {\n    a: u32[3] = random_bits{dims [3]}(k)\n    yield a\n  } {\n    b: u32[3] = "
      "random_bits{dims [3]}(k)\n"
      "    yield b\n  }\n";
  EXPECT_EQ(reuses(std::string(kArms) + "  return\n}\n"), 0u);
  EXPECT_EQ(reuses(std::string(kArms) + "  c: i32[4] = permutation{extent 4}(k)\n  return\n}\n"), 1u);
}

}  // namespace
}  // namespace fedc::core
