#pragma once

#include <string>
#include <vector>

#include "compiler/core/ir.h"
#include "compiler/support/diagnostics.h"
#include "include/fedc/fedc.h"
#include "runtime/process/run.h"

namespace fedc::embed {

/// Diagnostics in the order of their places, as the interface gives them; `wanted` chooses errors or warnings.
std::vector<Problem> problems(const DiagnosticSink& sink, const SourceManager& sources, Severity wanted);

Failure compileFailure(const DiagnosticSink& sink, const SourceManager& sources);
/// What has no code and no place.
fedc::Failure failure(Failure::Kind kind, std::string message);
/// Why a run ended. What `fedc` would say of its flags is left out.
Failure runFailure(runtime::RunError error, const core::Module& module, const SourceManager& sources);

}  // namespace fedc::embed
