#include "tests/random/shrink.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/random/program.h"

namespace fedc::random {
namespace {

TEST(Choices, TheSameTreeGivesTheSameProgram) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Choices drawn(seed), again(seed);
    const std::string source = makeProgram(drawn).file();
    EXPECT_EQ(makeProgram(again).file(), source);
    Choices replayed(drawn.taken());
    EXPECT_EQ(makeProgram(replayed).file(), source);
    EXPECT_EQ(replayed.taken(), drawn.taken());
  }
}

TEST(Choices, AnEmptyTreeGivesTheSimplestProgram) {
  Choices none{ChoiceTree{}};
  const std::string source = makeProgram(none).source;
  EXPECT_LT(source.size(), 200U) << source;
  EXPECT_NE(source.find("fn main"), std::string::npos) << source;
}

/// Numbers up to 99, some within others; a stand-in for a program.
std::vector<std::uint32_t> numbers(Choices& choices, int depth = 0) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = 0, n = choices.below(6); i < n; ++i) {
    choices.part([&] {
      if (depth < 3 && choices.chance(40)) {
        const auto inner = numbers(choices, depth + 1);
        out.insert(out.end(), inner.begin(), inner.end());
      } else {
        out.push_back(choices.below(100));
      }
    });
  }
  return out;
}

// What fails holds a number above 41; nothing smaller than one such number does.
TEST(Shrink, FindsTheSmallest) {
  int shrunk = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const auto fails = [](const std::vector<std::uint32_t>& all) {
      return std::any_of(all.begin(), all.end(), [](std::uint32_t n) { return n > 41; });
    };
    Choices drawn(seed);
    if (!fails(numbers(drawn))) continue;
    const ChoiceTree smallest = shrink(drawn.taken(), [&](const ChoiceTree& tree) {
      Choices choices(tree);
      return Attempt{fails(numbers(choices)), choices.taken()};
    });
    Choices choices(smallest);
    EXPECT_EQ(numbers(choices), std::vector<std::uint32_t>{42}) << "seed " << seed;
    ++shrunk;
  }
  EXPECT_GT(shrunk, 20);
}

}  // namespace
}  // namespace fedc::random
