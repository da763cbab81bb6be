#pragma once

#include <map>
#include <string>

#include "tests/random/program.h"

namespace fedc::random {

/// What the whole pipeline made of a program.
struct Verdict {
  /// Empty: all agreed. Otherwise the stage that is wrong and what about it; equal kinds are likely one defect.
  std::string kind;
  /// For people: values, bits, places.
  std::string report;
  /// How the program ended: `ran`, `failed` (a check at run time), `refused` (a check that failed before the run).
  std::string outcome;
  /// How often stages were compared, and how: `same bits`, `rounded`, `not comparable`.
  std::map<std::string, int> compared;
};

/// What a program used, and how often: ops of Core IR, with the transform around them (`add`, `vjp add`, `jvp add`, `vmap add`), and builtins
/// (`builtin sum`).
using Usage = std::map<std::string, int>;

/// Compiles a program stage by stage and runs it after each one, by the interpreter and natively. `turn` chooses which of the rarer variants are
/// tried. `folder`: where its data may lie.
Verdict judge(const Program& program, std::uint64_t turn, const std::string& folder);

/// Only the way to Core IR after its last pass, for what a program uses.
Usage usage(const Program& program);

}  // namespace fedc::random
