#pragma once

#include "compiler/driver/pipeline.h"
#include "runtime/process/run.h"
#include "tools/fedc/command_line.h"
#include "tools/fedc/console.h"

namespace fedc::cli {

/// Says where what is not finite was born, once it is known: a warning, and with `--json` a line. `directory`: the run's, may be empty. True if it
/// was found.
bool reportNonFinite(const runtime::NonFinite& event, const CommandLine& line, const driver::CompileOptions& compile, const std::string& directory,
                     const Console& console);

}  // namespace fedc::cli
