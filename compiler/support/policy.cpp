#include "compiler/support/policy.h"

#include <algorithm>
#include <array>

namespace fedc {

namespace {

constexpr std::array<std::string_view, 3> kNames = {"aggregate_only", "secure", "no_client_state"};

}  // namespace

std::string_view policyName(Policy policy) { return kNames[static_cast<std::size_t>(policy)]; }

std::vector<std::string> policyNames() { return {kNames.begin(), kNames.end()}; }

std::optional<Policy> policyFromName(std::string_view name) {
  std::string written(name);
  std::replace(written.begin(), written.end(), '-', '_');
  const auto* found = std::find(kNames.begin(), kNames.end(), written);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Policy>(found - kNames.begin());
}

}  // namespace fedc
