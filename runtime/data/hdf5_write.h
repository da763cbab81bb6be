#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "compiler/support/expected.h"

namespace fedc::runtime {

/// A feature of one client: `width` values a row, row by row; a width of 0 is one scalar a row.
struct WrittenColumn {
  std::string name;
  std::size_t width = 0;
  std::variant<std::vector<float>, std::vector<std::int32_t>> values;
};

struct WrittenClient {
  std::string id;
  std::vector<WrittenColumn> columns;
};

/// Writes a small federation as HDF5 in TensorFlow Federated's layout (docs/data.md), contiguous; the same clients give the same bytes.
/// Errors: the file system's.
Expected<void> writeFederation(const std::string& path, const std::vector<WrittenClient>& clients);

}  // namespace fedc::runtime
