#pragma once

#include <vector>

#include "compiler/core/array.h"
#include "compiler/core/graph.h"
#include "runtime/graph/executable.h"

namespace fedc::runtime {

/// A call of a function of a graph.
struct GraphCall {
  enum class Role { First, Zero, Client, Merge, Server };
  Role role = Role::First;
  /// From 1; 0 before the first exchange.
  int exchange = 0;
  /// Client: its position in the cohort.
  std::int64_t position = -1;
  /// Index into the module's functions.
  int fn = -1;
};

/// Hears of the calls of a graph's run: of the buffers before a call, and after it.
class CallWatch {
 public:
  virtual ~CallWatch() = default;
  virtual void before(const GraphCall& call, const Signature& signature, const CallArgs& args) noexcept = 0;
  virtual void after(const GraphCall& call, const Signature& signature, const CallArgs& args) noexcept = 0;
};

/// The same program, whose functions of one entry tell `watch`; for one run by the serial executor, which calls clients in the order of the cohort.
/// Its clients work in one piece, also if the program was compiled for `--wire`.
Executable watched(const Executable& executable, const std::string& entry, CallWatch& watch);

/// What a function is given, parameter by parameter, dense: a copy. `fn` has the types, `args` is as the function with this signature gets it.
core::Array argumentOf(const core::Fn& fn, const Signature& signature, const CallArgs& args, std::size_t param);
/// What it has made, after the call.
core::Array resultOf(const core::Fn& fn, const Signature& signature, const CallArgs& args, std::size_t result);
/// The values of its dimension parameters.
std::vector<std::int64_t> dimsOf(const Signature& signature, const CallArgs& args);

}  // namespace fedc::runtime
