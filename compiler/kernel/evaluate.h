#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/core/array.h"
#include "compiler/core/ir.h"
#include "compiler/kernel/ir.h"

namespace fedc::kernel {

struct Evaluation {
  /// The function's results in order.
  std::vector<core::Array> results;
  /// The lowest failing check site.
  std::optional<std::uint32_t> failedSite;
  /// The first access outside of its buffer, byte written outside of an argument or the arena, or padding that is not zero; empty if none.
  std::string violation;
};

/// Runs a kernel in the nests form point by point, over real memory: reductions in their declared orders, scalars as the interpreter computes
/// them. Slow; the oracle of the passes from bufferise to plan, and of code generation. After `plan`, all arena buffers lie in one arena at
/// their offsets; before, each has its own memory. Whatever no one may read is filled with 0xff (NaN), and padding is checked after every nest.
/// `fn` is the function that the kernel was made of.
Evaluation evaluate(const Kernel& kernel, const core::Fn& fn, std::span<const std::int64_t> dims, std::span<const core::Array> params);

}  // namespace fedc::kernel
