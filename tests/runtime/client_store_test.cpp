#include "runtime/process/client_store.h"
#include "compiler/core/strings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include <fmt/format.h>
#include <unistd.h>

namespace fedc::runtime {
namespace {

using ::testing::HasSubstr;

/// A folder that goes with the test.
class ClientStoreTest : public ::testing::Test {
 protected:
  ClientStoreTest() : folder_(std::filesystem::temp_directory_path() / fmt::format("fedc_store_{}", getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~ClientStoreTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_;
};

constexpr std::int64_t kRecord = 24;

std::string recordOf(int value) {
  std::string out(kRecord, '\0');
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(value * 31 + static_cast<int>(i));
  return out;
}

/// What a client has at first depends on its id alone.
std::string firstOf(const std::string& id) { return recordOf(1000 + static_cast<int>(id.size() * 7 + static_cast<unsigned char>(id.back()))); }

std::optional<Failure> giveFirst(const std::string& id, char* into) {
  std::memcpy(into, firstOf(id).data(), kRecord);
  return std::nullopt;
}

std::unique_ptr<ClientStore> opened(const std::string& file, std::int64_t budget) {
  ClientStore::Options options;
  options.file = file;
  options.layout = "a: f32[6]; ";
  options.budget = budget;
  auto store = ClientStore::open(options, kRecord, giveFirst);
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

std::string valueIn(ClientStore& store, const std::string& id) {
  std::string out(kRecord, '\0');
  const auto failure = store.read(id, out.data());
  EXPECT_FALSE(failure) << failure->data.message;
  return out;
}

void write(ClientStore& store, std::int64_t position, const std::string& id, const std::string& record) {
  const auto failure = store.write(position, id, record.data());
  EXPECT_FALSE(failure) << failure->data.message;
}

/// Rounds over random cohorts, some of which fail, against a map; with a budget for everything, for a few clients, and for none: then new values are
/// rows as well. What was committed last is there again.
TEST_F(ClientStoreTest, IsAMapWhateverFitsInMemory) {
  constexpr int kClients = 60;
  const std::int64_t each = kRecord + ClientStore::kRecordOverhead;
  for (const std::int64_t budget : {1000 * each, 25 * each, 7 * each, std::int64_t{0}}) {
    SCOPED_TRACE(budget / each);
    const std::string file = path(fmt::format("store{}.sqlite", budget));
    std::mt19937 random(1);
    std::map<std::string, std::string> oracle, committed;
    auto store = opened(file, budget);
    ASSERT_NE(store, nullptr);
    int lastCommit = 0;
    for (int round = 1; round <= 60; ++round) {
      std::vector<std::string> cohort;
      for (int c = 0; c < kClients; ++c) {
        if (random() % 4 == 0) cohort.push_back(fmt::format("client{}", c));
      }
      store->begin(static_cast<std::int64_t>(cohort.size()));
      auto after = oracle;
      for (std::size_t p = 0; p < cohort.size(); ++p) {
        const std::string& id = cohort[p];
        ASSERT_EQ(valueIn(*store, id), oracle.contains(id) ? oracle[id] : firstOf(id)) << "round " << round << ", " << id;
        after[id] = recordOf(static_cast<int>(random() % 100));
        write(*store, static_cast<std::int64_t>(p), id, after[id]);
        // A round's new values are not there before it is over.
        ASSERT_EQ(valueIn(*store, id), oracle.contains(id) ? oracle[id] : firstOf(id));
      }
      if (random() % 5 == 0) {
        store->drop();
      } else {
        ASSERT_TRUE(store->keep());
        oracle = std::move(after);
      }
      if (random() % 6 == 0) {
        ASSERT_TRUE(store->commit(round));
        committed = oracle;
        lastCommit = round;
      }
      if (random() % 10 == 0) {
        // Gone without a commit, as if killed.
        store = nullptr;
        EXPECT_EQ(ClientStore::committedRound(file).value(), std::optional(lastCommit));
        store = opened(file, budget);
        oracle = committed;
      }
    }
    ASSERT_GT(lastCommit, 0);
    const auto expectOracle = [&](ClientStore& of) {
      for (int c = 0; c < kClients; ++c) {
        const std::string id = fmt::format("client{}", c);
        EXPECT_EQ(valueIn(of, id), oracle.contains(id) ? oracle[id] : firstOf(id));
      }
    };
    expectOracle(*store);
    // A copy holds the same, in however much memory, and is its own.
    for (const std::int64_t other : {1000 * each, 7 * each}) {
      auto copy = opened("", other);
      ASSERT_TRUE(copy->takeFrom(*store));
      expectOracle(*copy);
      copy->begin(1);
      write(*copy, 0, "client0", recordOf(1000));
      ASSERT_TRUE(copy->keep());
      EXPECT_EQ(valueIn(*copy, "client0"), recordOf(1000));
      expectOracle(*store);
    }
  }
}

TEST_F(ClientStoreTest, AnotherProgramsStatesAreNotTakenOver) {
  auto store = opened("", 0);
  ClientStore::Options options;
  options.layout = "b: f32[6]; ";
  auto other = ClientStore::open(options, kRecord, giveFirst);
  ASSERT_TRUE(other);
  const auto taken = store->takeFrom(**other);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().message, "the client states given are `b: f32[6]; `, the program's are `a: f32[6]; `");
}

/// Rows hold texts: a record that has gone to the file and come back has this process's numbers for them.
TEST_F(ClientStoreTest, StringsAreKeptAsTexts) {
  const auto record = [](std::uint32_t n, std::string_view text) {
    std::string out(kRecord, '\0');
    const core::StringId ids[] = {core::intern(text), core::intern("second of " + std::string(text))};
    std::memcpy(out.data(), &n, 4);
    std::memcpy(out.data() + 8, ids, 8);
    return out;
  };
  const std::string file = path("strings.sqlite");
  const auto open = [&] {
    ClientStore::Options options;
    options.file = file;
    options.layout = "n: i32[]; s: str[2]; ";
    // Too little for a single record: all are rows.
    options.budget = 1;
    options.strings = {{8, 2}};
    return std::move(*ClientStore::open(options, kRecord, [](const std::string&, char* into) {
      std::memset(into, 0, kRecord);
      return std::nullopt;
    }));
  };
  {
    auto store = open();
    store->begin(3);
    write(*store, 0, "a", record(1, "text of a"));
    write(*store, 1, "b", record(2, ""));
    write(*store, 2, "c", record(3, "zoë"));
    ASSERT_TRUE(store->keep());
    ASSERT_TRUE(store->commit(1));
  }
  auto store = open();
  EXPECT_EQ(valueIn(*store, "a"), record(1, "text of a"));
  EXPECT_EQ(valueIn(*store, "b"), record(2, ""));
  EXPECT_EQ(valueIn(*store, "c"), record(3, "zoë"));
  EXPECT_EQ(valueIn(*store, "d"), std::string(kRecord, '\0'));
}

TEST_F(ClientStoreTest, WithoutAFileItIsTheSame) {
  auto store = opened("", 0);
  store->begin(2);
  write(*store, 0, "a", recordOf(1));
  write(*store, 1, "b", recordOf(2));
  ASSERT_TRUE(store->keep());
  EXPECT_EQ(valueIn(*store, "a"), recordOf(1));
  EXPECT_EQ(valueIn(*store, "b"), recordOf(2));
  EXPECT_EQ(valueIn(*store, "c"), firstOf("c"));
}

TEST_F(ClientStoreTest, AFirstValueThatCannotBeMadeIsTheFailure) {
  ClientStore::Options options;
  auto store = ClientStore::open(options, kRecord, [](const std::string&, char*) { return Failure{Failure::Kind::Check, -1, 7, {}}; });
  ASSERT_TRUE(store);
  std::string out(kRecord, '\0');
  const auto failure = (*store)->read("a", out.data());
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->site, 7U);
}

TEST_F(ClientStoreTest, WhatIsNoStoreOfThisProgramIsRefused) {
  const std::string file = path("store.sqlite");
  opened(file, 0);
  ClientStore::Options other;
  other.file = file;
  other.layout = "a: f64[3]; ";
  const auto foreign = ClientStore::open(other, kRecord, giveFirst);
  ASSERT_FALSE(foreign);
  EXPECT_THAT(foreign.error().message, HasSubstr("holds another client state: `1 a: f32[6]; `, the program's is `1 a: f64[3]; `"));

  const std::string text = path("text.sqlite");
  std::ofstream(text) << std::string(5000, 'x');
  other.file = text;
  const auto damaged = ClientStore::open(other, kRecord, giveFirst);
  ASSERT_FALSE(damaged);
  EXPECT_THAT(damaged.error().message, HasSubstr("`" + text + "` is damaged"));
  EXPECT_THAT(ClientStore::committedRound(text).error().message, HasSubstr("is damaged"));

  other.file = path("no/such/folder/store.sqlite");
  const auto nowhere = ClientStore::open(other, kRecord, giveFirst);
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, HasSubstr("cannot open"));
}

TEST_F(ClientStoreTest, ARowOfAnotherLengthIsSaidToBeDamaged) {
  const std::string file = path("store.sqlite");
  {
    auto store = opened(file, 0);
    store->begin(1);
    write(*store, 0, "a", recordOf(1));
    ASSERT_TRUE(store->keep());
    ASSERT_TRUE(store->commit(1));
  }
  {
    auto database = Sqlite::open(file);
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->run("UPDATE client SET state = x'00'"));
  }
  auto store = opened(file, 0);
  std::string out(kRecord, '\0');
  const auto failure = store->read("a", out.data());
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->data.message, HasSubstr("is damaged"));
}

}  // namespace
}  // namespace fedc::runtime
