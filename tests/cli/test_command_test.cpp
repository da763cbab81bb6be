#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/binary.h"

namespace fedc::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kMean = R"(struct Model { w: f32[2], b: f32 }

fn models() -> {Model}@clients { clients(Model { w: [1.0, 2.0], b: 3.0 }, Model { w: [3.0, 6.0], b: 5.0 }) }
)";

TEST(TestCommand, SaysWhatPassed) {
  const Folder folder;
  const std::string path = folder.write("a.fed", std::string(kMean) + R"(
test "mean" { assert_close(federated_mean(models()), Model { w: [2.0, 4.0], b: 4.0 }); }
test "each" { assert_close(federated_map(|m| m.b, models()), clients(3.0, 5.0)); }
)");
  const BinaryResult all = fedc({"test", path});
  EXPECT_EQ(all.exitCode, 0) << all.err;
  EXPECT_EQ(all.out, path + ": 2 passed\n2 tests passed\n");
  EXPECT_THAT(all.err, IsEmpty());
  const BinaryResult one = fedc({"test", path, "--filter", "mea", "--how", "interpret"});
  EXPECT_EQ(one.out, path + ": 1 passed\n1 test passed\n");
}

TEST(TestCommand, ShowsBothValuesAndTheLargestDifference) {
  const Folder folder;
  const std::string path = folder.write("a.fed", std::string(kMean) + R"(
test "mean" { assert_close(federated_mean(models()), Model { w: [2.0, 4.5], b: 4.25 }); }
test "good" { assert_close(1.0, 1.0); }
)");
  for (const char* how : {"native", "interpret", "both"}) {
    const BinaryResult run = fedc({"test", path, "--how", how});
    EXPECT_EQ(run.exitCode, 1);
    EXPECT_THAT(run.out, HasSubstr("1 failed, 1 passed"));
    EXPECT_THAT(run.err, HasSubstr("E0506"));
    EXPECT_THAT(run.err, HasSubstr("test \"mean\": the values differ by 0.5 at `.w[1]`"));
    EXPECT_THAT(run.err, HasSubstr("a.fed:5:15"));
    EXPECT_THAT(run.err, HasSubstr("`.w` found [2, 4], expected [2, 4.5"));
    EXPECT_THAT(run.err, HasSubstr("`.b` found 4, expected 4.25"));
  }
}

/// One that stops by a check has no effect on those behind it.
TEST(TestCommand, AfterOneThatStopsTheNextBeginsAnew) {
  const Folder folder;
  const std::string path = folder.write("a.fed", R"(
test "nobody" { let _ = federated_mean(clients(1.0, 2.0), weight = clients(0.0, 0.0)); }
test "mean" { assert_close(federated_mean(clients(1.0, 12.0)), 6.5); }
test "plain" {
  assert([1, 2].map(|x| x).sum() == 4, "no four");
}
)");
  const BinaryResult run = fedc({"test", path});
  EXPECT_EQ(run.exitCode, 1);
  EXPECT_THAT(run.out, HasSubstr("2 failed, 1 passed"));
  EXPECT_THAT(run.err, HasSubstr("test \"nobody\": the mean of no clients, or of total weight 0"));
  EXPECT_THAT(run.err, HasSubstr("test \"plain\": no four"));
}

TEST(TestCommand, ToleranceIsRelativeAndNanMeetsNan) {
  const Folder folder;
  const std::string good = folder.write("good.fed", R"(
test "large" { assert_close(1000000.0, 1000000.5); }
test "nan" { assert_close(sqrt(-1.0 * federated_sum(clients(1.0))), sqrt(-1.0 * federated_sum(clients(2.0)))); }
test "inf" { assert_close(1.0 / (federated_sum(clients(1.0)) - 1.0), 1.0 / (federated_sum(clients(2.0)) - 2.0)); }
test "wide" { assert_close(1.0, 1.4, 0.5); }
)");
  EXPECT_EQ(fedc({"test", good}).exitCode, 0) << fedc({"test", good}).err;
  const std::string bad = folder.write("bad.fed", R"(
test "nan" { assert_close(sqrt(-1.0 * federated_sum(clients(1.0))), 0.0); }
test "inf" { assert_close(1.0 / (federated_sum(clients(1.0)) - 1.0), 1e30); }
test "int" { assert_close(federated_sum(clients(1, 2)), 4); }
)");
  EXPECT_THAT(fedc({"test", bad}).out, HasSubstr("3 failed"));
}

TEST(TestCommand, AFolderAndAFileThatIsWrong) {
  const Folder folder;
  const std::string good = folder.write("b.fed", "test \"one\" { assert_close(1, 1); }\n");
  folder.write("a.fed", "test \"two\" { assert_close(1, nothing); }\n");
  folder.write("c.fed", "fn half(x: f32) -> f32 { x / 2 }\n");
  const BinaryResult run = fedc({"test", folder.path(""), "--jobs", "2"});
  EXPECT_EQ(run.exitCode, 1);
  EXPECT_THAT(run.out, HasSubstr("1 test passed, 1 file not run"));
  EXPECT_THAT(run.err, HasSubstr("a.fed:1:"));
  EXPECT_THAT(run.err, Not(HasSubstr("c.fed")));
  EXPECT_EQ(fedc({"test", good, "--filter", "three"}).exitCode, 1);
  EXPECT_THAT(fedc({"test", good, "--filter", "three"}).err, HasSubstr("no test has `three` in its name"));
  EXPECT_EQ(fedc({"test"}).exitCode, 2);
}

TEST(TestCommand, ANumberOfClientsThatChangesIsRefused) {
  const Folder folder;
  const std::string path = folder.write("a.fed", "test \"five and ten\" { let x = clients(1, 2);\n let y = clients(1, 2, 3);\n }\n");
  const BinaryResult run = fedc({"test", path});
  EXPECT_EQ(run.exitCode, 1);
  EXPECT_THAT(run.err, HasSubstr("E0415"));
  EXPECT_THAT(run.err, HasSubstr("a.fed:2:"));
}

/// What `main` prints can be given to it.
TEST(Arguments, ResultsReadBack) {
  const Folder folder;
  const std::string path = folder.write("a.fed", R"(struct Model { w: f32[2], n: i64 }

fn main(x: {(Model, bool)}@clients, k: f64@clients, m: Model@server) -> ({(Model, bool)}@clients, f64@clients, Model@server) { (x, k, m) }
)");
  const std::string x = R"([[{"w":[1.5,"inf"],"n":9007199254740993},true],[{"w":[0.1,"nan"],"n":-1},false]])", k = "1e-300",
                    m = R"({"w":[0.0,-2.0],"n":4})";
  for (const bool interpret : {false, true}) {
    std::vector<std::string> words = {"run", path, "--arg", "x=" + x, "--arg", "k=" + k, "--arg", "m=" + m};
    if (interpret) words.emplace_back("--interpret");
    const BinaryResult run = fedc(words);
    EXPECT_EQ(run.exitCode, 0) << run.err;
    EXPECT_EQ(run.out, "[" + x + "," + k + "," + m + "]\n");
  }
}

TEST(Arguments, WhatDoesNotFitIsNamed) {
  const Folder folder;
  const std::string path = folder.write("a.fed", R"(struct Model { w: f32[2], n: i8 }

fn main(x: {Model}@clients, data: {f32*}@clients) -> f32@server { federated_sum(data.sum() * federated_map(|m| sum(m.w), x)) }
)");
  const auto error = [&](const std::string& x, const std::string& data) {
    const BinaryResult run = fedc({"run", path, "--arg", "x=" + x, "--arg", "data=" + data});
    EXPECT_EQ(run.exitCode, 1);
    return run.err;
  };
  const std::string one = R"({"w":[1,2],"n":3})";
  EXPECT_THAT(error("[" + one + "]", "[[1],[2]]"), HasSubstr("`x` has values for 1 client, and there are 2"));
  EXPECT_THAT(error(R"({"a":)" + one + R"(,"c":)" + one + "}", R"({"a":[1],"b":[2]})"), HasSubstr("`x` has no value for client `b`"));
  EXPECT_THAT(error(R"([{"w":[1],"n":3}])", "[[1]]"), HasSubstr("x[0].w has 1 entries where 2 are wanted"));
  EXPECT_THAT(error(R"([{"w":[1,2],"n":300}])", "[[1]]"), HasSubstr("x[0].n is 300, which is no `i8`"));
  EXPECT_THAT(error(R"([{"w":[1,2]}])", "[[1]]"), HasSubstr("x[0] lacks `n`"));
  EXPECT_THAT(error(R"([{"w":[1,2],"n":3,"m":4}])", "[[1]]"), HasSubstr("x[0] has `m`, which is none of `w`, `n`"));
  EXPECT_THAT(error("[", "[[1]]"), HasSubstr("`[` is no JSON"));
  EXPECT_THAT(error("[]", "[[1]]"), HasSubstr("there is no client"));
  EXPECT_THAT(error("3", "[[1]]"), HasSubstr("a list with an entry for each client is wanted"));
  EXPECT_THAT(error("[" + one + "]", "[1]"), HasSubstr("data[0] is 1 where a list is wanted"));
  EXPECT_THAT(fedc({"run", path, "--arg", "data=[[1]]"}).err, HasSubstr("`--arg x=[…]`, an entry for each client"));
}

TEST(Arguments, DataOfOneNameAndOfSeveral) {
  const Folder folder;
  const std::string path = folder.write("a.fed", R"(struct Example { pixels: f32[28, 28], label: i32 }

fn main(train: {Example*}@clients, test: {Example*}@clients) -> (i32@server, i32@server) {
  (federated_sum(train.count()), federated_sum(test.map(|e| e.label).sum()))
}
)");
  const std::string data = std::string(FEDC_SOURCE_DIR) + "/examples/data/digits_train.h5";
  const BinaryResult both = fedc({"run", path, "--data", "train=" + data, "--data", "test=" + data, "--clients", "0..2"});
  EXPECT_EQ(both.exitCode, 0) << both.err;
  EXPECT_THAT(fedc({"run", path, "--data", data}).err, HasSubstr("`main` takes data under 2 names: `train`, `test`"));
  EXPECT_THAT(fedc({"run", path, "--data", "train=" + data}).err, HasSubstr("no `test` is given"));
  EXPECT_THAT(fedc({"run", path, "--data", "tain=" + data, "--data", "test=" + data}).err, HasSubstr("`main` has no data `tain`"));
}

}  // namespace
}  // namespace fedc::tests
