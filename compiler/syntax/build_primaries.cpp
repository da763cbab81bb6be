#include <fmt/format.h>
#include <utility>

#include "compiler/syntax/builder.h"
#include "compiler/syntax/literals.h"

namespace fedc::syntax {

using namespace ast;

ExprPtr Builder::makeInt(Span where) {
  auto result = make<IntExpr>(where);
  result->value = parseInt(text(where), where, sink_).value_or(0);
  return result;
}

ExprPtr Builder::makeName(Span where) {
  auto result = make<NameExpr>(where);
  result->name = text(where);
  return result;
}

ExprPtr Builder::primary(Parser::PrimaryContext* context) {
  const Span where = span(context);
  if (dynamic_cast<Parser::NamePrimaryContext*>(context) != nullptr) return makeName(where);
  if (dynamic_cast<Parser::IntPrimaryContext*>(context) != nullptr) return makeInt(where);
  if (dynamic_cast<Parser::FloatPrimaryContext*>(context) != nullptr) {
    auto result = make<FloatExpr>(where);
    if (auto value = parseFloat(text(where), where, sink_)) {
      result->value = value->value;
      result->text = std::move(value->text);
    }
    return result;
  }
  if (auto* truth = dynamic_cast<Parser::BoolPrimaryContext*>(context)) {
    auto result = make<BoolExpr>(where);
    result->value = truth->TRUE() != nullptr;
    return result;
  }
  if (dynamic_cast<Parser::StringPrimaryContext*>(context) != nullptr) {
    auto result = make<StringExpr>(where);
    result->value = parseString(text(where), where, sink_);
    return result;
  }
  if (auto* literal = dynamic_cast<Parser::StructPrimaryContext*>(context)) return structLiteral(literal);
  if (dynamic_cast<Parser::WildcardPrimaryContext*>(context) != nullptr) {
    if (!isTarget_) {
      sink_.report(Diagnostic(Code::MisplacedWildcard, where, "`_` is not a value")
                       .note("it stands in patterns, and on the left of an assignment, for what is not kept"));
    }
    return make<WildcardExpr>(where);
  }
  if (auto* tuple = dynamic_cast<Parser::TuplePrimaryContext*>(context)) {
    if (tuple->expression().size() == 1 && tuple->COMMA().empty()) {
      ExprPtr inner = expression(tuple->expression(0));
      inner->isParenthesized = true;
      return inner;
    }
    auto result = make<TupleExpr>(where);
    for (auto* element : tuple->expression()) result->elements.push_back(expression(element));
    return result;
  }
  const bool wasTarget = std::exchange(isTarget_, false);
  ExprPtr result;
  if (auto* array = dynamic_cast<Parser::ArrayPrimaryContext*>(context)) {
    auto built = make<ArrayExpr>(where);
    for (auto* element : array->expression()) built->elements.push_back(expression(element));
    result = std::move(built);
  } else if (auto* inner = dynamic_cast<Parser::BlockPrimaryContext*>(context)) {
    auto built = make<BlockExpr>(where);
    built->block = block(where, inner->statements());
    result = std::move(built);
  } else {
    auto* choice = dynamic_cast<Parser::IfPrimaryContext*>(context);
    result = ifExpression(where, choice->condition(), choice->headBlock(), choice->elseIf(), choice->block());
  }
  isTarget_ = wasTarget;
  return result;
}

ExprPtr Builder::structLiteral(Parser::StructPrimaryContext* context) {
  auto result = make<StructExpr>(span(context));
  const bool wasTarget = std::exchange(isTarget_, false);
  for (auto* part : context->name()) result->path.push_back(name(part));
  result->name = name(context->UPPER_NAME());
  const auto entries = context->structEntry();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i]->DOT_DOT() == nullptr) {
      FieldValue field;
      field.name = name(entries[i]->name());
      if (auto* value = entries[i]->expression()) field.value = expression(value);
      result->fields.push_back(std::move(field));
      continue;
    }
    if (i + 1 != entries.size()) {
      sink_.report(Diagnostic(Code::UnexpectedToken, span(entries[i]), "`..` with what is updated stands last in a struct literal"));
    }
    result->base = expression(entries[i]->expression());
  }
  isTarget_ = wasTarget;
  return result;
}

ExprPtr Builder::ifExpression(Span where, Parser::ConditionContext* first, Parser::HeadBlockContext* then,
                              const std::vector<Parser::ElseIfContext*>& more, Parser::BlockContext* otherwise) {
  auto result = make<IfExpr>(where);
  result->branches.push_back({condition(first), block(then)});
  for (auto* branch : more) result->branches.push_back({condition(branch->condition()), block(branch->headBlock())});
  if (otherwise != nullptr) result->otherwise = block(otherwise);
  return result;
}

ExprPtr Builder::condition(Parser::ConditionContext* context) {
  ExprPtr left = expression(context->expression(0));
  if (context->ASSIGN() == nullptr) return left;
  const Span assign = span(context->ASSIGN());
  sink_.report(
      Diagnostic(Code::AssignInCondition, assign, "`=` assigns; a condition compares with `==`").help(Fix::replace(assign, "==", "compare")));
  ExprPtr right = expression(context->expression(1));
  return makeBinary(BinaryOp::Equal, assign, std::move(left), std::move(right), span(context));
}

}  // namespace fedc::syntax
