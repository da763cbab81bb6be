#pragma once

#include <string>
#include <vector>

#include "compiler/core/graph.h"
#include "compiler/support/expected.h"
#include "runtime/value/layout.h"
#include "runtime/value/named_array.h"

namespace fedc::runtime {

/// Leaf names as a file shows them: without the components that all have in common (`m.w`, `m.b` -> `w`, `b`); each keeps its last one.
std::vector<std::string> fileNames(const std::vector<std::string>& leaves);

/// The state in an .npz: a leaf for each of `leaves`, of its type. Errors name what is missing, superfluous or of another type.
Expected<std::vector<Leaf>> loadState(const std::string& path, const std::vector<core::SlotInfo>& leaves);
/// The same of arrays that were read from `path`.
Expected<std::vector<Leaf>> stateOf(const std::vector<NamedArray>& arrays, const std::string& path, const std::vector<core::SlotInfo>& leaves);

}  // namespace fedc::runtime
