#pragma once

#include <cstdint>

#include "compiler/core/ir.h"

namespace fedc::kernel::testing {

/// A random function over f32, i32 and bool arrays of small extents (some of them the dim param N): elementwise chains, views, copies, reductions and
/// products in all orders, gathers, scatters, loops with carries and stacks, branches. Some float params may be given up for results of their
/// type. The same seed gives the same function on every machine.
core::Module randomProgram(std::uint64_t seed);

}  // namespace fedc::kernel::testing
