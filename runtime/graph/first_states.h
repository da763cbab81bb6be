#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/graph/client_call.h"
#include "runtime/graph/values.h"

namespace fedc::runtime {

/// What a client keeps before it has taken part: `init`'s work at a client, done when its value is asked for, with the client's own key. When that is
/// changes nothing.
class FirstStates {
 public:
  /// Runs the server's part of `init`, whose clients are in its one phase. The failure: a check of it.
  static Expected<std::unique_ptr<FirstStates>, Failure> make(GraphPlan init, std::span<const Leaf> inputs);

  /// Thread-safe; the failure has no position.
  std::optional<Failure> of(const std::string& id, char* into) noexcept;

 private:
  explicit FirstStates(GraphPlan init);
  std::optional<Failure> call(ClientCall& call, const std::string& id, char* into) noexcept;

  const GraphPlan plan_;
  GraphValues values_;
  /// Without a key it is the same for all: made once.
  bool isShared_ = true;
  std::mutex mutex_;
  std::optional<Buffer> shared_;
  std::vector<std::unique_ptr<ClientCall>> idle_;
};

}  // namespace fedc::runtime
