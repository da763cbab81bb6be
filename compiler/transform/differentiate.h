#pragma once

#include "compiler/core/ir.h"
#include "compiler/support/diagnostics.h"
#include "compiler/support/expected.h"

namespace fedc::transform {

/// Pass 6. In: Core IR with `vjp jvp vmap checkpoint stop_gradient`. Out: Core IR without them. Transforms go innermost first, so that each works
/// on plain statements, loops and branches; captured variables are ordinary operands, so nesting confuses nothing. Exact: the transformed
/// program is what these ops mean.
/// Error (a Diagnostic at the op in the source): an op on the way has no derivative or no batched form. Never a silent zero.
Expected<void, Diagnostic> differentiate(core::Module& module, core::Fn& fn);

}  // namespace fedc::transform
