#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "compiler/core/graph.h"
#include "runtime/data/loader.h"
#include "runtime/graph/executor.h"
#include "runtime/process/cohorts.h"
#include "runtime/process/run.h"

namespace fedc::runtime {

/// Whether running the graph needs clients, and whether these need their data.
bool hasClients(const core::Graph& graph);
bool readsData(const core::Program& program, const core::Graph& graph);

/// See run.h. Destroyed after the executors that use its loader have come to rest.
class RunData {
 public:
  struct Federation {
    Loader::SourceId source = 0;
    std::shared_ptr<const ClientSource> clients;
    std::unique_ptr<Cohorts> cohorts;
  };

  static Expected<std::shared_ptr<RunData>, RunError> open(const core::Program& program, const RunOptions& options);

  /// Null if no graph of that kind has clients, or no data was given for evaluation.
  Federation* train() { return train_.get(); }
  Federation* eval() { return eval_.get(); }
  Loader& loader() { return *loader_; }

  /// What each client of the (first) cohort has of an argument, stacked in its order. Errors: values for other clients than there are.
  Expected<core::Array, RunError> argumentRows(const RunOptions& options, const core::Graph::Input& input) const;
  /// A leaf of a sequence at the server, as an argument or a file gives it.
  Expected<core::Array, RunError> sequence(const RunOptions& options, const core::Graph::Input& input) const;

  /// Steps of the loader: each round, and the evaluation after it.
  static std::int64_t stepOf(int round, bool evaluation) { return 2 * static_cast<std::int64_t>(round) + (evaluation ? 1 : 0); }
  /// A round begins: earlier ones need no reading ahead any more.
  void begin(int round) { begun_.store(round, std::memory_order_relaxed); }

 private:
  Expected<void, RunError> readSequences(const core::Graph& graph, const RunOptions& options, const std::map<std::string, std::string>& paths);
  Expected<std::unique_ptr<Federation>, RunError> add(std::shared_ptr<ClientSource> source, const std::string& clients, std::uint64_t seed,
                                                      std::optional<std::int64_t> size);

  std::unique_ptr<Federation> train_, eval_;
  /// Sequences at the server that files hold, by leaf.
  std::map<std::string, core::Array> sequences_;
  std::atomic<int> begun_{0};
  /// Last, so that its threads end before what they use goes.
  std::unique_ptr<Loader> loader_;
};

/// Whether `evaluate` runs after a round.
bool evaluatesAfter(const RunOptions& options, int round);

}  // namespace fedc::runtime
