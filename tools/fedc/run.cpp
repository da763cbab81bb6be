#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <future>

#include "compiler/driver/compile.h"
#include "compiler/driver/run_diagnostic.h"
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

/// The results, at the end. False if they could not be written.
bool writeResults(const CommandLine& line, const driver::Compilation& compilation, const runtime::RunOptions& options,
                  const runtime::RunSummary& summary, bool isProcess) {
  if (line.run.json) return writeOut(summaryLine(summary));
  if (!isProcess) return writeOut(resultLine(summary.metrics, isOneLeaf(*compilation.typed)));
  return writeOut(summaryTable(summary, options.rounds, options.save));
}

}  // namespace

int runCommand(const CommandLine& line, const Console& console) {
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
  options->compileSeconds = secondsSinceStart();
  options->interrupt = catchInterrupt();
  Progress progress(progressMode(line.run.json), stderr);
  auto summary = runtime::run(*executable, *options, listeners(line, *options, isProcess, progress), std::move(*opened));
  progress.clear();
  if (!summary) return failed(summary.error());
  if (!writeResults(line, compilation, *options, *summary, isProcess)) return console.report(Error{"the results could not be written"}), kFailure;
  return summary->interrupted ? kInterrupted : kSuccess;
}

}  // namespace fedc::cli
