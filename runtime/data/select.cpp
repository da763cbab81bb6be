#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>

#include "runtime/data/client_source.h"

namespace fedc::runtime {
namespace {

std::optional<std::size_t> number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Levenshtein distance, for suggestions.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string unknown(std::string_view id, const std::vector<std::string>& ids) {
  const std::string* nearest = nullptr;
  std::size_t best = std::max<std::size_t>(2, id.size() / 3) + 1;
  for (const std::string& other : ids) {
    if (const std::size_t d = distance(id, other); d < best) {
      best = d;
      nearest = &other;
    }
  }
  std::string message = fmt::format("there is no client `{}`", id);
  if (nearest != nullptr) return message + fmt::format("; is it `{}`?", *nearest);
  if (!ids.empty()) message += fmt::format(" among {} clients (`{}` to `{}`)", ids.size(), ids.front(), ids.back());
  return message;
}

}  // namespace

Expected<std::vector<std::size_t>> selectClients(const std::string& restriction, const std::vector<std::string>& ids) {
  std::vector<std::size_t> selected;
  if (trim(restriction).empty()) {
    selected.resize(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) selected[i] = i;
    return selected;
  }
  std::vector<std::string> items;
  if (restriction.front() == '@') {
    const std::string path = restriction.substr(1);
    std::ifstream file(path);
    if (!file) return fail(fmt::format("cannot read the list of clients `{}`: {}", path, std::strerror(errno)));
    for (std::string line; std::getline(file, line);) {
      if (const auto item = trim(line); !item.empty()) items.emplace_back(item);
    }
    if (file.bad()) return fail(fmt::format("cannot read the list of clients `{}`", path));
  } else {
    for (std::size_t at = 0; at <= restriction.size();) {
      const std::size_t end = std::min(restriction.find(',', at), restriction.size());
      if (const auto item = trim(std::string_view(restriction).substr(at, end - at)); !item.empty()) items.emplace_back(item);
      at = end + 1;
    }
  }
  for (const std::string& item : items) {
    const auto at = std::lower_bound(ids.begin(), ids.end(), item);
    if (at != ids.end() && *at == item) {
      selected.push_back(static_cast<std::size_t>(at - ids.begin()));
      continue;
    }
    const auto dots = item.find("..");
    if (dots != std::string::npos) {
      const auto first = number(std::string_view(item).substr(0, dots)), last = number(std::string_view(item).substr(dots + 2));
      if (first && last) {
        if (*first > *last) return fail(fmt::format("`{}` runs backwards", item));
        if (*last > ids.size()) return fail(fmt::format("`{}` goes past the last of {} clients", item, ids.size()));
        for (std::size_t i = *first; i < *last; ++i) selected.push_back(i);
        continue;
      }
    } else if (const auto index = number(item)) {
      if (*index >= ids.size()) return fail(fmt::format("there is no client number {}: there are {}, counted from 0", *index, ids.size()));
      selected.push_back(*index);
      continue;
    }
    return fail(unknown(item, ids));
  }
  std::sort(selected.begin(), selected.end());
  const auto twice = std::adjacent_find(selected.begin(), selected.end());
  if (twice != selected.end()) return fail(fmt::format("client `{}` is selected twice", ids[*twice]));
  if (selected.empty()) return fail(fmt::format("`{}` selects no client", restriction));
  return selected;
}

}  // namespace fedc::runtime
