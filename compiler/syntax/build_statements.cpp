#include <algorithm>
#include <fmt/format.h>

#include "compiler/syntax/builder.h"

namespace fedc::syntax {

using namespace ast;

namespace {

std::optional<BinaryOp> operatorOf(std::string_view assign) {
  constexpr std::pair<std::string_view, BinaryOp> kOps[] = {
      {"+=", BinaryOp::Add},    {"-=", BinaryOp::Sub},   {"*=", BinaryOp::Mul},    {"/=", BinaryOp::Div},        {"%=", BinaryOp::Rem},        {"@=", BinaryOp::MatMul},
      {"&=", BinaryOp::BitAnd}, {"|=", BinaryOp::BitOr}, {"^=", BinaryOp::BitXor}, {"<<=", BinaryOp::ShiftLeft}, {">>=", BinaryOp::ShiftRight}};
  for (const auto& [text, op] : kOps) {
    if (text == assign) return op;
  }
  return std::nullopt;
}

/// The first part of a target that is none, or null.
const Expr* wrongPart(const Expr& target) {
  switch (target.kind) {
    case ExprKind::Name: case ExprKind::Wildcard: return nullptr;
    case ExprKind::Field: case ExprKind::TupleField: case ExprKind::Index: {
      const Expr* object = &target;
      while (true) {
        if (const auto* field = tryAs<FieldExpr>(object)) object = field->object.get();
        else if (const auto* element = tryAs<TupleFieldExpr>(object)) object = element->object.get();
        else if (const auto* index = tryAs<IndexExpr>(object)) object = index->object.get();
        else break;
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

void Builder::requireSemicolon(antlr4::tree::TerminalNode* semicolon, antlr4::ParserRuleContext* context, const char* what) {
  if (semicolon != nullptr) return;
  const Span end = span(context).stop();
  const std::size_t next = context->getStop()->getTokenIndex() + 1;
  // The parser stumbled over what follows.
  const Span after = spanOf(file_.id(), *tokens_.list[std::min(next, tokens_.list.size() - 1)]);
  if (reportedAt_.contains(after.begin)) return;
  const bool isBroken = std::any_of(tokens_.broken.begin(), tokens_.broken.end(),
                                    [&](Span broken) { return broken.begin <= end.begin && end.begin <= broken.end; });
  if (isBroken) return;
  sink_.report(Diagnostic(Code::MissingSemicolon, end, fmt::format("expected `;` after this {}", what))
                   .help(Fix::insert(end, ";", "end it with `;`")));
}

Block Builder::block(Parser::BlockContext* context) { return block(span(context), context->statement()); }

Block Builder::block(Span where, const std::vector<Parser::StatementContext*>& statements) {
  Block result;
  result.span = where;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    if (statements[i]->exception != nullptr) continue;
    bool isResult = false;
    StmtPtr built = statement(statements[i], i + 1 == statements.size(), isResult);
    if (isResult) {
      result.result = std::move(static_cast<ExprStmt&>(*built).expr);
    } else {
      result.statements.push_back(std::move(built));
    }
  }
  return result;
}

StmtPtr Builder::statement(Parser::StatementContext* context, bool isLast, bool& isResult) {
  const Span where = span(context);
  if (auto* let = dynamic_cast<Parser::LetStatementContext*>(context)) {
    StmtPtr result = bindingStatement<LetStmt>(where, let->binding());
    requireSemicolon(let->SEMI(), let, "`let`");
    return result;
  }
  if (auto* var = dynamic_cast<Parser::VarStatementContext*>(context)) {
    StmtPtr result = bindingStatement<VarStmt>(where, var->binding());
    requireSemicolon(var->SEMI(), var, "`var`");
    return result;
  }
  if (auto* loop = dynamic_cast<Parser::ForStatementContext*>(context)) return forStatement(loop);

  if (auto* choice = dynamic_cast<Parser::IfStatementContext*>(context)) {
    auto result = make<ExprStmt>(where);
    auto* chain = choice->ifStatementChain();
    result->expr = ifExpression(span(chain), chain->condition(), chain->elseIf(), chain->block());
    isResult = isLast && choice->SEMI() == nullptr;
    return result;
  }
  if (auto* inner = dynamic_cast<Parser::BlockStatementContext*>(context)) {
    auto result = make<ExprStmt>(where);
    auto* body = inner->blockStatementBody();
    auto expr = make<BlockExpr>(span(body));
    expr->block = block(span(body), body->statement());
    result->expr = std::move(expr);
    isResult = isLast && inner->SEMI() == nullptr;
    return result;
  }
  auto* plain = dynamic_cast<Parser::ExpressionStatementContext*>(context);
  if (plain->assignOp() != nullptr) {
    StmtPtr result = assignStatement(plain);
    requireSemicolon(plain->SEMI(), plain, "assignment");
    return result;
  }
  auto result = make<ExprStmt>(where);
  result->expr = expression(plain->expression(0));
  isResult = isLast && plain->SEMI() == nullptr;
  if (!isLast) requireSemicolon(plain->SEMI(), plain, "statement");
  return result;
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
  result->body = block(context->block());
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
