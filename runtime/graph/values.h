#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "runtime/data/client_source.h"
#include "runtime/graph/plan.h"
#include "runtime/graph/slice_table.h"
#include "runtime/value/buffer.h"
#include "runtime/value/layout.h"

namespace fedc::runtime {

/// Why a graph's run ended early.
struct Failure {
  enum class Kind { Check, Data };
  Kind kind = Kind::Check;
  /// Position in the cohort; -1: at the server.
  std::int64_t position = -1;
  /// Check: index into core::Module::sites.
  std::uint32_t site = 0;
  /// Data: what is wrong with the client's data.
  DataError data;
};

/// What `--wire` counted in one exchange, over all clients and runs.
struct WireCount {
  std::int64_t clients = 0;
  std::int64_t down = 0, up = 0;
};

/// The server's values of one run of a graph, and the calls that make them. Memory is kept from run to run.
class GraphValues {
 public:
  explicit GraphValues(const GraphPlan& plan);

  /// Before a run.
  void begin(std::int64_t cohort);
  /// The graph's inputs, each in all layouts that are wanted. The lengths of sequences come from them.
  void setInputs(std::span<const Leaf> inputs);
  /// Calls a server function and converts its results; the lowest failing site, if one failed. `team` may be null.
  std::optional<std::uint32_t> call(const ServerPlan& server, Team* team);
  /// `zero` of a phase, into an accumulator block.
  std::optional<std::uint32_t> zero(const PhasePlan& phase, char* accumulator, Team* team);
  /// What clients gave: the merged accumulator (which must live until the run ends) and the collected values.
  void receive(const PhasePlan& phase, const char* accumulator);
  const char* cell(int index) const { return cells_[static_cast<std::size_t>(index)].now; }
  /// The graph's output `i`.
  Leaf output(std::size_t i);
  /// The clients' result `i`: one after the other in the order of the cohort, or once if it is the same at all (of nobody: none).
  Leaf clientResult(std::size_t i);

  /// A client's messages of a phase were sent. Thread-safe.
  void count(std::size_t phase, std::int64_t down, std::int64_t up) noexcept;
  std::vector<WireCount> counted() const;

  /// The slices of a phase's selection in this run.
  SliceTable& slices(std::size_t phase, std::size_t selection) { return *slices_[phase][selection]; }

  /// What a client finds at its own place: a value carried from an earlier phase, its row of a stack, a leaf of its record. Copied, since a function
  /// may be given its parameter in place.
  static bool isOwn(core::ClientInput::Kind kind);
  void give(const ClientBuffer& param, std::int64_t position, const char* record, void* to) const;
  /// A client's result, into a block's accumulator or into its new record; others are left alone.
  void take(const PhasePlan& phase, const ClientResult& result, const void* from, char* accumulator, char* record) const;

  /// Memory for a value that every position makes: `stride` bytes apart.
  struct Positions {
    Buffer memory;
    std::int64_t stride = 0;
    char* at(std::int64_t position) const { return memory.data() + position * stride; }
  };
  const StatePlan& state() const { return plan_.state; }
  const LeafLayout& positionLayout(int index) const { return plan_.positions[static_cast<std::size_t>(index)].layout; }
  Positions& positions(int index) { return positions_[static_cast<std::size_t>(index)]; }

 private:
  /// `now` is where the value is: own memory, or somebody else's. Memory that was handed out is not written again while somebody holds it.
  struct Cell {
    std::shared_ptr<Buffer> own, spare;
    std::shared_ptr<const Buffer> held;
    const char* now = nullptr;
  };
  void setInput(std::size_t i, const Leaf& leaf);
  /// The run-time extent of a cell's value; 0 if it has none.
  std::int64_t rowsOf(int index) const;
  char* fresh(int index);
  void convertCells(const std::vector<Conversion>& conversions);
  std::int64_t run(const ServerPlan& server, Team* team);

  const GraphPlan& plan_;
  std::int64_t cohort_ = 0;
  /// Of the graph: the cohort's size, then the lengths of sequences.
  std::vector<std::int64_t> dims_;
  std::vector<Cell> cells_;
  std::vector<Positions> positions_;
  std::vector<void*> buffers_;
  std::vector<Buffer> zeros_;
  Buffer arena_;
  struct Counter {
    std::atomic<std::int64_t> clients{0}, down{0}, up{0};
  };
  std::vector<Counter> counters_;
  /// By phase and selection.
  std::vector<std::vector<std::unique_ptr<SliceTable>>> slices_;
};

}  // namespace fedc::runtime
