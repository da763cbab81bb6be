#include "compiler/support/bytes_text.h"

#include <fmt/format.h>

namespace fedc {

std::string bytesText(double bytes) {
  if (bytes < 999.5) return fmt::format("{:.0f} B", bytes);
  const char* units[] = {"kB", "MB", "GB", "TB", "PB"};
  int unit = 0;
  double value = bytes / 1000;
  while (value >= 999.5 && unit < 4) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.3g} {}", value, units[unit]);
}

}  // namespace fedc
