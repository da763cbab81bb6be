#pragma once

#include <unordered_set>
#include <vector>

#include "compiler/core/ir.h"

namespace fedc::transform {

using VarSet = std::unordered_set<core::Var>;

/// Adds to `active` every float variable that depends differentiably on a variable in it. A carry is active as a whole: parameter and result.
void flowForward(const core::Fn& fn, const std::vector<core::Stmt>& stmts, VarSet& active);

/// Adds to `reached` every active variable on which a variable in it depends differentiably: those that get a cotangent.
void flowBackward(const core::Fn& fn, const std::vector<core::Stmt>& stmts, const VarSet& active, VarSet& reached);
void flowBackward(const core::Fn& fn, const core::Stmt& stmt, const VarSet& active, VarSet& reached);

/// Whether operand `i` of the statement can carry a derivative, by the statement's row.
bool differentiableOperand(const core::Fn& fn, const core::Stmt& stmt, std::size_t i);

}  // namespace fedc::transform
