#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <future>

#include "compiler/core/cost.h"
#include "compiler/driver/run_diagnostic.h"
#include "runtime/process/run_directory.h"
#include "runtime/value/whole_file.h"
#include "tools/fedc/commands.h"
#include "tools/fedc/course.h"
#include "tools/fedc/interrupt.h"
#include "tools/fedc/json_values.h"
#include "tools/fedc/kept_run.h"
#include "tools/fedc/non_finite.h"
#include "tools/fedc/process_time.h"
#include "tools/fedc/progress.h"
#include "tools/fedc/ready.h"
#include "tools/fedc/settings.h"
#include "tools/fedc/summary.h"

namespace fedc::cli {

namespace {

using DataResult = Expected<std::shared_ptr<runtime::RunData>, runtime::RunError>;

/// A live line needs a terminal of its own: JSON lines on the same one would be torn.
Progress::Mode progressMode(bool json) {
  const bool isTerminal = isatty(STDERR_FILENO) != 0;
  if (json) return isTerminal && isatty(STDOUT_FILENO) == 0 ? Progress::Mode::Live : Progress::Mode::Quiet;
  return isTerminal ? Progress::Mode::Live : Progress::Mode::Lines;
}

/// Tells everybody who wants to know how the run goes on.
runtime::RunEvents listeners(const CommandLine& line, const runtime::RunOptions& options, bool isProcess, Progress& progress, Course& course) {
  runtime::RunEvents events;
  const bool json = line.run.json;
  events.start = [&, json](const runtime::StartEvent& e) {
    progress.start(e);
    if (json) writeOut(startLine(line.files.front(), options.seed, e));
    if (!options.init.empty()) progress.note(fmt::format("a start at round 1 with the weights in `{}`, not a resumption", options.init));
  };
  events.round = [&, json, isProcess](const runtime::RoundEvent& e) {
    if (json) writeOut(roundLine(e));
    if (!isProcess) return;
    progress.round(e);
    course.round(e);
  };
  events.eval = [&, json](const runtime::EvalEvent& e) {
    if (json) writeOut(evalLine(e));
    progress.eval(e);
    course.eval(e);
  };
  return events;
}

/// The run's directory: the one that goes on, or a new one.
Expected<void> keep(const CommandLine& line, const Ready& ready, bool isProcess, std::shared_ptr<runtime::RunDirectory> going, const Console& console,
                    const driver::Plugins* plugins, runtime::RunOptions& options) {
  if (!isProcess) return line.run.out.empty() ? Expected<void>() : fail("`--out` keeps the rounds of a process; `main` runs once");
  if (going == nullptr && line.run.noOut) return {};
  auto record = recordOf(line, ready.compilation.sources, ready.facts, options, plugins);
  if (!record) return tl::unexpected(record.error());
  if (line.run.checkpointEvery) options.checkpointEvery = *line.run.checkpointEvery;
  if (going != nullptr) {
    if (auto same = isSameRun(*going, *record); !same) return same;
    options.directory = std::move(going);
    return {};
  }
  std::string warning;
  auto directory = newDirectory(line, options, std::move(*record), warning);
  if (!directory) return tl::unexpected(directory.error());
  if (!warning.empty()) console.warn(warning);
  options.directory = std::move(*directory);
  return {};
}

/// The whole end of a run of a process, for people.
std::string endText(const core::Program& program, const runtime::RunOptions& options, const runtime::RunSummary& summary, const Course& course) {
  constexpr std::size_t kWidth = 100;
  Ending ending;
  ending.wantedRounds = options.rounds;
  ending.begunAfter = options.resume ? options.resume->round : 0;
  if (const core::Graph* next = program.entry("next"); !next->phases.empty()) {
    const core::Traffic traffic = core::trafficOf(program, *next);
    ending.down = traffic.down.constant();
    ending.up = traffic.up.constant();
  }
  ending.init = options.init;
  ending.saved = options.save;
  ending.hasTable = course.hasTable();
  std::string text;
  if (course.hasTable()) text = course.table(kWidth) + "\n" + course.curves(!hasBlocks()) + "\n";
  if (options.directory == nullptr) return text + summaryTable(summary, ending);
  ending.kept = options.directory->path();
  text += summaryTable(summary, ending);
  const auto before = runtime::runBefore(ending.kept);
  const auto now = runtime::readOutcome(ending.kept);
  return before && now ? text + comparisonTable(*before, *now) : text;
}

/// The results, at the end. False if they could not be written.
bool writeResults(const CommandLine& line, const Ready& ready, const runtime::RunOptions& options, const runtime::RunSummary& summary,
                  const Course& course, bool isProcess) {
  if (line.run.json) return writeOut(summaryLine(summary, options.directory == nullptr ? "" : options.directory->path()));
  if (!isProcess) {
    // The result alone is what others read.
    if (const std::string wire = wireTable(summary); !wire.empty()) std::fputs(wire.c_str(), stderr);
    return writeOut(resultLine(summary.metrics, ready.facts.isOneLeaf, summary.ofClients));
  }
  return writeOut(endText(*ready.compilation.program, options, summary, course));
}

/// A run's directory that goes on, and where it stands.
struct Going {
  std::shared_ptr<runtime::RunDirectory> directory;
  std::optional<runtime::Checkpoint> checkpoint;
};

int runProgram(const CommandLine& line, const Console& console, Going going) {
  if (!knowsPass(line, console)) return kWrongUsage;
  const driver::CompileOptions compile = compileOptions(line, stderr);
  const auto cache = openCache(line, console);
  Ready ready;
  if (!prepare(ready, line, compile, cache, console)) return kFailure;
  const core::Program& program = *ready.compilation.program;
  const auto failed = [&](const runtime::RunError& error) {
    console.report(driver::runDiagnostic(error, program.module), ready.compilation.sources);
    return kFailure;
  };
  if (program.graphs.empty()) {
    runtime::RunError error;
    error.kind = runtime::RunError::Kind::Program;
    error.message = fmt::format("`{}` has nothing to run", line.files.front());
    error.help = "add `let main = process(init, next);` or a function `fn main(…)`";
    return failed(error);
  }

  auto options = runOptions(line.run, ready.facts, line.files.front());
  if (!options) return console.report(options.error()), kFailure;
  if (!options->save.empty()) {
    if (auto may = runtime::mayWriteWhole(options->save); !may) return console.report(may.error()), kFailure;
  }
  if (auto given = giveArguments(line.run.arguments, program, *options); !given) return failed(given.error());
  options->resume = std::move(going.checkpoint);

  // The files are opened and the first cohorts read while the kernels are compiled.
  std::future<DataResult> data = std::async(std::launch::async, [&] { return runtime::openRunData(program, *options); });
  auto executable = executableOf(ready, line, compile, cache);
  if (!executable) {
    data.wait();
    return console.report(executable.error()), kFailure;
  }
  DataResult opened = data.get();
  if (!opened) return failed(opened.error());

  const bool isProcess = program.entry("next") != nullptr;
  if (auto kept = keep(line, ready, isProcess, std::move(going.directory), console, compile.plugins.get(), *options); !kept)
    return console.report(kept.error()), kFailure;
  options->compileSeconds = secondsSinceStart();
  options->interrupt = catchInterrupt();
  Progress progress(progressMode(line.run.json), stderr);
  Course course;
  runtime::RunEvents events = listeners(line, *options, isProcess, progress, course);
  events.nonFinite = [&](const runtime::NonFinite& e) {
    progress.clear();
    return reportNonFinite(e, line, compile, options->directory == nullptr ? "" : options->directory->path(), console);
  };
  auto summary = runtime::run(*executable, *options, events, std::move(*opened));
  progress.clear();
  if (!summary) return failed(summary.error());
  if (!writeResults(line, ready, *options, *summary, course, isProcess)) return kFailure;
  return summary->interrupted ? kInterrupted : kSuccess;
}

}  // namespace

int runCommand(const CommandLine& line, const Console& console) { return runProgram(line, console, {}); }

int resumeCommand(const CommandLine& line, const Console& console) {
  const auto failed = [&](const std::string& what) { return console.report(Error{what}), kFailure; };
  std::error_code error;
  const std::string path = std::filesystem::absolute(line.files.front(), error).lexically_normal().string();
  auto directory = runtime::RunDirectory::open(path);
  if (!directory) return failed(directory.error().message);
  auto checkpoint = (*directory)->checkpoint();
  if (!checkpoint) return failed(checkpoint.error().message);
  const runtime::RunRecord& record = (*directory)->record();
  auto began = parseCommandLine(record.arguments);
  if (!began || began->command != Command::Run) return failed(fmt::format("`{}/run.json` is damaged: its arguments are no command line", path));
  std::filesystem::current_path(record.folder, error);
  if (error) return failed(fmt::format("the folder in which the run began, `{}`, cannot be entered: {}", record.folder, error.message()));
  CommandLine now = std::move(*began);
  if (line.run.rounds) now.run.rounds = line.run.rounds;
  if (line.run.threads) now.run.threads = line.run.threads;
  if (line.run.checkpointEvery) now.run.checkpointEvery = line.run.checkpointEvery;
  now.run.json = line.run.json;
  return runProgram(now, console, {std::move(*directory), std::move(*checkpoint)});
}

}  // namespace fedc::cli
