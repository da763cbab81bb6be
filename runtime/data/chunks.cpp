#include "runtime/data/chunks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace fedc::runtime {
namespace {

/// A decompressor's tables are 12 KB and are made once a thread: chunks are small.
class Inflater {
 public:
  Inflater() : decompressor_(libdeflate_alloc_decompressor()) {}
  ~Inflater() { libdeflate_free_decompressor(decompressor_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Whether `in` is a zlib stream (its check sum included) of exactly `size` bytes.
  bool run(const char* in, std::size_t packed, char* out, std::size_t size) {
    return decompressor_ != nullptr && libdeflate_zlib_decompress(decompressor_, in, packed, out, size, nullptr) == LIBDEFLATE_SUCCESS;
  }

 private:
  libdeflate_decompressor* decompressor_;
};

/// HDF5's shuffle filter: first bytes of all elements, then second bytes, ..; what does not fill an element is at the end as it is.
void unshuffle(const char* in, std::size_t size, std::size_t elementBytes, char* out) {
  const std::size_t count = size / elementBytes;
  for (std::size_t b = 0; b < elementBytes; ++b) {
    for (std::size_t i = 0; i < count; ++i) out[i * elementBytes + b] = in[b * count + i];
  }
  std::memcpy(out + count * elementBytes, in + count * elementBytes, size - count * elementBytes);
}

/// Copies the part of a chunk that lies inside the dataset.
void place(const ChunkedData& data, const RawChunk& chunk, const char* from, char* to) {
  const std::size_t rank = data.shape.size();
  std::vector<std::int64_t> extent(rank), index(rank, 0);
  for (std::size_t axis = 0; axis < rank; ++axis) {
    extent[axis] = std::min(data.chunk[axis], data.shape[axis] - chunk.origin[axis]);
    if (extent[axis] <= 0) return;
  }
  const std::size_t run = static_cast<std::size_t>(extent[rank - 1]) * data.elementBytes;
  while (true) {
    std::int64_t source = 0, target = 0;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      source = source * data.chunk[axis] + index[axis];
      target = target * data.shape[axis] + chunk.origin[axis] + index[axis];
    }
    std::memcpy(to + static_cast<std::size_t>(target) * data.elementBytes, from + static_cast<std::size_t>(source) * data.elementBytes, run);
    std::size_t axis = rank - 1;
    while (axis > 0 && ++index[axis - 1] == extent[axis - 1]) index[--axis] = 0;
    if (axis == 0) return;
  }
}

}  // namespace

Expected<void> decode(const ChunkedData& data, char* to) {
  thread_local Inflater inflater;
  thread_local std::vector<char> scratch[2];
  std::size_t size = data.elementBytes;
  for (const std::int64_t extent : data.chunk) size *= static_cast<std::size_t>(extent);
  for (const RawChunk& chunk : data.chunks) {
    const char* bytes = chunk.bytes.data();
    std::size_t count = chunk.bytes.size();
    int other = 0;
    for (std::size_t f = data.filters.size(); f-- > 0;) {
      if (chunk.skipped >> f & 1) continue;
      std::vector<char>& out = scratch[other];
      other = 1 - other;
      out.resize(size);
      if (data.filters[f] == ChunkFilter::Deflate) {
        if (!inflater.run(bytes, count, out.data(), size))
          return fail(fmt::format("the chunk at [{}] cannot be inflated", fmt::join(chunk.origin, ", ")));
      } else {
        if (count != size) return fail(fmt::format("the chunk at [{}] has the wrong size", fmt::join(chunk.origin, ", ")));
        unshuffle(bytes, size, data.elementBytes, out.data());
      }
      bytes = out.data();
      count = size;
    }
    if (count != size) return fail(fmt::format("the chunk at [{}] has the wrong size", fmt::join(chunk.origin, ", ")));
    place(data, chunk, bytes, to);
  }
  return {};
}

}  // namespace fedc::runtime
