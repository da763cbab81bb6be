#include "tools/fedc/json_values.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/cli/values.h"

namespace fedc::cli {
namespace {

using nlohmann::json;
using tests::leaf;
using tests::number;

/// A line is one object and one line break.
json read(const std::string& line) {
  EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
  return json::parse(line);
}

TEST(JsonLines, Start) {
  runtime::StartEvent event;
  event.rounds = 20;
  event.clients = 60;
  event.clientsPerRound = 10;
  event.evalClients = 20;
  event.threads = 2;
  event.compileSeconds = 0.25;
  EXPECT_EQ(read(startLine("a.fed", 7, event)),
            json::parse(R"({"event": "start", "program": "a.fed", "rounds": 20, "clients": 60, "clients_per_round": 10,
      "eval_clients": 20, "threads": 2, "seed": 7, "compile_s": 0.25})"));
}

TEST(JsonLines, Round) {
  runtime::RoundEvent event;
  event.round = 3;
  event.rounds = 20;
  event.clients = 10;
  event.seconds = 0.5;
  event.metrics = {number("loss", 0.1), leaf("counts", core::Elem::I32, {2, 2}, {1, 2, 3, 4})};
  const std::string line = roundLine(event);
  EXPECT_EQ(read(line), json::parse(R"({"event": "round", "round": 3, "rounds": 20, "clients": 10, "seconds": 0.5,
      "metrics": {"loss": 0.1, "counts": [[1, 2], [3, 4]]}})"));
  // The shortest text of the f32, not of the double behind it.
  EXPECT_NE(line.find("\"loss\":0.1,"), std::string::npos) << line;
}

TEST(JsonLines, FloatsReadBackToTheSameBits) {
  for (const float value : {0.1f, 1.0f / 3, 3.4028235e38f, 1.1754944e-38f, 1e-45f, -16777217.0f, 123456.789f}) {
    runtime::RoundEvent event;
    event.metrics = {number("x", value)};
    const float back = static_cast<float>(read(roundLine(event))["metrics"]["x"].get<double>());
    EXPECT_EQ(back, value);
  }
}

TEST(JsonLines, WhatIsNotFiniteIsNullAndListed) {
  runtime::EvalEvent event;
  event.round = 1;
  event.metrics = {number("loss", std::nan("")), leaf("w", core::Elem::F64, {2, 2}, {1, INFINITY, -INFINITY, 4})};
  const json object = read(evalLine(event));
  EXPECT_EQ(object["metrics"], json::parse(R"({"loss": null, "w": [[1.0, null], [null, 4.0]]})"));
  EXPECT_EQ(object["non_finite"], json::parse(R"([{"at": "metrics.loss", "is": "nan"}, {"at": "metrics.w[0][1]", "is": "inf"},
      {"at": "metrics.w[1][0]", "is": "-inf"}])"));
}

TEST(JsonLines, NothingIsListedWhenAllIsFinite) {
  runtime::EvalEvent event;
  event.metrics = {number("loss", 1)};
  EXPECT_FALSE(read(evalLine(event)).contains("non_finite"));
}

TEST(JsonLines, Summary) {
  runtime::RunSummary summary;
  summary.rounds = 5;
  summary.interrupted = true;
  summary.roundSeconds = 0.5;
  summary.firstRoundSeconds = 0.75;
  summary.totalSeconds = 3;
  summary.compileSeconds = 0.25;
  summary.dataWait = {0.5, 0.25};
  summary.metrics = {number("loss", 2)};
  summary.eval = {number("accuracy", 0.5)};
  EXPECT_EQ(read(summaryLine(summary, "runs/a-1")),
            json::parse(R"({"event": "summary", "rounds": 5, "interrupted": true, "round_s": 0.5, "first_round_s": 0.75,
      "total_s": 3.0, "compile_s": 0.25, "data_wait_s": 0.75, "data_wait_cold_s": 0.5, "data_wait_warm_s": 0.25,
      "train_s": 0.0, "aggregate_s": 0.0, "evaluate_s": 0.0, "directory": "runs/a-1",
      "metrics": {"loss": 2.0}, "eval": {"accuracy": 0.5}})"));
}

TEST(Result, OneLeafIsItself) {
  EXPECT_EQ(resultLine({number("value", 0.1)}, true), "0.1\n");
  EXPECT_EQ(resultLine({leaf("value", core::Elem::I32, {2}, {1, 2})}, true), "[1,2]\n");
  EXPECT_EQ(resultLine({leaf("value", core::Elem::Bool, {}, {1})}, true), "true\n");
}

TEST(Result, AStructWithOneFieldStaysAnObject) { EXPECT_EQ(read(resultLine({number("value", 2)}, false)), json::parse(R"({"value": 2.0})")); }

TEST(Result, PathsAreATree) {
  EXPECT_EQ(read(resultLine({number("model.w", 1), number("model.b", 2), number("n", 3)}, false)),
            json::parse(R"({"model": {"w": 1.0, "b": 2.0}, "n": 3.0})"));
}

TEST(Result, TuplesAreArrays) {
  EXPECT_EQ(read(resultLine({number("0.w", 1), number("0.b", 2), number("1", 3)}, false)), json::parse(R"([{"w": 1.0, "b": 2.0}, 3.0])"));
  std::vector<runtime::NamedArray> twelve;
  for (int i = 0; i < 12; ++i) twelve.push_back(number(std::to_string(i), i));
  EXPECT_EQ(read(resultLine(twelve, false)), json::parse("[0.0,1.0,2.0,3.0,4.0,5.0,6.0,7.0,8.0,9.0,10.0,11.0]"));
}

TEST(Result, NothingIsAnEmptyObject) { EXPECT_EQ(resultLine({}, false), "{}\n"); }

TEST(Result, NotFiniteIsText) {
  EXPECT_EQ(resultLine({leaf("value", core::Elem::F32, {3}, {std::nan(""), INFINITY, -INFINITY})}, true), "[\"nan\",\"inf\",\"-inf\"]\n");
  // The fewest digits that give a number back; a whole float has a point.
  EXPECT_EQ(resultLine({leaf("value", core::Elem::F32, {4}, {0.039999995F, 1, -0.0, 1e30})}, true), "[0.039999995,1.0,-0.0,1e+30]\n");
  EXPECT_EQ(resultLine({leaf("value", core::Elem::F64, {3}, {0.1, 5e-324, 1.7976931348623157e308})}, true), "[0.1,5e-324,1.7976931348623157e+308]\n");
}

}  // namespace
}  // namespace fedc::cli
