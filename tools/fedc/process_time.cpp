#include "tools/fedc/process_time.h"

#include <unistd.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

namespace fedc::cli {

namespace {

using Clock = std::chrono::steady_clock;

/// The second best: when this program's own code began.
const Clock::time_point kLoaded = Clock::now();

/// Field 22 of /proc/self/stat: clock ticks from the machine's start to ours; negative if the system does not say.
double startTicks() {
  std::ifstream in("/proc/self/stat");
  std::string text;
  std::getline(in, text);
  // The program's name, field 2, may hold anything but ends at the last bracket.
  const std::size_t bracket = text.rfind(')');
  if (bracket == std::string::npos) return -1;
  std::istringstream fields(text.substr(bracket + 1));
  std::string field;
  for (int number = 3; number <= 22; ++number) {
    if (!(fields >> field)) return -1;
  }
  return std::stod(field);
}

}  // namespace

double secondsSinceStart() {
  const double own = std::chrono::duration<double>(Clock::now() - kLoaded).count();
  const double ticks = startTicks();
  timespec now{};
  if (ticks < 0 || clock_gettime(CLOCK_BOOTTIME, &now) != 0) return own;
  const double seconds =
      static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec) - ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  // In a time namespace the two clocks may not fit together.
  return seconds >= own && seconds < own + 5 ? seconds : own;
}

}  // namespace fedc::cli
