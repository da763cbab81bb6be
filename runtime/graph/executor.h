#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "compiler/support/expected.h"
#include "runtime/data/loader.h"
#include "runtime/graph/data_wait.h"
#include "runtime/graph/plan.h"
#include "runtime/graph/values.h"
#include "runtime/value/layout.h"

namespace fedc::runtime {

class ClientStates;

/// The clients of one run of a graph, by position.
struct Cohort {
  /// Indices into the source.
  std::span<const std::uint32_t> clients;
  /// Whose ids make the clients' keys. Null if there are no clients.
  const ClientSource* ids = nullptr;
  /// Null if the graph reads no data.
  Loader* loader = nullptr;
  Loader::SourceId source = 0;
  /// See Loader::Use.
  std::int64_t step = 0;
  /// Null if the graph neither reads nor makes client state.
  ClientStates* states = nullptr;
};

/// Runs a federated graph over a cohort: the graph's inputs in; its outputs out, and behind them its clients' results. Nothing that it was given is
/// changed, so a run that failed leaves no trace. After a failure at a position, only lower positions go on: the one reported is the lowest, whatever
/// the threads.
class GraphExecutor {
 public:
  virtual ~GraphExecutor() = default;
  virtual Expected<std::vector<Leaf>, Failure> run(std::span<const Leaf> inputs, const Cohort& cohort) = 0;
  /// Over all runs so far.
  virtual GraphTimes times() = 0;
  /// Over all runs so far, by phase; zeros without `--wire`.
  virtual std::vector<WireCount> wire() const = 0;
};

/// Threads that executors share.
class Workers {
 public:
  /// 0: as many as the machine has.
  explicit Workers(int threads);
  ~Workers();
  int count() const;
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// One position after the other, merges level by level: the plain meaning of a graph, the oracle of the other executor.
std::unique_ptr<GraphExecutor> serialExecutor(GraphPlan plan);

/// A dataflow graph for each phase: source, window, data, train, turn, merge (docs/runtime.md). Same bits as the serial executor.
std::unique_ptr<GraphExecutor> flowExecutor(GraphPlan plan, std::shared_ptr<Workers> workers);

}  // namespace fedc::runtime
