#include "compiler/support/diagnostics.h"

#include <gtest/gtest.h>

#include "compiler/support/render.h"

namespace fedc {
namespace {

TEST(Diagnostics, TheSinkKeepsOneOfACodeAndPlace) {
  DiagnosticSink sink;
  sink.report(Diagnostic(Code::UnexpectedToken, {0, 1, 2}, "first"));
  sink.report(Diagnostic(Code::UnexpectedToken, {0, 1, 2}, "again"));
  sink.report(Diagnostic(Code::MissingComma, {0, 1, 2}, "another code"));
  EXPECT_EQ(sink.errorCount(), 2u);
  ASSERT_EQ(sink.diagnostics().size(), 2u);
  EXPECT_EQ(sink.diagnostics()[0].message, "first");
}

TEST(Diagnostics, TheLimitCountsOn) {
  DiagnosticSink sink(3);
  for (std::uint32_t i = 0; i < 10; ++i) sink.report(Diagnostic(Code::UnexpectedToken, {0, i, i}, "x"));
  EXPECT_EQ(sink.diagnostics().size(), 3u);
  EXPECT_EQ(sink.errorCount(), 10u);
  EXPECT_EQ(sink.suppressedCount(), 7u);
  EXPECT_NE(renderText(sink, SourceManager()).find("7 more not shown"), std::string::npos);
}

TEST(Diagnostics, SortedByPlace) {
  DiagnosticSink sink;
  sink.report(Diagnostic(Code::UnexpectedToken, {1, 0, 1}, "c"));
  sink.report(Diagnostic(Code::UnexpectedToken, {0, 9, 10}, "b"));
  sink.report(Diagnostic(Code::UnexpectedToken, {0, 2, 3}, "a"));
  std::string order;
  for (const Diagnostic& diagnostic : sink.sorted()) order += diagnostic.message;
  EXPECT_EQ(order, "abc");
}

TEST(Diagnostics, CodesAreFoundByNumber) {
  ASSERT_NE(findCode("e0010"), nullptr);
  EXPECT_EQ(findCode("E0010")->code, Code::UnexpectedToken);
  EXPECT_EQ(findCode("E9999"), nullptr);
  EXPECT_EQ(findCode(""), nullptr);
}

TEST(Diagnostics, TheExplanationShowsBothPrograms) {
  const std::string text = renderExplanation(codeInfo(Code::AssignInCondition));
  EXPECT_EQ(text.find("E0017: `=` in a condition\n"), 0u);
  EXPECT_NE(text.find("wrong:\n\n  fn f(n: i32) -> i32 { if n = 0"), std::string::npos);
  EXPECT_NE(text.find("right:\n\n  fn f(n: i32) -> i32 { if n == 0"), std::string::npos);
}

}  // namespace
}  // namespace fedc
