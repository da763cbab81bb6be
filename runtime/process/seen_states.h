#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/graph/client_states.h"
#include "runtime/graph/plan.h"

/// What a run of a graph shows its clients of what they keep, beside the store itself (client_store.h).
namespace fedc::runtime {

/// What clients keep, as it was: nothing that they make is taken.
class ReadOnlyStates final : public ClientStates {
 public:
  explicit ReadOnlyStates(ClientStates& states) : states_(states) {}
  std::optional<Failure> read(const std::string& id, char* into) noexcept override { return states_.read(id, into); }
  std::optional<Failure> write(std::int64_t, const std::string&, const char*) noexcept override { return std::nullopt; }

 private:
  ClientStates& states_;
};

/// What they keep, and which of its leaves were not finite where the run made it new. Looking costs one reading of each new record.
class SeenStates final : public ClientStates {
 public:
  SeenStates(ClientStates& states, const StatePlan& plan) : states_(states), plan_(plan), seen_(plan.leaves.size()) {}
  std::optional<Failure> read(const std::string& id, char* into) noexcept override { return states_.read(id, into); }
  std::optional<Failure> write(std::int64_t position, const std::string& id, const char* from) noexcept override;
  /// Whether some client's new value of a leaf is of this kind (core::nonFiniteKind).
  bool has(std::size_t leaf, int kind) const { return (seen_[leaf].load(std::memory_order_relaxed) >> kind & 1u) != 0; }

 private:
  ClientStates& states_;
  const StatePlan& plan_;
  std::vector<std::atomic<unsigned>> seen_;
};

}  // namespace fedc::runtime
