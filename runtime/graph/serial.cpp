#include <cstring>

#include "runtime/clock.h"
#include "runtime/graph/client_call.h"
#include "runtime/graph/executor.h"
#include "runtime/graph/tree.h"

namespace fedc::runtime {
namespace {

struct PlainRequest final : Loader::Request {
  void ready() noexcept override {}
};

class SerialExecutor final : public GraphExecutor {
 public:
  explicit SerialExecutor(GraphPlan plan) : plan_(std::move(plan)), values_(plan_) {}

  Expected<std::vector<Leaf>, Failure> run(std::span<const Leaf> inputs, const Cohort& cohort) override {
    const auto start = Clock::now();
    const double before = times_.train + times_.wait.total();
    auto outputs = graph(inputs, cohort);
    times_.aggregate += secondsSince(start) - (times_.train + times_.wait.total() - before);
    return outputs;
  }

  std::vector<WireCount> wire() const override { return values_.counted(); }

  GraphTimes times() override { return times_; }

 private:
  Expected<std::vector<Leaf>, Failure> graph(std::span<const Leaf> inputs, const Cohort& cohort) {
    values_.begin(static_cast<std::int64_t>(cohort.clients.size()));
    values_.setInputs(inputs);
    if (const auto site = values_.call(plan_.first, nullptr)) return atServer(*site);
    // The merged accumulators of all phases: their values may be read until the end.
    std::vector<Buffer> accumulators(plan_.phases.size());
    for (std::size_t p = 0; p < plan_.phases.size(); ++p) {
      const PhasePlan& phase = plan_.phases[p];
      Buffer zero(phase.accumulatorBytes);
      if (const auto site = values_.zero(phase, zero.data(), nullptr)) return atServer(*site);
      auto merged = clients(phase, cohort, zero);
      if (!merged) return tl::unexpected(merged.error());
      accumulators[p] = std::move(*merged);
      values_.receive(phase, accumulators[p].data());
      if (const auto site = values_.call(phase.server, nullptr)) return atServer(*site);
    }
    std::vector<Leaf> outputs;
    for (std::size_t i = 0; i < plan_.outputs.size(); ++i) outputs.push_back(values_.output(i));
    for (std::size_t i = 0; i < plan_.clientResults.size(); ++i) outputs.push_back(values_.clientResult(i));
    return outputs;
  }

  static tl::unexpected<Failure> atServer(std::uint32_t site) { return tl::unexpected(Failure{Failure::Kind::Check, -1, site, {}}); }

  Expected<Buffer, Failure> clients(const PhasePlan& phase, const Cohort& cohort, const Buffer& zero) {
    const auto count = static_cast<std::int64_t>(cohort.clients.size());
    const auto start = [&] {
      Buffer accumulator(phase.accumulatorBytes);
      std::memcpy(accumulator.data(), zero.data(), static_cast<std::size_t>(phase.accumulatorBytes));
      return accumulator;
    };
    if (count == 0) return start();
    call_.begin(phase, values_);
    const std::int64_t length = (count + Blocks::kMost - 1) / Blocks::kMost;
    std::vector<Buffer> level;
    for (std::int64_t position = 0; position < count; ++position) {
      if (position % length == 0) level.push_back(start());
      PlainRequest request;
      const ClientColumns* columns = nullptr;
      const std::uint32_t client = cohort.clients[static_cast<std::size_t>(position)];
      if (phase.readsData) {
        wait({cohort.source, client, cohort.step}, *cohort.loader, request);
        columns = request.data();
        if (columns == nullptr) {
          Failure failure{Failure::Kind::Data, position, 0, request.error()};
          cohort.loader->release(request);
          return tl::unexpected(std::move(failure));
        }
      }
      const auto begun = Clock::now();
      auto failure = call_.client(cohort, position, columns, level.back().data(), nullptr);
      times_.train += secondsSince(begun);
      if (phase.readsData) cohort.loader->release(request);
      if (failure) return tl::unexpected(std::move(*failure));
    }
    while (level.size() > 1) {
      std::vector<Buffer> next;
      for (std::size_t i = 0; i < level.size(); i += 2) {
        if (i + 1 < level.size() && phase.merge != nullptr) {
          const std::int64_t failed = call_.merge(level[i].data(), level[i + 1].data(), nullptr);
          if (failed != CallArgs::kNoFailure) return atServer(static_cast<std::uint32_t>(failed));
        }
        next.push_back(std::move(level[i]));
      }
      level = std::move(next);
    }
    return std::move(level.front());
  }

  void wait(Loader::Use use, Loader& loader, PlainRequest& request) {
    const auto start = Clock::now();
    loader.wait(use, request);
    const double seconds = secondsSince(start);
    (request.cold() ? times_.wait.cold : times_.wait.warm) += seconds;
  }

  GraphPlan plan_;
  GraphValues values_;
  ClientCall call_;
  GraphTimes times_;
};

}  // namespace

std::unique_ptr<GraphExecutor> serialExecutor(GraphPlan plan) { return std::make_unique<SerialExecutor>(std::move(plan)); }

}  // namespace fedc::runtime
