#pragma once

#include <set>
#include <vector>

#include "compiler/core/graph.h"
#include "compiler/support/diagnostics.h"
#include "compiler/support/expected.h"

/// A client function cut into pieces at its marks (Op::Cross): exact, since no rewriting has looked through one.
namespace fedc::transform {

/// The number of a mark.
int crossingOf(const core::Stmt& mark);

/// Pieces, and the functions that they name, to be added to the module in this order.
struct Pieces {
  std::vector<core::Piece> pieces;
  std::vector<core::Fn> fns;
};

/// For Phase::wire, at every mark. `lengths`: the extents of what clients send that their data decides; the server is told them. An error names
/// what one side would need of the other besides what crosses.
Expected<Pieces, Diagnostic> cutForWire(const core::Program& program, const core::Graph& graph, const core::Phase& phase, const core::Fn& fn,
                                        const std::set<Dim::Variable>& lengths);

/// For Phase::pieces. `one` is the same function with slices of one key instead of all. A selection stays where it is if its slices are only moved
/// (to look a key up would take longer), or if they do not look at the key. Empty if nothing was cut.
Pieces cutAtSelections(const core::Program& program, const core::Graph& graph, const core::Phase& phase, const core::Fn& fn, const core::Fn& one);

}  // namespace fedc::transform
