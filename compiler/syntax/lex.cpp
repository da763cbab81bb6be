#include "compiler/syntax/lex.h"

#include <fmt/format.h>

#include "FedLexer.h"
#include "compiler/support/text_width.h"
#include "compiler/syntax/tokens.h"

namespace fedc::syntax {
namespace {

using antlr4::CommonToken;
using antlr4::Token;
using Lexer = grammar::FedLexer;

constexpr std::size_t kDocChannel = 2;
constexpr std::size_t kCommentChannel = 3;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Advice for characters that are no part of the language.
struct Lookalike {
  std::string_view text;
  std::string_view advice;
};
constexpr Lookalike kLookalikes[] = {
    {"'", "strings stand in double quotes: `\"text\"`"},
    {"`", "strings stand in double quotes: `\"text\"`"},
    {"\xe2\x80\x9c", "a typographic quote; strings stand in plain double quotes: `\"text\"`"},
    {"\xe2\x80\x9d", "a typographic quote; strings stand in plain double quotes: `\"text\"`"},
    {"\xe2\x80\x98", "a typographic quote; strings stand in plain double quotes: `\"text\"`"},
    {"\xe2\x80\x99", "a typographic quote; strings stand in plain double quotes: `\"text\"`"},
    {"#", "a comment begins with `//`"},
    {"\\", "a lambda is written `|x| x + 1`"},
    {"~", "the complement of an integer is written `!x`"},
    {"\xc3\x97", "a product is written `*`, a matrix product `@`"},
    {"\xc2\xb7", "a product is written `*`, a matrix product `@`"},
    {"\xe2\x88\x92", "minus is written `-`"},
    {"\xe2\x89\xa4", "written `<=`"},
    {"\xe2\x89\xa5", "written `>=`"},
    {"\xe2\x89\xa0", "written `!=`"},
    {"\xe2\x86\x92", "written `->`"},
};

/// Reports text that is no program: bytes that are no UTF-8, NUL.
bool checkText(const SourceFile& file, DiagnosticSink& sink) {
  const std::string_view text = file.text();
  const auto at = [&](std::size_t offset, std::size_t size) {
    return Span{file.id(), static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(offset + size)};
  };
  if (const std::size_t bad = findInvalidUtf8(text); bad != std::string_view::npos) {
    const auto byte = static_cast<unsigned char>(text[bad]);
    sink.report(Diagnostic(Code::InvalidUtf8, at(bad, 1), fmt::format("this file is not UTF-8: byte 0x{:02x} at offset {}", byte, bad))
                    .note("save the file as UTF-8; a compiled or compressed file is no program"));
    return false;
  }
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    sink.report(Diagnostic(Code::InvalidCharacter, at(nul, 1), fmt::format("a NUL byte at offset {}: this file is not text", nul)));
    return false;
  }
  return true;
}

/// ANTLR's tokens, comments and all, with places in bytes.
std::vector<std::unique_ptr<Token>> allTokens(const SourceFile& file) {
  std::string_view text = file.text();
  const std::size_t skipped = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  text.remove_prefix(skipped);
  antlr4::ANTLRInputStream input{std::string(text)};
  Lexer lexer(&input);
  lexer.removeErrorListeners();
  std::vector<std::unique_ptr<Token>> tokens = lexer.getAllTokens();
  // ANTLR counts code points.
  std::vector<std::uint32_t> bytes;
  bytes.reserve(text.size() + 1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0u) != 0x80u) bytes.push_back(static_cast<std::uint32_t>(i + skipped));
  }
  bytes.push_back(static_cast<std::uint32_t>(text.size() + skipped));
  for (const std::unique_ptr<Token>& token : tokens) {
    auto& common = static_cast<CommonToken&>(*token);
    const std::size_t stop = bytes[common.getStopIndex() + 1];
    common.setStartIndex(bytes[common.getStartIndex()]);
    common.setStopIndex(stop - 1);
  }
  return tokens;
}

class Filter {
 public:
  Filter(const SourceFile& file, DiagnosticSink& sink) : file_(file), sink_(sink) {}

  Lexed run() {
    filter(allTokens(file_));
    return std::move(out_);
  }

 private:
  /// Keeps what the parser reads; gathers docs, reports characters and literals that cannot be read.
  void filter(std::vector<std::unique_ptr<Token>> tokens) {
    std::string doc;
    Span unknown;
    for (std::unique_ptr<Token>& token : tokens) {
      const Span span = spanOf(file_.id(), *token);
      auto& common = static_cast<CommonToken&>(*token);
      if (token->getType() == Lexer::UNKNOWN) {
        // Neighbours are one error.
        if (unknown.isValid() && unknown.end == span.begin) {
          unknown.end = span.end;
          continue;
        }
        reportUnknown(unknown);
        unknown = span;
        continue;
      }
      if (token->getChannel() == kCommentChannel) {
        out_.comments.push_back(span);
        continue;
      }
      if (token->getChannel() == kDocChannel) {
        out_.comments.push_back(span);
        std::string_view line = file_.text(span).substr(3);
        if (line.starts_with(' ')) line.remove_prefix(1);
        while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
        if (!doc.empty()) doc += '\n';
        doc += line;
        continue;
      }
      switch (token->getType()) {
        case Lexer::UNCLOSED_COMMENT:
          sink_.report(
              Diagnostic(Code::UnclosedComment, {span.file, span.begin, span.begin + 2}, "this comment is not closed").at("no `*/` follows"));
          out_.isTextUnclosed = true;
          out_.broken.push_back(span);
          continue;
        case Lexer::UNCLOSED_STRING:
          sink_.report(
              Diagnostic(Code::UnclosedString, span, "this string is not closed on its line").note("a line break within a string is written `\\n`"));
          out_.unclosedStrings.insert(span.begin);
          common.setType(Lexer::STRING);
          break;
        case Lexer::BAD_NUMBER:
          // The builder says what is wrong with it.
          common.setType(file_.text(span).find('.') == std::string_view::npos ? Lexer::INT : Lexer::FLOAT);
          break;
        default: break;
      }
      if (!doc.empty()) out_.docs.emplace(span.begin, std::move(doc));
      doc.clear();
      out_.tokens.push_back(std::move(token));
    }
    reportUnknown(unknown);
  }

  void reportUnknown(Span span) {
    if (!span.isValid()) return;
    const std::string_view text = file_.text(span);
    std::size_t size = 1;
    bool isValid = true;
    const char32_t first = decodeUtf8(text, 0, size, isValid);
    std::string shown =
        first < 0x20 || (first >= 0x7f && first < 0xa0) ? fmt::format("U+{:04X}", static_cast<std::uint32_t>(first)) : fmt::format("`{}`", text);
    Diagnostic diagnostic(Code::InvalidCharacter, span, fmt::format("{} has no meaning in Fed", shown));
    for (const Lookalike& row : kLookalikes) {
      if (text.starts_with(row.text)) diagnostic.notes.emplace_back(row.advice);
    }
    if (diagnostic.notes.empty() && first >= 0x80) diagnostic.notes.emplace_back("names are made of ASCII letters, digits and `_`");
    sink_.report(std::move(diagnostic));
    addBrokenLine(span);
  }

  void addBrokenLine(Span span) {
    const std::uint32_t line = file_.line(span.begin);
    out_.broken.push_back({file_.id(), file_.lineStart(line), file_.lineStart(line) + static_cast<std::uint32_t>(file_.lineText(line).size()) + 1});
  }

  const SourceFile& file_;
  DiagnosticSink& sink_;
  Lexed out_;
};

}  // namespace

Lexed lex(const SourceFile& file, DiagnosticSink& sink) {
  if (checkText(file, sink)) return Filter(file, sink).run();
  Lexed result;
  result.isText = false;
  return result;
}

}  // namespace fedc::syntax
