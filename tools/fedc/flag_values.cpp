#include "tools/fedc/flag_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace fedc::cli {

namespace {

bool isWord(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Expected<std::pair<std::string, std::string>> parseAssignment(std::string_view text) {
  const std::size_t at = text.find('=');
  if (at == std::string_view::npos) return fail(fmt::format("`{}` is not of the form name=value", text));
  const std::string_view name = text.substr(0, at);
  const bool isPath = !name.empty() && name.front() != '.' && name.back() != '.' && name.find("..") == std::string_view::npos &&
                      std::all_of(name.begin(), name.end(), [](char c) { return isWord(c) || c == '.'; });
  if (!isPath) return fail(fmt::format("`{}` in `{}` is not a name", name, text));
  if (at + 1 == text.size()) return fail(fmt::format("`{}` has no value", text));
  return std::pair(std::string(name), std::string(text.substr(at + 1)));
}

Expected<std::int64_t> parseBytes(std::string_view text) {
  const auto wrong = [&] { return fail(fmt::format("`{}` is not a number of bytes (`1048576`, `64M`, `1.5G`)", text)); };
  std::string_view digits = text;
  if (digits.ends_with("iB") || digits.ends_with("ib")) {
    digits.remove_suffix(2);
    if (digits.empty() || isdigit(static_cast<unsigned char>(digits.back())) != 0) return wrong();
  } else if (digits.ends_with('B') || digits.ends_with('b')) {
    digits.remove_suffix(1);
  }
  double unit = 1;
  if (!digits.empty()) {
    constexpr std::string_view kUnits = "kmgt";
    const char letter = static_cast<char>(digits.back() | 0x20);
    if (const std::size_t power = kUnits.find(letter); power != std::string_view::npos) {
      unit = std::pow(1024.0, static_cast<double>(power + 1));
      digits.remove_suffix(1);
    }
  }
  const auto plain = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), plain)) return wrong();
  const auto value = number<double>(digits);
  if (!value) return wrong();
  const double bytes = std::floor(*value * unit);
  if (bytes > 0x1p62) return fail(fmt::format("`{}` is more memory than any machine has", text));
  return static_cast<std::int64_t>(bytes);
}

Expected<std::optional<std::int64_t>> parseCohortSize(std::string_view text) {
  if (text == "all") return std::optional<std::int64_t>();
  const auto value = number<std::int64_t>(text);
  if (!value || *value < 1) return fail(fmt::format("`{}` is neither a number of clients (from 1) nor `all`", text));
  return std::optional<std::int64_t>(*value);
}

Expected<runtime::CheckpointEvery> parseCheckpoints(std::string_view text) {
  runtime::CheckpointEvery every;
  const bool isTime = text.ends_with('s');
  const auto value = number<std::int64_t>(isTime ? text.substr(0, text.size() - 1) : text);
  if (!value || *value < (isTime ? 0 : 1) || *value > std::numeric_limits<int>::max()) {
    return fail(fmt::format("`{}` is neither a number of rounds (`100`) nor of seconds (`30s`)", text));
  }
  if (isTime) {
    every.seconds = static_cast<double>(*value);
  } else {
    every.rounds = static_cast<int>(*value);
  }
  return every;
}

Expected<std::int64_t> parseWhole(std::string_view text, std::int64_t least, std::int64_t most) {
  const auto value = number<std::int64_t>(text);
  if (!value || *value < least || *value > most) return fail(fmt::format("`{}` is not a whole number from {} to {}", text, least, most));
  return *value;
}

Expected<std::uint64_t> parseSeed(std::string_view text) {
  const auto value = number<std::uint64_t>(text);
  if (!value) return fail(fmt::format("`{}` is not a whole number from 0 to 18446744073709551615", text));
  return *value;
}

}  // namespace fedc::cli
