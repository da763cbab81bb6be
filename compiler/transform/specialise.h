#pragma once

#include <string>
#include <vector>

#include "compiler/check/typed.h"
#include "compiler/core/ir.h"
#include "compiler/support/diagnostics.h"
#include "compiler/transform/specialise/homes.h"

namespace fedc::transform {

/// Pass 3. Evaluates everything static of the typed program: generics, closures, higher-order functions, sequences, params, loops between federated
/// steps. What is left is straight-line Core IR, one function for each place and exchange of each entry point; transformations are regions.
/// Every local call is inlined, so no function, struct or sequence value survives. Errors are reported to `sink`; the result is then incomplete.
/// `trace`: for a replay; the same functions with `trace` statements, which name what is computed.
std::vector<specialise::Entry> specialiseProgram(const check::TypedProgram& typed, core::Module& module, DiagnosticSink& sink, bool trace = false);

/// The same for the program's `test` blocks whose names have `filter` in them: an entry for each, called as the test is.
std::vector<specialise::Entry> specialiseTests(const check::TypedProgram& typed, const std::string& filter, core::Module& module,
                                               DiagnosticSink& sink);

}  // namespace fedc::transform
