#include "runtime/graph/wire_call.h"

#include <algorithm>
#include <cstring>

#include "compiler/core/internal_error.h"
#include "runtime/value/layout.h"
#include "runtime/value/random.h"

namespace fedc::runtime {

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
  calls_.resize(plan_->steps.size());
  for (std::size_t i = 0; i < plan_->steps.size(); ++i) calls_[i].begin(phase, plan_->steps[i], values, received_, made_);
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

void WireCall::send(const PiecePlan& step, std::int64_t position) noexcept {
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

std::int64_t WireCall::run(const ClientAt& client, Team* team) noexcept {
  down_ = up_ = 0;
  receiveDown(client.idHash);
  std::int64_t failed = CallArgs::kNoFailure;
  for (std::size_t i = 0; i < plan_->steps.size(); ++i) {
    failed = std::min(failed, calls_[i].run(client, arena_, team));
    send(plan_->steps[i], client.position);
  }
  values_->count(phase_->number, down_, up_);
  return failed;
}

}  // namespace fedc::runtime
