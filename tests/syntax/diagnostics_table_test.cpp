#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>

#include "compiler/support/elsewhere.h"
#include "compiler/syntax/parse.h"
#include "tests/diagnostic_walker.h"

namespace fedc {
namespace {

void parseAll(const tests::Fixture& fixture, SourceManager& sources, DiagnosticSink& sink) {
  for (const auto& file : fixture.files) syntax::parse(sources.add(file.name, file.text), sink);
}

class ParseRow : public ::testing::TestWithParam<CodeInfo> {};

TEST_P(ParseRow, ItsOwnProgramsShowIt) { tests::expectRow(GetParam(), parseAll); }

INSTANTIATE_TEST_SUITE_P(Table, ParseRow, ::testing::ValuesIn(tests::rowsOf(Stage::Parse)), tests::rowName);

TEST(DiagnosticsTable, ProgramsOfLaterStagesParse) {
  for (const CodeInfo& row : codeTable()) {
    if (row.stage == Stage::Parse) continue;
    for (const std::string_view program : {row.wrong, row.right}) {
      SourceManager sources;
      DiagnosticSink sink;
      parseAll(tests::splitFixture(program), sources, sink);
      EXPECT_FALSE(sink.hasErrors()) << row.number << ":\n" << renderText(sink, sources);
    }
  }
}

TEST(DiagnosticsTable, EveryRowIsComplete) {
  const std::regex number("E[0-9]{4}");
  std::set<std::string_view> numbers;
  for (const CodeInfo& row : codeTable()) {
    EXPECT_TRUE(std::regex_match(row.number.begin(), row.number.end(), number)) << row.number;
    EXPECT_TRUE(numbers.insert(row.number).second) << row.number << " stands twice";
    EXPECT_FALSE(row.title.empty()) << row.number;
    EXPECT_FALSE(row.title.ends_with('.')) << row.number << ": a title has no full stop";
    EXPECT_TRUE(row.explanation.size() >= 20 && row.explanation.ends_with('.')) << row.number << " needs an explanation in sentences";
    EXPECT_FALSE(row.wrong.empty()) << row.number;
    EXPECT_FALSE(row.right.empty()) << row.number;
    EXPECT_NE(row.wrong, row.right) << row.number;
    EXPECT_EQ(&codeInfo(row.code), &row);
    EXPECT_EQ(findCode(row.number), &row);
  }
}

TEST(DiagnosticsTable, WhatOtherSystemsSayIsInTheExplanation) {
  std::set<std::pair<Code, std::string_view>> seen;
  for (const Elsewhere& row : elsewhereTable()) {
    const CodeInfo& info = codeInfo(row.code);
    EXPECT_TRUE(seen.insert({row.code, row.system}).second) << info.number << " has two rows of " << row.system;
    EXPECT_TRUE(row.text.size() >= 20 && row.text.ends_with('.')) << info.number << " needs sentences";
    for (const std::string_view text : {row.system, row.text}) EXPECT_NE(renderExplanation(info).find(text), std::string::npos) << info.number;
  }
  for (const CodeInfo& info : codeTable()) {
    const bool isTold = std::any_of(seen.begin(), seen.end(), [&](const auto& row) { return row.first == info.code; });
    EXPECT_EQ(renderExplanation(info).find("\nelsewhere:\n") != std::string::npos, isTold) << info.number;
  }
}

TEST(DiagnosticsTable, NumbersAreInTheRangeOfTheirStage) {
  for (const CodeInfo& row : codeTable()) {
    const int number = std::stoi(std::string(row.number.substr(1)));
    const Stage expected = number < 100 ? Stage::Parse : number < 400 ? Stage::Check : number < 500 ? Stage::Specialise : Stage::Run;
    EXPECT_EQ(row.stage, expected) << row.number;
  }
}

}  // namespace
}  // namespace fedc
