#include "compiler/syntax/error_strategy.h"

#include <fmt/format.h>
#include <algorithm>

#include "FedParser.h"
#include "compiler/syntax/expectation.h"
#include "compiler/syntax/foreign.h"

namespace fedc::syntax {
namespace {

using antlr4::Parser;
using antlr4::Token;
using antlr4::misc::IntervalSet;
using grammar::FedParser;

bool isReserved(std::size_t type) {
  switch (type) {
    case FedParser::SCALAR:
    case FedParser::USE:
    case FedParser::STRUCT:
    case FedParser::FN:
    case FedParser::LET:
    case FedParser::VAR:
    case FedParser::FOR:
    case FedParser::IN:
    case FedParser::IF:
    case FedParser::STATEMENT_IF:
    case FedParser::ELSE:
    case FedParser::AS:
    case FedParser::TRUE:
    case FedParser::FALSE: return true;
    default: return false;
  }
}

bool isStatementKeyword(std::size_t type) {
  return type == FedParser::LET || type == FedParser::VAR || type == FedParser::FOR || type == FedParser::STATEMENT_IF;
}

bool beginsStatement(std::size_t type) {
  return isStatementKeyword(type) || type == FedParser::BLOCK_LBRACE || type == FedParser::LBRACE || type == FedParser::IF || beginsExpression(type);
}

bool beginsType(std::size_t type) {
  return type == FedParser::SCALAR || type == FedParser::UPPER_NAME || type == FedParser::LPAREN || type == FedParser::LBRACE;
}

bool isBracket(std::size_t type) {
  return type == FedParser::LPAREN || type == FedParser::LBRACKET || type == FedParser::LBRACE || type == FedParser::BLOCK_LBRACE;
}

/// A place where `name: type` stands.
bool isTyped(const antlr4::ParserRuleContext* context) {
  switch (context->getRuleIndex()) {
    case FedParser::RuleParameter:
    case FedParser::RuleParamItem:
    case FedParser::RuleStructField:
    case FedParser::RuleLambdaParameter:
    case FedParser::RuleBinding: return true;
    default: return false;
  }
}

}  // namespace

Token* ErrorStrategy::previous(const Token* token) const { return token->getTokenIndex() == 0 ? nullptr : stream_.get(token->getTokenIndex() - 1); }

bool ErrorStrategy::isSilent(Span span) const {
  return std::any_of(tokens_.broken.begin(), tokens_.broken.end(),
                     [&](Span broken) { return broken.begin <= span.begin && span.begin <= broken.end; });
}

void ErrorStrategy::add(Diagnostic diagnostic) {
  reportedAt_.insert(diagnostic.primary.begin);
  if (!isSilent(diagnostic.primary)) sink_.report(std::move(diagnostic));
}

void ErrorStrategy::reportError(Parser* parser, const antlr4::RecognitionException& error) {
  // One error while it unwinds.
  if (inErrorRecoveryMode(parser)) return;
  beginErrorCondition(parser);
  Token* found = error.getOffendingToken();
  if (const auto* choice = dynamic_cast<const antlr4::NoViableAltException*>(&error)) {
    reportAt(parser, found, expectedAfter(parser, parser->getState(), parser->getContext(), choice->getStartToken(), found));
  } else {
    reportAt(parser, found, parser->getExpectedTokens());
  }
}

Token* ErrorStrategy::recoverInline(Parser* parser) {
  if (repair(parser, parser->getExpectedTokens())) {
    Token* inserted = parser->getCurrentToken();
    if (parser->getExpectedTokens().contains(inserted->getType())) {
      parser->consume();
      return inserted;
    }
  }
  throw antlr4::InputMismatchException(parser);
}

void ErrorStrategy::sync(Parser* parser) {
  if (inErrorRecoveryMode(parser)) return;
  const std::size_t rule = parser->getContext()->getRuleIndex();
  if (rule == FedParser::RuleModule) {
    while (stream_.LA(1) != Token::EOF && !isItemKeyword(stream_.LA(1))) {
      reportAtTop(stream_.LT(1));
      skipItem(parser, stream_.index());
    }
    return;
  }
  while (true) {
    const IntervalSet expected = parser->getExpectedTokens();
    if (expected.contains(stream_.LA(1)) || repair(parser, expected)) return;
    if (stream_.LA(1) == Token::EOF || (rule != FedParser::RuleGroup && rule != FedParser::RuleStatements)) {
      throw antlr4::InputMismatchException(parser);
    }
    reportInBlock(stream_.LT(1));
    skipStatement(parser, stream_.index());
  }
}

namespace {

/// In the brackets behind a value.
bool isIndex(const antlr4::RuleContext* context) {
  for (; context != nullptr; context = dynamic_cast<const antlr4::RuleContext*>(context->parent)) {
    if (dynamic_cast<const FedParser::IndexOperationContext*>(context) != nullptr) return true;
    const std::size_t rule = context->getRuleIndex();
    if (rule == FedParser::RuleGroup || rule == FedParser::RuleStatements) return false;
  }
  return false;
}

}  // namespace

bool ErrorStrategy::repair(Parser* parser, const IntervalSet& expected) {
  const std::size_t type = stream_.LA(1);
  if (type == Token::EOF) return false;
  const Token* before = previous(stream_.LT(1));
  const std::size_t last = before == nullptr ? Token::EOF : before->getType();
  const auto takes = [&](std::size_t wanted) { return expected.contains(wanted); };
  const auto fits = [&](std::size_t inserted) { return takes(inserted) && expectedWith(parser, inserted).contains(type); };
  if (type == FedParser::SEMI && takes(FedParser::COMMA) && expectedWith(parser, FedParser::COMMA).contains(stream_.LA(2))) {
    const Span span = spanOf(file_.id(), *stream_.LT(1));
    add(Diagnostic(Code::MissingComma, span, fmt::format("expected `,`{}, found `;`", describeContext(parser->getContext())))
            .help(Fix::replace(span, ",", "separate them with a comma")));
    stream_.retypeHere(FedParser::COMMA);
    return true;
  }
  std::size_t missing = Token::INVALID_TYPE;
  if (isTyped(parser->getContext()) && beginsType(type) && fits(FedParser::COLON))
    missing = FedParser::COLON;
  else if (beginsType(type) && type != FedParser::LBRACE && fits(FedParser::ARROW))
    missing = FedParser::ARROW;
  else if (last != FedParser::COMMA && !isBracket(last) && fits(FedParser::COMMA))
    missing = FedParser::COMMA;
  // At the end of a block the value needs none; the builder asks for it where there is no value.
  else if (type != FedParser::RBRACE && takes(FedParser::RBRACE) && fits(FedParser::SEMI))
    missing = FedParser::SEMI;
  if (missing == Token::INVALID_TYPE) return false;
  if (missing == FedParser::COMMA && (type == FedParser::COLON || last == FedParser::COLON) && isIndex(parser->getContext())) {
    // A slice as Python writes it: `x[2:4]`, `x[2:]`, `x[:2]`.
    const Span colon = spanOf(file_.id(), type == FedParser::COLON ? *stream_.LT(1) : *before);
    add(Diagnostic(Code::ForeignWord, colon, "Fed has no slices with `:`")
            .at("a range is written `a..b`")
            .help(Fix::replace(colon, "..", "written `a..b`, `a..` or `..b`")));
    if (type == FedParser::COLON) {
      stream_.retypeHere(FedParser::DOT_DOT);
    } else {
      stream_.insertHere(FedParser::COMMA);
    }
    return true;
  }
  if (resumedAt_ != stream_.index()) reportMissing(parser, missing);
  stream_.insertHere(missing);
  return true;
}

void ErrorStrategy::reportMissing(Parser* parser, std::size_t type) {
  const Span found = spanOf(file_.id(), *stream_.LT(1));
  const Token* before = previous(stream_.LT(1));
  const Span end = before == nullptr ? found.start() : spanOf(file_.id(), *before).stop();
  const std::string context = describeContext(parser->getContext());
  const std::string shown = describeFound(*stream_.LT(1), file_.text(found));
  if (type == FedParser::SEMI) {
    add(missingSemicolonError(end, "statement"));
    reportedAt_.insert(found.begin);
  } else if (type == FedParser::COMMA) {
    add(Diagnostic(Code::MissingComma, found, fmt::format("expected `,`{}, found {}", context, shown))
            .help(Fix::insert(end, ",", "separate them with a comma")));
  } else if (type == FedParser::COLON) {
    add(Diagnostic(Code::UnexpectedToken, found, fmt::format("expected `:`{}, found {}", context, shown))
            .help(Fix::insert(end, ":", "a type stands after `:`")));
  } else {
    add(Diagnostic(Code::UnexpectedToken, found, fmt::format("expected `->` or `{{`, found {}", shown))
            .help(Fix::insert(end, " ->", "a result type stands after `->`")));
  }
}

void ErrorStrategy::addNotes(Diagnostic& diagnostic, Parser* parser, Token* found) const {
  const antlr4::ParserRuleContext* context = parser->getContext();
  const std::string where = describeContext(context);
  const std::size_t type = found->getType();
  const std::size_t next = stream_.size() > found->getTokenIndex() + 1 ? stream_.get(found->getTokenIndex() + 1)->getType() : Token::EOF;
  if (type == FedParser::COLON && next == FedParser::COLON) {
    diagnostic.notes.emplace_back("a name in a module is written `module.name`");
  } else if (type == FedParser::COLON && where == " in this call") {
    diagnostic.notes.emplace_back("a named argument is written `name = value`");
  } else if (type == FedParser::COLON && where == " in this `run` block") {
    diagnostic.notes.emplace_back("an entry is written `name = value`");
  } else if (type == FedParser::COLON && where.empty()) {
    diagnostic.notes.emplace_back("a variable is declared by `let name: T = value;` or `var name: T = value;`");
  } else if (type == FedParser::ASSIGN && where == " in this struct literal") {
    diagnostic.notes.emplace_back("a field is written `name: value`");
  } else if (type == FedParser::ELSE) {
    diagnostic.notes.emplace_back("an `else` follows the `}` of its `if`, without `;`");
  }
}

void ErrorStrategy::reportAt(Parser* parser, Token* found, const IntervalSet& expected) {
  const Span span = spanOf(file_.id(), *found);
  if (expected.contains(static_cast<std::size_t>(FedParser::LOWER_NAME)) && !expected.contains(static_cast<std::size_t>(FedParser::INT)) &&
      isReserved(found->getType())) {
    add(reservedWordError(file_, span));
    return;
  }
  const Token* before = previous(found);
  if (found->getType() == FedParser::ASSIGN && before != nullptr && isReserved(before->getType())) {
    add(reservedWordError(file_, spanOf(file_.id(), *before)));
    return;
  }
  const std::size_t rule = parser->getContext()->getRuleIndex();
  if (before != nullptr && before->getType() == FedParser::LOWER_NAME && (rule == FedParser::RuleNamedType || rule == FedParser::RuleCastType) &&
      expected.contains(static_cast<std::size_t>(FedParser::DOT))) {
    reportNoType(spanOf(file_.id(), *before));
    return;
  }
  const std::string what = describeExpected(expected, parser->getContext());
  Diagnostic diagnostic(Code::UnexpectedToken, span,
                        fmt::format("expected {}{}, found {}", what, describeContext(parser->getContext()), describeFound(*found, file_.text(span))));
  diagnostic.primaryLabel = "expected " + what;
  addNotes(diagnostic, parser, found);
  add(std::move(diagnostic));
}

void ErrorStrategy::reportNoType(Span span) {
  const std::string name(file_.text(span));
  if (const ForeignWord* row = findForeign(name, ForeignPlace::Type)) {
    add(Diagnostic(Code::ForeignWord, span, fmt::format("Fed has no `{}`", name))
            .help(Fix::replace(span, std::string(row->replacement), std::string(row->advice))));
    return;
  }
  add(Diagnostic(Code::UnexpectedToken, span, fmt::format("expected a type, found `{}`", name))
          .at("expected a type")
          .note("names of types begin with a capital; scalar types are `bool`, `i8` to `i64`, `u8` to `u64`, `bf16`, `f16`, `f32`, `f64`"));
}

void ErrorStrategy::reportAtTop(Token* found) {
  const Span span = spanOf(file_.id(), *found);
  const std::string shown = describeFound(*found, file_.text(span));
  if (beginsStatement(found->getType())) {
    add(Diagnostic(Code::StatementAtTop, span, fmt::format("expected a declaration, found {}", shown))
            .note("at the top of a file stand `use`, `param`, `struct`, `fn`, `let`, `test`, `run`, `policy`, `budget`, `native fn` and "
                  "`derivative of`")
            .note("statements stand in the body of a `fn` or `test`"));
    return;
  }
  add(Diagnostic(Code::UnexpectedToken, span, fmt::format("expected a declaration, found {}", shown)).at("expected a declaration"));
}

void ErrorStrategy::reportInBlock(Token* found) {
  const Span span = spanOf(file_.id(), *found);
  const std::size_t type = found->getType();
  if (type == FedParser::FN || type == FedParser::STRUCT || type == FedParser::USE) {
    Diagnostic diagnostic(Code::NestedDeclaration, span, fmt::format("`{}` stands within a block", file_.text(span)));
    diagnostic.notes.emplace_back("declarations stand at the top of a file");
    if (type == FedParser::FN) diagnostic.notes.emplace_back("a function of a block is a lambda: `let f = |x| x + 1;`");
    add(std::move(diagnostic));
    return;
  }
  Diagnostic diagnostic(Code::UnexpectedToken, span, fmt::format("expected a statement, found {}", describeFound(*found, file_.text(span))));
  diagnostic.primaryLabel = "expected a statement";
  if (type == FedParser::ELSE) diagnostic.notes.emplace_back("an `else` follows the `}` of its `if`, without `;`");
  add(std::move(diagnostic));
}

void ErrorStrategy::recover(Parser* parser, std::exception_ptr error) {
  antlr4::ParserRuleContext* context = parser->getContext();
  const std::size_t rule = context->getRuleIndex();
  const bool isStatement = rule == FedParser::RuleClosedStatement || rule == FedParser::RuleOpenStatement;
  if (rule != FedParser::RuleItem && !isStatement && rule != FedParser::RuleModule) std::rethrow_exception(error);
  const std::size_t begin = context->getStart()->getTokenIndex();
  if (rule == FedParser::RuleItem) skipItem(parser, begin);
  if (isStatement) skipStatement(parser, begin);
  endErrorCondition(parser);
}

void ErrorStrategy::skipItem(Parser* parser, std::size_t begin) {
  if (stream_.index() == begin && stream_.LA(1) != Token::EOF) parser->consume();
  for (; stream_.LA(1) != Token::EOF; parser->consume()) {
    const std::size_t index = stream_.index();
    if (stream_.depthAt(index) != 0 || !isItemKeyword(stream_.LA(1))) continue;
    const Token* before = stream_.get(index - 1);
    const auto lineOf = [&](const Token* token) { return file_.line(static_cast<std::uint32_t>(token->getStartIndex())); };
    const bool isFirstOnLine = lineOf(before) != lineOf(stream_.LT(1));
    if (before->getType() == FedParser::SEMI || before->getType() == FedParser::RBRACE || isFirstOnLine) return;
  }
}

/// Stops before the `;` that ends the statement, before the next keyword of a statement, or before the end of the block.
void ErrorStrategy::skipStatement(Parser* parser, std::size_t begin) {
  const std::uint32_t depth = stream_.depthAt(begin);
  const std::size_t first = stream_.get(begin)->getType();
  const bool hasBody = first == FedParser::FOR || first == FedParser::STATEMENT_IF || first == FedParser::FN || first == FedParser::STRUCT;
  bool isFirst = stream_.index() == begin;
  for (; stream_.LA(1) != Token::EOF; parser->consume()) {
    const std::size_t type = stream_.LA(1);
    const std::uint32_t at = stream_.depthAt(stream_.index());
    if (at < depth) break;
    if (at == depth && !isFirst && (type == FedParser::SEMI || isStatementKeyword(type))) break;
    if (at == depth && hasBody && type == FedParser::RBRACE && stream_.LA(2) != FedParser::ELSE) {
      parser->consume();
      break;
    }
    isFirst = false;
  }
  resumedAt_ = stream_.index();
}

}  // namespace fedc::syntax
