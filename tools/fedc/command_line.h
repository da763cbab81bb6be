#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/support/expected.h"
#include "compiler/support/policy.h"
#include "runtime/process/run.h"

namespace fedc::cli {

enum class Command { Run, Resume, Replay, Check, Test, Cost, Emit, Explain, DataInfo, Doctor, Fmt, Doc, New, Completion };
enum class ColorMode { Auto, Always, Never };
enum class ErrorFormat { Text, Json };

/// The flags of `fedc run` that override the program's `run` block; nothing: not given.
struct RunFlags {
  std::optional<std::string> data, evalData, clients, evalClients;
  /// `--data name=PATH`, where a program takes several data.
  std::map<std::string, std::string> dataParts, evalDataParts;
  std::optional<int> rounds, evalEvery, threads;
  std::optional<std::uint64_t> seed;
  /// The inner nothing is `all`.
  std::optional<std::optional<std::int64_t>> clientsPerRound;
  std::optional<std::int64_t> dataCache;
  std::optional<std::int64_t> clientCache;
  /// `--arg name=value`
  std::map<std::string, std::string> arguments;
  std::string save, init;
  /// The run's directory.
  std::string out;
  bool noOut = false;
  std::optional<runtime::CheckpointEvery> checkpointEvery;
  bool json = false;
  bool interpret = false;
  /// Every message is encoded, counted and decoded.
  bool wire = false;
  bool noCache = false;
  /// `check`, too.
  Policies policies;
  std::optional<std::int64_t> minClients;
};

/// How `fedc test` runs a test.
enum class TestWay { Both, Native, Interpret };

enum class GraphFormat { Text, Dot, Svg };

/// A command line, taken apart. Which fields a command uses is said in docs/command-line.md.
struct CommandLine {
  Command command = Command::Run;
  ColorMode color = ColorMode::Auto;
  ErrorFormat errorFormat = ErrorFormat::Text;
  /// One, but for `check`.
  std::vector<std::string> files;
  /// `-p name=value`
  std::map<std::string, std::string> params;
  std::vector<std::string> include;
  /// `--plugin`
  std::vector<std::string> plugins;
  bool verify = false;
  std::string printAfter;
  RunFlags run;
  /// `emit`
  std::string stage;
  GraphFormat format = GraphFormat::Text;
  /// `test`: part of the names of the tests to run; how many files at a time (0: one a core).
  std::string filter;
  int jobs = 0;
  TestWay way = TestWay::Both;
  /// `replay`: what is run again, and what of it is shown.
  int round = 0;
  std::string client;
  std::vector<std::string> lets;
  std::vector<int> lines;
  bool library = false;
  /// `explain`
  std::string code;
  /// `fmt`: say which files would change, write none.
  bool onlyCheck = false;
  /// `new`: what is made; `completion`: the shell.
  std::string name;
  /// `doc`: what is asked for.
  std::vector<std::string> names;
  /// `doc`: the file from which the name is seen.
  std::string within;
  /// `doc`: folders that pages are written to.
  std::string markdownTo, htmlTo;
  /// `doc`: the manual page.
  bool manual = false;
  /// The words of the command line.
  std::vector<std::string> words;
};

/// Instead of a command: text to print, and the exit code (help and version: 0, wrong usage: 2).
struct Usage {
  int exitCode = 2;
  std::string text;
};

/// The stages that `fedc emit` knows, in the order of the pipeline.
std::vector<std::string> emitStages();

/// A flag, or an argument without one.
struct FlagInfo {
  /// `-p`, `--param`; of an argument `FILE`.
  std::vector<std::string> names;
  std::string help;
  /// What the value is: `PATH`, `N`, `F.npz`.
  std::string value;
  /// The words that the value may be; empty where that is open.
  std::vector<std::string> choices;
  bool takesValue = false;
  bool repeats = false;
};

struct CommandInfo {
  /// `data info`
  std::string name;
  std::string help;
  std::vector<FlagInfo> flags;
  std::vector<FlagInfo> positionals;
};

/// All commands with what they take, in the order of `--help`.
std::vector<CommandInfo> commandTable();

/// Takes `arguments` (without the program's name) apart.
Expected<CommandLine, Usage> parseCommandLine(std::vector<std::string> arguments);

}  // namespace fedc::cli
