#pragma once

#include <string>
#include <string_view>

#include "compiler/support/expected.h"

namespace fedc::runtime {

/// Writes a file that appears whole or not at all: beside its place, then renamed. Errors: the file system's; what was there before stays.
Expected<void> writeWhole(const std::string& path, std::string_view content);

}  // namespace fedc::runtime
