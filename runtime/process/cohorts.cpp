#include "runtime/process/cohorts.h"

#include <numeric>

namespace fedc::runtime {

Cohorts::Cohorts(std::uint64_t seed, std::uint32_t clients, std::optional<std::uint32_t> size)
    : key_(foldIn(seedKey(seed), 1)), clients_(clients), size_(size.value_or(clients)) {
  if (size) return;
  auto everyone = std::make_shared<std::vector<std::uint32_t>>(clients);
  std::iota(everyone->begin(), everyone->end(), 0);
  everyone_ = std::move(everyone);
}

Cohorts::Members Cohorts::of(int round) {
  if (everyone_ != nullptr) return everyone_;
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = drawn_.find(round); at != drawn_.end()) return at->second;
  }
  auto drawn =
      std::make_shared<const std::vector<std::uint32_t>>(permutationPrefix(foldIn(key_, static_cast<std::uint32_t>(round)), clients_, size_));
  const std::lock_guard lock(mutex_);
  return drawn_.emplace(round, std::move(drawn)).first->second;
}

void Cohorts::forgetBefore(int round) {
  const std::lock_guard lock(mutex_);
  drawn_.erase(drawn_.begin(), drawn_.lower_bound(round));
}

}  // namespace fedc::runtime
