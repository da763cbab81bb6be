#pragma once

#include <cstdint>

#include "compiler/core/graph.h"
#include "compiler/support/diagnostics.h"
#include "compiler/support/expected.h"

namespace fedc::transform {

/// The last pass on Core IR. What crosses is what is still marked by `cross`: leaves that the other side never reads go from the edges (of one whose
/// extent it reads, that number stays), the others get their last types; then the marks go, too, so that a client function is one piece in which work
/// and accumulation are fused.
///
/// Client functions are also cut at marks: exact, since no rewriting has looked through one. For `--wire` at all of them, into Phase::wire; an error
/// names what one side would need of the other besides what crosses. Otherwise at selections whose slices are computed, into Phase::pieces; not for a
/// replay, which shows a client's work as a whole.
enum class CutFor : std::uint8_t { Replay, Selections, Wire };
Expected<void, Diagnostic> cross(core::Program& program, CutFor cut);

}  // namespace fedc::transform
