#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compiler/support/diagnostics.h"
#include "compiler/support/expected.h"
#include "tools/fedc/command_line.h"

namespace fedc::cli {

/// What the process exits with.
inline constexpr int kSuccess = 0;
/// The program, its data or the machine is at fault.
inline constexpr int kFailure = 1;
inline constexpr int kWrongUsage = 2;
/// Ctrl-C: 128 + SIGINT.
inline constexpr int kInterrupted = 130;

/// Where errors go: to standard error, as text (coloured on a terminal) or as JSON, one object a line.
class Console {
 public:
  Console(ColorMode color, ErrorFormat format);

  void report(const DiagnosticSink& sink, const SourceManager& sources) const;
  void report(const Diagnostic& diagnostic, const SourceManager& sources) const;
  /// What has no code and no place.
  void report(const Error& error) const;
  /// What goes on all the same.
  void warn(const std::string& what) const;

 private:
  void write(const char* severity, const char* color, const std::string& message) const;

  bool colors_;
  ErrorFormat format_;
};

/// Writes everything and flushes: results are read by other programs while a run goes on. False if nobody reads any more, or the disk is full.
bool writeOut(std::string_view text);
/// Why something that was written to standard output is not there; nothing: all is.
std::optional<std::string> outputProblem();

}  // namespace fedc::cli
