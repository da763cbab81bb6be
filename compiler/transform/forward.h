#pragma once

#include "compiler/core/builder.h"
#include "compiler/support/diagnostics.h"
#include "compiler/support/expected.h"
#include "compiler/transform/rewrite.h"

namespace fedc::transform {

/// Replaces one `jvp` statement by its region's statements with their tangents beside them: loops and branches get twice the carries, rows and
/// results. Appends to `out` and gives, for each of the statement's results, what it is now. The region holds no transform but `checkpoint`.
/// Error: an op on the way has no derivative.
Expected<std::vector<core::Atom>, Diagnostic> expandJvp(const core::Module& module, core::Fn& fn, core::Stmt jvp, std::vector<core::Stmt>& out);

}  // namespace fedc::transform
