#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "runtime/value/random.h"

namespace fedc::runtime {

/// The cohort of round r: the first `size` entries of permutation(fold_in(fold_in(root, 1), r), clients), or every client in order.
/// Uniform without replacement, a function of seed, round and sizes. Thread-safe: readers look ahead of the rounds.
class Cohorts {
 public:
  using Members = std::shared_ptr<const std::vector<std::uint32_t>>;

  /// `size`: nothing for all clients; at most `clients`.
  Cohorts(std::uint64_t seed, std::uint32_t clients, std::optional<std::uint32_t> size);
  std::uint32_t size() const { return size_; }
  Members of(int round);
  /// Rounds below this one will not be asked for any more.
  void forgetBefore(int round);

 private:
  const Key key_;
  const std::uint32_t clients_;
  const std::uint32_t size_;
  Members everyone_;
  std::mutex mutex_;
  std::map<int, Members> drawn_;
};

}  // namespace fedc::runtime
