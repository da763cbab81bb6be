#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/core/graph.h"
#include "compiler/support/expected.h"
#include "runtime/graph/callable.h"
#include "runtime/graph/executable.h"

namespace fedc::runtime {

/// A slot in one layout. A slot has a cell for each layout in which somebody makes or wants it.
struct CellPlan {
  core::Slot slot = 0;
  LeafLayout layout;
  /// The run-time extent, if there is one, over the graph's dims.
  Dim rows;
};

/// Values to bring from one cell to another of the same slot.
using Conversion = std::pair<int, int>;

/// A server function's call: cells in, cells out.
struct ServerPlan {
  /// Null: nothing to call (only conversions).
  const Callable* fn = nullptr;
  std::vector<int> inputs;
  /// For each result its cell.
  std::vector<int> outputs;
  /// (parameter, result) that share memory: the input is copied to the output's cell first.
  std::vector<std::pair<int, int>> inPlace;
  std::vector<Conversion> conversions;
};

/// A value that every position of the cohort makes once.
struct PositionPlan {
  core::Slot slot = 0;
  LeafLayout layout;
};

/// What a client function's buffer is bound to; see core::ClientInput.
struct ClientBuffer {
  core::ClientInput::Kind kind = core::ClientInput::Kind::Down;
  /// Accumulator: leaf. Down, Key, Row: cell. Column: column. State: leaf. Carry: index into GraphPlan::positions.
  int index = 0;
  LeafLayout layout;
  /// Row: how one lies in the cell, and how far apart they are.
  LeafLayout row = {};
  std::int64_t stride = 0;
};

struct ClientResult {
  core::ClientOutput::Kind kind = core::ClientOutput::Kind::Accumulator;
  /// Accumulator, State: leaf. Carry, Collect: index into GraphPlan::positions.
  int index = 0;
  LeafLayout layout;
  /// The parameter over which the result is written, or -1: it has a buffer of its own.
  int parameter = -1;
};

/// A client function, or a piece of one; see core::Piece. What goes from piece to piece: kind Crossed, its index among the values of the WirePlan or
/// SelectionsPlan.
struct PiecePlan {
  bool isServer = false;
  const Callable* fn = nullptr;
  std::vector<ClientBuffer> params;
  std::vector<ClientResult> results;
  /// At the server, the values that say what its run-time extents are; else they are those of the client's data.
  std::vector<int> extents;
};

/// The run-time extent of a value that is sent: the product of what these values say and of `times`, and the most that it can be. None says it of
/// values of known size.
struct LengthPlan {
  std::vector<int> says;
  std::int64_t times = 1;
  Dim most;
};

/// A client's work in steps, with everything that is sent in between.
struct WirePlan {
  /// What crosses, each in the one layout that both sides use.
  std::vector<LeafLayout> values;
  /// By value.
  std::vector<LengthPlan> lengths;
  /// Values that are sent as another one's length.
  std::vector<bool> isLength;
  /// What `most` of lengths is over: the client's run-time extents.
  std::vector<Dim::Variable> sizes;
  /// The cells whose values are sent first, and the keys that are sent folded: values 0 and on, in this order.
  std::vector<int> down, keys;
  std::vector<PiecePlan> steps;
};

/// A `federated_select` whose slices are made once for each distinct key.
struct SelectionPlan {
  /// Makes a client's keys; and one key's row of each slice, at the server.
  PiecePlan ask, serve;
  /// The value that holds the keys, how many there are, and the bytes of one.
  int keys = 0;
  std::int64_t count = 0, keyBytes = 0;
  /// A slice: the value that holds all rows that a client asked for, the bytes of one, and where that begins in a row of the table.
  struct Slice {
    int value = 0;
    std::int64_t bytes = 0, offset = 0;
  };
  std::vector<Slice> slices;
  std::int64_t rowBytes = 0;
};

/// The selections of a phase that come before the rest of a client's work.
struct SelectionsPlan {
  /// What goes from piece to piece.
  std::vector<LeafLayout> values;
  std::vector<SelectionPlan> selections;
};

struct PhasePlan {
  /// Which of the graph's phases.
  std::size_t number = 0;
  /// Leaves of the accumulator in one block of memory.
  std::vector<LeafLayout> accumulator;
  std::vector<std::int64_t> offsets;
  std::int64_t accumulatorBytes = 0;

  /// `zero`; its results are converted into an accumulator block.
  ServerPlan zero;
  /// The client function; if `selections` come first, the rest of it.
  PiecePlan client;
  std::optional<SelectionsPlan> selections;
  /// Instead of `client`, if the program was compiled for `--wire`.
  std::optional<WirePlan> wire;
  /// Whether a client's data (columns, or its row count) is needed.
  bool readsData = false;
  /// Whether the client's stored state is read, and whether it is made.
  bool readsState = false, writesState = false;
  const Callable* merge = nullptr;
  /// (cell, accumulator leaf): where the merged accumulator goes.
  std::vector<std::pair<int, int>> merged;
  /// (cell, index into GraphPlan::positions): collected values.
  std::vector<std::pair<int, int>> collected;
  /// Conversions of the two rows above.
  std::vector<Conversion> conversions;
  ServerPlan server;
};

/// A client's stored state as one record: its leaves, dense, one behind the other.
struct StatePlan {
  std::vector<LeafLayout> leaves;
  std::vector<std::int64_t> offsets;
  std::int64_t bytes = 0;
};

/// A federated graph with its functions, checked and resolved: what the executors run.
struct GraphPlan {
  const core::Graph* graph = nullptr;
  std::vector<CellPlan> cells;
  std::vector<PositionPlan> positions;
  StatePlan state;
  /// For each graph input its cells (one for each layout).
  std::vector<std::vector<int>> inputs;
  ServerPlan first;
  std::vector<PhasePlan> phases;
  /// For each graph output its cell; for each of the clients' results its index into `positions`.
  std::vector<int> outputs;
  std::vector<int> clientResults;

  bool readsData() const;
};

/// Resolves a graph of the program. An error says what does not fit together: a compiler's mistake, or something not supported yet.
Expected<GraphPlan> planGraph(const Executable& executable, const core::Graph& graph);

}  // namespace fedc::runtime
