#include "tools/fedc/kept_run.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "compiler/codegen/target.h"
#include "compiler/driver/plugins.h"

namespace fedc::cli {

namespace {

/// Names and texts of the program's files, one hash of them.
std::string programHash(const SourceManager& sources) {
  std::vector<std::string> texts;
  for (FileId id = 0; id < sources.size(); ++id) texts.emplace_back(sources.file(id).text());
  return runtime::textHash(texts);
}

std::map<std::string, std::string> settingsOf(const driver::ProgramFacts& program, const runtime::RunOptions& options) {
  std::map<std::string, std::string> settings = {
      {"--rounds", std::to_string(options.rounds)},
      {"--clients-per-round", options.clientsPerRound ? std::to_string(*options.clientsPerRound) : "all"},
      {"--clients", options.clients.empty() ? "all" : options.clients},
      {"--eval-clients", options.evalClients.empty() ? "all" : options.evalClients},
      {"--seed", std::to_string(options.seed)},
      {"--data", options.data},
      {"--eval-data", options.evalData},
      {"--init", options.init},
  };
  for (const auto& [name, path] : options.dataParts) settings["--data " + name] = path;
  for (const auto& [name, path] : options.evalDataParts) settings["--eval-data " + name] = path;
  for (const check::Param& param : program.params) settings[param.name] = runtime::exactText(param.value);
  return settings;
}

}  // namespace

Expected<runtime::RunRecord> recordOf(const CommandLine& line, const SourceManager& sources, const driver::ProgramFacts& facts,
                                      const runtime::RunOptions& options, const driver::Plugins* plugins) {
  runtime::RunRecord record;
  record.program = line.files.front();
  record.arguments = line.words;
  std::error_code error;
  record.folder = std::filesystem::current_path(error).string();
  record.began = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
  record.seed = options.seed;
  record.settings = settingsOf(facts, options);
  record.programHash = programHash(sources);
  for (const auto& [path, hash] : {std::pair{&options.data, &record.dataHash}, std::pair{&options.evalData, &record.evalDataHash}}) {
    if (path->empty()) continue;
    auto mark = runtime::dataMark(*path);
    if (!mark) return tl::unexpected(mark.error());
    *hash = std::move(*mark);
  }
  for (const auto& [parts, hash] : {std::pair{&options.dataParts, &record.dataHash}, std::pair{&options.evalDataParts, &record.evalDataHash}}) {
    for (const auto& [name, path] : *parts) {
      auto mark = runtime::dataMark(path);
      if (!mark) return tl::unexpected(mark.error());
      *hash += fmt::format("{}{}={}", hash->empty() ? "" : " ", name, *mark);
    }
  }
  if (plugins != nullptr) {
    for (const driver::Plugins::File& file : plugins->files()) record.plugins.emplace_back(file.path, file.hash);
  }
  record.version = FEDC_VERSION;
  record.processor = codegen::hostProcessor();
  return record;
}

Expected<std::shared_ptr<runtime::RunDirectory>> newDirectory(const CommandLine& line, const runtime::RunOptions& options, runtime::RunRecord record,
                                                              std::string& warning) {
  if (!line.run.out.empty()) {
    auto directory = runtime::RunDirectory::create(line.run.out, std::move(record));
    if (!directory) return tl::unexpected(directory.error());
    return std::shared_ptr<runtime::RunDirectory>(std::move(*directory));
  }
  if (line.run.noOut || options.rounds == 0) return nullptr;
  auto directory = runtime::RunDirectory::createNext("runs", std::filesystem::path(line.files.front()).stem().string(), std::move(record));
  if (directory) return std::shared_ptr<runtime::RunDirectory>(std::move(*directory));
  warning = fmt::format("this run is not kept: {}; `--out DIR` names another place, `--no-out` keeps none", directory.error().message);
  return nullptr;
}

std::string changedSince(const runtime::RunRecord& before, const runtime::RunRecord& now) {
  const auto hashes = [](const runtime::RunRecord& record) {
    std::vector<std::string> out;
    for (const auto& [path, hash] : record.plugins) out.push_back(hash);
    return out;
  };
  return now.programHash != before.programHash     ? "its program"
         : now.dataHash != before.dataHash         ? "its data"
         : now.evalDataHash != before.evalDataHash ? "the data of its evaluation"
         : hashes(now) != hashes(before)           ? "a plugin"
                                                   : "";
}

Expected<void> isSameRun(const runtime::RunDirectory& going, const runtime::RunRecord& now) {
  const std::string changed = changedSince(going.record(), now);
  if (changed.empty()) return {};
  return fail(
      fmt::format("`{0}` cannot go on: {1} has changed since it began; `fedc run … --init {0}/model.npz` starts a new run from its last state",
                  going.path(), changed));
}

}  // namespace fedc::cli
