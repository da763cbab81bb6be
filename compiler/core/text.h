#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/core/graph.h"
#include "compiler/core/ir.h"
#include "compiler/support/expected.h"

namespace fedc::core {

/// Prints in the syntax of docs/core-ir.md; `read(print(f))` prints the same.
std::string print(const Fn& fn);
std::string print(const Module& module);
/// One statement as `print(fn)` writes it (with its regions), for messages.
std::string print(const Fn& fn, const Stmt& stmt);
/// `f32[n, 10]`, `20*s + 1`, `1.5f32`.
std::string print(const Fn& fn, const Type& type);
std::string print(const Fn& fn, const Dim& dim);
/// The same with its numbers' digits in groups: `31,400*R + 8`.
std::string costText(const Fn& fn, const Dim& dim);
std::string print(Literal literal);
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
/// All functions of a module.
std::optional<std::string> verify(const Module& module, VerifyOptions options = {});

/// A key that more than one of split, permutation, random_bits uses: its name and the two statements' places, for a warning.
struct KeyReuse {
  std::string name;
  Span first, second;
};
std::vector<KeyReuse> keyReuses(const Fn& fn);

}  // namespace fedc::core
