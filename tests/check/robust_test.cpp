#include <random>

#include "compiler/syntax/parse.h"
#include "tests/check/support.h"

namespace fedc {
namespace {

namespace fs = std::filesystem;

/// Cuts a program into words, numbers, strings and signs, roughly as the lexer does.
std::vector<std::string> tokens(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    std::size_t end = i + 1;
    if (std::isalnum(c) != 0 || c == '_') {
      while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_' || text[end] == '.')) ++end;
    } else if (std::isspace(c) != 0) {
      while (end < text.size() && std::isspace(static_cast<unsigned char>(text[end])) != 0) ++end;
    } else if (c == '"') {
      while (end < text.size() && text[end] != '"') ++end;
      if (end < text.size()) ++end;
    } else if (c == '/' && end < text.size() && text[end] == '/') {
      while (end < text.size() && text[end] != '\n') ++end;
    }
    out.push_back(text.substr(i, end - i));
    i = end;
  }
  return out;
}

std::string join(const std::vector<std::string>& parts) {
  std::string s;
  for (const std::string& p : parts) s += p;
  return s;
}

/// Programs with a few tokens deleted, doubled, swapped or replaced by others of the same program: the checker reports or accepts, it never
/// crashes, and it gives a program exactly when it reported nothing.
TEST(Robust, MutatedPrograms) {
  std::vector<fs::path> files = tests::filesIn(fs::path(FEDC_SOURCE_DIR) / "tests" / "check" / "programs", ".fed");
  for (const fs::path& f : tests::filesIn(fs::path(FEDC_SOURCE_DIR) / "examples", ".fed")) files.push_back(f);
  ASSERT_FALSE(files.empty());
  std::mt19937 random(20);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  int checked = 0;
  for (int round = 0; round < 2000; ++round) {
    const fs::path& file = files[below(files.size())];
    std::vector<std::string> parts = tokens(tests::readFile(file));
    const std::size_t changes = 1 + below(3);
    for (std::size_t i = 0; i < changes; ++i) {
      const std::size_t at = below(parts.size());
      switch (below(4)) {
        case 0: parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at)); break;
        case 1: parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(at), parts[at]); break;
        case 2: std::swap(parts[at], parts[below(parts.size())]); break;
        default: parts[at] = parts[below(parts.size())]; break;
      }
    }
    const std::string text = join(parts);
    SCOPED_TRACE(file.filename().string() + " round " + std::to_string(round));
    const auto c = tests::checkText(text, {}, file.string());
    EXPECT_EQ(c.program.has_value(), !c.sink.hasErrors());
    if (c.program) check::print(*c.program);
    (void)c.report();
    ++checked;
  }
  EXPECT_EQ(checked, 2000);
}

TEST(Robust, DeepTypesAndExpressions) {
  std::string type = "f32";
  for (int i = 0; i < 200; ++i) type = "(" + type + ", i32)";
  EXPECT_TRUE(tests::checkText("fn f(x: " + type + ") -> " + type + " { x }").program.has_value());
  std::string deep = "x";
  for (int i = 0; i < 200; ++i) deep = "sqrt(" + deep + ")";
  EXPECT_TRUE(tests::checkText("fn f(x: f32) -> f32 { " + deep + " }").program.has_value());
  std::string chain = "x";
  for (int i = 0; i < 400; ++i) chain += " + x";
  EXPECT_TRUE(tests::checkText("fn f(x: f32) -> f32 { " + chain + " }").program.has_value());
  std::string blocks = "x";
  for (int i = 0; i < 200; ++i) blocks = "{ let y = x; " + blocks + " }";
  EXPECT_TRUE(tests::checkText("fn f(x: f32) -> f32 { " + blocks + " }").program.has_value());
  std::string lambdas = "x";
  for (int i = 0; i < 60; ++i) lambdas = "vmap(|x| " + lambdas + ")([x])[0]";
  (void)tests::checkText("fn f(x: f32) -> f32 { " + lambdas + " }");
}

/// Each level resolves the one below twice: 2^n checks without a memory of what was resolved.
TEST(Robust, OpenLambdasAreCheckedOncePerTypes) {
  std::string text = "fn f(x: f32) -> f32 {\n  let g0 = |x| x + 1.0;\n";
  for (int i = 1; i < 40; ++i)
    text += "  let g" + std::to_string(i) + " = |x| g" + std::to_string(i - 1) + "(x) * g" + std::to_string(i - 1) + "(x);\n";
  text += "  g39(x)\n}\n";
  EXPECT_TRUE(tests::checkText(text).program.has_value());
}

/// The fields of a struct are worked out while the body that mentions it is closed.
TEST(Robust, AnUnknownSizeOfAFieldIsOneError) {
  const auto c = tests::checkText(
      "struct Dense<i, oo> { w: f32[i, o], b: f32[oo] }\n"
      "fn start(k: key) -> Dense<i, o> { Dense { w: normal(k, [i, o]) / sqrt(f32(i)), b: zeros() } }\n"
      "fn apply(l: Dense<i, o>, x: f32[i]) -> f32[o] { x @ l.w + l.b }\n");
  EXPECT_FALSE(c.program.has_value());
  EXPECT_EQ(c.sink.errorCount(), 1u) << c.report();
}

TEST(Robust, HugeNumbers) {
  for (const char* text :
       {"fn f(x: f32[18446744073709551615]) -> f32 { sum(x) }", "fn f(x: i64) -> i64 { x + 18446744073709551615 }",
        "fn f(x: u64) -> u64 { x + 18446744073709551615 }", "fn f(x: i64) -> i64 { -9223372036854775808 }",
        "fn f() -> f32 { sum(zeros([4000000000, 4000000000, 4000000000])) }", "fn f(x: f32[9223372036854775807, 3]) -> f32 { sum(x) }",
        "fn f(x: f32[1 / 0]) -> f32 { sum(x) }", "fn f(x: f32[3 - 5]) -> f32 { sum(x) }", "fn f(x: f32[next_pow2(0 - 3)]) -> f32 { sum(x) }",
        "fn f(k: key) -> f32 { normal(split(k, 1000000000000)[0], []) }", "fn f(x: f32[3]) -> f32 { x[99999999999999999999] }"}) {
    const auto c = tests::checkText(text);
    EXPECT_EQ(c.program.has_value(), !c.sink.hasErrors()) << text;
    (void)c.report();
  }
}

TEST(Robust, EmptyAndStrangeFiles) {
  for (const char* text :
       {"", "// nothing", "let x = x;", "let a = b; let b = a;", "fn f() { f() }", "fn f() { }", "struct S { }", "struct S<T> { x: S<S<T>> }",
        "fn f<T>(x: T) -> T { f((x, x)).0 }", "let main = main;", "use prelude;", "fn f(x: ?) {}", "let f = |x| f(x); let y = f(1);"}) {
    const auto c = tests::checkText(text);
    EXPECT_EQ(c.program.has_value(), !c.sink.hasErrors()) << text << "\n" << c.report();
  }
}

}  // namespace
}  // namespace fedc
