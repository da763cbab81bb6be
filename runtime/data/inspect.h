#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/data/client_source.h"

namespace fedc::runtime {

/// What a federation has under one name.
struct FeatureInfo {
  std::string name;
  /// As Fed declares it (`f32[28, 28]`); or, if fedc does not read it, in words.
  std::string type;
  bool isReadable = false;
  /// The first client that lacks it, or has it otherwise, than the first client that has it.
  std::optional<std::string> exception;
  /// Of whole numbers, one a row, with few different values: how often each occurs, at the first `counted` clients.
  std::map<std::int64_t, std::int64_t> counts;
};

struct FederationInfo {
  std::size_t clients = 0;
  std::string firstId, lastId;
  /// Of each client, in the order of their ids; -1: its features differ in length, or it has none.
  std::vector<std::int64_t> rows;
  std::vector<FeatureInfo> features;
  /// Clients whose labels were counted.
  std::size_t counted = 0;
};

/// Reads the description of a federation: all metadata, and the features that may be labels (of data that is generated, those of the first thousand
/// clients). Errors: as openData.
Expected<FederationInfo, DataError> inspectFederation(const std::string& data);

}  // namespace fedc::runtime
