#pragma once

#include "compiler/core/ir.h"

namespace fedc::transform {

/// Pass 8. In and out: Core IR without transforms. Statements of a loop's body that depend on nothing of the loop move before it: products,
/// reductions, transcendental functions, whole inner loops, scalars, and what these need. Cheap array statements stay, since computing them
/// where they are used costs less than storing them; a `check` stays, since a loop of no trip checks nothing. Exact.
void hoist(core::Module& module, core::Fn& fn);

}  // namespace fedc::transform
