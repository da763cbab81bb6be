#include "runtime/graph/data_wait.h"

#include <algorithm>

namespace fedc::runtime {

/// Adds what has been lost since the last change. Called before every change while something waits.
void WaitMeter::integrate() {
  const auto now = std::chrono::steady_clock::now();
  const int cold = waitingCold_.load(), warm = waitingWarm_.load();
  if (cold + warm > 0) {
    const int idle = std::max(0, workers_ - computing_.load());
    const double lost = std::chrono::duration<double>(now - last_).count() * std::min(cold + warm, idle) / workers_;
    sum_.cold += lost * cold / (cold + warm);
    sum_.warm += lost * warm / (cold + warm);
  }
  last_ = now;
}

void WaitMeter::compute(int change) {
  if (waitingCold_.load(std::memory_order_relaxed) + waitingWarm_.load(std::memory_order_relaxed) == 0) {
    computing_.fetch_add(change, std::memory_order_relaxed);
    return;
  }
  std::lock_guard lock(mutex_);
  integrate();
  computing_.fetch_add(change);
}

void WaitMeter::wait(int change, bool cold) {
  std::lock_guard lock(mutex_);
  integrate();
  (cold ? waitingCold_ : waitingWarm_).fetch_add(change);
}

DataWait WaitMeter::total() {
  std::lock_guard lock(mutex_);
  integrate();
  return sum_;
}

}  // namespace fedc::runtime
