#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/graph/function_call.h"
#include "runtime/graph/slice_table.h"

namespace fedc::runtime {

/// One worker's part in selections whose slices are made once for each distinct key (docs/runtime.md): a client's keys are computed, and the rows of
/// its slices come from the round's tables.
class SliceCall {
 public:
  /// Before the clients of a phase, as FunctionCall::begin.
  void begin(const PhasePlan& phase, GraphValues& values);
  /// Makes all that the rest of the client's work takes. Gives the lowest failing site or CallArgs::kNoFailure.
  std::int64_t run(const ClientAt& client, Buffer& arena, Team* team) noexcept;
  /// What goes from piece to piece, by number.
  std::span<const Buffer> values() const { return made_; }

 private:
  struct Selection {
    FunctionCall ask;
    /// Of the function that makes one key's rows: its parameters, then (for each call) its results.
    std::vector<void*> buffers;
    Buffer key;
    /// Where a row is made for which the table has no room.
    SliceTable::Row row;
  };
  void make(const SelectionPlan& plan, Selection& own, const void* key, SliceTable::Row& row, Buffer& arena) noexcept;

  const PhasePlan* phase_ = nullptr;
  GraphValues* graph_ = nullptr;
  std::vector<Buffer> made_;
  std::vector<Selection> selections_;
};

}  // namespace fedc::runtime
