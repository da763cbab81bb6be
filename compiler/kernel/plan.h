#pragma once

#include "compiler/kernel/ir.h"

namespace fedc::kernel {

struct PlanOptions {
  /// Every buffer has bytes of its own. Changes no bits.
  bool noSharing = false;
};

/// Gives every arena buffer that is used an offset, and the kernel its `arenaBytes`. Buffers of bounded size that are never needed at the same
/// time share bytes; the others follow, each alone, at offsets that are polynomials in the kernel's dims. All offsets are multiples of 64.
void plan(Kernel& kernel, PlanOptions options = {});

/// Bytes of a buffer with the largest extents it can have: a constant, or over the kernel's dims.
Dim capacityBytes(const Kernel& kernel, const Buffer& buffer);

}  // namespace fedc::kernel
