#pragma once

#include "compiler/kernel/ir.h"

namespace fedc::kernel {

/// Joins the two buffers of a copy where no value is lost, so that a carry, an in-place result, an output or a row of a stack is computed where
/// it belongs. The nest that makes a carry's next value moves behind the last read of the carry if that is what stands in the way.
void coalesce(Kernel& kernel);

/// Elementwise nests write over an operand that they read at the same place and nobody needs afterwards. Saves memory and cache.
void reuse(Kernel& kernel);

/// Removes what is computed for nobody.
void removeDead(Kernel& kernel);

}  // namespace fedc::kernel
