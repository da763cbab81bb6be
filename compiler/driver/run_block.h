#pragma once

#include <string>

#include "compiler/driver/pipeline.h"
#include "compiler/support/expected.h"
#include "runtime/process/run.h"

namespace fedc::driver {

/// What a program says of its runs: its `run` block, its run-time `param`s. Paths are relative to the folder of `programPath`. Errors: a setting that
/// does not exist, or whose value cannot be read.
Expected<runtime::RunOptions> runBlockOptions(const ProgramFacts& program, const std::string& programPath);

}  // namespace fedc::driver
