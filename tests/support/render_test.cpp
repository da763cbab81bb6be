#include "compiler/support/render.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fedc {
namespace {

/// The span of the nth (from 0) occurrence of a text.
Span find(const SourceFile& file, std::string_view text, int nth = 0) {
  std::size_t at = file.text().find(text);
  for (; nth > 0; --nth) at = file.text().find(text, at + 1);
  EXPECT_NE(at, std::string_view::npos) << text;
  return {file.id(), static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + text.size())};
}

class Render : public ::testing::Test {
 protected:
  SourceManager sources;
  const SourceFile& add(std::string text) { return sources.add("mine.fed", std::move(text)); }
};

TEST_F(Render, TheSampleOfTheLanguagePage) {
  const SourceFile& file = add(std::string(35, '\n') +
                               "fn next(m: Model@server, data: {Example*}@clients, k: key@server) -> (Model@server, f32@server) {\n"
                               "  let (delta, n) = train(m, data, federated_keys(k));\n");
  const Span m = {file.id(), find(file, "(m, data").begin + 1, find(file, "(m, data").begin + 2};
  const std::string text =
      renderText(Diagnostic(Code::UnexpectedToken, m, "`m` is at the server, `data` is at the clients")
                     .label(find(file, "Model@server"), "`m` is put at the server here")
                     .label(find(file, "data", 1), "`{Example*}@clients`")
                     .help(Fix::wrap(m, "federated_broadcast(", ")", "send the model to the clients (31.4 kB to each, each round)")),
                 sources);
  EXPECT_EQ(text, R"(error[E0010]: `m` is at the server, `data` is at the clients
  --> mine.fed:37:26
   |
36 | fn next(m: Model@server, data: {Example*}@clients, k: key@server) -> (Model@server, f32@server) {
   |            ------------ `m` is put at the server here
37 |   let (delta, n) = train(m, data, federated_keys(k));
   |                          ^  ---- `{Example*}@clients`
   |
help: send the model to the clients (31.4 kB to each, each round)
   |
37 |   let (delta, n) = train(federated_broadcast(m), data, federated_keys(k));
   |                          ++++++++++++++++++++ +
)");
}

TEST_F(Render, SeveralTextsOnOneLineHangBelow) {
  const SourceFile& file = add("let x = alpha + beta * gamma;\n");
  const std::string text = renderText(Diagnostic(Code::UnexpectedToken, find(file, "+"), "these do not go together")
                                          .at("added here")
                                          .label(find(file, "alpha"), "this is one")
                                          .label(find(file, "beta * gamma"), "this is the other"),
                                      sources);
  EXPECT_EQ(text, R"(error[E0010]: these do not go together
 --> mine.fed:1:15
  |
1 | let x = alpha + beta * gamma;
  |         ----- ^ ------------ this is the other
  |         |     |
  |         |     added here
  |         this is one
)");
}

TEST_F(Render, AnInnerMarkWithinAnOuterOne) {
  const SourceFile& file = add("f(abc + d)\n");
  const std::string text =
      renderText(Diagnostic(Code::UnexpectedToken, find(file, "+"), "wrong").at("inner").label(find(file, "abc + d"), "outer"), sources);
  EXPECT_EQ(text, R"(error[E0010]: wrong
 --> mine.fed:1:7
  |
1 | f(abc + d)
  |   ----^--
  |   |   |
  |   |   inner
  |   outer
)");
}

TEST_F(Render, LinesBetweenAreShownOrLeftOut) {
  const SourceFile& file = add("one\ntwo\nthree\nfour\nfive\nsix\n");
  const std::string text = renderText(
      Diagnostic(Code::UnexpectedToken, find(file, "one"), "wrong").label(find(file, "three"), "near").label(find(file, "six"), "far"), sources);
  EXPECT_EQ(text, R"(error[E0010]: wrong
 --> mine.fed:1:1
  |
1 | one
  | ^^^
2 | two
3 | three
  | ----- near
...
6 | six
  | --- far
)");
}

TEST_F(Render, ASpanOfSeveralLines) {
  const SourceFile& file = add("fn f() {\n  let x = g(1,\n    2,\n    3);\n}\n");
  const std::string text = renderText(Diagnostic(Code::UnexpectedToken, find(file, "g(1,\n    2,\n    3)"), "wrong").at("all of this"), sources);
  EXPECT_EQ(text, R"(error[E0010]: wrong
 --> mine.fed:2:11
  |
2 |   let x = g(1,
  |           ^^^^
3 |     2,
4 |     3);
  |     ^^ all of this
)");
}

TEST_F(Render, TabsAndWideCharactersKeepTheirColumns) {
  const SourceFile& file = add("\tlet x = f(\"\xe6\xbc\xa2\xe5\xad\x97\", \"e\xcc\x81\", y);\n");
  const std::string text = renderText(Diagnostic(Code::UnexpectedToken, find(file, "y"), "wrong").at("h\xc3\xa9r\xc3\xa9"), sources);
  EXPECT_EQ(text,
            "error[E0010]: wrong\n"
            " --> mine.fed:1:24\n"
            "  |\n"
            "1 |     let x = f(\"\xe6\xbc\xa2\xe5\xad\x97\", \"e\xcc\x81\", y);\n"
            "  |                            ^ h\xc3\xa9r\xc3\xa9\n");
}

TEST_F(Render, ControlCharactersAndBadBytesAreNotSentToTheTerminal) {
  const SourceFile& file = add("let x = \"\x1b[31m\xff\";\n");
  const std::string text = renderText(Diagnostic(Code::UnexpectedToken, find(file, "x"), "wrong"), sources);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\xff'), std::string::npos);
  EXPECT_NE(text.find("let x = \"\xef\xbf\xbd[31m\xef\xbf\xbd\";"), std::string::npos);
}

TEST_F(Render, AnotherFile) {
  const SourceFile& file = add("let a = b;\n");
  const SourceFile& other = sources.add("other.fed", "\n\nlet b = 3;\n");
  const std::string text = renderText(Diagnostic(Code::UnexpectedToken, find(file, "b"), "wrong")
                                          .label({other.id(), find(other, "b").begin, find(other, "b").end}, "declared here")
                                          .label(Span{}, "and known to the compiler")
                                          .note("a note\nof two lines"),
                                      sources);
  EXPECT_EQ(text, R"(error[E0010]: wrong
 --> mine.fed:1:9
  |
1 | let a = b;
  |         ^
 ::: other.fed:3
  |
3 | let b = 3;
  |     - declared here
  |
  = note: and known to the compiler
  = note: a note
          of two lines
)");
}

TEST_F(Render, FixesThatReplaceRemoveAndAddLines) {
  const SourceFile& file = add("let a = b == c;\nlet d = 3;\n");
  const auto help = [&](Fix fix) {
    const std::string text = renderText(Diagnostic(Code::UnexpectedToken, find(file, "b"), "wrong").help(std::move(fix)), sources);
    return text.substr(text.find("help"));
  };
  EXPECT_EQ(help(Fix::replace(find(file, "=="), "<", "compare")), R"(help: compare
  |
1 | let a = b < c;
  |           ~
)");
  EXPECT_EQ(help(Fix::remove(find(file, " == c"), "leave it out")), R"(help: leave it out
  |
1 | let a = b == c;
  |          -----
)");
  EXPECT_EQ(help(Fix::insert(find(file, "let d"), "let e = 4;\n", "declare it")), R"(help: declare it
  |
2 | let e = 4;
  | ++++++++++
)");
}

TEST_F(Render, TheEndOfAFileAndAnEmptyFile) {
  const SourceFile& file = add("let a = ");
  EXPECT_EQ(renderText(Diagnostic(Code::UnexpectedToken, file.span().stop(), "wrong").at("here"), sources), R"(error[E0010]: wrong
 --> mine.fed:1:9
  |
1 | let a = 
  |         ^ here
)");
  const SourceFile& empty = sources.add("empty.fed", "");
  EXPECT_EQ(renderText(Diagnostic(Code::UnexpectedToken, empty.span(), "wrong"), sources), R"(error[E0010]: wrong
 --> empty.fed:1:1
  |
1 |
  | ^
)");
}

TEST_F(Render, ColorsOnlyWhenAskedFor) {
  const SourceFile& file = add("let a = b;\n");
  const Diagnostic diagnostic = Diagnostic(Code::UnexpectedToken, find(file, "b"), "wrong").label(find(file, "a"), "label").note("note");
  const std::string plain = renderText(diagnostic, sources);
  std::string colored = renderText(diagnostic, sources, {.colors = true});
  EXPECT_EQ(plain.find('\x1b'), std::string::npos);
  EXPECT_NE(colored.find("\x1b[1;31merror[E0010]\x1b[0m"), std::string::npos);
  // Without the colours it is the same text.
  for (std::size_t at; (at = colored.find('\x1b')) != std::string::npos;) colored.erase(at, colored.find('m', at) - at + 1);
  EXPECT_EQ(colored, plain);
}

TEST_F(Render, LongLinesAreShownInPart) {
  const std::string left(10000, 'a'), right(10000, 'b');
  const SourceFile& file = add(left + "WRONG" + right + "\nnext");
  const std::string text = renderText(
      Diagnostic(Code::MissingComma, find(file, "WRONG"), "no").at("here").help(Fix::replace(find(file, "WRONG"), "RIGHT", "say so")), sources);
  const std::string head = " | …" + std::string(80, 'a') + "WRONG" + std::string(75, 'b') + "…\n";
  EXPECT_NE(text.find(head), std::string::npos) << text;
  EXPECT_NE(text.find("| " + std::string(81, ' ') + "^^^^^ here\n"), std::string::npos) << text;
  // The correction is said, not shown.
  EXPECT_TRUE(text.ends_with("help: say so\n")) << text;
  EXPECT_LT(text.size(), 500u);
}

TEST_F(Render, LongTextsLoseTheirMiddle) {
  DiagnosticSink sink;
  sink.report(Diagnostic(Code::MissingComma, Span{}, std::string(5000, 'a') + std::string(5000, 'z')).note(std::string(3000, 'n')));
  const Diagnostic& kept = sink.diagnostics().front();
  EXPECT_EQ(kept.message, std::string(1000, 'a') + " … " + std::string(1000, 'z'));
  EXPECT_LT(kept.notes.front().size(), 2100u);
}

TEST_F(Render, JsonHoldsEverythingOnOneLine) {
  const SourceFile& file = add("let a = b;\nlet \xc3\xa9 = f(c);\n");
  const Diagnostic diagnostic = Diagnostic(Code::MissingComma, find(file, "c"), "say \"why\"")
                                    .at("here")
                                    .label(find(file, "a"), "there")
                                    .note("a note")
                                    .help(Fix::wrap(find(file, "c"), "g(", ")", "wrap it"));
  const std::string line = renderJson(diagnostic, sources);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["code"], "E0014");
  EXPECT_EQ(json["severity"], "error");
  EXPECT_EQ(json["message"], "say \"why\"");
  EXPECT_EQ(json["file"], "mine.fed");
  EXPECT_EQ(json["line"], 2);
  EXPECT_EQ(json["column"], 11);
  EXPECT_EQ(json["end_column"], 12);
  EXPECT_EQ(json["begin"], 22);
  EXPECT_EQ(json["label"], "here");
  EXPECT_EQ(json["labels"][0]["text"], "there");
  EXPECT_EQ(json["labels"][0]["line"], 1);
  EXPECT_EQ(json["notes"][0], "a note");
  EXPECT_EQ(json["fix"]["help"], "wrap it");
  EXPECT_EQ(json["fix"]["edits"][0]["replacement"], "g(");
  EXPECT_EQ(json["fix"]["edits"][1]["begin"], 23);
}

TEST_F(Render, JsonSurvivesBytesThatAreNoUtf8AndPlacesInNoFile) {
  const auto json = nlohmann::json::parse(renderJson(Diagnostic(Code::MissingComma, Span{}, "byte \xff"), sources));
  EXPECT_TRUE(json["file"].is_null());
  EXPECT_TRUE(json["fix"].is_null());
  EXPECT_EQ(json["message"], "byte \xef\xbf\xbd");
}

}  // namespace
}  // namespace fedc
