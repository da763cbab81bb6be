#pragma once

#include <string>
#include <string_view>

#include "compiler/support/expected.h"

namespace fedc::runtime {

/// Writes a file that appears whole or not at all: beside its place, then renamed. A symbolic link stays one: its target is written. Errors: the file
/// system's, and what is there is no file (a device, a pipe, a folder); what was there before stays.
Expected<void> writeWhole(const std::string& path, std::string_view content);

/// What of that is known before there is something to write.
Expected<void> mayWriteWhole(const std::string& path);

}  // namespace fedc::runtime
