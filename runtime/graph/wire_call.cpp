#include "runtime/graph/wire_call.h"

#include <algorithm>
#include <cstring>

#include "compiler/core/internal_error.h"
#include "runtime/graph/call.h"
#include "runtime/value/layout.h"
#include "runtime/value/random.h"

namespace fedc::runtime {

using core::ClientInput;
using core::ClientOutput;

void WireCall::begin(const PhasePlan& phase, GraphValues& values) {
  phase_ = &phase;
  plan_ = &*phase.wire;
  values_ = &values;
  made_.resize(plan_->values.size());
  received_.resize(plan_->values.size());
  for (std::size_t v = 0; v < plan_->values.size(); ++v) {
    made_[v].ensure(plan_->values[v].bytes());
    received_[v].ensure(plan_->values[v].bytes());
  }
  buffers_.assign(plan_->steps.size(), {});
  own_.resize(plan_->steps.size());
  for (std::size_t i = 0; i < plan_->steps.size(); ++i) {
    const WireStepPlan& step = plan_->steps[i];
    own_[i].resize(step.params.size() + step.results.size());
    for (std::size_t p = 0; p < step.params.size(); ++p) {
      const ClientBuffer& param = step.params[p];
      void* at = nullptr;
      if (param.kind == ClientInput::Kind::Down) at = const_cast<char*>(values.cell(param.index));
      if (param.kind == ClientInput::Kind::Crossed) at = received_[static_cast<std::size_t>(param.index)].data();
      if (GraphValues::isOwn(param.kind)) {
        own_[i][p].ensure(param.layout.bytes());
        at = own_[i][p].data();
      }
      buffers_[i].push_back(at);
    }
    for (std::size_t r = 0; r < step.results.size(); ++r) {
      const ClientResult& result = step.results[r];
      if (result.parameter >= 0) continue;
      if (result.kind == ClientOutput::Kind::Crossed) {
        buffers_[i].push_back(made_[static_cast<std::size_t>(result.index)].data());
        continue;
      }
      Buffer& own = own_[i][step.params.size() + r];
      own.ensure(result.layout.bytes());
      buffers_[i].push_back(own.data());
    }
  }
}

template <class Each>
void WireCall::deliver(bool isDown, const Each& each) noexcept {
  (isDown ? down_ : up_) += static_cast<std::int64_t>(message_.size());
  WireReader reader(message_);
  each(reader);
  FEDC_REQUIRE(reader.end().has_value(), "a message of our own is longer than its leaves");
  message_.clear();
}

namespace {

void take(WireReader& reader, const LeafLayout& layout, void* to) {
  const auto done = reader.leaf(layout, to);
  FEDC_REQUIRE(done.has_value(), "a message of our own cannot be decoded");
}

}  // namespace

void WireCall::receiveDown(std::uint64_t idHash) noexcept {
  std::size_t v = 0;
  for (const int cell : plan_->down) encodeLeaf(values_->cell(cell), plan_->values[v++], 0, message_);
  for (const int cell : plan_->keys) {
    Key key = 0;
    std::memcpy(&key, values_->cell(cell), sizeof key);
    key = clientKey(key, idHash);
    encodeLeaf(&key, plan_->values[v++], 0, message_);
  }
  deliver(true, [&](WireReader& reader) {
    for (std::size_t i = 0; i < v; ++i) take(reader, plan_->values[i], received_[i].data());
  });
}

std::int64_t WireCall::call(std::size_t number, const Client& client, Team* team) noexcept {
  const WireStepPlan& step = plan_->steps[number];
  std::vector<void*>& buffers = buffers_[number];
  for (std::size_t p = 0; p < step.params.size(); ++p) {
    const ClientBuffer& param = step.params[p];
    if (param.kind == ClientInput::Kind::Accumulator) buffers[p] = client.accumulator + phase_->offsets[static_cast<std::size_t>(param.index)];
    if (param.kind == ClientInput::Kind::Column) buffers[p] = const_cast<void*>(client.columns->columns[static_cast<std::size_t>(param.index)]);
    values_->give(param, client.position, client.before, buffers[p]);
  }
  const std::int64_t none = 0;
  const std::int64_t failed = runtime::call(*step.fn, buffers.data(), client.columns == nullptr ? &none : client.columns->dims(), arena_, team);
  std::size_t next = step.params.size();
  for (const ClientResult& result : step.results) {
    if (result.parameter >= 0) continue;
    const void* const from = buffers[next++];
    values_->take(*phase_, result, from, client.accumulator, client.after);
    if (result.kind == ClientOutput::Kind::Carry || result.kind == ClientOutput::Kind::Collect)
      convert(from, result.layout, values_->positions(result.index).at(client.position), values_->positionLayout(result.index), 0);
  }
  return failed;
}

void WireCall::send(const WireStepPlan& step, std::int64_t position) noexcept {
  const auto each = [&](ClientOutput::Kind kind, const auto& f) {
    for (const ClientResult& result : step.results)
      if (result.kind == kind) f(static_cast<std::size_t>(result.index));
  };
  each(ClientOutput::Kind::Crossed, [&](std::size_t v) { encodeLeaf(made_[v].data(), plan_->values[v], 0, message_); });
  each(ClientOutput::Kind::Collect, [&](std::size_t p) {
    encodeLeaf(values_->positions(static_cast<int>(p)).at(position), values_->positionLayout(static_cast<int>(p)), 0, message_);
  });
  deliver(step.isServer, [&](WireReader& reader) {
    each(ClientOutput::Kind::Crossed, [&](std::size_t v) { take(reader, plan_->values[v], received_[v].data()); });
    each(ClientOutput::Kind::Collect,
         [&](std::size_t p) { take(reader, values_->positionLayout(static_cast<int>(p)), values_->positions(static_cast<int>(p)).at(position)); });
  });
}

std::int64_t WireCall::run(const Client& client, Team* team) noexcept {
  down_ = up_ = 0;
  receiveDown(client.idHash);
  std::int64_t failed = CallArgs::kNoFailure;
  for (std::size_t i = 0; i < plan_->steps.size(); ++i) {
    failed = std::min(failed, call(i, client, team));
    send(plan_->steps[i], client.position);
  }
  values_->count(phase_->number, down_, up_);
  return failed;
}

}  // namespace fedc::runtime
