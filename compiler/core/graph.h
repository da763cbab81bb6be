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
    /// In a piece of a client function: value number `index` of those that go from piece to piece; under `--wire` as the other side decoded it.
    Crossed,
    /// The client's own entry of a server value that holds one for each client, in the order of the cohort: what ClientOutput::Kind::Collect
    /// stacks, the other way round.
    Row,
  };
  Kind kind = Kind::Down;
  Slot slot = 0;
  int index = 0;
};

struct ClientOutput {
  /// Crossed, in a piece of a client function: value number `index` of those that go from piece to piece.
  enum class Kind : std::uint8_t { Accumulator, Carry, State, Collect, Crossed };
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
  /// What the user's own file calls, and where: `federated_mean`, which is an aggregate in the library.
  std::string name;
  Span span;
  /// Leaves that cross, per client: names and types (logical, unpadded), over the dims of the client function.
  std::vector<SlotInfo> leaves;
  /// For each leaf its `cross` in the client function, until pass `cross` has removed them; none of what is collected.
  std::vector<int> crossings = {};
  /// Its leaves among those of the phase's accumulator; Collect: among `Phase::collected`.
  int first = 0;
  int count = 0;
};

/// What clients ask for by key: the keys go up, slices of a server value come down, before the clients of this phase work. Where a slice is made is
/// the compiler's choice; what crosses is this.
struct SelectEdge {
  /// In the user's own file.
  Span span;
  /// The keys in the phase's client function, as pass specialise made it: of use before passes on Core IR.
  Atom asked;
  /// Leaves that cross, per client: the keys, and the slices in the order of the keys.
  std::vector<SlotInfo> keys, slices;
  /// As UpEdge::crossings.
  std::vector<int> keyCrossings = {}, sliceCrossings = {};
};

/// A part of a client function that was cut: see Phase::wire and Phase::pieces. A client's pieces run one after the other; what one makes and another
/// takes is numbered.
/// A value that a client sends, some of whose extents its data decides: the number of the value, and those of what says these extents (i64), axis by
/// axis. If one of them is not the first, the value goes from piece to piece as its elements, in one axis.
struct SentLength {
  int value = 0;
  std::vector<int> says;
  /// The run-time extent of what goes from piece to piece is the product of what is said and of this number; at most `most`, over the dimension
  /// parameters of the client function.
  std::int64_t times = 1;
  Dim most;
};

struct Piece {
  enum class Side : std::uint8_t {
    Client,
    Server,
    /// At the server, once in a round for each distinct key: takes one key of the values that the piece before it made, and gives a row of each
    /// slice.
    Key,
  };
  Side side = Side::Client;
  int fn = -1;
  std::vector<ClientInput> inputs;
  std::vector<ClientOutput> outputs;
  std::vector<SentLength> lengths;
  /// For each dimension parameter the number of the value that says it; empty for the client's own.
  std::vector<int> extents;
};

/// One exchange: values go down, every client works, updates come up along the fixed tree, then the server continues.
struct Phase {
  /// Slots that are sent down whole for this phase.
  std::vector<Slot> down;
  /// Of each the intrinsic that sends it first.
  std::vector<Span> downAt;
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
  /// The same work cut wherever something crosses; only if the program was compiled for `--wire`. What crosses is sent in between.
  std::vector<Piece> wire;
  /// The same work cut at each `federated_select` whose slices are computed, not only moved: for each the piece that makes its keys and the one that
  /// makes the slices of a key, then the rest. Empty if there is none, and for `--wire`.
  std::vector<Piece> pieces;
  /// `merge(a.., b..) -> a'..` over accumulator leaves, a in place.
  int merge = -1;
  /// `report and everything up to the next exchange`: inputs may name slots and, as `accumulatorSlots`, the merged accumulator.
  std::vector<Slot> accumulatorSlots;
  /// Collected values: per client slot, and the server slot that stacks them in cohort order.
  std::vector<std::pair<Slot, Slot>> collected;
  ServerStep server;
};

/// The server keys that clients get folded with their ids in this exchange, each once, in the order of the client function's parameters.
std::vector<Slot> keysOf(const Phase& phase);

/// A feature of the client data that the program reads.
struct Column {
  /// Which of the entry's data (0 unless there are several) and the feature's path in the declared struct; empty where there is none.
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
  /// The inputs in order of the entry's parameters: state or model leaves, key, plain arguments, float params.
  struct Input {
    enum class Kind : std::uint8_t {
      State,
      Key,
      Argument,
      Param,
      /// A plain argument with a value of its own for each client, stacked in the order of the cohort: its first extent is K.
      ClientArgument,
      /// A leaf of a sequence at the server: its first extent is one of the graph's dims.
      Sequence,
    };
    Kind kind = Kind::State;
    Slot slot = 0;
    /// Of the leaf, and of the parameter that it belongs to (or of the placed part of one).
    std::string name;
    Span span;
    std::string part;
  };
  std::vector<Input> inputs;
  /// What Column::argument counts: the clients' data that an entry takes.
  struct Data {
    std::string name;
    Span span;
    /// All features that it declares, whether they are read or not, in their order.
    std::vector<Column> features = {};
  };
  std::vector<Data> data;
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
  /// A leaf of a result that stays at the clients: a slot that each client's function makes (ClientOutput::Kind::Carry).
  struct ClientResult {
    Slot slot = 0;
    /// As the whole result has it (`1.loss`), and the part of it that is the placed value (`1`; empty: all of it).
    std::string name;
    std::string part;
    /// The same at all clients.
    bool allEqual = false;
  };
  std::vector<ClientResult> clientResults;

  /// Of a test: how many clients there are (`clients(a, b, ..)`), and what `assert_close` compares. Tests are never kept in files.
  std::optional<std::int64_t> cohort;
  struct Assertion {
    Span span;
    /// Where the leaves of the two values are: in `clientResults`, or in `outputs`, as the tolerance is.
    bool ofClients = false;
    std::vector<std::string> leaves;
    std::vector<std::size_t> found, expected;
    std::optional<std::size_t> tolerance;
  };
  std::vector<Assertion> assertions;
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
