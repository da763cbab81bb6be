#include "runtime/process/run_data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <thread>

#include "compiler/support/plural.h"
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

bool hasClients(const core::Graph& graph) {
  return !graph.phases.empty() || std::any_of(graph.inputs.begin(), graph.inputs.end(),
                                              [](const core::Graph::Input& input) { return input.kind == core::Graph::Input::Kind::ClientArgument; });
}

bool readsData(const core::Program& program, const core::Graph& graph) {
  return std::any_of(graph.phases.begin(), graph.phases.end(), [&](const core::Phase& phase) {
    return phase.client >= 0 && !program.module.fns[static_cast<std::size_t>(phase.client)].dimParams.empty();
  });
}

bool evaluatesAfter(const RunOptions& options, int round) {
  return round == options.rounds || (options.evalEvery > 0 && round > 0 && round % options.evalEvery == 0);
}

namespace {

/// The names of what an entry reads from files: its clients' data, then its sequences at the server; without what `--arg` gives.
std::vector<std::string> wantedData(const core::Graph& graph, const RunOptions& options) {
  std::vector<std::string> names;
  for (std::size_t d = 0; d < graph.data.size(); ++d) {
    if (!options.clientData.contains(static_cast<int>(d))) names.push_back(graph.data[d].name);
  }
  for (const core::Graph::Input& input : graph.inputs) {
    if (input.kind != core::Graph::Input::Kind::Sequence || options.arguments.contains(input.name)) continue;
    if (names.empty() || names.back() != input.part) names.push_back(input.part);
  }
  return names;
}

/// By name, which file each of them is.
Expected<std::map<std::string, std::string>, RunError> bindData(const core::Graph& graph, const RunOptions& options, const std::string& one,
                                                                const std::map<std::string, std::string>& parts, const char* flag) {
  const std::vector<std::string> names = wantedData(graph, options);
  const auto all = [&] { return fmt::format("`{}`", fmt::join(names, "`, `")); };
  for (const auto& [name, path] : parts) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    if (names.empty()) return wrong(RunError::Kind::Option, fmt::format("`{} {}={}`: `{}` takes no data", flag, name, path, graph.entry));
    return wrong(RunError::Kind::Option, fmt::format("`{} {}={}`: `{}` has no data `{}`", flag, name, path, graph.entry, name),
                 fmt::format("its data: {}", all()));
  }
  std::map<std::string, std::string> bound = parts;
  if (!one.empty() && !names.empty()) {
    if (names.size() > 1 && bound.size() + 1 < names.size()) {
      return wrong(RunError::Kind::Option, fmt::format("`{}` takes data under {} names: {}", graph.entry, names.size(), all()),
                   fmt::format("`{} {}=FILE`, and so on", flag, names.front()));
    }
    for (const std::string& name : names) bound.emplace(name, one);
  }
  for (const std::string& name : names) {
    if (bound.contains(name)) continue;
    const bool alone = names.size() == 1;
    const bool isOfClients = std::any_of(graph.data.begin(), graph.data.end(), [&, n = name](const core::Graph::Data& d) { return d.name == n; });
    return wrong(RunError::Kind::Option,
                 alone && !hasClients(graph) ? fmt::format("`{}` reads `{}`, but no data is given", graph.entry, name)
                 : alone                     ? fmt::format("`{}` works on clients, but no data is given", graph.entry)
                                             : fmt::format("`{}` takes data under {} names, and no `{}` is given", graph.entry, names.size(), name),
                 (alone ? fmt::format("`{} FILE.h5`, or `data = \"FILE.h5\"` in the program's `run` block", flag)
                        : fmt::format("`{} {}=FILE.h5`", flag, name)) +
                     (graph.entry == "main" ? fmt::format("; small data also as `--arg {}={}`", name, isOfClients ? "[[…], …]" : "[…]") : ""));
  }
  return bound;
}

Expected<std::shared_ptr<ClientSource>, RunError> givenData(const ClientDataArgument& data, const std::vector<core::Column>& columns) {
  const std::vector<std::string> ids = data.clients.ids.empty() ? idsByPlace(data.clients.count) : data.clients.ids;
  std::vector<MemoryClient> clients;
  for (std::size_t c = 0; c < ids.size(); ++c) clients.push_back({ids[c], data.columns[c], 0});
  auto source = memorySource(std::move(clients), columns);
  if (!source) return wrong(source.error());
  return std::move(*source);
}

/// Who takes part, with their data.
Expected<std::shared_ptr<ClientSource>, RunError> sourceOf(const core::Graph& graph, const RunOptions& options,
                                                           const std::map<std::string, std::string>& paths) {
  std::vector<std::shared_ptr<ClientSource>> sources;
  std::vector<std::string> names;
  for (std::size_t d = 0; d < graph.data.size(); ++d) {
    std::vector<core::Column> columns;
    for (const core::Column& column : graph.columns) {
      if (column.argument == static_cast<int>(d)) columns.push_back(column);
    }
    names.push_back(graph.data[d].name);
    if (const auto given = options.clientData.find(static_cast<int>(d)); given != options.clientData.end()) {
      auto source = givenData(given->second, columns);
      if (!source) return source;
      sources.push_back(std::move(*source));
      continue;
    }
    auto source = openData(paths.at(names.back()), columns);
    if (!source) return wrong(source.error());
    sources.push_back(std::move(*source));
  }
  if (sources.size() == 1) return std::move(sources.front());
  if (!sources.empty()) {
    auto all = joined(std::move(sources), names);
    if (!all) return wrong(all.error());
    return std::move(*all);
  }
  // Nobody has data: the arguments say who there is.
  const GivenClients* who = nullptr;
  for (const ClientArgument& argument : options.clientArguments) {
    if (who == nullptr || (who->ids.empty() && !argument.clients.ids.empty())) who = &argument.clients;
  }
  if (who == nullptr) {
    return wrong(RunError::Kind::Option, fmt::format("`{}` works on clients, and nothing says how many there are", graph.entry),
                 "a parameter `{T*}@clients` is their data, `{T}@clients` a value for each");
  }
  std::vector<MemoryClient> clients;
  for (const std::string& id : who->ids.empty() ? idsByPlace(who->count) : who->ids) clients.push_back({id, {}, 0});
  auto source = memorySource(std::move(clients), {});
  if (!source) return wrong(source.error());
  return std::move(*source);
}

}  // namespace

Expected<core::Array, RunError> RunData::argumentRows(const RunOptions& options, const core::Graph::Input& input) const {
  const auto argument = std::find_if(options.clientArguments.begin(), options.clientArguments.end(),
                                     [&](const ClientArgument& a) { return a.leaves.contains(input.name); });
  if (argument == options.clientArguments.end() || train_ == nullptr) {
    return wrong(RunError::Kind::Option, fmt::format("argument `{}` of `main` has no value", input.part),
                 fmt::format("`--arg {}=[…]`, an entry for each client", input.part));
  }
  const ClientSource& clients = *train_->clients;
  const GivenClients& given = argument->clients;
  if (given.count != static_cast<std::int64_t>(clients.size())) {
    return wrong(RunError::Kind::Option,
                 fmt::format("argument `{}` has values for {}, and there are {}", argument->name,
                             plural(static_cast<std::size_t>(given.count), "client"), clients.size()),
                 "each client has one value of each argument (`--arg`), in the order of their ids");
  }
  std::map<std::string, std::int64_t> place;
  for (std::size_t i = 0; i < given.ids.size(); ++i) place.emplace(given.ids[i], static_cast<std::int64_t>(i));
  const core::Array& all = argument->leaves.at(input.name);
  const Cohorts::Members members = train_->cohorts->of(1);
  std::vector<std::int64_t> shape = all.shape();
  shape.front() = static_cast<std::int64_t>(members->size());
  core::Array rows(all.elem(), std::move(shape));
  const std::size_t bytes = members->empty() ? 0 : static_cast<std::size_t>(rows.bytes()) / members->size();
  auto* to = static_cast<char*>(rows.mutableData());
  for (const std::uint32_t client : *members) {
    std::int64_t from = client;
    if (!given.ids.empty()) {
      const auto at = place.find(clients.id(client));
      if (at == place.end()) {
        return wrong(RunError::Kind::Option, fmt::format("argument `{}` has no value for client `{}`", argument->name, clients.id(client)));
      }
      from = at->second;
    }
    std::memcpy(to, static_cast<const char*>(all.data()) + static_cast<std::size_t>(from) * bytes, bytes);
    to += bytes;
  }
  return rows;
}

Expected<core::Array, RunError> RunData::sequence(const RunOptions& options, const core::Graph::Input& input) const {
  if (const auto given = options.arguments.find(input.name); given != options.arguments.end()) return given->second;
  if (const auto read = sequences_.find(input.name); read != sequences_.end()) return read->second;
  return wrong(RunError::Kind::Option, fmt::format("`{}` of `main` has no value", input.part),
               fmt::format("`--data {}=FILE.h5`, or `--arg {}=[…]`", input.part, input.part));
}

Expected<void, RunError> RunData::readSequences(const core::Graph& graph, const RunOptions& options,
                                                const std::map<std::string, std::string>& paths) {
  for (const auto& [name, path] : paths) {
    std::vector<core::Column> columns;
    std::vector<std::string> leaves;
    for (const core::Graph::Input& input : graph.inputs) {
      if (input.kind != core::Graph::Input::Kind::Sequence || input.part != name || options.arguments.contains(input.name)) continue;
      core::Column column;
      column.feature = input.name == name ? "" : input.name.substr(name.size() + 1);
      column.type = graph.slots[input.slot].type;
      column.type.dims.erase(column.type.dims.begin());
      column.span = input.span;
      columns.push_back(std::move(column));
      leaves.push_back(input.name);
    }
    if (columns.empty()) continue;
    auto source = openData(path, columns);
    if (!source) return wrong(source.error());
    if ((*source)->size() != 1) {
      return wrong(RunError::Kind::Data, fmt::format("`{}` is one sequence at the server, and `{}` has {} clients", name, path, (*source)->size()),
                   fmt::format("`{}: {{T*}}@clients` is the data of all of them", name));
    }
    auto read = (*source)->read(0);
    if (!read) return wrong(read.error());
    for (std::size_t c = 0; c < columns.size(); ++c) {
      std::vector<std::int64_t> shape = {read->rows};
      for (const Dim& d : columns[c].type.dims) shape.push_back(d.constant().value_or(0));
      sequences_.emplace(leaves[c], core::Array::view(columns[c].type.elem, std::move(shape), read->columns[c], read->owner));
    }
  }
  return {};
}

Expected<std::unique_ptr<RunData::Federation>, RunError> RunData::add(std::shared_ptr<ClientSource> source, const std::string& clients,
                                                                      std::uint64_t seed, std::optional<std::int64_t> size) {
  if (!clients.empty()) {
    auto selected = selectClients(clients, *source);
    if (!selected)
      return wrong(RunError::Kind::Option, selected.error().message, "who takes part is said by `--clients`, `--eval-clients` or the `run` block");
    source = restricted(std::move(source), std::move(*selected));
  }
  auto federation = std::make_unique<Federation>();
  const std::size_t count = source->size();
  if (count > std::numeric_limits<std::uint32_t>::max()) return wrong(RunError::Kind::Data, "the data has more than 2^32 clients");
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
  // A graph that names no data, and yet reads some, has one.
  const auto named = [](const core::Graph& graph) {
    core::Graph whole = graph;
    if (whole.data.empty() && !whole.columns.empty()) whole.data.push_back({"data", {}});
    return whole;
  };
  const auto open = [&](const core::Graph& graph, const OpenClients& from, const std::string& one, const std::map<std::string, std::string>& parts,
                        const char* flag, const std::string& clients, std::uint64_t seed,
                        std::optional<std::int64_t> size) -> Expected<std::unique_ptr<Federation>, RunError> {
    const core::Graph whole = named(graph);
    if (from && whole.data.size() > 1)
      return wrong(RunError::Kind::Option, fmt::format("`{}` takes {} data, and one federation is given", graph.entry, whole.data.size()));
    if (from && hasClients(graph)) {
      auto source = from(graph.columns);
      if (!source) return wrong(source.error());
      return data->add(std::move(*source), clients, seed, size);
    }
    auto paths = bindData(whole, options, one, parts, flag);
    if (!paths) return tl::unexpected(paths.error());
    if (auto read = data->readSequences(whole, options, *paths); !read) return tl::unexpected(read.error());
    if (!hasClients(graph)) return nullptr;
    auto source = sourceOf(whole, options, *paths);
    if (!source) return tl::unexpected(source.error());
    return data->add(std::move(*source), clients, seed, size);
  };
  // No round, no training data: initial states, evaluations alone.
  if (options.hasData() || next == nullptr || rounds > (options.resume ? options.resume->round : 0)) {
    auto trainData =
        open(*train, options.clientsFrom, options.data, options.dataParts, "--data", options.clients, options.seed, options.clientsPerRound);
    if (!trainData) return tl::unexpected(trainData.error());
    data->train_ = std::move(*trainData);
  }
  if (options.hasEvalData()) {
    if (evaluate == nullptr) {
      auto error = wrong(RunError::Kind::Option, "data for evaluation is given, but the program has no `evaluate`",
                         fmt::format("`let main = process(init, next, evaluate);`, or leave out {}", options.evalSpan ? "`eval`" : "`--eval-data`"));
      error.value().span = options.evalSpan;
      return error;
    }
    auto evalData = open(*evaluate, options.evalClientsFrom, options.evalData, options.evalDataParts, "--eval-data", options.evalClients,
                         options.seed, std::nullopt);
    if (!evalData) return tl::unexpected(evalData.error());
    data->eval_ = std::move(*evalData);
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
