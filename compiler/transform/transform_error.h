#pragma once

#include <string_view>

#include "compiler/core/ir.h"
#include "compiler/support/diagnostics.h"
#include "compiler/support/expected.h"

namespace fedc::transform {

/// `op` at its place in the source has no derivative; `site` is the `grad` that asks for one.
tl::unexpected<Diagnostic> noDerivative(const core::Stmt& op, std::string_view reason, Span site);

}  // namespace fedc::transform
