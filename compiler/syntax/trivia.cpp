#include "compiler/syntax/trivia.h"

#include <algorithm>

#include "FedLexer.h"

namespace fedc::syntax {
namespace {

using Lexer = grammar::FedLexer;

bool endsPart(std::size_t type) {
  switch (type) {
    case Lexer::COMMA:
    case Lexer::SEMI:
    case Lexer::RPAREN:
    case Lexer::RBRACKET:
    case Lexer::RBRACE:
    case Lexer::GT: return true;
    default: return false;
  }
}

bool isDoc(std::string_view text) { return text.starts_with("///") && !text.starts_with("////"); }

class TriviaReader {
 public:
  TriviaReader(const SourceFile& file, const Tokens& tokens) : file_(file), tokens_(tokens) {}

  std::vector<Trivia> run() {
    std::vector<Trivia> result(tokens_.list.size());
    for (std::size_t i = 0; i < result.size(); ++i) gap(i == 0 ? nullptr : &result[i - 1], result[i], i);
    return result;
  }

 private:
  std::size_t breaksBetween(std::uint32_t begin, std::uint32_t end) const {
    return static_cast<std::size_t>(std::ranges::count(file_.text().substr(begin, end - begin), '\n'));
  }

  /// Where the next comment begins, or the token at `end`.
  std::uint32_t beginOfNext(std::size_t comment, std::uint32_t end) const {
    return comment + 1 < tokens_.comments.size() ? std::min(end, tokens_.comments[comment + 1].begin) : end;
  }

  /// Nothing but comments follows on the comment's line.
  bool isLastOnLine(std::size_t comment, std::uint32_t end) const {
    while (true) {
      const std::uint32_t next = beginOfNext(comment, end);
      if (breaksBetween(tokens_.comments[comment].end, next) > 0 || next == file_.text().size()) return true;
      if (next == end) return false;
      ++comment;
    }
  }

  /// Nothing but small comments stands between the comment and the token at `end`, all on one line.
  bool leadsTo(std::size_t comment, std::uint32_t end) const {
    while (true) {
      const std::uint32_t next = beginOfNext(comment, end);
      if (breaksBetween(tokens_.comments[comment].end, next) > 0) return false;
      if (next == end) return true;
      ++comment;
      if (file_.text(tokens_.comments[comment]).find('\n') != std::string_view::npos) return false;
    }
  }

  /// `( /* a */ x`: small comments between an opening bracket and what it opens stand before that, wherever the lines break.
  bool isWithin(std::size_t i, std::uint32_t end) const {
    if (i == 0 || endsPart(tokens_.list[i]->getType())) return false;
    const std::size_t opening = tokens_.list[i - 1]->getType();
    if (opening != Lexer::LPAREN && opening != Lexer::LBRACKET) return false;
    for (std::size_t c = comment_; c < tokens_.comments.size() && tokens_.comments[c].begin < end; ++c) {
      const std::string_view text = file_.text(tokens_.comments[c]);
      if (text.starts_with("//") || text.find('\n') != std::string_view::npos) return false;
    }
    return true;
  }

  /// What stands before token i.
  void gap(Trivia* previous, Trivia& next, std::size_t i) {
    const std::uint32_t begin = i == 0 ? 0 : spanOf(file_.id(), *tokens_.list[i - 1]).end;
    const std::uint32_t end = std::max(begin, spanOf(file_.id(), *tokens_.list[i]).begin);
    std::uint32_t at = begin;
    const bool isWithin = this->isWithin(i, end);
    // A comma that a comment to the end of the line has passed has its line full.
    const bool isFull = previous != nullptr && !previous->behind.empty() && previous->behind.back().text.starts_with("//");
    bool isBehind = previous != nullptr && !isWithin && !isFull;
    for (; comment_ < tokens_.comments.size() && tokens_.comments[comment_].begin < end; ++comment_) {
      const Span span = tokens_.comments[comment_];
      const std::size_t breaks = breaksBetween(at, span.begin);
      at = span.end;
      const std::uint32_t after = beginOfNext(comment_, end);
      Comment comment{commentText(file_.text(span)), false, breaks > 1 && !isWithin};
      const bool isLine = comment.text.starts_with("//");
      const bool isLarge = isDoc(comment.text) || comment.text.find('\n') != std::string::npos;
      const bool endsLine = isLine || isLastOnLine(comment_, end);
      // A comma begins no line, and a small comment before it does not either.
      const std::size_t type = tokens_.list[i]->getType();
      const bool belongsToComma = !endsLine && after == end && next.before.empty() && (type == Lexer::COMMA || type == Lexer::SEMI);
      if (belongsToComma) comment.isAfterBlank = false;
      isBehind = isBehind && (breaks == 0 || belongsToComma) && !isLarge;
      if (isBehind && (endsLine || (leadsTo(comment_, end) && endsPart(tokens_.list[i]->getType())))) {
        previous->behind.push_back(std::move(comment));
        continue;
      }
      isBehind = false;
      comment.isOwnLine = (endsLine || isLarge) && !isWithin;
      next.before.push_back(std::move(comment));
    }
    const std::size_t type = tokens_.list[i]->getType();
    const bool mayPass = (type == Lexer::COMMA || type == Lexer::SEMI) && next.before.empty();
    if (mayPass && previous != nullptr && !previous->behind.empty() && previous->behind.back().text.starts_with("//")) {
      next.behind.push_back(std::move(previous->behind.back()));
      previous->behind.pop_back();
    }
    next.isAfterBlank = breaksBetween(at, end) > 1 && !(isWithin && !next.before.empty());
    next.isAfterBreak = breaksBetween(begin, end) > 0;
  }

  const SourceFile& file_;
  const Tokens& tokens_;
  std::size_t comment_ = 0;
};

}  // namespace

std::string commentText(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\r') continue;
    if (c == '\n') {
      while (result.ends_with(' ')) result.pop_back();
    }
    result += c;
  }
  while (result.ends_with(' ')) result.pop_back();
  return result;
}

std::vector<Trivia> readTrivia(const SourceFile& file, const Tokens& tokens) { return TriviaReader(file, tokens).run(); }

}  // namespace fedc::syntax
