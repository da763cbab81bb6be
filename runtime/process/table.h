#pragma once

#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/support/expected.h"

namespace fedc::runtime {

/// The cells of a line.
using Row = std::vector<std::string>;

/// A file of lines that grows while a run does: comma-separated, the first line names the columns, a cell with a comma, a quote or a line break
/// stands in quotes (RFC 4180).
class Table {
 public:
  explicit Table(std::string path) : path_(std::move(path)) {}

  /// Whether a line is to be kept; an error says how it is damaged.
  using Keeps = std::function<Expected<bool>(const Row& row)>;

  /// Reads the lines to go on behind: `head` sees the names of the columns, the lines that are not to be kept, and one that was not ended, are left
  /// out. No such file: no lines. Writes nothing. Errors: the file system's; damaged.
  Expected<void> read(const std::function<Expected<void>(const Row& head)>& head, const Keeps& keeps);
  /// Writes what is kept, and begins to append. Errors: the file system's.
  Expected<void> start();
  bool isThere() const;
  tl::unexpected<Error> damaged(const std::string& how) const;
  /// The columns, unless it has some.
  void setColumns(Row names);
  /// A line; the first one's names are the columns where none were set. A cell whose column is missing is dropped, a column without a cell is empty.
  Expected<void> append(const std::vector<std::pair<std::string, std::string>>& row);
  /// What was appended is in the file.
  Expected<void> flush();
  /// Between reading and the start: of what is kept.
  std::int64_t keptBytes() const { return static_cast<std::int64_t>(kept_.size()); }
  /// Of the file, with what is not flushed yet.
  std::int64_t bytes() { return static_cast<std::int64_t>(file_.tellp()); }

 private:
  tl::unexpected<Error> cannotWrite() const;

  std::string path_;
  std::ofstream file_;
  Row columns_;
  /// Until the start: head and lines that were read.
  std::string kept_;
};

/// Of such a file its head, and each whole line to `see`. Errors: the file system's.
Expected<Row> readTable(const std::string& path, const std::function<void(Row row)>& see);

}  // namespace fedc::runtime
