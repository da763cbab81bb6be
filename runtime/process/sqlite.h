#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/support/expected.h"

struct sqlite3;
struct sqlite3_stmt;

namespace fedc::runtime {

/// A database file; messages name it. Not thread-safe.
class Sqlite {
 public:
  /// Makes the file if it is not there. An empty path: a private one on disk that goes with the object.
  static Expected<Sqlite> open(const std::string& path);

  /// Statements without parameters and results.
  Expected<void> run(const char* statements);

  /// A prepared statement with parameters from 1; used again and again.
  class Statement {
   public:
    Statement& bind(int parameter, std::string_view bytes);
    Statement& bind(int parameter, std::int64_t number);
    /// The next row; false after the last one. Its columns, from 0, are there until the next call.
    Expected<bool> step();
    std::string_view bytes(int column) const;
    std::int64_t number(int column) const;
    /// For other parameters.
    void reset();

   private:
    friend class Sqlite;
    struct Close {
      void operator()(sqlite3_stmt* s) const;
    };
    std::unique_ptr<sqlite3_stmt, Close> statement_;
    const Sqlite* database_ = nullptr;
  };
  Expected<Statement> prepare(const char* statement);

  Sqlite(Sqlite&&) noexcept = default;
  Sqlite& operator=(Sqlite&&) noexcept = default;

 private:
  Sqlite() = default;
  tl::unexpected<Error> failed(int code) const;
  struct Close {
    void operator()(sqlite3* db) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
  std::string path_;
};

}  // namespace fedc::runtime
