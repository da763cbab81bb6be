#pragma once

#include <map>

#include "compiler/core/ir.h"

namespace fedc::transform {

/// Copies a statement from one function into another with fresh variables and dimension variables for all it defines. `vars` and `dims` say what
/// those that it uses are there, and are told of the new ones.
core::Stmt transplant(const core::Fn& from, const core::Stmt& stmt, core::Fn& to, std::map<core::Var, core::Atom>& vars,
                      std::map<Dim::Variable, Dim>& dims);

}  // namespace fedc::transform
