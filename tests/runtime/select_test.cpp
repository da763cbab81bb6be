#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/data/client_source.h"
#include "support.h"

namespace fedc::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const ClientSource& clients() {
  static const auto source = memorySource({{"10", {}, 0}, {"alice", {}, 0}, {"bob", {}, 0}, {"carol", {}, 0}, {"dave", {}, 0}}, {});
  return **source;
}

std::vector<std::size_t> chosen(const std::string& restriction) {
  auto selected = selectClients(restriction, clients());
  EXPECT_TRUE(selected) << (selected ? "" : selected.error().message);
  return selected ? *selected : std::vector<std::size_t>{};
}

std::string refused(const std::string& restriction) {
  auto selected = selectClients(restriction, clients());
  EXPECT_FALSE(selected);
  return selected ? "" : selected.error().message;
}

TEST(SelectClients, RangesIdsAndIndices) {
  EXPECT_THAT(chosen(""), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(chosen("1..3"), ElementsAre(1, 2));
  EXPECT_THAT(chosen("0..5"), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(chosen("dave,alice"), ElementsAre(1, 4));
  EXPECT_THAT(chosen(" bob , 3 "), ElementsAre(2, 3));
  // An id that looks like a number is an id.
  EXPECT_THAT(chosen("10"), ElementsAre(0));
  EXPECT_THAT(chosen("3..5,alice"), ElementsAre(1, 3, 4));
}

TEST(SelectClients, AFileHasOneALine) {
  const test::TemporaryDirectory directory;
  test::writeFile(directory / "ids", "carol\n\n  alice\r\n");
  EXPECT_THAT(chosen("@" + (directory / "ids")), ElementsAre(1, 3));
  EXPECT_THAT(refused("@" + (directory / "none")), HasSubstr("No such file"));
}

TEST(SelectClients, WhatCannotBeSelected) {
  EXPECT_THAT(refused("alicia"), HasSubstr("is it `alice`?"));
  EXPECT_THAT(refused("zzzzzzzzz"), HasSubstr("no client `zzzzzzzzz` among 5 clients (`10` to `dave`)"));
  EXPECT_THAT(refused("3..6"), HasSubstr("past the last of 5 clients"));
  EXPECT_THAT(refused("3..1"), HasSubstr("backwards"));
  EXPECT_THAT(refused("5"), HasSubstr("no client number 5"));
  EXPECT_THAT(refused("1..3,alice"), HasSubstr("`alice` is selected twice"));
  EXPECT_THAT(refused("2..2"), HasSubstr("selects no client"));
  EXPECT_THAT(refused(","), HasSubstr("selects no client"));
}

}  // namespace
}  // namespace fedc::runtime
