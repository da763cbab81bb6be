#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/core/array.h"
#include "compiler/core/graph.h"
#include "compiler/support/expected.h"
#include "runtime/data/client_source.h"
#include "runtime/graph/data_wait.h"
#include "runtime/graph/executable.h"
#include "runtime/process/arguments.h"
#include "runtime/value/named_array.h"

namespace fedc::runtime {

class ClientStore;

/// The state after a whole round.
struct Checkpoint {
  int round = 0;
  std::vector<NamedArray> state;
  /// How long the tables beside it were, in bytes; empty: that was not written.
  std::vector<std::int64_t> tables;
};

/// When a run's directory gets a checkpoint: after every so many rounds; or, if that is 0, when so many seconds have passed.
struct CheckpointEvery {
  int rounds = 0;
  double seconds = 10;
};

class CallWatch;
class RunDirectory;

/// What a run takes; every field is a flag of `fedc run`. Defaults of the program's `run` block and of its `param`s are filled in by the caller.
struct RunOptions {
  /// Federated data of `next` or `main`, and of `evaluate`: a file of TensorFlow Federated's HDF5 layout, or `synthetic:…`. Empty: none
  /// given.
  std::string data;
  std::string evalData;
  /// Where the program names `evalData`, if it does.
  std::optional<Span> evalSpan;
  /// The same where there are several data, by the names of the program's parameters (core::Graph::data, and sequences at the server).
  std::map<std::string, std::string> dataParts;
  std::map<std::string, std::string> evalDataParts;
  /// Federations that are no files, instead of those; null: none.
  OpenClients clientsFrom, evalClientsFrom;
  bool hasData() const { return clientsFrom || !data.empty() || !dataParts.empty(); }
  bool hasEvalData() const { return evalClientsFrom || !evalData.empty() || !evalDataParts.empty(); }
  /// Which clients take part: `0..30` (indices into the ids in ascending order), `id,id`, `@file` (an id a line); empty: all.
  std::string clients;
  std::string evalClients;
  /// Rounds of a process; an entry `main` runs once and ignores it.
  int rounds = 1;
  /// Cohort size; nothing: every client, in ascending order of the ids.
  std::optional<std::int64_t> clientsPerRound;
  /// No graph works on fewer clients than this.
  std::int64_t minClients = 0;
  std::uint64_t seed = 0;
  /// Worker threads; 0: as many as the machine has. Bits do not depend on it.
  int threads = 0;
  /// `evaluate` after every so many rounds and after the last; 0: only after the last. Nothing happens without `evalData`.
  int evalEvery = 0;
  /// Bytes of decoded clients kept in memory; nothing: a quarter of the machine's memory.
  std::optional<std::int64_t> dataCache;
  /// Bytes of what clients keep that stay in memory; nothing: 256 MiB. The rest is in a file.
  std::optional<std::int64_t> clientCache;
  /// Float `param`s by name; every one that a graph takes must be here.
  std::map<std::string, double> params;
  /// Arguments of `main` (Arguments): plain ones by leaf name, those with a value for each client, and data.
  std::map<std::string, core::Array> arguments;
  std::vector<ClientArgument> clientArguments;
  std::map<int, ClientDataArgument> clientData;
  /// Writes the state after the last whole round here (.npz); starts from the state in this file instead of calling `init`.
  std::string save;
  std::string init;
  /// Keeps the rounds of a process as a directory (run_directory.h); may be null.
  std::shared_ptr<RunDirectory> directory;
  CheckpointEvery checkpointEvery;
  /// Goes on behind this round, bit for bit as if nothing had been between.
  std::optional<Checkpoint> resume;
  /// What clients had kept behind `resume`'s round, where there is no directory. The run works on a copy.
  std::shared_ptr<const ClientStore> clientStates;
  /// This round is run one call after the other, and `watch` hears of each (watched.h): same bits. 0: none.
  int watchedRound = 0;
  CallWatch* watch = nullptr;
  /// Seconds that the caller spent until the program could run; only passed on to the summary.
  double compileSeconds = 0;
  /// The plain serial executor instead of the dataflow graph: same bits, for tests and `--interpret`.
  bool serial = false;
  /// Set by a signal handler: the running round is finished, the state saved, and `run` returns. May be null.
  const std::atomic<bool>* interrupt = nullptr;
};

/// Why a run ended. `message` is a sentence without place; the fields say where, each only if it is known.
struct RunError {
  enum class Kind {
    /// A flag or argument that does not fit the program.
    Option,
    /// A data file, or one client's data in it.
    Data,
    /// A check in the program failed: see `site`.
    Check,
    /// A round, or an evaluation, has fewer clients than `minClients`.
    TooFew,
    /// A file of weights (`save`, `init`), or a run's directory.
    Weights,
    /// Something that the runtime cannot do yet, or a graph that is not well formed.
    Program,
  };
  Kind kind = Kind::Option;
  std::string message;
  /// What the user could do about it; may be empty.
  std::string help;
  /// The client whose work failed: lowest position of the cohort, the same on any number of threads.
  std::optional<std::string> client;
  /// From 1; 0 is `init`.
  std::optional<int> round;
  /// Index into `core::Module::sites` (Kind::Check).
  std::optional<std::uint32_t> site;
  /// The line of the program that is concerned (a declared feature), if it is not a site.
  std::optional<Span> span;
};

/// Once, before round 1, when data is open and its schema has been checked.
struct StartEvent {
  int rounds = 0;
  /// Clients in the (restricted) federation, and in a cohort; 0 without data.
  std::int64_t clients = 0;
  std::int64_t clientsPerRound = 0;
  std::int64_t evalClients = 0;
  int threads = 0;
  double compileSeconds = 0;
};

/// What a report has of each client: leaves whose first extent are the clients `ids`. Empty where a report has nothing of them.
struct ClientReports {
  std::vector<std::string> ids;
  std::vector<NamedArray> values;
};

/// After each round; `metrics` are the leaves of the report that are at the server.
struct RoundEvent {
  /// From 1.
  int round = 0;
  int rounds = 0;
  std::int64_t clients = 0;
  double seconds = 0;
  std::vector<NamedArray> metrics;
  ClientReports ofClients;
};

/// After each evaluation; `round` is the last round before it.
struct EvalEvent {
  int round = 0;
  std::int64_t clients = 0;
  double seconds = 0;
  std::vector<NamedArray> metrics;
  ClientReports ofClients;
};

struct RunError;

/// A result of an entry holds an infinity or a NaN in leaves that were finite before.
struct NonFinite {
  std::string entry;
  /// Of an evaluation the round before it.
  int round = 0;
  std::vector<std::string> leaves;
  /// The same of what clients keep: at some client, before it is kept.
  std::vector<std::string> kept;
  /// The id of the client at a position of the cohort.
  std::function<std::string(std::int64_t position)> client;
  /// Runs it again from where it began, one call after the other, and `watch` hears of each (watched.h). Nothing is changed by it.
  std::function<Expected<void, RunError>(CallWatch& watch)> again;
};

/// What the caller wants to hear; called on the thread that called `run`, between rounds. Any may be empty.
struct RunEvents {
  std::function<void(const StartEvent&)> start;
  std::function<void(const RoundEvent&)> round;
  std::function<void(const EvalEvent&)> eval;
  /// Before the result is kept, for each leaf once while it holds infinities alone and once while it holds NaNs; true: nothing more of this kind is
  /// asked for in the run. Looking costs one reading of the results.
  std::function<bool(const NonFinite&)> nonFinite;
  /// After each round: the state, by its names in files. False ends the run as an interrupt does.
  std::function<bool(int round, const std::vector<NamedArray>& state)> state;
};

/// What `--wire` counted in one exchange of an entry, over all rounds and clients.
struct WireTotal {
  std::string entry;
  /// From 1.
  int exchange = 0;
  std::int64_t clients = 0;
  std::int64_t down = 0, up = 0;
};

struct RunSummary {
  /// Whole rounds.
  int rounds = 0;
  bool interrupted = false;
  /// Median seconds of the rounds after the first (of the only one, if there is one).
  double roundSeconds = 0;
  double firstRoundSeconds = 0;
  double totalSeconds = 0;
  double compileSeconds = 0;
  DataWait dataWait;
  /// Of the rounds (evaluations are not in it), and what evaluations took, their waiting included.
  GraphTimes times;
  double evaluateSeconds = 0;
  /// The last round's report (`main`: its result), and the last evaluation's.
  std::vector<NamedArray> metrics;
  std::vector<NamedArray> eval;
  /// What both have of each client.
  ClientReports reports, evalReports;
  /// The parts of `metrics` that have a value for each client as first extent, by the prefix of their names (empty: all of it).
  std::vector<std::string> ofClients;
  /// The state after the last round: what `save` writes.
  std::vector<NamedArray> state;
  /// What clients keep behind that round; null where a directory has it, or they keep nothing.
  std::shared_ptr<const ClientStore> clientStates;
  /// Of programs that were compiled for `--wire`.
  std::vector<WireTotal> wire;
};

/// Data opened and being read ahead, so that reading overlaps with compilation: made from the graphs, before kernels exist.
class RunData;

/// Opens the data that the program's graphs need, checks the first client of each file against the declared columns, and starts to read the
/// first cohorts. Everything that a data flag can have wrong is found here.
Expected<std::shared_ptr<RunData>, RunError> openRunData(const core::Program& program, const RunOptions& options);

/// Runs a program: `init`, `next` for every round and `evaluate` of a process, or `main` once.
///
/// Random keys, with root = key(seed): `init` gets fold_in(root, 0); the cohort of round r (from 1) is the first `clientsPerRound` entries of
/// permutation(fold_in(fold_in(root, 1), r), clients); `next` of round r gets fold_in(fold_in(root, 2), r); `main` is round 1; `evaluate` after round
/// r gets fold_in(fold_in(root, 3), r), if it takes a key. State, files and events change only after a whole round. Nothing is thrown.
Expected<RunSummary, RunError> run(const Executable& executable, const RunOptions& options, const RunEvents& events = {});
/// The same with data that `openRunData` opened with the same options.
Expected<RunSummary, RunError> run(const Executable& executable, const RunOptions& options, const RunEvents& events, std::shared_ptr<RunData> data);

}  // namespace fedc::runtime
