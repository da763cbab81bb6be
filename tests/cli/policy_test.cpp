#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>

#include "tests/cli/binary.h"

// Policies as a user meets them: flags, what `check` lists, and `min_clients` at run time.
namespace fedc::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kSource = FEDC_SOURCE_DIR;
const std::string kTemperature = kSource + "/examples/temperature.fed";
const std::string kDigits = kSource + "/examples/digits_softmax.fed";

constexpr const char* kMost = R"(struct Example { label: i32 }

fn main(data: {Example*}@clients) -> i32@server {
  declassify("it is public", federated_max(data.count()))
}
)";

TEST(Policy, AnUnknownNameIsWrongUsage) {
  const BinaryResult result = fedc({"check", kTemperature, "--policy", "agregate-only"});
  EXPECT_EQ(result.exitCode, 2);
  EXPECT_THAT(result.err, HasSubstr("there is no policy `agregate-only`, did you mean `aggregate-only`?"));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST(Policy, CheckSaysWhatHoldsAndWhatIsDeclassified) {
  const Folder folder;
  const std::string path = folder.write("most.fed", kMost);
  const BinaryResult plain = fedc({"check", path});
  EXPECT_EQ(plain.out, path + ": ok\n");
  const BinaryResult result = fedc({"check", path, "--policy", "aggregate-only,no-client-state"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_EQ(result.out,
            path + ": ok\n  policy aggregate_only: proved\n  policy no_client_state: proved\n  declassified at " + path + ":4:3: \"it is public\"\n");
}

TEST(Policy, ALibraryHasNothingToProve) {
  const Folder folder;
  const BinaryResult result = fedc({"check", folder.write("half.fed", "policy secure;\nfn half(x: f32) -> f32 { x / 2 }\n")});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("policy secure: nothing to prove"));
}

TEST(Policy, FlagsAddToTheFile) {
  const BinaryResult result = fedc({"check", kTemperature, "--policy", "aggregate-only", "--policy", "secure"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("error[E0445]"));
  EXPECT_THAT(result.err, HasSubstr("the way of the value: `pixels` of the clients' data"));
}

TEST(Policy, ARunProvesFirstWhateverTheCacheHolds) {
  const Folder folder;
  const std::string path = folder.write("most.fed", std::regex_replace(kMost, std::regex("declassify\\(\"it is public\", (.*)\\)\n"), "$1\n"));
  const std::string data = kSource + "/examples/data/digits_train.h5";
  for (int i = 0; i < 2; ++i) EXPECT_EQ(fedc({"run", path, "--data", data}).exitCode, 0);
  const BinaryResult result = fedc({"run", path, "--data", data, "--policy", "aggregate-only"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("error[E0440]"));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST(Policy, ARoundOfFewClientsEnds) {
  const std::vector<std::string> run = {"run", kDigits, "--no-out", "--rounds", "1", "--policy", "aggregate-only", "--clients-per-round"};
  const auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> all = run;
    all.insert(all.end(), more.begin(), more.end());
    return fedc(all);
  };
  EXPECT_EQ(with({"10"}).exitCode, 0);
  // From the cache, too.
  for (int i = 0; i < 2; ++i) {
    const BinaryResult result = with({"9"});
    EXPECT_EQ(result.exitCode, 1);
    EXPECT_THAT(result.err, HasSubstr("error[E0510]: the round has 9 clients, `min_clients` is 10"));
    EXPECT_THAT(result.err, HasSubstr("in round 1"));
  }
  EXPECT_EQ(with({"9", "--min-clients", "9"}).exitCode, 0);
  EXPECT_THAT(with({"10", "--min-clients", "11"}).err, HasSubstr("`min_clients` is 11"));
}

TEST(Policy, TheRunBlockSaysHowManyAndEvaluationCounts) {
  const Folder folder;
  std::ifstream in(kDigits);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  text = "policy aggregate_only;\n" + std::regex_replace(text, std::regex("rounds = 20,"), "rounds = 1, min_clients = 5, eval_clients = \"0..4\",");
  text = std::regex_replace(text, std::regex("\"data/"), "\"" + kSource + "/examples/data/");
  const BinaryResult result = fedc({"run", folder.write("few.fed", text), "--no-out", "--clients-per-round", "5"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("error[E0510]: the evaluation has 4 clients, `min_clients` is 5"));
  EXPECT_THAT(result.err, HasSubstr("--eval-clients"));
  EXPECT_THAT(fedc({"run", kTemperature, "--min-clients", "0"}).exitCode, 2);
}

}  // namespace
}  // namespace fedc::tests
