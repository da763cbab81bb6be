#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/support/expected.h"

namespace fedc::runtime {

/// A chunk of a dataset as it lies in the file.
struct RawChunk {
  /// Where its first entry belongs.
  std::vector<std::int64_t> origin;
  std::vector<char> bytes;
  /// Bit i: filter i of the pipeline was not applied.
  std::uint32_t skipped = 0;
};

enum class ChunkFilter : std::uint8_t { Deflate, Shuffle };

/// A chunked dataset, read but not decoded.
struct ChunkedData {
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> chunk;
  std::size_t elementBytes = 4;
  /// In the order in which they were applied.
  std::vector<ChunkFilter> filters;
  std::vector<RawChunk> chunks;
};

/// Undoes the filters of every chunk and puts it in its place in `to` (dense, row-major, of the dataset's shape). Touches no HDF5. An error says
/// which chunk is damaged.
Expected<void> decode(const ChunkedData& data, char* to);

}  // namespace fedc::runtime
