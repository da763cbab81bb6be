#pragma once

#include "compiler/core/ir.h"
#include "compiler/kernel/ir.h"

namespace fedc::kernel {

/// Core IR to nests: one buffer a variable, a nest (scatter, call, uniform) a statement; views become index maps. Then copies are joined with
/// their sources where no value is lost (coalesce.h), so that loop carries and in-place results are updated where they lie.
///
/// Expects a function without transforms whose reductions are all ordered. Its params are In, or InOut if the caller gives up their memory
/// (Fn::inPlace); the remaining results are Out. Every index of a load that cannot be proven to lie inside is clamped.
Kernel bufferise(const core::Module& module, const core::Fn& fn);

/// The same without joining copies: what it means, before memory is saved. For tests.
Kernel bufferiseWithCopies(const core::Module& module, const core::Fn& fn);

/// Sets `clamp` on every index of a load that is not proven to lie inside its extent. Changes no bits where indices do lie inside.
void clampUnproven(Kernel& kernel);

}  // namespace fedc::kernel
