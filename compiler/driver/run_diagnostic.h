#pragma once

#include "compiler/core/ir.h"
#include "compiler/support/diagnostics.h"
#include "runtime/process/run.h"

namespace fedc::driver {

/// Why a run ended, as a diagnostic at the line of the program that is concerned, with the round and the client as notes. `module` is the module
/// that ran: it knows the places of its checks.
Diagnostic runDiagnostic(const runtime::RunError& error, const core::Module& module);

}  // namespace fedc::driver
