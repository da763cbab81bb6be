#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fedc {

/// Damerau-Levenshtein distance (optimal string alignment) in bytes: insertions, deletions, substitutions, swaps of neighbours.
std::size_t editDistance(std::string_view a, std::string_view b);

/// The candidate that the user most likely meant by `name`: at most a third of the longer name wrong (at least one letter), or equal
/// but for case or underscores. Ties go to the earlier candidate. None when nothing is near.
std::optional<std::string> suggest(std::string_view name, std::span<const std::string> candidates);

}  // namespace fedc
