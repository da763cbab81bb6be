#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/data/client_source.h"
#include "runtime/graph/function_call.h"
#include "runtime/graph/plan.h"
#include "runtime/graph/slice_call.h"
#include "runtime/graph/values.h"
#include "runtime/graph/wire_call.h"
#include "runtime/value/buffer.h"

namespace fedc::runtime {

struct Cohort;

/// One worker's calls of a phase's client and merge functions: its buffers and its arena, which grow and stay.
class ClientCall {
 public:
  /// Before the clients of a phase; server values are where they will be until the phase ends.
  void begin(const PhasePlan& phase, GraphValues& values);
  /// The client at a position of the cohort: finds its state, runs it, hands its new state on. `columns` may be null if the phase reads no data.
  std::optional<Failure> client(const Cohort& cohort, std::int64_t position, const ClientColumns* columns, char* accumulator, Team* team) noexcept;
  /// The client function alone. Gives the lowest failing site or CallArgs::kNoFailure.
  /// `team`: threads that may help, or null.
  std::int64_t run(std::int64_t position, std::uint64_t idHash, const ClientColumns* columns, char* accumulator, Team* team) noexcept;
  /// The record of the client's state that `run` reads, and the one that it has made.
  char* before() { return before_.data(); }
  const char* after() const { return after_.data(); }
  /// a = merge(a, b).
  std::int64_t merge(char* a, const char* b, Team* team) noexcept;

 private:
  const PhasePlan* phase_ = nullptr;
  FunctionCall work_;
  /// What comes before it, where slices are made once for all clients.
  SliceCall slices_;
  std::vector<void*> mergeBuffers_;
  std::vector<Buffer> mergeOwn_;
  Buffer arena_;
  Buffer before_, after_;
  /// Does the clients' work under `--wire`.
  WireCall wire_;
};

}  // namespace fedc::runtime
