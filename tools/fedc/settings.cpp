#include "tools/fedc/settings.h"

#include <fmt/format.h>

#include <vector>

#include "compiler/driver/run_block.h"
#include "compiler/support/suggest.h"

namespace fedc::cli {

Expected<runtime::RunOptions> runOptions(const RunFlags& flags, const driver::ProgramFacts& program, const std::string& programPath) {
  auto block = driver::runBlockOptions(program, programPath);
  if (!block) return tl::unexpected(block.error());
  runtime::RunOptions options = std::move(*block);
  if (flags.data) options.data = *flags.data;
  if (flags.evalData) options.evalData = *flags.evalData;
  if (flags.clients) options.clients = *flags.clients;
  if (flags.evalClients) options.evalClients = *flags.evalClients;
  if (flags.rounds) options.rounds = *flags.rounds;
  if (flags.evalEvery) options.evalEvery = *flags.evalEvery;
  if (flags.threads) options.threads = *flags.threads;
  if (flags.seed) options.seed = *flags.seed;
  if (flags.clientsPerRound) options.clientsPerRound = *flags.clientsPerRound;
  if (flags.dataCache) options.dataCache = *flags.dataCache;
  if (flags.clientCache) options.clientCache = *flags.clientCache;
  options.save = flags.save;
  options.init = flags.init;
  options.serial = flags.interpret;
  return options;
}

Expected<std::map<std::string, core::Array>> mainArguments(const std::map<std::string, std::string>& texts, const core::Program& program) {
  std::map<std::string, core::Array> values;
  std::vector<std::string> known;
  const core::Graph* main = program.entry("main");
  if (main != nullptr) {
    for (const core::Graph::Input& input : main->inputs) {
      if (input.kind != core::Graph::Input::Kind::Argument) continue;
      known.push_back(input.name);
      const auto text = texts.find(input.name);
      if (text == texts.end()) continue;
      auto value = runtime::parseArgument(main->slots[input.slot].type, text->second);
      if (!value) return fail(fmt::format("--arg {}: {}", input.name, value.error().message));
      values.emplace(input.name, std::move(*value));
    }
  }
  for (const auto& [name, text] : texts) {
    if (values.count(name) != 0) continue;
    if (known.empty())
      return fail(fmt::format("--arg {}: {}", name, main == nullptr ? "the program has no `main`" : "`main` takes no plain arguments"));
    const auto meant = suggest(name, known);
    return fail(fmt::format("--arg {}: `main` has no such argument{}; it has {}", name, meant ? fmt::format(", did you mean `{}`?", *meant) : "",
                            fmt::join(known, ", ")));
  }
  for (const std::string& name : known) {
    if (values.count(name) == 0) return fail(fmt::format("argument `{}` of `main` has no value; give it with `--arg {}=VALUE`", name, name));
  }
  return values;
}

}  // namespace fedc::cli
