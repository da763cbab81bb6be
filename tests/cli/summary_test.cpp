#include "tools/fedc/summary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/cli/values.h"
#include "tools/fedc/course.h"

namespace fedc::cli {
namespace {

using tests::leaf;
using tests::number;

runtime::RunSummary twentyRounds() {
  runtime::RunSummary summary;
  summary.rounds = 20;
  summary.totalSeconds = 0.8;
  summary.roundSeconds = 0.02;
  summary.firstRoundSeconds = 0.035;
  summary.compileSeconds = 0.2;
  summary.times.wait = {0.02, 0.03};
  summary.times.train = 0.5;
  summary.times.aggregate = 0.1;
  summary.evaluateSeconds = 0.147;
  summary.metrics = {number("loss", 0.5)};
  summary.eval = {number("accuracy", 0.75)};
  return summary;
}

TEST(Summary, Table) {
  Ending ending;
  ending.wantedRounds = 20;
  ending.down = 31400;
  ending.up = 12;
  ending.saved = "m.npz";
  ending.kept = "runs/a-1";
  EXPECT_EQ(summaryTable(twentyRounds(), ending),
            "rounds     20\n"
            "time       1.00 s in all, 20.0 ms a round (median), 35.0 ms the first\n"
            "spent      compile 200 ms (20 %), data 50.0 ms (5 %), train 500 ms (50 %), aggregate 100 ms (10 %), evaluate 147 ms (15 %)\n"
            "traffic    31.4 kB down and 12 B up, each client of a round\n"
            "metrics    loss 0.5000\n"
            "eval       accuracy 0.7500\n"
            "saved      m.npz\n"
            "kept       runs/a-1\n");
}

TEST(Summary, WhatATableHasShownIsNotRepeated) {
  Ending ending;
  ending.hasTable = true;
  runtime::RunSummary summary = twentyRounds();
  EXPECT_EQ(summaryTable(summary, ending).find("metrics"), std::string::npos);
  summary.metrics.push_back(leaf("counts", core::Elem::I32, {2}, {1, 2}));
  EXPECT_NE(summaryTable(summary, ending).find("metrics    loss 0.5000  counts [1, 2]\n"), std::string::npos);
}

TEST(Summary, HowFarItCameAndWhereItBegan) {
  Ending ending;
  ending.wantedRounds = 30;
  runtime::RunSummary summary = twentyRounds();
  summary.interrupted = true;
  EXPECT_TRUE(summaryTable(summary, ending).starts_with("rounds     20 of 30 (interrupted)\n"));
  summary.interrupted = false;
  ending.begunAfter = 15;
  ending.init = "w.npz";
  const std::string text = summaryTable(summary, ending);
  EXPECT_TRUE(text.starts_with("rounds     20, 5 of them now\n")) << text;
  EXPECT_NE(text.find("start      the weights in w.npz, at round 1\n"), std::string::npos);
}

runtime::RunOutcome outcome() {
  runtime::RunOutcome out;
  out.path = "runs/a-1";
  out.record.settings = {{"--rounds", "20"}, {"--data", "d.h5"}, {"lr", "0.1"}};
  out.record.programHash = "p";
  out.record.dataHash = "d";
  out.record.version = "0.1.0";
  out.rounds = 20;
  out.metrics = {{"loss", 0.5}, {"gone", 1}};
  out.eval = {{"accuracy", 0.75}};
  out.stateHash = "s";
  out.roundSeconds = 0.02;
  return out;
}

TEST(Comparison, OfTheSameRun) {
  EXPECT_EQ(comparisonTable(outcome(), outcome()),
            "before     runs/a-1\n"
            "changed    nothing\n"
            "effect     the same bits, 20.0 ms -> 20.0 ms a round\n");
}

TEST(Comparison, NamesEveryCauseAndItsEffect) {
  runtime::RunOutcome now = outcome();
  now.record.settings = {{"--rounds", "20"}, {"--data", "d.h5"}, {"lr", "0.2"}, {"momentum", "0.9"}};
  now.record.programHash = "q";
  now.record.dataHash = "e";
  now.record.version = "0.2.0";
  now.rounds = 12;
  now.metrics = {{"loss", 0.25}};
  now.eval = {{"accuracy", 0.8125}};
  now.stateHash = "t";
  EXPECT_EQ(comparisonTable(outcome(), now),
            "before     runs/a-1\n"
            "changed    the program, lr 0.1 -> 0.2, momentum none -> 0.9, the bytes of the data, fedc 0.1.0 -> 0.2.0, rounds done 20 -> 12\n"
            "effect     loss 0.5000 -> 0.2500, eval accuracy 0.7500 -> 0.8125, 20.0 ms -> 20.0 ms a round\n");
}

runtime::RoundEvent round(int r, double loss, double counts = 0) {
  runtime::RoundEvent event;
  event.round = r;
  event.metrics = {number("loss", loss), leaf("all", core::Elem::F32, {2}, {0, counts})};
  return event;
}

TEST(Course, TableOfSomeRoundsWithTheEvaluationsBesides) {
  Course course;
  course.round(round(1, 1));
  EXPECT_FALSE(course.hasTable());
  EXPECT_EQ(course.table(80), "");
  for (int r = 2; r <= 11; ++r) course.round(round(r, 1.0 / r));
  runtime::EvalEvent eval;
  eval.round = 10;
  eval.metrics = {number("loss", 0.25)};
  course.eval(eval);
  EXPECT_EQ(course.table(80),
            "round     loss  eval loss\n"
            "    1        1\n"
            "    2   0.5000\n"
            "    5   0.2000\n"
            "   10   0.1000     0.2500\n"
            "   11  0.09091\n");
  EXPECT_EQ(course.table(20),
            "round     loss\n"
            "    1        1\n"
            "    2   0.5000\n"
            "    5   0.2000\n"
            "   10   0.1000\n"
            "   11  0.09091\n"
            "(not shown: eval loss)\n");
}

TEST(Course, CurvesShowFirstAndLast) {
  Course course;
  for (int r = 1; r <= 5; ++r) course.round(round(r, 6 - r));
  EXPECT_EQ(course.curves(true), "loss          5 97520 1\n");
  EXPECT_EQ(course.curves(false), "loss          5 █▇▅▃▁ 1\n");
}

TEST(Course, ACurveIsMadeOfMeans) {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(i);
  EXPECT_EQ(curveText(values, 10, true), "0123456789");
  EXPECT_EQ(curveText({1, 1, 1}, 10, true), "000");
  EXPECT_EQ(curveText({0, std::numeric_limits<double>::infinity(), 9}, 10, true), "0x9");
  EXPECT_EQ(curveText({std::nan("")}, 10, true), "x");
}

}  // namespace
}  // namespace fedc::cli
