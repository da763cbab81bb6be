#include "tools/fedc/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fedc::cli {
namespace {

using ::testing::HasSubstr;

driver::ProgramFacts programWithBlock() {
  driver::ProgramFacts program;
  program.run.data = "data/train.h5";
  program.run.eval = "/abs/test.h5";
  program.run.rounds = 20;
  program.run.clientsPerRound = 10;
  program.run.others = {{"eval_every", "5"}, {"seed", "7"}, {"data_cache", "64M"}, {"clients", "@few.txt"}};
  return program;
}

TEST(Settings, TheRunBlockIsRelativeToTheProgram) {
  const auto options = runOptions({}, programWithBlock(), "some/where/a.fed");
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->data, "some/where/data/train.h5");
  EXPECT_EQ(options->evalData, "/abs/test.h5");
  EXPECT_EQ(options->clients, "@some/where/few.txt");
  EXPECT_EQ(options->rounds, 20);
  EXPECT_EQ(options->clientsPerRound, 10);
  EXPECT_EQ(options->evalEvery, 5);
  EXPECT_EQ(options->seed, 7u);
  EXPECT_EQ(options->dataCache, 64 << 20);
}

TEST(Settings, AProgramInThisFolder) {
  const auto options = runOptions({}, programWithBlock(), "a.fed");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->data, "data/train.h5");
}

TEST(Settings, FlagsWin) {
  RunFlags flags;
  flags.data = "mine.h5";
  flags.rounds = 0;
  flags.clientsPerRound = std::optional<std::int64_t>();
  flags.clients = "@all.txt";
  flags.seed = 1;
  flags.interpret = true;
  const auto options = runOptions(flags, programWithBlock(), "some/where/a.fed");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->data, "mine.h5");
  EXPECT_EQ(options->rounds, 0);
  EXPECT_EQ(options->clientsPerRound, std::nullopt);
  EXPECT_EQ(options->clients, "@all.txt");
  EXPECT_EQ(options->seed, 1u);
  EXPECT_TRUE(options->serial);
}

TEST(Settings, RunTimeParamsAreHandedOn) {
  driver::ProgramFacts program;
  check::Param lr;
  lr.name = "lr";
  lr.value = core::Literal::ofDouble(core::Elem::F32, 0.5);
  lr.isStatic = false;
  check::Param batch;
  batch.name = "batch";
  batch.value = core::Literal::ofInt(core::Elem::I32, 20);
  program.params = {lr, batch};
  const auto options = runOptions({}, program, "a.fed");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->params, (std::map<std::string, double>{{"lr", 0.5}}));
}

TEST(Settings, UnknownAndUnfitSettings) {
  driver::ProgramFacts program;
  program.run.others = {{"round", "3"}};
  auto options = runOptions({}, program, "a.fed");
  ASSERT_FALSE(options);
  EXPECT_THAT(options.error().message, HasSubstr("did you mean `rounds`?"));
  program.run.others = {{"threads", "0"}};
  options = runOptions({}, program, "a.fed");
  ASSERT_FALSE(options);
  EXPECT_THAT(options.error().message, HasSubstr("`threads` in the `run` block"));
  program.run.others = {};
  program.run.clientsPerRound = 0;
  EXPECT_FALSE(runOptions({}, program, "a.fed"));
}

/// A `main` with the plain arguments `x: f32` and `m.w: i32[2]`.
core::Program programWithMain() {
  core::Program program;
  core::Graph graph;
  graph.entry = "main";
  graph.slots = {{"x", {core::Elem::F32, {}}, core::Place::Server}, {"m.w", {core::Elem::I32, {Dim(2)}}, core::Place::Server}};
  graph.inputs = {{core::Graph::Input::Kind::Argument, 0, "x", {}, {}}, {core::Graph::Input::Kind::Argument, 1, "m.w", {}, {}}};
  program.graphs.push_back(graph);
  return program;
}

TEST(Settings, ArgumentsOfMain) {
  runtime::RunOptions options;
  const auto given = giveArguments({{"x", "1.5"}, {"m.w", "[3, 4]"}}, programWithMain(), options);
  ASSERT_TRUE(given) << given.error().message;
  EXPECT_EQ(options.arguments.at("x").at(0).toDouble(), 1.5);
  EXPECT_EQ(options.arguments.at("m.w").at(1).toInt(), 4);
}

TEST(Settings, ArgumentsThatDoNotFit) {
  const auto message = [](const std::map<std::string, std::string>& texts, const core::Program& program) {
    runtime::RunOptions options;
    const auto given = giveArguments(texts, program, options);
    EXPECT_FALSE(given);
    return given ? std::string() : given.error().message + " " + given.error().help;
  };
  EXPECT_THAT(message({{"x", "1"}}, programWithMain()), HasSubstr("`--arg m.w=VALUE`"));
  EXPECT_THAT(message({{"x", "1"}, {"m.w", "[1, 2, 3]"}}, programWithMain()), HasSubstr("--arg m.w"));
  EXPECT_THAT(message({{"x", "1"}, {"m.w", "[1, 2]"}, {"m.v", "1"}}, programWithMain()), HasSubstr("did you mean `m.w`?"));
  EXPECT_THAT(message({{"x", "1"}}, core::Program{}), HasSubstr("no function `main`"));
  runtime::RunOptions options;
  EXPECT_TRUE(giveArguments({}, core::Program{}, options));
}

}  // namespace
}  // namespace fedc::cli
