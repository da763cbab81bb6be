#include <gtest/gtest.h>

#include <string>

#include "compiler/core/text.h"
#include "compiler/kernel/bufferise.h"
#include "compiler/kernel/nests.h"

namespace fedc::kernel {
namespace {

/// The names of nests in loops that go over at least so many elements.
std::vector<std::string> largeNests(const Block& block, std::int64_t least, bool inLoop = false) {
  std::vector<std::string> out;
  const auto add = [&](const Block& inner, bool loop) {
    for (std::string& name : largeNests(inner, least, loop)) out.push_back(std::move(name));
  };
  for (const Statement& s : block) {
    if (const auto* loop = std::get_if<For>(&s.node)) add(loop->body, true);
    if (const auto* branch = std::get_if<If>(&s.node)) {
      add(branch->then, inLoop);
      add(branch->otherwise, inLoop);
    }
    const auto* nest = std::get_if<Nest>(&s.node);
    if (nest == nullptr || !inLoop) continue;
    std::int64_t elements = 1;
    for (const Axis& axis : nest->axes) elements *= axis.extent.constant().value_or(1);
    if (elements >= least) out.push_back(nest->name);
  }
  return out;
}

std::vector<std::string> largeNests(const std::string& body) {
  const auto module = core::read("fn f(; y0: f32[100, 8]) -> (f32[100, 8], f32[8]) {\n" + body + "}\n");
  EXPECT_TRUE(module) << module.error();
  if (!module) return {};
  return largeNests(bufferise(*module, module->fns[0]).body, 400);
}

TEST(InPlace, PartsThatAreStillReadAreCopiedAndNotTheWhole) {
  EXPECT_EQ(largeNests(R"(
  s0: f32[8] = broadcast{dims [8]}(0.0f32)
  y: f32[100, 8], s: f32[8] = loop i < 100 carry (a: f32[100, 8] = y0, b: f32[8] = s0) {
    n: i32 = dim_value{elem i32; extent i}()
    m: i32 = sub(99i32, n)
    p: f32[1, 8] = slice{dims [1, 8]; starts [i, 0]}(a)
    q: f32[1, 8] = dynamic_slice{dims [1, 8]}(a, m, 0i32)
    c: f32[100, 8] = update_slice(a, q, n, 0i32)
    d: f32[100, 8] = update_slice(c, p, m, 0i32)
    e: f32[8] = reshape{dims [8]}(p)
    next (d, e)
  }
  return y, s
)"),
            std::vector<std::string>{});
}

TEST(InPlace, WhatIsStillReadAsAWholeIsCopied) {
  EXPECT_EQ(largeNests(R"(
  s0: f32[8] = broadcast{dims [8]}(0.0f32)
  y: f32[100, 8], s: f32[8] = loop i < 100 carry (a: f32[100, 8] = y0, b: f32[8] = s0) {
    n: i32 = dim_value{elem i32; extent i}()
    p: f32[1, 8] = slice{dims [1, 8]; starts [i, 0]}(a)
    c: f32[100, 8] = update_slice(a, p, 0i32, 0i32)
    d: f32[100, 8] = add(a, c)
    next (d, b)
  }
  return y, s
)")
                .empty(),
            false);
}

}  // namespace
}  // namespace fedc::kernel
