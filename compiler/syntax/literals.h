#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/support/diagnostics.h"

namespace fedc::syntax {

/// The value of `42`, `0xff`, `0b1`, `0o7`, `1_000` at `span`; reports what is malformed or does not fit 64 bits.
std::optional<std::uint64_t> parseInt(std::string_view text, Span span, DiagnosticSink& sink);

struct FloatValue {
  double value;
  /// The digits without `_`.
  std::string text;
};

/// The value of `0.1`, `1e-8` at `span`: the nearest double. Reports what is malformed, or too large for an f64; what is too small
/// is rounded (to a subnormal or 0).
std::optional<FloatValue> parseFloat(std::string_view text, Span span, DiagnosticSink& sink);

/// The bytes of a string literal with its quotes at `span`: `\n \r \t \0 \\ \" \xHH \u{H…}` resolved. Reports other escapes; the
/// result leaves those out. A missing closing quote is accepted, it was reported before.
std::string parseString(std::string_view text, Span span, DiagnosticSink& sink);

}  // namespace fedc::syntax
