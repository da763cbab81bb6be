#pragma once

#include <cstdint>

#include "compiler/core/ir.h"

/// What a difference of two results means where a pass was free to round otherwise. A program that is run several times with every rounding a
/// little off shows by itself how far its results may move; a pass that moves them further has changed the program.
namespace fedc::random {

/// The module with every result of arithmetic on floats, and every term of a sum, changed by some ulps, each another way; other ways for other seeds.
core::Module perturbed(core::Module module, std::uint64_t seed);

/// The module with a check behind every float: it fails at the site that is appended to the sites if a value is infinite, not a number, or so large
/// or small that another grouping might overflow. Returns the site.
std::uint32_t watch(core::Module& module);

}  // namespace fedc::random
