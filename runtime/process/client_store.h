#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/support/expected.h"
#include "runtime/graph/client_states.h"
#include "runtime/process/sqlite.h"
#include "runtime/value/buffer.h"

namespace fedc::runtime {

/// What clients keep, by client id: in memory up to a budget, else in a database. A round's new values are apart until the round has succeeded
/// (`keep`), and in the file from a commit on (`commit`): a process that is killed leaves what the last commit left.
///
/// Between `begin` and `keep` or `drop` nothing of it is changed but the round's new values: `read` and `write` come from many threads.
class ClientStore final : public ClientStates {
 public:
  struct Options {
    /// Empty: a private file that goes with the store.
    std::string file;
    /// What a record is, as text: a file that says something else is another program's.
    std::string layout;
    /// Where strings lie in a record: byte offset and how many. Rows hold their texts.
    std::vector<std::pair<std::int64_t, std::int64_t>> strings;
    /// Bytes in memory: half for what is kept, half for a round's new values.
    std::int64_t budget = std::int64_t{256} << 20;
  };
  static constexpr std::int64_t kRecordOverhead = 160;
  /// What a client has that the store does not know. Thread-safe.
  using First = std::function<std::optional<Failure>(const std::string& id, char* into)>;

  /// `recordBytes`: of a record. Errors: the file system's; damaged, another program's.
  static Expected<std::unique_ptr<ClientStore>> open(Options options, std::int64_t recordBytes, First first);
  /// The round after which a file was committed last; 0: never. Nothing: it is no store yet.
  static Expected<std::optional<int>> committedRound(const std::string& file);

  /// Takes over all that another store has kept; that one stays as it is. Before the first run. Errors: it holds another client state; the file
  /// system's.
  Expected<void> takeFrom(const ClientStore& other);
  /// Nobody will read of a client that the store does not know: what that would need may go.
  void close() { first_ = nullptr; }

  /// Before a run over so many clients whose new values may be kept.
  void begin(std::int64_t cohort);
  std::optional<Failure> read(const std::string& id, char* into) noexcept override;
  std::optional<Failure> write(std::int64_t position, const std::string& id, const char* from) noexcept override;
  /// The run has succeeded, or not.
  Expected<void> keep();
  void drop();

  /// Everything kept is in the file, as of this round.
  Expected<void> commit(int round);

 private:
  ClientStore(Options options, std::int64_t recordBytes, First first, Sqlite database);
  Expected<void> prepare();
  Expected<void> readMeta();
  Expected<void> beginTransaction();
  Expected<void> put(const std::string& id, const char* record);
  /// A record as a row holds it, and back. Strings are zero there, their texts come behind.
  std::string_view rowOf(const char* record);
  bool fromRow(std::string_view row, char* record) const;
  Expected<void> writeRow(std::string_view id, const char* record);
  Expected<void> flush();
  char* record(std::size_t slot) const { return slabs_[slot / kSlab].get() + static_cast<std::int64_t>(slot % kSlab) * recordBytes_; }

  /// Records of a slab.
  static constexpr std::size_t kSlab = 256;

  const Options options_;
  const std::int64_t recordBytes_;
  First first_;

  // In memory.
  struct Held {
    const std::string* id = nullptr;
    /// Newer than its row.
    bool isDirty = false;
  };
  std::size_t most_ = 1;
  std::unordered_map<std::string, std::size_t> slotOf_;
  std::vector<Held> held_;
  std::vector<std::unique_ptr<char[]>> slabs_;
  /// Who makes room next.
  std::size_t hand_ = 0;

  // The round's new values: by position, or, if these are too many, as rows.
  bool staysInMemory_ = true;
  std::vector<std::optional<std::string>> ids_;
  Buffer staged_;

  // The database, one caller at a time.
  mutable std::mutex mutex_;
  mutable Sqlite database_;
  std::optional<Sqlite::Statement> find_, insert_, stage_;
  bool inTransaction_ = false;
  /// The row that is being written.
  std::vector<std::uint8_t> row_;
  /// Whether there may be rows.
  bool hasRows_ = false;
};

}  // namespace fedc::runtime
