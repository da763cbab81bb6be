#include "compiler/kernel/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/kernel/nests.h"
#include "compiler/kernel/verify.h"

namespace fedc::kernel {
namespace {

constexpr const char* kEverything = R"(kernel all(N; x: f32[N, 28, 28] in, i: i32[N] in, k: key in, p: bool in, acc: f32[6, 10|16] inout, y: f64 out)
laid out
arena 64*ceildiv(N, 4) + 1024 bytes {
  z: f32[n, 10|16] slack 16 @0
  c: i64 @960
}
{
  for s < ceildiv(N, 4) reverse {
    let n <= 4 = min(4, N - 4*s)
    nest z [i<n, j<10] {
      e0 = exp(x{N, 784}[4*s + i[4*s + i], j]?0)
      reduce [k<28] split(3, lanes) {
        a0: f32 sum = e0 init -0.5f32
        a1: f32 argmax = select(p, e0, f32.bits(0x7fc00000))
        a2: i64 max = convert.i64(e0)
      }
      z[i, j] = ((a0 * -inf.f32) + convert.f32(i64(n + k)))
      check lt(a1, 3i32) site 7
    }
  }
  call compact(p, i, c; N, 2*N)
  let m = clamp(c, N)
  if p {
    scatter acc [i<10] seq [j<m] {
      acc[c[]!, i] += 1.5e-10f32
    }
  } else {
    nest y [] {
      y = convert.f64(random_bits.u32(random_bits.key(k, 1u32), at 3*N))
      check not(is_finite(y)) site 0
    }
  }
}
)";

TEST(KernelText, everythingReadsAndPrintsAgain) {
  const auto k = read(kEverything);
  ASSERT_TRUE(k) << k.error();
  EXPECT_EQ(print(*k), kEverything);
  EXPECT_EQ(k->dims.size(), 1u);
  EXPECT_EQ(k->arguments.size(), 6u);
  EXPECT_EQ(k->buffers[k->arguments[4]].padLast, 16);
}

TEST(KernelText, errorsSayWhere) {
  const auto message = [](std::string text) {
    const auto k = read(text);
    return k ? std::string("no error") : k.error();
  };
  EXPECT_EQ(message("kernel f(;)\narena {\n}\n{\n  nest x [] {\n    q = 1.0f32\n  }\n}\n"), "line 6, column 5: no buffer `q`");
  EXPECT_EQ(message("kernel f(; x: f33 in)"), "line 1, column 15: no element type `f33`");
  EXPECT_EQ(message("kernel f(; x: f32 out) arena {} { nest x [] { x = blow(1.0f32) } }"), "line 1, column 51: no operation `blow`");
  EXPECT_EQ(message("kernel f(; x: f32 out, x: f32 out) arena {} {}"), "line 1, column 24: `x` is defined twice");
  EXPECT_EQ(message("kernel f(; x: f32 out) arena {} {"), "line 1, column 34: expected a name, found the end");
  EXPECT_EQ(message("kernel f(; x: f32 out) arena {} { nest x [] { x = a0 } }"), "line 1, column 51: no sum `a0`");
  EXPECT_EQ(message("kernel f(; x: f32 out) arena {} { nest x [] { x # 1 } }"), "line 1, column 49: unexpected `#`");
}

TEST(KernelText, textCutAnywhereIsAnError) {
  const std::string text = kEverything;
  for (std::size_t n = 0; n + 2 < text.size(); n += 3) EXPECT_FALSE(read(text.substr(0, n))) << n;
}

}  // namespace
}  // namespace fedc::kernel
