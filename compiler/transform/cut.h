#pragma once

#include "compiler/core/graph.h"
#include "compiler/transform/specialise/homes.h"

namespace fedc::transform {

/// Pass 4. Turns an entry under construction into its graph: drops what no result, check or exchange needs, exchange by exchange from the last to
/// the first; gives every value that crosses a slot; adds the functions to the module. Accumulators are written in place.
core::Graph cut(specialise::Entry entry, core::Module& module);

}  // namespace fedc::transform
