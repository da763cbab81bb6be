#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>

#include "runtime/data/loader.h"
#include "support.h"

namespace fedc::runtime {
namespace {

/// Clients of `bytes` each, whose data is their number; counts how often each is read.
class CountingSource final : public ClientSource {
 public:
  CountingSource(int clients, std::int64_t bytes) : reads(static_cast<std::size_t>(clients)), bytes_(bytes) {
    for (int i = 0; i < clients; ++i) ids_.push_back("c" + std::to_string(100000 + i));
  }
  std::size_t size() const override { return ids_.size(); }
  std::string id(std::size_t client) const override { return ids_[client]; }
  Expected<ClientColumns, DataError> read(std::size_t client) override {
    ++reads[client];
    if (gate != nullptr) gate->acquire();
    if (client == failing) return tl::unexpected(DataError{"no", {}, {}});
    auto number = std::make_shared<std::size_t>(client);
    ++alive;
    ClientColumns out;
    out.rows = 1;
    out.columns = {number.get()};
    out.owner = std::shared_ptr<const void>(number.get(), [number, this](const void*) { --alive; });
    out.bytes = bytes_;
    return out;
  }
  std::vector<std::atomic<int>> reads;
  std::atomic<int> alive = 0;
  std::size_t failing = ~std::size_t{0};
  std::counting_semaphore<>* gate = nullptr;
  bool generated = false;
  bool isGenerated() const override { return generated; }
  int total() const {
    int sum = 0;
    for (const auto& n : reads) sum += n;
    return sum;
  }

 private:
  std::vector<std::string> ids_;
  std::int64_t bytes_;
};

struct Plain final : Loader::Request {
  std::binary_semaphore there{0};
  void ready() noexcept override { there.release(); }
};

std::size_t numberOf(const Loader::Request& request) { return *static_cast<const std::size_t*>(request.data()->columns[0]); }

void use(Loader& loader, Loader::SourceId source, std::uint32_t client) {
  Plain request;
  loader.wait({source, client}, request);
  EXPECT_EQ(numberOf(request), client);
  loader.release(request);
}

TEST(Loader, KeepsWhatFitsAndEvictsTheLeastRecentlyUsed) {
  auto source = std::make_shared<CountingSource>(4, 100);
  Loader loader({300, 1});
  const auto id = loader.add(source);
  for (const std::uint32_t client : {0u, 1u, 2u, 0u, 3u}) use(loader, id, client);
  // 3 pushed 1 out: 0 was used after it.
  EXPECT_EQ(loader.statistics().cachedBytes, 300);
  EXPECT_EQ(loader.statistics().evictions, 1u);
  for (const std::uint32_t client : {0u, 2u, 3u}) use(loader, id, client);
  EXPECT_EQ(source->total(), 4);
  use(loader, id, 1);
  EXPECT_EQ(source->reads[1], 2);
  EXPECT_EQ(source->alive, 3);
}

TEST(Loader, GeneratedClientsHaveASmallBudgetOfTheirOwn) {
  constexpr std::int64_t kMiB = std::int64_t{1} << 20;
  auto made = std::make_shared<CountingSource>(40, 2 * kMiB), file = std::make_shared<CountingSource>(3, 100 * kMiB);
  made->generated = true;
  Loader loader({1000 * kMiB, 1});
  const auto makes = loader.add(made), reads = loader.add(file);
  for (std::uint32_t c = 0; c < 3; ++c) use(loader, reads, c);
  for (std::uint32_t c = 0; c < 40; ++c) use(loader, makes, c);
  EXPECT_EQ(made->alive, 16) << "32 MiB";
  EXPECT_EQ(file->alive, 3) << "files are not pushed out by them";
  EXPECT_EQ(loader.statistics().cachedBytes, 332 * kMiB);
  // The last sixteen are there still.
  for (std::uint32_t c = 24; c < 40; ++c) use(loader, makes, c);
  EXPECT_EQ(made->total(), 40);
  // The window of what is made ahead goes as far.
  loader.plan([makes, done = false](std::vector<Loader::Use>& uses) mutable {
    if (std::exchange(done, true)) return false;
    for (std::uint32_t c = 0; c < 20; ++c) uses.push_back({makes, c, 1});
    return true;
  });
  while (made->total() < 56) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_LE(made->total(), 57);
  EXPECT_LE(made->alive, 17);
}

TEST(Loader, WhatIsInUseStays) {
  auto source = std::make_shared<CountingSource>(8, 100);
  Loader loader({100, 2});
  const auto id = loader.add(source);
  std::vector<std::unique_ptr<Plain>> held;
  for (std::uint32_t c = 0; c < 4; ++c) {
    held.push_back(std::make_unique<Plain>());
    loader.wait({id, c}, *held.back());
  }
  EXPECT_EQ(loader.statistics().cachedBytes, 400);
  for (std::uint32_t c = 0; c < 4; ++c) EXPECT_EQ(numberOf(*held[c]), c);
  for (auto& request : held) loader.release(*request);
  EXPECT_EQ(loader.statistics().cachedBytes, 100);
  EXPECT_EQ(source->alive, 1);
}

TEST(Loader, WhatIsTakenUpAgainStaysToo) {
  auto source = std::make_shared<CountingSource>(3, 100);
  Loader loader({200, 1});
  const auto id = loader.add(source);
  for (const std::uint32_t client : {0u, 1u}) use(loader, id, client);
  // The longest unused, and in use again: 1 has to go for 2.
  Plain held;
  ASSERT_TRUE(loader.request({id, 0}, held));
  use(loader, id, 2);
  ASSERT_NE(held.data(), nullptr);
  EXPECT_EQ(numberOf(held), 0u);
  loader.release(held);
  use(loader, id, 0);
  EXPECT_EQ(source->reads[0], 1);
}

TEST(Loader, ColdIsTheFirstReadOnly) {
  auto source = std::make_shared<CountingSource>(2, 100);
  Loader loader({0, 1});
  const auto id = loader.add(source);
  for (int repeat = 0; repeat < 2; ++repeat) {
    Plain request;
    loader.wait({id, 0}, request);
    EXPECT_EQ(request.cold(), repeat == 0);
    loader.release(request);
  }
  EXPECT_EQ(source->reads[0], 2);
}

TEST(Loader, ReadsAheadInOrderWithinTheBudget) {
  auto source = std::make_shared<CountingSource>(100, 100);
  Loader loader({1000, 1});
  const auto id = loader.add(source);
  int piece = 0;
  loader.plan([&piece, id](std::vector<Loader::Use>& uses) {
    if (piece == 10) return false;
    for (std::uint32_t i = 0; i < 10; ++i) uses.push_back({id, static_cast<std::uint32_t>(99 - (piece * 10 + static_cast<int>(i)))});
    ++piece;
    return true;
  });
  // Up to the budget, and no further, until something is used.
  while (source->total() < 10) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_LE(source->total(), 11);
  for (std::uint32_t i = 0; i < 10; ++i) EXPECT_EQ(source->reads[99 - i], 1);
  for (std::uint32_t i = 0; i < 100; ++i) use(loader, id, 99 - i);
  // Nothing was read twice: what is planned is not evicted.
  EXPECT_EQ(source->total(), 100);
  EXPECT_LE(loader.statistics().cachedBytes, 1000);
}

TEST(Loader, APlanThatComesTooLateProtectsNothing) {
  auto source = std::make_shared<CountingSource>(4, 100);
  Loader loader({200, 1});
  const auto id = loader.add(source);
  for (std::uint32_t c = 0; c < 2; ++c) {
    Plain request;
    loader.wait({id, c, 5}, request);
    loader.release(request);
  }
  std::binary_semaphore planned(0);
  loader.plan([&, piece = 0](std::vector<Loader::Use>& uses) mutable {
    if (piece++ == 0) {
      uses = {{id, 0, 4}, {id, 1, 5}};
      return true;
    }
    planned.release();
    return false;
  });
  planned.acquire();
  // Both were used in step 5: they go when others come.
  for (std::uint32_t c = 2; c < 4; ++c) {
    Plain request;
    loader.wait({id, c, 6}, request);
    loader.release(request);
  }
  EXPECT_EQ(source->alive, 2);
  EXPECT_EQ(loader.statistics().cachedBytes, 200);
}

TEST(Loader, SeveralRequestsOfOneStepAreOneUse) {
  auto source = std::make_shared<CountingSource>(3, 100);
  Loader loader({200, 1});
  const auto id = loader.add(source);
  std::binary_semaphore planned(0);
  loader.plan([&, piece = 0](std::vector<Loader::Use>& uses) mutable {
    if (piece++ == 0) {
      uses = {{id, 0, 1}, {id, 0, 2}};
      return true;
    }
    planned.release();
    return false;
  });
  planned.acquire();
  for (int phase = 0; phase < 3; ++phase) {
    Plain request;
    loader.wait({id, 0, 1}, request);
    loader.release(request);
  }
  // Client 0 is planned for step 2: the others have to go.
  for (std::uint32_t c = 1; c < 3; ++c) {
    Plain request;
    loader.wait({id, c, 1}, request);
    loader.release(request);
  }
  Plain request;
  EXPECT_TRUE(loader.request({id, 0, 2}, request));
  loader.release(request);
  EXPECT_EQ(source->reads[0], 1);
}

TEST(Loader, DemandGoesBeforeReadAhead) {
  auto source = std::make_shared<CountingSource>(100, 1);
  std::counting_semaphore<> gate(0);
  source->gate = &gate;
  Loader loader({1000, 1});
  const auto id = loader.add(source);
  loader.plan([id, done = false](std::vector<Loader::Use>& uses) mutable {
    if (std::exchange(done, true)) return false;
    for (std::uint32_t i = 0; i < 50; ++i) uses.push_back({id, i});
    return true;
  });
  while (source->total() < 1) std::this_thread::yield();
  Plain request;
  ASSERT_FALSE(loader.request({id, 77}, request));
  gate.release(2);
  request.there.acquire();
  EXPECT_EQ(source->total() - source->reads[77], 1 + (source->total() > 2 ? 1 : 0));
  gate.release(1000);
  loader.release(request);
}

TEST(Loader, AnErrorReachesEveryoneWhoWaits) {
  auto source = std::make_shared<CountingSource>(3, 100);
  source->failing = 1;
  std::counting_semaphore<> gate(0);
  source->gate = &gate;
  Loader loader({1000, 2});
  const auto id = loader.add(source);
  Plain a, b, c;
  ASSERT_FALSE(loader.request({id, 1}, a));
  ASSERT_FALSE(loader.request({id, 1}, b));
  gate.release(10);
  a.there.acquire();
  b.there.acquire();
  ASSERT_TRUE(loader.request({id, 1}, c));
  for (Plain* request : {&a, &b, &c}) {
    EXPECT_EQ(request->data(), nullptr);
    EXPECT_EQ(request->error().message, "no");
    loader.release(*request);
  }
  EXPECT_EQ(source->reads[1], 1);
}

TEST(Loader, ManyThreadsAtOnce) {
  auto source = std::make_shared<CountingSource>(50, 10);
  Loader loader({200, 3});
  const auto id = loader.add(source);
  loader.plan([id, round = 0](std::vector<Loader::Use>& uses) mutable {
    if (++round > 20) return false;
    for (std::uint32_t i = 0; i < 50; i += 3) uses.push_back({id, i});
    return true;
  });
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < 2000; ++i) use(loader, id, (i * 7 + t * 13) % 50);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace fedc::runtime
