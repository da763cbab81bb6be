#pragma once

#include "compiler/core/ir.h"

namespace fedc::transform {

/// Pass 5. In and out: Core IR, transforms included. In every loop over t: `x[t]` of an array from outside becomes a stacked input, a carried
/// array whose row t is written in step t (`out[t] = e`) becomes a stacked output, and carries that never change become captures.
/// Runs before `differentiate`: the derivative of an array that is carried and updated in each of T steps would cost T squared. Exact.
void streams(core::Module& module, core::Fn& fn);

}  // namespace fedc::transform
