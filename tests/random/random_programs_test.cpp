#include <gtest/gtest.h>

#include <cstdlib>

#include <fmt/format.h>

#include "tests/random/trials.h"

namespace fedc::random {
namespace {

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

constexpr std::uint64_t kCases = 10;

/// The usual programs, dealt to cases that run side by side. FEDC_RANDOM_SEED and FEDC_RANDOM_COUNT choose others, FEDC_RANDOM_ALL=1 goes on behind
/// a finding, FEDC_RANDOM_SHRINK says how many smaller programs are tried.
class Programs : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Programs, MeanTheSameAtEveryStage) {
  const std::uint64_t count = number("FEDC_RANDOM_COUNT", 2000), each = (count + kCases - 1) / kCases;
  TrialOptions options;
  options.first = number("FEDC_RANDOM_SEED", 1) + GetParam() * each;
  options.count = GetParam() * each < count ? std::min(each, count - GetParam() * each) : 0;
  options.keepGoing = number("FEDC_RANDOM_ALL", 0) != 0;
  options.shrinkAttempts = static_cast<int>(number("FEDC_RANDOM_SHRINK", 1000));
  const Trials trials = tryPrograms(options);
  for (const auto& [what, n] : trials.counts) RecordProperty(what, std::to_string(n));
  std::string counts;
  for (const auto& [what, n] : trials.counts) counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", n, what);
  if (!counts.empty()) fmt::print("{}\n", counts);
  for (const Finding& f : trials.findings) ADD_FAILURE() << text(f);
}

INSTANTIATE_TEST_SUITE_P(Random, Programs, ::testing::Range<std::uint64_t>(0, kCases));

}  // namespace
}  // namespace fedc::random
