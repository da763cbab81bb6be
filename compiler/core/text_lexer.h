#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fedc::core {

/// A token of the text of Core IR or Kernel IR. Numbers carry the element type written behind them: `1.5f32` is 1.5 and f32.
struct Token {
  enum class Kind { Name, Number, String, Symbol, End };
  Kind kind = Kind::End;
  /// The name, the digits, the unescaped string, or one of `( ) { } [ ] , : ; = < <= + += - * / -> | @ !`.
  std::string text;
  std::string suffix;
  int line = 1, column = 1;
};

/// What stops the reader: a sentence with line and column.
struct TextError {
  std::string message;
};

/// Throws `TextError` for a character that no token begins with, and for a string without end.
std::vector<Token> tokenise(std::string_view text);
[[noreturn]] void failAt(const Token& token, const std::string& what);

}  // namespace fedc::core
