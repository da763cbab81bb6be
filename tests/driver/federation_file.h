#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "compiler/core/graph.h"

namespace fedc::tests {

/// Writes an HDF5 file in TensorFlow Federated's layout from `{"client": {"feature": [rows]}}`; the element types are those that the columns declare,
/// a feature that no column names is written as f64. Floats may be "nan", "inf", "-inf". Throws std::runtime_error for what does not fit.
void writeFederation(const std::string& path, const nlohmann::ordered_json& clients, const std::vector<core::Column>& columns);

}  // namespace fedc::tests
