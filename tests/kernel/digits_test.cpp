#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "compiler/kernel/bufferise.h"
#include "compiler/kernel/fuse.h"
#include "compiler/kernel/layout.h"
#include "compiler/kernel/plan.h"
#include "compiler/kernel/text.h"
#include "compiler/kernel/verify.h"
#include "tests/kernel/compare.h"
#include "tests/kernel/digits_program.h"

namespace fedc::kernel {
namespace {

TEST(Digits, everyLoweringHasTheInterpretersBits) {
  const core::Module small = testing::digitsProgram(4, 2, 9, 6);
  for (std::int64_t rows : {0, 1, 4, 11}) EXPECT_EQ(testing::differenceOfAll(small, small.fns[0], {rows}, 7), "") << rows << " rows";
}

TEST(Digits, failedChecksAreFound) {
  const core::Module small = testing::digitsProgram(4, 2, 9, 6);
  const Kernel k = bufferise(small, small.fns[0]);
  const auto params = testing::randomParams(small.fns[0], {11}, 3, 12);
  EXPECT_EQ(testing::difference(small.fns[0], k, {11}, params), "");
}

TEST(Digits, fusedAsByHand) {
  const core::Module m = testing::digitsProgram();
  Kernel k = bufferise(m, m.fns[0]);
  std::vector<std::string> decisions;
  FuseOptions options;
  options.decisions = &decisions;
  fuse(k, options);
  layout(k);
  plan(k);
  EXPECT_EQ(verify(k, Stage::Planned), std::nullopt);
  if (std::getenv("FEDC_PRINT") != nullptr) {
    std::cout << print(k);
    for (const std::string& d : decisions) std::cout << d << '\n';
  }
}

}  // namespace
}  // namespace fedc::kernel
