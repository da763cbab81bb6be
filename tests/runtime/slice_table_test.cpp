#include "runtime/graph/slice_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

namespace fedc::runtime {
namespace {

TEST(SliceTable, ARowIsMadeOnceHoweverManyAsk) {
  SliceTable table;
  constexpr std::uint64_t kKeys = 300;
  std::vector<std::atomic<int>> made(kKeys);
  std::atomic<int> wrong{0};
  std::vector<std::thread> workers;
  for (std::uint64_t w = 0; w < 4; ++w) {
    workers.emplace_back([&, w] {
      for (std::uint64_t i = 0; i < 4 * kKeys; ++i) {
        const std::uint64_t key = (i * (w + 1)) % kKeys;
        const SliceTable::Row* row = table.row(key, 64, [&](SliceTable::Row& fresh) {
          ++made[key];
          fresh.memory.ensure(64);
          std::memcpy(fresh.memory.data(), &key, sizeof key);
          fresh.failed = static_cast<std::int64_t>(key) + 1;
        });
        std::uint64_t found = 0;
        if (row != nullptr) std::memcpy(&found, row->memory.data(), sizeof found);
        if (row == nullptr || found != key || row->failed != static_cast<std::int64_t>(key) + 1) ++wrong;
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(wrong, 0);
  for (std::uint64_t key = 0; key < kKeys; ++key) EXPECT_LE(made[key], 1) << key;
}

TEST(SliceTable, HasNoRoomBeyondItsBudget) {
  SliceTable table(10 * 1000);
  int made = 0, refused = 0;
  for (std::uint64_t key = 0; key < 20; ++key) {
    if (table.row(key, 1000, [&](SliceTable::Row&) { ++made; }) == nullptr) ++refused;
  }
  // A row takes some bytes besides.
  EXPECT_EQ(made, 8);
  EXPECT_EQ(refused, 12);
  // Those that are there stay.
  EXPECT_NE(table.row(3, 1000, [&](SliceTable::Row&) { ++made; }), nullptr);
  EXPECT_EQ(made, 8);
  table.clear();
  EXPECT_NE(table.row(19, 1000, [&](SliceTable::Row&) { ++made; }), nullptr);
  EXPECT_EQ(made, 9);
}

}  // namespace
}  // namespace fedc::runtime
