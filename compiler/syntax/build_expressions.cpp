#include <fmt/format.h>
#include <limits>
#include <utility>

#include "compiler/syntax/builder.h"
#include "compiler/syntax/literals.h"

namespace fedc::syntax {

using namespace ast;

namespace {

BinaryOp operatorOf(std::size_t token) {
  using P = grammar::FedParser;
  switch (token) {
    case P::PLUS: return BinaryOp::Add;
    case P::MINUS: return BinaryOp::Sub;
    case P::STAR: return BinaryOp::Mul;
    case P::SLASH: return BinaryOp::Div;
    case P::PERCENT: return BinaryOp::Rem;
    case P::AT: return BinaryOp::MatMul;
    case P::AMP: return BinaryOp::BitAnd;
    case P::PIPE: return BinaryOp::BitOr;
    case P::CARET: return BinaryOp::BitXor;
    case P::AND_AND: return BinaryOp::And;
    case P::OR_OR: return BinaryOp::Or;
    case P::EQUAL: return BinaryOp::Equal;
    case P::NOT_EQUAL: return BinaryOp::NotEqual;
    case P::LT: return BinaryOp::Less;
    case P::LESS_EQUAL: return BinaryOp::LessEqual;
    case P::GT: return BinaryOp::Greater;
    default: return BinaryOp::GreaterEqual;
  }
}

bool isComparison(BinaryOp op) { return op >= BinaryOp::Equal; }

}  // namespace

ExprPtr Builder::expression(Parser::ExpressionContext* context) {
  if (auto* function = context->lambda()) return lambda(function);
  auto* range = context->range();
  ExprPtr low = operation(range->operation(0));
  if (range->DOT_DOT() == nullptr) return low;
  auto result = make<RangeExpr>(span(range));
  result->low = std::move(low);
  result->high = operation(range->operation(1));
  return result;
}

ExprPtr Builder::lambda(Parser::LambdaContext* context) {
  auto result = make<LambdaExpr>(span(context));
  const bool wasTarget = std::exchange(isTarget_, false);
  for (auto* parameter : context->lambdaParameter()) {
    LambdaParameter built;
    built.pattern = pattern(parameter->pattern());
    if (auto* written = parameter->type()) built.type = type(written);
    result->parameters.push_back(std::move(built));
  }
  result->body = expression(context->expression());
  isTarget_ = wasTarget;
  return result;
}

ExprPtr Builder::operation(Parser::OperationContext* context) {
  if (auto* simple = dynamic_cast<Parser::PrimaryOperationContext*>(context)) return primary(simple->primary());
  if (auto* field = dynamic_cast<Parser::FieldOperationContext*>(context)) {
    auto result = make<FieldExpr>(span(field));
    result->object = operation(field->operation());
    if (field->name() != nullptr) {
      result->name = name(field->name());
    } else {
      result->name = name(field->SCALAR());
    }
    return result;
  }
  if (auto* element = dynamic_cast<Parser::TupleFieldOperationContext*>(context)) return tupleField(element);
  if (auto* application = dynamic_cast<Parser::CallOperationContext*>(context)) return call(application);
  if (auto* access = dynamic_cast<Parser::IndexOperationContext*>(context)) return index(access);
  if (auto* unary = dynamic_cast<Parser::UnaryOperationContext*>(context)) {
    auto result = make<UnaryExpr>(span(unary));
    result->op = unary->MINUS() != nullptr ? UnaryOp::Negate : UnaryOp::Not;
    result->operand = operation(unary->operation());
    return result;
  }
  if (auto* cast = dynamic_cast<Parser::AsOperationContext*>(context)) {
    auto result = make<AsExpr>(span(cast));
    result->value = operation(cast->operation());
    result->type = castType(cast->castType());
    return result;
  }
  if (auto* shifted = dynamic_cast<Parser::ShiftOperationContext*>(context)) return shift(shifted);
  return binary(dynamic_cast<Parser::BinaryOperationContext*>(context));
}

ExprPtr Builder::call(Parser::CallOperationContext* context) {
  auto result = make<CallExpr>(span(context));
  result->callee = operation(context->operation());
  const bool wasTarget = std::exchange(isTarget_, false);
  result->arguments = arguments(context->argument());
  isTarget_ = wasTarget;
  return result;
}

std::vector<Argument> Builder::arguments(const std::vector<Parser::ArgumentContext*>& contexts) {
  std::vector<Argument> result;
  for (auto* argument : contexts) {
    Argument built;
    if (argument->name() != nullptr) built.name = name(argument->name());
    built.value = expression(argument->expression());
    result.push_back(std::move(built));
  }
  return result;
}

ExprPtr Builder::index(Parser::IndexOperationContext* context) {
  auto result = make<IndexExpr>(span(context));
  result->object = operation(context->operation());
  const bool wasTarget = std::exchange(isTarget_, false);
  for (auto* item : context->indexItem()) {
    IndexItem built;
    built.span = span(item);
    if (item->DOT_DOT() != nullptr) {
      auto range = make<RangeExpr>(built.span);
      const std::uint32_t dots = span(item->DOT_DOT()).begin;
      for (auto* bound : item->operation()) (span(bound).begin < dots ? range->low : range->high) = operation(bound);
      built.value = std::move(range);
    } else if (item->COLON() == nullptr) {
      built.value = operation(item->operation(0));
    }
    result->items.push_back(std::move(built));
  }
  isTarget_ = wasTarget;
  return result;
}

ExprPtr Builder::tupleField(Parser::TupleFieldOperationContext* context) {
  const Span digits = span(context->INT() != nullptr ? context->INT() : context->FLOAT());
  const std::string_view written = text(digits);
  const bool isPlain = written.find_first_not_of("0123456789.") == std::string_view::npos;
  if (!isPlain) sink_.report(Diagnostic(Code::InvalidNumber, digits, fmt::format("`{}` is not the number of an element", written)));
  ExprPtr object = operation(context->operation());
  // `a.0.1` is read as `a` and the number 0.1.
  for (std::size_t begin = 0; begin <= written.size();) {
    const std::size_t end = std::min(written.find('.', begin), written.size());
    const Span part{digits.file, static_cast<std::uint32_t>(digits.begin + begin), static_cast<std::uint32_t>(digits.begin + end)};
    auto result = make<TupleFieldExpr>(join(object->span, part));
    result->span.begin = span(context).begin;
    result->object = std::move(object);
    result->indexSpan = part;
    if (isPlain) {
      const std::uint64_t value = parseInt(text(part), part, sink_).value_or(0);
      if (value > std::numeric_limits<std::uint32_t>::max()) {
        sink_.report(Diagnostic(Code::NumberOutOfRange, part, fmt::format("no tuple has an element {}", value)));
      } else {
        result->index = static_cast<std::uint32_t>(value);
      }
    }
    object = std::move(result);
    begin = end + 1;
  }
  return object;
}

ExprPtr Builder::makeBinary(BinaryOp op, Span opSpan, ExprPtr left, ExprPtr right, Span where) {
  const auto isChained = [op](const ExprPtr& operand) {
    const auto* inner = tryAs<BinaryExpr>(operand.get());
    return isComparison(op) && inner != nullptr && isComparison(inner->op) && !inner->isParenthesized;
  };
  if (isChained(left)) {
    const auto& inner = as<BinaryExpr>(*left);
    Diagnostic diagnostic(Code::ChainedComparison, opSpan, "comparisons do not chain");
    diagnostic.labels.push_back({inner.opSpan, "the first comparison"});
    if (inner.op == BinaryOp::Less && op == BinaryOp::Greater) {
      diagnostic.notes.emplace_back("type arguments are not written in expressions; they follow from the arguments");
    } else {
      const Span middle = inner.right->span;
      diagnostic.fix = Fix::insert(opSpan, fmt::format("&& {} ", text(middle)), "compare twice");
    }
    sink_.report(std::move(diagnostic));
  }
  auto result = make<BinaryExpr>(where);
  result->op = op;
  result->opSpan = opSpan;
  result->left = std::move(left);
  result->right = std::move(right);
  return result;
}

ExprPtr Builder::binary(Parser::BinaryOperationContext* context) {
  ExprPtr left = operation(context->operation(0));
  ExprPtr right = operation(context->operation(1));
  return makeBinary(operatorOf(context->op->getType()), span(context->op), std::move(left), std::move(right), span(context));
}

ExprPtr Builder::shift(Parser::ShiftOperationContext* context) {
  ExprPtr left = operation(context->operation(0));
  ExprPtr right = operation(context->operation(1));
  if (context->SHIFT_LEFT() != nullptr) {
    return makeBinary(BinaryOp::ShiftLeft, span(context->SHIFT_LEFT()), std::move(left), std::move(right), span(context));
  }
  const Span first = span(context->GT(0));
  const Span second = span(context->GT(1));
  if (first.end != second.begin) {
    sink_.report(Diagnostic(Code::UnexpectedToken, second, "expected an expression, found `>`").note("a shift is written `>>`, without space"));
  }
  return makeBinary(BinaryOp::ShiftRight, join(first, second), std::move(left), std::move(right), span(context));
}

}  // namespace fedc::syntax
