#pragma once

#include <string>

#include "runtime/process/run.h"

namespace fedc::cli {

/// The table at the end of a run of a process, a line for each: rounds, time, compile, data wait, last metrics, last evaluation, saved file.
std::string summaryTable(const runtime::RunSummary& summary, int wantedRounds, const std::string& savedTo);

}  // namespace fedc::cli
