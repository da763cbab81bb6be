#include "runtime/graph/slice_table.h"

namespace fedc::runtime {

void SliceTable::clear() {
  // Most graphs have no table, and most rounds leave it empty.
  if (used_.exchange(0, std::memory_order_relaxed) == 0) return;
  for (Shard& shard : shards_) shard.entries.clear();
}

SliceTable::Entry* SliceTable::find(std::uint64_t key, std::int64_t rowBytes) {
  // Neighbouring keys are in different shards.
  constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15;
  Shard& shard = shards_[(key * kSpread) >> 58];
  const std::lock_guard lock(shard.mutex);
  if (const auto found = shard.entries.find(key); found != shard.entries.end()) return found->second.get();
  // What an entry takes besides: itself, its node, its place in the table.
  constexpr std::int64_t kEntryBytes = 128;
  if (used_.fetch_add(rowBytes + kEntryBytes, std::memory_order_relaxed) + rowBytes + kEntryBytes > budget_) {
    used_.fetch_sub(rowBytes + kEntryBytes, std::memory_order_relaxed);
    return nullptr;
  }
  return shard.entries.emplace(key, std::make_unique<Entry>()).first->second.get();
}

}  // namespace fedc::runtime
