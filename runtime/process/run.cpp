#include "runtime/process/run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <new>
#include <set>
#include <tuple>

#include "compiler/core/finite.h"
#include "compiler/core/internal_error.h"
#include "runtime/clock.h"
#include "runtime/graph/executor.h"
#include "runtime/graph/first_states.h"
#include "runtime/graph/plan.h"
#include "runtime/graph/watched.h"
#include "runtime/process/client_store.h"
#include "runtime/process/run_data.h"
#include "runtime/process/run_directory.h"
#include "runtime/process/seen_states.h"
#include "runtime/process/weights.h"
#include "runtime/value/npz.h"

namespace fedc::runtime {
namespace {

using core::Graph;
tl::unexpected<RunError> wrong(RunError::Kind kind, std::string message, std::string help = {}) {
  RunError error;
  error.kind = kind;
  error.message = std::move(message);
  error.help = std::move(help);
  return tl::unexpected(std::move(error));
}

class Runner {
 public:
  Runner(const Executable& executable, const RunOptions& options, const RunEvents& events, std::shared_ptr<RunData> data)
      : executable_(executable),
        program_(*executable.program),
        options_(options),
        events_(events),
        data_(std::move(data)),
        workers_(std::make_shared<Workers>(options.serial ? 1 : options.threads)) {}

  Expected<RunSummary, RunError> run() {
    const auto start = Clock::now();
    summary_.compileSeconds = options_.compileSeconds;
    auto done = program_.entry("next") != nullptr ? process() : single();
    if (!done) return tl::unexpected(done.error());
    if (store_ != nullptr && options_.directory == nullptr) {
      store_->close();
      summary_.clientStates = std::move(store_);
    }
    summary_.totalSeconds = secondsSince(start);
    return std::move(summary_);
  }

 private:
  /// An entry with its executor and the inputs that stay the same.
  struct Entry {
    const Graph* graph = nullptr;
    std::unique_ptr<GraphExecutor> executor;
    std::vector<Leaf> inputs;
    std::vector<std::size_t> state, keys;
  };

  Expected<Entry, RunError> prepare(const std::string& name) {
    GraphPlan plan;
    auto entry = resolve(name, plan);
    if (entry) entry->executor = options_.serial ? serialExecutor(std::move(plan)) : flowExecutor(std::move(plan), workers_);
    return entry;
  }

  /// All of an entry but its executor.
  Expected<Entry, RunError> resolve(const std::string& name, GraphPlan& to) {
    Entry entry;
    entry.graph = program_.entry(name);
    if (entry.graph == nullptr) return wrong(RunError::Kind::Program, fmt::format("the program has no `{}`", name));
    auto plan = planGraph(executable_, *entry.graph);
    if (!plan) return wrong(RunError::Kind::Program, plan.error().message);
    for (std::size_t i = 0; i < entry.graph->inputs.size(); ++i) {
      const Graph::Input& input = entry.graph->inputs[i];
      const core::Type& type = entry.graph->slots[input.slot].type;
      Leaf leaf;
      switch (input.kind) {
        case Graph::Input::Kind::State: entry.state.push_back(i); break;
        case Graph::Input::Kind::Key: entry.keys.push_back(i); break;
        case Graph::Input::Kind::Param: {
          const auto value = options_.params.find(input.name);
          if (value == options_.params.end())
            return wrong(RunError::Kind::Option, fmt::format("param `{}` has no value", input.name), fmt::format("`-p {}=VALUE`", input.name));
          if (type.rank() != 0) return wrong(RunError::Kind::Program, fmt::format("param `{}` is not a number", input.name));
          leaf = Leaf::of(core::Array::scalar(core::isFloat(type.elem) ? core::Literal::ofDouble(type.elem, value->second)
                                                                       : core::Literal::ofInt(type.elem, static_cast<std::int64_t>(value->second))));
          break;
        }
        case Graph::Input::Kind::Argument: {
          const auto value = options_.arguments.find(input.name);
          if (value == options_.arguments.end()) {
            return wrong(RunError::Kind::Option, fmt::format("argument `{}` of `{}` has no value", input.name, name),
                         fmt::format("`--arg {}=VALUE`", input.name));
          }
          const auto layout = denseLayout(type);
          if (!layout || layout->elem != value->second.elem() || layout->dims != value->second.shape()) {
            return wrong(RunError::Kind::Option, fmt::format("argument `{}` of `{}` has another type than the value given", input.name, name));
          }
          leaf = Leaf::of(value->second, *layout);
          break;
        }
        case Graph::Input::Kind::ClientArgument: {
          auto rows = data_->argumentRows(options_, input);
          if (!rows) return tl::unexpected(rows.error());
          leaf = Leaf::of(*rows, *denseLayout(type));
          break;
        }
        case Graph::Input::Kind::Sequence: {
          auto rows = data_->sequence(options_, input);
          if (!rows) return tl::unexpected(rows.error());
          leaf = Leaf::of(*rows, *denseLayout(type));
          break;
        }
      }
      entry.inputs.push_back(std::move(leaf));
    }
    to = std::move(*plan);
    return entry;
  }

  /// Several keys of one entry are folded apart.
  static void setKeys(Entry& entry, Key key) {
    for (std::size_t i = 0; i < entry.keys.size(); ++i) {
      const Key own = entry.keys.size() == 1 ? key : foldIn(key, static_cast<std::uint32_t>(i));
      entry.inputs[entry.keys[i]] = Leaf::of(core::Array::scalar(core::Literal{core::Elem::Key, own}));
    }
  }

  RunError failed(Failure failure, const RunData::Federation* federation, const Cohorts::Members& cohort, int round) const {
    RunError error;
    error.round = round;
    if (failure.position >= 0 && federation != nullptr) error.client = federation->clients->id((*cohort)[static_cast<std::size_t>(failure.position)]);
    if (failure.kind == Failure::Kind::Data) {
      error.kind = RunError::Kind::Data;
      error.message = std::move(failure.data.message);
      error.help = std::move(failure.data.help);
      error.span = failure.data.span;
    } else {
      error.kind = RunError::Kind::Check;
      error.site = failure.site;
      error.message = failure.site < program_.module.sites.size() ? program_.module.sites[failure.site].message : "a check failed";
    }
    return error;
  }

  /// Found before any client works, so that nothing has left one.
  tl::unexpected<RunError> tooFew(std::size_t clients, int round, bool evaluation) const {
    RunError error;
    error.kind = RunError::Kind::TooFew;
    error.round = round;
    error.message = fmt::format("{} {} {}, `min_clients` is {}", evaluation ? "the evaluation has" : "the round has", clients,
                                clients == 1 ? "client" : "clients", options_.minClients);
    error.help = evaluation ? "evaluate on more clients (`--eval-clients`), or ask for fewer (`--min-clients`)"
                            : "let more clients take part (`--clients`, `--clients-per-round`), or ask for fewer (`--min-clients`)";
    return tl::unexpected(std::move(error));
  }

  /// Which clients an entry works on, when: of a federation (null: of none), in the cohort of a round.
  struct Occasion {
    RunData::Federation* federation = nullptr;
    int cohortRound = 0;
    int round = 0;
    bool evaluation = false;
  };

  Expected<std::vector<Leaf>, RunError> call(Entry& entry, const Occasion& when) {
    Cohort cohort;
    Cohorts::Members members;
    std::optional<SeenStates> seen;
    // `init` is asked for its clients one by one, by the store of what they keep.
    if (hasClients(*entry.graph) && when.federation != nullptr) {
      members = when.federation->cohorts->of(when.cohortRound);
      if (static_cast<std::int64_t>(members->size()) < options_.minClients) return tooFew(members->size(), when.round, when.evaluation);
      cohort.clients = *members;
      cohort.ids = when.federation->clients.get();
      cohort.loader = &data_->loader();
      cohort.source = when.federation->source;
      cohort.step = RunData::stepOf(when.round, when.evaluation);
    }
    if (store_ != nullptr && entry.graph->entry != "init") {
      cohort.states = store_.get();
      if (events_.nonFinite && !isNonFiniteTold_) cohort.states = &seen.emplace(*store_, statePlan_);
      store_->begin(when.evaluation ? 0 : static_cast<std::int64_t>(cohort.clients.size()));
    }
    const bool isWatched = options_.watch != nullptr && entry.graph->entry == "next" && when.round == options_.watchedRound;
    auto outputs = isWatched ? runWatched(entry, cohort, *options_.watch) : entry.executor->run(entry.inputs, cohort);
    if (!outputs && store_ != nullptr) store_->drop();
    if (!outputs) return tl::unexpected(failed(std::move(outputs.error()), when.federation, members, when.round));
    tellNonFinite(entry, *outputs, cohort, members, when, seen ? &*seen : nullptr);
    return std::move(*outputs);
  }

  Expected<std::vector<Leaf>, Failure> runWatched(const Entry& entry, const Cohort& cohort, CallWatch& watch) const {
    const Executable telling = watched(executable_, entry.graph->entry, watch);
    auto plan = planGraph(telling, *telling.program->entry(entry.graph->entry));
    // Its functions and their layouts are those of a graph that was planned.
    FEDC_REQUIRE(plan.has_value(), "a graph that is watched is the graph");
    return serialExecutor(std::move(*plan))->run(entry.inputs, cohort);
  }

  static int nonFiniteKindOf(const Leaf& leaf) {
    const core::Elem elem = leaf.layout.elem;
    const std::int64_t count = leaf.layout.bytes(leaf.rows) / core::elemBytes(elem);
    if (core::firstNonFinite(elem, leaf.memory->data(), count) < 0) return -1;
    // What lies between its last element and the end of its memory may be anything.
    return core::nonFiniteKind(leaf.array());
  }

  void tellNonFinite(const Entry& entry, const std::vector<Leaf>& outputs, const Cohort& cohort, const Cohorts::Members& members,
                     const Occasion& when, const SeenStates* seen) {
    if (!events_.nonFinite || isNonFiniteTold_) return;
    NonFinite event;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const int kind = nonFiniteKindOf(outputs[i]);
      if (kind < 0) continue;
      const std::size_t atServer = entry.graph->outputs.size();
      const std::string& name = i < atServer ? entry.graph->outputs[i].name : entry.graph->clientResults[i - atServer].name;
      const bool isNew = nonFinite_.emplace(entry.graph->entry, i, kind).second;
      // State and report may name theirs alike.
      if (isNew && std::find(event.leaves.begin(), event.leaves.end(), name) == event.leaves.end()) event.leaves.push_back(name);
    }
    for (std::size_t i = 0; seen != nullptr && i < statePlan_.leaves.size(); ++i) {
      for (const int kind : {0, 1}) {
        const bool isNew = seen->has(i, kind) && nonFinite_.emplace(entry.graph->entry, outputs.size() + i, kind).second;
        const std::string& name = entry.graph->clientState[i].name;
        if (isNew && (event.kept.empty() || event.kept.back() != name)) event.kept.push_back(name);
      }
    }
    if (event.leaves.empty() && event.kept.empty()) return;
    event.entry = entry.graph->entry;
    event.round = when.round;
    event.client = [&](std::int64_t position) { return when.federation->clients->id((*members)[static_cast<std::size_t>(position)]); };
    event.again = [&](CallWatch& watch) -> Expected<void, RunError> {
      Cohort again = cohort;
      std::optional<ReadOnlyStates> states;
      if (cohort.states != nullptr) again.states = &states.emplace(*cohort.states);
      auto done = runWatched(entry, again, watch);
      if (!done) return tl::unexpected(failed(std::move(done.error()), when.federation, members, when.round));
      return {};
    };
    isNonFiniteTold_ = events_.nonFinite(event);
  }

  static std::vector<NamedArray> named(const Entry& entry, const std::vector<Leaf>& outputs, Graph::Output::Kind kind) {
    std::vector<NamedArray> arrays;
    for (std::size_t i = 0; i < entry.graph->outputs.size(); ++i) {
      if (entry.graph->outputs[i].kind == kind) arrays.push_back({entry.graph->outputs[i].name, outputs[i].array()});
    }
    return arrays;
  }

  /// Behind the outputs are the results of each client, in the cohort's order.
  static ClientReports ofClients(const Entry& entry, const std::vector<Leaf>& outputs, const RunData::Federation* federation, int cohortRound) {
    ClientReports reports;
    if (entry.graph->clientResults.empty() || federation == nullptr) return reports;
    for (const std::size_t client : *federation->cohorts->of(cohortRound)) reports.ids.push_back(federation->clients->id(client));
    for (std::size_t i = 0; i < entry.graph->clientResults.size(); ++i) {
      const Graph::ClientResult& result = entry.graph->clientResults[i];
      const core::Array value = outputs[entry.graph->outputs.size() + i].array();
      reports.values.push_back({result.name, result.allEqual ? repeated(value, static_cast<std::int64_t>(reports.ids.size())) : value});
    }
    return reports;
  }

  static core::Array repeated(const core::Array& value, std::int64_t times) {
    std::vector<std::int64_t> shape = value.shape();
    shape.insert(shape.begin(), times);
    core::Array out(value.elem(), std::move(shape));
    for (std::int64_t t = 0; t < times; ++t)
      std::memcpy(static_cast<char*>(out.mutableData()) + t * value.bytes(), value.data(), static_cast<std::size_t>(value.bytes()));
    return out;
  }

  void announce(int rounds) const {
    if (!events_.start) return;
    StartEvent event;
    event.rounds = rounds;
    if (const auto* train = data_->train()) {
      event.clients = static_cast<std::int64_t>(train->clients->size());
      event.clientsPerRound = train->cohorts->size();
    }
    if (const auto* eval = data_->eval()) event.evalClients = static_cast<std::int64_t>(eval->clients->size());
    event.threads = workers_->count();
    event.compileSeconds = options_.compileSeconds;
    events_.start(event);
  }

  void addWire(const Entry& entry) {
    const std::vector<WireCount> counts = entry.executor->wire();
    for (std::size_t p = 0; p < counts.size(); ++p) {
      if (!entry.graph->phases[p].wire.empty())
        summary_.wire.push_back({entry.graph->entry, static_cast<int>(p + 1), counts[p].clients, counts[p].down, counts[p].up});
    }
  }

  bool interrupted() const { return stopped_ || (options_.interrupt != nullptr && options_.interrupt->load()); }

  Expected<void, RunError> single() {
    auto main = prepare("main");
    if (!main) return tl::unexpected(main.error());
    if (!main->state.empty()) return wrong(RunError::Kind::Program, "`main` takes state, which only a process has");
    if (!options_.init.empty()) return wrong(RunError::Kind::Option, "`main` has no state that could be loaded");
    setKeys(*main, foldIn(foldIn(root(), 2), 1));
    announce(1);
    const auto start = Clock::now();
    auto outputs = call(*main, {data_->train(), 1, 1});
    if (!outputs) return tl::unexpected(outputs.error());
    summary_.roundSeconds = summary_.firstRoundSeconds = secondsSince(start);
    std::vector<Leaf> leaves = std::move(*outputs);
    const std::size_t atServer = main->graph->outputs.size();
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      const bool ofClients = i >= atServer;
      summary_.metrics.push_back({ofClients ? main->graph->clientResults[i - atServer].name : main->graph->outputs[i].name, leaves[i].array()});
      if (!ofClients || main->graph->clientResults[i - atServer].allEqual) continue;
      const std::string& part = main->graph->clientResults[i - atServer].part;
      if (summary_.ofClients.empty() || summary_.ofClients.back() != part) summary_.ofClients.push_back(part);
    }
    summary_.rounds = 1;
    summary_.times = main->executor->times();
    addWire(*main);
    summary_.dataWait = summary_.times.wait;
    if (events_.round) {
      events_.round({1,
                     1,
                     data_->train() == nullptr ? 0 : static_cast<std::int64_t>(data_->train()->cohorts->size()),
                     summary_.roundSeconds,
                     summary_.metrics,
                     {}});
    }
    summary_.state = summary_.metrics;
    return save();
  }

  Expected<void, RunError> process() {
    auto next = prepare("next");
    if (!next) return tl::unexpected(next.error());
    std::optional<Entry> evaluate;
    if (options_.hasEvalData()) {
      auto entry = prepare("evaluate");
      if (!entry) return tl::unexpected(entry.error());
      evaluate = std::move(*entry);
    }
    auto state = initialState(*next);
    if (!state) return tl::unexpected(state.error());
    state_ = std::move(*state);
    if (evaluate && evaluate->state.size() != state_.size()) return wrong(RunError::Kind::Program, "`evaluate` takes another state than `next`");
    const int begun = options_.resume ? options_.resume->round : 0;
    summary_.rounds = begun;
    if (auto ready = openStore(*next); !ready) return ready;
    if (options_.directory != nullptr) {
      keepReports({&*next, evaluate ? &*evaluate : nullptr});
      if (auto ready = options_.directory->startAfter(begun, options_.resume ? options_.resume->tables : std::vector<std::int64_t>()); !ready)
        return notKept(ready.error());
    }
    announce(options_.rounds);

    // Killed between a round's checkpoint and its evaluation.
    if (evaluate && begun > 0 && evaluatesAfter(options_, begun) && options_.directory != nullptr && !options_.directory->isEvaluated(begun)) {
      if (auto done = oneEvaluation(*evaluate, begun); !done) return tl::unexpected(done.error());
    }
    std::vector<double> seconds;
    for (int round = begun + 1; round <= options_.rounds; ++round) {
      if (interrupted()) {
        summary_.interrupted = true;
        break;
      }
      if (auto done = oneRound(*next, round, seconds); !done) return tl::unexpected(leave(done.error()));
      if (evaluate && evaluatesAfter(options_, round) && !interrupted()) {
        if (auto done = oneEvaluation(*evaluate, round); !done) return tl::unexpected(leave(done.error()));
      }
    }
    // An interrupt in the last round: the run is whole, but its evaluation was skipped.
    summary_.interrupted = summary_.interrupted || (interrupted() && evaluate.has_value());
    if (evaluate && options_.rounds == 0 && begun == 0) {
      if (auto done = oneEvaluation(*evaluate, 0); !done) return tl::unexpected(done.error());
    }
    if (!seconds.empty()) {
      summary_.firstRoundSeconds = seconds.front();
      summary_.roundSeconds = usualSeconds(std::move(seconds));
    }
    summary_.times = next->executor->times();
    addWire(*next);
    if (evaluate) addWire(*evaluate);
    summary_.dataWait = summary_.times.wait;
    if (evaluate) {
      const DataWait more = evaluate->executor->times().wait;
      summary_.dataWait.cold += more.cold;
      summary_.dataWait.warm += more.warm;
    }
    exportState();
    if (auto kept = keepEnd(); !kept) return kept;
    return save();
  }

  void keepReports(std::initializer_list<const Entry*> entries) {
    std::vector<std::pair<std::string, std::vector<std::int64_t>>> leaves;
    for (const Entry* entry : entries) {
      if (entry == nullptr) continue;
      for (const Graph::ClientResult& result : entry->graph->clientResults)
        leaves.emplace_back(result.name, denseLayout(entry->graph->slots[result.slot].type)->dims);
    }
    if (!leaves.empty()) options_.directory->keepReports(leaves);
  }

  Expected<std::vector<Leaf>, RunError> initialState(const Entry& next) {
    for (const std::size_t i : next.state) {
      const core::Slot slot = next.graph->inputs[i].slot;
      leaves_.push_back({next.graph->inputs[i].name, next.graph->slots[slot].type, core::Place::Server});
      names_.push_back(leaves_.back().name);
    }
    names_ = fileNames(names_);
    if (options_.resume) {
      auto loaded = stateOf(options_.resume->state, options_.directory == nullptr ? "the state given" : options_.directory->path(), leaves_);
      if (!loaded) return wrong(RunError::Kind::Weights, loaded.error().message);
      return std::move(*loaded);
    }
    if (!options_.init.empty()) {
      auto loaded = loadState(options_.init, leaves_);
      if (!loaded) return wrong(RunError::Kind::Weights, loaded.error().message);
      return std::move(*loaded);
    }
    auto init = prepare("init");
    if (!init) return tl::unexpected(init.error());
    if (!init->state.empty() || init->graph->outputs.size() != leaves_.size())
      return wrong(RunError::Kind::Program, "`init` makes another state than `next` takes");
    setKeys(*init, foldIn(root(), 0));
    return call(*init, {});
  }

  /// Where clients keep their state, if they keep any.
  Expected<void, RunError> openStore(const Entry& next) {
    if (next.graph->clientState.empty()) return {};
    GraphPlan plan;
    auto init = resolve("init", plan);
    if (!init) return tl::unexpected(init.error());
    const std::int64_t bytes = plan.state.bytes;
    if (plan.phases.size() != 1 || plan.state.leaves.size() != next.graph->clientState.size())
      return wrong(RunError::Kind::Program, "`init` makes another client state than `next` takes");
    ClientStore::Options options;
    for (std::size_t i = 0; i < plan.state.leaves.size(); ++i) {
      const LeafLayout& leaf = plan.state.leaves[i];
      options.layout += fmt::format("{}: {}[{}]; ", next.graph->clientState[i].name, core::elemName(leaf.elem), fmt::join(leaf.dims, ", "));
      if (leaf.elem == core::Elem::Str) options.strings.emplace_back(plan.state.offsets[i], elementCount(leaf, 0));
    }
    if (options_.directory != nullptr) options.file = options_.directory->clientsFile();
    if (options_.clientCache) options.budget = *options_.clientCache;
    statePlan_ = plan.state;
    setKeys(*init, foldIn(root(), 0));
    auto first = FirstStates::make(std::move(plan), init->inputs);
    if (!first) return tl::unexpected(failed(std::move(first.error()), nullptr, {}, 0));
    auto store = ClientStore::open(std::move(options), bytes,
                                   [first = std::shared_ptr(std::move(*first))](const std::string& id, char* into) { return first->of(id, into); });
    if (!store) return notKept(store.error());
    store_ = std::move(*store);
    if (options_.clientStates != nullptr) {
      if (auto taken = store_->takeFrom(*options_.clientStates); !taken) return wrong(RunError::Kind::Weights, taken.error().message);
    }
    if (options_.directory != nullptr) options_.directory->keepClients(store_.get());
    return {};
  }

  Expected<void, RunError> oneRound(Entry& next, int round, std::vector<double>& seconds) {
    const auto start = Clock::now();
    data_->begin(round);
    for (std::size_t i = 0; i < next.state.size(); ++i) next.inputs[next.state[i]] = state_[i];
    setKeys(next, foldIn(foldIn(root(), 2), static_cast<std::uint32_t>(round)));
    auto outputs = call(next, {data_->train(), round, round});
    if (!outputs) return tl::unexpected(outputs.error());
    std::vector<Leaf> state;
    for (std::size_t i = 0; i < next.graph->outputs.size(); ++i) {
      if (next.graph->outputs[i].kind == Graph::Output::Kind::State) state.push_back((*outputs)[i]);
    }
    if (state.size() != state_.size()) return wrong(RunError::Kind::Program, "`next` gives another state than it takes");
    state_ = std::move(state);
    if (store_ != nullptr) {
      if (auto kept = store_->keep(); !kept) return notKept(kept.error());
    }
    summary_.metrics = named(next, *outputs, Graph::Output::Kind::Report);
    summary_.reports = ofClients(next, *outputs, data_->train(), round);
    summary_.rounds = round;
    if (data_->train() != nullptr) data_->train()->cohorts->forgetBefore(round);
    seconds.push_back(secondsSince(start));
    if (options_.directory != nullptr) {
      auto kept = options_.directory->round(round, seconds.back(), summary_.metrics, summary_.reports, stateArrays(), options_.checkpointEvery);
      if (!kept) return notKept(kept.error());
    }
    if (events_.state && !events_.state(round, stateArrays())) stopped_ = true;
    if (events_.round) {
      events_.round({round, options_.rounds, data_->train() == nullptr ? 0 : static_cast<std::int64_t>(data_->train()->cohorts->size()),
                     seconds.back(), summary_.metrics, summary_.reports});
    }
    return {};
  }

  Expected<void, RunError> oneEvaluation(Entry& evaluate, int round) {
    const auto start = Clock::now();
    for (std::size_t i = 0; i < evaluate.state.size(); ++i) evaluate.inputs[evaluate.state[i]] = state_[i];
    setKeys(evaluate, foldIn(foldIn(root(), 3), static_cast<std::uint32_t>(round)));
    auto outputs = call(evaluate, {data_->eval(), 0, round, true});
    if (!outputs) return tl::unexpected(outputs.error());
    summary_.eval = named(evaluate, *outputs, Graph::Output::Kind::Report);
    summary_.evalReports = ofClients(evaluate, *outputs, data_->eval(), 0);
    const double seconds = secondsSince(start);
    summary_.evaluateSeconds += seconds;
    if (options_.directory != nullptr) {
      if (auto kept = options_.directory->evaluation(round, summary_.eval, summary_.evalReports); !kept) return notKept(kept.error());
    }
    if (events_.eval) {
      events_.eval({round, data_->eval() == nullptr ? 0 : static_cast<std::int64_t>(data_->eval()->clients->size()), seconds, summary_.eval,
                    summary_.evalReports});
    }
    return {};
  }

  std::vector<NamedArray> stateArrays() const {
    std::vector<NamedArray> arrays;
    for (std::size_t i = 0; i < state_.size(); ++i) arrays.push_back({names_[i], state_[i].array()});
    return arrays;
  }
  void exportState() { summary_.state = stateArrays(); }

  static tl::unexpected<RunError> notKept(const Error& error) { return wrong(RunError::Kind::Weights, error.message); }
  Expected<void, RunError> keepEnd() {
    if (options_.directory == nullptr) return {};
    if (auto kept = options_.directory->finish(summary_.rounds, summary_.state); !kept) return notKept(kept.error());
    return {};
  }

  Expected<void, RunError> save() {
    if (options_.save.empty()) return {};
    if (auto written = writeNpz(options_.save, summary_.state); !written) return wrong(RunError::Kind::Weights, written.error().message);
    return {};
  }

  /// A run that fails keeps what its whole rounds have made.
  RunError leave(RunError error) {
    if (summary_.rounds == 0) return error;
    exportState();
    if (options_.directory != nullptr && keepEnd()) {
      if (!error.help.empty()) error.help += "; ";
      error.help += fmt::format("`fedc resume {}` goes on after round {}", options_.directory->path(), summary_.rounds);
    }
    if (options_.save.empty()) return error;
    if (save()) {
      if (!error.help.empty()) error.help += "; ";
      error.help += fmt::format("the state after round {} is in `{}`", summary_.rounds, options_.save);
    }
    return error;
  }

  Key root() const { return seedKey(options_.seed); }

  const Executable& executable_;
  const core::Program& program_;
  const RunOptions& options_;
  const RunEvents& events_;
  std::shared_ptr<RunData> data_;
  std::shared_ptr<Workers> workers_;
  std::vector<core::SlotInfo> leaves_;
  /// Of the leaves, as files show them.
  std::vector<std::string> names_;
  std::vector<Leaf> state_;
  /// Null where clients keep nothing.
  std::unique_ptr<ClientStore> store_;
  /// How its records lie.
  StatePlan statePlan_;
  RunSummary summary_;
  /// By whoever hears of the states.
  bool stopped_ = false;
  /// What was told to be not finite: entry, output, whether it held a NaN. And whether that is enough.
  std::set<std::tuple<std::string, std::size_t, int>> nonFinite_;
  bool isNonFiniteTold_ = false;
};

}  // namespace

Expected<RunSummary, RunError> run(const Executable& executable, const RunOptions& options, const RunEvents& events, std::shared_ptr<RunData> data) {
  try {
    if (options.rounds < 0) return wrong(RunError::Kind::Option, "the number of rounds is negative");
    if (options.threads < 0) return wrong(RunError::Kind::Option, "the number of threads is negative");
    return Runner(executable, options, events, std::move(data)).run();
  } catch (const std::bad_alloc&) {
    return wrong(RunError::Kind::Program, "the run does not fit in memory");
  }
}

Expected<RunSummary, RunError> run(const Executable& executable, const RunOptions& options, const RunEvents& events) {
  auto data = openRunData(*executable.program, options);
  if (!data) return tl::unexpected(data.error());
  return run(executable, options, events, std::move(*data));
}

}  // namespace fedc::runtime
