#pragma once

#include "compiler/core/graph.h"
#include "compiler/support/diagnostics.h"
#include "compiler/support/expected.h"

namespace fedc::transform {

/// The last pass on Core IR. What crosses is what is still marked by `cross`: leaves that the other side never reads go from the edges, the others
/// get their last types; then the marks go, too, so that a client function is one piece in which work and accumulation are fused.
///
/// For `--wire` each client function is also cut at its marks, into Phase::wire: exact, since no rewriting has looked through one. An error
/// names a value that cannot be sent yet: one whose size depends on the client's data.
Expected<void, Diagnostic> cross(core::Program& program, bool wire);

}  // namespace fedc::transform
