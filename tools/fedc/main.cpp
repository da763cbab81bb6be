#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "tools/fedc/commands.h"

namespace {

int dispatch(const fedc::cli::CommandLine& line, const fedc::cli::Console& console) {
  using fedc::cli::Command;
  switch (line.command) {
    case Command::Run: return fedc::cli::runCommand(line, console);
    case Command::Resume: return fedc::cli::resumeCommand(line, console);
    case Command::Replay: return fedc::cli::replayCommand(line, console);
    case Command::Check: return fedc::cli::checkCommand(line, console);
    case Command::Cost: return fedc::cli::costCommand(line, console);
    case Command::Emit: return fedc::cli::emitCommand(line, console);
    case Command::Explain: return fedc::cli::explainCommand(line, console);
    case Command::DataInfo: return fedc::cli::dataInfoCommand(line, console);
    case Command::Doctor: return fedc::cli::doctorCommand(line, console);
    case Command::Fmt: return fedc::cli::fmtCommand(line, console);
    case Command::Doc: return fedc::cli::docCommand(line, console);
    case Command::New: return fedc::cli::newCommand(line, console);
    case Command::Test: return fedc::cli::testCommand(line, console);
    case Command::Completion: return fedc::cli::completionCommand(line, console);
  }
  return fedc::cli::kWrongUsage;
}

/// The exit code, unless what was to be read of standard output is not there.
int ended(int exitCode, const fedc::cli::Console& console) {
  const auto problem = fedc::cli::outputProblem();
  if (!problem) return exitCode;
  console.report(fedc::Error{"the output could not be written: " + *problem});
  return fedc::cli::kFailure;
}

/// Memory that is refused ends a run wherever it is asked for, on any thread: a program that checks may be too large for this machine.
[[noreturn]] void explainTermination() {
  try {
    if (const std::exception_ptr thrown = std::current_exception()) std::rethrow_exception(thrown);
  } catch (const std::bad_alloc&) {
    std::fputs("error: there is not enough memory for what this program computes\n", stderr);
    std::_Exit(fedc::cli::kFailure);
  } catch (...) {
    // A defect of ours, which shall be seen as one.
    std::abort();
  }
  std::abort();
}

}  // namespace

int main(int argc, char** argv) {
  std::set_terminate(explainTermination);
  auto line = fedc::cli::parseCommandLine(std::vector<std::string>(argv + 1, argv + argc));
  if (!line) {
    std::fputs(line.error().text.c_str(), line.error().exitCode == 0 ? stdout : stderr);
    return ended(line.error().exitCode, {fedc::cli::ColorMode::Auto, fedc::cli::ErrorFormat::Text});
  }
  const fedc::cli::Console console(line->color, line->errorFormat);
  return ended(dispatch(*line, console), console);
}
