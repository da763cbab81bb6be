#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/cli/binary.h"
#include "tests/golden.h"

// Data that is generated, as a user meets it; and what rounds over many clients take.
namespace fedc::tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kSource = FEDC_SOURCE_DIR;
const std::string kProgram = kSource + "/examples/synthetic_regression.fed";
constexpr long long kMB = 1000000;

BinaryResult cohort(int clients, int of, const std::string& more = {}) {
  return fedc({"run", kProgram, "--data", "synthetic:clients=" + std::to_string(of) + ",part=train" + more, "--clients-per-round",
               std::to_string(clients), "--rounds", "1", "-p", "epochs=1"});
}

TEST(Memory, ARoundOfManyClientsTakesNoMoreThanOneOfFew) {
  if (kIsSanitized) GTEST_SKIP() << "a sanitizer keeps what was freed";
  // A tenth of 200,000: about 1.1 GB of examples go through.
  const BinaryResult few = cohort(100, 200000), many = cohort(20000, 200000);
  ASSERT_EQ(few.exitCode, 0) << few.err;
  ASSERT_EQ(many.exitCode, 0) << many.err;
  RecordProperty("few", std::to_string(few.peakBytes));
  RecordProperty("many", std::to_string(many.peakBytes));
  EXPECT_LT(few.peakBytes, 200 * kMB);
  EXPECT_LT(many.peakBytes - few.peakBytes, 100 * kMB) << few.peakBytes << " and " << many.peakBytes;
}

TEST(Memory, TheDigitsRunInAQuarterOfAGigabyte) {
  if (kIsSanitized) GTEST_SKIP() << "a sanitizer keeps what was freed";
  const BinaryResult result = fedc({"run", kSource + "/examples/digits_softmax.fed"});
  ASSERT_EQ(result.exitCode, 0) << result.err;
  EXPECT_LT(result.peakBytes, 250 * kMB);
  EXPECT_GT(result.peakBytes, 10 * kMB) << "something was measured";
}

// 240 MB of state at 30,000 clients, in rounds of a tenth of them and in one of all: it is in memory as far as it was allowed to be.
TEST(Memory, WhatClientsKeepIsInAFile) {
  if (kIsSanitized) GTEST_SKIP() << "a sanitizer keeps what was freed";
  const Folder folder;
  std::ofstream(folder.path("kept.fed")) << R"(struct Example { x: f32[1], y: i32 }

fn init(k: key@server) -> {f32[2000]}@clients { uniform(federated_keys(k), [2000]) }

fn next(own: {f32[2000]}@clients, data: {Example*}@clients, k: key@server) -> ({f32[2000]}@clients, f32@server) {
  (own + 1, federated_mean(own[0]))
}

let main = process(init, next);
)";
  const auto run = [&](const std::string& perRound, const std::string& rounds, const std::string& cache) {
    return fedc({"run", folder.path("kept.fed"), "--data", "synthetic:clients=30000,rows=1,dim=1,classes=2", "--clients-per-round", perRound,
                 "--rounds", rounds, "--client-cache", cache, "--out", folder.path("run" + perRound)});
  };
  const BinaryResult parts = run("3000", "12", "20M"), all = run("all", "2", "20M");
  ASSERT_EQ(parts.exitCode, 0) << parts.err;
  ASSERT_EQ(all.exitCode, 0) << all.err;
  RecordProperty("parts", std::to_string(parts.peakBytes));
  RecordProperty("all", std::to_string(all.peakBytes));
  // A program without client state takes about 80 MB.
  EXPECT_LT(parts.peakBytes, 220 * kMB);
  EXPECT_LT(all.peakBytes, 220 * kMB);
}

TEST(Synthetic, ThreadsAndTheSizeOfTheFederationChangeNoBits) {
  const Folder folder;
  const auto run = [&](const std::string& name, const std::string& data, const std::string& clients, const std::string& threads) {
    const BinaryResult result = fedc({"run", kProgram, "--data", data, "--clients", clients, "--clients-per-round", "40", "--rounds", "2",
                                      "--threads", threads, "--save", folder.path(name)});
    EXPECT_EQ(result.exitCode, 0) << result.err;
    return readFile(folder.path(name));
  };
  const std::string one = run("1.npz", "synthetic:clients=50", "0..50", "1");
  EXPECT_EQ(run("2.npz", "synthetic:clients=50", "0..50", "2"), one);
  EXPECT_EQ(run("8.npz", "synthetic:clients=50", "0..50", "8"), one);
  EXPECT_EQ(run("many.npz", "synthetic:clients=1000000", "0..50", "2"), one);
  EXPECT_NE(run("other.npz", "synthetic:clients=50,seed=1", "0..50", "2"), one);
}

TEST(Synthetic, InfoSaysWhatWouldBeMade) {
  const BinaryResult result = fedc({"data", "info", "synthetic:clients=3,rows=50,dim=4,classes=2"});
  ASSERT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("synthetic:clients=3,rows=50,dim=4,classes=2: 3 clients, 150 examples, generated\n"
                                     "a client has 50 to 50 examples, median 50\nids: client_00000000 .. client_00000002\n\n"
                                     "struct Example {\n  x: f32[4],\n  y: i32,\n}\n\ny: 2 different values\n"));
  EXPECT_THAT(fedc({"data", "info", "synthetic:clients=2000,rows=5"}).out, HasSubstr("y: 10 different values at the first 1000 clients\n"));
  const BinaryResult wrong = fedc({"data", "info", "synthetic:clients=2,dims=3"});
  EXPECT_EQ(wrong.exitCode, 1);
  EXPECT_THAT(wrong.err, HasSubstr("did you mean `dim`?"));
}

TEST(Synthetic, WhatDoesNotFitTheProgramIsSaidWithItsPlace) {
  BinaryResult result = fedc({"check", kProgram, "--data", "synthetic:clients=30"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  result = fedc({"check", kProgram, "--data", "synthetic:clients=30,dim=30"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("synthetic_regression.fed:"), HasSubstr("is `f32[30]` in the data"), HasSubstr("or say `dim=60`")));
  result = fedc({"run", kProgram, "--data", "synthetic:client=3"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("did you mean `clients`?"));
  // No file of that name.
  result = fedc({"run", kProgram, "--data", "syntetic:clients=3"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("is it `synthetic:clients=3`?"));
}

TEST(Synthetic, ADirectoryKnowsItsData) {
  const Folder folder;
  const std::string out = folder.path("run");
  ASSERT_EQ(fedc({"run", kProgram, "--rounds", "3", "--out", out}).exitCode, 0);
  const BinaryResult more = fedc({"resume", out, "--rounds", "5"});
  EXPECT_EQ(more.exitCode, 0) << more.err;
  const std::string whole = folder.path("whole");
  ASSERT_EQ(fedc({"run", kProgram, "--rounds", "5", "--out", whole}).exitCode, 0);
  EXPECT_EQ(readFile(out + "/model.npz"), readFile(whole + "/model.npz"));
}

}  // namespace
}  // namespace fedc::tests
