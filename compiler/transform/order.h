#pragma once

#include "compiler/core/ir.h"

namespace fedc::transform {

/// Pass 9. In: Core IR whose reductions have no order; out: every `reduce` and `contract` has one, chosen for the CPU from shapes alone:
/// a reduction over the last axis, and a product whose reduced axis is last in both factors, are dealt to lanes, since their loads are
/// contiguous; everything else is sequential. The last pass that may change bits: from here on every schedule gives the same result.
void order(core::Module& module, core::Fn& fn);

}  // namespace fedc::transform
