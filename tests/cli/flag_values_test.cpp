#include "tools/fedc/flag_values.h"

#include <gtest/gtest.h>

namespace fedc::cli {
namespace {

TEST(FlagValues, AssignmentsAreCutAtTheFirstEquals) {
  auto pair = parseAssignment("lr=0.1");
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->first, "lr");
  EXPECT_EQ(pair->second, "0.1");
  pair = parseAssignment("model.w.0=[a=b]");
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->first, "model.w.0");
  EXPECT_EQ(pair->second, "[a=b]");
}

TEST(FlagValues, AssignmentsNeedANameAndAValue) {
  for (const char* text : {"lr", "=1", "lr=", "l r=1", ".w=1", "w.=1", "a..b=1", ""}) {
    EXPECT_FALSE(parseAssignment(text)) << text;
  }
}

TEST(FlagValues, Bytes) {
  EXPECT_EQ(parseBytes("0").value(), 0);
  EXPECT_EQ(parseBytes("1048576").value(), 1048576);
  EXPECT_EQ(parseBytes("100B").value(), 100);
  EXPECT_EQ(parseBytes("64k").value(), 64 << 10);
  EXPECT_EQ(parseBytes("64M").value(), 64 << 20);
  EXPECT_EQ(parseBytes("64MB").value(), 64 << 20);
  EXPECT_EQ(parseBytes("64MiB").value(), 64 << 20);
  EXPECT_EQ(parseBytes("1G").value(), std::int64_t{1} << 30);
  EXPECT_EQ(parseBytes("1.5G").value(), std::int64_t{3} << 29);
  EXPECT_EQ(parseBytes("2t").value(), std::int64_t{2} << 40);
}

TEST(FlagValues, NotBytes) {
  for (const char* text : {"", "M", "B", "-1", "1 G", "1X", "1GG", "inf", "nan", "1e3", "0x10", "1.2.3", "5iB", "99999999T"}) {
    EXPECT_FALSE(parseBytes(text)) << text;
  }
}

TEST(FlagValues, CohortSizes) {
  EXPECT_EQ(parseCohortSize("all").value(), std::nullopt);
  EXPECT_EQ(parseCohortSize("10").value(), 10);
  for (const char* text : {"0", "-3", "ten", "", "1.5", "10 "}) EXPECT_FALSE(parseCohortSize(text)) << text;
}

TEST(FlagValues, WholeNumbersHaveLimits) {
  EXPECT_EQ(parseWhole("7", 1, 7).value(), 7);
  EXPECT_FALSE(parseWhole("8", 1, 7));
  EXPECT_FALSE(parseWhole("0", 1, 7));
  EXPECT_FALSE(parseWhole("3.0", 1, 7));
}

TEST(FlagValues, SeedsHave64Bits) {
  EXPECT_EQ(parseSeed("18446744073709551615").value(), 18446744073709551615ULL);
  EXPECT_FALSE(parseSeed("18446744073709551616"));
  EXPECT_FALSE(parseSeed("-1"));
}

}  // namespace
}  // namespace fedc::cli
