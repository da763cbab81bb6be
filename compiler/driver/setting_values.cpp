#include "compiler/driver/setting_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace fedc::driver {

namespace {

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

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

}  // namespace fedc::driver
