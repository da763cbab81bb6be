#include "compiler/check/foreign_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/check/support.h"

namespace fedc::check {
namespace {

using ::testing::HasSubstr;

std::string reportsOf(const std::string& text) { return tests::checkText(text).report(); }

TEST(ForeignNames, EachIsExplainedAndIsNoNameOfFed) {
  std::set<std::string_view> seen;
  for (const ForeignName& name : foreignNames()) {
    EXPECT_TRUE(seen.insert(name.name).second) << name.name;
    const std::string text = reportsOf("fn f(x: f32) -> f32 { " + std::string(name.name) + "(x) }\n");
    EXPECT_THAT(text, HasSubstr("E0101")) << name.name;
    EXPECT_THAT(text, HasSubstr(std::string(name.note)));
    if (name.replacement.empty()) continue;
    EXPECT_THAT(text, HasSubstr("what it is called here")) << name.name;
    // What stands in its place is there.
    EXPECT_THAT(reportsOf("fn f(x: f32) -> f32 { " + std::string(name.replacement) + "(x) }\n"), ::testing::Not(HasSubstr("E0101"))) << name.name;
  }
}

}  // namespace
}  // namespace fedc::check
