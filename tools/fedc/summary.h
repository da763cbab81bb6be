#pragma once

#include <optional>
#include <string>

#include "runtime/process/run.h"
#include "runtime/process/run_record.h"

namespace fedc::cli {

/// What the end of a run says besides its results.
struct Ending {
  int wantedRounds = 0;
  /// The round behind which it began: of a run that goes on.
  int begunAfter = 0;
  /// Bytes to and from each client of a round; nothing: no clients, or the data decides.
  std::optional<std::int64_t> down, up;
  std::string init, saved;
  /// The run's directory; empty: none.
  std::string kept;
  /// The numbers of the last round and evaluation stand above the table already.
  bool hasTable = false;
};

/// The table at the end of a run of a process, a line for each: rounds, where the time went, what each client receives and sends, last metrics, last
/// evaluation, files.
std::string summaryTable(const runtime::RunSummary& summary, const Ending& ending);

/// What `--wire` counted, a line for each exchange; empty without it.
std::string wireTable(const runtime::RunSummary& summary);

/// Three lines: the run before, how this one differs from it, and what that changed.
std::string comparisonTable(const runtime::RunOutcome& before, const runtime::RunOutcome& now);

}  // namespace fedc::cli
