#include "tests/check/support.h"

namespace fedc {
namespace {

namespace fs = std::filesystem;

const fs::path kHere = fs::path(FEDC_SOURCE_DIR) / "tests" / "check";

std::string nameOf(const ::testing::TestParamInfo<fs::path>& info) { return tests::testName(info.param.stem().string()); }

tests::Checked checkShort(const fs::path& path) {
  // Under its short name, so that the expectation is the same in every checkout.
  return tests::checkText(tests::readFile(path), {}, path.filename().string());
}

/// A report with files of the project named from its root.
std::string withoutRoot(std::string report) {
  const std::string root = std::string(FEDC_SOURCE_DIR) + "/";
  for (std::size_t at = report.find(root); at != std::string::npos; at = report.find(root, at)) report.erase(at, root.size());
  return report;
}

/// What a user reads: the report of each wrong program, word for word.
class ErrorReport : public ::testing::TestWithParam<fs::path> {};

TEST_P(ErrorReport, Reads) {
  const auto c = checkShort(GetParam());
  EXPECT_TRUE(c.sink.hasErrors());
  EXPECT_FALSE(c.program.has_value());
  fs::path expected = GetParam();
  tests::expectGolden(withoutRoot(c.report()), expected.replace_extension(".expected"));
}

INSTANTIATE_TEST_SUITE_P(All, ErrorReport, ::testing::ValuesIn(tests::filesIn(kHere / "errors", ".fed")), nameOf);

/// The typed program: what is inserted, in which order, with which types.
class TypedText : public ::testing::TestWithParam<fs::path> {};

TEST_P(TypedText, Prints) {
  const auto c = checkShort(GetParam());
  ASSERT_TRUE(c.program.has_value()) << c.report();
  fs::path expected = GetParam();
  tests::expectGolden(check::print(*c.program), expected.replace_extension(".expected"));
}

INSTANTIATE_TEST_SUITE_P(All, TypedText, ::testing::ValuesIn(tests::filesIn(kHere / "typed", ".fed")), nameOf);

}  // namespace
}  // namespace fedc
