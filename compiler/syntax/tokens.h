#pragma once

// Internal to compiler/syntax: includes ANTLR.
#include <antlr4-runtime.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/support/diagnostics.h"
#include "compiler/support/source.h"

namespace fedc::syntax {

/// The tokens of a file as the parser takes them: brackets match, statements and heads are marked (see grammar/Fed.g4).
struct Tokens {
  /// Without comments and white space, ended by EOF. Start and stop index count bytes.
  std::vector<std::unique_ptr<antlr4::Token>> list;
  /// For each token, in how many brackets it stands; an opening and its closing bracket stand outside of themselves.
  std::vector<std::uint32_t> depth;
  /// The `///` text before a token, by the byte at which that token begins.
  std::unordered_map<std::uint32_t, std::string> docs;
  /// All comments, `///` included, in order.
  std::vector<Span> comments;
  /// Where something is reported already that the parser would stumble over once more.
  std::vector<Span> broken;
  /// False when there is nothing to parse: no text, or nested too deep.
  bool isUsable = true;
};

/// Checks the text (UTF-8, no NUL), cuts it into tokens, matches brackets, and marks what depends on the place of a token. Reports
/// unreadable text, unclosed strings and comments, unknown characters, unclosed and unmatched brackets, too deep nesting, and struct
/// literals in the head of an `if` or `for`.
Tokens readTokens(const SourceFile& file, DiagnosticSink& sink);

/// The bytes of a token.
Span spanOf(FileId file, const antlr4::Token& token);

/// True for tokens that begin a declaration (`fn`, `struct`, …) where they stand at the top of a file.
bool isItemKeyword(std::size_t type);

/// The error of a reserved word where a name is declared.
Diagnostic reservedWordError(const SourceFile& file, Span span);

/// The error of a forgotten `;` at the end of `what`.
Diagnostic missingSemicolonError(Span end, std::string_view what);

}  // namespace fedc::syntax
