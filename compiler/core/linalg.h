#pragma once

#include <cstdint>

#include "compiler/core/type.h"

namespace fedc::core {

/// X with A X = B by Cholesky's factorisation of A's lower half: A is [n, n], B and X are [n, m], row-major, f32 or f64. If A is not positive
/// definite every element of X is NaN.
void choleskySolve(Elem elem, std::int64_t n, std::int64_t m, const void* a, const void* b, void* x);

}  // namespace fedc::core
