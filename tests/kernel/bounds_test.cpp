#include <gtest/gtest.h>

#include "compiler/kernel/bounds.h"

namespace fedc::kernel {
namespace {

// Integers: R a dim, s a loop variable, n a let, i and j axes.
const Dim R = Dim::variable(0), s = Dim::variable(1), n = Dim::variable(2), i = Dim::variable(3), j = Dim::variable(4);

Facts batches() {
  Facts f;
  f.addRange(1, Dim::ceildiv(R, Dim(20)));
  f.addLet(2, Dim::min(Dim(20), R - Dim(20) * s), true);
  f.addRange(3, n);
  return f;
}

TEST(Bounds, rowsOfBatchesLieInside) {
  const Facts f = batches();
  EXPECT_TRUE(f.within(Dim(20) * s + i, R));
  EXPECT_TRUE(f.nonNegative(R - n - Dim(20) * s));
  EXPECT_FALSE(f.within(Dim(20) * s + i + Dim(1), R));
  EXPECT_FALSE(f.within(Dim(21) * s + i, R));
  EXPECT_FALSE(f.within(Dim(20) * s + i - Dim(1), R));
}

TEST(Bounds, oneLessIsNotProven) {
  Facts f;
  f.addRange(3, R);
  EXPECT_TRUE(f.within(i, R));
  EXPECT_TRUE(f.within(R - Dim(1) - i, R));
  EXPECT_FALSE(f.within(R - i, R));
  EXPECT_FALSE(f.within(i, R - Dim(1)));
}

TEST(Bounds, anAxisThatExistsMakesItsExtentPositive) {
  Facts f;
  EXPECT_FALSE(f.within(Dim(0), R));
  f.addRange(3, R);
  EXPECT_TRUE(f.within(Dim(0), R));
}

TEST(Bounds, whereABatchHasRowsTheClientHasSome) {
  EXPECT_TRUE(batches().nonNegative(R - Dim(1)));
  EXPECT_FALSE(batches().nonNegative(R - Dim(2)));
}

TEST(Bounds, clampedStartsLieInside) {
  Facts f;
  f.addLet(1, Dim::max(Dim(0), Dim::min(Dim(3) * R - Dim(7), R - Dim(2))), true);
  f.addRange(3, Dim(2));
  // As the interpreter clamps: inside if two rows exist, which nobody has said.
  EXPECT_FALSE(f.within(s + i, R));
  f.addRange(4, R - Dim(1));
  EXPECT_TRUE(f.within(s + i, R));
}

TEST(Bounds, mergedAxes) {
  Facts f;
  f.addRange(3, R);
  f.addRange(4, Dim(28));
  EXPECT_TRUE(f.within(Dim(28) * i + j, Dim(28) * R));
  EXPECT_FALSE(f.within(Dim(28) * i + j, Dim(27) * R));
}

}  // namespace
}  // namespace fedc::kernel
