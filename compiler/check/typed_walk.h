#pragma once

#include <functional>

#include "compiler/check/typed.h"

namespace fedc::check {

/// Calls `f` on each expression that stands directly in `e`: operands, subscripts, statements, a lambda's body. Not on the bodies of instances
/// and module-level values that it refers to.
void forEachChild(const Expr& e, const std::function<void(const Expr&)>& f);

}  // namespace fedc::check
