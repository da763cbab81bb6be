#pragma once

#include <map>
#include <string_view>

#include "compiler/core/ir.h"

namespace fedc::transform {

struct SimplifyReport {
  /// How often each rule fired.
  std::map<std::string_view, int> fired;
  /// A rule that may change bits fired (docs/passes.md, "reassociates").
  bool reassociated = false;
};

/// Pass 7. In and out: Core IR without transforms. Rewrites to a fixed point over the rule tables in simplify/ (constants, identities, shapes,
/// products, linear), merges equal statements and removes dead ones. Rules are exact but for those marked `reassociates`, which move scales to
/// the smaller operand of linear ops, start sums at what they are added to and form fma: that is how `w - lr * xᵀg` becomes one product
/// that never stores the gradient.
void simplify(core::Module& module, core::Fn& fn);

/// The same, and says what it did; `exactOnly` leaves the rules out that reassociate.
SimplifyReport simplifyReported(core::Fn& fn, bool exactOnly = false);

}  // namespace fedc::transform
