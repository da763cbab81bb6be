#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/graph/values.h"

namespace fedc::runtime {

/// What clients keep from round to round, as a graph's run meets it: a record a client (`GraphPlan::state`).
class ClientStates {
 public:
  virtual ~ClientStates() = default;
  /// The client's record, as the run finds it. Thread-safe. The failure has no position.
  virtual std::optional<Failure> read(const std::string& id, char* into) noexcept = 0;
  /// What the client at this position will keep if the run succeeds: once for each position. Thread-safe.
  virtual std::optional<Failure> write(std::int64_t position, const std::string& id, const char* from) noexcept = 0;
};

}  // namespace fedc::runtime
