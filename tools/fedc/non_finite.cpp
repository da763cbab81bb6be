#include "tools/fedc/non_finite.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "compiler/driver/replay.h"
#include "tools/fedc/json_values.h"

namespace fedc::cli {

namespace {

std::string messageOf(const runtime::NonFinite& event) {
  std::vector<std::string> names;
  for (const std::string& leaf : event.leaves) names.push_back(fmt::format("`{}`", leaf));
  for (const std::string& leaf : event.kept) names.push_back(fmt::format("`{}` of what clients keep", leaf));
  const std::string when = event.entry == "next"       ? fmt::format("round {}", event.round)
                           : event.entry == "evaluate" ? fmt::format("the evaluation after round {}", event.round)
                                                       : fmt::format("`{}`", event.entry);
  return fmt::format("{} {} not finite after {}", fmt::join(names, ", "), names.size() == 1 ? "is" : "are", when);
}

}  // namespace

bool reportNonFinite(const runtime::NonFinite& event, const CommandLine& line, const driver::CompileOptions& compile, const std::string& directory,
                     const Console& console) {
  const std::string& path = line.files.front();
  const auto traced = driver::compileForReplay(path, compile);
  driver::CompileOptions plainly = compile;
  plainly.print = nullptr;
  plainly.wire = false;
  driver::Compilation plain;
  const auto checked = driver::checkProgram(plain, path, plainly);
  // It was compiled a moment ago, and may have been changed since.
  if (traced == nullptr || !checked || !*checked || !driver::lowerProgram(plain, plainly)) return false;
  driver::BirthSearch search(traced->program, plain.program, event.entry);
  if (auto again = event.again(search); !again || !search.found()) return false;
  const driver::Origin& origin = *search.found();
  const bool atClient = origin.call.role == runtime::GraphCall::Role::Client;
  const std::string client = atClient ? event.client(origin.call.position) : "";
  Diagnostic diagnostic = driver::birthDiagnostic(origin, messageOf(event), client, traced->sources);
  if (atClient && event.entry == "next" && !directory.empty())
    diagnostic.fix = Fix{fmt::format("`fedc replay {} --round {} --client {}` shows how it came to that", directory, event.round, client), {}};
  console.report(diagnostic, traced->sources);
  if (line.run.json) writeOut(bornLine(event, origin, client, traced->sources));
  return true;
}

}  // namespace fedc::cli
