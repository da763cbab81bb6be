#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <numeric>
#include <optional>
#include <string_view>

#include "compiler/support/suggest.h"
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

/// The first client whose id is not below this one.
std::size_t lowerBound(const ClientSource& source, std::string_view id) {
  std::size_t first = 0, last = source.size();
  while (first < last) {
    const std::size_t middle = first + (last - first) / 2;
    if (source.id(middle) < id) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return first;
}

std::string unknown(std::string_view id, const ClientSource& source) {
  /// More are not compared with what was written.
  constexpr std::size_t kCompared = 100000;
  std::optional<std::string> nearest;
  std::size_t best = std::max<std::size_t>(2, id.size() / 3) + 1;
  for (std::size_t client = 0; client < source.size() && source.size() <= kCompared; ++client) {
    std::string other = source.id(client);
    if (std::max(id.size(), other.size()) > 200) continue;
    if (const std::size_t d = editDistance(id, other); d < best) {
      best = d;
      nearest = std::move(other);
    }
  }
  std::string message = fmt::format("there is no client `{}`", id);
  if (nearest) return message + fmt::format("; is it `{}`?", *nearest);
  if (source.size() > 0) message += fmt::format(" among {} clients (`{}` to `{}`)", source.size(), source.id(0), source.id(source.size() - 1));
  return message;
}

}  // namespace

Expected<std::vector<std::size_t>> selectClients(const std::string& restriction, const ClientSource& source) {
  const std::size_t count = source.size();
  std::vector<std::size_t> selected;
  if (trim(restriction).empty()) {
    selected.resize(count);
    std::iota(selected.begin(), selected.end(), std::size_t{0});
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
    if (const std::size_t at = lowerBound(source, item); at < count && source.id(at) == item) {
      selected.push_back(at);
      continue;
    }
    const auto dots = item.find("..");
    if (dots != std::string::npos) {
      const auto first = number(std::string_view(item).substr(0, dots)), last = number(std::string_view(item).substr(dots + 2));
      if (first && last) {
        if (*first > *last) return fail(fmt::format("`{}` runs backwards", item));
        if (*last > count) return fail(fmt::format("`{}` goes past the last of {} clients", item, count));
        for (std::size_t i = *first; i < *last; ++i) selected.push_back(i);
        continue;
      }
    } else if (const auto index = number(item)) {
      if (*index >= count) return fail(fmt::format("there is no client number {}: there are {}, counted from 0", *index, count));
      selected.push_back(*index);
      continue;
    }
    return fail(unknown(item, source));
  }
  std::sort(selected.begin(), selected.end());
  const auto twice = std::adjacent_find(selected.begin(), selected.end());
  if (twice != selected.end()) return fail(fmt::format("client `{}` is selected twice", source.id(*twice)));
  if (selected.empty()) return fail(fmt::format("`{}` selects no client", restriction));
  return selected;
}

}  // namespace fedc::runtime
