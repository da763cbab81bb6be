#pragma once

#include <string>
#include <string_view>

#include "compiler/core/graph.h"
#include "compiler/core/ir.h"
#include "compiler/support/expected.h"

namespace fedc::core {

/// Prints in the syntax of docs/core-ir.md; `read(print(f))` prints the same.
std::string print(const Fn& fn);
std::string print(const Module& module);
/// The federated graph, for people: text, Graphviz DOT.
std::string printGraph(const Program& program, const Graph& graph);
std::string printDot(const Program& program, const Graph& graph);

/// Reads what `print(Module)` wrote. The error is a sentence with line and column.
Expected<Module, std::string> read(std::string_view text);

/// Checks a function against the nine rules of docs/core-ir.md. `ordered`: pass `order` has run; `transformed`: `differentiate` has run.
struct VerifyOptions {
  bool ordered = false;
  bool transformed = false;
};
/// Nothing if well formed, else the first violation, in words.
std::optional<std::string> verify(const Module& module, const Fn& fn, VerifyOptions options = {});

}  // namespace fedc::core
