#pragma once

// Internal to compiler/syntax: includes ANTLR.
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/support/source.h"
#include "compiler/syntax/tokens.h"

namespace fedc::syntax {

/// A comment as the formatter prints it: lines without white space at their ends.
struct Comment {
  std::string text;
  /// Stands on lines of its own; else `/* … */` within a line.
  bool isOwnLine = false;
  /// An empty line stands before it.
  bool isAfterBlank = false;
};

/// What stands around a token that the parser does not read.
struct Trivia {
  /// Before the token.
  std::vector<Comment> before;
  /// Behind the token, on its line: `// …` that ends the line, or `/* … */`. A `// …` before a comma or semicolon is taken to stand behind it.
  std::vector<Comment> behind;
  /// An empty line stands before the token (after its comments).
  bool isAfterBlank = false;
  /// A line break stands somewhere between the token and the one before it.
  bool isAfterBreak = false;

  /// An empty line stands before the token and its comments.
  bool beginsAfterBlank() const { return before.empty() ? isAfterBlank : before.front().isAfterBlank; }
};

/// The text of a comment as it is printed: no carriage returns, no spaces at the ends of lines.
std::string commentText(std::string_view text);

/// For each token of an error-free file its trivia. A `///` always belongs to the token that follows it, since it documents that one.
std::vector<Trivia> readTrivia(const SourceFile& file, const Tokens& tokens);

}  // namespace fedc::syntax
