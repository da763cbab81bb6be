// The strings of a process, and the ops on them with results worked out by hand.

#include "compiler/core/strings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "tests/core/support.h"

namespace fedc::core {
namespace {

using ::testing::ElementsAre;

Array strings(const std::vector<std::string>& texts) {
  Array a(Elem::Str, {static_cast<std::int64_t>(texts.size())});
  for (std::size_t i = 0; i < texts.size(); ++i) a.set(static_cast<std::int64_t>(i), {Elem::Str, intern(texts[i])});
  return a;
}

std::vector<std::string> textsOf(const Array& a) {
  std::vector<std::string> out;
  for (const StringId id : a.as<StringId>()) out.emplace_back(textOf(id));
  return out;
}

TEST(Strings, EqualTextsHaveEqualNumbers) {
  const StringId a = intern("a text");
  EXPECT_EQ(textOf(a), "a text");
  EXPECT_EQ(intern(std::string("a ") + "text"), a);
  EXPECT_NE(intern("a text "), a);
  EXPECT_EQ(intern(""), kEmptyString);
  EXPECT_EQ(textOf(kEmptyString), "");
  EXPECT_EQ(textOf(intern(std::string("with\0zero", 9))).size(), 9u);
}

TEST(Strings, ManyThreadsAgree) {
  constexpr int kThreads = 4, kTexts = 5000;
  std::vector<std::vector<StringId>> ids(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t, &ids] {
      for (int i = 0; i < kTexts; ++i) ids[static_cast<std::size_t>(t)].push_back(intern("shared " + std::to_string((i * 7 + t * 1000) % kTexts)));
    });
  }
  for (std::thread& t : threads) t.join();
  for (int t = 0; t < kThreads; ++t)
    for (int i = 0; i < kTexts; ++i)
      EXPECT_EQ(textOf(ids[static_cast<std::size_t>(t)][static_cast<std::size_t>(i)]), "shared " + std::to_string((i * 7 + t * 1000) % kTexts));
  for (auto& list : ids) std::sort(list.begin(), list.end());
  for (int t = 1; t < kThreads; ++t) EXPECT_EQ(ids[static_cast<std::size_t>(t)], ids[0]);
}

TEST(Strings, WhatIsNone) {
  for (const char* good : {"", "ascii", "zoë", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"})
    EXPECT_EQ(stringProblem(good), std::nullopt) << good;
  EXPECT_EQ(stringProblem(std::string_view("\0", 1)), std::nullopt);
  // Latin-1, an overlong form, a surrogate, beyond the last code point, a sequence that ends early, a lone follower.
  EXPECT_EQ(stringProblem("zo\xeb"), "bytes that are not UTF-8: 0xeb at byte 2");
  for (const char* bad : {"\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5", "a\xc3", "\xe2\x82", "\x80"})
    EXPECT_THAT(stringProblem(bad).value_or(""), ::testing::StartsWith("bytes that are not UTF-8")) << bad;
  EXPECT_EQ(stringProblem(std::string(kMaxStringBytes, 'x')), std::nullopt);
  EXPECT_EQ(stringProblem(std::string(kMaxStringBytes + 1, 'x')), "a string of 65536 bytes; at most 65535 are possible");
}

TEST(Strings, OpsByHand) {
  const Array x = strings({"", "to be, or not", "aaaa", "é,"});
  const auto run = [&](const std::string& statement, const std::string& type) {
    return runText("fn f(N; x: str[N]) -> (" + type + ") {\n  r: " + type + " = " + statement + "\n  return r\n}\n", {4}, {x}).results.at(0);
  };
  EXPECT_THAT(valuesOf<std::int32_t>(run("str_length(x)", "i32[N]")), ElementsAre(0, 13, 4, 3));
  EXPECT_THAT(valuesOf<std::int32_t>(run("str_compare(x, \"aaaa\")", "i32[N]")), ElementsAre(-1, 1, 0, 1));
  EXPECT_THAT(valuesOf<std::uint8_t>(run("eq(x, \"aaaa\")", "bool[N]")), ElementsAre(0, 0, 1, 0));
  EXPECT_THAT(valuesOf<std::int32_t>(run("str_count(x, \",\")", "i32[N]")), ElementsAre(1, 2, 1, 2));
  EXPECT_THAT(valuesOf<std::int32_t>(run("str_count(x, \"aa\")", "i32[N]")), ElementsAre(1, 1, 3, 1));
  EXPECT_THAT(textsOf(run("str_split{extent 3}(x, \",\")", "str[N, 3]")),
              ElementsAre("", "", "", "to be", " or not", "", "aaaa", "", "", "é", "", ""));
  EXPECT_THAT(textsOf(run("str_split{extent 1}(x, \"aa\")", "str[N, 1]")), ElementsAre("", "to be, or not", "", "é,"));
  EXPECT_THAT(valuesOf<std::uint8_t>(run("str_bytes{extent 2}(x)", "u8[N, 2]")), ElementsAre(0, 0, 't', 'o', 'a', 'a', 0xc3, 0xa9));
  EXPECT_THAT(valuesOf<std::uint64_t>(run("str_hash(x, -3i64)", "u64[N]"))[2], hashString("aaaa", -3));
}

TEST(Strings, SortByContent) {
  // Interned in another order than theirs.
  const Array x = strings({"pear", "apple", "fig", "apple pie", "", "Zebra"});
  const InterpretResult out = runText(
      "fn f(N; x: str[N]) -> (str[N], i32[N]) {\n  i: i32[N] = iota{axes 0; dims [N]; elem i32}()\n"
      "  s: str[N], o: i32[N] = sort{axes 0}(x, i)\n  return s, o\n}\n",
      {6}, {x});
  EXPECT_THAT(textsOf(out.results[0]), ElementsAre("", "Zebra", "apple", "apple pie", "fig", "pear"));
  EXPECT_THAT(valuesOf<std::int32_t>(out.results[1]), ElementsAre(4, 5, 1, 3, 2, 0));
}

}  // namespace
}  // namespace fedc::core
