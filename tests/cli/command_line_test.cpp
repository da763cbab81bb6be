#include "tools/fedc/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fedc::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

CommandLine parsed(std::vector<std::string> arguments) {
  auto line = parseCommandLine(std::move(arguments));
  EXPECT_TRUE(line) << (line ? "" : line.error().text);
  return line ? *line : CommandLine{};
}

Usage refused(std::vector<std::string> arguments) {
  auto line = parseCommandLine(std::move(arguments));
  EXPECT_FALSE(line);
  return line ? Usage{} : line.error();
}

TEST(CommandLine, RunWithEveryFlag) {
  const CommandLine line = parsed({"run",
                                   "a.fed",
                                   "--data",
                                   "d.h5",
                                   "--eval-data",
                                   "e.h5",
                                   "--rounds",
                                   "100",
                                   "--clients-per-round",
                                   "10",
                                   "--clients",
                                   "0..30",
                                   "--eval-clients",
                                   "x,y",
                                   "--seed",
                                   "7",
                                   "-p",
                                   "lr=0.1",
                                   "-p",
                                   "batch=20",
                                   "--arg",
                                   "x=[1, 2]",
                                   "--threads",
                                   "2",
                                   "--eval-every",
                                   "5",
                                   "--json",
                                   "--save",
                                   "s.npz",
                                   "--init",
                                   "i.npz",
                                   "--interpret",
                                   "--data-cache",
                                   "64M",
                                   "--include",
                                   "lib",
                                   "--include",
                                   "more",
                                   "--verify",
                                   "--error-format=json",
                                   "--color",
                                   "never"});
  EXPECT_EQ(line.command, Command::Run);
  EXPECT_THAT(line.files, ElementsAre("a.fed"));
  EXPECT_EQ(line.run.data, "d.h5");
  EXPECT_EQ(line.run.evalData, "e.h5");
  EXPECT_EQ(line.run.rounds, 100);
  ASSERT_TRUE(line.run.clientsPerRound);
  EXPECT_EQ(*line.run.clientsPerRound, 10);
  EXPECT_EQ(line.run.clients, "0..30");
  EXPECT_EQ(line.run.evalClients, "x,y");
  EXPECT_EQ(line.run.seed, 7u);
  EXPECT_EQ(line.params.at("lr"), "0.1");
  EXPECT_EQ(line.params.at("batch"), "20");
  EXPECT_EQ(line.run.arguments.at("x"), "[1, 2]");
  EXPECT_EQ(line.run.threads, 2);
  EXPECT_EQ(line.run.evalEvery, 5);
  EXPECT_TRUE(line.run.json);
  EXPECT_EQ(line.run.save, "s.npz");
  EXPECT_EQ(line.run.init, "i.npz");
  EXPECT_TRUE(line.run.interpret);
  EXPECT_EQ(line.run.dataCache, 64 << 20);
  EXPECT_THAT(line.include, ElementsAre("lib", "more"));
  EXPECT_TRUE(line.verify);
  EXPECT_EQ(line.errorFormat, ErrorFormat::Json);
  EXPECT_EQ(line.color, ColorMode::Never);
}

TEST(CommandLine, NothingIsSetByItself) {
  const CommandLine line = parsed({"run", "a.fed"});
  EXPECT_FALSE(line.run.data || line.run.evalData || line.run.rounds || line.run.clientsPerRound || line.run.seed || line.run.threads ||
               line.run.dataCache);
  EXPECT_FALSE(line.run.json || line.run.interpret || line.verify);
  EXPECT_EQ(line.color, ColorMode::Auto);
  EXPECT_EQ(line.errorFormat, ErrorFormat::Text);
}

TEST(CommandLine, AllIsACohortSizeOfItsOwn) {
  const CommandLine line = parsed({"run", "a.fed", "--clients-per-round", "all"});
  ASSERT_TRUE(line.run.clientsPerRound);
  EXPECT_FALSE(line.run.clientsPerRound->has_value());
}

TEST(CommandLine, OneValueForEachName) {
  for (const std::string flag : {"-p", "--arg", "--data", "--eval-data"}) {
    const Usage twice = refused({"run", "a.fed", flag, "x=1", flag, "y=1", flag, "x=2"});
    EXPECT_EQ(twice.exitCode, 2);
    EXPECT_THAT(twice.text, HasSubstr("`x` is given twice")) << flag;
  }
  EXPECT_THAT(refused({"run", "a.fed", "--data", "a.h5", "--data", "b.h5"}).text, HasSubstr("it is given twice: `a.h5` and `b.h5`"));
  const CommandLine line = parsed({"run", "a.fed", "--data", "a.h5", "--data", "test=b.h5"});
  EXPECT_EQ(line.run.data, "a.h5");
  EXPECT_EQ(line.run.dataParts.at("test"), "b.h5");
}

TEST(CommandLine, AFlagBetweenParamAndFileDoesNotSwallowTheFile) {
  const CommandLine line = parsed({"run", "-p", "lr=1", "a.fed"});
  EXPECT_THAT(line.files, ElementsAre("a.fed"));
}

TEST(CommandLine, CheckTakesSeveralFiles) {
  const CommandLine line = parsed({"check", "a.fed", "b.fed", "--data", "d.h5"});
  EXPECT_EQ(line.command, Command::Check);
  EXPECT_THAT(line.files, ElementsAre("a.fed", "b.fed"));
  EXPECT_EQ(line.run.data, "d.h5");
}

TEST(CommandLine, ReplayTakesARoundAClientAndWhatToShow) {
  const CommandLine line = parsed({"replay", "runs/a-1", "--round", "3", "--client", "writer_7", "--let", "m.w", "--let", "loss", "--line", "12",
                                   "--library", "--data", "test=b.h5"});
  EXPECT_EQ(line.command, Command::Replay);
  EXPECT_EQ(line.files, std::vector<std::string>{"runs/a-1"});
  EXPECT_EQ(line.round, 3);
  EXPECT_EQ(line.client, "writer_7");
  EXPECT_EQ(line.lets, (std::vector<std::string>{"m.w", "loss"}));
  EXPECT_EQ(line.lines, std::vector<int>{12});
  EXPECT_TRUE(line.library);
  EXPECT_EQ(line.run.dataParts.at("test"), "b.h5");
}

TEST(CommandLine, EmitTakesAStageAndAFile) {
  const CommandLine line = parsed({"emit", "graph", "a.fed", "--format", "svg", "--print-after=simplify"});
  EXPECT_EQ(line.command, Command::Emit);
  EXPECT_EQ(line.stage, "graph");
  EXPECT_EQ(line.format, GraphFormat::Svg);
  EXPECT_EQ(line.printAfter, "simplify");
  EXPECT_THAT(line.files, ElementsAre("a.fed"));
}

TEST(CommandLine, EveryStageIsTaken) {
  for (const std::string& stage : emitStages()) EXPECT_EQ(parsed({"emit", stage, "a.fed"}).stage, stage);
  EXPECT_THAT(emitStages(), ElementsAre("ast", "typed", "core", "graph", "kernel", "llvm", "asm"));
}

TEST(CommandLine, VersionAndHelpAreNoErrors) {
  const Usage version = refused({"--version"});
  EXPECT_EQ(version.exitCode, 0);
  EXPECT_THAT(version.text, HasSubstr("fedc "));
  const Usage help = refused({"--help"});
  EXPECT_EQ(help.exitCode, 0);
  EXPECT_THAT(help.text, HasSubstr("emit"));
  const Usage runHelp = refused({"run", "--help"});
  EXPECT_EQ(runHelp.exitCode, 0);
  EXPECT_THAT(runHelp.text, HasSubstr("--clients-per-round"));
}

TEST(CommandLine, WrongUsageIsTwo) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{{},
                                                                                         {"run"},
                                                                                         {"rnu", "a.fed"},
                                                                                         {"run", "a.fed", "b.fed"},
                                                                                         {"run", "a.fed", "--rounds", "ten"},
                                                                                         {"run", "a.fed", "--threads", "0"},
                                                                                         {"run", "a.fed", "-p", "lr"},
                                                                                         {"emit", "a.fed"},
                                                                                         {"check"},
                                                                                         {"run", "a.fed", "--data-cache", "many"},
                                                                                         {"run", "a.fed", "--error-format", "xml"},
                                                                                         {"run", "a.fed", "--rounds"}}) {
    const Usage usage = refused(arguments);
    EXPECT_EQ(usage.exitCode, 2) << ::testing::PrintToString(arguments);
    EXPECT_FALSE(usage.text.empty());
  }
}

TEST(CommandLine, DidYouMean) {
  EXPECT_THAT(refused({"rnu", "a.fed"}).text, HasSubstr("did you mean `run`?"));
  EXPECT_THAT(refused({"run", "a.fed", "--round", "3"}).text, HasSubstr("did you mean `--rounds`?"));
  EXPECT_THAT(refused({"run", "a.fed", "--thread=3"}).text, HasSubstr("did you mean `--threads`?"));
  EXPECT_THAT(refused({"emit", "grpah", "a.fed"}).text, HasSubstr("did you mean `graph`?"));
  EXPECT_THAT(refused({"run", "a.fed", "--zzzzzz"}).text, Not(HasSubstr("did you mean")));
}

TEST(CommandLine, ErrorsNameTheFlagAndTheValue) {
  const std::string text = refused({"run", "a.fed", "--clients-per-round", "0"}).text;
  EXPECT_THAT(text, HasSubstr("--clients-per-round"));
  EXPECT_THAT(text, HasSubstr("`0`"));
  EXPECT_THAT(text, HasSubstr("fedc run --help"));
}

}  // namespace
}  // namespace fedc::cli
