#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "runtime/value/buffer.h"

namespace fedc::runtime {

/// The slices of one `federated_select` in one round, by key: each is made once, by whichever client's worker asks first; others wait for it.
/// Thread-safe, but for `clear`.
class SliceTable {
 public:
  /// One key's row of every slice, and the lowest check that failed while it was made (CallArgs::kNoFailure: none).
  struct Row {
    Buffer memory;
    std::int64_t failed = 0;
  };

  /// Rows take at most `bytes` of memory; a key beyond that has no row, and is made at each client that asks for it.
  explicit SliceTable(std::int64_t bytes = kMostBytes) : budget_(bytes) {}

  /// Forgets all rows: the server's value is another one.
  void clear();

  /// The key's row, which `make(Row&)` fills if nobody has yet; null if there is no room for it. `rowBytes` is what a row takes.
  template <class Make>
  const Row* row(std::uint64_t key, std::int64_t rowBytes, const Make& make) {
    Entry* const entry = find(key, rowBytes);
    if (entry == nullptr) return nullptr;
    std::call_once(entry->made, [&] { make(entry->row); });
    return &entry->row;
  }

  static constexpr std::int64_t kMostBytes = std::int64_t{1} << 30;

 private:
  struct Entry {
    std::once_flag made;
    Row row;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::uint64_t, std::unique_ptr<Entry>> entries;
  };
  /// The key's entry, new or not.
  Entry* find(std::uint64_t key, std::int64_t rowBytes);

  const std::int64_t budget_;
  std::atomic<std::int64_t> used_{0};
  std::array<Shard, 64> shards_;
};

}  // namespace fedc::runtime
