#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "compiler/core/array.h"
#include "compiler/core/ir.h"

namespace fedc::core {

struct InterpretResult {
  std::vector<Array> results;
  /// The lowest failing check site, if any check failed; the results are then meaningless but defined.
  std::optional<std::uint32_t> failedSite;
};

/// The reference interpreter: runs a function plainly, statement by statement, with the bits that Core IR defines. `dimParams` are the values
/// of Fn::dimParams in order. Transform ops (vjp, vmap ..) are not interpreted: run it after `differentiate`.
InterpretResult interpret(const Fn& fn, std::span<const std::int64_t> dimParams, std::span<const Array> params);

}  // namespace fedc::core
