#include "compiler/core/text_lexer.h"

#include <fmt/format.h>

#include <cctype>

namespace fedc::core {

void failAt(const Token& token, const std::string& what) { throw TextError{fmt::format("line {}, column {}: {}", token.line, token.column, what)}; }

namespace {

bool isDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool beginsName(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '%' || c == '?'; }
bool insideName(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '\'' || c == '~'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    std::vector<Token> out;
    do out.push_back(next());
    while (out.back().kind != Token::Kind::End);
    return out;
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  char take() {
    const char c = text_[at_++];
    if (c == '\n') {
      ++line_;
      column_ = 1;
    } else {
      ++column_;
    }
    return c;
  }

  void skipBlanks() {
    while (at_ < text_.size()) {
      if (std::isspace(static_cast<unsigned char>(peek())) != 0) {
        take();
      } else if (peek() == '-' && peek(1) == '-') {
        while (at_ < text_.size() && peek() != '\n') take();
      } else {
        return;
      }
    }
  }

  Token next() {
    skipBlanks();
    Token t;
    t.line = line_;
    t.column = column_;
    if (at_ >= text_.size()) return t;
    const char c = peek();
    if (beginsName(c)) {
      t.kind = Token::Kind::Name;
      t.text += take();
      while (insideName(peek())) t.text += take();
    } else if (isDigit(c)) {
      number(t);
    } else if (c == '"') {
      string(t);
    } else {
      symbol(t);
    }
    return t;
  }

  void number(Token& t) {
    t.kind = Token::Kind::Number;
    if (peek() == '0' && peek(1) == 'x') {
      t.text += take();
      t.text += take();
      while (std::isxdigit(static_cast<unsigned char>(peek())) != 0) t.text += take();
      return;
    }
    while (isDigit(peek())) t.text += take();
    if (peek() == '.' && isDigit(peek(1))) {
      t.text += take();
      while (isDigit(peek())) t.text += take();
    }
    const bool signedExponent = (peek(1) == '+' || peek(1) == '-') && isDigit(peek(2));
    if (peek() == 'e' && (isDigit(peek(1)) || signedExponent)) {
      t.text += take();
      t.text += take();
      while (isDigit(peek())) t.text += take();
    }
    while (std::isalnum(static_cast<unsigned char>(peek())) != 0) t.suffix += take();
  }

  void string(Token& t) {
    t.kind = Token::Kind::String;
    take();
    while (peek() != '"') {
      if (at_ >= text_.size()) failAt(t, "a string without end");
      char c = take();
      if (c == '\\' && at_ < text_.size()) {
        c = take();
        c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
      }
      t.text += c;
    }
    take();
  }

  void symbol(Token& t) {
    t.kind = Token::Kind::Symbol;
    const std::string two{peek(), peek(1)};
    if (two == "<=" || two == "->" || two == "+=") {
      t.text = two;
      take();
      take();
      return;
    }
    if (std::string_view("(){}[],:;=<+-*/|@!").find(peek()) == std::string_view::npos) failAt(t, fmt::format("unexpected `{}`", peek()));
    t.text += take();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1, column_ = 1;
};

}  // namespace

std::vector<Token> tokenise(std::string_view text) { return Lexer(text).run(); }

}  // namespace fedc::core
