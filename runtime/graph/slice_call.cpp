#include "runtime/graph/slice_call.h"

#include <algorithm>
#include <cstring>

#include "runtime/graph/call.h"

namespace fedc::runtime {

void SliceCall::begin(const PhasePlan& phase, GraphValues& values) {
  phase_ = &phase;
  graph_ = &values;
  const SelectionsPlan& plan = *phase.selections;
  made_.resize(plan.values.size());
  for (std::size_t v = 0; v < plan.values.size(); ++v) {
    made_[v].ensure(plan.values[v].bytes());
    // Padding is zero.
    std::memset(made_[v].data(), 0, static_cast<std::size_t>(plan.values[v].bytes()));
  }
  selections_.resize(plan.selections.size());
  for (std::size_t i = 0; i < plan.selections.size(); ++i) {
    const SelectionPlan& selection = plan.selections[i];
    Selection& own = selections_[i];
    own.ask.begin(phase, selection.ask, values, made_, made_);
    own.key.ensure(kAlignment);
    own.buffers.clear();
    for (const ClientBuffer& param : selection.serve.params)
      own.buffers.push_back(param.kind == core::ClientInput::Kind::Down ? const_cast<char*>(values.cell(param.index)) : own.key.data());
  }
}

void SliceCall::make(const SelectionPlan& plan, Selection& own, const void* key, SliceTable::Row& row, Buffer& arena) noexcept {
  std::memcpy(own.key.data(), key, static_cast<std::size_t>(plan.keyBytes));
  row.memory.ensure(plan.rowBytes);
  own.buffers.resize(plan.serve.params.size());
  for (const SelectionPlan::Slice& slice : plan.slices) own.buffers.push_back(row.memory.data() + slice.offset);
  // No team: whoever waits for this row must not be asked to help with it.
  const std::int64_t none = 0;
  row.failed = call(*plan.serve.fn, own.buffers.data(), &none, arena, nullptr);
}

std::int64_t SliceCall::run(const ClientAt& client, Buffer& arena, Team* team) noexcept {
  const SelectionsPlan& plan = *phase_->selections;
  std::int64_t failed = CallArgs::kNoFailure;
  for (std::size_t i = 0; i < plan.selections.size(); ++i) {
    const SelectionPlan& selection = plan.selections[i];
    Selection& own = selections_[i];
    SliceTable& table = graph_->slices(phase_->number, i);
    failed = std::min(failed, own.ask.run(client, arena, team));
    const char* key = made_[static_cast<std::size_t>(selection.keys)].data();
    for (std::int64_t k = 0; k < selection.count; ++k, key += selection.keyBytes) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, key, static_cast<std::size_t>(selection.keyBytes));
      const SliceTable::Row* row = table.row(bits, selection.rowBytes, [&](SliceTable::Row& fresh) { make(selection, own, key, fresh, arena); });
      if (row == nullptr) {
        make(selection, own, key, own.row, arena);
        row = &own.row;
      }
      failed = std::min(failed, row->failed);
      for (const SelectionPlan::Slice& slice : selection.slices) {
        char* const to = made_[static_cast<std::size_t>(slice.value)].data() + k * slice.bytes;
        std::memcpy(to, row->memory.data() + slice.offset, static_cast<std::size_t>(slice.bytes));
      }
    }
  }
  return failed;
}

}  // namespace fedc::runtime
