#pragma once

#include <set>
#include <span>
#include <vector>

#include "compiler/transform/rewrite.h"

namespace fedc::transform {

/// How the reverse of a block gets the values of the block that it needs.
struct Recompute {
  /// Expensive results: kept by the forward block (a stack of a loop, a further result of a branch).
  std::vector<core::Var> saved;
  /// Names from outside the statements: parameters of the block, captures.
  std::vector<core::Var> outside;
  /// Which statements are computed again in the reverse block, by position.
  std::vector<bool> again;
};

/// Splits what `backward` uses of `forward`: results of transcendental and heavy ops are saved unless their type mentions a dimension that is
/// born in the block (`born`: the loop's index; others are found), so that stacks are rectangular; the cheap rest is computed again.
Recompute splitForReverse(const core::Fn& fn, const std::vector<core::Stmt>& forward, const std::vector<core::Stmt>& backward,
                          std::span<const core::Atom> yields, std::set<Dim::Variable> born);

/// The statements of the reverse block: fresh copies of those computed again, then `backward` with everything renamed. `renamed` comes with the
/// names of what was saved and leaves with all names.
std::vector<core::Stmt> assembleReverse(core::Fn& fn, const std::vector<core::Stmt>& forward, const Recompute& split,
                                        std::vector<core::Stmt> backward, Substitution& renamed);

}  // namespace fedc::transform
