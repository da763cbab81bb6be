#include "runtime/process/run_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <tuple>

#include "compiler/core/strings.h"
#include "compiler/support/read_whole.h"
#include "runtime/process/table.h"
#include "runtime/value/whole_file.h"

namespace fedc::runtime {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Raised when a directory of an earlier fedc can no longer be gone on with.
constexpr int kFormat = 2;
constexpr const char* kRecord = "/run.json";

std::string textOf(const RunRecord& r) {
  json plugins = json::array();
  for (const auto& [path, hash] : r.plugins) plugins.push_back({{"path", path}, {"hash", hash}});
  const json record = {{"format", kFormat},        {"fedc", r.version},
                       {"processor", r.processor}, {"program", r.program},
                       {"arguments", r.arguments}, {"folder", r.folder},
                       {"began", r.began},         {"seed", r.seed},
                       {"settings", r.settings},   {"program_hash", r.programHash},
                       {"data_hash", r.dataHash},  {"eval_data_hash", r.evalDataHash},
                       {"plugins", plugins}};
  // Words of a command line may be any bytes.
  return record.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

Expected<RunRecord> recordOf(const std::string& path, const std::string& text) {
  const json record = json::parse(text, nullptr, false);
  const auto damaged = [&](const char* what) { return fail(fmt::format("`{}` is damaged: {}", path, what)); };
  if (!record.is_object()) return damaged("it is no JSON object");
  const auto format = record.find("format");
  if (format == record.end() || !format->is_number_integer()) return damaged("it has no format");
  if (*format != kFormat)
    return fail(fmt::format("`{}` was written by another version of fedc (format {}, this one reads {})", path, format->dump(), kFormat));
  RunRecord r;
  const std::pair<const char*, std::string*> texts[] = {{"fedc", &r.version},        {"began", &r.began},
                                                        {"processor", &r.processor}, {"program", &r.program},
                                                        {"folder", &r.folder},       {"program_hash", &r.programHash},
                                                        {"data_hash", &r.dataHash},  {"eval_data_hash", &r.evalDataHash}};
  for (const auto& [name, to] : texts) {
    const auto found = record.find(name);
    if (found == record.end() || !found->is_string()) return damaged("a field is missing");
    *to = found->get<std::string>();
  }
  const auto seed = record.find("seed"), arguments = record.find("arguments");
  if (seed == record.end() || !seed->is_number_unsigned() || arguments == record.end() || !arguments->is_array())
    return damaged("a field is missing");
  r.seed = seed->get<std::uint64_t>();
  for (const json& word : *arguments) {
    if (!word.is_string()) return damaged("an argument is no text");
    r.arguments.push_back(word.get<std::string>());
  }
  const auto settings = record.find("settings");
  if (settings == record.end() || !settings->is_object()) return damaged("a field is missing");
  for (const auto& [name, value] : settings->items()) {
    if (!value.is_string()) return damaged("a setting is no text");
    r.settings[name] = value.get<std::string>();
  }
  // Runs of an earlier fedc have none.
  const auto plugins = record.find("plugins");
  for (const json& plugin : plugins == record.end() ? json::array() : *plugins) {
    const auto path = plugin.is_object() ? plugin.find("path") : plugin.end(), hash = plugin.is_object() ? plugin.find("hash") : plugin.end();
    if (path == plugin.end() || hash == plugin.end() || !path->is_string() || !hash->is_string()) return damaged("a plugin is not said");
    r.plugins.emplace_back(path->get<std::string>(), hash->get<std::string>());
  }
  return r;
}

/// The metrics of a line: all but the columns of the run's own.
Numbers numbersOf(const Row& head, const Row& row) {
  Numbers numbers;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (head[i] == "round" || head[i] == "seconds" || head[i] == "state") continue;
    char* end = nullptr;
    const double value = std::strtod(row[i].c_str(), &end);
    if (!row[i].empty() && *end == '\0') numbers.emplace_back(head[i], value);
  }
  return numbers;
}

std::optional<std::size_t> columnOf(const Row& head, const std::string& name) {
  const auto found = std::find(head.begin(), head.end(), name);
  if (found == head.end()) return std::nullopt;
  return static_cast<std::size_t>(found - head.begin());
}

/// Where its program lies, whatever the run's folder was.
fs::path programOf(const RunRecord& record) { return (fs::path(record.folder) / record.program).lexically_normal(); }

}  // namespace

std::string exactText(const core::Literal& value) {
  if (value.elem == core::Elem::Bool) return value.bits != 0 ? "true" : "false";
  if (value.elem == core::Elem::U64) return std::to_string(value.bits);
  if (value.elem == core::Elem::Str) return std::string(core::textOf(static_cast<core::StringId>(value.bits)));
  if (value.elem == core::Elem::Key) return fmt::format("{:016x}", value.bits);
  if (!core::isFloat(value.elem)) return std::to_string(value.toInt());
  return value.elem == core::Elem::F64 ? fmt::format("{}", value.toDouble()) : fmt::format("{}", static_cast<float>(value.toDouble()));
}

double usualSeconds(std::vector<double> seconds) {
  if (seconds.size() > 1) seconds.erase(seconds.begin());
  const auto half = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
  std::nth_element(seconds.begin(), half, seconds.end());
  return seconds.size() % 2 == 1 ? *half : (*half + *std::max_element(seconds.begin(), half)) / 2;
}

Expected<void> writeRecord(const std::string& directory, const RunRecord& record) { return writeWhole(directory + kRecord, textOf(record)); }

Expected<RunRecord> readRecord(const std::string& directory) {
  auto text = readWhole(directory + kRecord);
  if (!text) return tl::unexpected(text.error());
  return recordOf(directory + kRecord, *text);
}

bool hasRecord(const std::string& directory) {
  std::error_code error;
  return fs::exists(directory + kRecord, error);
}

Expected<std::map<int, std::string>> readStateHashes(const std::string& directory) {
  std::vector<Row> rows;
  auto head = readTable(directory + "/metrics.csv", [&](Row row) { rows.push_back(std::move(row)); });
  if (!head) return tl::unexpected(head.error());
  const auto round = columnOf(*head, "round"), state = columnOf(*head, "state");
  if (!round || !state || rows.empty()) return fail(fmt::format("`{}` has no round that is over", directory));
  std::map<int, std::string> hashes;
  for (const Row& row : rows) hashes[std::atoi(row[*round].c_str())] = row[*state];
  return hashes;
}

Expected<RunOutcome> readOutcome(const std::string& directory) {
  RunOutcome out;
  out.path = directory;
  auto record = readRecord(directory);
  if (!record) return tl::unexpected(record.error());
  out.record = std::move(*record);
  std::vector<Row> rows;
  auto head = readTable(directory + "/metrics.csv", [&](Row row) { rows.push_back(std::move(row)); });
  if (!head) return tl::unexpected(head.error());
  const auto round = columnOf(*head, "round"), time = columnOf(*head, "seconds"), state = columnOf(*head, "state");
  if (!round || !time || !state || rows.empty()) return fail(fmt::format("`{}` has no round that is over", directory));
  const Row& last = rows.back();
  out.rounds = std::atoi(last[*round].c_str());
  out.metrics = numbersOf(*head, last);
  out.stateHash = last[*state];
  std::vector<double> seconds;
  for (const Row& row : rows) seconds.push_back(std::atof(row[*time].c_str()));
  out.roundSeconds = usualSeconds(std::move(seconds));
  Row evaluation;
  if (auto evaluations = readTable(directory + "/evaluations.csv", [&](Row row) { evaluation = std::move(row); }); evaluations && !evaluation.empty())
    out.eval = numbersOf(*evaluations, evaluation);
  return out;
}

std::optional<RunOutcome> runBefore(const std::string& directory) {
  auto own = readRecord(directory);
  if (!own) return std::nullopt;
  const fs::path path = fs::path(directory).lexically_normal();
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  // When each began, and, for those of the same second, its number.
  std::vector<std::tuple<std::string, std::size_t, std::string>> earlier;
  std::error_code error;
  for (fs::directory_iterator it(parent, error), end; !error && it != end; it.increment(error)) {
    const std::string other = it->path().string();
    if (it->path().filename() == path.filename() || !hasRecord(other)) continue;
    if (const auto record = readRecord(other); record && programOf(*record) == programOf(*own) && record->began <= own->began)
      earlier.emplace_back(record->began, other.size(), other);
  }
  std::sort(earlier.rbegin(), earlier.rend());
  for (const auto& [began, size, other] : earlier) {
    if (auto outcome = readOutcome(other)) return std::move(*outcome);
  }
  return std::nullopt;
}

}  // namespace fedc::runtime
