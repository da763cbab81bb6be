#include "tools/fedc/number_text.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/cli/values.h"

namespace fedc::cli {
namespace {

using tests::leaf;
using tests::number;

TEST(NumberText, Durations) {
  EXPECT_EQ(durationText(0), "0 us");
  EXPECT_EQ(durationText(0.000412), "412 us");
  EXPECT_EQ(durationText(0.00321), "3.21 ms");
  EXPECT_EQ(durationText(0.0321), "32.1 ms");
  EXPECT_EQ(durationText(0.9999), "1.00 s");
  EXPECT_EQ(durationText(12.44), "12.4 s");
  EXPECT_EQ(durationText(99.96), "100 s");
  EXPECT_EQ(durationText(187), "3 min 07 s");
  EXPECT_EQ(durationText(3599.7), "1 h 00 min");
  EXPECT_EQ(durationText(7500), "2 h 05 min");
  EXPECT_EQ(durationText(-1), "?");
  EXPECT_EQ(durationText(std::nan("")), "?");
}

TEST(NumberText, Bytes) {
  EXPECT_EQ(bytesText(512), "512 B");
  EXPECT_EQ(bytesText(31400), "31.4 kB");
  EXPECT_EQ(bytesText(999600), "1 MB");
  EXPECT_EQ(bytesText(4827392), "4.83 MB");
}

TEST(NumberText, Elements) {
  EXPECT_EQ(arrayText(number("", 0.31239).value, 1), "0.3124");
  EXPECT_EQ(arrayText(number("", 0.9).value, 1), "0.9000");
  EXPECT_EQ(arrayText(number("", 3).value, 1), "3");
  EXPECT_EQ(arrayText(number("", 1.25e-7).value, 1), "1.250e-07");
  EXPECT_EQ(arrayText(number("", std::nan("")).value, 1), "nan");
  EXPECT_EQ(arrayText(number("", -INFINITY).value, 1), "-inf");
  EXPECT_EQ(arrayText(leaf("", core::Elem::I64, {}, {-5000000000.0}).value, 1), "-5000000000");
  EXPECT_EQ(arrayText(leaf("", core::Elem::Bool, {}, {1}).value, 1), "true");
  EXPECT_EQ(arrayText(core::Array::scalar({core::Elem::Key, 42}), 1), "000000000000002a");
  EXPECT_EQ(arrayText(core::Array::scalar({core::Elem::U64, ~0ULL}), 1), "18446744073709551615");
}

TEST(NumberText, ArraysUpToALimit) {
  const runtime::NamedArray small = leaf("w", core::Elem::F32, {2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(arrayText(small.value, 4), "[[1, 2], [3, 4]]");
  EXPECT_EQ(arrayText(small.value, 3), "f32[2, 2]");
  EXPECT_EQ(arrayText(leaf("w", core::Elem::I32, {0}, {}).value, 3), "[]");
}

TEST(NumberText, Metrics) {
  const std::vector<runtime::NamedArray> metrics = {number("loss", 0.5), leaf("histogram", core::Elem::I32, {3}, {1, 2, 3})};
  EXPECT_EQ(metricsText(metrics, true), "loss 0.5000");
  EXPECT_EQ(metricsText(metrics, false), "loss 0.5000  histogram [1, 2, 3]");
}

}  // namespace
}  // namespace fedc::cli
