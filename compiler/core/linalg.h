#pragma once

#include <cstdint>

#include "compiler/core/type.h"

namespace fedc::core {

/// X with A X = B by Cholesky's factorisation of A's lower half: A is [n, n], B and X are [n, m], row-major, f32 or f64. If A is not positive
/// definite every element of X is NaN. `scratch`: n * n elements, for the factor. Eigen takes more memory of its own only for blocks beyond 128 KiB.
void choleskySolve(Elem elem, std::int64_t n, std::int64_t m, const void* a, const void* b, void* x, void* scratch);

}  // namespace fedc::core
