#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/data/client_source.h"

namespace fedc::runtime {

/// What a file says of one feature.
struct FeatureInfo {
  std::string name;
  /// As Fed declares it (`f32[28, 28]`); or, if fedc does not read it, in words.
  std::string type;
  bool isReadable = false;
  /// The first client that lacks it, or has it otherwise, than the first client that has it.
  std::optional<std::string> exception;
  /// Of whole numbers, one a row, with few different values: how often each occurs.
  std::map<std::int64_t, std::int64_t> counts;
};

struct FederationInfo {
  std::vector<std::string> ids;
  /// Of each client, in the order of `ids`; -1: its features differ in length, or it has none.
  std::vector<std::int64_t> rows;
  std::vector<FeatureInfo> features;
};

/// Reads the description of a federation: all metadata, and the features that may be labels. Errors: as openHdf5.
Expected<FederationInfo, DataError> inspectFederation(const std::string& path);

}  // namespace fedc::runtime
