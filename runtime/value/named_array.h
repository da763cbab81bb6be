#pragma once

#include <string>

#include "compiler/core/array.h"

namespace fedc::runtime {

/// A leaf of a result, of a state or of a saved file, with its path in the value (`loss`, `model.w`). Dense.
struct NamedArray {
  std::string name;
  core::Array value;
};

}  // namespace fedc::runtime
