#include <fmt/format.h>
#include <map>
#include <string_view>

#include "compiler/syntax/builder.h"

namespace fedc::syntax {

using namespace ast;

namespace {

Scalar scalarOf(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(Scalar::Key); ++i) {
    if (text == spelling(static_cast<Scalar>(i))) return static_cast<Scalar>(i);
  }
  assert(false && "the lexer's SCALAR and ast::Scalar list the same names");
  return Scalar::Bool;
}

}  // namespace

TypePtr Builder::scalarType(Span where) {
  auto result = make<ScalarType>(where);
  result->scalar = scalarOf(text(where));
  return result;
}

TypePtr Builder::type(Parser::TypeContext* context) {
  if (auto* plain = dynamic_cast<Parser::PlainTypeContext*>(context)) {
    TypePtr base = plain->SCALAR() != nullptr ? scalarType(span(plain->SCALAR())) : namedType(plain->namedType());
    return withSuffixes(std::move(base), plain->typeSuffix());
  }
  if (auto* each = dynamic_cast<Parser::PerClientTypeContext*>(context)) {
    auto result = make<PerClientType>(join(span(each->LBRACE()), span(each->PLACE())));
    result->inner = type(each->type());
    if (placeOf(text(span(each->PLACE()))) == Place::Server) {
      const std::string inner(text(span(each->type())));
      sink_.report(Diagnostic(Code::ManyAtServer, result->span, "the server holds one value, not one for each client")
                       .help(Fix::replace(result->span, fmt::format("{}@server", inner), "write it without braces")));
    }
    return withSuffixes(std::move(result), each->typeSuffix());
  }
  auto* tuple = dynamic_cast<Parser::TupleTypeContext*>(context);
  if (tuple->ARROW() != nullptr) {
    auto result = make<FunctionType>(span(tuple));
    const auto parts = tuple->type();
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) result->parameters.push_back(type(parts[i]));
    result->result = type(parts.back());
    return result;
  }
  const bool hasTrailingComma = tuple->COMMA().size() == tuple->type().size() && !tuple->COMMA().empty();
  TypePtr base = tupleOf(join(span(tuple->LPAREN()), span(tuple->RPAREN())), tuple->type(), hasTrailingComma);
  return withSuffixes(std::move(base), tuple->typeSuffix());
}

TypePtr Builder::tupleOf(Span where, const std::vector<Parser::TypeContext*>& elements, bool hasTrailingComma) {
  if (elements.size() == 1 && !hasTrailingComma) return type(elements[0]);
  auto result = make<TupleType>(where);
  for (auto* element : elements) result->elements.push_back(type(element));
  return result;
}

TypePtr Builder::castType(Parser::CastTypeContext* context) {
  TypePtr result;
  if (context->SCALAR() != nullptr) {
    result = scalarType(span(context->SCALAR()));
  } else if (context->UPPER_NAME() != nullptr) {
    auto named = make<NamedType>(join(span(context->getStart()), span(context->UPPER_NAME())));
    for (auto* part : context->name()) named->path.push_back(name(part));
    named->name = name(context->UPPER_NAME());
    result = std::move(named);
  } else {
    const bool hasTrailingComma = context->COMMA().size() == context->type().size() && !context->COMMA().empty();
    result = tupleOf(join(span(context->LPAREN()), span(context->RPAREN())), context->type(), hasTrailingComma);
  }
  for (auto* dimensions : context->dimensions()) result = arrayOf(std::move(result), dimensions);
  return result;
}

TypePtr Builder::namedType(Parser::NamedTypeContext* context) {
  auto result = make<NamedType>(span(context));
  for (auto* part : context->name()) result->path.push_back(name(part));
  result->name = name(context->UPPER_NAME());
  for (auto* argument : context->typeArgument()) {
    TypeArgument built;
    if (argument->type() != nullptr) {
      built.type = type(argument->type());
    } else {
      built.dimension = dimensionSum(argument->dimensionSum());
    }
    result->arguments.push_back(std::move(built));
  }
  return result;
}

TypePtr Builder::arrayOf(TypePtr element, Parser::DimensionsContext* context) {
  auto result = make<ArrayType>(join(element->span, span(context)));
  result->element = std::move(element);
  for (auto* dimension : context->dimension()) {
    Dimension built;
    built.span = span(dimension);
    if (dimension->expression() != nullptr) built.value = expression(dimension->expression());
    result->dimensions.push_back(std::move(built));
  }
  return result;
}

TypePtr Builder::withSuffixes(TypePtr base, const std::vector<Parser::TypeSuffixContext*>& suffixes) {
  for (auto* suffix : suffixes) {
    const Span where = join(base->span, span(suffix));
    if (suffix->dimensions() != nullptr) {
      base = arrayOf(std::move(base), suffix->dimensions());
    } else if (suffix->STAR() != nullptr) {
      auto result = make<SequenceType>(where);
      result->element = std::move(base);
      base = std::move(result);
    } else {
      auto result = make<PlacedType>(where);
      result->inner = std::move(base);
      result->placeSpan = span(suffix->PLACE());
      result->place = placeOf(text(result->placeSpan));
      base = std::move(result);
    }
  }
  return base;
}

ExprPtr Builder::dimensionSum(Parser::DimensionSumContext* context) {
  // The terms and the operators between them alternate.
  ExprPtr result = dimensionProduct(context->dimensionProduct(0));
  for (std::size_t i = 1; i + 1 < context->children.size(); i += 2) {
    const Span op = span(static_cast<antlr4::tree::TerminalNode*>(context->children[i]));
    ExprPtr right = dimensionProduct(context->dimensionProduct((i + 1) / 2));
    const Span where = join(span(context->dimensionProduct(0)), span(context->dimensionProduct((i + 1) / 2)));
    result = makeBinary(text(op) == "+" ? BinaryOp::Add : BinaryOp::Sub, op, std::move(result), std::move(right), where);
  }
  return result;
}

ExprPtr Builder::dimensionProduct(Parser::DimensionProductContext* context) {
  ExprPtr result = dimensionFactor(context->dimensionFactor(0));
  for (std::size_t i = 1; i + 1 < context->children.size(); i += 2) {
    const Span op = span(static_cast<antlr4::tree::TerminalNode*>(context->children[i]));
    const std::string_view sign = text(op);
    ExprPtr right = dimensionFactor(context->dimensionFactor((i + 1) / 2));
    const Span where = join(span(context->dimensionFactor(0)), span(context->dimensionFactor((i + 1) / 2)));
    const BinaryOp kind = sign == "*" ? BinaryOp::Mul : sign == "/" ? BinaryOp::Div : BinaryOp::Rem;
    result = makeBinary(kind, op, std::move(result), std::move(right), where);
  }
  return result;
}

ExprPtr Builder::dimensionFactor(Parser::DimensionFactorContext* context) {
  if (context->INT() != nullptr) return makeInt(span(context->INT()));
  if (context->dimensionSum() != nullptr) {
    ExprPtr inner = dimensionSum(context->dimensionSum());
    inner->isParenthesized = true;
    return inner;
  }
  ExprPtr named = makeName(span(context->lowerName()));
  if (context->LPAREN() == nullptr) return named;
  auto result = make<CallExpr>(span(context));
  result->callee = std::move(named);
  result->arguments = arguments(context->argument());
  return result;
}

PatternPtr Builder::pattern(Parser::PatternContext* context) {
  const Span where = span(context);
  if (auto* named = dynamic_cast<Parser::NamePatternContext*>(context)) {
    auto result = make<NamePattern>(where);
    result->name = bindingName(named->bindingName());
    return result;
  }
  if (dynamic_cast<Parser::WildcardPatternContext*>(context) != nullptr) return make<WildcardPattern>(where);
  if (auto* tuple = dynamic_cast<Parser::TuplePatternContext*>(context)) {
    if (tuple->pattern().size() == 1 && tuple->COMMA().empty()) return pattern(tuple->pattern(0));
    auto result = make<TuplePattern>(where);
    for (auto* element : tuple->pattern()) result->elements.push_back(pattern(element));
    return result;
  }
  auto* array = dynamic_cast<Parser::ArrayPatternContext*>(context);
  auto result = make<ArrayPattern>(where);
  for (auto* element : array->pattern()) result->elements.push_back(pattern(element));
  return result;
}

}  // namespace fedc::syntax
