#include <fmt/format.h>

#include "compiler/core/text.h"
#include "tests/codegen/native_support.h"

namespace fedc::testing {
namespace {

using core::Array;
using core::Elem;

core::Module readOrDie(const std::string& text) {
  auto m = core::read(text);
  if (!m) ADD_FAILURE() << m.error() << "\n" << text;
  return m ? std::move(*m) : core::Module{};
}

/// A contraction [n, k] x [k, m] (or, transposed, [m, k]) with or without init, in every order.
TEST(Reductions, ProductsInEveryOrder) {
  std::size_t number = 0;
  for (const char* order : {"seq", "lanes", "split(3, seq)", "split(4, lanes)"}) {
    for (const auto& [k, m] : {std::pair{33, 21}, std::pair{7, 64}, std::pair{100, 5}}) {
      for (bool init : {false, true}) {
        SCOPED_TRACE(fmt::format("{} {}x{} init {}", order, k, m, init));
        const std::string text = fmt::format(
            "fn f(N; a: f32[N, {0}], b: f32[{0}, {1}], c: f32[{1}, {0}], i: f32[N, {1}]) -> (f32[N, {1}], f32[N, {1}]) {{\n"
            "  r: f32[N, {1}] = contract{{axes 1; rhs 0; order {2}}}(a, b{3})\n"
            "  s: f32[N, {1}] = contract{{axes 1; rhs 1; order {2}}}(a, c{3})\n"
            "  return r, s\n}}\n",
            k, m, order, init ? ", i" : "");
        const core::Module module = readOrDie(text);
        ASSERT_EQ(module.fns.size(), 1u);
        for (std::int64_t n : {0, 1, 6, 13})
          expectAgreement(module, 0, {n},
                          {randomArray(Elem::F32, {n, k}, 1, n == 6), randomArray(Elem::F32, {k, m}, 2, n == 6), randomArray(Elem::F32, {m, k}, 3),
                           randomArray(Elem::F32, {n, m}, 4)},
                          n == 13 ? someVariants(number++, 2) : std::vector<Variant>{allVariants()[1]});
        if (HasFailure()) return;
      }
    }
  }
}

/// What is large enough is shared by a team without being asked to.
TEST(Reductions, ATeamSharesLargeNests) {
  const core::Module module = readOrDie(
      "fn f(N; a: f32[N, 128], b: f32[128, 100], w: f32[500, 300]) -> (f32[N, 100], f32[500, 300]) {\n"
      "  r: f32[N, 100] = contract{axes 1; rhs 0; order seq}(a, b)\n"
      "  s: f32[500, 300] = add(w, w)\n"
      "  return r, s\n}\n");
  ASSERT_EQ(module.fns.size(), 1u);
  const std::vector<Array> params = {randomArray(Elem::F32, {77, 128}, 1), randomArray(Elem::F32, {128, 100}, 2),
                                     randomArray(Elem::F32, {500, 300}, 3)};
  const std::vector<std::int64_t> rows = {77};
  const core::InterpretResult want = core::interpret(module.fns[0], rows, params);
  auto compiled = codegen::compileNative(module, {true});
  ASSERT_TRUE(compiled) << compiled.error().message;
  RandomTeam team;
  const NativeRun got = runNative(*(*compiled)[0], rows, params, shapesOf(want.results), &team);
  EXPECT_EQ(team.ranges, 2);
  for (std::size_t r = 0; r < 2; ++r) EXPECT_TRUE(sameValues(got.results[r], want.results[r])) << r;
}

TEST(Reductions, EveryKindTypeAndOrder) {
  std::size_t number = 0;
  for (const char* kind : {"sum", "prod", "max", "min"}) {
    for (const char* elem : {"f32", "f64", "i32", "u8", "f16"}) {
      for (const char* order : {"seq", "lanes", "split(3, seq)", "split(2, lanes)"}) {
        SCOPED_TRACE(fmt::format("{} {} {}", kind, elem, order));
        const std::string text = fmt::format(
            "fn f(N; x: {1}[N, 5, 37]) -> ({1}[N], {1}[5, 37], {1}[N, 37]) {{\n"
            "  a: {1}[N] = reduce{{kind {0}; axes 1, 2; order {2}}}(x)\n"
            "  b: {1}[5, 37] = reduce{{kind {0}; axes 0; order {2}}}(x)\n"
            "  c: {1}[N, 37] = reduce{{kind {0}; axes 1; order {2}}}(x)\n"
            "  return a, b, c\n}}\n",
            kind, elem, order);
        const core::Module module = readOrDie(text);
        ASSERT_EQ(module.fns.size(), 1u);
        const Elem e = *core::elemFromName(elem);
        expectAgreement(module, 0, {9}, {randomArray(e, {9, 5, 37}, 1)}, {allVariants()[number++ * 3 % allVariants().size()]});
        expectAgreement(module, 0, {3}, {randomArray(e, {3, 5, 37}, 2, true)}, {allVariants()[number++ * 3 % allVariants().size()]});
        if (HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace fedc::testing
