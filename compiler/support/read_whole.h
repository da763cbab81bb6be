#pragma once

#include <string>

#include "compiler/support/expected.h"

namespace fedc {

/// A file's bytes. Errors: the file system's; a directory.
Expected<std::string> readWhole(const std::string& path);

}  // namespace fedc
