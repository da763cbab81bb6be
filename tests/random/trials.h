#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/random/judge.h"

namespace fedc::random {

/// A program that went wrong, as small as it could be made.
struct Finding {
  std::uint64_t seed = 0;
  std::string kind;
  std::string report;
  Program program;
};

struct Trials {
  std::vector<Finding> findings;
  /// Outcomes, comparisons, programs.
  std::map<std::string, std::int64_t> counts;
};

struct TrialOptions {
  std::uint64_t first = 1;
  std::uint64_t count = 1;
  /// Goes on behind a finding; each kind is shrunk and reported once.
  bool keepGoing = false;
  int shrinkAttempts = 250;
};

/// Makes and judges the programs of consecutive seeds in processes of their own, so that one that crashes or hangs is a finding like the others.
Trials tryPrograms(const TrialOptions& options);

/// For people: the program, what is wrong, how to see it again.
std::string text(const Finding& finding);

}  // namespace fedc::random
