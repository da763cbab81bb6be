#include "compiler/syntax/format.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "compiler/support/render.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/print.h"
#include "compiler/syntax/tokens.h"
#include "compiler/syntax/trivia.h"
#include "tests/golden.h"

namespace fedc {
namespace {

namespace fs = std::filesystem;

/// What formatting must keep: the tokens but for commas before closing brackets, the comments, the tree.
struct Content {
  std::vector<std::string> tokens;
  std::vector<std::string> comments;
  std::string tree;
  bool operator==(const Content&) const = default;
};

bool isClosing(const std::string& text) { return text == ")" || text == "]" || text == "}" || text == ">"; }

Content contentOf(const std::string& text) {
  SourceManager sources;
  DiagnosticSink sink;
  const SourceFile& file = sources.add("test.fed", text);
  const syntax::Tokens tokens = syntax::readTokens(file, sink);
  Content result;
  for (const auto& token : tokens.list) {
    std::string one(file.text(syntax::spanOf(file.id(), *token)));
    if (isClosing(one) && !result.tokens.empty() && result.tokens.back() == ",") result.tokens.pop_back();
    if (!one.empty()) result.tokens.push_back(std::move(one));
  }
  for (const Span span : tokens.comments) result.comments.push_back(syntax::commentText(file.text(span)));
  result.tree = syntax::print(*syntax::parse(file, sink));
  EXPECT_FALSE(sink.hasErrors()) << renderText(sink, sources) << text;
  return result;
}

std::optional<std::string> formatted(const std::string& text) {
  SourceManager sources;
  DiagnosticSink sink;
  return syntax::format(sources.add("test.fed", text), sink);
}

/// Shows only the first difference.
void expectSame(const char* what, const std::vector<std::string>& before, const std::vector<std::string>& after) {
  const auto [a, b] = std::mismatch(before.begin(), before.end(), after.begin(), after.end());
  if (a == before.end() && b == after.end()) return;
  std::string context;
  for (auto it = a - std::min<std::ptrdiff_t>(5, a - before.begin()); it != a; ++it) context += *it + "\n";
  ADD_FAILURE() << what << " " << a - before.begin() << " was\n"
                << (a == before.end() ? "none" : *a) << "\nand is\n"
                << (b == after.end() ? "none" : *b) << "\nafter\n"
                << context;
}

std::vector<std::string> linesOf(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) result.push_back(line);
  return result;
}

/// Formats and checks what must hold of any program; gives the result.
std::string expectFaithful(const std::string& text) {
  const auto once = formatted(text);
  if (!once) {
    ADD_FAILURE() << "has syntax errors:\n" << text;
    return {};
  }
  const Content before = contentOf(text);
  const Content after = contentOf(*once);
  expectSame("token", before.tokens, after.tokens);
  expectSame("comment", before.comments, after.comments);
  EXPECT_EQ(before.tree, after.tree);
  SourceManager sources;
  EXPECT_TRUE(syntax::hasSameContent(sources.add("a", text), sources.add("b", *once)));
  const auto twice = formatted(*once);
  if (!twice) ADD_FAILURE() << "the layout has syntax errors:\n" << *once;
  expectSame("line", linesOf(*once), linesOf(twice.value_or("")));
  EXPECT_TRUE(once->empty() || once->ends_with("\n"));
  EXPECT_EQ(once->find("\n\n\n"), std::string::npos);
  for (const char* bad : {" \n", "\t\n", "\r"}) EXPECT_EQ(once->find(bad), std::string::npos);
  return *once;
}

std::vector<fs::path> allPrograms() {
  const fs::path root = FEDC_SOURCE_DIR;
  std::vector<fs::path> result;
  for (const fs::path& folder : {root / "stdlib", root / "examples", root / "bench", root / "tests", fs::path("/work/shared/design/programs")}) {
    if (!fs::is_directory(folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.path().extension() == ".fed") result.push_back(entry.path());
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

/// Programs that parse without error.
std::vector<std::string> goodPrograms() {
  std::vector<std::string> result;
  for (const fs::path& path : allPrograms()) {
    std::string text = tests::readFile(path);
    if (formatted(text)) result.push_back(std::move(text));
  }
  return result;
}

TEST(Format, EveryProgramOfTheProjectKeepsItsContentAndItsLayoutIsStable) {
  std::size_t good = 0;
  for (const fs::path& path : allPrograms()) {
    SCOPED_TRACE(path);
    const std::string text = tests::readFile(path);
    SourceManager sources;
    DiagnosticSink sink;
    syntax::parse(sources.add("test.fed", text), sink);
    ASSERT_EQ(formatted(text).has_value(), !sink.hasErrors());
    if (sink.hasErrors()) continue;
    expectFaithful(text);
    ++good;
  }
  EXPECT_GT(good, 150u);
}

TEST(Format, LinesAreShortWhereTheyCanBe) {
  // What is longer is a comment, a string or a name.
  for (const std::string& text : goodPrograms()) {
    std::string rest = *formatted(text);
    while (!rest.empty()) {
      const std::string line = rest.substr(0, rest.find('\n'));
      rest.erase(0, line.size() + 1);
      if (line.find("//") != std::string::npos || line.find('"') != std::string::npos) continue;
      EXPECT_LE(line.size(), syntax::kFormatWidth) << line;
    }
  }
}

TEST(Format, ProgramsOnOneLine) {
  for (const std::string& text : goodPrograms()) {
    SourceManager sources;
    DiagnosticSink sink;
    const SourceFile& file = sources.add("test.fed", text);
    const syntax::Tokens tokens = syntax::readTokens(file, sink);
    if (!tokens.comments.empty()) continue;
    std::string joined;
    for (const auto& token : tokens.list) {
      const std::string one(file.text(syntax::spanOf(file.id(), *token)));
      // A shift is two tokens side by side.
      if (one == ">" && joined.ends_with("> ")) joined.pop_back();
      joined += one + " ";
    }
    SCOPED_TRACE(text);
    expectFaithful(joined);
  }
}

unsigned environmentNumber(const char* name, unsigned otherwise) {
  const char* set = std::getenv(name);
  return set == nullptr ? otherwise : static_cast<unsigned>(std::stoul(set));
}

TEST(Format, CommentsAndLineBreaksAnywhere) {
  const std::vector<std::string> programs = goodPrograms();
  std::mt19937 random(environmentNumber("FEDC_RANDOM_SEED", 11));
  const unsigned rounds = environmentNumber("FEDC_RANDOM_COUNT", 150);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  constexpr std::string_view kComments[] = {" // one\n",      "\n// own\n", " /* in */ ", "\n/* large\n  one */\n", "\n\n// after a blank\n\n",
                                            "\n/* line */\n", "\n",         "\n\n\n"};
  for (unsigned round = 0; round < rounds; ++round) {
    const std::string& text = programs[below(programs.size())];
    SourceManager sources;
    DiagnosticSink sink;
    const SourceFile& file = sources.add("test.fed", text);
    const syntax::Tokens tokens = syntax::readTokens(file, sink);
    // Behind some tokens; not before a `(` or `[`, which may not begin a line, and not in a shift, which is two tokens.
    std::string changed;
    std::uint32_t at = 0;
    const std::size_t share = 2 + below(30);
    for (std::size_t i = 0; i + 1 < tokens.list.size(); ++i) {
      const Span span = syntax::spanOf(file.id(), *tokens.list[i]);
      changed += text.substr(at, span.end - at);
      at = span.end;
      const std::string next(file.text(syntax::spanOf(file.id(), *tokens.list[i + 1])));
      if (below(share) == 0 && next != "(" && next != "[" && next != ">") changed += kComments[below(std::size(kComments))];
    }
    changed += text.substr(at);
    SCOPED_TRACE(changed);
    expectFaithful(changed);
    if (HasFailure()) break;
  }
}

TEST(Format, WhatIsLostIsSeen) {
  SourceManager sources;
  const SourceFile& file = sources.add("a", "let x = f(a, b,); // one\n");
  EXPECT_TRUE(syntax::hasSameContent(file, sources.add("b", "// one\nlet x=f(a,b);")));
  for (const char* other :
       {"let x = f(a, b);", "let x = f(b, a); // one", "let x = f(a, b); // two", "let x = (f)(a, b); // one", "let x = f(a,, b); // one"}) {
    EXPECT_FALSE(syntax::hasSameContent(file, sources.add("c", other))) << other;
  }
}

std::string repeat(std::string_view text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

TEST(Format, DeepAndLongProgramsTakeNoLongerThanTheirSize) {
  const std::string programs[] = {"let x = " + repeat("f(a, ", 240) + "1" + repeat(")", 240) + ";",
                                  "let x = " + repeat("f(|a| { ", 50) + "1" + repeat(" })", 50) + ";",
                                  "let x = " + repeat("1 + (", 240) + "1" + repeat(")", 240) + ";",
                                  "let x = " + repeat("if a { b } else { ", 200) + "1" + repeat("}", 200) + ";",
                                  "let x = 1" + repeat(" + 1", 495) + ";",
                                  "let x = a" + repeat(".b(c)", 160) + ";",
                                  "let x = [" + repeat("a < b, ", 5000) + "];",
                                  repeat("fn f(x: f32) -> f32 { x }\n", 2000)};
  for (const std::string& text : programs) {
    SCOPED_TRACE(text.substr(0, 60));
    expectFaithful(text);
  }
}

TEST(Format, ErrorsAreReportedAndNothingIsGiven) {
  SourceManager sources;
  DiagnosticSink sink;
  EXPECT_FALSE(syntax::format(sources.add("test.fed", "fn f( { 1 }"), sink).has_value());
  EXPECT_TRUE(sink.hasErrors());
  EXPECT_EQ(formatted(""), "");
  EXPECT_EQ(formatted("\n\n"), "");
  EXPECT_EQ(formatted("\xef\xbb\xbf// text\r\n\r\n\r\nuse  a ;"), "// text\n\nuse a;\n");
}

class FormatFiles : public ::testing::TestWithParam<fs::path> {};

TEST_P(FormatFiles, AreLaidOutAsExpected) {
  const fs::path path = GetParam();
  fs::path expected = path;
  tests::expectGolden(expectFaithful(tests::readFile(path)), expected.replace_extension(".expected"));
}

INSTANTIATE_TEST_SUITE_P(All, FormatFiles, ::testing::ValuesIn(tests::filesIn(fs::path(FEDC_SOURCE_DIR) / "tests/syntax/format", ".fed")),
                         [](const auto& info) { return tests::testName(info.param.stem().string()); });

}  // namespace
}  // namespace fedc
