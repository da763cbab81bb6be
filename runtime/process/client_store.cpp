#include "runtime/process/client_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "runtime/value/texts.h"

namespace fedc::runtime {

namespace {

constexpr std::int64_t kFormat = 1;

constexpr const char* kTables =
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS client (id BLOB PRIMARY KEY, state BLOB NOT NULL);"
    "CREATE TEMP TABLE staged (id BLOB NOT NULL, state BLOB NOT NULL);";

Failure dataFailure(const std::string& message) {
  Failure out;
  out.kind = Failure::Kind::Data;
  out.data.message = message;
  return out;
}

/// What `meta` holds under a name; nothing if it holds nothing.
Expected<std::optional<std::string>> metaOf(Sqlite& database, std::string_view name) {
  auto find = database.prepare("SELECT value FROM meta WHERE name = CAST(?1 AS TEXT)");
  if (!find) return tl::unexpected(find.error());
  auto row = find->bind(1, name).step();
  if (!row) return tl::unexpected(row.error());
  return *row ? std::optional(std::string(find->bytes(0))) : std::nullopt;
}

Expected<void> setMeta(Sqlite& database, std::string_view name, std::string_view value) {
  auto set = database.prepare("INSERT OR REPLACE INTO meta VALUES (CAST(?1 AS TEXT), ?2)");
  if (!set) return tl::unexpected(set.error());
  if (auto done = set->bind(1, name).bind(2, value).step(); !done) return tl::unexpected(done.error());
  return {};
}

Expected<int> roundOf(Sqlite& database, const std::string& file) {
  auto text = metaOf(database, "round");
  if (!text) return tl::unexpected(text.error());
  if (!*text) return 0;
  char* end = nullptr;
  const long round = std::strtol((*text)->c_str(), &end, 10);
  if (round < 1 || round > 2147483647 || *end != '\0') return fail(fmt::format("`{}` is damaged: its round is `{}`", file, **text));
  return static_cast<int>(round);
}

}  // namespace

Expected<std::optional<int>> ClientStore::committedRound(const std::string& file) {
  auto database = Sqlite::open(file);
  if (!database) return tl::unexpected(database.error());
  // Killed before its first commit: a file without tables.
  if (auto made = database->run(kTables); !made) return tl::unexpected(made.error());
  auto layout = metaOf(*database, "layout");
  if (!layout) return tl::unexpected(layout.error());
  if (!*layout) return std::nullopt;
  auto round = roundOf(*database, file);
  if (!round) return tl::unexpected(round.error());
  return *round;
}

ClientStore::ClientStore(Options options, std::int64_t recordBytes, First first, Sqlite database)
    : options_(std::move(options)), recordBytes_(recordBytes), first_(std::move(first)), database_(std::move(database)) {
  most_ = static_cast<std::size_t>(std::max<std::int64_t>(1, options_.budget / 2 / (recordBytes_ + kRecordOverhead)));
}

Expected<std::unique_ptr<ClientStore>> ClientStore::open(Options options, std::int64_t recordBytes, First first) {
  auto database = Sqlite::open(options.file);
  if (!database) return tl::unexpected(database.error());
  std::unique_ptr<ClientStore> out(new ClientStore(std::move(options), recordBytes, std::move(first), std::move(*database)));
  if (auto ready = out->prepare(); !ready) return tl::unexpected(ready.error());
  return out;
}

Expected<void> ClientStore::prepare() {
  // A run may commit often; what matters is that a commit is whole, also if the process is killed.
  const char* journal =
      options_.file.empty() ? "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF" : "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL";
  if (auto done = database_.run(journal); !done) return done;
  // The ids of a million clients.
  if (auto done = database_.run("PRAGMA cache_size = -32768"); !done) return done;
  if (auto done = database_.run(kTables); !done) return done;
  if (auto done = readMeta(); !done) return done;
  const auto make = [&](std::optional<Sqlite::Statement>& to, const char* text) -> Expected<void> {
    auto statement = database_.prepare(text);
    if (!statement) return tl::unexpected(statement.error());
    to = std::move(*statement);
    return {};
  };
  if (auto done = make(find_, "SELECT state FROM client WHERE id = ?1"); !done) return done;
  if (auto done = make(insert_, "INSERT INTO client VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET state = excluded.state"); !done) return done;
  return make(stage_, "INSERT INTO staged VALUES (?1, ?2)");
}

Expected<void> ClientStore::readMeta() {
  const std::string layout = fmt::format("{} {}", kFormat, options_.layout);
  auto known = metaOf(database_, "layout");
  if (!known) return tl::unexpected(known.error());
  if (!*known) return setMeta(database_, "layout", layout);
  if (**known != layout) return fail(fmt::format("`{}` holds another client state: `{}`, the program's is `{}`", options_.file, **known, layout));
  auto round = roundOf(database_, options_.file);
  if (!round) return tl::unexpected(round.error());
  hasRows_ = true;
  return {};
}

Expected<void> ClientStore::takeFrom(const ClientStore& other) {
  if (other.options_.layout != options_.layout || other.recordBytes_ != recordBytes_)
    return fail(fmt::format("the client states given are `{}`, the program's are `{}`", other.options_.layout, options_.layout));
  const std::lock_guard lock(other.mutex_);
  if (other.hasRows_) {
    if (auto begun = beginTransaction(); !begun) return begun;
    auto rows = other.database_.prepare("SELECT id, state FROM client");
    if (!rows) return tl::unexpected(rows.error());
    for (;;) {
      auto row = rows->step();
      if (!row) return tl::unexpected(row.error());
      if (!*row) break;
      auto done = insert_->bind(1, rows->bytes(0)).bind(2, rows->bytes(1)).step();
      insert_->reset();
      if (!done) return tl::unexpected(done.error());
    }
    hasRows_ = true;
  }
  // What is in memory is newer than its row.
  for (std::size_t slot = 0; slot < other.held_.size(); ++slot) {
    if (auto done = put(*other.held_[slot].id, other.record(slot)); !done) return done;
  }
  return {};
}

void ClientStore::begin(std::int64_t cohort) {
  staysInMemory_ = cohort * (recordBytes_ + kRecordOverhead) <= options_.budget / 2;
  ids_.assign(staysInMemory_ ? static_cast<std::size_t>(cohort) : 0, {});
  if (staysInMemory_) staged_.ensure(cohort * recordBytes_);
}

std::optional<Failure> ClientStore::read(const std::string& id, char* into) noexcept {
  const auto bytes = static_cast<std::size_t>(recordBytes_);
  if (const auto found = slotOf_.find(id); found != slotOf_.end()) {
    std::memcpy(into, record(found->second), bytes);
    return std::nullopt;
  }
  if (hasRows_) {
    const std::lock_guard lock(mutex_);
    auto row = find_->bind(1, id).step();
    const bool isThere = row && *row;
    const bool fits = isThere && fromRow(find_->bytes(0), into);
    find_->reset();
    if (!row) return dataFailure(row.error().message);
    if (fits) return std::nullopt;
    if (isThere) return dataFailure(fmt::format("`{}` is damaged: the state of this client is too short or too long", options_.file));
  }
  return first_(id, into);
}

std::optional<Failure> ClientStore::write(std::int64_t position, const std::string& id, const char* from) noexcept {
  if (staysInMemory_) {
    ids_[static_cast<std::size_t>(position)] = id;
    std::memcpy(staged_.data() + position * recordBytes_, from, static_cast<std::size_t>(recordBytes_));
    return std::nullopt;
  }
  const std::lock_guard lock(mutex_);
  if (auto begun = beginTransaction(); !begun) return dataFailure(begun.error().message);
  auto done = stage_->bind(1, id).bind(2, rowOf(from)).step();
  stage_->reset();
  if (!done) return dataFailure(done.error().message);
  return std::nullopt;
}

Expected<void> ClientStore::keep() {
  if (staysInMemory_) {
    for (std::size_t p = 0; p < ids_.size(); ++p) {
      // A graph that makes no new values leaves all of them empty.
      if (!ids_[p]) continue;
      if (auto done = put(*ids_[p], staged_.data() + static_cast<std::int64_t>(p) * recordBytes_); !done) return done;
    }
    ids_.clear();
    return {};
  }
  // So many that memory would hold few of them.
  if (auto done = flush(); !done) return done;
  slotOf_.clear();
  held_.clear();
  slabs_.clear();
  hand_ = 0;
  hasRows_ = true;
  return database_.run(
      "INSERT INTO client SELECT id, state FROM staged WHERE true ON CONFLICT (id) DO UPDATE SET state = excluded.state; DELETE FROM staged");
}

void ClientStore::drop() {
  ids_.clear();
  // A file that cannot be written fails again at the next commit.
  if (!staysInMemory_) static_cast<void>(database_.run("DELETE FROM staged"));
}

Expected<void> ClientStore::put(const std::string& id, const char* from) {
  const auto bytes = static_cast<std::size_t>(recordBytes_);
  std::size_t slot = held_.size();
  if (const auto found = slotOf_.find(id); found != slotOf_.end()) {
    slot = found->second;
  } else if (held_.size() < most_) {
    if (slot / kSlab == slabs_.size()) slabs_.push_back(std::make_unique<char[]>(kSlab * bytes));
    held_.push_back({&slotOf_.emplace(id, slot).first->first, false});
  } else {
    slot = hand_;
    hand_ = (hand_ + 1) % held_.size();
    Held& leaving = held_[slot];
    if (leaving.isDirty) {
      if (auto written = writeRow(*leaving.id, record(slot)); !written) return written;
    }
    slotOf_.erase(*leaving.id);
    leaving = {&slotOf_.emplace(id, slot).first->first, false};
  }
  held_[slot].isDirty = true;
  std::memcpy(record(slot), from, bytes);
  return {};
}

Expected<void> ClientStore::beginTransaction() {
  if (inTransaction_) return {};
  auto begun = database_.run("BEGIN IMMEDIATE");
  inTransaction_ = begun.has_value();
  return begun;
}

std::string_view ClientStore::rowOf(const char* record) {
  const auto bytes = static_cast<std::size_t>(recordBytes_);
  if (options_.strings.empty()) return {record, bytes};
  row_.assign(record, record + bytes);
  for (const auto& [offset, count] : options_.strings) {
    const auto size = static_cast<std::size_t>(count) * sizeof(core::StringId);
    std::vector<core::StringId> ids(static_cast<std::size_t>(count));
    std::memcpy(ids.data(), record + offset, size);
    std::memset(row_.data() + offset, 0, size);
    appendTexts(ids, row_);
  }
  return {reinterpret_cast<const char*>(row_.data()), row_.size()};
}

bool ClientStore::fromRow(std::string_view row, char* record) const {
  const auto bytes = static_cast<std::size_t>(recordBytes_);
  if (row.size() < bytes) return false;
  std::memcpy(record, row.data(), bytes);
  std::span<const std::uint8_t> texts(reinterpret_cast<const std::uint8_t*>(row.data()) + bytes, row.size() - bytes);
  for (const auto& [offset, count] : options_.strings) {
    std::vector<core::StringId> ids(static_cast<std::size_t>(count));
    const auto taken = takeTexts(texts, ids);
    if (!taken) return false;
    texts = texts.subspan(*taken);
    std::memcpy(record + offset, ids.data(), ids.size() * sizeof(core::StringId));
  }
  return texts.empty();
}

Expected<void> ClientStore::writeRow(std::string_view id, const char* from) {
  if (auto begun = beginTransaction(); !begun) return begun;
  auto done = insert_->bind(1, id).bind(2, rowOf(from)).step();
  insert_->reset();
  if (!done) return tl::unexpected(done.error());
  hasRows_ = true;
  return {};
}

Expected<void> ClientStore::flush() {
  for (std::size_t slot = 0; slot < held_.size(); ++slot) {
    if (!held_[slot].isDirty) continue;
    if (auto written = writeRow(*held_[slot].id, record(slot)); !written) return written;
    held_[slot].isDirty = false;
  }
  return {};
}

Expected<void> ClientStore::commit(int round) {
  if (auto begun = beginTransaction(); !begun) return begun;
  if (auto written = flush(); !written) return written;
  if (auto set = setMeta(database_, "round", std::to_string(round)); !set) return set;
  if (auto done = database_.run("COMMIT"); !done) return done;
  inTransaction_ = false;
  return {};
}

}  // namespace fedc::runtime
