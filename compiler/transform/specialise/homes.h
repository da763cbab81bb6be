#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "compiler/core/graph.h"
#include "compiler/transform/specialise/value.h"

namespace fedc::transform::specialise {

/// Where a parameter of a function under construction comes from.
struct Origin {
  enum class Kind : std::uint8_t {
    /// An input of the entry: `index` into Entry::inputs.
    Input,
    /// Another home's variable, at the server; in a client function: sent down.
    Server,
    /// The same, of which clients have only slices that they asked for by key.
    Selected,
    /// A client value of an earlier exchange.
    Carry,
    /// Leaf `index` of the client's stored state, as the round finds it.
    State,
    /// `index` into the graph's columns.
    Column,
    /// A server key, folded with the client's id.
    Key,
    /// Leaf `index` of the exchange's accumulator; at the server: of the merged one; in merge: of the left, and of the right operand.
    Accumulator,
    Right,
    /// Number `index` of the exchange's collected values, stacked.
    Collected,
    /// A float param of the program: `name`.
    Param,
    /// The client's own entry of another home's variable, which stacks one for each client.
    Row,
  };
  Kind kind = Kind::Input;
  Home from;
  core::Var var = 0;
  int index = 0;
  std::string name;
  auto operator<=>(const Origin&) const = default;
};

/// A function under construction.
struct HomeFn {
  Home home;
  core::Fn fn;
  /// Statements copied from the static home; they come before the body.
  std::vector<core::Stmt> prologue;
  std::map<Origin, core::Var> params;
  std::vector<Origin> origins;
  /// Of parameters that are sent to the clients: where.
  std::map<core::Var, Span> sentAt;
  std::map<core::Var, core::Atom> copied;
  std::map<Dim::Variable, Dim> copiedDims;
};

/// One aggregation of an exchange.
struct Aggregation {
  core::UpEdge edge;
  /// Its leaves in the exchange's accumulator: first and count. Collect: in `collected`.
  int first = 0;
  int count = 0;
};

/// What clients select in an exchange, and the parameters of their function that it is taken from.
struct SelectByKey {
  /// Its `asked` is a variable of the clients' home.
  core::SelectEdge edge;
  std::vector<core::Var> params;
};

/// One exchange under construction.
struct Exchange {
  std::vector<SelectByKey> selections;
  std::vector<Aggregation> aggregations;
  std::vector<core::SlotInfo> accumulator;
  std::vector<Leaf> zero;
  /// The accumulator after this client, and after merging.
  std::vector<Leaf> accumulated;
  std::vector<Leaf> merged;
  /// Client values that the server stacks.
  std::vector<Leaf> collected;
  std::vector<std::string> collectedNames;
  /// Names of the run-time extents of what is sent.
  std::map<Dim, Dim> lengths;
};

/// An entry point under construction: what `cut` makes a graph of.
struct Entry {
  std::string name;
  std::vector<core::Graph::Input> inputs;
  /// What each is.
  std::vector<core::SlotInfo> inputSlots;
  std::vector<core::Column> columns;
  /// The clients' data and the sequences at the server: each has a length, a dimension variable in the functions of its place.
  std::vector<core::Graph::Data> data;
  std::vector<std::string> sequences;
  /// How many of the data have got their columns.
  int dataTaken = 0;
  std::map<Home, std::unique_ptr<HomeFn>> homes;
  std::map<int, Exchange> exchanges;
  /// How many values cross between clients and server: they are numbered from 1.
  int crossings = 0;
  struct Result {
    core::Graph::Output::Kind kind;
    Leaf leaf;
    std::string name;
  };
  std::vector<Result> results;
  /// Leaves of the state that clients keep, and what each is after this round (empty: nothing is stored), in the clients' home `clientsLevel`.
  std::vector<core::SlotInfo> clientState;
  std::vector<Leaf> clientResults;
  int clientsLevel = 0;
  /// Results that stay at the clients, each in a clients' home.
  struct AtClients {
    Leaf leaf;
    std::string name;
    std::string part;
    bool allEqual = false;
  };
  std::vector<AtClients> atClients;
  /// Of a test.
  bool isTest = false;
  std::optional<std::int64_t> cohort;
  std::vector<core::Graph::Assertion> assertions;
  /// `declassify(reason, x)`: a leaf of x, by its variable.
  struct Declassified {
    Home home;
    core::Var var = 0;
    Span span;
    std::string reason;
  };
  std::vector<Declassified> declassified;
};

/// The first dimension variables of functions: in every client function the row counts of its data, in every server function the cohort's size
/// and then the lengths of the sequences there.
inline constexpr Dim::Variable kRows = 0;
inline constexpr Dim::Variable kCohort = 0;
inline constexpr Dim::Variable kLengths = 1;

}  // namespace fedc::transform::specialise
