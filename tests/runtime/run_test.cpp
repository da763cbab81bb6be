#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/process/run.h"
#include "runtime/value/npz.h"
#include "support.h"

namespace fedc::runtime {
namespace {

using core::Elem;
using testing::ElementsAre;
using testing::HasSubstr;

class RunProcess : public testing::Test {
 protected:
  void write(int clients, const std::vector<int>& bad = {}) {
    test::writeClients(directory / "train.h5", test::memoryClients(clients, bad));
    test::writeClients(directory / "test.h5", test::memoryClients(3));
    options.data = directory / "train.h5";
    options.rounds = 6;
    options.clientsPerRound = 5;
    options.threads = 2;
    options.params["lr"] = 0.5;
  }
  Expected<RunSummary, RunError> go(const RunEvents& events = {}) { return run(executable, options, events); }
  RunSummary good(const RunEvents& events = {}) {
    auto summary = go(events);
    EXPECT_TRUE(summary) << (summary ? "" : summary.error().message);
    return summary ? std::move(*summary) : RunSummary{};
  }
  RunError bad() {
    auto summary = go();
    EXPECT_FALSE(summary);
    return summary ? RunError{} : summary.error();
  }
  test::TemporaryDirectory directory;
  std::shared_ptr<core::Program> program = test::processProgram();
  Executable executable = interpreted(program);
  RunOptions options;
};

TEST_F(RunProcess, EventsInOrderAndASummary) {
  write(20);
  options.evalData = directory / "test.h5";
  options.evalEvery = 4;
  std::vector<std::string> heard;
  RunEvents events;
  events.start = [&](const StartEvent& e) {
    heard.push_back("start " + std::to_string(e.clients) + " " + std::to_string(e.clientsPerRound) + " " + std::to_string(e.evalClients));
  };
  events.round = [&](const RoundEvent& e) {
    heard.push_back("round " + std::to_string(e.round) + "/" + std::to_string(e.rounds));
    ASSERT_EQ(e.metrics.size(), 1u);
    EXPECT_EQ(e.metrics[0].name, "examples");
    EXPECT_GT(e.seconds, 0);
  };
  events.eval = [&](const EvalEvent& e) { heard.push_back("eval " + std::to_string(e.round) + " " + std::to_string(e.clients)); };
  const RunSummary summary = good(events);
  EXPECT_THAT(heard,
              ElementsAre("start 20 5 3", "round 1/6", "round 2/6", "round 3/6", "round 4/6", "eval 4 3", "round 5/6", "round 6/6", "eval 6 3"));
  EXPECT_EQ(summary.rounds, 6);
  EXPECT_FALSE(summary.interrupted);
  EXPECT_GT(summary.firstRoundSeconds, 0);
  EXPECT_GT(summary.roundSeconds, 0);
  ASSERT_EQ(summary.eval.size(), 1u);
  EXPECT_EQ(summary.eval[0].name, "sum");
  ASSERT_EQ(summary.state.size(), 1u);
  EXPECT_EQ(summary.state[0].name, "w");
}

TEST_F(RunProcess, SameBitsForAnyThreadsAndForTheSerialExecutor) {
  write(40);
  std::vector<std::string> files;
  for (const int threads : {1, 2, 8, 0}) {
    options.threads = threads == 0 ? 1 : threads;
    options.serial = threads == 0;
    options.save = directory / ("out" + std::to_string(threads) + ".npz");
    good();
    files.push_back(test::readFile(options.save));
  }
  EXPECT_GT(files[0].size(), 100u);
  for (const std::string& file : files) EXPECT_EQ(file, files[0]);
  options.seed = 1;
  good();
  EXPECT_NE(test::readFile(options.save), files[0]);
}

TEST_F(RunProcess, SavedStateGoesOnWhereItStopped) {
  write(20);
  options.clientsPerRound.reset();
  options.save = directory / "a.npz";
  options.rounds = 0;
  const RunSummary start = good();
  options.init = directory / "a.npz";
  options.save = directory / "b.npz";
  const RunSummary same = good();
  EXPECT_TRUE(same.state[0].value.sameBits(start.state[0].value));
  EXPECT_EQ(test::readFile(directory / "a.npz"), test::readFile(directory / "b.npz"));
  options.rounds = 1;
  EXPECT_FALSE(good().state[0].value.sameBits(start.state[0].value));
}

TEST_F(RunProcess, InitFilesThatDoNotFit) {
  write(20);
  options.init = directory / "w.npz";
  EXPECT_THAT(bad().message, HasSubstr("No such file"));
  ASSERT_TRUE(writeNpz(options.init, {{"v", core::Array(Elem::F32, {3})}}));
  EXPECT_THAT(bad().message, HasSubstr("has no `w`, it has `v`"));
  ASSERT_TRUE(writeNpz(options.init, {{"w", core::Array(Elem::F32, {4})}}));
  EXPECT_THAT(bad().message, HasSubstr("is `f32[4]`, the program's state has `f32[3]`"));
  ASSERT_TRUE(writeNpz(options.init, {{"w", core::Array(Elem::F32, {3})}, {"b", core::Array(Elem::F32, {3})}}));
  EXPECT_THAT(bad().message, HasSubstr("has `b`, which the program's state has not"));
  EXPECT_EQ(bad().kind, RunError::Kind::Weights);
}

TEST_F(RunProcess, InterruptFinishesTheRoundAndSaves) {
  write(20);
  std::atomic<bool> interrupt = false;
  options.interrupt = &interrupt;
  options.save = directory / "out.npz";
  RunEvents events;
  events.round = [&](const RoundEvent& e) {
    if (e.round == 3) interrupt = true;
  };
  const RunSummary summary = good(events);
  EXPECT_EQ(summary.rounds, 3);
  EXPECT_TRUE(summary.interrupted);
  // The state is that of three rounds.
  interrupt = false;
  options.rounds = 3;
  options.save = directory / "three.npz";
  good();
  EXPECT_EQ(test::readFile(directory / "out.npz"), test::readFile(directory / "three.npz"));
}

TEST_F(RunProcess, AFailedCheckNamesClientRoundAndSite) {
  write(20, {4, 11});
  options.clientsPerRound.reset();
  options.save = directory / "out.npz";
  for (const int threads : {1, 2, 8}) {
    options.threads = threads;
    const RunError error = bad();
    EXPECT_EQ(error.kind, RunError::Kind::Check);
    EXPECT_EQ(error.client, "client_004");
    EXPECT_EQ(error.round, 1);
    EXPECT_EQ(error.site, 0u);
    EXPECT_EQ(error.message, "a value of x is too large");
  }
  EXPECT_FALSE(std::filesystem::exists(options.save)) << "a failed round leaves no trace";
}

TEST_F(RunProcess, AFailureInALaterRoundKeepsTheRoundsBefore) {
  write(20, {4});
  options.rounds = 100;
  options.clientsPerRound = 2;
  options.save = directory / "out.npz";
  int last = 0;
  RunEvents events;
  events.round = [&](const RoundEvent& e) { last = e.round; };
  const auto summary = go(events);
  ASSERT_FALSE(summary);
  const RunError error = summary.error();
  ASSERT_GT(last, 0) << "the first cohort has the bad client: choose another seed";
  EXPECT_EQ(error.round, last + 1);
  EXPECT_THAT(error.help, HasSubstr("the state after round " + std::to_string(last)));
  options.rounds = last;
  options.save = directory / "before.npz";
  good();
  EXPECT_EQ(test::readFile(directory / "out.npz"), test::readFile(directory / "before.npz"));
}

TEST_F(RunProcess, AClientOfAnotherShapeEndsTheRunWhenItIsRead) {
  write(20);
  auto clients = test::memoryClients(20);
  clients[7].columns[0] = core::Array(Elem::F32, {6, 4});
  test::writeClients(options.data, clients);
  options.clientsPerRound.reset();
  for (const int threads : {1, 2, 8}) {
    options.threads = threads;
    const RunError error = bad();
    EXPECT_EQ(error.kind, RunError::Kind::Data);
    EXPECT_EQ(error.client, "client_007");
    EXPECT_EQ(error.round, 1);
    EXPECT_EQ(error.message, "feature `x` of client `client_007` is `f32[4]` in the data, `f32[3]` in the program");
    EXPECT_TRUE(error.span.has_value());
  }
  // Without that client nothing is wrong.
  options.clients = "0..7";
  good();
  // The first client of the federation is checked before anything starts.
  options.clients = "7..9";
  EXPECT_FALSE(bad().round.has_value());
}

TEST_F(RunProcess, OptionsThatDoNotFit) {
  write(20);
  const RunOptions fine = options;
  const auto message = [&](auto&& change) {
    options = fine;
    change(options);
    return bad().message;
  };
  EXPECT_THAT(message([](RunOptions& o) { o.data.clear(); }), HasSubstr("no data is given"));
  EXPECT_THAT(message([](RunOptions& o) { o.data += "x"; }), HasSubstr("No such file"));
  EXPECT_THAT(message([](RunOptions& o) { o.clientsPerRound = 21; }), HasSubstr("a cohort of 21 clients cannot be drawn from 20"));
  EXPECT_THAT(message([](RunOptions& o) { o.clientsPerRound = 0; }), HasSubstr("empty"));
  EXPECT_THAT(message([](RunOptions& o) { o.clients = "nobody"; }), HasSubstr("no client `nobody`"));
  EXPECT_THAT(message([](RunOptions& o) { o.params.clear(); }), HasSubstr("param `lr` has no value"));
  EXPECT_THAT(message([](RunOptions& o) { o.rounds = -1; }), HasSubstr("negative"));
  EXPECT_THAT(message([&](RunOptions& o) { o.save = directory / "no/such/file.npz"; }), HasSubstr("cannot write"));
}

TEST_F(RunProcess, RestrictionAndCacheDoNotChangeBits) {
  write(30);
  options.clients = "5..25";
  options.save = directory / "a.npz";
  good();
  options.dataCache = 0;
  options.save = directory / "b.npz";
  const RunSummary uncached = good();
  EXPECT_EQ(test::readFile(directory / "a.npz"), test::readFile(directory / "b.npz"));
  EXPECT_GT(uncached.dataWait.total(), 0);
}

TEST_F(RunProcess, DataCanBeOpenedBeforeTheKernelsExist) {
  write(20);
  auto data = openRunData(*program, options);
  ASSERT_TRUE(data);
  const auto summary = run(executable, options, {}, *data);
  ASSERT_TRUE(summary);
  options.save = "";
  EXPECT_TRUE(summary->state[0].value.sameBits(good().state[0].value));
}

TEST_F(RunProcess, MainRunsOnce) {
  write(4);
  auto single = std::make_shared<core::Program>(*test::twoPhaseProgram());
  core::Graph& g = single->graphs[0];
  g.entry = "main";
  g.inputs[0].kind = core::Graph::Input::Kind::Argument;
  for (auto& output : g.outputs) output.kind = core::Graph::Output::Kind::Report;
  executable = interpreted(single);
  options.clientsPerRound.reset();
  EXPECT_THAT(bad().message, HasSubstr("argument `m` of `main` has no value"));
  options.arguments["m"] = test::arrayOf<float>(Elem::F32, {3}, {1, 2, 3});
  const RunSummary summary = good();
  ASSERT_EQ(summary.metrics.size(), 4u);
  // Rows of clients 0 to 3: 1, 3, 5, 2.
  EXPECT_THAT(summary.metrics[3].value.as<float>(), ElementsAre(1, 3, 5, 2));
  EXPECT_EQ(summary.metrics[1].value.as<float>()[0], 11);
  options.arguments["m"] = core::Array(Elem::F32, {2});
  EXPECT_THAT(bad().message, HasSubstr("another type"));
}

}  // namespace
}  // namespace fedc::runtime
