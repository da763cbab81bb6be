#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/support/expected.h"
#include "runtime/process/run.h"
#include "runtime/process/run_record.h"
#include "runtime/process/table.h"

namespace fedc::runtime {

class ClientStore;

/// The last checkpoint of a run's directory; nothing before the first. Reads only. Error: it is damaged.
Expected<std::optional<Checkpoint>> readCheckpoint(const std::string& directory);

/// A run as a directory:
///
///     run.json               what ran
///     metrics.csv            a line a round: the numbers of its report, its seconds, and a hash of the state after it
///     evaluations.csv        a line an evaluation
///     clients.csv            where rounds or evaluations report of each client: a line for each, with the round and its id
///     state/checkpoint.npz   the state to go on from, with its round; replaced as a whole
///     model.npz              the state after the last round, an array a leaf
///
/// Random keys and cohorts are functions of seed and round (run.h), so the state and its round are all that a run needs to go on bit for bit. One
/// process at a time holds a directory.
class RunDirectory {
 public:
  /// A new one. Errors: it exists already, or cannot be made or written.
  static Expected<std::unique_ptr<RunDirectory>> create(const std::string& path, RunRecord record);
  /// A new one `NAME-N` in a folder, which is made if it is not there, with the first N behind those that are taken.
  static Expected<std::unique_ptr<RunDirectory>> createNext(const std::string& folder, const std::string& name, RunRecord record);
  /// One that is there, to go on with. Errors: no run, damaged, written by another version's format, in use by another process.
  static Expected<std::unique_ptr<RunDirectory>> open(const std::string& path);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const std::string& path() const { return path_; }
  const RunRecord& record() const { return record_; }
  /// From now on checkpoints hold what clients keep as well, server and clients as of one round: what counts is the store's commit.
  void keepClients(ClientStore* store) { clients_ = store; }
  /// From now on the reports of clients are kept as well: these leaves of them, by name and shape.
  void keepReports(const std::vector<std::pair<std::string, std::vector<std::int64_t>>>& leaves);
  /// The file of that store.
  std::string clientsFile() const;

  Expected<std::optional<Checkpoint>> checkpoint() const { return readCheckpoint(path_); }

  /// Once, before the first round: drops what was written of the rounds after this one, which will be run again. Errors: a table lacks lines of the
  /// rounds before, or is none; then nothing is written. `lengths`: as the checkpoint has them.
  Expected<void> startAfter(int round, const std::vector<std::int64_t>& lengths = {});
  /// True if the evaluation after this round has its line.
  bool isEvaluated(int round) const { return evaluated_ == round; }
  /// A round is over, with this state after it: its line, and a checkpoint where one is due. Errors: the file system's; what was written before
  /// stays.
  Expected<void> round(int round, double seconds, const std::vector<NamedArray>& metrics, const ClientReports& clients, std::vector<NamedArray> state,
                       const CheckpointEvery& every);
  Expected<void> evaluation(int round, const std::vector<NamedArray>& metrics, const ClientReports& clients);
  /// The end, or an interruption: checkpoint and model.
  Expected<void> finish(int round, const std::vector<NamedArray>& state);

 private:
  RunDirectory(std::string path, RunRecord record, int lock);
  /// In the order of their lengths: metrics, evaluations, and the reports where there are any.
  std::vector<Table*> tables();
  Expected<void> readTables(int round);
  Expected<void> reportsOf(const char* entry, int round, const ClientReports& clients);
  Expected<void> writeCheckpoint(int round, std::vector<NamedArray> state);
  /// After the last round's lines, before those of its evaluation, which is repeated where it is not whole.
  void measure();

  std::string path_;
  RunRecord record_;
  int lock_ = -1;
  Table metrics_, evaluations_;
  std::optional<Table> reports_;
  Row reported_;
  /// Of metrics, evaluations and clients, in bytes.
  std::array<std::int64_t, 3> lengths_ = {};
  /// The last round with an evaluation.
  int evaluated_ = 0;
  ClientStore* clients_ = nullptr;
  std::chrono::steady_clock::time_point written_ = std::chrono::steady_clock::now();
};

/// 16 hexadecimal digits that change with the state: a 64-bit hash of names, types and bits.
std::string stateHash(const std::vector<NamedArray>& state);
/// Of texts, in order.
std::string textHash(const std::vector<std::string>& texts);
/// What data is taken to be known by: of a file its size, its first and its last MiB, of what is generated its text. Error: it cannot be read.
Expected<std::string> dataMark(const std::string& path);

}  // namespace fedc::runtime
