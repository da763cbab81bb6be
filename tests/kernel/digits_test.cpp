#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "compiler/core/interpret.h"
#include "compiler/kernel/bufferise.h"
#include "compiler/kernel/evaluate.h"
#include "compiler/kernel/layout.h"
#include "compiler/kernel/plan.h"
#include "compiler/kernel/text.h"
#include "compiler/kernel/verify.h"
#include "tests/kernel/digits_program.h"

namespace fedc::kernel {
namespace {

using core::Array;

TEST(Digits, bufferised) {
  const core::Module m = testing::digitsProgram();
  Kernel k = bufferise(m, m.fns[0]);
  printf("%s\n", print(bufferiseWithCopies(m, m.fns[0])).c_str());
  printf("%s\n", print(k).c_str());
  EXPECT_EQ(verify(k, Stage::Nests), std::nullopt);
  layout(k);
  EXPECT_EQ(verify(k, Stage::LaidOut), std::nullopt);
  plan(k);
  EXPECT_EQ(verify(k, Stage::Planned), std::nullopt);
  printf("%s\n", print(k).c_str());
}

}  // namespace
}  // namespace fedc::kernel
