#pragma once

#include <optional>
#include <vector>

#include "compiler/core/graph.h"
#include "compiler/core/ir.h"

namespace fedc::core {

/// Bytes of elements on the wire (docs/wire.md): bools are packed, eight to a byte. Of strings their lengths alone: how long their texts are is known
/// when they are sent.
std::int64_t wireBytes(Elem elem, std::int64_t elements);
/// Bytes of a leaf on the wire. An extent that is no number is sent before the leaf, 8 bytes each. This is the only place that says what crosses
/// weighs: the checker's hints, `fedc emit graph`, `fedc run`, `fedc cost`, budgets and the tests of `--wire` all ask here.
Dim wireBytes(const Type& type);
/// How many strings a leaf has, whose texts come on top.
Dim stringsOf(const Type& type);

/// Floating-point operations of one call, as a polynomial in the function's dim parameters: one for each element of a cheap operation (two for
/// fma and for each product of a contract), as many as its scalar program has for a transcendental one; integers, copies, sorting and random
/// bits count nothing. Of a cond the more expensive arm counts. Sums over batches `min(B, N - B*t)` are exact; other extents that change from
/// run to run of a loop count with their greatest value.
Dim flops(const Fn& fn);

/// An extent in the function's dim parameters: dims that are defined in the body are replaced by their definitions, those that are found at run time
/// (how many elements pass a filter) by the greatest value that they can have.
struct Resolved {
  Dim dim;
  /// The value, not a bound of it.
  bool isExact = true;
};
Resolved resolved(const Fn& fn, const Dim& dim);

/// What crosses between the server and one client, in bytes, over the dim parameters of the client function (its row count R).
struct Traffic {
  Dim down, up;
  /// Strings whose texts come on top.
  Dim downStrings, upStrings;
  /// False: the clients' data decides; the bytes are a bound.
  bool isExact = true;
  Traffic& operator+=(const Traffic& other);
};
/// In one exchange, and in one run of a graph.
Traffic trafficOf(const Program& program, const Graph& graph, const Phase& phase);
Traffic trafficOf(const Program& program, const Graph& graph);

/// One leaf of a message.
struct Crossing {
  bool isDown = false;
  std::string name;
  Type type;
  Resolved bytes;
  /// How many strings, whose texts come on top.
  Resolved strings;
  /// The intrinsic that makes it cross.
  Span span;
};
/// All leaves that cross in one exchange, in the order of the wire: what `trafficOf` adds up.
std::vector<Crossing> crossingsOf(const Program& program, const Graph& graph, const Phase& phase);

/// What one phase costs: bytes to and from each client (logical), operations of each client and of the server's steps.
struct PhaseCost {
  Traffic traffic;
  /// In the dims of the client function.
  Dim client;
  Dim merge, server;
};
PhaseCost costOf(const Program& program, const Graph& graph, const Phase& phase);

}  // namespace fedc::core
