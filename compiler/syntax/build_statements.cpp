#include <fmt/format.h>
#include <algorithm>

#include "compiler/syntax/builder.h"

namespace fedc::syntax {

using namespace ast;

namespace {

std::optional<BinaryOp> operatorOf(std::string_view assign) {
  constexpr std::pair<std::string_view, BinaryOp> kOps[] = {{"+=", BinaryOp::Add},        {"-=", BinaryOp::Sub},        {"*=", BinaryOp::Mul},
                                                            {"/=", BinaryOp::Div},        {"%=", BinaryOp::Rem},        {"@=", BinaryOp::MatMul},
                                                            {"&=", BinaryOp::BitAnd},     {"|=", BinaryOp::BitOr},      {"^=", BinaryOp::BitXor},
                                                            {"<<=", BinaryOp::ShiftLeft}, {">>=", BinaryOp::ShiftRight}};
  for (const auto& [text, op] : kOps) {
    if (text == assign) return op;
  }
  return std::nullopt;
}

/// The first part of a target that is none, or null.
const Expr* wrongPart(const Expr& target) {
  switch (target.kind) {
    case ExprKind::Name:
    case ExprKind::Wildcard: return nullptr;
    case ExprKind::Field:
    case ExprKind::TupleField:
    case ExprKind::Index: {
      const Expr* object = &target;
      while (true) {
        if (const auto* field = tryAs<FieldExpr>(object))
          object = field->object.get();
        else if (const auto* element = tryAs<TupleFieldExpr>(object))
          object = element->object.get();
        else if (const auto* index = tryAs<IndexExpr>(object))
          object = index->object.get();
        else
          break;
      }
      return object->kind == ExprKind::Name ? nullptr : object;
    }
    case ExprKind::Tuple:
      for (const ExprPtr& element : as<TupleExpr>(target).elements) {
        if (const Expr* wrong = wrongPart(*element)) return wrong;
      }
      return as<TupleExpr>(target).elements.empty() ? &target : nullptr;
    default: return &target;
  }
}

}  // namespace

void Builder::requireSemicolon(bool isThere, antlr4::ParserRuleContext* context, const char* what) {
  if (isThere) return;
  const Span end = span(context).stop();
  // The parser stumbled over what follows.
  const auto next = std::lower_bound(tokens_.list.begin(), tokens_.list.end(), end.begin,
                                     [](const auto& token, std::uint32_t offset) { return token->getStartIndex() < offset; });
  if (next != tokens_.list.end() && reportedAt_.contains(static_cast<std::uint32_t>((*next)->getStartIndex()))) return;
  const bool isBroken =
      std::any_of(tokens_.broken.begin(), tokens_.broken.end(), [&](Span broken) { return broken.begin <= end.begin && end.begin <= broken.end; });
  if (!isBroken) sink_.report(missingSemicolonError(end, what));
}

Block Builder::block(Parser::BlockContext* context) { return block(span(context), context->statements()); }
Block Builder::block(Parser::HeadBlockContext* context) { return block(span(context), context->statements()); }

Block Builder::block(Span where, Parser::StatementsContext* context) {
  Block result;
  result.span = where;
  const auto groups = context->group();
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const bool isLastGroup = i + 1 == groups.size();
    auto* open = groups[i]->openStatement();
    const auto closed = groups[i]->closedStatement();
    for (std::size_t k = 0; k < closed.size(); ++k) {
      if (closed[k]->exception == nullptr) closedStatement(closed[k], isLastGroup && open == nullptr && k + 1 == closed.size(), result);
    }
    if (open != nullptr && open->exception == nullptr) openStatement(open, isLastGroup, result);
  }
  return result;
}

void Builder::closedStatement(Parser::ClosedStatementContext* context, bool isLast, Block& out) {
  if (auto* loop = dynamic_cast<Parser::ForStatementContext*>(context)) {
    out.statements.push_back(forStatement(loop));
    return;
  }
  ExprPtr value;
  if (auto* choice = dynamic_cast<Parser::IfStatementContext*>(context)) {
    value = ifExpression(span(choice), choice->condition(), choice->headBlock(), choice->elseIf(), choice->block());
  } else {
    auto* inner = dynamic_cast<Parser::BlockStatementContext*>(context);
    auto expr = make<BlockExpr>(span(inner));
    expr->block = block(span(inner), inner->statements());
    value = std::move(expr);
  }
  if (isLast) {
    out.result = std::move(value);
    return;
  }
  auto result = make<ExprStmt>(span(context));
  result->expr = std::move(value);
  out.statements.push_back(std::move(result));
}

void Builder::openStatement(Parser::OpenStatementContext* context, bool isLast, Block& out) {
  if (auto* let = dynamic_cast<Parser::LetStatementContext*>(context)) {
    out.statements.push_back(bindingStatement<LetStmt>(span(let), let->binding()));
    requireSemicolon(!isLast, let, "`let`");
  } else if (auto* var = dynamic_cast<Parser::VarStatementContext*>(context)) {
    out.statements.push_back(bindingStatement<VarStmt>(span(var), var->binding()));
    requireSemicolon(!isLast, var, "`var`");
  } else {
    auto* plain = dynamic_cast<Parser::ExpressionStatementContext*>(context);
    if (plain->assignOp() != nullptr) {
      out.statements.push_back(assignStatement(plain));
      requireSemicolon(!isLast, plain, "assignment");
    } else if (isLast) {
      out.result = expression(plain->expression(0));
    } else {
      auto result = make<ExprStmt>(span(plain));
      result->expr = expression(plain->expression(0));
      out.statements.push_back(std::move(result));
    }
  }
}

template <class Stmt>
StmtPtr Builder::bindingStatement(Span where, Parser::BindingContext* context) {
  auto result = make<Stmt>(where);
  result->pattern = pattern(context->pattern());
  if (auto* written = context->type()) result->type = type(written);
  result->value = expression(context->expression());
  return result;
}

StmtPtr Builder::forStatement(Parser::ForStatementContext* context) {
  auto result = make<ForStmt>(span(context));
  result->pattern = pattern(context->pattern());
  result->items = expression(context->expression());
  result->body = block(context->headBlock());
  return result;
}

StmtPtr Builder::assignStatement(Parser::ExpressionStatementContext* context) {
  auto result = make<AssignStmt>(span(context));
  isTarget_ = true;
  result->target = expression(context->expression(0));
  isTarget_ = false;
  result->opSpan = span(context->assignOp());
  result->op = operatorOf(text(result->opSpan));
  result->value = expression(context->expression(1));
  requireTarget(*result->target);
  return result;
}

void Builder::requireTarget(const Expr& target) {
  const Expr* wrong = wrongPart(target);
  if (wrong == nullptr) return;
  Diagnostic diagnostic(Code::InvalidAssignTarget, wrong->span, "this cannot be assigned to");
  diagnostic.notes.emplace_back("the left of an assignment is a `var` followed by fields and indices, or a tuple of such");
  if (wrong->kind == ExprKind::Array) diagnostic.notes.emplace_back("an array is taken apart by `let [a, b] = …;`");
  sink_.report(std::move(diagnostic));
}

}  // namespace fedc::syntax
