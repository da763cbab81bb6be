#pragma once

#include <cstdint>

#include "compiler/core/array.h"

namespace fedc::core {

/// The first of `count` elements at `data` that is an infinity or a NaN; -1: none (so for element types that are no floats).
std::int64_t firstNonFinite(Elem elem, const void* data, std::int64_t count);
inline std::int64_t firstNonFinite(const Array& array) { return firstNonFinite(array.elem(), array.data(), array.count()); }
inline bool isFinite(const Array& array) { return firstNonFinite(array) < 0; }
bool isFinite(Literal value);
bool isNan(Literal value);
/// Whether an element is a NaN.
bool hasNan(const Array& array);
/// -1: finite; 0: infinities alone; 1: NaNs.
int nonFiniteKind(const Array& array);

}  // namespace fedc::core
