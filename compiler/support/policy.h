#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fedc {

/// What a program may promise about its clients' values (docs/policy.md).
enum class Policy : std::uint8_t { AggregateOnly, Secure, NoClientState };
using Policies = std::set<Policy>;

/// How few clients a round may have under `aggregate_only`, if nobody says otherwise.
inline constexpr std::int64_t kMinClients = 10;

/// As programs write it: `aggregate_only`.
std::string_view policyName(Policy policy);
/// In the order of the enumeration.
std::vector<std::string> policyNames();
/// By its name; `aggregate-only` is the same as `aggregate_only`.
std::optional<Policy> policyFromName(std::string_view name);

}  // namespace fedc
