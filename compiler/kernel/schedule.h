#pragma once

#include <cstdint>
#include <optional>

#include "compiler/kernel/loops.h"

namespace fedc::kernel {

/// What the templates need to know about the processor. None of it changes bits.
struct Machine {
  std::string name = "avx2";
  /// Registers that hold 16 f32 lanes (AVX-512: 32, AVX2: 8 pairs).
  int vectors = 8;
  /// Limit of accumulators of a product tile: rows times vectors.
  int maxTile = 6;
  int maxRows = 6;

  static Machine avx2();
  static Machine avx512();
};

struct ScheduleOptions {
  /// Draws every parameter of every template (tiles, lane axes where the meaning leaves a choice, loop order) from this seed. For tests.
  std::optional<std::uint64_t> randomSeed;
  /// Every nest by the template `serial`, one scalar at a time. For tests.
  bool serial = false;
  /// Nests of at least so many points (times terms, where they reduce) may be shared by several threads.
  std::int64_t leastSplit = kLeastSplit;

  /// Where waking a thread costs less than what it takes over.
  static constexpr std::int64_t kLeastSplit = std::int64_t{1} << 17;
};

/// Nests to loops, for a CPU: every nest becomes a function by one of the templates map, row, outer, dot, serial; equal functions are one.
/// Expects the kernel's buffers to have layouts and offsets (passes layout and plan).
LoopKernel schedule(const Kernel& kernel, const Machine& machine, const ScheduleOptions& options = {});

}  // namespace fedc::kernel
