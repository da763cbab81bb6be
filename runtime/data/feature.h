#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/core/graph.h"
#include "compiler/support/expected.h"
#include "runtime/data/client_source.h"

namespace fedc::runtime {

/// Type of one entry of a feature: what a row holds.
struct FeatureType {
  core::Elem elem = core::Elem::F32;
  std::vector<std::int64_t> dims;
  friend bool operator==(const FeatureType&, const FeatureType&) = default;
  /// The largest number, where no number holds it.
  std::int64_t bytes() const;
};

/// As the language writes it: `f32[28, 28]`.
std::string describe(const FeatureType& type);
/// The type that a column declares. Errors: keys, extents that are not constant.
Expected<FeatureType, DataError> featureType(const core::Column& column);
/// "feature `x` is .. in the file, .. in the program", with both ways out.
DataError typeMismatch(const core::Column& column, const FeatureType& declared, const std::string& found, const std::string& client);

}  // namespace fedc::runtime
