#pragma once

#include <cstdint>
#include <vector>

#include "runtime/graph/function_call.h"
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
  /// As ClientCall::run.
  std::int64_t run(const ClientAt& client, Team* team) noexcept;

 private:
  /// Room for values whose size this client's data decides.
  void grow(const ClientAt& client) noexcept;
  /// A value with its run-time extents before it.
  void encode(std::size_t value);
  void decode(std::size_t value, WireReader& reader) noexcept;
  /// The layout with what is said of its extent in `memory`.
  LeafLayout layoutOf(std::size_t value, const std::vector<Buffer>& memory) const;
  void receiveDown(std::uint64_t idHash) noexcept;
  void send(const PiecePlan& step, std::int64_t position) noexcept;
  /// Decodes the message at the other side: values into `received_`, collected ones in place.
  template <class Each>
  void deliver(bool isDown, const Each& each) noexcept;

  const PhasePlan* phase_ = nullptr;
  const WirePlan* plan_ = nullptr;
  GraphValues* values_ = nullptr;
  /// By value: as it was made, and as it was decoded.
  std::vector<Buffer> made_, received_;
  /// By value: the most rows that it can have for this client.
  std::vector<std::int64_t> most_;
  std::vector<FunctionCall> calls_;
  WireBytes message_;
  std::int64_t down_ = 0, up_ = 0;
  Buffer arena_;
};

}  // namespace fedc::runtime
