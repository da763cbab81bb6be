#include "runtime/process/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace fedc::runtime {

void Sqlite::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }
void Sqlite::Statement::Close::operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }

tl::unexpected<Error> Sqlite::failed(int code) const {
  const std::string name = path_.empty() ? "the temporary store of client state" : fmt::format("`{}`", path_);
  const int kind = code & 0xff;
  if (kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB || kind == SQLITE_SCHEMA || kind == SQLITE_ERROR)
    return fail(fmt::format("{} is damaged: {}", name, sqlite3_errmsg(database_.get())));
  if (kind == SQLITE_CANTOPEN) return fail(fmt::format("cannot open {}", name));
  return fail(fmt::format("cannot write {}: {}", name, sqlite3_errmsg(database_.get())));
}

Expected<Sqlite> Sqlite::open(const std::string& path) {
  Sqlite out;
  out.path_ = path;
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  out.database_.reset(db);
  if (code != SQLITE_OK) return out.failed(code);
  sqlite3_extended_result_codes(db, 1);
  return out;
}

Expected<void> Sqlite::run(const char* statements) {
  const int code = sqlite3_exec(database_.get(), statements, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failed(code);
  return {};
}

Expected<Sqlite::Statement> Sqlite::prepare(const char* statement) {
  sqlite3_stmt* s = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), statement, -1, SQLITE_PREPARE_PERSISTENT, &s, nullptr);
  if (code != SQLITE_OK) return failed(code);
  Statement out;
  out.statement_.reset(s);
  out.database_ = this;
  return out;
}

Sqlite::Statement& Sqlite::Statement::bind(int parameter, std::string_view bytes) {
  // A null pointer would bind NULL.
  sqlite3_bind_blob64(statement_.get(), parameter, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_STATIC);
  return *this;
}

Sqlite::Statement& Sqlite::Statement::bind(int parameter, std::int64_t number) {
  sqlite3_bind_int64(statement_.get(), parameter, number);
  return *this;
}

Expected<bool> Sqlite::Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->failed(code);
}

std::string_view Sqlite::Statement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  return {data == nullptr ? "" : data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::int64_t Sqlite::Statement::number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

void Sqlite::Statement::reset() { sqlite3_reset(statement_.get()); }

}  // namespace fedc::runtime
