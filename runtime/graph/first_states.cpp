#include "runtime/graph/first_states.h"

#include <algorithm>
#include <cstring>

#include "runtime/value/random.h"

namespace fedc::runtime {

FirstStates::FirstStates(GraphPlan init) : plan_(std::move(init)), values_(plan_) {
  const PhasePlan& phase = plan_.phases.front();
  const auto hasKey = [](const PiecePlan& piece) {
    return std::any_of(piece.params.begin(), piece.params.end(), [](const ClientBuffer& p) { return p.kind == core::ClientInput::Kind::Key; });
  };
  isShared_ = !hasKey(phase.client);
  if (phase.selections)
    isShared_ = isShared_ && std::none_of(phase.selections->selections.begin(), phase.selections->selections.end(),
                                          [&](const SelectionPlan& s) { return hasKey(s.ask); });
}

Expected<std::unique_ptr<FirstStates>, Failure> FirstStates::make(GraphPlan init, std::span<const Leaf> inputs) {
  std::unique_ptr<FirstStates> out(new FirstStates(std::move(init)));
  out->values_.begin(0);
  out->values_.setInputs(inputs);
  if (const auto site = out->values_.call(out->plan_.first, nullptr)) return tl::unexpected(Failure{Failure::Kind::Check, -1, *site, {}});
  return out;
}

std::optional<Failure> FirstStates::call(ClientCall& call, const std::string& id, char* into) noexcept {
  const std::int64_t failed = call.run(0, clientHash(id), nullptr, nullptr, nullptr);
  if (failed != CallArgs::kNoFailure) return Failure{Failure::Kind::Check, -1, static_cast<std::uint32_t>(failed), {}};
  std::memcpy(into, call.after(), static_cast<std::size_t>(plan_.state.bytes));
  return std::nullopt;
}

std::optional<Failure> FirstStates::of(const std::string& id, char* into) noexcept {
  std::unique_ptr<ClientCall> own;
  {
    const std::lock_guard lock(mutex_);
    if (shared_) {
      std::memcpy(into, shared_->data(), static_cast<std::size_t>(plan_.state.bytes));
      return std::nullopt;
    }
    if (!idle_.empty()) {
      own = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (own == nullptr) {
    own = std::make_unique<ClientCall>();
    own->begin(plan_.phases.front(), values_);
  }
  std::optional<Failure> failure = call(*own, id, into);
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(own));
  if (isShared_ && !failure && !shared_) {
    shared_.emplace(plan_.state.bytes);
    std::memcpy(shared_->data(), into, static_cast<std::size_t>(plan_.state.bytes));
  }
  return failure;
}

}  // namespace fedc::runtime
