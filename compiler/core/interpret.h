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

/// Sees what the interpreter does, in its order. What it is given lives for the call; copies of arrays share memory and may be kept.
class Watcher {
 public:
  virtual ~Watcher() = default;
  /// A statement that computes: every one but loops, branches, checks and traces. A literal operand is an array of rank 0.
  virtual void ran(const Stmt& stmt, std::span<const Array* const> operands, std::span<const Array* const> results) = 0;
  /// A `trace`; null if it names no value.
  virtual void traced(const Stmt& trace, const Array* value) = 0;
  /// A loop's body begins its run `index` (of `trips`), or an arm of a `cond` runs (index 0 of 1); and is over.
  virtual void enter(const Stmt& stmt, std::int64_t index, std::int64_t trips) = 0;
  virtual void leave(const Stmt& stmt) = 0;
  /// Control hands values on, all at once: carries, rows, results of loops and branches. `part`: `from[i]` is a row of what `to[i]` becomes.
  virtual void copied(std::span<const Var> to, std::span<const Atom> from, bool part) = 0;
};

/// The reference interpreter: runs a function plainly, statement by statement, with the bits that Core IR defines. `dimParams` are the values
/// of Fn::dimParams in order. Transform ops (vjp, vmap ..) are not interpreted: run it after `differentiate`.
/// `watcher` may be null; it changes nothing.
InterpretResult interpret(const Fn& fn, std::span<const std::int64_t> dimParams, std::span<const Array> params, Watcher* watcher = nullptr);

}  // namespace fedc::core
