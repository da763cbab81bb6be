#include <gtest/gtest.h>

#include "compiler/support/render.h"
#include "compiler/syntax/parse.h"
#include "tests/golden.h"

namespace fedc {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(FEDC_SOURCE_DIR) / "tests/syntax/errors";

class SyntaxErrors : public ::testing::TestWithParam<fs::path> {};

TEST_P(SyntaxErrors, AreReportedAsExpected) {
  SourceManager sources;
  DiagnosticSink sink;
  syntax::parse(sources.add(GetParam().filename().string(), tests::readFile(GetParam())), sink);
  EXPECT_TRUE(sink.hasErrors());
  const std::string text = renderText(sink, sources);
  for (const char* word : {"viable", "mismatched input", "extraneous", "LBRACE", "_NAME", "something else"}) {
    EXPECT_EQ(text.find(word), std::string::npos) << "a word of the parser's machinery, " << word << ", in\n" << text;
  }
  fs::path expected = GetParam();
  tests::expectGolden(text, expected.replace_extension(".expected"));
}

INSTANTIATE_TEST_SUITE_P(Files, SyntaxErrors, ::testing::ValuesIn(tests::filesIn(kFolder, ".fed")),
                         [](const auto& info) { return tests::testName(info.param.stem().string()); });

TEST(SyntaxErrorFiles, NoneIsLeftOver) {
  EXPECT_GT(tests::filesIn(kFolder, ".fed").size(), 10u);
  for (fs::path expected : tests::filesIn(kFolder, ".expected")) {
    EXPECT_TRUE(fs::exists(fs::path(expected).replace_extension(".fed"))) << expected << " belongs to no program";
  }
}

}  // namespace
}  // namespace fedc
