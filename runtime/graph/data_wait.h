#pragma once

#include <atomic>
#include <chrono>
#include <mutex>

namespace fedc::runtime {

/// Seconds of wall-clock lost to missing data, over all workers: the time integral of min(steps that wait for data, idle workers) / workers.
/// `cold`: the client is read for the first time in this run; `warm`: it had been read before.
struct DataWait {
  double cold = 0;
  double warm = 0;
  double total() const { return cold + warm; }
};

/// Where the runs of a graph spent their time, in seconds of wall-clock.
struct GraphTimes {
  DataWait wait;
  /// Clients at work.
  double train = 0;
  /// Merges and the server's functions.
  double aggregate = 0;
};

/// Measures DataWait. Costs two atomic additions a client while nothing waits.
class WaitMeter {
 public:
  explicit WaitMeter(int workers) : workers_(workers) {}

  /// A worker begins (+1) or ends (-1) to compute.
  void compute(int change);
  /// A step begins (+1) or ends (-1) to wait for data.
  void wait(int change, bool cold);
  /// Until now.
  DataWait total();

 private:
  void integrate();

  const int workers_;
  std::atomic<int> computing_{0};
  std::atomic<int> waitingCold_{0}, waitingWarm_{0};
  std::mutex mutex_;
  std::chrono::steady_clock::time_point last_{};
  DataWait sum_;
};

}  // namespace fedc::runtime
