#pragma once

#include <string>

#include "compiler/support/diagnostics.h"

namespace fedc {

struct RenderOptions {
  /// ANSI colours; the command line decides (terminal, `NO_COLOR`).
  bool colors = false;
};

/// A diagnostic as text in the manner of rustc: header, excerpt with gutter, labels, notes, help with inserted text. Ends in a newline.
std::string renderText(const Diagnostic& diagnostic, const SourceManager& sources, RenderOptions options = {});

/// All diagnostics of a sink in the order of their places with an empty line between, and how many were suppressed by the limit.
std::string renderText(const DiagnosticSink& sink, const SourceManager& sources, RenderOptions options = {});

/// One JSON object on one line, ends in a newline: `code severity title message file line column end_line end_column begin end label
/// labels notes fix`. Lines and columns from 1, columns in code points, `begin` and `end` in bytes.
std::string renderJson(const Diagnostic& diagnostic, const SourceManager& sources);

/// All diagnostics of a sink in the order of their places, a line each.
std::string renderJson(const DiagnosticSink& sink, const SourceManager& sources);

/// The explanation of a code for `fedc explain`: title, text, wrong and right program, how other systems meet it.
std::string renderExplanation(const CodeInfo& info);

}  // namespace fedc
