#include <fmt/format.h>

#include "compiler/driver/run_diagnostic.h"
#include "runtime/process/run.h"
#include "tools/fedc/commands.h"
#include "tools/fedc/settings.h"

namespace fedc::cli {

namespace {

/// Opens the data and compares the first client with the declared columns; nothing is run.
bool checkData(const CommandLine& line, const std::string& path, const driver::Compilation& compilation, const Console& console) {
  const auto facts = driver::factsOf(*compilation.typed);
  auto options = runOptions(line.run, facts, path);
  if (!options) return console.report(options.error()), false;
  // Only what the flag names, and no more of it than it has.
  options->evalData.clear();
  options->clientsPerRound.reset();
  auto opened = runtime::openRunData(*compilation.program, *options);
  if (!opened) return console.report(driver::runDiagnostic(opened.error(), compilation.program->module), compilation.sources), false;
  return true;
}

/// The policies that hold, and what the source declassifies: place and reason.
std::string policyText(const CommandLine& line, const driver::Compilation& compilation) {
  Policies policies = line.run.policies;
  policies.insert(compilation.typed->policies.begin(), compilation.typed->policies.end());
  std::string text;
  const bool isLibrary = compilation.program->graphs.empty();
  for (const Policy policy : policies)
    text += fmt::format("  policy {}: {}\n", policyName(policy), isLibrary ? "nothing to prove, there is no `main`" : "proved");
  if (policies.empty()) return text;
  for (const transform::Release& release : compilation.releases) {
    text += fmt::format("  declassified at {}: \"{}\"\n", compilation.sources.describe(release.span), release.reason);
  }
  return text;
}

}  // namespace

int checkCommand(const CommandLine& line, const Console& console) {
  if (!knowsPass(line, console)) return kWrongUsage;
  bool isGood = true;
  for (const std::string& path : line.files) {
    driver::Compilation compilation;
    bool isFileGood = compileFile(compilation, path, compileOptions(line, stdout), false, console, true);
    if (isFileGood && (line.run.data || !line.run.dataParts.empty())) isFileGood = checkData(line, path, compilation, console);
    if (isFileGood && line.errorFormat == ErrorFormat::Text) writeOut(fmt::format("{}: ok\n", path) + policyText(line, compilation));
    isGood = isGood && isFileGood;
  }
  return isGood ? kSuccess : kFailure;
}

}  // namespace fedc::cli
