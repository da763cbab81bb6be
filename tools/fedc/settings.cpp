#include "tools/fedc/settings.h"

#include <fmt/format.h>

#include <vector>

#include "compiler/driver/run_block.h"
#include "compiler/support/suggest.h"

namespace fedc::cli {

Expected<runtime::RunOptions> runOptions(const RunFlags& flags, const driver::ProgramFacts& program, const std::string& programPath) {
  driver::ProgramFacts facts = program;
  facts.policies.insert(flags.policies.begin(), flags.policies.end());
  auto block = driver::runBlockOptions(facts, programPath);
  if (!block) return tl::unexpected(block.error());
  runtime::RunOptions options = std::move(*block);
  if (flags.data) options.data = *flags.data;
  if (flags.evalData) options.evalData = *flags.evalData;
  if (flags.evalData || !flags.evalDataParts.empty()) options.evalSpan.reset();
  options.dataParts = flags.dataParts;
  options.evalDataParts = flags.evalDataParts;
  if (flags.clients) options.clients = *flags.clients;
  if (flags.evalClients) options.evalClients = *flags.evalClients;
  if (flags.rounds) options.rounds = *flags.rounds;
  if (flags.evalEvery) options.evalEvery = *flags.evalEvery;
  if (flags.threads) options.threads = *flags.threads;
  if (flags.seed) options.seed = *flags.seed;
  if (flags.clientsPerRound) options.clientsPerRound = *flags.clientsPerRound;
  if (flags.minClients) options.minClients = *flags.minClients;
  if (flags.dataCache) options.dataCache = *flags.dataCache;
  if (flags.clientCache) options.clientCache = *flags.clientCache;
  options.save = flags.save;
  options.init = flags.init;
  options.serial = flags.interpret;
  return options;
}

Expected<void, runtime::RunError> giveArguments(const std::map<std::string, std::string>& texts, const core::Program& program,
                                                runtime::RunOptions& options) {
  auto arguments = runtime::readArguments(texts, program.entry("main"));
  if (!arguments) return tl::unexpected(arguments.error());
  options.arguments = std::move(arguments->values);
  options.clientArguments = std::move(arguments->ofClients);
  options.clientData = std::move(arguments->data);
  return {};
}

}  // namespace fedc::cli
