#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "compiler/driver/compile.h"
#include "compiler/driver/library.h"
#include "compiler/driver/plugins.h"
#include "compiler/driver/run_block.h"
#include "compiler/support/suggest.h"
#include "embed/failures.h"
#include "embed/federation.h"
#include "embed/library_texts.h"
#include "embed/values.h"
#include "include/fedc/fedc.h"
#include "runtime/process/client_store.h"
#include "runtime/process/weights.h"

namespace fedc {

class ClientStates {
 public:
  std::shared_ptr<const runtime::ClientStore> store;
};

struct Program::Impl {
  /// The sources that messages quote, and the program.
  driver::Compilation compilation;
  driver::ProgramFacts facts;
  runtime::Executable executable;
  /// Paths of the `run` block are relative to it.
  std::string path;
  std::vector<Problem> warnings;
  std::vector<Leaf> features, evalFeatures, arguments, state, report;
  /// Why it can be compiled but not run from here; empty otherwise.
  std::string unfit;

  const core::Program& program() const { return *compilation.program; }
  const core::Graph* entry(const char* name) const { return compilation.program->entry(name); }
};

namespace embed {
namespace {

using Impl = Program::Impl;

/// The library's texts are in this object; $FEDC_STDLIB names a folder to be read instead, for those who change it.
const driver::Library& library() {
  const char* folder = std::getenv("FEDC_STDLIB");
  if (folder != nullptr && *folder != '\0') return driver::Library::standard();
  static const driver::Library inside(libraryTexts());
  return inside;
}

/// Adds a leaf, or notes why it has no place outside.
void addLeaf(Impl& impl, std::vector<Leaf>& leaves, std::string name, const core::Type& type) {
  auto leaf = leafOf(std::move(name), type);
  if (leaf) {
    leaves.push_back(std::move(*leaf));
  } else if (impl.unfit.empty()) {
    impl.unfit = leaf.error().message;
  }
}

void describeProgram(Impl& impl) {
  const core::Graph* next = impl.entry("next");
  const core::Graph* rounds = next != nullptr ? next : impl.entry("main");
  if (rounds == nullptr) return;
  for (const core::Column& column : rounds->columns) addLeaf(impl, impl.features, column.feature, column.type);
  if (const core::Graph* evaluate = impl.entry("evaluate")) {
    for (const core::Column& column : evaluate->columns) addLeaf(impl, impl.evalFeatures, column.feature, column.type);
  }
  std::vector<std::string> names;
  for (const core::Graph::Input& input : rounds->inputs) {
    const core::Type& type = rounds->slots[input.slot].type;
    if (input.kind == core::Graph::Input::Kind::Argument) addLeaf(impl, impl.arguments, input.name, type);
    if (input.kind != core::Graph::Input::Kind::State) continue;
    names.push_back(input.name);
    addLeaf(impl, impl.state, input.name, type);
  }
  names = runtime::fileNames(names);
  for (std::size_t i = 0; i < impl.state.size() && impl.state.size() == names.size(); ++i) impl.state[i].name = names[i];
  for (const core::Graph::Output& output : rounds->outputs) {
    if (next != nullptr && output.kind == core::Graph::Output::Kind::State) continue;
    addLeaf(impl, impl.report, output.name, rounds->slots[output.slot].type);
  }
  // What callbacks hear besides has to have a place outside as well.
  std::vector<Leaf> others;
  const core::Graph* evaluate = impl.entry("evaluate");
  for (const core::Graph* graph : {rounds, evaluate}) {
    if (graph == nullptr) continue;
    for (const core::Graph::ClientResult& result : graph->clientResults) addLeaf(impl, others, result.name, graph->slots[result.slot].type);
    if (graph != evaluate) continue;
    for (const core::Graph::Output& output : graph->outputs) addLeaf(impl, others, output.name, graph->slots[output.slot].type);
  }
}

/// Everything behind the sources, which `check` has added. The Error has no place in them.
template <class Check>
Result<Program> compileWith(std::string path, const CompileOptions& options, const driver::CompileOptions& compile, const Check& check) {
  auto impl = std::make_shared<Impl>();
  impl->path = std::move(path);
  driver::Compilation& compilation = impl->compilation;
  compilation.sources = library().sources();
  const Expected<bool> checked = check(compilation);
  if (!checked) return failure(Failure::Kind::Compile, checked.error().message);
  if (!*checked || !driver::lowerProgram(compilation, compile)) return compileFailure(compilation.sink, compilation.sources);
  impl->warnings = problems(compilation.sink, compilation.sources, Severity::Warning);
  impl->facts = driver::factsOf(*compilation.typed);
  compilation.typed.reset();
  describeProgram(*impl);
  if (!impl->program().graphs.empty()) {
    auto executable = driver::compileExecutable(compilation, compile, {.interpret = options.interpret});
    if (!executable) return failure(Failure::Kind::Compile, executable.error().message);
    impl->executable = std::move(*executable);
  }
  return Program(std::move(impl));
}

driver::CompileOptions driverOptions(const CompileOptions& options) {
  driver::CompileOptions compile;
  compile.params = options.params;
  compile.include = options.include;
  compile.library = &library();
  if (!options.plugins.empty()) compile.plugins = driver::Plugins::load(options.plugins);
  compile.willRun = true;
  return compile;
}

tl::unexpected<Failure> usage(std::string message) { return tl::unexpected(failure(Failure::Kind::Usage, std::move(message))); }

std::string meantText(const std::string& name, const std::vector<std::string>& known) {
  const auto meant = suggest(name, known);
  return meant ? fmt::format("; did you mean `{}`?", *meant) : "";
}

Expected<void, Failure> setParams(const Impl& impl, const RunOptions& from, runtime::RunOptions& to) {
  for (const auto& [name, value] : from.params) {
    const auto& params = impl.facts.params;
    const auto at = std::find_if(params.begin(), params.end(), [&, &name = name](const check::Param& param) { return param.name == name; });
    if (at == params.end()) {
      std::vector<std::string> known;
      for (const check::Param& param : params) known.push_back(param.name);
      return usage(fmt::format("the program has no param `{}`{}", name, meantText(name, known)));
    }
    if (at->isStatic) return usage(fmt::format("param `{}` is compiled in: its value is an option of compiling, not of a run", name));
    to.params[name] = value;
  }
  return {};
}

Expected<void, Failure> setArguments(const Impl& impl, const RunOptions& from, runtime::RunOptions& to) {
  const core::Graph* main = impl.entry("main");
  std::vector<std::string> known;
  if (main != nullptr) {
    for (const core::Graph::Input& input : main->inputs) {
      if (input.kind != core::Graph::Input::Kind::Argument) continue;
      known.push_back(input.name);
      const Array* given = find(from.arguments, input.name);
      if (given == nullptr) return usage(fmt::format("argument `{}` of `main` has no value", input.name));
      auto value = toCore(*given, main->slots[input.slot].type);
      if (!value) return usage(fmt::format("argument `{}` of `main` {}", input.name, value.error().message));
      to.arguments.emplace(input.name, std::move(*value));
    }
  }
  for (const NamedArray& argument : from.arguments) {
    if (std::find(known.begin(), known.end(), argument.name) != known.end()) continue;
    return usage(main == nullptr ? fmt::format("argument `{}`: the program has no `main`", argument.name)
                                 : fmt::format("`main` has no argument `{}`{}", argument.name, meantText(argument.name, known)));
  }
  return {};
}

Expected<void, Failure> setState(const Impl& impl, const RunOptions& from, runtime::RunOptions& to) {
  if (from.state.empty()) {
    if (from.stateRound != 0) return usage(fmt::format("a state behind round {} is to be gone on from, but none is given", from.stateRound));
    return {};
  }
  const core::Graph* next = impl.entry("next");
  if (next == nullptr) return usage("`main` has no state that could be given");
  if (from.stateRound < 0 || from.stateRound > to.rounds) {
    return usage(fmt::format("a run of {} rounds cannot go on behind round {}", to.rounds, from.stateRound));
  }
  if (from.stateRound > 0 && !next->clientState.empty() && from.clientStates == nullptr) {
    return usage(
        "the clients of this program have state of their own, which a state alone does not hold: give `clientStates` of the same result, too");
  }
  if (from.clientStates != nullptr) {
    if (next->clientState.empty()) return usage("client states are given, and the clients of this program keep nothing");
    to.clientStates = from.clientStates->store;
  }
  runtime::Checkpoint checkpoint;
  checkpoint.round = from.stateRound;
  for (const NamedArray& leaf : from.state) {
    if (auto good = checkArray(leaf.value); !good) return usage(fmt::format("`{}` of the state {}", leaf.name, good.error().message));
    if (auto good = checkElements(leaf.value); !good) return usage(fmt::format("`{}` of the state {}", leaf.name, good.error().message));
    checkpoint.state.push_back({leaf.name, toCore(leaf.value)});
  }
  to.resume = std::move(checkpoint);
  return {};
}

/// The program's own settings under the caller's.
Expected<runtime::RunOptions, Failure> runtimeOptions(const Impl& impl, const RunOptions& from) {
  if (!impl.unfit.empty()) return usage(impl.unfit);
  auto block = driver::runBlockOptions(impl.facts, impl.path);
  if (!block) return usage(block.error().message);
  runtime::RunOptions to = std::move(*block);
  if (from.data.impl() != nullptr) {
    to.evalData.clear();
    to.clients.clear();
    to.evalClients.clear();
    useFederation(from.data, to.data, to.clientsFrom);
  }
  if (from.evalData.impl() != nullptr) {
    to.evalClients.clear();
    useFederation(from.evalData, to.evalData, to.evalClientsFrom);
  }
  if (!from.clients.empty()) to.clients = from.clients;
  if (!from.evalClients.empty()) to.evalClients = from.evalClients;
  if (from.rounds) to.rounds = *from.rounds;
  if (from.clientsPerRound) {
    to.clientsPerRound = *from.clientsPerRound == RunOptions::kAllClients ? std::nullopt : from.clientsPerRound;
  }
  if (from.seed) to.seed = *from.seed;
  if (from.evalEvery) to.evalEvery = *from.evalEvery;
  if (from.threads) to.threads = *from.threads;
  if (from.dataCache) to.dataCache = *from.dataCache;
  if (to.rounds < 0 || to.evalEvery < 0) return usage("the number of rounds is negative");
  if (to.threads < 0 || to.threads > 4096)
    return usage(fmt::format("{} threads: at least 1, at most 4096, or 0 for as many as the machine has", to.threads));
  if (to.dataCache && *to.dataCache < 0) return usage("the size of the data cache is negative");
  for (const auto set : {setParams, setArguments, setState}) {
    if (auto done = set(impl, from, to); !done) return tl::unexpected(done.error());
  }
  to.serial = false;
  return to;
}

/// Listens to a run: keeps its reports, and asks whether it goes on.
class Listener {
 public:
  explicit Listener(const RunOptions& options) : options_(options) {}

  runtime::RunEvents events() {
    runtime::RunEvents events;
    events.round = [this](const runtime::RoundEvent& e) {
      heard({e.round, e.rounds, e.clients, e.seconds, {}, e.ofClients.ids, {}}, e.metrics, e.ofClients.values, rounds, options_.onRound);
    };
    events.start = [this](const runtime::StartEvent& e) { rounds_ = e.rounds; };
    events.eval = [this](const runtime::EvalEvent& e) {
      heard({e.round, rounds_, e.clients, e.seconds, {}, e.ofClients.ids, {}}, e.metrics, e.ofClients.values, evaluations, options_.onEvaluation);
    };
    return events;
  }

  std::vector<Round> rounds, evaluations;
  std::atomic<bool> stop{false};

 private:
  void heard(Round round, const std::vector<runtime::NamedArray>& report, const std::vector<runtime::NamedArray>& ofClients, std::vector<Round>& list,
             const std::function<bool(const Round&)>& tell) {
    // `describeProgram` has seen to it that every leaf has a place outside.
    if (auto arrays = toPublic(report)) round.report = std::move(*arrays);
    if (auto arrays = toPublic(ofClients)) round.ofClients = std::move(*arrays);
    list.push_back(std::move(round));
    if (tell && !tell(list.back())) stop = true;
  }

  const RunOptions& options_;
  int rounds_ = 0;
};

Result<RunResult> runWith(const Impl& impl, runtime::RunOptions& options, const RunOptions& from) {
  const auto failed = [&](const runtime::RunError& error) { return runFailure(error, impl.program().module, impl.compilation.sources); };
  if (impl.program().graphs.empty()) {
    runtime::RunError error;
    error.kind = runtime::RunError::Kind::Program;
    error.message = "the program has nothing to run";
    error.help = "add `let main = process(init, next);` or a function `fn main(…)`";
    return failed(error);
  }
  Listener listener(from);
  options.interrupt = &listener.stop;
  auto summary = runtime::run(impl.executable, options, listener.events());
  if (!summary) return failed(summary.error());
  RunResult result;
  auto values = toPublic(summary->state);
  if (!values) return failure(Failure::Kind::Run, values.error().message);
  if (impl.entry("next") != nullptr) {
    result.state = std::move(*values);
    result.rounds = std::move(listener.rounds);
    result.evaluations = std::move(listener.evaluations);
    result.lastRound = summary->rounds;
  } else {
    result.value = std::move(*values);
  }
  if (summary->clientStates != nullptr) result.clientStates = std::make_shared<ClientStates>(ClientStates{std::move(summary->clientStates)});
  result.stopped = summary->interrupted;
  return result;
}

}  // namespace
}  // namespace embed

Result<Program> compile(std::string_view source, const CompileOptions& options) {
  if (source.size() >= std::numeric_limits<std::uint32_t>::max()) return embed::failure(Failure::Kind::Compile, "the source is larger than 4 GiB");
  const std::string name = options.name.empty() ? "<source>" : options.name;
  driver::CompileOptions compile = embed::driverOptions(options);
  compile.modules = &options.modules;
  // Its `run` block is relative to the working directory.
  return embed::compileWith("", options, compile, [&](driver::Compilation& compilation) -> Expected<bool> {
    return driver::checkSource(compilation, compilation.sources.add(name, std::string(source)).id(), compile);
  });
}

Result<Program> compileFile(const std::string& path, const CompileOptions& options) {
  driver::CompileOptions compile = embed::driverOptions(options);
  if (!options.modules.empty()) {
    // Then the file's own folder is one of those with modules.
    const std::string folder = std::filesystem::path(path).parent_path().string();
    compile.include.insert(compile.include.begin(), folder.empty() ? "." : folder);
    compile.modules = &options.modules;
  }
  return embed::compileWith(path, options, compile,
                            [&](driver::Compilation& compilation) { return driver::checkProgram(compilation, path, compile); });
}

bool Program::isProcess() const { return impl_->entry("next") != nullptr; }
bool Program::hasEvaluate() const { return impl_->entry("evaluate") != nullptr; }
bool Program::hasPlainResult() const { return impl_->facts.isOneLeaf; }
const std::vector<Problem>& Program::warnings() const { return impl_->warnings; }
const std::vector<Leaf>& Program::features() const { return impl_->features; }
const std::vector<Leaf>& Program::evalFeatures() const { return impl_->evalFeatures; }
const std::vector<Leaf>& Program::arguments() const { return impl_->arguments; }
const std::vector<Leaf>& Program::state() const { return impl_->state; }
const std::vector<Leaf>& Program::report() const { return impl_->report; }

Result<RunResult> Program::run(const RunOptions& options) const {
  auto runtime = embed::runtimeOptions(*impl_, options);
  if (!runtime) return runtime.error();
  return embed::runWith(*impl_, *runtime, options);
}

Result<Round> Program::evaluate(const NamedArrays& state, const RunOptions& options) const {
  if (!hasEvaluate()) return embed::failure(Failure::Kind::Usage, "the program has no `evaluate`");
  if (state.empty()) return embed::failure(Failure::Kind::Usage, "no state is given to be evaluated");
  RunOptions once = options;
  once.state = state;
  once.stateRound = 0;
  once.rounds = 0;
  once.data = {};
  auto runtime = embed::runtimeOptions(*impl_, once);
  if (!runtime) return runtime.error();
  runtime->data.clear();
  runtime->clients.clear();
  if (!runtime->hasEvalData()) return embed::failure(Failure::Kind::Usage, "no data is given to evaluate on");
  auto result = embed::runWith(*impl_, *runtime, once);
  if (!result) return result.error();
  return std::move(result->evaluations.front());
}

}  // namespace fedc
