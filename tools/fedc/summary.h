#pragma once

#include <string>

#include "runtime/process/run.h"

namespace fedc::cli {

/// The table at the end of a run of a process, a line for each: rounds, time, compile, data wait, last metrics, last evaluation, saved file, the
/// run's directory.
std::string summaryTable(const runtime::RunSummary& summary, int wantedRounds, const std::string& savedTo, const std::string& keptIn = {});

}  // namespace fedc::cli
