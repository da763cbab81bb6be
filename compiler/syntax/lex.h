#pragma once

// Internal to compiler/syntax: includes ANTLR.
#include <antlr4-runtime.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compiler/support/diagnostics.h"
#include "compiler/support/source.h"

namespace fedc::syntax {

/// A file cut into tokens, without comments and white space. Places are bytes.
struct Lexed {
  std::vector<std::unique_ptr<antlr4::Token>> tokens;
  /// The `///` text before a token, by the byte at which that token begins.
  std::unordered_map<std::uint32_t, std::string> docs;
  /// All comments, `///` included, in order.
  std::vector<Span> comments;
  /// Where something is reported already that the parser would stumble over once more.
  std::vector<Span> broken;
  /// Where strings begin that are not closed on their line: brackets after them may be part of the string.
  std::unordered_set<std::uint32_t> unclosedStrings;
  /// A comment took the rest of the file.
  bool isTextUnclosed = false;
  /// False when the file is no text in UTF-8.
  bool isText = true;
};

/// Reports bytes that are no UTF-8, NUL, characters without meaning, and strings and comments that are not closed.
Lexed lex(const SourceFile& file, DiagnosticSink& sink);

}  // namespace fedc::syntax
