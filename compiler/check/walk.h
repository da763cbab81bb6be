#pragma once

#include <functional>

#include "compiler/syntax/ast.h"

namespace fedc::check {

/// Calls `f` on an expression and everything inside it, outermost first; stops when `f` gives true. True if it did.
bool anyExpr(const syntax::ast::Expr& e, const std::function<bool(const syntax::ast::Expr&)>& f);

}  // namespace fedc::check
