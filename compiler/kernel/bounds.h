#pragma once

#include <map>
#include <optional>
#include <vector>

#include "compiler/kernel/ir.h"

namespace fedc::kernel {

/// What is known about the integers in scope at some place of a kernel, and proofs from it that an extent is never negative. All integers are
/// at least zero. Incomplete, never wrong.
class Facts {
 public:
  /// 0 <= var < extent, and the extent is at least one (where var exists).
  void addRange(Int var, const Dim& extent);
  /// var = value, or 0 <= var <= value.
  void addLet(Int var, const Dim& value, bool exact);
  void addAxes(const std::vector<Axis>& axes);

  /// True only if `dim` >= 0 for all values.
  bool nonNegative(const Dim& dim) const;
  /// 0 <= index < extent.
  bool within(const Dim& index, const Dim& extent) const { return nonNegative(index) && nonNegative(extent - index - Dim(1)); }

 private:
  struct Range {
    /// Inclusive.
    Dim most;
    bool exact = false;
    /// Later ones may depend on earlier ones, so they are eliminated first.
    int number = 0;
  };
  bool prove(const Dim& dim, int depth) const;
  bool proveStep(const Dim& dim, int depth) const;
  bool atomNonNegative(const Dim::Atom& atom, int depth) const;

  std::map<Int, Range> ranges_;
  /// Known to be at least zero.
  std::vector<Dim> assumed_;
  /// Steps left of the current proof.
  mutable int budget_ = 0;
};

}  // namespace fedc::kernel
