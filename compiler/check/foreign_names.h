#pragma once

#include <span>
#include <string_view>

namespace fedc::check {

/// A name of TensorFlow Federated, NumPy or JAX, and how Fed says it.
struct ForeignName {
  std::string_view name;
  std::string_view note;
  /// What may stand in its place as it is; empty if more has to change.
  std::string_view replacement;
};

/// All of them; a test walks them.
std::span<const ForeignName> foreignNames();

/// Null if it is no such name.
const ForeignName* foreignName(std::string_view name);

}  // namespace fedc::check
