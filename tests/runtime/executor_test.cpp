#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <numeric>
#include <thread>

#include "compiler/core/threefry.h"
#include "runtime/data/loader.h"
#include "runtime/graph/executor.h"
#include "runtime/graph/tree.h"
#include "runtime/value/random.h"
#include "support.h"

namespace fedc::runtime {
namespace {

using core::Elem;

struct Fixture {
  explicit Fixture(int clients, const std::vector<int>& bad = {}) : program(test::twoPhaseProgram()), executable(interpreted(program)) {
    auto made = memorySource(test::memoryClients(clients, bad), program->graphs[0].columns);
    source = *made;
    loader = std::make_unique<Loader>(Loader::Options{1 << 20, 2});
    id = loader->add(source);
    members.resize(static_cast<std::size_t>(clients));
    std::iota(members.begin(), members.end(), 0);
    inputs = {Leaf::of(test::arrayOf<float>(Elem::F32, {3}, {0.5f, -1.25f, 3})), Leaf::of(core::Array::scalar({Elem::Key, 42}))};
  }
  GraphPlan plan() const {
    auto plan = planGraph(executable, program->graphs[0]);
    EXPECT_TRUE(plan) << (plan ? "" : plan.error().message);
    return std::move(*plan);
  }
  Cohort cohort() const { return {members, source.get(), loader.get(), id}; }

  std::shared_ptr<core::Program> program;
  Executable executable;
  std::shared_ptr<ClientSource> source;
  std::unique_ptr<Loader> loader;
  Loader::SourceId id = 0;
  std::vector<std::uint32_t> members;
  std::vector<Leaf> inputs;
};

std::string bits(const std::vector<Leaf>& leaves) {
  std::string all;
  for (const Leaf& leaf : leaves) {
    const core::Array array = leaf.array();
    all.append(static_cast<const char*>(array.data()), static_cast<std::size_t>(array.bytes()));
  }
  return all;
}

TEST(MergeTree, BlocksAreAFunctionOfTheCohortAlone) {
  for (const std::int64_t clients : {0, 1, 2, 63, 64, 65, 128, 129, 1000, 4097}) {
    const Blocks cut = Blocks::of(clients);
    EXPECT_LE(cut.count, 64);
    std::int64_t next = 0;
    for (std::int64_t b = 0; b < cut.count; ++b) {
      EXPECT_EQ(cut.first(b), next);
      EXPECT_LT(cut.first(b), cut.last(b));
      next = cut.last(b);
    }
    EXPECT_EQ(next, clients);
  }
  EXPECT_EQ(Blocks::of(129).length, 3);
}

TEST(MergeTree, NeighboursMergeAndAnOddOneMovesUp) {
  const MergeTree tree(5);
  // 0..4, then (01) (23) 4 as 5..7, then (0123) 4 as 8, 9, then the root 10.
  EXPECT_EQ(tree.nodes(), 11);
  EXPECT_EQ(tree.up(0).parent, 5);
  EXPECT_TRUE(tree.up(0).left);
  EXPECT_EQ(tree.up(1).parent, 5);
  EXPECT_FALSE(tree.up(1).left);
  EXPECT_EQ(tree.up(4).parent, 7);
  EXPECT_TRUE(tree.up(4).alone);
  EXPECT_EQ(tree.up(7).parent, 9);
  EXPECT_TRUE(tree.up(7).alone);
  EXPECT_EQ(tree.up(9).parent, 10);
  EXPECT_FALSE(tree.up(9).left);
  EXPECT_EQ(tree.up(10).parent, -1);
}

TEST(Executor, SerialGivesWhatTheGraphMeans) {
  Fixture s(3);
  auto executor = serialExecutor(s.plan());
  auto out = executor->run(s.inputs, s.cohort());
  ASSERT_TRUE(out);
  // Rows: 1, 3, 5.
  EXPECT_EQ((*out)[1].array().as<float>()[0], 9);
  EXPECT_THAT((*out)[3].array().as<float>(), testing::ElementsAre(1, 3, 5));
  // Phase 2 is the sum of c * m', in order.
  const core::Array model = (*out)[0].array(), second = (*out)[2].array();
  for (std::size_t i = 0; i < 3; ++i) {
    const float m = model.as<float>()[i];
    EXPECT_EQ(second.as<float>()[i], (m * 1 + m * 3) + m * 5);
  }
}

class ExecutorThreads : public testing::TestWithParam<int> {};

/// A function that has its team, if it gets one, go over a range, and looks whether each step was done once.
class Sharing final : public Callable {
 public:
  explicit Sharing(std::shared_ptr<const Callable> inner) : inner_(std::move(inner)) {}
  const Signature& signature() const override { return inner_->signature(); }
  std::int64_t arenaBytes(const std::int64_t* dims) const override { return inner_->arenaBytes(dims); }
  void run(const CallArgs& args) const noexcept override {
    if (args.team != nullptr) {
      ++teams;
      // Not atomic: two threads never do the same step, and what they have done is there when the team is back.
      std::vector<int> done(1000, 0);
      args.team->run(
          [](const void* context, std::int64_t lo, std::int64_t hi) {
            auto& steps = *const_cast<std::vector<int>*>(static_cast<const std::vector<int>*>(context));
            for (std::int64_t i = lo; i < hi; ++i) ++steps[static_cast<std::size_t>(i)];
          },
          &done, static_cast<std::int64_t>(done.size()));
      for (const int times : done) isWhole = isWhole && times == 1;
    }
    inner_->run(args);
  }
  mutable std::atomic<int> teams{0};
  mutable std::atomic<bool> isWhole{true};

 private:
  std::shared_ptr<const Callable> inner_;
};

TEST_P(ExecutorThreads, IdleThreadsShareTheStepsOfAFunction) {
  Fixture s(130);
  std::vector<std::shared_ptr<const Sharing>> sharing;
  for (auto& fn : s.executable.functions) {
    if (fn == nullptr) continue;
    sharing.push_back(std::make_shared<Sharing>(fn));
    fn = sharing.back();
  }
  auto serial = serialExecutor(s.plan());
  auto expected = serial->run(s.inputs, s.cohort());
  ASSERT_TRUE(expected);
  int teams = 0;
  for (const auto& fn : sharing) teams += fn->teams;
  EXPECT_EQ(teams, 0) << "the serial executor has one thread";
  auto flow = flowExecutor(s.plan(), std::make_shared<Workers>(GetParam()));
  for (int repeat = 0; repeat < 5; ++repeat) {
    auto out = flow->run(s.inputs, s.cohort());
    ASSERT_TRUE(out);
    EXPECT_EQ(bits(*out), bits(*expected));
  }
  for (const auto& fn : sharing) {
    teams += fn->teams;
    EXPECT_TRUE(fn->isWhole) << fn->signature().name;
  }
  if (GetParam() == 1) {
    EXPECT_EQ(teams, 0);
  } else {
    EXPECT_GT(teams, 0) << "servers and the last clients have threads beside them";
  }
}

/// A merge that tells its operands apart: a + b / 2.
class HalfOfTheRight final : public Callable {
 public:
  explicit HalfOfTheRight(std::shared_ptr<const Callable> sum) : sum_(std::move(sum)) {}
  const Signature& signature() const override { return sum_->signature(); }
  std::int64_t arenaBytes(const std::int64_t* dims) const override { return sum_->arenaBytes(dims); }
  void run(const CallArgs& args) const noexcept override {
    const std::size_t params = signature().params.size();
    for (std::size_t i = params / 2; i < params; ++i) {
      auto* b = static_cast<float*>(args.buffers[i]);
      for (std::int64_t k = 0; k < elementCount(signature().params[i], 0); ++k) b[k] /= 2;
    }
    sum_->run(args);
  }

 private:
  std::shared_ptr<const Callable> sum_;
};

TEST_P(ExecutorThreads, TheLowerClientsAreTheLeftOperand) {
  auto workers = std::make_shared<Workers>(GetParam());
  for (const int clients : {2, 3, 5, 64, 65, 130}) {
    Fixture s(clients);
    for (std::size_t f = 0; f < s.executable.functions.size(); ++f)
      if (s.program->module.fns[f].name == "merge") s.executable.functions[f] = std::make_shared<HalfOfTheRight>(s.executable.functions[f]);
    auto serial = serialExecutor(s.plan()), flow = flowExecutor(s.plan(), workers);
    auto expected = serial->run(s.inputs, s.cohort());
    ASSERT_TRUE(expected);
    // Rows: 1, 3, 5.
    const float merged = (*expected)[1].array().as<float>()[0];
    EXPECT_TRUE(clients != 2 || merged == 1 + 3 / 2.0f) << merged;
    EXPECT_TRUE(clients != 3 || merged == 1 + 3 / 2.0f + 5 / 2.0f) << merged;
    for (int repeat = 0; repeat < 5; ++repeat) {
      auto out = flow->run(s.inputs, s.cohort());
      ASSERT_TRUE(out);
      EXPECT_EQ(bits(*out), bits(*expected)) << clients << " clients, repeat " << repeat;
    }
  }
}

TEST_P(ExecutorThreads, SameBitsAsSerialForEveryCohortSize) {
  auto workers = std::make_shared<Workers>(GetParam());
  for (const int clients : {1, 2, 3, 5, 10, 63, 64, 65, 130, 400}) {
    Fixture s(clients);
    auto serial = serialExecutor(s.plan());
    auto flow = flowExecutor(s.plan(), workers);
    auto expected = serial->run(s.inputs, s.cohort());
    ASSERT_TRUE(expected);
    for (int repeat = 0; repeat < 5; ++repeat) {
      auto out = flow->run(s.inputs, s.cohort());
      ASSERT_TRUE(out);
      EXPECT_EQ(bits(*out), bits(*expected)) << clients << " clients, repeat " << repeat;
    }
  }
}

TEST_P(ExecutorThreads, CohortsOfChangingSizeAndOrder) {
  auto workers = std::make_shared<Workers>(GetParam());
  Fixture s(200);
  auto serial = serialExecutor(s.plan());
  auto flow = flowExecutor(s.plan(), workers);
  for (int round = 0; round < 30; ++round) {
    const auto order = permutation(foldIn(7, static_cast<std::uint32_t>(round)), 200);
    s.members.assign(order.begin(), order.begin() + 1 + round * 37 % 199);
    auto expected = serial->run(s.inputs, s.cohort());
    auto out = flow->run(s.inputs, s.cohort());
    ASSERT_TRUE(expected && out);
    EXPECT_EQ(bits(*out), bits(*expected));
  }
}

TEST_P(ExecutorThreads, StateGoesFromRoundToRound) {
  auto workers = std::make_shared<Workers>(GetParam());
  Fixture s(20);
  auto serial = serialExecutor(s.plan());
  auto flow = flowExecutor(s.plan(), workers);
  std::vector<Leaf> a = s.inputs, b = s.inputs;
  std::vector<std::string> history;
  std::vector<Leaf> kept;
  for (int round = 0; round < 10; ++round) {
    auto x = serial->run(a, s.cohort()), y = flow->run(b, s.cohort());
    ASSERT_TRUE(x && y);
    EXPECT_EQ(bits(*x), bits(*y));
    a[0] = (*x)[0];
    b[0] = (*y)[0];
    history.push_back(bits({b[0]}));
    kept.push_back(b[0]);
  }
  // Memory that was handed out is not written again.
  for (std::size_t r = 0; r < kept.size(); ++r) EXPECT_EQ(bits({kept[r]}), history[r]);
  EXPECT_NE(history[0], history[9]);
}

TEST_P(ExecutorThreads, LowestFailingPositionIsReported) {
  auto workers = std::make_shared<Workers>(GetParam());
  for (const std::vector<int>& bad : std::vector<std::vector<int>>{{0}, {9}, {3, 7}, {7, 8, 9}, {64, 65}, {99}, {1, 50, 99}}) {
    Fixture s(100, bad);
    auto flow = flowExecutor(s.plan(), workers);
    for (int repeat = 0; repeat < 10; ++repeat) {
      auto out = flow->run(s.inputs, s.cohort());
      ASSERT_FALSE(out);
      EXPECT_EQ(out.error().position, bad.front());
      EXPECT_EQ(out.error().site, 0u);
      EXPECT_EQ(out.error().kind, Failure::Kind::Check);
    }
    // It recovers: the same executor, without the bad clients.
    s.members.erase(std::remove_if(s.members.begin(), s.members.end(),
                                   [&](std::uint32_t c) { return std::find(bad.begin(), bad.end(), static_cast<int>(c)) != bad.end(); }),
                    s.members.end());
    auto serial = serialExecutor(s.plan());
    auto expected = serial->run(s.inputs, s.cohort()), out = flow->run(s.inputs, s.cohort());
    ASSERT_TRUE(expected && out);
    EXPECT_EQ(bits(*out), bits(*expected));
  }
}

/// The clients' work, in which clients 2 and 40 fail; 40 has begun before 2 fails, and ends after it.
class LateFailure final : public Callable {
 public:
  explicit LateFailure(std::shared_ptr<const Callable> inner) : inner_(std::move(inner)) {}
  const Signature& signature() const override { return inner_->signature(); }
  std::int64_t arenaBytes(const std::int64_t* dims) const override { return inner_->arenaBytes(dims); }
  void run(const CallArgs& args) const noexcept override {
    // The second value of x says who it is (support.h).
    const float value = static_cast<const float*>(args.buffers[3])[1];
    const int client = static_cast<int>(std::lround((value - 0.25f) * 10)) - 1;
    if (client == 40) begun = true;
    if (client == 2) waitFor(begun);
    inner_->run(args);
    if (client == 2) failed = true;
    if (client == 40) {
      waitFor(failed);
      // It is told after this returns.
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  mutable std::atomic<bool> begun{false}, failed{false};

 private:
  static void waitFor(const std::atomic<bool>& flag) {
    // Not for ever, should one thread do both.
    for (int i = 0; i < 2000 && !flag; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::shared_ptr<const Callable> inner_;
};

TEST(Executor, ALaterFailureOfAHigherPositionChangesNothing) {
  Fixture s(50, {2, 40});
  // Neighbours in the cohort, so that both are under way at once.
  s.members = {0, 2, 40, 3};
  auto& work = s.executable.functions.at(static_cast<std::size_t>(s.program->graphs[0].phases[0].client));
  const auto late = std::make_shared<LateFailure>(work);
  work = late;
  auto flow = flowExecutor(s.plan(), std::make_shared<Workers>(4));
  const auto out = flow->run(s.inputs, s.cohort());
  ASSERT_FALSE(out);
  EXPECT_TRUE(late->begun && late->failed);
  EXPECT_EQ(out.error().position, 1);
}

TEST(Executor, AClientsKeyIsItsOwnWhereverItStands) {
  for (const std::uint32_t client : {0u, 5u, 9u}) {
    Fixture s(10);
    s.members = {client};
    // One row of three values, or several: the sum over rows, in order.
    const auto clients = test::memoryClients(10);
    const core::Array& x = clients[client].columns[0];
    const Key key = clientKey(42, clientHash(clients[client].id));
    const std::vector<float> model = {0.5f, -1.25f, 3};
    std::vector<float> expected;
    for (std::size_t j = 0; j < 3; ++j) {
      float sum = 0;
      for (std::int64_t r = 0; r < clients[client].rows; ++r) sum += x.as<float>()[static_cast<std::size_t>(r) * 3 + j];
      const float noise = static_cast<float>(core::randomBits(key, j)) * 1e-9f;
      expected.push_back(model[j] + ((sum + noise) + model[j]) / static_cast<float>(clients[client].rows));
    }
    for (const bool serial : {true, false}) {
      auto executor = serial ? serialExecutor(s.plan()) : flowExecutor(s.plan(), std::make_shared<Workers>(2));
      auto out = executor->run(s.inputs, s.cohort());
      ASSERT_TRUE(out);
      EXPECT_THAT((*out)[0].array().as<float>(), testing::ElementsAreArray(expected)) << client;
    }
  }
}

TEST_P(ExecutorThreads, EmptyCohortReportsTheZero) {
  Fixture s(4);
  s.members.clear();
  auto flow = flowExecutor(s.plan(), std::make_shared<Workers>(GetParam()));
  auto out = flow->run(s.inputs, s.cohort());
  // The mean over nobody is a check at the server.
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().position, -1);
  EXPECT_EQ(out.error().site, 1u);
}

TEST_P(ExecutorThreads, EmptyCohortGivesZeroWhereNothingChecks) {
  // `evaluate` is a plain sum.
  auto program = test::processProgram();
  const Executable executable = interpreted(program);
  auto plan = planGraph(executable, *program->entry("evaluate"));
  ASSERT_TRUE(plan) << plan.error().message;
  auto flow = flowExecutor(std::move(*plan), std::make_shared<Workers>(GetParam()));
  const std::vector<Leaf> inputs = {Leaf::of(test::arrayOf<float>(Elem::F32, {3}, {1, 2, 3}))};
  auto out = flow->run(inputs, Cohort{});
  ASSERT_TRUE(out);
  EXPECT_THAT((*out)[0].array().as<float>(), testing::ElementsAre(0, 0, 0));
}

/// Data of some clients cannot be read, and the others take their time.
class BadSource final : public ClientSource {
 public:
  BadSource(std::shared_ptr<ClientSource> inner, std::vector<std::size_t> bad) : inner_(std::move(inner)), bad_(std::move(bad)) {}
  std::size_t size() const override { return inner_->size(); }
  std::string id(std::size_t client) const override { return inner_->id(client); }
  Expected<ClientColumns, DataError> read(std::size_t client) override {
    if (std::find(bad_.begin(), bad_.end(), client) != bad_.end()) return tl::unexpected(DataError{"unreadable " + std::to_string(client), {}, {}});
    std::this_thread::sleep_for(std::chrono::microseconds(100));
    return inner_->read(client);
  }

 private:
  std::shared_ptr<ClientSource> inner_;
  std::vector<std::size_t> bad_;
};

TEST_P(ExecutorThreads, UnreadableDataIsAFailureOfThePosition) {
  auto workers = std::make_shared<Workers>(GetParam());
  Fixture s(90, {70});
  Loader loader({1 << 20, 3});
  const auto id = loader.add(std::make_shared<BadSource>(s.source, std::vector<std::size_t>{33, 80}));
  auto flow = flowExecutor(s.plan(), workers);
  for (int repeat = 0; repeat < 5; ++repeat) {
    auto out = flow->run(s.inputs, {s.members, s.source.get(), &loader, id});
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().kind, Failure::Kind::Data);
    EXPECT_EQ(out.error().position, 33);
    EXPECT_EQ(out.error().data.message, "unreadable 33");
  }
}

TEST_P(ExecutorThreads, WithoutCacheEveryClientIsWaitedFor) {
  auto workers = std::make_shared<Workers>(GetParam());
  Fixture s(40);
  auto serial = serialExecutor(s.plan());
  auto expected = serial->run(s.inputs, s.cohort());
  Loader loader({0, 2});
  const auto id = loader.add(std::make_shared<BadSource>(s.source, std::vector<std::size_t>{}));
  auto flow = flowExecutor(s.plan(), workers);
  for (int repeat = 0; repeat < 3; ++repeat) {
    auto out = flow->run(s.inputs, {s.members, s.source.get(), &loader, id});
    ASSERT_TRUE(out && expected);
    EXPECT_EQ(bits(*out), bits(*expected));
  }
  EXPECT_GT(flow->times().wait.cold, 0);
  // 40 clients of 100 µs by two readers, for one or more workers that have next to nothing to compute.
  EXPECT_GE(flow->times().wait.total(), 0.0005);
}

INSTANTIATE_TEST_SUITE_P(Threads, ExecutorThreads, testing::Values(1, 2, 8));

TEST(Plan, RejectsGraphsThatDoNotFitTogether) {
  const auto message = [](auto&& spoil) {
    auto program = test::twoPhaseProgram();
    spoil(*program);
    const Executable executable = interpreted(program);
    const auto plan = planGraph(executable, program->graphs[0]);
    return plan ? std::string() : plan.error().message;
  };
  EXPECT_EQ(message([](core::Program&) {}), "");
  EXPECT_THAT(message([](core::Program& p) { p.graphs[0].phases[0].client = 99; }), testing::HasSubstr("no function for the clients"));
  EXPECT_THAT(message([](core::Program& p) { p.graphs[0].phases[0].clientInputs.pop_back(); }), testing::HasSubstr("it takes 5"));
  EXPECT_THAT(message([](core::Program& p) { p.graphs[0].phases[1].clientInputs[1].slot = 0; }), testing::HasSubstr("before it is made"));
  EXPECT_THAT(message([](core::Program& p) { std::swap(p.graphs[0].phases[0].server.inputs[1], p.graphs[0].phases[0].server.inputs[2]); }),
              testing::HasSubstr("another type"));
  EXPECT_THAT(message([](core::Program& p) { p.graphs[0].columns[0].type.dims = {Dim(4)}; }), testing::HasSubstr("column `x`"));
  EXPECT_THAT(message([](core::Program& p) { p.graphs[0].phases[0].clientInputs[1].kind = core::ClientInput::Kind::State; }),
              testing::HasSubstr("of the client state, there are 0"));
  EXPECT_THAT(message([](core::Program& p) { p.graphs[0].outputs[0].slot = 77; }), testing::HasSubstr("slot 77"));
}

}  // namespace
}  // namespace fedc::runtime
