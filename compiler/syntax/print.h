#pragma once

#include <string>

#include "compiler/syntax/ast.h"

namespace fedc::syntax {

/// The tree of a module as indented s-expressions, for `fedc emit ast`: a node a line where it does not fit on one. Deterministic.
std::string print(const ast::Module& module);

/// The same of one expression, or one type, on one line.
std::string print(const ast::Expr& expr);
std::string print(const ast::TypeExpr& type);
std::string print(const ast::Pattern& pattern);

}  // namespace fedc::syntax
