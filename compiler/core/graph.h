#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/core/ir.h"

namespace fedc::core {

/// A leaf value of the federated graph. Leaves of one source value share a prefix in their names (`model.w`, `model.b`).
using Slot = std::uint32_t;

enum class Place : std::uint8_t {
  /// One value at the server.
  Server,
  /// The same value at every client: a server value that was sent down.
  AllClients,
  /// One value per client.
  Clients,
};

struct SlotInfo {
  std::string name;
  /// Over the graph's dims: `K` (the cohort's size) for collected values; static otherwise.
  Type type;
  Place place = Place::Server;
};

/// What a client function's parameter is bound to.
struct ClientInput {
  enum class Kind : std::uint8_t {
    /// A leaf of the block's accumulator (in place).
    Accumulator,
    /// A server value sent down.
    Down,
    /// A feature of the client's data: `index` into Graph::columns; its first dim is the client's row count.
    Column,
    /// A server key folded with the 64-bit hash of the client id (fold_in high word, then low word).
    Key,
    /// A per-client value made in an earlier phase.
    Carry,
    /// A leaf of the client's stored state.
    State,
  };
  Kind kind = Kind::Down;
  Slot slot = 0;
  int index = 0;
};

struct ClientOutput {
  enum class Kind : std::uint8_t { Accumulator, Carry, State, Collect };
  Kind kind = Kind::Accumulator;
  Slot slot = 0;
  int index = 0;
};

/// Runs once at the server: `fn(inputs..) -> outputs..`.
struct ServerStep {
  int fn = -1;
  std::vector<Slot> inputs;
  std::vector<Slot> outputs;
};

/// How a group of accumulator leaves came about; for printing, cost and policies. Secure kinds are kept apart and never become a plain sum.
struct UpEdge {
  enum class Kind : std::uint8_t { Sum, Aggregate, Collect, SecureSum, SecureSumBitwidth, SecureModularSum };
  Kind kind = Kind::Sum;
  Span span;
  /// Leaves that cross, per client: names and types (logical, unpadded).
  std::vector<SlotInfo> leaves;
  /// Its leaves among those of the phase's accumulator; Collect: among `Phase::collected`.
  int first = 0;
  int count = 0;
  /// What the user's own file calls, and where: `federated_mean`, which is an aggregate in the library.
  std::string name;
  Span call;
};

/// What clients ask for by key: the keys go up, slices of a server value come down, before the clients of this phase work. Where a slice is made is
/// the compiler's choice; what crosses is this.
struct SelectEdge {
  Span span;
  /// In the user's own file.
  Span call;
  /// The keys in the phase's client function, as pass specialise made it: of use before passes on Core IR.
  Atom asked;
  /// Leaves that cross, per client: the keys, and the slices in the order of the keys.
  std::vector<SlotInfo> keys, slices;
};

/// One exchange: values go down, every client works, updates come up along the fixed tree, then the server continues.
struct Phase {
  /// Slots that are sent down whole for this phase.
  std::vector<Slot> down;
  std::vector<SelectEdge> selects;
  std::vector<UpEdge> up;
  /// The accumulator's leaves (what blocks merge).
  std::vector<SlotInfo> accumulator;
  /// `zero(inputs..) -> accumulator leaves`, run at the server.
  ServerStep zero;
  /// The client function, accumulation included: params as `clientInputs`, results as `clientOutputs`; accumulators in place.
  /// Its only dim parameter is the row count R if the client's data is used.
  int client = -1;
  std::vector<ClientInput> clientInputs;
  std::vector<ClientOutput> clientOutputs;
  /// `merge(a.., b..) -> a'..` over accumulator leaves, a in place.
  int merge = -1;
  /// `report and everything up to the next exchange`: inputs may name slots and, as `accumulatorSlots`, the merged accumulator.
  std::vector<Slot> accumulatorSlots;
  /// Collected values: per client slot, and the server slot that stacks them in cohort order.
  std::vector<std::pair<Slot, Slot>> collected;
  ServerStep server;
};

/// A feature of the client data that the program reads.
struct Column {
  /// Which federated argument (0 unless D is a tuple) and the feature's path in the declared struct.
  int argument = 0;
  std::string feature;
  /// Element type without the row axis.
  Type type;
  Span span;
};

/// A value that the source declassifies: a variable of a function, as pass specialise made it (of use before passes on Core IR); a slot or a column
/// that is this value elsewhere.
struct Declassified {
  Span span;
  std::string reason;
  int fn = -1;
  Var var = 0;
  std::optional<Slot> slot;
  std::optional<int> column;
};

/// One entry point as data: `server0 (down clients up server)*`.
struct Graph {
  /// init, next, evaluate or main.
  std::string entry;
  /// Names of graph-level dims used in slot types (K).
  std::vector<DimInfo> dims;
  std::vector<SlotInfo> slots;
  std::vector<Column> columns;
  /// The server inputs in order of the entry's parameters: state or model leaves, key, plain arguments, float params.
  struct Input {
    enum class Kind : std::uint8_t { State, Key, Argument, Param };
    Kind kind = Kind::State;
    Slot slot = 0;
    std::string name;
    Span span;
  };
  std::vector<Input> inputs;
  /// Leaves of the client state (read and written), by name; empty without client state.
  std::vector<SlotInfo> clientState;
  ServerStep first;
  std::vector<Phase> phases;
  /// The entry's server results: new state leaves, then the report's leaves.
  struct Output {
    enum class Kind : std::uint8_t { State, Report };
    Kind kind = Kind::Report;
    Slot slot = 0;
    std::string name;
  };
  std::vector<Output> outputs;
  /// In the order of the program's evaluation.
  std::vector<Declassified> declassified;
};

/// A compiled program as the middle hands it over: local functions and the graphs that name them.
struct Program {
  Module module;
  std::vector<Graph> graphs;

  const Graph* entry(const std::string& name) const;
};

}  // namespace fedc::core
