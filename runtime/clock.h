#pragma once

#include <chrono>

namespace fedc::runtime {

/// What durations are measured with.
using Clock = std::chrono::steady_clock;

inline double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace fedc::runtime
