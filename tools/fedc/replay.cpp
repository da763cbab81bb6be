#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "compiler/driver/replay.h"
#include "compiler/driver/run_diagnostic.h"
#include "compiler/support/plural.h"
#include "compiler/support/render.h"
#include "compiler/support/suggest.h"
#include "runtime/process/run_data.h"
#include "runtime/process/run_directory.h"
#include "tools/fedc/commands.h"
#include "tools/fedc/kept_run.h"
#include "tools/fedc/ready.h"
#include "tools/fedc/settings.h"

namespace fedc::cli {

namespace {

namespace fs = std::filesystem;

/// What a run's directory says of it; nothing in it is changed.
struct Before {
  std::string path;
  runtime::RunRecord record;
  /// The hash of the state after each round.
  std::map<int, std::string> states;
  /// The command line that began it.
  CommandLine line;
};

Expected<Before> readRun(const std::string& path) {
  Before run;
  run.path = path;
  if (!runtime::hasRecord(path)) return fail(fmt::format("`{}` is not the directory of a run: it has no `run.json`", path));
  auto record = runtime::readRecord(path);
  if (!record) return tl::unexpected(record.error());
  run.record = std::move(*record);
  // Not even its first round need be over.
  if (auto states = runtime::readStateHashes(path)) run.states = std::move(*states);
  auto began = parseCommandLine(run.record.arguments);
  if (!began || began->command != Command::Run) return fail(fmt::format("`{}/run.json` is damaged: its arguments are no command line", path));
  run.line = std::move(*began);
  return run;
}

/// Data that has moved, relative to where the user is.
std::string absolute(const std::string& path) {
  std::error_code error;
  return path.starts_with("synthetic:") ? path : fs::absolute(path, error).lexically_normal().string();
}

void giveData(const RunFlags& given, RunFlags& run) {
  if (given.data) run.data = absolute(*given.data);
  for (const auto& [name, path] : given.dataParts) run.dataParts[name] = absolute(path);
}

/// How many rounds the run was begun for; 0: that is not known.
int wantedRounds(const runtime::RunRecord& record) {
  const auto rounds = record.settings.find("--rounds");
  return rounds == record.settings.end() ? 0 : std::atoi(rounds->second.c_str());
}

/// The client's place in the cohort.
Expected<std::int64_t> positionOf(const std::string& client, int round, runtime::RunData& data, bool evaluates) {
  const auto* federation = data.train();
  const char* const notEvaluations = evaluates ? "; what `evaluate` does is not replayed" : "";
  if (federation == nullptr) return fail(fmt::format("`next` of this program has no clients{}", notEvaluations));
  const auto members = federation->cohorts->of(round);
  std::vector<std::string> ids;
  for (const std::uint32_t member : *members) {
    ids.push_back(federation->clients->id(member));
    if (ids.back() == client) return static_cast<std::int64_t>(ids.size()) - 1;
  }
  constexpr std::size_t kShown = 8;
  const auto meant = suggest(client, ids);
  const std::size_t count = ids.size();
  ids.resize(std::min(count, kShown));
  for (std::string& id : ids) id = fmt::format("`{}`", id);
  return fail(fmt::format("client `{}` takes no part in round {}{}; its {} {}{}{}", client, round,
                          meant ? fmt::format(", did you mean `{}`?", *meant) : "", count == 1 ? "client is" : fmt::format("{} clients are", count),
                          fmt::join(ids, ", "), count > kShown ? ", …" : "", notEvaluations));
}

/// The rounds before this one, and the round, with `watch` hearing of its calls. False, with a report, if they are not those of the run.
bool runAgain(const Before& run, int round, const runtime::Executable& executable, runtime::RunOptions options,
              std::shared_ptr<runtime::RunData> data, runtime::CallWatch& watch, const SourceManager& sources, const Console& console) {
  options.watchedRound = round;
  options.watch = &watch;
  std::string differs;
  runtime::RunEvents events;
  events.state = [&](int now, const std::vector<runtime::NamedArray>& state) {
    const auto then = run.states.find(now);
    const std::string hash = runtime::stateHash(state);
    if (then == run.states.end() || then->second == hash) return true;
    differs = fmt::format("round {} gives another state than it did in `{}` (hash {} instead of {}): that run was fedc {} on a {}, this is fedc {}",
                          now, run.path, hash, then->second, run.record.version, run.record.processor, FEDC_VERSION);
    return false;
  };
  auto summary = runtime::run(executable, options, events, std::move(data));
  if (!differs.empty()) return console.report(Error{differs}), false;
  if (summary) return true;
  console.report(driver::runDiagnostic(summary.error(), executable.program->module), sources);
  return false;
}

}  // namespace

int replayCommand(const CommandLine& line, const Console& console) {
  const auto failed = [&](const std::string& what) { return console.report(Error{what}), kFailure; };
  auto run = readRun(absolute(line.files.front()));
  if (!run) return failed(run.error().message);
  const int last = run->states.empty() ? 0 : run->states.rbegin()->first;
  // The round that ended a run by an error has no state.
  const auto noRound = [&] {
    return failed(fmt::format("`{}` has {}, there is no round {}", run->path, plural(static_cast<std::size_t>(last), "round"), line.round));
  };
  if (line.round > last + 1) return noRound();
  CommandLine now = run->line;
  giveData(line.run, now.run);
  now.run.interpret = now.run.wire = now.run.json = false;
  now.run.save.clear();
  now.printAfter.clear();
  std::error_code error;
  fs::current_path(run->record.folder, error);
  if (error) return failed(fmt::format("the folder in which the run began, `{}`, cannot be entered: {}", run->record.folder, error.message()));

  const driver::CompileOptions compile = compileOptions(now, stderr);
  const auto cache = openCache(now, console);
  Ready ready;
  if (!prepare(ready, now, compile, cache, console)) return kFailure;
  const core::Program& program = *ready.compilation.program;
  if (program.entry("next") == nullptr) return failed(fmt::format("`{}` has no rounds: it is no process", now.files.front()));
  auto options = runOptions(now.run, ready.facts, now.files.front());
  if (!options) return failed(options.error().message);
  auto record = recordOf(now, ready.compilation.sources, ready.facts, *options, compile.plugins.get());
  if (!record) return failed(record.error().message);
  if (const std::string changed = changedSince(run->record, *record); !changed.empty())
    return failed(fmt::format("`{}` cannot be replayed: {} has changed since it began", run->path, changed));

  options->rounds = line.round;
  options->evalData.clear();
  options->evalDataParts.clear();
  // What clients keep is of one round only, so these runs begin anew.
  if (program.entry("next")->clientState.empty()) {
    auto checkpoint = runtime::readCheckpoint(run->path);
    if (!checkpoint) return failed(checkpoint.error().message);
    if (*checkpoint && (*checkpoint)->round < line.round) options->resume = std::move(*checkpoint);
  }
  const auto traced = driver::compileForReplay(now.files.front(), compile);
  if (traced == nullptr) return failed(fmt::format("`{}` has changed while it was compiled", now.files.front()));
  auto executable = executableOf(ready, now, compile, cache);
  if (!executable) return failed(executable.error().message);
  auto data = runtime::openRunData(program, *options);
  if (!data) return console.report(driver::runDiagnostic(data.error(), program.module), ready.compilation.sources), kFailure;
  auto position = positionOf(line.client, line.round, **data, program.entry("evaluate") != nullptr);
  // All rounds that the run began for are over: a resumption may have asked for this one only if it ended by an error.
  const bool mayBeNone = line.round > last && last >= wantedRounds(run->record);
  if (!position) return mayBeNone ? noRound() : failed(position.error().message);

  driver::ShowOptions show{{line.lets.begin(), line.lets.end()}, {line.lines.begin(), line.lines.end()}, line.library};
  if (auto known = driver::hasShown(show, *traced, "next"); !known) return failed(known.error().message);
  driver::ClientReplay replay(traced, "next", *position, std::move(show));
  const bool isSame = runAgain(*run, line.round, *executable, *options, *data, replay, ready.compilation.sources, console);
  if (isSame && mayBeNone) return noRound();
  // A round that ended by an error is shown, too, up to the client that failed.
  if (!isSame && (line.round <= last || replay.text().empty())) return kFailure;
  const std::size_t clients = (*data)->train()->cohorts->of(line.round)->size();
  std::string text = fmt::format("round {}, client `{}`, number {} of {}\n{}", line.round, line.client, *position + 1, clients, replay.text());
  if (replay.origin()) {
    const Diagnostic born =
        driver::birthDiagnostic(*replay.origin(), fmt::format("what it gives in round {} is not finite", line.round), line.client, traced->sources);
    text += "\n" + renderText(born, traced->sources);
  }
  if (!writeOut(text)) return kFailure;
  return isSame ? kSuccess : kFailure;
}

}  // namespace fedc::cli
