#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "compiler/core/text.h"
#include "tests/kernel/compare.h"
#include "tests/kernel/random_program.h"

namespace fedc::kernel {
namespace {

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

// FEDC_RANDOM_SEED and FEDC_RANDOM_COUNT choose others than the usual programs.
TEST(RandomPrograms, everyLoweringHasTheInterpretersBits) {
  const std::uint64_t first = number("FEDC_RANDOM_SEED", 1), count = number("FEDC_RANDOM_COUNT", 40);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    core::Module m = testing::randomProgram(seed);
    const auto problem = core::verify(m, m.fns[0], core::VerifyOptions{true, true});
    ASSERT_EQ(problem, std::nullopt) << "seed " << seed;
    for (std::int64_t n : {1, 4}) {
      const std::string d = testing::differenceOfAll(m, m.fns[0], {n}, seed);
      ASSERT_EQ(d, "") << "seed " << seed << ", N = " << n << "\n" << core::print(m);
    }
  }
}

}  // namespace
}  // namespace fedc::kernel
