#include "runtime/graph/client_call.h"

#include <algorithm>
#include <cstring>

#include "runtime/graph/call.h"
#include "runtime/graph/client_states.h"
#include "runtime/graph/executor.h"
#include "runtime/value/layout.h"
#include "runtime/value/random.h"

namespace fedc::runtime {

using core::ClientInput;
using core::ClientOutput;

void ClientCall::begin(const PhasePlan& phase, GraphValues& values) {
  phase_ = &phase;
  values_ = &values;
  if (phase.wire) wire_.begin(phase, values);
  const std::size_t params = phase.params.size();
  own_.resize(std::max(own_.size(), params + phase.results.size()));
  mergeOwn_.resize(std::max(mergeOwn_.size(), phase.accumulator.size()));
  buffers_.assign(params, nullptr);
  for (std::size_t i = 0; i < params; ++i) {
    const ClientBuffer& param = phase.params[i];
    if (param.kind == ClientInput::Kind::Down) {
      buffers_[i] = const_cast<char*>(values.cell(param.index));
    } else if (param.kind == ClientInput::Kind::Key || GraphValues::isOwn(param.kind)) {
      own_[i].ensure(param.layout.bytes());
      buffers_[i] = own_[i].data();
    }
  }
  for (std::size_t r = 0; r < phase.results.size(); ++r) {
    if (phase.results[r].parameter >= 0) continue;
    own_[params + r].ensure(phase.results[r].layout.bytes());
    buffers_.push_back(own_[params + r].data());
  }
  if (phase.readsState) before_.ensure(values.state().bytes);
  if (phase.writesState) after_.ensure(values.state().bytes);
}

std::optional<Failure> ClientCall::client(const Cohort& cohort, std::int64_t position, const ClientColumns* columns, char* accumulator,
                                          Team* team) noexcept {
  const std::string id = cohort.ids->id(cohort.clients[static_cast<std::size_t>(position)]);
  const auto here = [position](std::optional<Failure> failure) {
    if (failure) failure->position = position;
    return failure;
  };
  if (phase_->readsState) {
    if (auto failure = cohort.states->read(id, before())) return here(std::move(failure));
  }
  const std::int64_t failed = run(position, clientHash(id), columns, accumulator, team);
  if (failed != CallArgs::kNoFailure) return Failure{Failure::Kind::Check, position, static_cast<std::uint32_t>(failed), {}};
  if (phase_->writesState) return here(cohort.states->write(position, id, after()));
  return std::nullopt;
}

std::int64_t ClientCall::run(std::int64_t position, std::uint64_t idHash, const ClientColumns* columns, char* accumulator, Team* team) noexcept {
  const PhasePlan& phase = *phase_;
  if (phase.wire) return wire_.run({position, idHash, columns, accumulator, before_.data(), after_.data()}, team);
  for (std::size_t i = 0; i < phase.params.size(); ++i) {
    const ClientBuffer& param = phase.params[i];
    switch (param.kind) {
      case ClientInput::Kind::Accumulator: buffers_[i] = accumulator + phase.offsets[static_cast<std::size_t>(param.index)]; break;
      case ClientInput::Kind::Column: buffers_[i] = const_cast<void*>(columns->columns[static_cast<std::size_t>(param.index)]); break;
      case ClientInput::Kind::Key: {
        Key key = 0;
        std::memcpy(&key, values_->cell(param.index), sizeof key);
        key = clientKey(key, idHash);
        std::memcpy(own_[i].data(), &key, sizeof key);
        break;
      }
      case ClientInput::Kind::Carry:
      case ClientInput::Kind::State:
      case ClientInput::Kind::Row: values_->give(param, position, before_.data(), own_[i].data()); break;
      case ClientInput::Kind::Down:
      case ClientInput::Kind::Crossed: break;
    }
  }
  std::size_t next = phase.params.size();
  for (const ClientResult& result : phase.results) {
    if (result.parameter >= 0) continue;
    if (result.kind == ClientOutput::Kind::Carry || result.kind == ClientOutput::Kind::Collect)
      buffers_[next] = values_->positions(result.index).at(position);
    ++next;
  }
  const std::int64_t none = 0;
  const std::int64_t failed = call(*phase.client, buffers_.data(), columns == nullptr ? &none : columns->dims(), arena_, team);
  next = phase.params.size();
  for (const ClientResult& result : phase.results) {
    if (result.parameter < 0) values_->take(phase, result, buffers_[next++], accumulator, after_.data());
  }
  return failed;
}

std::int64_t ClientCall::merge(char* a, const char* b, Team* team) noexcept {
  const PhasePlan& phase = *phase_;
  const std::size_t leaves = phase.accumulator.size();
  mergeBuffers_.clear();
  for (std::size_t leaf = 0; leaf < leaves; ++leaf) mergeBuffers_.push_back(a + phase.offsets[leaf]);
  for (std::size_t leaf = 0; leaf < leaves; ++leaf) mergeBuffers_.push_back(const_cast<char*>(b) + phase.offsets[leaf]);
  const auto& inPlace = phase.merge->signature().inPlace;
  const auto over = [&](std::size_t leaf) {
    return std::any_of(inPlace.begin(), inPlace.end(), [&](const auto& p) { return p.second == static_cast<int>(leaf); });
  };
  for (std::size_t leaf = 0; leaf < leaves; ++leaf) {
    if (over(leaf)) continue;
    Buffer& own = mergeOwn_[leaf];
    own.ensure(phase.accumulator[leaf].bytes());
    mergeBuffers_.push_back(own.data());
  }
  const std::int64_t none = 0;
  const std::int64_t failed = call(*phase.merge, mergeBuffers_.data(), &none, arena_, team);
  std::size_t next = 2 * leaves;
  for (std::size_t leaf = 0; leaf < leaves; ++leaf) {
    if (!over(leaf)) std::memcpy(a + phase.offsets[leaf], mergeBuffers_[next++], static_cast<std::size_t>(phase.accumulator[leaf].bytes()));
  }
  return failed;
}

}  // namespace fedc::runtime
