#pragma once

#include "compiler/core/graph.h"
#include "compiler/core/ir.h"

namespace fedc::core {

/// Bytes of a value: its elements times their size, without padding.
Dim bytesOf(const Type& type);

/// Floating-point operations of one call, as a polynomial in the function's dim parameters: one for each element of a cheap operation (two for
/// fma and for each product of a contract), as many as its scalar program has for a transcendental one; integers, copies, sorting and random
/// bits count nothing. Of a cond the more expensive arm counts. Sums over batches `min(B, N - B*t)` are exact; other extents that change from
/// run to run of a loop count with their greatest value.
Dim flops(const Fn& fn);

/// What crosses between the server and each client in one run of a graph.
struct Traffic {
  Dim down, up;
};
Traffic trafficOf(const Graph& graph);

/// What one phase costs: bytes to and from each client (logical), operations of each client and of the server's steps.
struct PhaseCost {
  Dim bytesDown, bytesUp;
  /// In the dims of the client function.
  Dim client;
  Dim merge, server;
};
PhaseCost costOf(const Program& program, const Graph& graph, const Phase& phase);

}  // namespace fedc::core
