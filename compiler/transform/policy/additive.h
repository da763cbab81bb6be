#pragma once

#include <optional>

#include "compiler/transform/policy/facts.h"

namespace fedc::transform::policy {

/// Whether `result` is the parameter `accumulator` plus, element by element, something that is not made of any accumulator. `facts` has `Held` for
/// all parameters that are accumulators. If not: where it is something else.
struct NotAdded {
  Span span;
};
std::optional<NotAdded> notAdded(const FnFacts& facts, const core::Atom& result, core::Var accumulator);

/// Whether `result` of a merge is left + right, element by element.
bool isPlainSum(const FnFacts& facts, const core::Atom& result, core::Var left, core::Var right);

}  // namespace fedc::transform::policy
