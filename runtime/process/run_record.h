#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/core/type.h"
#include "compiler/support/expected.h"

namespace fedc::runtime {

/// What ran (`run.json`): enough to run the rest of it, to notice that it would be something else, and to say how it differs from another run.
struct RunRecord {
  /// The program as it was named, the words of the command line after `fedc`, and the working directory that their paths are relative to.
  std::string program;
  std::vector<std::string> arguments;
  std::string folder;
  /// When it began: `2026-11-27T21:13:28Z`.
  std::string began;
  std::uint64_t seed = 0;
  /// What decides the result, defaults filled in: flags (`--rounds`), and each `param` by its name.
  std::map<std::string, std::string> settings;
  /// Of the program's sources, and of the data (`dataMark`); empty: none.
  std::string programHash, dataHash, evalDataHash;
  /// Plugins with native functions: path, and hash of the file.
  std::vector<std::pair<std::string, std::string>> plugins;
  std::string version, processor;
};

/// Writes `run.json` of a run's directory; reads it. Errors: the file system's; damaged, of another version's format.
Expected<void> writeRecord(const std::string& directory, const RunRecord& record);
Expected<RunRecord> readRecord(const std::string& directory);
/// Whether a directory has one.
bool hasRecord(const std::string& directory);

/// A value as files show it: of a number the fewest digits that read back to the same, a text itself, of a key 16 hexadecimal digits.
std::string exactText(const core::Literal& value);
/// Median of the rounds after the first, which warms everything up; of the only one, if there is one. `seconds`: at least one.
double usualSeconds(std::vector<double> seconds);

/// A number by its column's name.
using Numbers = std::vector<std::pair<std::string, double>>;

/// What a run came to, as its directory tells it.
struct RunOutcome {
  std::string path;
  RunRecord record;
  int rounds = 0;
  /// The last round's report, and the last evaluation's.
  Numbers metrics, eval;
  /// Of the state after the last round.
  std::string stateHash;
  /// `usualSeconds` of its rounds.
  double roundSeconds = 0;
};

/// Of each round that is over its number and the hash of the state after it. Errors: as below.
Expected<std::map<int, std::string>> readStateHashes(const std::string& directory);

/// Errors: no run, damaged, no round that is over.
Expected<RunOutcome> readOutcome(const std::string& directory);

/// Of the directories beside this one the run of the same program that began last before it; nothing if there is none. What cannot be read is
/// passed over.
std::optional<RunOutcome> runBefore(const std::string& directory);

}  // namespace fedc::runtime
