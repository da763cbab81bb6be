#pragma once

#include <span>
#include <string_view>

#include "compiler/support/diagnostics.h"

namespace fedc {

/// How another system meets the mistake of a code.
struct Elsewhere {
  Code code;
  /// `TensorFlow Federated`
  std::string_view system;
  std::string_view text;
};

/// The rows of `diagnostics/elsewhere.def`.
std::span<const Elsewhere> elsewhereTable();

}  // namespace fedc
