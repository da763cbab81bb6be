#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "runtime/process/run.h"

namespace fedc::cli {

/// The numbers of a run, round by round, for its end: a table of some rounds, and a curve of each number.
class Course {
 public:
  void round(const runtime::RoundEvent& event) { add(event.round, "", event.metrics); }
  void eval(const runtime::EvalEvent& event) { add(event.round, "eval ", event.metrics); }

  /// Whether there are rounds to compare, and the table has this many columns besides the round's.
  bool hasTable() const { return rows_.size() > 1 && !columns_.empty(); }
  /// Rounds 1, 2, 5, 10, 20, 50, .., the first that there is, and the last; columns that do not fit are left out and named. Empty if there are less
  /// than two rounds.
  std::string table(std::size_t width) const;
  /// `loss  2.303 ▇▅▃▂▁ 0.312`: first, curve, last, for each number of the reports. `plain`: digits instead of blocks.
  std::string curves(bool plain) const;

 private:
  void add(int round, const char* prefix, const std::vector<runtime::NamedArray>& metrics);

  std::vector<std::string> columns_;
  /// By round; what has no number there is NaN or missing at the end.
  std::map<int, std::vector<double>> rows_;
};

/// A curve of at most `most` characters, each the mean of some of the values, from the least to the greatest. What is not finite shows as `x`.
std::string curveText(const std::vector<double>& values, std::size_t most, bool plain);

/// Whether the terminal's locale has characters besides ASCII.
bool hasBlocks();

}  // namespace fedc::cli
