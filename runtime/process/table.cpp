#include "runtime/process/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>

#include "compiler/support/plural.h"
#include "compiler/support/read_whole.h"
#include "runtime/value/whole_file.h"

namespace fedc::runtime {

namespace {

/// The line that begins at `at`, which moves behind its end; nothing where it has none.
std::optional<Row> nextRow(std::string_view text, std::size_t& at) {
  Row row;
  std::string cell;
  bool inQuotes = false;
  for (std::size_t i = at; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      // A quote within quotes is written twice.
      if (inQuotes && i + 1 < text.size() && text[i + 1] == '"') {
        cell += '"';
        ++i;
      } else {
        inQuotes = !inQuotes;
      }
    } else if (inQuotes || (c != ',' && c != '\n')) {
      cell += c;
    } else {
      row.push_back(std::move(cell));
      cell.clear();
      if (c == ',') continue;
      at = i + 1;
      return row;
    }
  }
  return std::nullopt;
}

/// A cell as the file has it.
std::string quoted(const std::string& cell) {
  if (cell.find_first_of(",\"\n\r") == std::string::npos) return cell;
  std::string out = "\"";
  for (const char c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string lineOf(const Row& row) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) line += ',';
    line += quoted(row[i]);
  }
  return line + '\n';
}

}  // namespace

Expected<Row> readTable(const std::string& path, const std::function<void(Row row)>& see) {
  auto text = readWhole(path);
  if (!text) return tl::unexpected(text.error());
  std::size_t at = 0;
  const auto head = nextRow(*text, at);
  if (!head) return Row{};
  while (auto row = nextRow(*text, at)) {
    if (row->size() == head->size()) see(std::move(*row));
  }
  return *head;
}

tl::unexpected<Error> Table::cannotWrite() const { return fail(fmt::format("cannot write `{}`: {}", path_, std::strerror(errno))); }

tl::unexpected<Error> Table::damaged(const std::string& how) const { return fail(fmt::format("`{}` is damaged: {}", path_, how)); }

bool Table::isThere() const {
  std::error_code error;
  return std::filesystem::exists(path_, error);
}

Expected<void> Table::read(const std::function<Expected<void>(const Row& head)>& head, const Keeps& keeps) {
  if (!isThere()) return {};
  auto text = readWhole(path_);
  if (!text) return tl::unexpected(text.error());
  std::size_t at = 0;
  auto names = nextRow(*text, at);
  if (!names) return {};
  if (auto fits = head(*names); !fits) return damaged(fits.error().message);
  for (int line = 2;; ++line) {
    const std::size_t begin = at;
    const auto row = nextRow(*text, at);
    if (!row) break;
    if (row->size() != names->size())
      return damaged(fmt::format("line {} has {} where the first has {}", line, plural(row->size(), "cell"), names->size()));
    const auto isKept = keeps(*row);
    if (!isKept) return damaged(fmt::format("line {} {}", line, isKept.error().message));
    if (*isKept) kept_ += text->substr(begin, at - begin);
  }
  if (kept_.empty()) return {};
  kept_.insert(0, lineOf(*names));
  columns_ = std::move(*names);
  return {};
}

Expected<void> Table::start() {
  if (auto written = writeWhole(path_, kept_); !written) return written;
  kept_ = {};
  // At the end from the beginning: `bytes` asks where it stands.
  file_.open(path_, std::ios::binary | std::ios::app | std::ios::ate);
  if (!file_) return cannotWrite();
  return {};
}

void Table::setColumns(Row names) {
  if (!columns_.empty()) return;
  columns_ = std::move(names);
  file_ << lineOf(columns_);
}

Expected<void> Table::append(const std::vector<std::pair<std::string, std::string>>& row) {
  if (columns_.empty()) {
    Row names;
    for (const auto& [name, value] : row) names.push_back(name);
    setColumns(std::move(names));
  }
  Row cells(columns_.size());
  auto next = row.begin();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    // Mostly the one behind the last.
    const auto is = [&](const auto& cell) { return cell.first == columns_[i]; };
    auto found = next != row.end() && is(*next) ? next : std::find_if(row.begin(), row.end(), is);
    if (found == row.end()) continue;
    cells[i] = found->second;
    next = std::next(found);
  }
  file_ << lineOf(cells);
  if (!file_) return cannotWrite();
  return {};
}

Expected<void> Table::flush() {
  file_.flush();
  if (!file_) return cannotWrite();
  return {};
}

}  // namespace fedc::runtime
