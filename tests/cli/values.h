#pragma once

#include <string>
#include <vector>

#include "runtime/value/named_array.h"

namespace fedc::tests {

/// A leaf of the given elements.
inline runtime::NamedArray leaf(std::string name, core::Elem elem, std::vector<std::int64_t> shape, const std::vector<double>& values) {
  core::Array array(elem, std::move(shape));
  for (std::size_t i = 0; i < values.size(); ++i) {
    array.set(static_cast<std::int64_t>(i),
              core::isFloat(elem) ? core::Literal::ofDouble(elem, values[i]) : core::Literal::ofInt(elem, static_cast<std::int64_t>(values[i])));
  }
  return {std::move(name), array};
}

inline runtime::NamedArray number(std::string name, double value) { return leaf(std::move(name), core::Elem::F32, {}, {value}); }

}  // namespace fedc::tests
