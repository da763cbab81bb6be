#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/data/client_source.h"
#include "runtime/graph/plan.h"
#include "runtime/graph/values.h"
#include "runtime/value/buffer.h"

namespace fedc::runtime {

/// A client for which a function is called, and what is its own.
struct ClientAt {
  std::int64_t position = 0;
  std::uint64_t idHash = 0;
  /// May be null if the phase reads no data.
  const ClientColumns* columns = nullptr;
  char* accumulator = nullptr;
  /// The records of its stored state, as it is found and as it is left; null where there is none.
  const char* before = nullptr;
  char* after = nullptr;

  /// The run-time extents of its data.
  const std::int64_t* dims() const;
};

/// One worker's calls of a client function, or of a piece of one: its buffers, which grow and stay.
class FunctionCall {
 public:
  /// Before the clients of a phase; server values are where they will be until the phase ends. `taken` and `made`: memory of the values that go from
  /// piece to piece, by number.
  void begin(const PhasePlan& phase, const PiecePlan& piece, GraphValues& values, std::span<const Buffer> taken, std::span<const Buffer> made);
  /// Gives the lowest failing site or CallArgs::kNoFailure. `team`: threads that may help, or null.
  std::int64_t run(const ClientAt& client, Buffer& arena, Team* team) noexcept;

 private:
  /// Results that a position of the cohort makes lie there from the start, if they have its layout.
  bool liesAtPosition(const ClientResult& result) const;

  const PhasePlan* phase_ = nullptr;
  const PiecePlan* piece_ = nullptr;
  GraphValues* values_ = nullptr;
  std::span<const Buffer> taken_, made_;
  std::vector<void*> buffers_;
  /// Run-time extents that the server is told.
  std::vector<std::int64_t> told_;
  /// For each parameter and result that needs memory of the worker's own: keys, carries in another layout, results not in place.
  std::vector<Buffer> own_;
};

}  // namespace fedc::runtime
