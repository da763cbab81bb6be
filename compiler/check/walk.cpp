#include "compiler/check/walk.h"

namespace fedc::check {

namespace ast = syntax::ast;

namespace {

using Visit = std::function<bool(const ast::Expr&)>;

bool inBlock(const ast::Block& b, const Visit& f) {
  for (const ast::StmtPtr& s : b.statements) {
    switch (s->kind) {
      case ast::StmtKind::Let:
        if (anyExpr(*ast::as<ast::LetStmt>(*s).value, f)) return true;
        break;
      case ast::StmtKind::Var:
        if (anyExpr(*ast::as<ast::VarStmt>(*s).value, f)) return true;
        break;
      case ast::StmtKind::Assign: {
        const auto& a = ast::as<ast::AssignStmt>(*s);
        if (anyExpr(*a.target, f) || anyExpr(*a.value, f)) return true;
        break;
      }
      case ast::StmtKind::For: {
        const auto& l = ast::as<ast::ForStmt>(*s);
        if (anyExpr(*l.items, f) || inBlock(l.body, f)) return true;
        break;
      }
      case ast::StmtKind::Expr:
        if (anyExpr(*ast::as<ast::ExprStmt>(*s).expr, f)) return true;
        break;
    }
  }
  return b.result && anyExpr(*b.result, f);
}

bool inList(const std::vector<ast::ExprPtr>& list, const Visit& f) {
  for (const ast::ExprPtr& e : list)
    if (anyExpr(*e, f)) return true;
  return false;
}

}  // namespace

bool anyExpr(const ast::Expr& e, const Visit& f) {
  if (f(e)) return true;
  const auto in = [&](const ast::ExprPtr& p) { return p && anyExpr(*p, f); };
  switch (e.kind) {
    case ast::ExprKind::Tuple: return inList(ast::as<ast::TupleExpr>(e).elements, f);
    case ast::ExprKind::Array: return inList(ast::as<ast::ArrayExpr>(e).elements, f);
    case ast::ExprKind::Struct: {
      const auto& s = ast::as<ast::StructExpr>(e);
      for (const ast::FieldValue& v : s.fields)
        if (in(v.value)) return true;
      return in(s.base);
    }
    case ast::ExprKind::Block: return inBlock(ast::as<ast::BlockExpr>(e).block, f);
    case ast::ExprKind::If: {
      const auto& i = ast::as<ast::IfExpr>(e);
      for (const ast::IfBranch& b : i.branches)
        if (in(b.condition) || inBlock(b.block, f)) return true;
      return i.otherwise && inBlock(*i.otherwise, f);
    }
    case ast::ExprKind::Lambda: return in(ast::as<ast::LambdaExpr>(e).body);
    case ast::ExprKind::Call: {
      const auto& c = ast::as<ast::CallExpr>(e);
      if (in(c.callee)) return true;
      for (const ast::Argument& a : c.arguments)
        if (in(a.value)) return true;
      return false;
    }
    case ast::ExprKind::Field: return in(ast::as<ast::FieldExpr>(e).object);
    case ast::ExprKind::TupleField: return in(ast::as<ast::TupleFieldExpr>(e).object);
    case ast::ExprKind::Index: {
      const auto& x = ast::as<ast::IndexExpr>(e);
      if (in(x.object)) return true;
      for (const ast::IndexItem& i : x.items)
        if (in(i.value)) return true;
      return false;
    }
    case ast::ExprKind::Unary: return in(ast::as<ast::UnaryExpr>(e).operand);
    case ast::ExprKind::Binary: return in(ast::as<ast::BinaryExpr>(e).left) || in(ast::as<ast::BinaryExpr>(e).right);
    case ast::ExprKind::Range: return in(ast::as<ast::RangeExpr>(e).low) || in(ast::as<ast::RangeExpr>(e).high);
    case ast::ExprKind::As: return in(ast::as<ast::AsExpr>(e).value);
    default: return false;
  }
}

}  // namespace fedc::check
