#include "tools/fedc/interrupt.h"

#include <csignal>

namespace fedc::cli {

namespace {

/// What a signal handler can reach is static.
std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may only touch what never locks");

void setInterrupted(int) { interrupted.store(true, std::memory_order_relaxed); }

}  // namespace

const std::atomic<bool>* catchInterrupt() {
  struct sigaction action{};
  action.sa_handler = setInterrupted;
  sigemptyset(&action.sa_mask);
  // SA_RESETHAND: the second signal meets the system's own action. SA_RESTART: reads and writes that were under way go on.
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, nullptr);
  return &interrupted;
}

}  // namespace fedc::cli
