#include <gtest/gtest.h>

#include <string>
#include <vector>

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

// The training step of worked-examples.md, A5: seven nests and a scalar, w and b updated where they lie, no gradient and no copy of rows.
constexpr const char* kStep = R"(  for s < ceildiv(R, 20) {
    let n <= 20 = min(20, R - 20*s)
    nest check [i<n] {
      check and(ge(label[order[20*s + i]!], 0i32), lt(label[order[20*s + i]!], 10i32)) site 0
    }
    nest z [i<n, j<10] {
      reduce [k<784] seq {
        a0: f32 fused sum = (pixels{R, 784}[order[20*s + i]!, k] * w[k, j]) init b[j]
      }
      z[i, j] = a0
    }
    nest m0 [i<n] {
      reduce [j<10] lanes {
        a0: f32 max = z[i, j]
      }
      m0[i] = a0
    }
    nest div31 [] {
      div31 = (lr / convert.f32(i64(n)))
    }
    nest reduce28 [i<n] {
      e0 = exp((z[i, j] - m0[i]))
      reduce [j<10] lanes {
        a0: f32 sum = e0
        each z[i, j] = e0
      }
      m0[i] = (div31 / a0)
    }
    nest dz [i<n, j<10] {
      z[i, j] = (select(eq(i32(j), label[order[20*s + i]!]), div31, 0.0f32) - (z[i, j] * m0[i]))
    }
    nest contract42 [i<784, j<10] {
      reduce [k<n] seq {
        a0: f32 fused sum = (pixels{R, 784}[order[20*s + k]!, i] * z[k, j]) init w[i, j]
      }
      w[i, j] = a0
    }
    nest reduce43 [i<10] {
      reduce [j<n] seq {
        a0: f32 sum = z[j, i] init b[i]
      }
      b[i] = a0
    }
  }
)";

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
  const std::string text = print(k);
  EXPECT_NE(text.find(kStep), std::string::npos) << text;
  // The local change is accumulated as it is formed.
  EXPECT_NE(text.find("a.w[i, j] = fma(convert.f32(i64(R)), (w[i, j] - m.w[i, j]), a.w[i, j])"), std::string::npos) << text;
  EXPECT_EQ(decisions.size(), 15u);
}

}  // namespace
}  // namespace fedc::kernel
