#pragma once

#include <optional>
#include <string>

#include "compiler/kernel/ir.h"

namespace fedc::kernel {

/// After bufferise or fuse; after layout; after plan.
enum class Stage : std::uint8_t { Nests, LaidOut, Planned };

/// Checks the invariants N1 to N8 of docs/kernel-ir.md, and, from LaidOut on, layouts (N5), and, when Planned, that the buffers of each
/// statement occupy disjoint bytes of the arena. Nothing if they hold, else the first violation in words.
std::optional<std::string> verify(const Kernel& kernel, Stage stage);

}  // namespace fedc::kernel
