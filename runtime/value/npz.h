#pragma once

#include <string>
#include <vector>

#include "compiler/support/expected.h"
#include "runtime/value/named_array.h"

namespace fedc::runtime {

/// Writes arrays as NumPy's .npz: a zip archive without compression, one .npy (format 1.0, little-endian, C order) a leaf. A key is two u32
/// words in a last axis, as JAX shows it. The file appears whole or not at all. Errors: the file system's, an element type that NumPy does not
/// have (bf16, str), two leaves of one name, more than 4 GiB.
Expected<void> writeNpz(const std::string& path, const std::vector<NamedArray>& arrays);

/// Reads an .npz: stored or deflated entries, .npy formats 1 to 3, C or Fortran order. Checks sizes and check sums. Errors name file and leaf.
Expected<std::vector<NamedArray>> readNpz(const std::string& path);

}  // namespace fedc::runtime
