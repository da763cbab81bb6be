#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/binary.h"
#include "tests/golden.h"

// `federated_select`: each distinct key's slice is computed once in a round (docs/runtime.md), counted by a native function that the slices call.
namespace fedc::tests {
namespace {

using ::testing::HasSubstr;

constexpr int kClients = 40, kKeys = 3, kRows = 7;

const std::string kCounted = std::string(FEDC_PLUGINS_DIR) + "/counted.so";

/// Keys of 40 clients: 5 of the 7 rows are asked for, some by a client twice.
std::string keys() {
  std::string out;
  for (int c = 0; c < kClients; ++c) out += fmt::format("{}[{},{},{}]", c == 0 ? "" : ",", c % 5, (c / 5) % 5, c % 2);
  return "keys=[" + out + "]";
}

class Selections : public testing::Test {
 protected:
  /// What the run printed, and how many elements it had the native function compute.
  std::pair<std::string, long> run(const std::string& program, const std::vector<std::string>& how) const {
    std::vector<std::string> arguments = {"run",
                                          folder_.write("select.fed", program),
                                          "--plugin",
                                          kCounted,
                                          "--no-cache",
                                          "--arg",
                                          keys(),
                                          "--arg",
                                          "table=[[1,2],[3,4],[5,6],[7,8],[9,10],[11,12],[13,14]]"};
    arguments.insert(arguments.end(), how.begin(), how.end());
    const BinaryResult result = fedc(arguments);
    EXPECT_EQ(result.exitCode, 0) << result.err;
    const std::size_t at = result.err.find("counted: ");
    EXPECT_NE(at, std::string::npos) << result.err;
    return {result.out, at == std::string::npos ? -1 : std::stol(result.err.substr(at + 9))};
  }

  const Folder folder_;
};

constexpr const char* kOneSelection = R"(
native fn counted(x: f32) -> f32 = "counted";
fn main(keys: {i32[3]}@clients, table: f32[7, 2]@server) -> f32[2]@server {
  federated_sum(sum(federated_select(keys, table, |t, i| counted(t[i])), axis = 0))
}
)";

TEST_F(Selections, ASliceIsComputedOnceForEachDistinctKey) {
  // 5 distinct keys, slices of 2 numbers.
  const auto [out, calls] = run(kOneSelection, {"--threads", "1"});
  EXPECT_EQ(calls, 5 * 2);
  for (const std::vector<std::string>& how : {std::vector<std::string>{"--threads", "2"}, {"--threads", "4"}, {"--interpret"}}) {
    const auto [same, count] = run(kOneSelection, how);
    EXPECT_EQ(same, out);
    EXPECT_EQ(count, 5 * 2);
  }
  // On the wire they are made for each message: what is counted there are bytes.
  const auto [sent, asked] = run(kOneSelection, {"--wire"});
  EXPECT_EQ(sent, out);
  EXPECT_EQ(asked, kClients * kKeys * 2);
}

TEST_F(Selections, EachExchangeHasItsOwn) {
  // The second selection is from what the first exchange gave: its slices are others, though the keys are the same.
  const auto [out, calls] = run(R"(
native fn counted(x: f32) -> f32 = "counted";
fn spread(keys: i32[3], rows: f32[3, 2]) -> f32[7, 2] {
  var out: f32[7, 2] = zeros();
  for i in 0..3 { out[keys[i]] += rows[i]; }
  out
}
fn main(keys: {i32[3]}@clients, table: f32[7, 2]@server) -> f32[2]@server {
  let sums = federated_sum(spread(keys, federated_select(keys, table, |t, i| counted(t[i]))));
  federated_sum(sum(federated_select(keys, sums, |t, i| counted(t[i]) + counted(t[i] * 2)), axis = 0))
}
)",
                                {"--threads", "2"});
  EXPECT_EQ(calls, 5 * 2 + 5 * 4) << out;
}

TEST_F(Selections, OfOneKeyTwoSelectionsHaveTwoSlices) {
  const auto [out, calls] = run(R"(
native fn counted(x: f32) -> f32 = "counted";
fn scaled(rows: f32[3, 2], by: f32[3]) -> f32[2] { by @ rows }
fn main(keys: {i32[3]}@clients, table: f32[7, 2]@server) -> f32[2]@server {
  let rows = federated_select(keys, table, |t, i| counted(t[i]));
  let first = federated_select(keys, table, |t, i| counted(t[i, 0]));
  federated_sum(scaled(rows, first))
}
)",
                                {});
  EXPECT_EQ(calls, 5 * 2 + 5) << out;
}

TEST_F(Selections, EachRoundHasItsOwn) {
  // What is selected from is the state, which grows from round to round.
  const std::string program = folder_.write("rounds.fed", R"(
struct Example { x: f32[2], y: f32 }
fn init(k: key@server) -> f32[4]@server { federated_value([1, 2, 3, 4], server) }
fn next(state: f32[4]@server, data: {Example*}@clients, k: key@server) -> (f32[4]@server, f32@server) {
  let rows = federated_select([0, 2, 2], state, |s, i| sqrt(s[i]) * [1, 2]);
  let mean = federated_mean(sum(rows));
  (state + mean, mean)
}
let main = process(init, next);
)");
  const auto run = [&](const std::vector<std::string>& how) {
    std::vector<std::string> arguments = {
        "run", program, "--no-cache", "--no-out", "--json", "--rounds", "3", "--data", "synthetic:clients=4,rows=3,dim=2"};
    arguments.insert(arguments.end(), how.begin(), how.end());
    const BinaryResult result = fedc(arguments);
    EXPECT_EQ(result.exitCode, 0) << result.err;
    std::vector<double> means;
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);) {
      const auto event = nlohmann::json::parse(line);
      if (event.contains("round") && event.contains("metrics")) means.push_back(event["metrics"].begin()->get<double>());
    }
    return means;
  };
  // The mean of the round, then of a state that has grown by it.
  std::vector<double> expected;
  double first = 1, third = 3;
  for (int round = 0; round < 3; ++round) {
    const double mean = 3 * (std::sqrt(first) + 2 * std::sqrt(third));
    expected.push_back(mean);
    first += mean;
    third += mean;
  }
  for (const std::vector<std::string>& how : {std::vector<std::string>{}, {"--interpret"}, {"--wire"}}) {
    const std::vector<double> means = run(how);
    ASSERT_EQ(means.size(), expected.size());
    for (std::size_t i = 0; i < means.size(); ++i) EXPECT_NEAR(means[i], expected[i], 1e-5 * expected[i]);
  }
}

TEST_F(Selections, AFailureInASliceIsTheFailureOfEachClientThatAsks) {
  const std::string program = folder_.write("fails.fed", R"(fn main(keys: {i32[2]}@clients, table: f32[4, 2]@server) -> f32@server {
  federated_sum(sum(federated_select(keys, table, |t, i| exp(t[i]))))
}
)");
  for (const std::vector<std::string>& how : {std::vector<std::string>{}, {"--interpret"}, {"--threads", "1"}, {"--wire"}}) {
    std::vector<std::string> arguments = {
        "run", program, "--no-cache", "--arg", "keys=[[0,1],[2,4],[4,4]]", "--arg", "table=[[1,1],[1,1],[1,1],[1,1]]"};
    arguments.insert(arguments.end(), how.begin(), how.end());
    const BinaryResult result = fedc(arguments);
    EXPECT_EQ(result.exitCode, 1);
    EXPECT_THAT(result.err, HasSubstr("index out of range: the axis has 4"));
    EXPECT_THAT(result.err, HasSubstr("t[i]"));
    // The lowest client that asked for it.
    EXPECT_THAT(result.err, HasSubstr("at client `1`"));
  }
}

}  // namespace
}  // namespace fedc::tests
