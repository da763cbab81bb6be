#pragma once

#include "compiler/check/typed.h"
#include "compiler/core/cost.h"
#include "compiler/core/graph.h"
#include "compiler/support/diagnostics.h"

namespace fedc::driver {

/// What crosses, by its name; without one by the source of the exchange, or at least as a value.
std::string crossingName(const core::Crossing& crossing, const SourceManager& sources);
/// Reports where a program breaks its `budget`: what crosses to and from each client in one run of `next`, or of `main`. At the intrinsic with which
/// the limit is passed, in the order of the wire.
void enforceBudget(const check::Budget& budget, const core::Program& program, const SourceManager& sources, DiagnosticSink& sink);

}  // namespace fedc::driver
