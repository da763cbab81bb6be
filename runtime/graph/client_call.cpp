#include "runtime/graph/client_call.h"

#include <algorithm>
#include <cstring>

#include "runtime/graph/call.h"
#include "runtime/graph/client_states.h"
#include "runtime/graph/executor.h"
#include "runtime/value/random.h"

namespace fedc::runtime {

void ClientCall::begin(const PhasePlan& phase, GraphValues& values) {
  phase_ = &phase;
  mergeOwn_.resize(std::max(mergeOwn_.size(), phase.accumulator.size()));
  if (phase.wire) {
    wire_.begin(phase, values);
  } else {
    if (phase.selections) slices_.begin(phase, values);
    work_.begin(phase, phase.client, values, slices_.values(), {});
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
  const ClientAt client{position, idHash, columns, accumulator, before_.data(), after_.data()};
  if (phase_->wire) return wire_.run(client, team);
  const std::int64_t failed = phase_->selections ? slices_.run(client, arena_, team) : CallArgs::kNoFailure;
  return std::min(failed, work_.run(client, arena_, team));
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
