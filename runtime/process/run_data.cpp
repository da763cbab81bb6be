#include "runtime/process/run_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <thread>

#include "runtime/data/open.h"
#include "runtime/versions.h"

namespace fedc::runtime {
namespace {

tl::unexpected<RunError> wrong(RunError::Kind kind, std::string message, std::string help = {}) {
  RunError error;
  error.kind = kind;
  error.message = std::move(message);
  error.help = std::move(help);
  return tl::unexpected(std::move(error));
}

tl::unexpected<RunError> wrong(const DataError& data) {
  RunError error;
  error.kind = RunError::Kind::Data;
  error.message = data.message;
  error.help = data.help;
  error.span = data.span;
  return tl::unexpected(std::move(error));
}

/// A quarter of the machine's memory.
std::int64_t defaultCache() {
  const long long all = machineMemory();
  return all > 0 ? all / 4 : std::int64_t{1} << 30;
}

/// Of a cohort that is read ahead, at a time.
constexpr std::size_t kPiece = 1024;

struct FirstClient final : Loader::Request {
  void ready() noexcept override {}
};

}  // namespace

bool hasClients(const core::Graph& graph) { return !graph.phases.empty(); }

bool readsData(const core::Program& program, const core::Graph& graph) {
  return std::any_of(graph.phases.begin(), graph.phases.end(), [&](const core::Phase& phase) {
    return phase.client >= 0 && !program.module.fns[static_cast<std::size_t>(phase.client)].dimParams.empty();
  });
}

bool evaluatesAfter(const RunOptions& options, int round) {
  return round == options.rounds || (options.evalEvery > 0 && round > 0 && round % options.evalEvery == 0);
}

Expected<std::unique_ptr<RunData::Federation>, RunError> RunData::add(const core::Graph& graph, const OpenClients& open, const std::string& path,
                                                                      const std::string& clients, std::uint64_t seed,
                                                                      std::optional<std::int64_t> size) {
  auto opened = open ? open(graph.columns) : openData(path, graph.columns);
  if (!opened) return wrong(opened.error());
  std::shared_ptr<ClientSource> source = std::move(*opened);
  if (!clients.empty()) {
    auto selected = selectClients(clients, *source);
    if (!selected) return wrong(RunError::Kind::Option, selected.error().message);
    source = restricted(std::move(source), std::move(*selected));
  }
  auto federation = std::make_unique<Federation>();
  const std::size_t count = source->size();
  if (count > std::numeric_limits<std::uint32_t>::max())
    return wrong(RunError::Kind::Data, fmt::format("`{}` has more than 2^32 clients", open ? "the data" : path));
  if (size && *size < 1) return wrong(RunError::Kind::Option, fmt::format("a cohort of {} clients is empty", *size));
  if (size && *size > static_cast<std::int64_t>(count)) {
    return wrong(RunError::Kind::Option, fmt::format("a cohort of {} clients cannot be drawn from {}", *size, count),
                 fmt::format("`--clients-per-round {}` or `all`", count));
  }
  federation->clients = source;
  federation->cohorts =
      std::make_unique<Cohorts>(seed, static_cast<std::uint32_t>(count), size ? std::optional(static_cast<std::uint32_t>(*size)) : std::nullopt);
  federation->source = loader_->add(std::move(source));
  return federation;
}

Expected<std::shared_ptr<RunData>, RunError> RunData::open(const core::Program& program, const RunOptions& options) {
  auto data = std::make_shared<RunData>();
  Loader::Options loading;
  loading.cacheBytes = options.dataCache.value_or(defaultCache());
  loading.threads = std::max(2, static_cast<int>(std::thread::hardware_concurrency()));
  data->loader_ = std::make_unique<Loader>(loading);

  const core::Graph* next = program.entry("next");
  const core::Graph* main = program.entry("main");
  const core::Graph* evaluate = program.entry("evaluate");
  const core::Graph* train = next != nullptr ? next : main;
  if (train == nullptr)
    return wrong(RunError::Kind::Program, "the program has no entry point", "end it with `let main = process(init, next);` or write `fn main`");
  const int rounds = next != nullptr ? options.rounds : 1;
  // No round, no training data: initial states, evaluations alone.
  if (hasClients(*train) && (options.hasData() || next == nullptr || rounds > (options.resume ? options.resume->round : 0))) {
    if (!options.hasData()) {
      return wrong(RunError::Kind::Option, fmt::format("`{}` works on clients, but no data is given", train->entry),
                   "`--data FILE.h5`, or `data = \"FILE.h5\"` in the program's `run` block");
    }
    auto federation = data->add(*train, options.clientsFrom, options.data, options.clients, options.seed, options.clientsPerRound);
    if (!federation) return tl::unexpected(federation.error());
    data->train_ = std::move(*federation);
  }
  if (options.hasEvalData()) {
    if (evaluate == nullptr) {
      return wrong(RunError::Kind::Option, "data for evaluation is given, but the program has no `evaluate`",
                   "`let main = process(init, next, evaluate);`");
    }
    if (hasClients(*evaluate)) {
      auto federation = data->add(*evaluate, options.evalClientsFrom, options.evalData, options.evalClients, options.seed, std::nullopt);
      if (!federation) return tl::unexpected(federation.error());
      data->eval_ = std::move(*federation);
    }
  }
  // The first client of each file before anything starts: most mistakes are in all clients alike.
  for (const auto& [federation, graph] : {std::pair{data->train_.get(), train}, std::pair{data->eval_.get(), evaluate}}) {
    if (federation == nullptr || !readsData(program, *graph) || federation->clients->size() == 0) continue;
    FirstClient first;
    data->loader_->wait({federation->source, 0}, first);
    if (first.data() == nullptr) {
      const DataError error = first.error();
      data->loader_->release(first);
      return wrong(error);
    }
    data->loader_->release(first);
  }
  // What the rounds will ask for, in order: each round's cohort, then the clients of the evaluation after it.
  Federation* const trained = data->train_ != nullptr && readsData(program, *train) ? data->train_.get() : nullptr;
  Federation* const evaluated = data->eval_ != nullptr && readsData(program, *evaluate) ? data->eval_.get() : nullptr;
  RunOptions when;
  when.rounds = rounds;
  when.evalEvery = options.evalEvery;
  const std::atomic<int>* const begun = &data->begun_;
  data->loader_->plan([trained, evaluated, when, begun, round = options.resume ? options.resume->round + 1 : 1, at = std::size_t{0},
                       eval = false](std::vector<Loader::Use>& uses) mutable {
    if (const int now = begun->load(std::memory_order_relaxed); round < now) {
      round = now;
      at = 0;
      eval = false;
    }
    if (round > when.rounds) return false;
    Federation* const federation = eval ? evaluated : trained;
    if (federation != nullptr) {
      const Cohorts::Members members = federation->cohorts->of(eval ? 0 : round);
      const std::size_t end = std::min(at + kPiece, members->size());
      for (; at < end; ++at) uses.push_back({federation->source, (*members)[at], stepOf(round, eval)});
      if (at < members->size()) return true;
    }
    at = 0;
    if (!eval && evaluatesAfter(when, round)) {
      eval = true;
    } else {
      eval = false;
      ++round;
    }
    return true;
  });
  return data;
}

Expected<std::shared_ptr<RunData>, RunError> openRunData(const core::Program& program, const RunOptions& options) {
  return RunData::open(program, options);
}

}  // namespace fedc::runtime
