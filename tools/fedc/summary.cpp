#include "tools/fedc/summary.h"

#include <fmt/format.h>

#include "tools/fedc/number_text.h"

namespace fedc::cli {

std::string summaryTable(const runtime::RunSummary& s, int wantedRounds, const std::string& savedTo, const std::string& keptIn) {
  std::string text;
  const auto row = [&](const char* name, const std::string& value) { text += fmt::format("{:<10} {}\n", name, value); };
  row("rounds", s.interrupted ? fmt::format("{} of {} (interrupted)", s.rounds, wantedRounds) : std::to_string(s.rounds));
  if (s.rounds > 1) {
    row("time", fmt::format("{} in all, {} a round (median), {} the first", durationText(s.totalSeconds), durationText(s.roundSeconds),
                            durationText(s.firstRoundSeconds)));
  } else {
    row("time", durationText(s.totalSeconds));
  }
  row("compile", durationText(s.compileSeconds));
  row("data wait",
      fmt::format("{} (cold {}, warm {})", durationText(s.dataWait.total()), durationText(s.dataWait.cold), durationText(s.dataWait.warm)));
  if (!s.metrics.empty()) row("metrics", metricsText(s.metrics, false));
  if (!s.eval.empty()) row("eval", metricsText(s.eval, false));
  if (!savedTo.empty()) row("saved", savedTo);
  if (!keptIn.empty()) row("kept", keptIn);
  return text;
}

}  // namespace fedc::cli
