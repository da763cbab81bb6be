#pragma once

#include <cstdint>
#include <vector>

#include "runtime/data/client_source.h"
#include "runtime/graph/plan.h"
#include "runtime/graph/values.h"
#include "runtime/value/buffer.h"
#include "runtime/value/wire.h"

namespace fedc::runtime {

/// One worker's clients under `--wire`: the steps of a client's work, and between them every message encoded, counted and decoded; a side works with
/// what it has decoded.
class WireCall {
 public:
  /// Before the clients of a phase, as ClientCall::begin.
  void begin(const PhasePlan& phase, GraphValues& values);
  struct Client {
    std::int64_t position = 0;
    std::uint64_t idHash = 0;
    /// May be null if the phase reads no data.
    const ClientColumns* columns = nullptr;
    char* accumulator = nullptr;
    /// The records of its stored state, as it is found and as it is left; null where there is none.
    const char* before = nullptr;
    char* after = nullptr;
  };
  /// As ClientCall::run.
  std::int64_t run(const Client& client, Team* team) noexcept;

 private:
  void receiveDown(std::uint64_t idHash) noexcept;
  std::int64_t call(std::size_t step, const Client& client, Team* team) noexcept;
  void send(const WireStepPlan& step, std::int64_t position) noexcept;
  /// Decodes the message at the other side: values into `received_`, collected ones in place.
  template <class Each>
  void deliver(bool isDown, const Each& each) noexcept;

  const PhasePlan* phase_ = nullptr;
  const WirePlan* plan_ = nullptr;
  GraphValues* values_ = nullptr;
  /// By value: as it was made, and as it was decoded.
  std::vector<Buffer> made_, received_;
  /// By step, its buffers; those of its own: carries, state, results not in place.
  std::vector<std::vector<void*>> buffers_;
  std::vector<std::vector<Buffer>> own_;
  WireBytes message_;
  std::int64_t down_ = 0, up_ = 0;
  Buffer arena_;
};

}  // namespace fedc::runtime
