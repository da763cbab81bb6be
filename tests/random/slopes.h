#pragma once

#include <cstdint>
#include <optional>

#include "compiler/core/ir.h"

namespace fedc::random {

/// Puts a check behind every `vjp` of a module that is not differentiated yet: at a random point and in a random direction, forward mode, reverse
/// mode and the difference quotient of the region agree. Where the quotients of two steps differ, or numbers are large, nothing is asked of them.
/// Returns the checks' site; nothing if there is nothing to check.
std::optional<std::uint32_t> checkSlopes(core::Module& module);

}  // namespace fedc::random
