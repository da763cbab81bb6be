#pragma once

#include "compiler/core/builder.h"
#include "compiler/support/diagnostics.h"
#include "compiler/support/expected.h"
#include "compiler/transform/rewrite.h"

namespace fedc::transform {

/// Replaces one `vmap` statement by its region's statements on whole batches, by the batching column of the op table. What depends on no mapped
/// operand stays as it is; a branch on a mapped condition becomes both branches and a select, with the checks of each branch masked by it.
/// Appends to `out` and gives, for each of the statement's results, what it is now. The region holds no transform but `checkpoint`.
/// Error: a dimension would differ from row to row, or an op has no batched form.
Expected<std::vector<core::Atom>, Diagnostic> expandVmap(core::Fn& fn, core::Stmt vmap, std::vector<core::Stmt>& out);

}  // namespace fedc::transform
