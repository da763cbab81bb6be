#include "compiler/support/suggest.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace fedc {
namespace {

constexpr std::size_t kLongest = 200;

/// Lower case, without underscores: `batchSize` and `batch_size` are the same word.
std::string plain(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if (c != '_') result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

}  // namespace

std::size_t editDistance(std::string_view a, std::string_view b) {
  // Three rows of the table of distances between prefixes: `before` is two up, for swaps.
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::optional<std::string> suggest(std::string_view name, std::span<const std::string> candidates) {
  const std::string wanted = plain(name);
  const std::string* best = nullptr;
  std::size_t bestDistance = 0;
  for (const std::string& candidate : candidates) {
    if (candidate == name) continue;
    const bool isSameWord = !wanted.empty() && plain(candidate) == wanted;
    const std::size_t longer = std::max(name.size(), candidate.size()), shorter = std::min(name.size(), candidate.size());
    // The difference in length alone is too much, or the table of distances would be: nobody misspells a name of a page.
    if (!isSameWord && (longer - shorter > std::max<std::size_t>(longer / 3, 1) || longer > kLongest)) continue;
    const std::size_t distance = isSameWord ? 0 : editDistance(name, candidate);
    // One letter of a one-letter name is all of it: `x` is no misspelt `y`.
    if (distance > std::max<std::size_t>(longer / 3, 1) || distance >= longer) continue;
    if (best == nullptr || distance < bestDistance) {
      best = &candidate;
      bestDistance = distance;
    }
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

}  // namespace fedc
