#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/core/cost.h"
#include "compiler/core/graph.h"
#include "compiler/support/source.h"

namespace fedc::cli {

/// Something that a client, or the server, takes: bytes or operations, over the client function's dims (its row count R).
struct Quantity {
  Dim dim;
  /// The value, not a bound of it.
  bool isExact = true;
  /// The client function, whose dims these are; null: `dim` is a number.
  const core::Fn* fn = nullptr;
  /// Of bytes: how many strings there are, whose texts come on top.
  Dim strings;

  /// `3,136*R + 40`; what is a bound begins with `at most`.
  std::string text() const;
  /// The same in bytes: `40 B`, `12 B and the text of 3 strings`.
  std::string bytes() const;
  /// For a client of so many rows.
  std::int64_t at(std::int64_t rows) const;
};

struct ExchangeCost {
  std::vector<core::Crossing> crossings;
  Quantity down, up, flops;
  /// What a client holds while it works: its data, what it has received, kept and sends, and the scratch of its function.
  Quantity memory, scratch;
  Quantity merge, server;
  /// Round trips that selections take besides: keys up, slices down.
  std::size_t selections = 0;
};

struct EntryCost {
  std::string entry;
  std::vector<ExchangeCost> exchanges;
  /// Of all exchanges; memory: the greatest.
  Quantity down, up, flops, memory;
  /// At the server: before the first exchange, and in all with merging one client's update.
  Quantity server;
  /// Native functions that it calls, in the order of their names: what they compute nobody knows, and no operation of theirs is counted.
  std::vector<std::string> natives;
};

/// What each entry of a program takes. Memory is what the kernels' planner says, for this machine.
std::vector<EntryCost> costsOf(const core::Program& program);

/// A quantity over the clients of a federation.
struct Spread {
  std::int64_t least = 0, median = 0, greatest = 0, total = 0;
};
/// `rows`: of each client, at least one.
Spread spreadOf(const Quantity& quantity, const std::vector<std::int64_t>& rows);

/// What sending a large float update by one of the library's compressors would take.
struct Saving {
  /// As the library names it: `compress.drive`.
  std::string name;
  /// `1 bit a number`.
  std::string how;
  std::int64_t bytes = 0;
};
/// For so many floats in so many leaves.
std::vector<Saving> savings(std::int64_t floats, std::int64_t leaves);

}  // namespace fedc::cli
