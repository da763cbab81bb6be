#include <algorithm>
#include <utility>

#include "compiler/syntax/formatter.h"

namespace fedc::syntax {

namespace {

using Parser = grammar::FedParser;
using Tree = antlr4::tree::ParseTree;

/// Columns by which lines that go on with something are indented.
constexpr std::size_t kContinued = 4;

/// Operators of one strength, as in the grammar; they are broken together.
int strengthOf(std::size_t op) {
  switch (op) {
    case Parser::STAR:
    case Parser::SLASH:
    case Parser::PERCENT:
    case Parser::AT: return 8;
    case Parser::PLUS:
    case Parser::MINUS: return 7;
    case Parser::AMP: return 5;
    case Parser::CARET: return 4;
    case Parser::PIPE: return 3;
    case Parser::AND_AND: return 1;
    case Parser::OR_OR: return 0;
    default: return 2;
  }
}

int strengthOf(Parser::OperationContext* context) {
  if (dynamic_cast<Parser::ShiftOperationContext*>(context) != nullptr) return 6;
  auto* binary = dynamic_cast<Parser::BinaryOperationContext*>(context);
  return binary == nullptr ? -1 : strengthOf(binary->op->getType());
}

bool isPostfix(Tree* tree) {
  return dynamic_cast<Parser::FieldOperationContext*>(tree) != nullptr || dynamic_cast<Parser::TupleFieldOperationContext*>(tree) != nullptr ||
         dynamic_cast<Parser::CallOperationContext*>(tree) != nullptr || dynamic_cast<Parser::IndexOperationContext*>(tree) != nullptr;
}

}  // namespace

Formatter::Doc Formatter::spaced(const std::vector<Doc>& parts) {
  std::vector<Doc> all;
  for (const Doc part : parts) {
    if (!all.empty()) all.push_back(layout_.text(" "));
    all.push_back(part);
  }
  return layout_.concat(std::move(all));
}

Formatter::Doc Formatter::block(Tree* open, Parser::StatementsContext* statements, Tree* close) {
  /// A statement, with the `;` behind it; or a `;` alone.
  struct Unit {
    Tree* statement = nullptr;
    Tree* semicolon = nullptr;
    bool isClosed = false;
  };
  std::vector<Unit> units;
  for (Tree* child : statements->children) {
    if (isToken(child, Parser::SEMI)) {
      if (!units.empty() && units.back().semicolon == nullptr)
        units.back().semicolon = child;
      else
        units.push_back({nullptr, child, false});
      continue;
    }
    for (Tree* statement : child->children)
      units.push_back({statement, nullptr, dynamic_cast<Parser::ClosedStatementContext*>(statement) != nullptr});
  }
  const std::size_t opening = firstToken(open);
  const std::size_t closing = lastToken(close);
  const auto isLoop = [](const Unit& unit) {
    return dynamic_cast<Parser::ForStatementContext*>(unit.statement) != nullptr ||
           dynamic_cast<Parser::BlockStatementContext*>(unit.statement) != nullptr;
  };
  // One statement and the value, or one of the two, may share the line of the braces.
  bool isShort = units.size() < 3 && std::ranges::none_of(units, isLoop);
  if (units.size() == 2) isShort = isShort && !units[0].isClosed && !units[1].isClosed && units[1].semicolon == nullptr;
  const bool isBroken = !units.empty() && (!isShort || trivia_[opening + 1].isAfterBreak);
  const auto gap = [&](bool isBlank) { return isBroken ? layout_.hardLine(isBlank) : layout_.line(isBlank); };

  const bool isCommented = !trivia_[opening].behind.empty();
  const Doc begin = token(opening);
  std::vector<Doc> parts;
  for (const Unit& unit : units) {
    const std::size_t first = firstToken(unit.statement != nullptr ? unit.statement : unit.semicolon);
    const std::size_t last = lastToken(unit.semicolon != nullptr ? unit.semicolon : unit.statement);
    parts.push_back(gap(!parts.empty() && trivia_[first].beginsAfterBlank()));
    parts.push_back(element(first, last, [&] {
      const Doc statement = unit.statement != nullptr ? layout_.group(node(unit.statement)) : layout_.empty();
      const Doc end = unit.semicolon != nullptr ? node(unit.semicolon) : layout_.empty();
      return layout_.concat({statement, end});
    }));
  }
  const std::vector<Doc> comments = beforeClosing(closing);
  parts.insert(parts.end(), comments.begin(), comments.end());
  const Doc end = token(closing);
  if (parts.empty()) return layout_.concat({begin, isCommented ? layout_.line() : layout_.empty(), end});
  return layout_.concat({begin, layout_.indent(2, layout_.concat(std::move(parts))), gap(false), end});
}

Formatter::Doc Formatter::useItem(Parser::UseItemContext* context) {
  std::vector<Doc> parts;
  for (std::size_t i = 0; i < context->children.size(); ++i) {
    Tree* child = context->children[i];
    if (!isToken(child, Parser::LBRACE)) {
      parts.push_back(node(child));
      if (i == 0) parts.push_back(layout_.text(" "));
      continue;
    }
    Trees names = {child};
    names.insert(names.end(), context->useNames()->children.begin(), context->useNames()->children.end());
    names.push_back(context->RBRACE());
    ListStyle style;
    style.isFilled = true;
    parts.push_back(list(names, style).doc);
    while (context->children[i] != context->RBRACE()) ++i;
  }
  return layout_.concat(std::move(parts));
}

/// Where a signature is too long, its parameters are broken, not its result.
Formatter::Doc Formatter::signature(Parser::SignatureContext* context) {
  const Trees& children = context->children;
  const auto open = std::ranges::find_if(children, [](Tree* child) { return isToken(child, Parser::LPAREN); });
  const auto close = std::ranges::find_if(children, [](Tree* child) { return isToken(child, Parser::RPAREN); });
  std::vector<Doc> head;
  for (auto it = children.begin(); it != open; ++it) head.push_back(node(*it));
  const Trees bracketed(open, close + 1);
  const Doc parameters = list(bracketed, styleOf(context, bracketed)).doc;
  std::vector<Doc> tail;
  for (auto it = close + 1; it != children.end(); ++it) tail.insert(tail.end(), {layout_.text(" "), node(*it)});
  const Doc front = layout_.concat(std::move(head));
  const Doc back = layout_.concat(std::move(tail));
  const Doc whole = layout_.concat({front, parameters, back});
  if (context->parameter().empty()) return whole;
  return layout_.choice({whole, layout_.concat({front, layout_.withLastBroken(parameters), back})});
}

/// `if … { … } else if … { … } else { … }`, or its `else if`: the blocks are broken together.
Formatter::Doc Formatter::choice(antlr4::ParserRuleContext* context) {
  std::vector<Doc> parts;
  for (Tree* child : context->children) {
    const bool isCondition = dynamic_cast<Parser::ConditionContext*>(child) != nullptr;
    const Doc part = node(child);
    parts.push_back(isCondition ? layout_.group(part) : part);
  }
  return spaced(parts);
}

Formatter::Doc Formatter::loop(Parser::ForStatementContext* context) {
  std::vector<Doc> parts;
  for (Tree* child : context->children) {
    const Doc part = node(child);
    parts.push_back(child == context->expression() ? layout_.group(part) : part);
  }
  return spaced(parts);
}

Formatter::Doc Formatter::lambda(Parser::LambdaContext* context) {
  std::vector<Doc> parts;
  const Trees& children = context->children;
  for (std::size_t i = 0; i < children.size(); ++i) {
    Tree* child = children[i];
    if (child == context->expression()) {
      parts.push_back(layout_.text(" "));
      parts.push_back(node(child));
    } else {
      parts.push_back(node(child));
      if (isToken(child, Parser::COMMA) && !isToken(children[i + 1], Parser::PIPE)) parts.push_back(layout_.text(" "));
    }
  }
  return layout_.concat(std::move(parts));
}

Formatter::Doc Formatter::binary(Parser::OperationContext* context) {
  const int strength = strengthOf(context);
  // From the last operator back to the first of the same strength.
  std::vector<Parser::OperationContext*> operations;
  Tree* first = context;
  while (auto* operation = dynamic_cast<Parser::OperationContext*>(first)) {
    if (strengthOf(operation) != strength) break;
    operations.push_back(operation);
    first = operation->children.front();
  }
  std::ranges::reverse(operations);
  bool hasComment = false;
  for (auto* operation : operations) {
    hasComment = hasComment || hasComments(firstToken(operation->children[1])) || hasComments(firstToken(operation->children.back()));
  }
  std::vector<Doc> flat = {node(first)};
  std::vector<Doc> broken;
  for (auto* operation : operations) {
    // A shift to the right is two tokens.
    std::vector<Doc> op;
    for (std::size_t i = 1; i + 1 < operation->children.size(); ++i) op.push_back(node(operation->children[i]));
    const Doc whole = layout_.concat({layout_.concat(std::move(op)), layout_.text(" "), node(operation->children.back())});
    flat.insert(flat.end(), {layout_.text(" "), whole});
    broken.insert(broken.end(), {layout_.line(), whole});
  }
  const Doc lines = layout_.group(layout_.concat({flat.front(), layout_.indent(kContinued, layout_.concat(std::move(broken)))}));
  if (hasComment) return lines;
  return layout_.choice({layout_.concat(std::move(flat)), layout_.withLastBroken(lines)});
}

Formatter::Doc Formatter::postfix(Parser::OperationContext* context) {
  std::vector<Parser::OperationContext*> operations;
  Tree* first = context;
  while (isPostfix(first)) {
    operations.push_back(static_cast<Parser::OperationContext*>(first));
    first = first->children.front();
  }
  if (operations.empty()) return sequence(context);
  std::ranges::reverse(operations);

  /// `.name(…)` with what follows it up to the next one.
  std::vector<std::vector<Doc>> links = {{node(first)}};
  CallList last{};
  bool hasComment = false;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    auto* operation = operations[i];
    const Trees rest(operation->children.begin() + 1, operation->children.end());
    last = {};
    if (isToken(rest.front(), Parser::DOT)) {
      if (i + 1 < operations.size() && dynamic_cast<Parser::CallOperationContext*>(operations[i + 1]) != nullptr) {
        hasComment = hasComment || hasComments(firstToken(rest.front()));
        links.emplace_back();
      }
      // `x.0 .1` in one would be the number 0.1 after a dot.
      const std::size_t dot = firstToken(rest.front());
      const bool isNumber = typeAt(dot + 1) == Parser::INT || typeAt(dot + 1) == Parser::FLOAT;
      if (typeAt(dot - 1) == Parser::INT && isNumber) links.back().push_back(layout_.text(" "));
      for (Tree* part : rest) links.back().push_back(node(part));
      continue;
    }
    last = list(rest, styleOf(operation, rest), dynamic_cast<Parser::CallOperationContext*>(operation) != nullptr);
    links.back().push_back(last.doc);
  }
  std::vector<Doc> whole;
  for (const std::vector<Doc>& link : links) whole.push_back(layout_.concat(link));
  if (links.size() < 3 && !hasComment) return layout_.concat(std::move(whole));
  std::vector<Doc> broken;
  for (std::size_t i = 1; i < whole.size(); ++i) broken.insert(broken.end(), {layout_.softLine(), whole[i]});
  const Doc lines = layout_.group(layout_.concat({whole.front(), layout_.indent(kContinued, layout_.concat(std::move(broken)))}));
  if (hasComment) return lines;
  std::vector<Doc> states = {layout_.concat(whole)};
  if (last.mayHug) {
    links.back().back() = last.hugged;
    whole.back() = layout_.concat(links.back());
    states.push_back(layout_.concat(whole));
  }
  states.push_back(layout_.withLastBroken(lines));
  return layout_.choice(std::move(states));
}

}  // namespace fedc::syntax
