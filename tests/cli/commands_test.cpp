#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/cli/binary.h"
#include "tools/fedc/command_line.h"

// The program itself, as a user calls it.
namespace fedc::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kSource = FEDC_SOURCE_DIR;
const std::string kDigits = kSource + "/examples/digits_softmax.fed";
const std::string kTrain = kSource + "/examples/data/digits_train.h5";

constexpr const char* kHalf = "fn main(x: f32) -> f32 { x / 2 }\n";

std::vector<json> lines(const std::string& text) {
  std::vector<json> objects;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    objects.push_back(json::parse(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return objects;
}

TEST(Fedc, VersionHelpAndWrongUsage) {
  const BinaryResult version = fedc({"--version"});
  EXPECT_EQ(version.exitCode, 0);
  EXPECT_THAT(version.out, StartsWith("fedc "));
  const BinaryResult help = fedc({"run", "--help"});
  EXPECT_EQ(help.exitCode, 0);
  EXPECT_THAT(help.err, IsEmpty());
  const BinaryResult wrong = fedc({"run", "a.fed", "--round", "3"});
  EXPECT_EQ(wrong.exitCode, 2);
  EXPECT_THAT(wrong.out, IsEmpty());
  EXPECT_THAT(wrong.err, HasSubstr("did you mean `--rounds`?"));
}

TEST(Fedc, RunPrintsWhatMainReturns) {
  const Folder folder;
  const BinaryResult result = fedc({"run", folder.write("half.fed", kHalf), "--arg", "x=3"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_EQ(result.out, "1.5\n");
  EXPECT_THAT(result.err, IsEmpty());
}

TEST(Fedc, MainAsJsonLines) {
  const Folder folder;
  const BinaryResult result = fedc({"run", folder.write("half.fed", kHalf), "--arg", "x=inf", "--json"});
  ASSERT_EQ(result.exitCode, 0) << result.err;
  const std::vector<json> objects = lines(result.out);
  EXPECT_EQ(objects.front()["event"], "start");
  EXPECT_EQ(objects.back()["event"], "summary");
  EXPECT_TRUE(objects.back()["metrics"]["value"].is_null());
  EXPECT_EQ(objects.back()["non_finite"], json::parse(R"([{"at": "metrics.value", "is": "inf"}])"));
}

TEST(Fedc, MissingAndUnknownArguments) {
  const Folder folder;
  const std::string half = folder.write("half.fed", kHalf);
  BinaryResult result = fedc({"run", half});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("`--arg x=VALUE`"));
  result = fedc({"run", half, "--arg", "x=1", "--arg", "y=1"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("no such argument"));
  result = fedc({"run", half, "--arg", "x=one"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("one"));
}

TEST(Fedc, AnIncludeIsAFolder) {
  const Folder folder;
  const std::string half = folder.write("half.fed", kHalf);
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"run", half, "--arg", "x=1"}, {"check", half}, {"cost", half}, {"test", half}, {"emit", "core", half}}) {
    std::vector<std::string> words = command;
    words.insert(words.end(), {"--include", folder.path("nothing")});
    BinaryResult result = fedc(words);
    EXPECT_EQ(result.exitCode, 1) << command.front();
    EXPECT_THAT(result.err, HasSubstr("nothing`: there is no such folder")) << command.front();
    words.back() = half;
    result = fedc(words);
    EXPECT_EQ(result.exitCode, 1) << command.front();
    EXPECT_THAT(result.err, HasSubstr("half.fed`: it is no folder")) << command.front();
  }
  // Neither when what it compiles to is known, and the folder has gone since.
  folder.write("lib/other.fed", "fn one() -> f32 { 1.0 }\n");
  const std::vector<std::string> words = {"run", half, "--arg", "x=1", "--include", folder.path("lib")};
  EXPECT_EQ(fedc(words).exitCode, 0);
  std::filesystem::remove_all(folder.path("lib"));
  EXPECT_EQ(fedc(words).exitCode, 1);
}

TEST(Fedc, DataForAnEvaluationThatIsNotThere) {
  const Folder folder;
  const std::string process = R"(struct Example { x: f32[1], y: i32 }
let main = process(init = |k| federated_value(0, server), next = |s, data: {Example*}@clients, k| (s, federated_sum(data.count())));
)";
  const std::string data = "synthetic:clients=2,rows=2,dim=1,classes=2";
  const std::string named = folder.write("named.fed", "run { data = \"" + data + "\", eval = \"" + data + "\" }\n" + process),
                    plain = folder.write("plain.fed", process);
  BinaryResult result = fedc({"run", named, "--no-out"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("error[E0503]: data for evaluation is given, but the program has no `evaluate`"));
  EXPECT_THAT(result.err, HasSubstr("named.fed:1:60"));
  EXPECT_THAT(result.err, HasSubstr("`let main = process(init, next, evaluate);`, or leave out `eval`"));
  result = fedc({"run", plain, "--no-out", "--data", data, "--eval-data", data});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("or leave out `--eval-data`"));
}

TEST(Fedc, UnknownParam) {
  const Folder folder;
  const std::string program = folder.write("a.fed", "param rate: f32 = 1;\nfn main() -> f32 { rate }\n");
  EXPECT_EQ(fedc({"run", program, "-p", "rate=0.25"}).out, "0.25\n");
  const BinaryResult result = fedc({"run", program, "-p", "rat=2"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("`rate`"));
}

TEST(Fedc, AFileThatIsNotThere) {
  const BinaryResult result = fedc({"run", "/nowhere/a.fed"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("/nowhere/a.fed"));
}

TEST(Fedc, ALibraryCannotBeRun) {
  const Folder folder;
  const BinaryResult result = fedc({"run", folder.write("a.fed", "fn half(x: f32) -> f32 { x / 2 }\n")});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("E0505"));
}

TEST(Fedc, ErrorsAsTextAndJson) {
  const Folder folder;
  const std::string bad = folder.write("bad.fed", "fn main(x: f32) -> f32 { y }\n");
  BinaryResult result = fedc({"check", bad});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, StartsWith("error[E"));
  EXPECT_THAT(result.err, HasSubstr("bad.fed:1:26"));
  result = fedc({"check", bad, "--error-format=json"});
  EXPECT_EQ(result.exitCode, 1);
  const json object = lines(result.err).at(0);
  EXPECT_EQ(object["line"], 1);
  EXPECT_EQ(object["column"], 26);
  result = fedc({"check", bad, "--color=always"});
  EXPECT_THAT(result.err, HasSubstr("\x1b["));
}

TEST(Fedc, CheckGoesOnAfterABadFile) {
  const Folder folder;
  const std::string bad = folder.write("bad.fed", "fn main(x: f32) -> f32 { y }\n");
  const std::string good = folder.write("good.fed", kHalf);
  const BinaryResult result = fedc({"check", bad, good});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_EQ(result.out, good + ": ok\n");
}

TEST(Fedc, CheckComparesData) {
  EXPECT_EQ(fedc({"check", kDigits, "--data", kTrain}).exitCode, 0);
  const Folder folder;
  const std::string other = folder.write("other.fed",
                                         "struct Example { pixels: u8[28, 28] }\nfn main(data: {Example*}@clients) -> i32@server { "
                                         "federated_sum(data.map(|e| i32(e.pixels[0, 0])).sum()) }\n");
  const BinaryResult result = fedc({"check", other, "--data", kTrain});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("E0502"));
  EXPECT_THAT(result.err, HasSubstr("pixels"));
}

TEST(Fedc, EveryStageIsEmitted) {
  for (const std::string& stage : cli::emitStages()) {
    const BinaryResult result = fedc({"emit", stage, kDigits});
    EXPECT_EQ(result.exitCode, 0) << stage << "\n" << result.err;
    EXPECT_THAT(result.out, Not(IsEmpty())) << stage;
  }
}

TEST(Fedc, GraphsAsTextDotAndSvg) {
  EXPECT_THAT(fedc({"emit", "graph", kDigits}).out, HasSubstr("next"));
  EXPECT_THAT(fedc({"emit", "graph", kDigits, "--format=dot"}).out, HasSubstr("digraph"));
  EXPECT_THAT(fedc({"emit", "graph", kDigits, "--format=svg"}).out, StartsWith("<svg "));
  EXPECT_EQ(fedc({"emit", "core", kDigits, "--format=svg"}).exitCode, 2);
}

TEST(Fedc, PrintAfterAPass) {
  const Folder folder;
  const std::string half = folder.write("half.fed", kHalf);
  const BinaryResult result = fedc({"emit", "core", half, "--print-after=specialise"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("-- after specialise\n"));
  const BinaryResult all = fedc({"emit", "kernel", half, "--print-after=all"});
  for (const char* pass : {"check", "specialise", "differentiate", "order", "plan", "schedule"}) {
    EXPECT_THAT(all.out, HasSubstr(std::string("-- after ") + pass + "\n"));
  }
  const BinaryResult unknown = fedc({"emit", "core", half, "--print-after=simplfy"});
  EXPECT_EQ(unknown.exitCode, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean `simplify`?"));
}

TEST(Fedc, Explain) {
  const BinaryResult result = fedc({"explain", "E0501"});
  EXPECT_EQ(result.exitCode, 0);
  EXPECT_THAT(result.out, StartsWith("E0501: "));
  const BinaryResult unknown = fedc({"explain", "E9999"});
  EXPECT_EQ(unknown.exitCode, 1);
  EXPECT_THAT(unknown.err, HasSubstr("E9999"));
}

TEST(Fedc, DataInfo) {
  const BinaryResult digits = fedc({"data", "info", kTrain});
  EXPECT_EQ(digits.exitCode, 0) << digits.err;
  EXPECT_THAT(digits.out, StartsWith(kTrain + ": 60 clients, 6709 examples, 2.13 MB\na client has 83 to 130 examples, median 116\n"));
  EXPECT_THAT(digits.out, HasSubstr("struct Example {\n  label: i32,\n  pixels: f32[28, 28],\n}\n"));
  EXPECT_THAT(digits.out, HasSubstr("label: 10 different values\n  value    0    1    2"));
  // What it prints is what a program needs.
  const Folder folder;
  const std::size_t begin = digits.out.find("struct"), end = digits.out.find("}\n");
  const std::string program = folder.write("count.fed", digits.out.substr(begin, end + 2 - begin) +
                                                            "fn main(data: {Example*}@clients) -> i64@server { federated_sum(i64(data.count())) }\n");
  const BinaryResult count = fedc({"run", program, "--data", kTrain});
  EXPECT_EQ(count.out, "6709\n") << count.err;
  const BinaryResult bad = fedc({"data", "info", kDigits});
  EXPECT_EQ(bad.exitCode, 1);
  EXPECT_THAT(bad.err, HasSubstr("is not an HDF5 file"));
  EXPECT_EQ(fedc({"data"}).exitCode, 2);
  EXPECT_EQ(fedc({"data", "inf", kTrain}).exitCode, 2);
}

TEST(Fedc, Doctor) {
  const BinaryResult well = fedc({"doctor"});
  EXPECT_EQ(well.exitCode, 0) << well.out;
  for (const char* what : {"processor", "threads", "memory", "LLVM       19.", "oneTBB", "HDF5", "library", "compiles and runs"})
    EXPECT_THAT(well.out, HasSubstr(what));
  EXPECT_THAT(well.out, Not(HasSubstr("!")));
  setenv("FEDC_STDLIB", "/nowhere", 1);
  const BinaryResult ill = fedc({"doctor"});
  unsetenv("FEDC_STDLIB");
  EXPECT_EQ(ill.exitCode, 1);
  EXPECT_THAT(ill.out, HasSubstr("! library    no modules in `/nowhere`"));
}

TEST(Fedc, TrainsAndReports) {
  const Folder folder;
  const std::string saved = folder.path("model.npz");
  const BinaryResult result = fedc({"run", kDigits, "--rounds", "3", "--eval-every", "2", "--save", saved});
  ASSERT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("round   loss  accuracy  eval loss  eval accuracy\n    1  2.303   0.09813\n    2  1.809    0.7167"));
  EXPECT_THAT(result.out, HasSubstr("\nrounds     3\n"));
  EXPECT_THAT(result.out, HasSubstr("\ntraffic    31.4 kB down and 31.4 kB up, each client of a round\n"));
  EXPECT_THAT(result.out, HasSubstr("saved      " + saved));
  EXPECT_THAT(result.err, HasSubstr("round 1/3"));
  EXPECT_THAT(result.err, HasSubstr("round 2 evaluated on 20 clients: "));
  EXPECT_THAT(result.err, HasSubstr("round 3 evaluated"));
  EXPECT_TRUE(std::filesystem::exists(saved));
}

TEST(Fedc, JsonLinesOfARun) {
  const BinaryResult result = fedc({"run", kDigits, "--rounds", "3", "--eval-every", "2", "--json", "--seed", "5"});
  ASSERT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.err, IsEmpty());
  const std::vector<json> objects = lines(result.out);
  std::vector<std::string> events;
  for (const json& object : objects) events.push_back(object["event"]);
  EXPECT_EQ(events, (std::vector<std::string>{"start", "round", "round", "eval", "round", "eval", "summary"}));
  EXPECT_EQ(objects.front()["seed"], 5);
  EXPECT_GT(objects.front()["compile_s"], 0);
  const json& summary = objects.back();
  for (const char* key : {"round_s", "first_round_s", "compile_s", "data_wait_s"}) EXPECT_TRUE(summary[key].is_number()) << key;
  EXPECT_EQ(summary["metrics"], objects[4]["metrics"]);
  EXPECT_EQ(summary["eval"], objects[5]["metrics"]);
  EXPECT_LT(objects[4]["metrics"]["loss"], objects[1]["metrics"]["loss"]);
}

TEST(Fedc, ASavedStateIsTakenUp) {
  const Folder folder;
  const std::string half = folder.path("half.npz");
  ASSERT_EQ(fedc({"run", kDigits, "--rounds", "0", "--save", half}).exitCode, 0);
  const BinaryResult again = fedc({"run", kDigits, "--rounds", "1", "--init", half, "--json"});
  const BinaryResult fresh = fedc({"run", kDigits, "--rounds", "1", "--json"});
  ASSERT_EQ(again.exitCode, 0) << again.err;
  EXPECT_EQ(lines(again.out).back()["metrics"], lines(fresh.out).back()["metrics"]);
  const BinaryResult missing = fedc({"run", kDigits, "--rounds", "1", "--init", folder.path("none.npz")});
  EXPECT_EQ(missing.exitCode, 1);
  EXPECT_THAT(missing.err, HasSubstr("E0504"));
}

TEST(Fedc, DataThatIsNotThere) {
  const BinaryResult result = fedc({"run", kDigits, "--data", "/nowhere/x.h5"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("/nowhere/x.h5"));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST(Fedc, CtrlCFinishesTheRoundAndSaves) {
  const Folder folder;
  const std::string saved = folder.path("model.npz");
  const BinaryResult result = fedc({"run", kDigits, "--rounds", "1000000", "--save", saved, "--json"}, "\"event\":\"round\"");
  EXPECT_EQ(result.exitCode, 130) << result.err;
  EXPECT_TRUE(std::filesystem::exists(saved));
  const json summary = lines(result.out).back();
  EXPECT_EQ(summary["event"], "summary");
  EXPECT_EQ(summary["interrupted"], true);
  EXPECT_LT(summary["rounds"], 1000000);
  // What was saved is the state after as many rounds as the summary says.
  const std::string rounds = std::to_string(summary["rounds"].get<int>());
  const BinaryResult whole = fedc({"run", kDigits, "--rounds", rounds, "--json"});
  EXPECT_EQ(lines(whole.out).back()["metrics"], summary["metrics"]);
}

TEST(Fedc, InterpreterAndNativeCodeAgree) {
  const std::vector<std::string> arguments = {"run", kDigits,          "--rounds", "1",     "--clients", "0..2", "--clients-per-round",
                                              "all", "--eval-clients", "0..1",     "--json"};
  std::vector<std::string> slow = arguments;
  slow.emplace_back("--interpret");
  const BinaryResult native = fedc(arguments), interpreted = fedc(slow);
  ASSERT_EQ(native.exitCode, 0) << native.err;
  ASSERT_EQ(interpreted.exitCode, 0) << interpreted.err;
  EXPECT_EQ(lines(native.out).back()["metrics"], lines(interpreted.out).back()["metrics"]);
  EXPECT_EQ(lines(native.out).back()["eval"], lines(interpreted.out).back()["eval"]);
}

}  // namespace
}  // namespace fedc::tests
