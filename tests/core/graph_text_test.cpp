// Costs, and the federated graph's text and DOT forms.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/core/cost.h"
#include "compiler/core/text.h"

namespace fedc::core {
namespace {

std::string flopsOf(std::string_view text) {
  const auto m = read(text);
  EXPECT_TRUE(m.has_value()) << m.error();
  return m ? print(m->fns[0], flops(m->fns[0])) : "";
}

TEST(Cost, CountsProductsReductionsAndElements) {
  EXPECT_EQ(flopsOf("fn f(R; x: f32[R, 784], w: f32[784, 10]) -> (f32[R]) {\n  z: f32[R, 10] = contract{axes 1; rhs 0}(x, w)\n  y: f32[R, 10] = "
                    "add(z, 1.0f32)\n"
                    "  m: f32[R] = reduce{kind sum; axes 1}(y)\n  return m\n}\n"),
            "15700*R");
  EXPECT_EQ(
      flopsOf("fn f(N; a: f32[N], i: i32[N]) -> (f32[N], i32[N]) {\n  b: f32[N] = fma(a, a, 1.0f32)\n  j: i32[N] = add(i, i)\n  return b, j\n}\n"),
      "2*N");
}

TEST(Cost, BatchesOfALoopAddUpToTheWhole) {
  EXPECT_EQ(flopsOf("fn f(R; x: f32[R]) -> (f32) {\n  dim T = ceildiv(R, 20)\n  s: f32 = loop t < T carry (c: f32 = 0.0f32) {\n    dim n <= 20 = "
                    "min(20, R - 20*t)\n"
                    "    b: f32[n] = slice{dims [n]; starts [20*t]}(x)\n    u: f32 = reduce{kind sum; axes 0}(b)\n    d: f32 = add(c, u)\n    next "
                    "(d)\n  }\n  return s\n}\n"),
            "R + ceildiv(R, 20)");
  // Five epochs.
  EXPECT_EQ(flopsOf("fn f(R; x: f32[R]) -> (f32) {\n  s: f32 = loop e < 5 carry (a: f32 = 0.0f32) {\n    r: f32 = loop t < ceildiv(R, 20) carry (c: "
                    "f32 = a) {\n"
                    "      dim n <= 20 = min(20, R - 20*t)\n      b: f32[n] = slice{dims [n]; starts [20*t]}(x)\n      u: f32 = reduce{kind sum; "
                    "axes 0}(b)\n      next (u)\n    }\n"
                    "    next (r)\n  }\n  return s\n}\n"),
            "5*R");
  // What does not add up counts with its greatest value.
  EXPECT_EQ(flopsOf("fn f(R; x: f32[R]) -> (f32) {\n  s: f32 = loop t < R carry (c: f32 = 0.0f32) {\n    b: f32[t] = slice{dims [t]; starts [0]}(x)\n"
                    "    u: f32 = reduce{kind sum; axes 0}(b)\n    next (u)\n  }\n  return s\n}\n"),
            "R*max(0, R - 1)");
}

/// A program of one exchange, by hand.
Program smallProgram() {
  Program p;
  const auto module = read(
      "fn work1(R; s: f32[10], n: f32, w: f32[10], x: f32[R, 10]) -> (f32[10], f32) inplace (0 = 0, 1 = 1) {\n  u: f32[10] = reduce{kind sum; axes "
      "0; order seq}(x, s)\n"
      "  a: f32[10] = add(u, w)\n  d: f32 = dim_value{elem f32; extent R}()\n  m: f32 = add(n, d)\n  return a, m\n}\n"
      "fn zero1(;) -> (f32[10], f32) {\n  return 0.0f32, 0.0f32\n}\n"
      "fn merge1(; a: f32[10], b: f32[10]) -> (f32[10]) {\n  c: f32[10] = add(a, b)\n  return c\n}\n"
      "fn next1(; s: f32[10], n: f32) -> (f32[10]) {\n  b: f32[10] = broadcast{dims [10]}(n)\n  q: f32[10] = div(s, b)\n  return q\n}\n");
  EXPECT_TRUE(module.has_value()) << module.error();
  p.module = *module;
  Graph g;
  g.entry = "next";
  const Type vector{Elem::F32, {Dim(10)}}, scalar{Elem::F32, {}};
  g.slots = {{"m.w", vector, Place::Server}, {"sum.w", vector, Place::Server}, {"sum.n", scalar, Place::Server}, {"m'.w", vector, Place::Server}};
  g.columns = {{0, "pixels", vector, {}}};
  g.inputs = {{Graph::Input::Kind::State, 0, "m.w", {}, {}}};
  Phase phase;
  phase.down = {0};
  UpEdge up;
  up.kind = UpEdge::Kind::Aggregate;
  up.leaves = {{"u.w", vector, Place::Clients}, {"u.n", scalar, Place::Clients}};
  phase.up = {up};
  phase.accumulator = {{"sum.w", vector, Place::Server}, {"sum.n", scalar, Place::Server}};
  phase.zero.fn = 1;
  phase.client = 0;
  phase.clientInputs = {{ClientInput::Kind::Accumulator, 0, 0},
                        {ClientInput::Kind::Accumulator, 0, 1},
                        {ClientInput::Kind::Down, 0, 0},
                        {ClientInput::Kind::Column, 0, 0}};
  phase.clientOutputs = {{ClientOutput::Kind::Accumulator, 0, 0}, {ClientOutput::Kind::Accumulator, 0, 1}};
  phase.merge = 2;
  phase.accumulatorSlots = {1, 2};
  phase.server = {3, {1, 2}, {3}};
  g.phases = {phase};
  g.outputs = {{Graph::Output::Kind::State, 3, "m.w"}};
  p.graphs = {g};
  return p;
}

TEST(GraphText, ShowsStagesBytesAndOperations) {
  const Program p = smallProgram();
  EXPECT_EQ(printGraph(p, p.graphs[0]),
            "graph next\n"
            "  in          state m.w: f32[10]\n"
            "  data        pixels: f32[10] a row\n"
            "  phase 1\n"
            "    down      m.w: f32[10]\n"
            "    clients   work1(sum sum.w, sum sum.n, m.w, data pixels) -> (sum sum.w, sum sum.n)   10*R + 11 flops\n"
            "    up        aggregate u.w: f32[10], u.n: f32\n"
            "    bytes     40 down, 44 up, each client\n"
            "    zero      zero1()   0 flops\n"
            "    merge     merge1   10 flops\n"
            "    server    next1(sum.w, sum.n) -> m'.w: f32[10]   10 flops\n"
            "  out         state m.w = m'.w: f32[10]\n");
}

TEST(GraphText, DrawsEveryStage) {
  using ::testing::HasSubstr;
  const Program p = smallProgram();
  const std::string dot = printDot(p, p.graphs[0]);
  EXPECT_THAT(dot, HasSubstr("digraph \"next\" {"));
  EXPECT_THAT(dot, HasSubstr("clients1 [label=\"clients work1\\n10*R + 11 flops\""));
  EXPECT_THAT(dot, HasSubstr("in -> clients1 [label=\"down 40 B\\nm.w: f32[10]\"]"));
  EXPECT_THAT(dot, HasSubstr("clients1 -> server1 [label=\"up 44 B\\naggregate: u.w: f32[10], u.n: f32\"]"));
  EXPECT_THAT(dot, HasSubstr("data -> clients1"));
  EXPECT_EQ(std::count(dot.begin(), dot.end(), '{'), std::count(dot.begin(), dot.end(), '}'));
}

}  // namespace
}  // namespace fedc::core
