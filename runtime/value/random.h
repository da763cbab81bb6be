#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace fedc::runtime {

/// Random keys and draws of the runtime itself (cohorts, keys of clients): JAX's Threefry-2x32 in its partitionable layout, bit for bit.
/// A key's first word is in the high half.
using Key = std::uint64_t;

/// jax.random.key(seed).
Key seedKey(std::uint64_t seed);
/// jax.random.fold_in(key, data).
Key foldIn(Key key, std::uint32_t data);
/// jax.random.permutation(key, n).
std::vector<std::uint32_t> permutation(Key key, std::uint32_t n);
/// Its first `count` entries, in time that goes by n but without sorting what is not among them: for 10 of a million a twentieth.
std::vector<std::uint32_t> permutationPrefix(Key key, std::uint32_t n, std::uint32_t count);

/// 64-bit FNV-1a of a client id.
std::uint64_t clientHash(std::string_view id);
/// A client's key: fold_in(fold_in(key, high word of the hash), low word).
Key clientKey(Key key, std::uint64_t hash);

}  // namespace fedc::runtime
