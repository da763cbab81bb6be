#include "compiler/syntax/tokens.h"

#include <fmt/format.h>
#include <algorithm>
#include <optional>
#include <unordered_set>

#include "FedLexer.h"
#include "FedParser.h"
#include "compiler/syntax/foreign.h"
#include "compiler/syntax/lex.h"
#include "compiler/syntax/parse.h"

namespace fedc::syntax {
namespace {

using antlr4::CommonToken;
using antlr4::Token;
using Lexer = grammar::FedLexer;

// Types that only this file gives out, not the lexer.
constexpr std::size_t kStatementIf = grammar::FedParser::STATEMENT_IF;
constexpr std::size_t kBlockBrace = grammar::FedParser::BLOCK_LBRACE;
// A prefix (`-x`, `|x| …`, `A -> …`) costs the parser a recursion of its own, an infix or postfix operator none.
constexpr std::uint32_t kPrefixWeight = 4;

bool isOpening(std::size_t type) { return type == Lexer::LBRACE || type == Lexer::LPAREN || type == Lexer::LBRACKET; }
bool isClosing(std::size_t type) { return type == Lexer::RBRACE || type == Lexer::RPAREN || type == Lexer::RBRACKET; }
std::size_t closingOf(std::size_t opening) {
  return opening == Lexer::LPAREN ? Lexer::RPAREN : opening == Lexer::LBRACKET ? Lexer::RBRACKET : Lexer::RBRACE;
}
const char* textOf(std::size_t bracket) {
  switch (bracket) {
    case Lexer::LBRACE: return "{";
    case Lexer::RBRACE: return "}";
    case Lexer::LPAREN: return "(";
    case Lexer::RPAREN: return ")";
    case Lexer::LBRACKET: return "[";
    default: return "]";
  }
}

/// What can make the tree of an expression or type one level deeper.
bool deepens(std::size_t type) {
  switch (type) {
    case Lexer::DOT:
    case Lexer::DOT_DOT:
    case Lexer::AS:
    case Lexer::ARROW:
    case Lexer::PLUS:
    case Lexer::MINUS:
    case Lexer::STAR:
    case Lexer::SLASH:
    case Lexer::PERCENT:
    case Lexer::AT:
    case Lexer::AMP:
    case Lexer::PIPE:
    case Lexer::CARET:
    case Lexer::AND_AND:
    case Lexer::OR_OR:
    case Lexer::NOT:
    case Lexer::EQUAL:
    case Lexer::NOT_EQUAL:
    case Lexer::LESS_EQUAL:
    case Lexer::GREATER_EQUAL:
    case Lexer::LT:
    case Lexer::GT:
    case Lexer::SHIFT_LEFT: return true;
    default: return false;
  }
}

bool isNameLike(std::size_t type) {
  switch (type) {
    case Lexer::LOWER_NAME:
    case Lexer::UPPER_NAME:
    case Lexer::PARAM:
    case Lexer::RUN:
    case Lexer::POLICY:
    case Lexer::BUDGET:
    case Lexer::NATIVE:
    case Lexer::DERIVATIVE:
    case Lexer::OF:
    case Lexer::TEST:
    case Lexer::PLACE: return true;
    default: return false;
  }
}

class Preparer {
 public:
  Preparer(const SourceFile& file, DiagnosticSink& sink) : file_(file), sink_(sink) {}

  Tokens run() {
    Lexed lexed = lex(file_, sink_);
    in_ = std::move(lexed.tokens);
    out_.docs = std::move(lexed.docs);
    out_.comments = std::move(lexed.comments);
    out_.broken = std::move(lexed.broken);
    out_.isUsable = lexed.isText;
    unclosedStrings_ = std::move(lexed.unclosedStrings);
    isTextUnclosed_ = lexed.isTextUnclosed;
    for (at_ = 0; at_ < in_.size() && out_.isUsable; ++at_) take();
    if (out_.isUsable) closeAll(static_cast<std::uint32_t>(file_.text().size()), nullptr);
    if (isQuiet_) addBroken(itemBegin_, static_cast<std::uint32_t>(file_.text().size()));
    finish();
    return std::move(out_);
  }

 private:
  /// An open bracket.
  struct Frame {
    std::size_t type;
    Span span;
    /// Heads of `if` and `for` in this bracket that still wait for their `{`.
    std::uint32_t pendingHeads = 0;
    /// How deep the expression that is being read here may be by now.
    std::uint32_t chain = 0;
    std::uint32_t angles = 0;
    /// How many `else` the statement has by now.
    std::uint32_t elses = 0;
    /// A bracket inside was closed by one whose indentation suggests that it was not meant to.
    std::optional<std::pair<Span, Span>> suspect;
  };

  Span spanAt(std::size_t i) const { return spanOf(file_.id(), *in_[i]); }
  /// Of a token that is not yet handed on.
  std::size_t typeAt(std::size_t i) const { return i < in_.size() ? in_[i]->getType() : Token::EOF; }
  std::size_t previousType() const { return out_.list.empty() ? Token::EOF : out_.list.back()->getType(); }
  std::uint32_t column(std::uint32_t offset) const { return offset - file_.lineStart(file_.line(offset)); }
  std::uint32_t indentOfLine(std::uint32_t offset) const {
    const std::string_view line = file_.lineText(file_.line(offset));
    return static_cast<std::uint32_t>(std::min(line.find_first_not_of(" \t"), line.size()));
  }
  bool isFirstOnLine(std::size_t i) const { return column(spanAt(i).begin) == indentOfLine(spanAt(i).begin); }
  void addBroken(std::uint32_t begin, std::uint32_t end) { out_.broken.push_back({file_.id(), begin, end}); }
  void addBrokenLine(Span span) {
    const std::uint32_t line = file_.line(span.begin);
    addBroken(file_.lineStart(line), file_.lineStart(line) + static_cast<std::uint32_t>(file_.lineText(line).size()) + 1);
  }

  /// A declaration begins here: whatever bracket is still open was forgotten.
  bool isItemStart() const {
    const std::size_t type = typeAt(at_);
    const std::size_t next = typeAt(at_ + 1);
    switch (type) {
      case Lexer::FN:
        if (previousType() == Lexer::NATIVE) return false;
        break;
      case Lexer::STRUCT: break;
      case Lexer::USE:
        if (!isNameLike(next)) return false;
        break;
      case Lexer::PARAM:
        if (!isNameLike(next) || typeAt(at_ + 2) != Lexer::COLON) return false;
        break;
      case Lexer::NATIVE:
        if (next != Lexer::FN) return false;
        break;
      case Lexer::DERIVATIVE:
        if (next != Lexer::OF) return false;
        break;
      case Lexer::TEST:
        if (next != Lexer::STRING) return false;
        break;
      case Lexer::RUN:
      case Lexer::BUDGET:
        if (next != Lexer::LBRACE) return false;
        break;
      case Lexer::POLICY:
        if (!isNameLike(next)) return false;
        break;
      case Lexer::LET: return stack_.empty();
      default: return false;
    }
    if (!isFirstOnLine(at_)) return stack_.empty();
    return stack_.empty() || column(spanAt(at_).begin) <= itemColumn_;
  }

  void take() {
    const std::size_t type = typeAt(at_);
    const Span span = spanAt(at_);
    if (isItemStart()) beginItem(span);
    isPrefix_ = type == Lexer::PIPE || type == Lexer::ARROW || !endsOperand(previousType());
    if (unclosedStrings_.contains(span.begin)) isQuiet_ = true;
    markStatement();
    foreign(span);
    if (isClosing(type)) {
      close(type, span);
    } else {
      if ((type == Lexer::SEMI || type == Lexer::LET || type == Lexer::VAR) && !stack_.empty()) endParentheses(span, type);
      if (type == Lexer::IF || type == kStatementIf || type == Lexer::FOR) ++heads();
      if (isOpening(type)) {
        separate(type, span);
        open(type, span);
      } else {
        push();
        count(type, span);
        if (isElif_) {
          pushVirtual(Lexer::IF, span.end);
          isElif_ = false;
        }
      }
    }
  }

  void beginItem(Span span) {
    closeAll(span.begin, &span);
    if (isQuiet_) addBroken(itemBegin_, span.begin);
    isQuiet_ = false;
    itemBegin_ = span.begin;
    itemColumn_ = column(span.begin);
    topEnd_.reset();
    rootHeads_ = 0;
    rootChain_ = 0;
    rootElses_ = 0;
  }

  std::uint32_t& heads() { return stack_.empty() ? rootHeads_ : stack_.back().pendingHeads; }
  std::uint32_t& chain() { return stack_.empty() ? rootChain_ : stack_.back().chain; }
  std::uint32_t& elses() { return stack_.empty() ? rootElses_ : stack_.back().elses; }
  std::uint32_t& angles() { return stack_.empty() ? rootAngles_ : stack_.back().angles; }

  /// An `if` or `{` after `{`, `}` or `;` begins a statement: what follows its last `}` does not belong to it.
  void markStatement() {
    const std::size_t previous = previousType();
    const bool isStart = previous == Lexer::LBRACE || previous == kBlockBrace || previous == Lexer::RBRACE || previous == Lexer::SEMI;
    auto& token = static_cast<CommonToken&>(*in_[at_]);
    if (isStart && !deepens(token.getType()) && !isOpening(token.getType())) chain() = 0;
    if (isStart && token.getType() != Lexer::ELSE) elses() = 0;
    if (!isStart) return;
    if (token.getType() == Lexer::IF) token.setType(kStatementIf);
    if (token.getType() == Lexer::LBRACE && !stack_.empty() && heads() == 0) isBlockStatement_ = true;
  }

  static bool beginsOperand(std::size_t type) {
    return isNameLike(type) || type == Lexer::INT || type == Lexer::FLOAT || type == Lexer::STRING || type == Lexer::SCALAR || type == Lexer::TRUE ||
           type == Lexer::FALSE;
  }
  static bool endsOperand(std::size_t type) {
    return beginsOperand(type) || type == Lexer::RPAREN || type == Lexer::RBRACKET || type == Lexer::RBRACE;
  }

  /// Words of other languages, where they cannot be names.
  void foreign(Span span) {
    const std::size_t type = typeAt(at_);
    const std::size_t previous = previousType();
    const std::size_t next = typeAt(at_ + 1);
    if (type == Lexer::STAR && previous == Lexer::STAR && span.begin == previousEnd() && beginsOperand(next)) {
      report(join(spanOf(file_.id(), *out_.list.back()), span), "`**`", "a power is written `pow(x, y)`", "");
      return;
    }
    if (type != Lexer::LOWER_NAME) return;
    const std::string_view word = file_.text(span);
    const bool isStart =
        previous == Lexer::LBRACE || previous == kBlockBrace || previous == Lexer::RBRACE || previous == Lexer::SEMI || previous == Token::EOF;
    const bool isFollowed = beginsOperand(next) || next == Lexer::FN || next == Lexer::STRUCT || next == Lexer::NOT;
    auto& token = static_cast<CommonToken&>(*in_[at_]);
    if (const ForeignWord* row = findForeign(word, ForeignPlace::Operator)) {
      const bool isBinary = word != "not";
      if (isBinary ? endsOperand(previous) && (isFollowed || next == Lexer::LPAREN) : !endsOperand(previous) && beginsOperand(next)) {
        report(span, fmt::format("`{}`", word), row->advice, row->replacement, false);
        token.setType(word == "and" ? Lexer::AND_AND : word == "or" ? Lexer::OR_OR : Lexer::NOT);
      }
      return;
    }
    if (previous == Lexer::LET && beginsOperand(next)) {
      if (const ForeignWord* row = findForeign(word, ForeignPlace::AfterLet)) {
        const Span both = join(spanOf(file_.id(), *out_.list.back()), span);
        report(both, fmt::format("`{}`", file_.text(both)), row->advice, "var");
      }
      return;
    }
    if (stack_.empty()) {
      if (!isFollowed && next != Lexer::LBRACE) return;
      if (const ForeignWord* row = findForeign(word, ForeignPlace::Declaration)) {
        report(span, fmt::format("`{}`", word), row->advice, row->replacement);
        isQuiet_ = true;
        itemBegin_ = span.begin;
      }
      return;
    }
    if (!isStart || stack_.back().type != Lexer::LBRACE) return;
    const ForeignWord* row = findForeign(word, ForeignPlace::Statement);
    if (row == nullptr) return;
    const bool isAlone = next == Lexer::SEMI || next == Lexer::RBRACE;
    const bool isMeant = isFollowed || next == Lexer::LBRACE || (isAlone && (word == "break" || word == "continue" || word == "return")) ||
                         (next == Lexer::LPAREN && (word == "while" || word == "return" || word == "switch" || word == "match")) ||
                         (word == "return" && !isAlone && next != Lexer::ASSIGN && next != Lexer::DOT);
    if (!isMeant) return;
    report(span, fmt::format("`{}`", word), row->advice, row->replacement, word != "elif");
    if (word == "elif") {
      token.setType(Lexer::ELSE);
      isElif_ = true;
    }
    // What follows up to `{` is a head.
    for (std::size_t i = at_; i < in_.size() && file_.line(spanAt(i).begin) == file_.line(span.begin); ++i) {
      if (typeAt(i) != Lexer::LBRACE) continue;
      ++heads();
      if (!isElif_) addBroken(span.begin, spanAt(i).end);
      break;
    }
  }

  void report(Span span, std::string_view what, std::string_view advice, std::string_view replacement, bool isBreaking = true) {
    Diagnostic diagnostic(Code::ForeignWord, span, fmt::format("Fed has no {}", what));
    if (replacement.empty()) {
      diagnostic.notes.emplace_back(advice);
    } else {
      diagnostic.fix = Fix::replace(span, std::string(replacement), std::string(advice));
    }
    if (!isQuiet_) sink_.report(std::move(diagnostic));
    if (isBreaking) addBrokenLine(span);
  }

  void push() { push(std::move(in_[at_])); }
  void push(std::unique_ptr<Token> token) {
    out_.list.push_back(std::move(token));
    out_.depth.push_back(static_cast<std::uint32_t>(stack_.size()));
  }
  void pushVirtual(std::size_t type, std::uint32_t offset) {
    auto token = std::make_unique<CommonToken>(type);
    token->setStartIndex(offset);
    token->setStopIndex(static_cast<std::size_t>(offset) - 1);
    push(std::move(token));
  }

  /// Where the last token ends: a forgotten bracket belongs there.
  std::uint32_t previousEnd() const { return out_.list.empty() ? 0 : spanOf(file_.id(), *out_.list.back()).end; }

  void open(std::size_t type, Span span) {
    count(type, span);
    if (type == Lexer::LBRACE && previousType() != Lexer::ELSE) {
      if (heads() > 0 && isStructLiteral()) {
        reportHeadLiteral();
      } else if (heads() > 0) {
        --heads();
        static_cast<CommonToken&>(*in_[at_]).setType(kBlockBrace);
      } else if (isBlockStatement_) {
        static_cast<CommonToken&>(*in_[at_]).setType(kBlockBrace);
      }
      isBlockStatement_ = false;
    }
    push();
    stack_.push_back({type, span, 0, 0, 0, 0, std::nullopt});
    if (stack_.size() > static_cast<std::size_t>(kMaxBracketDepth)) {
      tooDeep(span, fmt::format("brackets are nested more than {} deep", kMaxBracketDepth));
    }
  }

  /// Within a block the `(` of a call and the `[` of an index stand on the line where the value before them ends; else a `;` is missing.
  void separate(std::size_t type, Span span) {
    const std::size_t previous = previousType();
    const bool isOperand = (beginsOperand(previous) && previous != Lexer::LBRACE) || previous == Lexer::RPAREN || previous == Lexer::RBRACKET;
    if (type == Lexer::LBRACE || stack_.empty() || stack_.back().type != Lexer::LBRACE || !isOperand || heads() > 0 || !isFirstOnLine(at_)) return;
    const Span end{file_.id(), previousEnd(), previousEnd()};
    const char* what = type == Lexer::LPAREN ? "a call" : "an index";
    if (!isQuiet_) {
      sink_.report(missingSemicolonError(end, "statement")
                       .label(span, fmt::format("or is this {} of what stands before?", what))
                       .note(fmt::format("the `{}` of {} stands on the line where the value before it ends", textOf(type), what)));
    }
    pushVirtual(Lexer::SEMI, end.begin);
  }

  /// In a head: `Name {` followed by what only a struct literal has.
  bool isStructLiteral() const {
    if (previousType() != Lexer::UPPER_NAME) return false;
    const std::size_t next = typeAt(at_ + 1);
    const std::size_t second = typeAt(at_ + 2);
    return next == Lexer::DOT_DOT || (isNameLike(next) && (second == Lexer::COLON || second == Lexer::COMMA));
  }

  void reportHeadLiteral() {
    const Span name = spanOf(file_.id(), *out_.list.back());
    std::size_t depth = 0;
    std::size_t end = at_;
    for (; end < in_.size(); ++end) {
      if (isOpening(typeAt(end))) ++depth;
      if (isClosing(typeAt(end)) && --depth == 0) break;
    }
    Diagnostic diagnostic(Code::StructLiteralInHead, name, fmt::format("a struct literal in the head of an `if` or `for` needs parentheses"));
    if (end < in_.size()) {
      diagnostic.primary = join(name, spanAt(end));
      diagnostic.fix = Fix::wrap(diagnostic.primary, "(", ")", "put it in parentheses");
    }
    diagnostic.notes.emplace_back("a `{` in a head begins the body");
    sink_.report(std::move(diagnostic));
  }

  /// Bounds the depth of the tree, so that nobody who walks it runs out of stack.
  void count(std::size_t type, Span span) {
    if (type == Lexer::SEMI) {
      chain() = 0;
      angles() = 0;
      elses() = 0;
    } else if (type == Lexer::COMMA) {
      chain() = angles();
    } else if (deepens(type)) {
      chain() += isPrefix_ ? kPrefixWeight : 1;
      // `Pair<A, Pair<A, …`: commas do not end these.
      if (type == Lexer::LT && isUpperBefore()) ++angles();
      if (type == Lexer::GT && angles() > 0) --angles();
    }
    // Also after it is closed: `f(x)(y)(z)`.
    if (isOpening(type)) ++chain();
    // `if if if …`: each head holds the next one, and each `else` the rest of its chain.
    if (type == Lexer::IF) chain() += kPrefixWeight;
    if (type == Lexer::ELSE) ++elses();
    std::size_t total = rootChain_ + rootElses_;
    for (const Frame& frame : stack_) total += frame.chain + frame.elses;
    if (total > static_cast<std::size_t>(kMaxTreeDepth)) {
      tooDeep(span, "this expression is too deep");
      return;
    }
  }
  bool isUpperBefore() const {
    for (std::size_t i = out_.list.size(); i-- > 0;) {
      if (out_.list[i]->getType() != Lexer::LT) return out_.list[i]->getType() == Lexer::UPPER_NAME;
    }
    return false;
  }

  void tooDeep(Span span, std::string message) {
    sink_.report(Diagnostic(Code::NestedTooDeep, span, std::move(message)).note("name parts of it with `let`"));
    out_.isUsable = false;
  }

  void close(std::size_t type, Span span) {
    const auto matches = [type](const Frame& frame) { return closingOf(frame.type) == type; };
    if (!stack_.empty() && !matches(stack_.back())) {
      // `)` does not close a parenthesis outside the block in which it stands.
      std::size_t found = stack_.size();
      while (found > 0 && !matches(stack_[found - 1]) && (type == Lexer::RBRACE || stack_[found - 1].type != Lexer::LBRACE)) --found;
      if (found == 0 || !matches(stack_[found - 1])) {
        unmatched(type, span);
        return;
      }
      reportUnclosed(stack_.back(), span, fmt::format("`{}` expected before this `{}`", textOf(closingOf(stack_.back().type)), textOf(type)));
      while (stack_.size() > found) closeVirtually(span.end);
    }
    if (stack_.empty()) {
      unmatched(type, span);
      return;
    }
    noteIndentation(span);
    stack_.pop_back();
    push();
    if (stack_.empty() && type == Lexer::RBRACE && typeAt(at_ + 1) != Lexer::AT && !topEnd_) topEnd_ = span.begin;
  }

  /// Remembers a `}` that closes a `{` of another indentation: the likely culprit if a bracket outside stays open.
  void noteIndentation(Span closing) {
    const Frame& frame = stack_.back();
    if (frame.type != Lexer::LBRACE || stack_.size() < 2 || !isFirstOnLine(at_)) {
      if (frame.suspect && stack_.size() >= 2 && !stack_[stack_.size() - 2].suspect) stack_[stack_.size() - 2].suspect = frame.suspect;
      return;
    }
    Frame& outer = stack_[stack_.size() - 2];
    if (frame.suspect && !outer.suspect) outer.suspect = frame.suspect;
    if (!outer.suspect && column(closing.begin) < indentOfLine(frame.span.begin)) outer.suspect = {frame.span, closing};
  }

  void unmatched(std::size_t type, Span span) {
    if (!isQuiet_) {
      Diagnostic diagnostic(Code::UnmatchedBracket, span, fmt::format("this `{}` closes nothing", textOf(type)));
      if (stack_.empty() && topEnd_ && type == Lexer::RBRACE) {
        diagnostic.labels.push_back({{file_.id(), *topEnd_, *topEnd_ + 1}, "the declaration ends here already"});
      } else if (!stack_.empty()) {
        diagnostic.labels.push_back({stack_.back().span, fmt::format("the open bracket here is `{}`", textOf(stack_.back().type))});
      }
      sink_.report(std::move(diagnostic));
    }
    addBroken(stack_.empty() ? topEnd_.value_or(itemBegin_) : stack_.back().span.begin, span.end);
  }

  /// `;`, `let` and `var` do not stand in parentheses.
  void endParentheses(Span span, std::size_t type) {
    if (stack_.back().type == Lexer::LBRACE || (type != Lexer::SEMI && !isFirstOnLine(at_))) return;
    if (type == Lexer::SEMI && isClosedOnLine(span)) return;
    const Frame frame = stack_.back();
    const std::string closing = textOf(closingOf(frame.type));
    reportUnclosed(frame, span, fmt::format("`{}` expected before this", closing));
    while (!stack_.empty() && stack_.back().type != Lexer::LBRACE) closeVirtually(span.end);
  }

  /// The open bracket is closed further on in this line: a `;` in between stands for a comma.
  bool isClosedOnLine(Span span) const {
    std::size_t depth = 0;
    for (std::size_t i = at_ + 1; i < in_.size() && file_.line(spanAt(i).begin) == file_.line(span.begin); ++i) {
      if (isOpening(typeAt(i))) ++depth;
      if (!isClosing(typeAt(i))) continue;
      if (depth == 0) return typeAt(i) == closingOf(stack_.back().type);
      --depth;
    }
    return false;
  }

  void closeAll(std::uint32_t offset, const Span* item) {
    if (stack_.empty()) return;
    const Frame& frame = stack_.back();
    if (item != nullptr) {
      reportUnclosed(frame, *item, fmt::format("`{}` expected before this declaration", textOf(closingOf(frame.type))));
    } else if (!isTextUnclosed_) {
      const std::uint32_t end = previousEnd();
      reportUnclosed(frame, {file_.id(), end > 0 ? end - 1 : 0, end},
                     fmt::format("`{}` expected after this, before the end of the file", textOf(closingOf(frame.type))));
    }
    while (!stack_.empty()) closeVirtually(offset);
  }

  void closeVirtually(std::uint32_t brokenEnd) {
    const Frame frame = stack_.back();
    addBroken(frame.span.begin, brokenEnd);
    const std::uint32_t offset = previousEnd();
    stack_.pop_back();
    pushVirtual(closingOf(frame.type), offset);
  }

  void reportUnclosed(const Frame& frame, Span where, std::string text) {
    if (isQuiet_) return;
    const char* bracket = textOf(frame.type);
    if (frame.suspect) {
      const auto& [opening, closing] = *frame.suspect;
      sink_.report(Diagnostic(Code::UnclosedBracket, opening, fmt::format("this `{}` is not closed", textOf(Lexer::LBRACE)))
                       .label(closing, "closed here, but the indentation is that of an outer bracket")
                       .label(frame.span, fmt::format("so that this `{}` stays open", bracket)));
      return;
    }
    sink_.report(Diagnostic(Code::UnclosedBracket, frame.span, fmt::format("this `{}` is not closed", bracket)).label(where, std::move(text)));
  }

  void finish() {
    auto end = std::make_unique<CommonToken>(Token::EOF);
    end->setStartIndex(file_.text().size());
    end->setStopIndex(file_.text().size() - 1);
    out_.list.push_back(std::move(end));
    out_.depth.push_back(0);
  }

  const SourceFile& file_;
  DiagnosticSink& sink_;
  std::vector<std::unique_ptr<Token>> in_;
  std::size_t at_ = 0;
  Tokens out_;
  std::vector<Frame> stack_;
  std::uint32_t rootHeads_ = 0;
  std::uint32_t rootChain_ = 0;
  std::uint32_t rootAngles_ = 0;
  std::uint32_t rootElses_ = 0;
  bool isBlockStatement_ = false;
  /// The current token stands before what it applies to.
  bool isPrefix_ = false;
  /// `elif` is on its way out as `else if`.
  bool isElif_ = false;
  /// The declaration that is being read.
  std::uint32_t itemBegin_ = 0;
  std::uint32_t itemColumn_ = 0;
  /// The first `}` of the declaration that closed everything.
  std::optional<std::uint32_t> topEnd_;
  /// An unclosed string may have swallowed brackets: no word about those until the next declaration.
  bool isQuiet_ = false;
  std::unordered_set<std::uint32_t> unclosedStrings_;
  /// A comment took the rest of the file.
  bool isTextUnclosed_ = false;
};

}  // namespace

Tokens readTokens(const SourceFile& file, DiagnosticSink& sink) { return Preparer(file, sink).run(); }

Span spanOf(FileId file, const antlr4::Token& token) {
  return {file, static_cast<std::uint32_t>(token.getStartIndex()), static_cast<std::uint32_t>(token.getStopIndex() + 1)};
}

Diagnostic reservedWordError(const SourceFile& file, Span span) {
  return Diagnostic(Code::ReservedWord, span, fmt::format("`{}` is a reserved word and cannot be a name", file.text(span)))
      .note("reserved are the scalar types, `str`, `key` and the keywords");
}

Diagnostic missingSemicolonError(Span end, std::string_view what) {
  return Diagnostic(Code::MissingSemicolon, end, fmt::format("expected `;` after this {}", what)).help(Fix::insert(end, ";", "end it with `;`"));
}

bool isItemKeyword(std::size_t type) {
  switch (type) {
    case Lexer::USE:
    case Lexer::STRUCT:
    case Lexer::FN:
    case Lexer::LET:
    case Lexer::PARAM:
    case Lexer::RUN:
    case Lexer::POLICY:
    case Lexer::BUDGET:
    case Lexer::NATIVE:
    case Lexer::DERIVATIVE:
    case Lexer::TEST: return true;
    default: return false;
  }
}

}  // namespace fedc::syntax
