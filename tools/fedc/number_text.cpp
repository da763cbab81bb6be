#include "tools/fedc/number_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/core/strings.h"

namespace fedc::cli {

namespace {

/// With so many significant digits, without an exponent; at least the whole part.
std::string withDigits(double value, int digits) {
  // Rounded first, so that 9.996 with three digits is 10.0, not 10.00.
  const std::string rounded = fmt::format("{:.{}e}", value, digits - 1);
  const int exponent = value == 0 ? 0 : std::stoi(rounded.substr(rounded.find('e') + 1));
  return fmt::format("{:.{}f}", value, std::max(0, digits - 1 - exponent));
}

}  // namespace

std::string durationText(double seconds) {
  if (!(seconds >= 0)) return "?";
  // Limits a little below the unit, so that 999.9 ms becomes 1.00 s, not 1e+03 ms.
  if (seconds < 0.9995e-3) return fmt::format("{:.0f} us", seconds * 1e6);
  if (seconds < 0.9995) return withDigits(seconds * 1e3, 3) + " ms";
  if (seconds < 119.5) return withDigits(seconds, 3) + " s";
  const double whole = std::round(seconds);
  if (whole < 3600) return fmt::format("{:.0f} min {:02.0f} s", std::floor(whole / 60), std::fmod(whole, 60));
  const double minutes = std::round(seconds / 60);
  return fmt::format("{:.0f} h {:02.0f} min", std::floor(minutes / 60), std::fmod(minutes, 60));
}

std::string numberText(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  const double size = std::abs(number);
  // 3.000 -> 3, but 0.3120 keeps its digits: columns of metrics stay aligned.
  if (number == std::floor(number) && size < 1e6) return fmt::format("{:.0f}", number);
  return size < 1e-4 || size >= 1e6 ? fmt::format("{:.3e}", number) : withDigits(number, 4);
}

std::string elementText(const core::Array& value, std::int64_t flat) {
  const core::Literal element = value.at(flat);
  switch (element.elem) {
    case core::Elem::Bool: return element.bits != 0 ? "true" : "false";
    case core::Elem::Key: return fmt::format("{:016x}", element.bits);
    case core::Elem::U64: return fmt::format("{}", element.bits);
    case core::Elem::Str: return core::quoted(core::textOf(static_cast<core::StringId>(element.bits)));
    default: break;
  }
  if (!core::isFloat(element.elem)) return fmt::format("{}", element.toInt());
  return numberText(element.toDouble());
}

namespace {

std::string nested(const core::Array& value, std::size_t axis, std::int64_t& next) {
  if (axis == value.shape().size()) return elementText(value, next++);
  std::string text = "[";
  for (std::int64_t i = 0; i < value.shape()[axis]; ++i) text += (i == 0 ? "" : ", ") + nested(value, axis + 1, next);
  return text + "]";
}

}  // namespace

std::string arrayText(const core::Array& value, std::int64_t most) {
  if (value.shape().empty() || value.count() <= most) {
    std::int64_t next = 0;
    return nested(value, 0, next);
  }
  return fmt::format("{}[{}]", core::elemName(value.elem()), fmt::join(value.shape(), ", "));
}

std::string metricsText(const std::vector<runtime::NamedArray>& metrics, bool scalars, std::int64_t most) {
  std::string text;
  for (const runtime::NamedArray& metric : metrics) {
    if (scalars && !metric.value.shape().empty()) continue;
    if (!text.empty()) text += "  ";
    text += fmt::format("{} {}", metric.name, arrayText(metric.value, most));
  }
  return text;
}

}  // namespace fedc::cli
