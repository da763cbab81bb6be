#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "compiler/driver/setting_values.h"
#include "compiler/support/expected.h"
#include "runtime/process/run.h"

namespace fedc::cli {

/// `name=value`, cut at the first `=`; the name must be a name of Fed, or a path of such and numbers (`model.w`, `0.b`).
Expected<std::pair<std::string, std::string>> parseAssignment(std::string_view text);

using driver::parseBytes;
using driver::parseCohortSize;
using driver::parseSeed;
using driver::parseWhole;

/// When checkpoints are written: `100` rounds, or `30s`.
Expected<runtime::CheckpointEvery> parseCheckpoints(std::string_view text);

}  // namespace fedc::cli
