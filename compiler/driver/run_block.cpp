#include "compiler/driver/run_block.h"

#include <fmt/format.h>

#include <filesystem>
#include <limits>
#include <vector>

#include "compiler/check/check.h"
#include "compiler/driver/setting_values.h"
#include "compiler/support/suggest.h"
#include "runtime/data/open.h"

namespace fedc::driver {

namespace {

/// Relative to the folder of the program.
std::string besideProgram(const std::string& path, const std::string& programPath) {
  if (path.empty() || path.front() == '/' || runtime::isGenerated(path)) return path;
  return (std::filesystem::path(programPath).parent_path() / path).lexically_normal().string();
}

/// `@file` holds a path, too.
std::string clientsBesideProgram(const std::string& text, const std::string& programPath) {
  return text.starts_with('@') ? "@" + besideProgram(text.substr(1), programPath) : text;
}

Expected<void> setOther(runtime::RunOptions& options, const std::string& name, const std::string& text, const std::string& programPath) {
  const auto context = [&](const Error& error) { return fail(fmt::format("`{}` in the `run` block: {}", name, error.message)); };
  if (name == "clients") {
    options.clients = clientsBesideProgram(text, programPath);
  } else if (name == "eval_clients") {
    options.evalClients = clientsBesideProgram(text, programPath);
  } else if (name == "clients_per_round") {
    auto value = parseCohortSize(text);
    if (!value) return context(value.error());
    options.clientsPerRound = *value;
  } else if (name == "seed") {
    auto value = parseSeed(text);
    if (!value) return context(value.error());
    options.seed = *value;
  } else if (name == "threads" || name == "eval_every") {
    auto value = parseWhole(text, name == "threads" ? 1 : 0, name == "threads" ? 4096 : std::numeric_limits<int>::max());
    if (!value) return context(value.error());
    (name == "threads" ? options.threads : options.evalEvery) = static_cast<int>(*value);
  } else if (name == "min_clients") {
    auto value = parseWhole(text, 1, std::numeric_limits<std::int64_t>::max());
    if (!value) return context(value.error());
    options.minClients = *value;
  } else if (name == "data_cache" || name == "client_cache") {
    auto value = parseBytes(text);
    if (!value) return context(value.error());
    (name == "data_cache" ? options.dataCache : options.clientCache) = *value;
  } else {
    const std::span<const char* const> known = check::runSettings();
    const auto meant = suggest(name, std::vector<std::string>(known.begin(), known.end()));
    return fail(fmt::format("the `run` block has no setting `{}`{}", name, meant ? fmt::format("; did you mean `{}`?", *meant) : ""));
  }
  return {};
}

}  // namespace

Expected<runtime::RunOptions> runBlockOptions(const ProgramFacts& program, const std::string& programPath) {
  runtime::RunOptions options;
  const check::RunDefaults& block = program.run;
  if (program.policies.contains(Policy::AggregateOnly)) options.minClients = kMinClients;
  if (block.data) options.data = besideProgram(*block.data, programPath);
  if (block.eval) {
    options.evalData = besideProgram(*block.eval, programPath);
    options.evalSpan = block.evalSpan;
  }
  if (block.rounds) {
    if (*block.rounds < 0 || *block.rounds > std::numeric_limits<int>::max())
      return fail(fmt::format("`rounds` in the `run` block: {} is out of range", *block.rounds));
    options.rounds = static_cast<int>(*block.rounds);
  }
  if (block.clientsPerRound) {
    if (*block.clientsPerRound < 1) return fail("`clients_per_round` in the `run` block: at least 1 is wanted");
    options.clientsPerRound = *block.clientsPerRound;
  }
  for (const auto& [name, text] : block.others) {
    if (auto done = setOther(options, name, text, programPath); !done) return tl::unexpected(done.error());
  }
  for (const check::Param& param : program.params) {
    if (!param.isStatic) options.params[param.name] = param.value.toDouble();
  }
  return options;
}

}  // namespace fedc::driver
