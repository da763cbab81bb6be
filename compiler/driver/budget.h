#pragma once

#include "compiler/check/typed.h"
#include "compiler/core/graph.h"
#include "compiler/support/diagnostics.h"

namespace fedc::driver {

/// Reports where a program breaks its `budget`: what crosses to and from each client in one run of `next`, or of `main`. At the intrinsic with which
/// the limit is passed, in the order of the wire.
void enforceBudget(const check::Budget& budget, const core::Program& program, DiagnosticSink& sink);

}  // namespace fedc::driver
