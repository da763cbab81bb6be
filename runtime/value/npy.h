#pragma once

#include <string>
#include <string_view>

#include "compiler/core/array.h"
#include "compiler/support/expected.h"

namespace fedc::runtime {

/// The bytes of a .npy file, format 1.0. Errors: bf16, str.
Expected<std::string> toNpy(const core::Array& array);
/// The array in a .npy file's bytes, formats 1 to 3.
Expected<core::Array> fromNpy(std::string_view bytes);

}  // namespace fedc::runtime
