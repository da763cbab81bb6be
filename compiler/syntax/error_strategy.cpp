#include "compiler/syntax/error_strategy.h"

#include <algorithm>
#include <fmt/format.h>

#include "FedParser.h"
#include "compiler/syntax/expectation.h"

namespace fedc::syntax {
namespace {

using antlr4::Parser;
using antlr4::Token;
using grammar::FedParser;

bool isReserved(std::size_t type) {
  switch (type) {
    case FedParser::SCALAR: case FedParser::USE: case FedParser::STRUCT: case FedParser::FN: case FedParser::LET:
    case FedParser::VAR: case FedParser::FOR: case FedParser::IN: case FedParser::IF: case FedParser::STATEMENT_IF: case FedParser::ELSE:
    case FedParser::AS: case FedParser::TRUE: case FedParser::FALSE:
      return true;
    default:
      return false;
  }
}

bool beginsStatement(std::size_t type) {
  return type == FedParser::LET || type == FedParser::VAR || type == FedParser::FOR || type == FedParser::STATEMENT_IF ||
         type == FedParser::BLOCK_LBRACE || beginsExpression(type);
}

bool isStatementKeyword(std::size_t type) {
  return type == FedParser::LET || type == FedParser::VAR || type == FedParser::FOR || type == FedParser::STATEMENT_IF;
}

/// The token before, or null at the beginning.
Token* before(Parser* parser, const Token* token) {
  return token->getTokenIndex() == 0 ? nullptr : parser->getTokenStream()->get(token->getTokenIndex() - 1);
}

bool isBlockContext(antlr4::ParserRuleContext* context) {
  return context->getRuleIndex() == FedParser::RuleBlock || context->getRuleIndex() == FedParser::RuleBlockStatementBody ||
         dynamic_cast<FedParser::BlockPrimaryContext*>(context) != nullptr;
}

}  // namespace

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

Token* ErrorStrategy::recoverInline(Parser* parser) { throw antlr4::InputMismatchException(parser); }

void ErrorStrategy::reportAt(Parser* parser, Token* found, const antlr4::misc::IntervalSet& expected) {
  const std::size_t type = found->getType();
  const Span span = spanOf(file_.id(), *found);
  const auto takes = [&](std::size_t wanted) { return expected.contains(wanted); };
  if (takes(FedParser::LOWER_NAME) && !takes(FedParser::INT) && isReserved(type)) {
    add(reservedWordError(file_, span));
    return;
  }
  Token* previous = before(parser, found);
  const bool isAfterComma = previous != nullptr && previous->getType() == FedParser::COMMA;
  if (takes(FedParser::COMMA) && !isAfterComma && previous != nullptr && (beginsExpression(type) || type == FedParser::SEMI)) {
    const Span at = spanOf(file_.id(), *previous).stop();
    Diagnostic diagnostic(Code::MissingComma, span,
                          fmt::format("expected `,`{}, found {}", describeContext(parser->getContext()), describeFound(*found, file_.text(span))));
    diagnostic.fix = type == FedParser::SEMI ? Fix::replace(span, ",", "separate them with a comma") : Fix::insert(at, ",", "separate them with a comma");
    add(std::move(diagnostic));
    return;
  }
  const std::string what = describeExpected(expected, parser->getContext());
  Diagnostic diagnostic(Code::UnexpectedToken, span, fmt::format("expected {}{}, found {}", what, describeContext(parser->getContext()),
                                                                 describeFound(*found, file_.text(span))));
  diagnostic.primaryLabel = "expected " + what;
  const antlr4::ParserRuleContext* context = parser->getContext();
  const bool isCall = dynamic_cast<const FedParser::CallOperationContext*>(context) != nullptr || context->getRuleIndex() == FedParser::RuleArgument;
  if (type == FedParser::COLON && isCall) diagnostic.notes.emplace_back("a named argument is written `name = value`");
  if (type == FedParser::ASSIGN && describeContext(context) == " in this struct literal") {
    diagnostic.notes.emplace_back("a field is written `name: value`");
  }
  if (type == FedParser::COLON && describeContext(context) == " in this `run` block") diagnostic.notes.emplace_back("an entry is written `name = value`");
  if (type == FedParser::LT && isCall) diagnostic.notes.emplace_back("type arguments are not written in expressions; they follow from the arguments");
  add(std::move(diagnostic));
}

void ErrorStrategy::reportAtTop(Token* found) {
  const Span span = spanOf(file_.id(), *found);
  const std::string shown = describeFound(*found, file_.text(span));
  const std::size_t type = found->getType();
  if (beginsStatement(type) || type == FedParser::IF || type == FedParser::LBRACE) {
    add(Diagnostic(Code::StatementAtTop, span, fmt::format("expected a declaration, found {}", shown))
            .note("at the top of a file stand `use`, `param`, `struct`, `fn`, `let`, `test`, `run`, `policy`, `budget`, `native fn` and `derivative of`")
            .note("statements stand in the body of a `fn` or `test`"));
    return;
  }
  add(Diagnostic(Code::UnexpectedToken, span, fmt::format("expected a declaration, found {}", shown)).at("expected a declaration"));
}

void ErrorStrategy::reportInBlock(Parser* parser, Token* found) {
  const Span span = spanOf(file_.id(), *found);
  const std::size_t type = found->getType();
  if (type == FedParser::FN || type == FedParser::STRUCT || type == FedParser::USE) {
    Diagnostic diagnostic(Code::NestedDeclaration, span, fmt::format("`{}` stands within a block", file_.text(span)));
    diagnostic.notes.emplace_back("declarations stand at the top of a file");
    if (type == FedParser::FN) diagnostic.notes.emplace_back("a function of a block is a lambda: `let f = |x| x + 1;`");
    add(std::move(diagnostic));
    return;
  }
  const Token* previous = before(parser, found);
  const std::size_t last = previous == nullptr ? Token::EOF : previous->getType();
  const bool isFresh = last == FedParser::SEMI || last == FedParser::LBRACE || last == FedParser::BLOCK_LBRACE || last == FedParser::RBRACE;
  const char* what = isFresh ? "a statement" : "`;`";
  Diagnostic diagnostic(Code::UnexpectedToken, span, fmt::format("expected {}, found {}", what, describeFound(*found, file_.text(span))));
  diagnostic.primaryLabel = fmt::format("expected {}", what);
  if (type == FedParser::COLON) diagnostic.notes.emplace_back("a variable is declared by `let name: T = value;` or `var name: T = value;`");
  if (type == FedParser::ELSE) diagnostic.notes.emplace_back("an `else` follows the `}` of its `if`, without `;`");
  add(std::move(diagnostic));
}

void ErrorStrategy::sync(Parser* parser) {
  antlr4::ParserRuleContext* context = parser->getContext();
  antlr4::TokenStream* tokens = parser->getTokenStream();
  if (context->getRuleIndex() == FedParser::RuleModule) {
    while (tokens->LA(1) != Token::EOF && !isItemKeyword(tokens->LA(1))) {
      reportAtTop(tokens->LT(1));
      skipItem(parser, tokens->index());
    }
  } else if (isBlockContext(context)) {
    while (tokens->LA(1) != FedParser::RBRACE && tokens->LA(1) != Token::EOF && !beginsStatement(tokens->LA(1))) {
      reportInBlock(parser, tokens->LT(1));
      skipStatement(parser, tokens->index());
    }
  }
}

void ErrorStrategy::recover(Parser* parser, std::exception_ptr error) {
  antlr4::ParserRuleContext* context = parser->getContext();
  const std::size_t rule = context->getRuleIndex();
  if (rule != FedParser::RuleItem && rule != FedParser::RuleStatement && rule != FedParser::RuleModule) std::rethrow_exception(error);
  const std::size_t begin = context->getStart()->getTokenIndex();
  if (rule == FedParser::RuleItem) skipItem(parser, begin);
  if (rule == FedParser::RuleStatement) skipStatement(parser, begin);
  endErrorCondition(parser);
}

void ErrorStrategy::skipItem(Parser* parser, std::size_t begin) {
  antlr4::TokenStream* tokens = parser->getTokenStream();
  if (tokens->index() == begin) parser->consume();
  for (; tokens->LA(1) != Token::EOF; parser->consume()) {
    const Token* token = tokens->LT(1);
    const std::size_t index = token->getTokenIndex();
    if (tokens_.depth[index] != 0 || !isItemKeyword(token->getType())) continue;
    const std::size_t last = tokens->get(index - 1)->getType();
    const std::uint32_t line = file_.line(static_cast<std::uint32_t>(token->getStartIndex()));
    const bool isFirstOnLine = file_.line(static_cast<std::uint32_t>(tokens->get(index - 1)->getStartIndex())) != line;
    if (last == FedParser::SEMI || last == FedParser::RBRACE || isFirstOnLine) return;
  }
}

void ErrorStrategy::skipStatement(Parser* parser, std::size_t begin) {
  antlr4::TokenStream* tokens = parser->getTokenStream();
  const std::uint32_t depth = tokens_.depth[begin];
  const std::size_t first = tokens->get(begin)->getType();
  const bool hasBody = first == FedParser::FOR || first == FedParser::STATEMENT_IF || first == FedParser::FN || first == FedParser::STRUCT;
  bool isFirst = tokens->index() == begin;
  for (; tokens->LA(1) != Token::EOF; parser->consume()) {
    const std::size_t type = tokens->LA(1);
    const std::uint32_t at = tokens_.depth[tokens->index()];
    if (at < depth) return;
    if (at == depth && type == FedParser::SEMI) {
      parser->consume();
      return;
    }
    if (at == depth && !isFirst && isStatementKeyword(type)) return;
    if (at == depth && hasBody && type == FedParser::RBRACE && tokens->LA(2) != FedParser::ELSE) {
      parser->consume();
      return;
    }
    isFirst = false;
  }
}

}  // namespace fedc::syntax
