#include "runtime/process/run_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <iterator>

#include "compiler/core/strings.h"
#include "compiler/support/hash.h"
#include "runtime/data/open.h"
#include "runtime/process/client_store.h"
#include "runtime/value/npz.h"
#include "runtime/value/whole_file.h"

namespace fedc::runtime {

namespace {

namespace fs = std::filesystem;

constexpr const char* kCheckpoint = "state/checkpoint.npz";
/// With client state: the server's part as of a round, and the store whose commit says which round counts.
std::string checkpointOf(int round) { return fmt::format("state/checkpoint-{}.npz", round); }
constexpr const char* kClients = "state/clients.sqlite";
/// The leaf of a checkpoint that holds its round; no leaf of a state begins with a dot.
constexpr const char* kRound = ".round";
/// And how long metrics.csv, evaluations.csv and clients.csv were then, in bytes.
constexpr const char* kTables = ".tables";

template <class T>
std::string_view bytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string hex(std::uint64_t hash) { return fmt::format("{:016x}", hash); }

/// Holds a directory for this process; released with the descriptor, however the process ends.
Expected<int> lock(const std::string& path) {
  const std::string file = path + "/.lock";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return fail(fmt::format("cannot write `{}`: {}", file, std::strerror(errno)));
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  const bool inUse = errno == EWOULDBLOCK;
  const std::string why = std::strerror(errno);
  ::close(fd);
  return fail(inUse ? fmt::format("another fedc is running in `{}`", path) : fmt::format("cannot lock `{}`: {}", file, why));
}

/// A leaf's name as a column; what the tables say themselves has other columns.
std::string columnOf(const std::string& leaf) {
  static constexpr std::array kOwn = {"round", "seconds", "state", "in", "client"};
  if (leaf.empty()) return "value";
  return std::find(kOwn.begin(), kOwn.end(), leaf) == kOwn.end() ? leaf : "metrics." + leaf;
}

void addNumbers(std::vector<std::pair<std::string, std::string>>& row, const std::vector<NamedArray>& values) {
  for (const NamedArray& v : values) {
    const bool isNumber = v.value.shape().empty() && (core::isNumeric(v.value.elem()) || v.value.elem() == core::Elem::Bool);
    if (isNumber) row.emplace_back(columnOf(v.name), exactText(v.value.at(0)));
  }
}

/// Columns of a leaf: `loss`, `w[0,1]`.
std::vector<std::string> cellNames(const std::string& name, const std::vector<std::int64_t>& shape) {
  std::vector<std::string> places = {""};
  for (const std::int64_t extent : shape) {
    std::vector<std::string> inner;
    for (const std::string& place : places)
      for (std::int64_t i = 0; i < extent; ++i) inner.push_back(place + (place.empty() ? "" : ",") + std::to_string(i));
    places = std::move(inner);
  }
  const std::string leaf = columnOf(name);
  for (std::string& place : places) place = shape.empty() ? leaf : fmt::format("{}[{}]", leaf, place);
  return places;
}

/// A checkpoint that counts by the round of the clients' store; empty: there is none.
std::string checkpointWithClients(const std::string& directory) {
  std::error_code error;
  for (fs::directory_iterator it(directory + "/state", error), end; !error && it != end; it.increment(error)) {
    if (const fs::path& file = it->path(); file.extension() == ".npz" && file.filename().string().starts_with("checkpoint-"))
      return file.filename().string();
  }
  return {};
}

/// The round of a line; nothing where it names none.
std::optional<int> roundOf(const Row& row) {
  int round = 0;
  const std::string& text = row.front();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), round);
  return error == std::errc() && end == text.data() + text.size() && round >= 0 ? std::optional(round) : std::nullopt;
}

/// The line is of that round or, where `gaps` are allowed, of a later one.
Expected<int> roundFrom(int least, bool gaps, const Row& row) {
  const auto round = roundOf(row);
  if (!round) return fail(fmt::format("is of no round: it begins with `{}`", row.front()));
  if (*round < least || (!gaps && *round > least)) return fail(fmt::format("is of round {} where round {} is due", *round, least));
  return *round;
}

/// The columns that every line of a table has.
Expected<void> hasColumns(const Row& head, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (std::find(head.begin(), head.end(), name) == head.end()) return fail(fmt::format("it has no column `{}`", name));
  return head.front() == "round" ? Expected<void>() : fail(fmt::format("its first column is `{}`, not `round`", head.front()));
}

}  // namespace

std::string stateHash(const std::vector<NamedArray>& state) {
  std::uint64_t hash = 0;
  for (const NamedArray& leaf : state) {
    hash = hashOf(leaf.name, hash);
    hash = hashOf(bytesOf(leaf.value.elem()), hash);
    for (const std::int64_t extent : leaf.value.shape()) hash = hashOf(bytesOf(extent), hash);
    if (leaf.value.elem() == core::Elem::Str) {
      for (const core::StringId s : leaf.value.as<core::StringId>()) hash = hashOf(core::textOf(s), hash);
      continue;
    }
    const auto size = static_cast<std::size_t>(leaf.value.count() * core::elemBytes(leaf.value.elem()));
    hash = hashOf({static_cast<const char*>(leaf.value.data()), size}, hash);
  }
  return hex(hash);
}

std::string textHash(const std::vector<std::string>& texts) {
  std::uint64_t hash = 0;
  for (const std::string& text : texts) hash = hashOf(text, hash);
  return hex(hash);
}

Expected<std::string> dataMark(const std::string& path) {
  if (isGenerated(path)) return textHash({path});
  constexpr std::streamoff kPiece = 1 << 20;
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return fail(fmt::format("cannot read `{}`: {}", path, std::strerror(errno)));
  const std::streamoff size = in.tellg();
  std::uint64_t hash = hashOf(bytesOf(size));
  for (const std::streamoff at : {std::streamoff{0}, std::max<std::streamoff>(0, size - kPiece)}) {
    std::string piece(static_cast<std::size_t>(std::min(kPiece, size - at)), '\0');
    in.seekg(at);
    if (!in.read(piece.data(), static_cast<std::streamsize>(piece.size()))) return fail(fmt::format("cannot read `{}`", path));
    hash = hashOf(piece, hash);
  }
  return hex(hash);
}

Expected<std::optional<Checkpoint>> readCheckpoint(const std::string& directory) {
  std::string file = directory + "/" + kCheckpoint;
  const std::string clients = directory + "/" + kClients;
  std::error_code error;
  int committed = 0;
  const std::string withClients = checkpointWithClients(directory);
  if (fs::exists(clients, error)) {
    auto round = ClientStore::committedRound(clients);
    if (!round) return tl::unexpected(round.error());
    // Killed before its first commit it is a store that is of no round yet.
    if (!*round && !withClients.empty()) return fail(fmt::format("`{}` is damaged: it is empty, and there is `state/{}`", clients, withClients));
    if (round->value_or(0) == 0) return std::optional<Checkpoint>();
    committed = **round;
    file = directory + "/" + checkpointOf(committed);
  } else if (!withClients.empty()) {
    return fail(fmt::format("`{}` is damaged: `{}` is missing, without which `state/{}` is of no use", directory, kClients, withClients));
  } else if (!fs::exists(file, error)) {
    return std::optional<Checkpoint>();
  }
  auto arrays = readNpz(file);
  if (!arrays) return tl::unexpected(arrays.error());
  Checkpoint out;
  for (NamedArray& a : *arrays) {
    if (a.name == kTables) {
      if (a.value.elem() != core::Elem::I64 || a.value.count() != 3)
        return fail(fmt::format("`{}` is damaged: `{}` are not three numbers", file, kTables));
      for (std::int64_t i = 0; i < 3; ++i) out.tables.push_back(a.value.at(i).toInt());
      continue;
    }
    if (a.name != kRound) {
      out.state.push_back(std::move(a));
      continue;
    }
    if (a.value.elem() != core::Elem::I64 || !a.value.shape().empty()) return fail(fmt::format("`{}` is damaged: its round is no number", file));
    const std::int64_t round = a.value.at(0).toInt();
    if (round < 1 || round > 2147483647) return fail(fmt::format("`{}` is damaged: its round is {}", file, round));
    out.round = static_cast<int>(round);
  }
  if (out.round == 0) return fail(fmt::format("`{}` is damaged: it has no round", file));
  if (committed != 0 && out.round != committed)
    return fail(fmt::format("`{}` is damaged: it is of round {}, and the clients' state of round {}", file, out.round, committed));
  return out;
}

RunDirectory::RunDirectory(std::string path, RunRecord record, int lock)
    : path_(std::move(path)), record_(std::move(record)), lock_(lock), metrics_(path_ + "/metrics.csv"), evaluations_(path_ + "/evaluations.csv") {}

RunDirectory::~RunDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

Expected<std::unique_ptr<RunDirectory>> RunDirectory::create(const std::string& path, RunRecord record) {
  std::error_code error;
  if (fs::exists(path, error) && !(fs::is_directory(path, error) && fs::is_empty(path, error))) {
    return fail(hasRecord(path) ? fmt::format("`{0}` holds a run already; `fedc resume {0}` goes on with it, another `--out` begins a new one", path)
                                : fmt::format("`{}` exists and is not an empty directory; nothing was written", path));
  }
  fs::create_directories(path + "/state", error);
  if (error) return fail(fmt::format("cannot make `{}`: {}", path, error.message()));
  auto held = lock(path);
  if (!held) return tl::unexpected(held.error());
  std::unique_ptr<RunDirectory> out(new RunDirectory(path, std::move(record), *held));
  if (auto written = writeRecord(path, out->record_); !written) return tl::unexpected(written.error());
  return out;
}

Expected<std::unique_ptr<RunDirectory>> RunDirectory::createNext(const std::string& folder, const std::string& name, RunRecord record) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(fmt::format("cannot make `{}`: {}", folder, error.message()));
  int most = 0;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string other = it->path().filename().string();
    if (!other.starts_with(name + "-")) continue;
    const std::string number = other.substr(name.size() + 1);
    if (number.empty() || number.size() > 8 || number.find_first_not_of("0123456789") != std::string::npos) continue;
    most = std::max(most, std::stoi(number));
  }
  if (error) return fail(fmt::format("cannot read `{}`: {}", folder, error.message()));
  // Another process may be as far.
  for (int n = most + 1;; ++n) {
    const std::string path = fmt::format("{}/{}-{}", folder, name, n);
    if (fs::create_directory(path, error)) return create(path, std::move(record));
    if (error) return fail(fmt::format("cannot make `{}`: {}", path, error.message()));
  }
}

Expected<std::unique_ptr<RunDirectory>> RunDirectory::open(const std::string& path) {
  if (!hasRecord(path)) return fail(fmt::format("`{}` is not the directory of a run: it has no `run.json`", path));
  auto held = lock(path);
  if (!held) return tl::unexpected(held.error());
  std::unique_ptr<RunDirectory> out(new RunDirectory(path, {}, *held));
  auto record = readRecord(path);
  if (!record) return tl::unexpected(record.error());
  out->record_ = std::move(*record);
  // Files that a process was writing when it was killed.
  std::error_code error;
  for (const std::string& folder : {path, path + "/state"})
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
      if (it->path().filename().string().find(".part") != std::string::npos) fs::remove(it->path(), error);
  return out;
}

std::string RunDirectory::clientsFile() const { return path_ + "/" + kClients; }

void RunDirectory::keepReports(const std::vector<std::pair<std::string, std::vector<std::int64_t>>>& leaves) {
  reports_.emplace(path_ + "/clients.csv");
  reported_ = {"round", "in", "client"};
  for (const auto& [name, shape] : leaves) {
    for (std::string& cell : cellNames(name, shape)) {
      // A round and an evaluation may report the same.
      if (std::find(reported_.begin() + 3, reported_.end(), cell) == reported_.end()) reported_.push_back(std::move(cell));
    }
  }
}

/// A kill leaves each table with whole lines up to some round, behind the checkpoint's, and perhaps a piece of one.
Expected<void> RunDirectory::readTables(int round) {
  for (const Table* table : tables())
    if (round > 0 && !table->isThere()) return table->damaged(fmt::format("it is missing, and the checkpoint is of round {}", round));
  int last = 0;
  const auto until = [&](const Row& row) -> Expected<bool> {
    auto of = roundFrom(last + 1, false, row);
    if (!of) return tl::unexpected(of.error());
    last = *of;
    return last <= round;
  };
  if (auto read = metrics_.read([](const Row& head) { return hasColumns(head, {"round", "seconds", "state"}); }, until); !read) return read;
  if (last < round) return metrics_.damaged(fmt::format("it ends with round {}, and the checkpoint is of round {}", last, round));
  int evaluated = 0;
  const auto evaluatedUntil = [&](const Row& row) -> Expected<bool> {
    auto of = roundFrom(evaluated, true, row);
    if (!of) return tl::unexpected(of.error());
    evaluated = *of;
    if (evaluated > round) return false;
    evaluated_ = evaluated;
    return true;
  };
  if (auto read = evaluations_.read([](const Row& head) { return hasColumns(head, {"round"}); }, evaluatedUntil); !read) return read;
  if (!reports_) return {};
  int reported = 0;
  const auto reportedUntil = [&](const Row& row) -> Expected<bool> {
    auto of = roundFrom(reported, true, row);
    if (!of) return tl::unexpected(of.error());
    reported = *of;
    // An evaluation counts when it has its own line.
    return reported <= (row[1] == "evaluate" ? std::min(round, evaluated_) : round);
  };
  return reports_->read([&](const Row& head) { return head == reported_ ? Expected<void>() : fail("its columns are not those of this run"); },
                        reportedUntil);
}

Expected<void> RunDirectory::startAfter(int round, const std::vector<std::int64_t>& lengths) {
  // Nothing is written where one of them is damaged.
  if (auto read = readTables(round); !read) return read;
  const std::vector<Table*> all = tables();
  for (std::size_t i = 0; i < std::min(all.size(), lengths.size()); ++i) {
    const std::int64_t kept = all[i]->keptBytes();
    if (kept < lengths[i])
      return all[i]->damaged(fmt::format("it has {} bytes of the rounds up to {}, and {} were written", kept, round, lengths[i]));
  }
  for (Table* table : all) {
    if (auto started = table->start(); !started) return started;
  }
  if (reports_) reports_->setColumns(reported_);
  if (lengths.size() == lengths_.size()) {
    std::copy(lengths.begin(), lengths.end(), lengths_.begin());
  } else {
    measure();
  }
  return {};
}

std::vector<Table*> RunDirectory::tables() {
  std::vector<Table*> all = {&metrics_, &evaluations_};
  if (reports_) all.push_back(&*reports_);
  return all;
}

void RunDirectory::measure() { lengths_ = {metrics_.bytes(), evaluations_.bytes(), reports_ ? reports_->bytes() : 0}; }

/// A line for each client, in the order in which they took part.
Expected<void> RunDirectory::reportsOf(const char* entry, int round, const ClientReports& clients) {
  if (!reports_ || clients.ids.empty()) return {};
  std::vector<std::pair<std::string, std::string>> row = {{"round", std::to_string(round)}, {"in", entry}, {"client", ""}};
  for (const NamedArray& v : clients.values) {
    for (std::string& cell : cellNames(v.name, {v.value.shape().begin() + 1, v.value.shape().end()})) row.emplace_back(std::move(cell), "");
  }
  for (std::size_t c = 0; c < clients.ids.size(); ++c) {
    row[2].second = clients.ids[c];
    std::size_t next = 3;
    for (const NamedArray& v : clients.values) {
      const std::int64_t each = v.value.count() / v.value.shape().front();
      for (std::int64_t i = 0; i < each; ++i) row[next++].second = exactText(v.value.at(static_cast<std::int64_t>(c) * each + i));
    }
    if (auto done = reports_->append(row); !done) return done;
  }
  return reports_->flush();
}

Expected<void> RunDirectory::round(int round, double seconds, const std::vector<NamedArray>& metrics, const ClientReports& clients,
                                   std::vector<NamedArray> state, const CheckpointEvery& every) {
  if (auto done = reportsOf("next", round, clients); !done) return done;
  std::vector<std::pair<std::string, std::string>> row = {{"round", std::to_string(round)}};
  addNumbers(row, metrics);
  row.emplace_back("seconds", fmt::format("{:.6f}", seconds));
  row.emplace_back("state", stateHash(state));
  if (auto done = metrics_.append(row); !done) return done;
  measure();
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - written_;
  const bool due = every.rounds > 0 ? round % every.rounds == 0 : since.count() >= every.seconds;
  return due ? writeCheckpoint(round, std::move(state)) : Expected<void>();
}

Expected<void> RunDirectory::evaluation(int round, const std::vector<NamedArray>& metrics, const ClientReports& clients) {
  if (auto done = reportsOf("evaluate", round, clients); !done) return done;
  std::vector<std::pair<std::string, std::string>> row = {{"round", std::to_string(round)}};
  addNumbers(row, metrics);
  evaluated_ = round;
  return evaluations_.append(row);
}

Expected<void> RunDirectory::writeCheckpoint(int round, std::vector<NamedArray> state) {
  // The lines of the rounds that it covers come first: they are not run again.
  for (Table* table : tables()) {
    if (auto flushed = table->flush(); !flushed) return flushed;
  }
  core::Array tableBytes(core::Elem::I64, {static_cast<std::int64_t>(lengths_.size())});
  std::copy(lengths_.begin(), lengths_.end(), tableBytes.asMutable<std::int64_t>().begin());
  state.push_back({kTables, std::move(tableBytes)});
  state.push_back({kRound, core::Array::scalar(core::Literal::ofInt(core::Elem::I64, round))});
  const std::string file = path_ + "/" + (clients_ == nullptr ? kCheckpoint : checkpointOf(round));
  if (auto written = writeNpz(file, state); !written) return written;
  if (clients_ != nullptr) {
    if (auto committed = clients_->commit(round); !committed) return committed;
    std::error_code error;
    for (fs::directory_iterator it(path_ + "/state", error), end; !error && it != end; it.increment(error)) {
      const fs::path& other = it->path();
      if (other.extension() == ".npz" && other != file) fs::remove(other, error);
    }
  }
  written_ = std::chrono::steady_clock::now();
  return {};
}

Expected<void> RunDirectory::finish(int round, const std::vector<NamedArray>& state) {
  if (round > 0) {
    if (auto written = writeCheckpoint(round, state); !written) return written;
  }
  return writeNpz(path_ + "/model.npz", state);
}

}  // namespace fedc::runtime
