#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tests/random/choices.h"

namespace fedc::random {

/// A whole program with all that a run of it needs.
struct Program {
  std::string source;
  /// Clients, features, rows; as `writeFederation` takes them.
  std::optional<nlohmann::ordered_json> data, evalData;
  int rounds = 1;
  std::optional<std::int64_t> clientsPerRound;
  std::uint64_t seed = 0;
  /// `-p` and `--arg`.
  std::map<std::string, std::string> params, arguments;

  /// As a file of tests/programs, but for its expectations.
  std::string file() const;
};

/// A well-typed program. What it computes may fail at run time (an index out of range, a division by zero), it may not be refused.
Program makeProgram(Choices& choices);

}  // namespace fedc::random
