#pragma once

#include <cstdint>
#include <string_view>

namespace fedc {

/// A 64-bit hash of bytes, the same on every machine; other seeds give other hashes, so that several texts are hashed by a chain. Not a
/// cryptographic one.
std::uint64_t hashOf(std::string_view bytes, std::uint64_t seed = 0);

}  // namespace fedc
