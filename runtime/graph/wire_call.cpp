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
  most_.assign(plan_->values.size(), 0);
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

void WireCall::grow(const ClientAt& client) noexcept {
  const auto size = [&](Dim::Variable v) {
    const auto at = std::find(plan_->sizes.begin(), plan_->sizes.end(), v);
    return at == plan_->sizes.end() ? 0 : client.dims()[at - plan_->sizes.begin()];
  };
  for (std::size_t v = 0; v < plan_->values.size(); ++v) {
    if (plan_->lengths[v].says.empty()) continue;
    most_[v] = std::max<std::int64_t>(plan_->lengths[v].most.evaluate(size), 0);
    made_[v].ensure(plan_->values[v].bytes(most_[v]));
    received_[v].ensure(plan_->values[v].bytes(most_[v]));
  }
}

LeafLayout WireCall::layoutOf(std::size_t value, const std::vector<Buffer>& memory) const {
  const LengthPlan& length = plan_->lengths[value];
  LeafLayout layout = plan_->values[value];
  if (length.says.empty()) return layout;
  layout.dims.front() = length.times;
  for (const int says : length.says) {
    std::int64_t extent = 0;
    std::memcpy(&extent, memory[static_cast<std::size_t>(says)].data(), sizeof extent);
    FEDC_REQUIRE(extent >= 0 && (extent == 0 || layout.dims.front() <= most_[value] / extent), "a value of our own is longer than it can be");
    layout.dims.front() *= extent;
  }
  return layout;
}

void WireCall::encode(std::size_t value) {
  for (const int says : plan_->lengths[value].says) {
    const auto l = static_cast<std::size_t>(says);
    encodeLeaf(made_[l].data(), plan_->values[l], 0, message_);
  }
  encodeLeaf(made_[value].data(), layoutOf(value, made_), 0, message_);
}

void WireCall::decode(std::size_t value, WireReader& reader) noexcept {
  for (const int says : plan_->lengths[value].says) {
    const auto l = static_cast<std::size_t>(says);
    take(reader, plan_->values[l], received_[l].data());
  }
  take(reader, layoutOf(value, received_), received_[value].data());
}

void WireCall::send(const PiecePlan& step, std::int64_t position) noexcept {
  const auto each = [&](ClientOutput::Kind kind, const auto& f) {
    for (const ClientResult& result : step.results)
      if (result.kind == kind) f(static_cast<std::size_t>(result.index));
  };
  each(ClientOutput::Kind::Crossed, [&](std::size_t v) {
    if (!plan_->isLength[v]) encode(v);
  });
  each(ClientOutput::Kind::Collect, [&](std::size_t p) {
    encodeLeaf(values_->positions(static_cast<int>(p)).at(position), values_->positionLayout(static_cast<int>(p)), 0, message_);
  });
  deliver(step.isServer, [&](WireReader& reader) {
    each(ClientOutput::Kind::Crossed, [&](std::size_t v) {
      if (!plan_->isLength[v]) decode(v, reader);
    });
    each(ClientOutput::Kind::Collect,
         [&](std::size_t p) { take(reader, values_->positionLayout(static_cast<int>(p)), values_->positions(static_cast<int>(p)).at(position)); });
  });
}

std::int64_t WireCall::run(const ClientAt& client, Team* team) noexcept {
  down_ = up_ = 0;
  grow(client);
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
