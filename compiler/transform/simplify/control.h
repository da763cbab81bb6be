#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "compiler/core/builder.h"

namespace fedc::transform {

struct ControlRewrite {
  /// Empty (null data) if nothing changed.
  std::string_view rule;
  /// Results and parameters that are something else now.
  std::vector<std::pair<core::Var, core::Atom>> names;
  /// The statement itself went (its body, if needed, was appended through the builder).
  bool gone = false;
};

/// One exact step on a loop or cond: a loop of 0 or 1 trips, a branch whose condition is known, a carry that never changes, the same array
/// read or emitted twice, a result that is the same in both arms. New statements go through `build`, before the statement.
ControlRewrite simplifyControl(core::Builder& build, core::Stmt& stmt);

/// Removes dimension variables whose extent is a constant. True if there was one.
bool foldDims(core::Fn& fn);

}  // namespace fedc::transform
