#include <gtest/gtest.h>

#include <random>

#include "compiler/support/render.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/print.h"
#include "tests/golden.h"

namespace fedc {
namespace {

/// Parses, renders and prints; says what was reported. Every span must lie within the file.
std::vector<Code> run(const std::string& text) {
  SourceManager sources;
  DiagnosticSink sink;
  const SourceFile& file = sources.add("test.fed", text);
  const auto module = syntax::parse(file, sink);
  EXPECT_NE(module, nullptr);
  std::vector<Code> codes;
  for (const Diagnostic& diagnostic : sink.diagnostics()) {
    codes.push_back(diagnostic.code);
    EXPECT_TRUE(file.span().contains(diagnostic.primary)) << diagnostic.message;
    EXPECT_LE(diagnostic.primary.begin, diagnostic.primary.end);
    for (const char* word : {"viable", "mismatched", "LBRACE", "_NAME", "something else"}) {
      EXPECT_EQ(diagnostic.message.find(word), std::string::npos) << diagnostic.message;
    }
  }
  syntax::print(*module);
  renderText(sink, sources);
  renderJson(sink, sources);
  return codes;
}

std::string repeat(std::string_view text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

TEST(Limits, DeepBracketsAreAnErrorAndNoStackOverflow) {
  EXPECT_EQ(run("let x = " + repeat("(", 250) + "1" + repeat(")", 250) + ";"), std::vector<Code>{});
  for (const char* bracket : {"(", "[", "{", "f(", "|x| (", "if a { ", "S { a: "}) {
    EXPECT_EQ(run("let x = " + repeat(bracket, 100000)), std::vector<Code>{Code::NestedTooDeep}) << bracket;
  }
}

TEST(Limits, DeepOperatorsAreAnErrorAndNoStackOverflow) {
  EXPECT_EQ(run("let x = 1" + repeat(" + 1", 495) + ";"), std::vector<Code>{});
  EXPECT_EQ(run("let x = " + repeat("-", 120) + "1;"), std::vector<Code>{});
  EXPECT_EQ(run("let x = a" + repeat(".b", 495) + ";"), std::vector<Code>{});
  EXPECT_EQ(run("let x = " + repeat("|a| ", 60) + "1;"), std::vector<Code>{});
  const std::string deep[] = {"let x = 1" + repeat(" + 1", 100000) + ";",    "let x = " + repeat("-", 100000) + "1;",
                              "let x = " + repeat("!", 100000) + "1;",       "let x = a" + repeat(".b(c)", 100000) + ";",
                              "let x = a" + repeat("[0]", 100000) + ";",     "let x = " + repeat("|a| ", 100000) + "1;",
                              "let x = " + repeat("|| ", 100000) + "1;",     "let x = " + repeat("if ", 100000) + "1;",
                              "let x = a" + repeat(" as f32", 100000) + ";", "fn f(x: A" + repeat(" -> A", 100000) + ") { }",
                              "fn f(x: A" + repeat("*", 100000) + ") { }",   "fn f(x: A" + repeat("@server", 100000) + ") { }",
                              "fn f(x: A" + repeat("<A", 100000) + ") { }",  "fn f(x: A" + repeat("<A, A", 100000) + ") { }"};
  for (const std::string& text : deep) EXPECT_EQ(run(text), std::vector<Code>{Code::NestedTooDeep}) << text.substr(0, 40);
}

TEST(Limits, BothAtOnce) {
  // As deep as the limits allow: brackets within operators within brackets.
  std::string open;
  std::string close;
  for (int i = 0; i < 240; ++i) {
    open += "1 + (";
    close += ")";
  }
  EXPECT_EQ(run("let x = " + open + "1" + close + ";"), std::vector<Code>{});
}

TEST(Limits, LongProgramsAreFlat) {
  EXPECT_EQ(run("fn f() { " + repeat("x = x + 1; ", 20000) + "}"), std::vector<Code>{});
  EXPECT_EQ(run("fn f() { " + repeat("if a < b { c } ", 5000) + "}"), std::vector<Code>{});
  EXPECT_EQ(run("fn f() { if a { b } " + repeat("else if a < b { c } ", 450) + "}"), std::vector<Code>{});
  EXPECT_EQ(run("fn f() { if a { b } " + repeat("else if a < b { c } ", 3000) + "}"), std::vector<Code>{Code::NestedTooDeep});
  EXPECT_EQ(run("fn f() { " + repeat("if a { b } else if c { d } ", 3000) + "}"), std::vector<Code>{});
  EXPECT_EQ(run("let x = [" + repeat("a < b, ", 20000) + "];"), std::vector<Code>{});
  EXPECT_EQ(run(repeat("fn f(x: f32) -> f32 { x }\n", 3000)), std::vector<Code>{});
}

TEST(Texts, ThatAreNone) {
  EXPECT_EQ(run(std::string("let x = 1;\0", 11)), std::vector<Code>{Code::InvalidCharacter});
  EXPECT_EQ(run("let x = \"\xc3\";"), std::vector<Code>{Code::InvalidUtf8});
  EXPECT_EQ(run("\xff\xfel\0e\0"), std::vector<Code>{Code::InvalidUtf8});
  EXPECT_EQ(run("// \xed\xa0\x80 a surrogate"), std::vector<Code>{Code::InvalidUtf8});
  EXPECT_EQ(run(""), std::vector<Code>{});
}

/// Programs with random bytes and tokens changed: whatever comes, no crash, and errors lie within the file.
TEST(Robustness, ChangedPrograms) {
  std::vector<std::string> programs;
  for (const auto& path : tests::filesIn("/work/shared/design/programs", ".fed")) programs.push_back(tests::readFile(path));
  for (const auto& path : tests::filesIn(std::filesystem::path(FEDC_SOURCE_DIR) / "tests/syntax/errors", ".fed")) {
    programs.push_back(tests::readFile(path));
  }
  ASSERT_FALSE(programs.empty());
  constexpr std::string_view kPieces[] = {
      "(",  ")",  "[",  "]",  "{", "}",   ";",      ",",   ":",     "|",    "||",       "..",      ".",      "=",       "==",    "<",
      ">",  "@",  "*",  "?",  "_", "fn ", "let ",   "if ", "else ", "for ", "in ",      "struct ", "use ",   "as ",     "0",     "1.5",
      "\"", "/*", "*/", "//", "x", "M",   "server", "key", "->",    "\n",   "\xc3\xa9", "'",       "while ", "return ", "elif ", "not "};
  std::mt19937 random(7);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (int round = 0; round < 400; ++round) {
    std::string text = programs[below(programs.size())];
    const std::size_t changes = 1 + below(6);
    for (std::size_t i = 0; i < changes; ++i) {
      const std::size_t at = below(text.size() + 1);
      switch (below(3)) {
        case 0: text.insert(at, kPieces[below(std::size(kPieces))]); break;
        case 1: text.erase(at, 1 + below(12)); break;
        default: text = text.substr(0, at) + text.substr(std::min(text.size(), at + 1 + below(200))); break;
      }
    }
    SCOPED_TRACE(text);
    run(text);
    if (HasFatalFailure() || HasNonfatalFailure()) break;
  }
}

}  // namespace
}  // namespace fedc
