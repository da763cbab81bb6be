#include <gtest/gtest.h>

#include <set>
#include <variant>

#include <fmt/format.h>

#include "compiler/check/typed.h"
#include "compiler/core/op_table.h"
#include "tests/random/judge.h"

namespace fedc::random {
namespace {

/// What no generated program can hold, and why.
const std::map<std::string, std::string> kNever = {
    {"builtin conv2d", "not compiled yet"},
    {"builtin max_pool", "not compiled yet"},
    {"builtin assert_close", "in `test` blocks"},
    {"builtin clients", "in `test` blocks"},
    {"builtin declassify", "x itself; what it says is for policies (tests/policy)"},
    {"builtin leaves", "a number as soon as it is checked"},
    {"trace", "in programs that are compiled for a replay"},
    {"vjp trace", "in programs that are compiled for a replay"},
    {"vmap trace", "in programs that are compiled for a replay"},
    {"vjp cross", "between functions, which no transform holds"},
    {"vmap cross", "between functions, which no transform holds"},
    {"vjp fma", "made by simplify, behind all transforms"},
    {"vjp pick", "made by simplify, behind all transforms"},
    {"vmap pick", "made by simplify, behind all transforms"},
    {"vjp scatter", "made by differentiate, for the gathers in a region"},
    {"vmap scatter", "made by differentiate, for the gathers in a region"},
};

bool hasDerivative(const core::OpRow& row) {
  const auto& d = row.derivative;
  return std::holds_alternative<core::Partials>(d) || std::holds_alternative<core::Linear>(d) || std::holds_alternative<core::Bilinear>(d) ||
         std::holds_alternative<core::Rule>(d);
}

constexpr std::uint64_t kPrograms = 1600;

// Every op and every builtin that a program can reach is reached by the first programs; so is each derivative and each batching that has a rule.
TEST(Coverage, EveryOpAndBuiltinIsGenerated) {
  Usage used;
  for (std::uint64_t seed = 1; seed <= kPrograms; ++seed) {
    Choices choices(seed);
    for (const auto& [what, n] : usage(makeProgram(choices))) used[what] += n;
  }
  std::set<std::string> wanted;
  for (const core::OpRow& row : core::opTable()) {
    const std::string name(core::opName(row.op));
    wanted.insert(name);
    if (hasDerivative(row)) wanted.insert("vjp " + name);
    if (std::holds_alternative<core::BatchRule>(row.batching)) wanted.insert("vmap " + name);
  }
#define FEDC_BUILTIN(id, name, group, signature, doc) wanted.insert("builtin " name);
#include "compiler/check/builtins.def"
  for (const std::string& what : wanted) {
    const bool never = kNever.count(what) != 0;
    EXPECT_EQ(used.count(what) == 0, never) << what << (never ? ": is generated, and said not to be: " + kNever.at(what) : ": never generated");
  }
}

}  // namespace
}  // namespace fedc::random
