#pragma once

#include <string>
#include <vector>

#include "compiler/core/array.h"
#include "compiler/core/type.h"
#include "compiler/support/expected.h"
#include "include/fedc/fedc.h"
#include "runtime/value/named_array.h"

/// Values of the interface and of the runtime, which share their memory. Keys are pairs of words outside.
namespace fedc::embed {

/// `f32[28, 28]`
std::string describe(ElementType element, const std::vector<std::int64_t>& shape);
std::string describe(const Leaf& leaf);

/// Of a value of this type; -1 for extents that are no constants.
Expected<Leaf> leafOf(std::string name, const core::Type& type);

/// Whether an array is one: extents not negative, data where there are elements, aligned. The text follows a name.
Expected<void> checkArray(const Array& array);
/// A bool is 0 or 1, a string is one of the process's.
Expected<void> checkElements(const Array& array);

Expected<NamedArrays> toPublic(const std::vector<runtime::NamedArray>& arrays);
/// The array as one of `type`, by reference. Errors: another type, no array. The text follows a name.
Expected<core::Array> toCore(const Array& array, const core::Type& type);
/// Of no particular type: keys stay words.
core::Array toCore(const Array& array);

}  // namespace fedc::embed
