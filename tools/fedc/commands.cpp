#include "tools/fedc/commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/driver/compile.h"
#include "compiler/driver/plugins.h"
#include "compiler/support/suggest.h"

namespace fedc::cli {

driver::CompileOptions compileOptions(const CommandLine& line, std::FILE* out) {
  driver::CompileOptions options;
  options.params = line.params;
  options.include = line.include;
  options.policies = line.run.policies;
  if (!line.plugins.empty()) options.plugins = driver::Plugins::load(line.plugins);
  options.willRun = line.command != Command::Check && line.command != Command::Cost && line.command != Command::Emit;
  options.verify = line.verify;
  options.wire = line.run.wire;
  options.printAfter = line.printAfter;
  if (!line.printAfter.empty()) {
    options.print = [out](std::string_view pass, const std::string& text) {
      std::fputs(fmt::format("-- after {}\n{}{}", pass, text, text.ends_with('\n') ? "" : "\n").c_str(), out);
    };
  }
  return options;
}

bool knowsPass(const CommandLine& line, const Console& console) {
  if (line.printAfter.empty() || line.printAfter == "all") return true;
  const std::vector<std::string> passes = driver::passNames();
  if (std::find(passes.begin(), passes.end(), line.printAfter) != passes.end()) return true;
  const auto meant = suggest(line.printAfter, passes);
  console.report(Error{fmt::format("--print-after: there is no pass `{}`{}; there are {}", line.printAfter,
                                   meant ? fmt::format(", did you mean `{}`?", *meant) : "", fmt::join(passes, ", "))});
  return false;
}

bool compileFile(driver::Compilation& compilation, const std::string& path, const driver::CompileOptions& options, bool onlyCheck,
                 const Console& console, bool tests) {
  auto checked = driver::checkProgram(compilation, path, options);
  if (!checked) {
    console.report(checked.error());
    return false;
  }
  const bool hasTests = tests && *checked && !compilation.typed->tests.empty();
  const bool isGood =
      *checked && (onlyCheck || ((!hasTests || driver::lowerTests(compilation, options, "")) && driver::lowerProgram(compilation, options)));
  // Warnings of a good program, too.
  console.report(compilation.sink, compilation.sources);
  return isGood;
}

}  // namespace fedc::cli
