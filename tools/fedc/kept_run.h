#pragma once

#include <memory>

#include "compiler/driver/pipeline.h"
#include "compiler/support/expected.h"
#include "runtime/process/run_directory.h"
#include "tools/fedc/command_line.h"

namespace fedc::cli {

/// What will run, as its directory records it. Errors: data that cannot be read.
Expected<runtime::RunRecord> recordOf(const CommandLine& line, const SourceManager& sources, const driver::ProgramFacts& facts,
                                      const runtime::RunOptions& options, const driver::Plugins* plugins);

/// A new directory for a run: the one that `--out` names; else `runs/NAME-N` beside the working directory; null with `--no-out`, or where no round
/// would be kept. Where only the default cannot be made, `warning` says why, and the run goes on without.
Expected<std::shared_ptr<runtime::RunDirectory>> newDirectory(const CommandLine& line, const runtime::RunOptions& options, runtime::RunRecord record,
                                                              std::string& warning);

/// What of a run has changed since it began: its program, its data; empty: nothing.
std::string changedSince(const runtime::RunRecord& before, const runtime::RunRecord& now);
/// Whether a run that goes on would be the same run.
Expected<void> isSameRun(const runtime::RunDirectory& going, const runtime::RunRecord& now);

}  // namespace fedc::cli
