#pragma once

#include "compiler/check/typed.h"
#include "compiler/support/diagnostics.h"

namespace fedc::check {

/// Random keys are affine: a key is drawn from once, or split once, or folded any number of times, never two of these; a loop or a mapped
/// lambda may only fold a key from outside. Reports every second use with both places.
void checkKeys(const TypedProgram& program, DiagnosticSink& sink);

}  // namespace fedc::check
