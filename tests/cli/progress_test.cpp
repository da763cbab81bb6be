#include "tools/fedc/progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "tests/cli/values.h"

namespace fedc::cli {
namespace {

using tests::number;

runtime::RoundEvent roundEvent(int round, int rounds) {
  runtime::RoundEvent event;
  event.round = round;
  event.rounds = rounds;
  event.metrics = {number("loss", 0.5)};
  return event;
}

/// What a progress writes into a file that is no terminal.
template <class Body>
std::string written(Progress::Mode mode, Body body) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = open_memstream(&text, &size);
  {
    Progress progress(mode, out);
    body(progress);
  }
  std::fclose(out);
  std::string result(text, size);
  std::free(text);
  return result;
}

TEST(Progress, LinesThinOut) {
  std::vector<int> shown;
  for (int round = 1; round <= 1234; ++round) {
    if (hasLine(round, 1234, 0)) shown.push_back(round);
  }
  const std::vector<int> expected = {1,  2,  3,  4,   5,   6,   7,   8,   9,   10,  20,  30,  40,   50,  60,
                                     70, 80, 90, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1234};
  EXPECT_EQ(shown, expected);
}

TEST(Progress, SlowRoundsAllHaveLines) {
  EXPECT_FALSE(hasLine(13, 100, 9.9));
  EXPECT_TRUE(hasLine(13, 100, 10));
}

TEST(Progress, RoundText) {
  EXPECT_EQ(roundText(roundEvent(3, 100), 8.312), "round   3/100  8.31 rounds/s  ETA 11.7 s  loss 0.5000");
  EXPECT_EQ(roundText(roundEvent(100, 100), 8.312), "round 100/100  8.31 rounds/s  loss 0.5000");
  EXPECT_EQ(roundText(roundEvent(1, 2), 0.25), "round 1/2  4.00 s a round  ETA 4.00 s  loss 0.5000");
  EXPECT_EQ(roundText(roundEvent(1, 2), 0), "round 1/2  loss 0.5000");
}

TEST(Progress, EvalText) {
  runtime::EvalEvent event;
  event.round = 5;
  event.clients = 20;
  event.metrics = {number("accuracy", 0.75)};
  EXPECT_EQ(evalText(event, 10), "round  5 evaluated on 20 clients: accuracy 0.7500");
  event.clients = 1;
  EXPECT_EQ(evalText(event, 5), "round 5 evaluated on 1 client: accuracy 0.7500");
}

TEST(Progress, TextIsCutBetweenCharacters) {
  EXPECT_EQ(fitted("abc", 3), "abc");
  EXPECT_EQ(fitted("abcd", 3), "abc");
  EXPECT_EQ(fitted("a\xc3\xa4z", 2), "a\xc3\xa4");
}

TEST(Progress, WholeLinesWhereThereIsNoTerminal) {
  const std::string text = written(Progress::Mode::Lines, [](Progress& progress) {
    runtime::StartEvent start;
    start.rounds = 2;
    progress.start(start);
    progress.round(roundEvent(1, 2));
    progress.round(roundEvent(2, 2));
  });
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(Progress, TheLiveLineGoesAwayAndEvaluationsStay) {
  const std::string text = written(Progress::Mode::Live, [](Progress& progress) {
    runtime::StartEvent start;
    start.rounds = 2;
    progress.start(start);
    progress.round(roundEvent(1, 2));
    runtime::EvalEvent event;
    event.round = 1;
    progress.eval(event);
    progress.round(roundEvent(2, 2));
  });
  EXPECT_TRUE(text.starts_with("\r\x1b[Kround 1/2")) << text;
  EXPECT_NE(text.find("\r\x1b[Kround 1 evaluated"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\r\x1b[K")) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST(Progress, QuietIsQuiet) {
  EXPECT_EQ(written(Progress::Mode::Quiet, [](Progress& progress) { progress.round(roundEvent(1, 1)); }), "");
}

TEST(Progress, ANoteIsALine) {
  EXPECT_EQ(written(Progress::Mode::Lines, [](Progress& progress) { progress.note("so"); }), "so\n");
  EXPECT_EQ(written(Progress::Mode::Quiet, [](Progress& progress) { progress.note("so"); }), "");
}

}  // namespace
}  // namespace fedc::cli
