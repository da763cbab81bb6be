#pragma once

#include <cstdint>
#include <span>

namespace fedc::core {

/// Standard normal numbers `first`, `first + 1` .. of a key: what Fed's `normal(k, [n])` gives there, bit for bit, but compiled for vectors instead
/// of run as a scalar program. Counters stay below 2^32.
void randomNormals(std::uint64_t key, std::uint64_t first, std::span<float> out);

}  // namespace fedc::core
