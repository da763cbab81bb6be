#include "tools/fedc/course.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string_view>

#include "tools/fedc/number_text.h"

namespace fedc::cli {

namespace {

constexpr std::size_t kCurve = 40;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// 1, 2, 5, 10, 20, 50, ..; from a million rounds on only 1, 10, 100, ..
bool isShown(int round, int last) {
  if (round == last) return true;
  int unit = 1;
  while (round >= unit * 10LL) unit *= 10;
  return round == unit || (last < 1'000'000 && (round == 2 * unit || round == 5 * unit));
}

}  // namespace

void Course::add(int round, const char* prefix, const std::vector<runtime::NamedArray>& metrics) {
  std::vector<double>& row = rows_[round];
  for (const runtime::NamedArray& metric : metrics) {
    const core::Array& value = metric.value;
    if (!value.shape().empty() || !core::isNumeric(value.elem())) continue;
    const std::string name = prefix + metric.name;
    const auto found = std::find(columns_.begin(), columns_.end(), name);
    const auto column = static_cast<std::size_t>(found - columns_.begin());
    if (found == columns_.end()) columns_.push_back(name);
    if (row.size() <= column) row.resize(column + 1, kNone);
    const core::Literal number = value.at(0);
    row[column] = core::isFloat(value.elem())       ? number.toDouble()
                  : value.elem() == core::Elem::U64 ? static_cast<double>(number.bits)
                                                    : static_cast<double>(number.toInt());
  }
}

std::string Course::table(std::size_t width) const {
  if (!hasTable()) return {};
  const int last = rows_.rbegin()->first;
  std::vector<std::pair<int, const std::vector<double>*>> shown;
  for (const auto& [round, row] : rows_)
    if (isShown(round, last) || shown.empty()) shown.emplace_back(round, &row);
  std::vector<std::vector<std::string>> columns = {{"round"}};
  for (const auto& [round, row] : shown) columns[0].push_back(std::to_string(round));
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::vector<std::string> column = {columns_[c]};
    for (const auto& [round, row] : shown) column.push_back(c < row->size() && !std::isnan((*row)[c]) ? numberText((*row)[c]) : "");
    columns.push_back(std::move(column));
  }
  std::vector<std::string> lines(shown.size() + 1);
  std::string left;
  for (const auto& column : columns) {
    std::size_t wide = 0;
    for (const std::string& cell : column) wide = std::max(wide, cell.size());
    if (!left.empty() || lines.front().size() + 2 + wide > width) {
      left += (left.empty() ? "" : ", ") + column.front();
      continue;
    }
    for (std::size_t i = 0; i < lines.size(); ++i) lines[i] += fmt::format("{}{:>{}}", lines[i].empty() ? "" : "  ", column[i], wide);
  }
  std::string text;
  for (const std::string& line : lines) text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  if (!left.empty()) text += fmt::format("(not shown: {})\n", left);
  return text;
}

std::string Course::curves(bool plain) const {
  std::string text;
  std::size_t wide = 0;
  for (const std::string& name : columns_) wide = std::max(wide, name.size());
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::vector<double> values;
    for (const auto& [round, row] : rows_)
      if (c < row.size() && !std::isnan(row[c])) values.push_back(row[c]);
    if (values.size() < 2) continue;
    text += fmt::format("{:<{}}  {:>9} {} {}\n", columns_[c], wide, numberText(values.front()), curveText(values, kCurve, plain),
                        numberText(values.back()));
  }
  return text;
}

std::string curveText(const std::vector<double>& values, std::size_t most, bool plain) {
  constexpr std::string_view kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr std::string_view kDigits[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  const std::size_t count = std::min(most, values.size());
  std::vector<double> points;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t from = i * values.size() / count, to = (i + 1) * values.size() / count;
    double sum = 0;
    for (std::size_t v = from; v < to; ++v) sum += values[v];
    points.push_back(sum / static_cast<double>(to - from));
  }
  double least = std::numeric_limits<double>::infinity(), greatest = -least;
  for (const double point : points) {
    if (!std::isfinite(point)) continue;
    least = std::min(least, point);
    greatest = std::max(greatest, point);
  }
  const std::size_t levels = plain ? std::size(kDigits) : std::size(kBlocks);
  std::string text;
  for (const double point : points) {
    if (!std::isfinite(point)) {
      text += 'x';
      continue;
    }
    const double height = greatest > least ? (point - least) / (greatest - least) : 0;
    const auto level = std::min(levels - 1, static_cast<std::size_t>(height * static_cast<double>(levels)));
    text += plain ? kDigits[level] : kBlocks[level];
  }
  return text;
}

bool hasBlocks() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale = value;
    return locale.find("UTF-8") != std::string_view::npos || locale.find("utf8") != std::string_view::npos;
  }
  return false;
}

}  // namespace fedc::cli
