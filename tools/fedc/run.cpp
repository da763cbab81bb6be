#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <future>

#include "compiler/codegen/target.h"
#include "compiler/driver/compile.h"
#include "compiler/driver/run_diagnostic.h"
#include "runtime/process/run_directory.h"
#include "tools/fedc/commands.h"
#include "tools/fedc/interrupt.h"
#include "tools/fedc/json_values.h"
#include "tools/fedc/process_time.h"
#include "tools/fedc/progress.h"
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

/// `main` returned one leaf, not a struct or tuple around one.
bool isOneLeaf(const check::TypedProgram& program) {
  if (!program.main) return false;
  check::TypeRef type = program.main->result;
  while (type->kind == check::TypeKind::Placed) type = type->element;
  return type->kind == check::TypeKind::Tensor;
}

/// Tells everybody who wants to know how the run goes on.
runtime::RunEvents listeners(const CommandLine& line, const runtime::RunOptions& options, bool isProcess, Progress& progress) {
  runtime::RunEvents events;
  const bool json = line.run.json;
  events.start = [&, json](const runtime::StartEvent& e) {
    progress.start(e);
    if (json) writeOut(startLine(line.files.front(), options.seed, e));
  };
  events.round = [&, json, isProcess](const runtime::RoundEvent& e) {
    if (json) writeOut(roundLine(e));
    if (isProcess) progress.round(e);
  };
  events.eval = [&, json](const runtime::EvalEvent& e) {
    if (json) writeOut(evalLine(e));
    progress.eval(e);
  };
  return events;
}

/// Names and texts of the program's files, one hash of them.
std::string programHash(const SourceManager& sources) {
  std::vector<std::string> texts;
  for (FileId id = 0; id < sources.size(); ++id) texts.emplace_back(sources.file(id).text());
  return runtime::textHash(texts);
}

/// What will run, as a directory records it.
Expected<runtime::RunRecord> recordOf(const CommandLine& line, const driver::Compilation& compilation, const runtime::RunOptions& options) {
  runtime::RunRecord record;
  record.program = line.files.front();
  record.arguments = line.words;
  std::error_code error;
  record.folder = std::filesystem::current_path(error).string();
  record.seed = options.seed;
  record.programHash = programHash(compilation.sources);
  for (const auto& [path, hash] : {std::pair{&options.data, &record.dataHash}, std::pair{&options.evalData, &record.evalDataHash}}) {
    if (path->empty()) continue;
    auto mark = runtime::dataMark(*path);
    if (!mark) return tl::unexpected(mark.error());
    *hash = std::move(*mark);
  }
  record.version = FEDC_VERSION;
  record.processor = codegen::hostProcessor();
  return record;
}

/// The run's directory: a new one for `--out`, or the one that goes on, if it would be the same run.
Expected<void> keep(const CommandLine& line, const driver::Compilation& compilation, bool isProcess, std::shared_ptr<runtime::RunDirectory> going,
                    runtime::RunOptions& options) {
  if (going == nullptr && line.run.out.empty()) return {};
  if (!isProcess) return fail("`--out` keeps the rounds of a process; `main` runs once");
  auto record = recordOf(line, compilation, options);
  if (!record) return tl::unexpected(record.error());
  if (line.run.checkpointEvery) options.checkpointEvery = *line.run.checkpointEvery;
  if (going != nullptr) {
    const runtime::RunRecord& before = going->record();
    const char* changed = record->programHash != before.programHash     ? "its program"
                          : record->dataHash != before.dataHash         ? "its data"
                          : record->evalDataHash != before.evalDataHash ? "the data of its evaluation"
                                                                        : nullptr;
    if (changed != nullptr) {
      return fail(
          fmt::format("`{0}` cannot go on: {1} has changed since it began; `fedc run … --init {0}/model.npz` starts a new run from its last state",
                      going->path(), changed));
    }
    options.directory = std::move(going);
    return {};
  }
  auto directory = runtime::RunDirectory::create(line.run.out, std::move(*record));
  if (!directory) return tl::unexpected(directory.error());
  options.directory = std::move(*directory);
  return {};
}

/// The results, at the end. False if they could not be written.
bool writeResults(const CommandLine& line, const driver::Compilation& compilation, const runtime::RunOptions& options,
                  const runtime::RunSummary& summary, bool isProcess) {
  if (line.run.json) return writeOut(summaryLine(summary));
  if (!isProcess) return writeOut(resultLine(summary.metrics, isOneLeaf(*compilation.typed)));
  return writeOut(summaryTable(summary, options.rounds, options.save, options.directory == nullptr ? "" : options.directory->path()));
}

/// A run's directory that goes on, and where it stands.
struct Going {
  std::shared_ptr<runtime::RunDirectory> directory;
  std::optional<runtime::Checkpoint> checkpoint;
};

int runProgram(const CommandLine& line, const Console& console, Going going) {
  if (!knowsPass(line, console)) return kWrongUsage;
  driver::Compilation compilation;
  const driver::CompileOptions compile = compileOptions(line, stderr);
  if (!compileFile(compilation, line.files.front(), compile, false, console)) return kFailure;
  const core::Program& program = *compilation.program;
  const auto failed = [&](const runtime::RunError& error) {
    console.report(driver::runDiagnostic(error, program.module), compilation.sources);
    return kFailure;
  };
  if (program.graphs.empty()) {
    runtime::RunError error;
    error.kind = runtime::RunError::Kind::Program;
    error.message = fmt::format("`{}` has nothing to run", line.files.front());
    error.help = "add `let main = process(init, next);` or a function `fn main(…)`";
    return failed(error);
  }

  auto options = runOptions(line.run, *compilation.typed, line.files.front());
  if (!options) return console.report(options.error()), kFailure;
  auto arguments = mainArguments(line.run.arguments, program);
  if (!arguments) return console.report(arguments.error()), kFailure;
  options->arguments = std::move(*arguments);
  options->resume = std::move(going.checkpoint);

  // The files are opened and the first cohorts read while the kernels are compiled.
  std::future<DataResult> data = std::async(std::launch::async, [&] { return runtime::openRunData(program, *options); });
  auto executable = driver::compileExecutable(compilation, compile, {line.run.interpret});
  if (!executable) {
    data.wait();
    return console.report(executable.error()), kFailure;
  }
  DataResult opened = data.get();
  if (!opened) return failed(opened.error());

  const bool isProcess = program.entry("next") != nullptr;
  if (auto kept = keep(line, compilation, isProcess, std::move(going.directory), *options); !kept) return console.report(kept.error()), kFailure;
  options->compileSeconds = secondsSinceStart();
  options->interrupt = catchInterrupt();
  Progress progress(progressMode(line.run.json), stderr);
  auto summary = runtime::run(*executable, *options, listeners(line, *options, isProcess, progress), std::move(*opened));
  progress.clear();
  if (!summary) return failed(summary.error());
  if (!writeResults(line, compilation, *options, *summary, isProcess)) return console.report(Error{"the results could not be written"}), kFailure;
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
