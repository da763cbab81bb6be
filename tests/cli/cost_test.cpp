#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/binary.h"
#include "tests/golden.h"

// `fedc cost`: bytes worked out by hand, and the same as `fedc run --wire` counts.
namespace fedc::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

const std::string kExamples = std::string(FEDC_SOURCE_DIR) + "/examples/";

json costOf(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "cost");
  arguments.emplace_back("--json");
  const BinaryResult result = fedc(arguments);
  EXPECT_EQ(result.exitCode, 0) << result.err;
  return result.exitCode == 0 ? json::parse(result.out) : json::object();
}

const json& entryOf(const json& cost, const std::string& name) {
  static const json none = json::object();
  for (const json& entry : cost.at("entries"))
    if (entry.at("entry") == name) return entry;
  ADD_FAILURE() << "no entry " << name;
  return none;
}

/// What `--wire` counted, by the last line of `--json`.
json wireOf(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "run");
  arguments.insert(arguments.end(), {"--wire", "--json", "--no-out"});
  const BinaryResult result = fedc(arguments);
  EXPECT_EQ(result.exitCode, 0) << result.err;
  if (result.exitCode != 0) return json::array();
  const std::size_t last = result.out.find_last_of('\n', result.out.size() - 2);
  return json::parse(result.out.substr(last == std::string::npos ? 0 : last + 1)).at("wire");
}

/// Bytes of each exchange, down and up, in the order of `entry`'s exchanges.
using Bytes = std::vector<std::pair<std::int64_t, std::int64_t>>;
Bytes bytesOf(const json& entry) {
  Bytes out;
  for (const json& e : entry.at("exchanges")) out.emplace_back(e.at("down").at("value"), e.at("up").at("value"));
  return out;
}

void expectWire(const json& wire, const std::string& entry, const Bytes& bytes, std::int64_t clients) {
  Bytes found;
  for (const json& w : wire) {
    if (w.at("entry") != entry) continue;
    EXPECT_EQ(w.at("clients"), clients);
    const std::int64_t down = w.at("down"), up = w.at("up");
    EXPECT_EQ(down % clients, 0);
    EXPECT_EQ(up % clients, 0);
    found.emplace_back(down / clients, up / clients);
  }
  EXPECT_EQ(found, bytes);
}

TEST(Cost, Digits) {
  constexpr std::int64_t kModel = 784 * 10 * 4 + 10 * 4, kKey = 8;
  // The update with its weight; the metrics' sums, loss and accuracy; the number of examples.
  const Bytes next = {{kModel + kKey, kModel + 4 + 2 * 4 + 4}};
  const Bytes evaluate = {{kModel, 2 * 4 + 4}};
  const json cost = costOf({kExamples + "digits_softmax.fed"});
  EXPECT_EQ(bytesOf(entryOf(cost, "next")), next);
  EXPECT_EQ(bytesOf(entryOf(cost, "evaluate")), evaluate);
  EXPECT_TRUE(entryOf(cost, "init").at("exchanges").empty());
  const json wire = wireOf({kExamples + "digits_softmax.fed", "--rounds", "3", "--eval-every", "0"});
  expectWire(wire, "next", next, 3 * 10);
  expectWire(wire, "evaluate", evaluate, entryOf(cost, "evaluate").at("clients"));
  // Forward, backward and metrics take at least three products of 784 x 10, two operations each, for each example.
  const json& flops = entryOf(cost, "next").at("flops");
  EXPECT_GT(flops.at("least").get<std::int64_t>(), 83 * 3 * 2 * 784 * 10);
  EXPECT_EQ(entryOf(cost, "next").at("cohort"), 10);
  // A client holds at least its images, the model, and the sum.
  EXPECT_GT(entryOf(cost, "next").at("memory").at("greatest").get<std::int64_t>(), 130 * 784 * 4 + 2 * kModel);
}

TEST(Cost, WireGivesTheSameStates) {
  const Folder folder;
  for (const std::string program : {"digits_softmax.fed", "digits_mlp.fed"}) {
    const std::string plain = folder.path("plain.npz"), wire = folder.path("wire.npz");
    const std::vector<std::string> run = {"run", kExamples + program, "--rounds", "3", "--no-out"};
    const auto with = [&](std::vector<std::string> more) {
      std::vector<std::string> all = run;
      all.insert(all.end(), more.begin(), more.end());
      const BinaryResult result = fedc(all);
      EXPECT_EQ(result.exitCode, 0) << result.err;
      return result;
    };
    with({"--save", plain});
    const BinaryResult result = with({"--save", wire, "--wire"});
    EXPECT_EQ(readFile(plain), readFile(wire)) << program;
    EXPECT_THAT(result.out, HasSubstr("wire       next, exchange 1: "));
  }
}

const std::string kExample = "struct Example { x: f32 }\n";

/// Costs of `main`, worked out by hand; programs in tests/programs are run with `--wire`.
void expectBytes(const std::string& program, const Bytes& bytes) {
  const Folder folder;
  const std::string path = folder.write("program.fed", kExample + program);
  SCOPED_TRACE(program);
  const json cost = costOf({path});
  EXPECT_EQ(bytesOf(entryOf(cost, "main")), bytes);
}

TEST(Cost, TwoExchanges) {
  // The mean goes up with its weight, comes down, and what is above it is counted.
  expectBytes(
      "fn total(d: Example*) -> f32 { d.map(|e| e.x).sum() }\n"
      "fn above(d: Example*, m: f32) -> i32 { i32(total(d) > m) }\n"
      "fn main(data: {Example*}@clients) -> i32@server {\n"
      "  let m = federated_broadcast(federated_mean(total(data)));\n"
      "  federated_sum(above(data, m))\n}\n",
      {{0, 4 + 4}, {4, 4}});
}

TEST(Cost, WhatHasNoNameIsShownByItsSource) {
  const Folder folder;
  const std::string path = folder.write("program.fed", kExample +
                                                           "fn shifted(d: Example*, m: f32) -> f32 { f32(d.count()) - m }\n"
                                                           "fn main(data: {Example*}@clients) -> f32@server {\n"
                                                           "  let m = federated_mean(shifted(data, 0.0));\n"
                                                           "  federated_max(shifted(data, federated_broadcast(m)))\n}\n");
  EXPECT_EQ(entryOf(costOf({path}), "main")["exchanges"][1]["crossings"][0]["name"], "federated_broadcast(m)");
}

TEST(Cost, SelectionsCountKeysAndSlices) {
  // 3 keys up, 3 slices of f32[4] down; the value itself does not cross. Its sum goes up.
  expectBytes(
      "fn main(data: {Example*}@clients, table: f32[100, 4]@server) -> f32[3, 4]@server {\n"
      "  let keys = |d: Example*| [0, 1, d.count() % 100];\n"
      "  federated_sum(federated_select(keys(data), table, |t, k| t[k]))\n}\n",
      {{3 * 4 * 4, 3 * 4 + 3 * 4 * 4}});
  // What both sides have needs no keys and no slices.
  expectBytes(
      "fn main(data: {Example*}@clients) -> f32[3, 4]@server {\n"
      "  let table: f32[100, 4] = ones();\n"
      "  let keys = |d: Example*| [0, 1, d.count() % 100];\n"
      "  federated_sum(federated_select(keys(data), federated_value(table, server), |t, k| t[k]))\n}\n",
      {{0, 3 * 4 * 4}});
}

TEST(Cost, SecureSumsHaveTheirIntegersSize) {
  expectBytes(
      "fn rows(d: Example*) -> i32 { d.count() }\n"
      "fn small(d: Example*) -> u8[5] { full(u8(d.count() % 4)) }\n"
      "fn large(d: Example*) -> i64[2] { full(i64(d.count())) }\n"
      "fn main(data: {Example*}@clients) -> (i32@server, u8[5]@server, i64[2]@server) {\n"
      "  let a = federated_secure_sum(rows(data), max = 1000);\n"
      "  let b = federated_secure_sum_bitwidth(small(data), bits = 2);\n"
      "  let c = federated_secure_modular_sum(large(data), modulus = 7);\n"
      "  (a, b, c)\n}\n",
      {{0, 4 + 5 + 2 * 8}});
}

TEST(Cost, StructsWithBoolsAndKeys) {
  // 11 bools are 2 bytes, one is 1; a key is 8. The key of the clients comes down.
  expectBytes(
      "struct Told { many: bool[11], one: bool, n: i16, k: key }\n"
      "fn told(d: Example*, k: key) -> Told { Told { many: full(d.count() > 2), one: d.count() > 1, n: i16(d.count()), k } }\n"
      "fn main(data: {Example*}@clients, k: key@server) -> Told[?]@server { federated_collect(told(data, federated_keys(k))) }\n",
      {{8, 2 + 1 + 2 + 8}});
}

TEST(Cost, WhatTheOtherSideNeverReadsDoesNotCross) {
  expectBytes(
      "struct Pair { a: f32[100], b: f32 }\n"
      "fn pair(d: Example*) -> Pair { Pair { a: full(f32(d.count())), b: 2.0 } }\n"
      "fn main(data: {Example*}@clients) -> f32@server {\n"
      "  federated_aggregate(pair(data), 0.0, accumulate = |a, p| a + p.b, merge = |a, b| a + b, report = |a| a)\n}\n",
      {{0, 4}});
}

TEST(Cost, WhatTheDataDecidesIsSymbolic) {
  const Folder folder;
  const std::string path = folder.write("program.fed", kExample +
                                                           "fn all(d: Example*) -> f32[?] { d.map(|e| e.x).collect() }\n"
                                                           "fn large(d: Example*) -> f32[?] { d.filter(|e| e.x > 1).map(|e| e.x).collect() }\n"
                                                           "fn few(d: Example*) -> f32[?] { d.take(20).map(|e| e.x).collect() }\n"
                                                           "fn sums(x: {f32[?]}@clients) -> f32@server {\n"
                                                           "  federated_aggregate(x, 0.0, accumulate = |a, x| a + sum(x), merge = |a, b| a + b,\n"
                                                           "                      report = |a| a)\n}\n"
                                                           "fn main(data: {Example*}@clients) -> (f32, f32, f32)@server {\n"
                                                           "  (sums(all(data)), sums(large(data)), sums(few(data)))\n}\n");
  const json cost = costOf({path});
  const json& crossings = entryOf(cost, "main").at("exchanges").at(0).at("crossings");
  ASSERT_EQ(crossings.size(), 3U);
  EXPECT_EQ(crossings[0].at("bytes").at("formula"), "4*R + 8");
  EXPECT_EQ(crossings[0].at("bytes").at("exact"), true);
  EXPECT_EQ(crossings[1].at("bytes").at("formula"), "4*R + 8") << "at most";
  EXPECT_EQ(crossings[1].at("bytes").at("exact"), false);
  EXPECT_EQ(crossings[2].at("bytes").at("formula"), "4*min(20, R) + 8");
}

/// Programs over the digits' labels, whose `main` gives a sum of what each client sends; and how many bytes these are.
struct Sent {
  const char* program;
  std::int64_t bytes;
};
const std::string kLabels =
    "struct Example { pixels: f32[28, 28], label: i32 }\n"
    "fn all(d: Example*) -> i32[?] { d.map(|e| e.label).collect() }\n"
    "fn few(d: Example*) -> i32[?] { d.take(90).map(|e| e.label).collect() }\n"
    "fn large(d: Example*) -> i32[?] { d.filter(|e| e.label > 5).map(|e| e.label).collect() }\n"
    "fn columns(d: Example*) -> i32[2, ?] { transpose(d.map(|e| [e.label, 1]).collect()) }\n"
    "fn sums(x: {i32[?]}@clients) -> i32@server {\n"
    "  federated_aggregate(x, 0, accumulate = |a, x| a + sum(x), merge = |a, b| a + b, report = |a| a)\n}\n"
    "fn lengths(x: {i32[?]}@clients) -> i32@server {\n"
    "  federated_aggregate(x, 0, accumulate = |a, x| a + len(x), merge = |a, b| a + b, report = |a| a)\n}\n";
constexpr std::int64_t kClients = 60, kRows = 6709, kFewRows = 5380, kLargeLabels = 2682;

TEST(Cost, WhatTheDataDecidesIsSentWithItsLength) {
  const std::string data = kExamples + "data/digits_train.h5";
  for (const auto& [program, bytes] : std::vector<Sent>{
           {"fn main(d: {Example*}@clients) -> i32@server { sums(all(d)) }\n", 4 * kRows + 8 * kClients},
           {"fn main(d: {Example*}@clients) -> i32@server { sums(few(d)) }\n", 4 * kFewRows + 8 * kClients},
           {"fn main(d: {Example*}@clients) -> i32@server {\n"
            "  federated_aggregate(columns(d), 0, accumulate = |a, x| a + sum(x), merge = |a, b| a + b, report = |a| a)\n}\n",
            8 * kRows + 8 * kClients},
           // Nobody reads the elements, and the length is told once.
           {"fn main(d: {Example*}@clients) -> (i32, i32)@server { (lengths(few(d)), lengths(few(d))) }\n", 8 * kClients},
           // It goes before the elements anyway.
           {"fn main(d: {Example*}@clients) -> (i32, i32)@server { (lengths(all(d)), sums(all(d))) }\n", 4 * kRows + 8 * kClients},
       }) {
    SCOPED_TRACE(program);
    const Folder folder;
    const std::string path = folder.write("program.fed", kLabels + program);
    EXPECT_EQ(entryOf(costOf({path, "--data", data}), "main").at("up").at("total"), bytes);
    EXPECT_EQ(wireOf({path, "--data", data}).at(0).at("up"), bytes);
  }
}

TEST(Cost, WhatAFilterKeepsIsCountedAsItIs) {
  const std::string data = kExamples + "data/digits_train.h5";
  const Folder folder;
  const std::string path = folder.write("program.fed", kLabels + "fn main(d: {Example*}@clients) -> i32@server { sums(large(d)) }\n");
  EXPECT_EQ(entryOf(costOf({path, "--data", data}), "main").at("up").at("total"), 4 * kRows + 8 * kClients) << "at most";
  EXPECT_EQ(wireOf({path, "--data", data}).at(0).at("up"), 4 * kLargeLabels + 8 * kClients);
}

TEST(Cost, TextAndMistakes) {
  const BinaryResult text = fedc({"cost", kExamples + "digits_softmax.fed"});
  ASSERT_EQ(text.exitCode, 0) << text.err;
  EXPECT_EQ(text.err, "");
  EXPECT_THAT(text.out, HasSubstr("init: no exchange"));
  EXPECT_THAT(text.out, HasSubstr("next: 1 exchange\n"));
  EXPECT_THAT(text.out, HasSubstr("31,408 B"));
  EXPECT_THAT(text.out, HasSubstr("60 clients of "));
  EXPECT_THAT(text.out, HasSubstr("compress.drive"));
  const BinaryResult missing = fedc({"cost", kExamples + "temperature.fed", "--data", "/no/such.h5"});
  EXPECT_EQ(missing.exitCode, 1);
  EXPECT_THAT(missing.err, HasSubstr("/no/such.h5"));
  EXPECT_EQ(fedc({"cost"}).exitCode, 2);
  const Folder folder;
  const BinaryResult library = fedc({"cost", folder.write("a.fed", "fn f(x: f32) -> f32 { x }\n")});
  EXPECT_EQ(library.exitCode, 1);
  EXPECT_THAT(library.err, HasSubstr("nothing to run"));
}

}  // namespace
}  // namespace fedc::tests
