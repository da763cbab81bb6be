#pragma once

#include <string>

#include "compiler/core/graph.h"
#include "compiler/driver/pipeline.h"
#include "compiler/support/expected.h"
#include "runtime/process/run.h"
#include "tools/fedc/command_line.h"

namespace fedc::cli {

/// What a run takes: the program's `run` block, then the flags, which win. Paths in the block are relative to the program's folder, paths in flags to
/// the working directory. Errors: a setting that does not exist, or whose value cannot be read.
Expected<runtime::RunOptions> runOptions(const RunFlags& flags, const driver::ProgramFacts& program, const std::string& programPath);

/// The arguments of `main` as values of their types. Errors: a name that `main` does not have, one that is missing, a value that does not fit.
Expected<void, runtime::RunError> giveArguments(const std::map<std::string, std::string>& texts, const core::Program& program,
                                                runtime::RunOptions& options);

}  // namespace fedc::cli
