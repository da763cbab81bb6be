#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/support/source.h"

namespace fedc {

enum class Severity { Error, Warning };

/// The stage that finds a kind of error: how far a test must run the front end to see it.
enum class Stage {
  /// `syntax::parse`.
  Parse,
  /// Names, types, shapes, placements.
  Check,
  /// Specialisation and the passes on Core IR, before any data is read.
  Specialise,
  /// Found with data or files at hand (driver, runtime): has a test of its own, beside the code that finds it.
  Run,
};

/// Every kind of diagnostic; the rows are in `diagnostics.def`.
enum class Code : std::uint16_t {
#define FEDC_DIAGNOSTIC(code, severity, stage, name, title, explanation, wrong, right) name,
#include "compiler/support/diagnostics.def"
#undef FEDC_DIAGNOSTIC
};

/// A row of `diagnostics.def`.
struct CodeInfo {
  Code code;
  /// `E0207`.
  std::string_view number;
  Severity severity;
  Stage stage;
  /// The enumerator, `PlacementMismatch`.
  std::string_view name;
  std::string_view title;
  std::string_view explanation;
  /// A program (or several files, see `diagnostics.def`) that gives exactly this code, and the same put right, which gives none.
  std::string_view wrong;
  std::string_view right;
};

/// All rows in the order of the table; `codeTable()[i].code == Code(i)`.
std::span<const CodeInfo> codeTable();
/// The row of a code.
const CodeInfo& codeInfo(Code code);
/// The row of `E0207` or `e0207`, for `fedc explain`; null when there is none.
const CodeInfo* findCode(std::string_view number);

/// A place beside the primary one, with a text that says what it has to do with the error.
struct Label {
  Span span;
  std::string text;
};

/// One replacement of source text; an empty span inserts.
struct Edit {
  Span span;
  std::string replacement;
};

/// The one likely correction: shown as `help:` with the inserted text marked, and given to tools.
struct Fix {
  std::string help;
  std::vector<Edit> edits;

  static Fix insert(Span at, std::string text, std::string help);
  static Fix replace(Span span, std::string text, std::string help);
  /// `before` and `after` around the span: `m` becomes `federated_broadcast(m)`.
  static Fix wrap(Span span, std::string before, std::string after, std::string help);
  static Fix remove(Span span, std::string help);
};

/// One error or warning: structure first, text later. Texts start in lower case, have no full stop, put code in backticks and say
/// what was observed.
struct Diagnostic {
  Code code;
  Span primary;
  std::string message;
  /// Text at the primary span; may be empty (carets only).
  std::string primaryLabel;
  std::vector<Label> labels;
  std::vector<std::string> notes;
  std::optional<Fix> fix;

  Diagnostic(Code code, Span primary, std::string message) : code(code), primary(primary), message(std::move(message)) {}

  // For building in one expression: `Diagnostic(...).at("...").label(span, "...").note("...").help(Fix::insert(...))`.
  Diagnostic&& at(std::string text) && {
    primaryLabel = std::move(text);
    return std::move(*this);
  }
  Diagnostic&& label(Span span, std::string text) && {
    labels.push_back({span, std::move(text)});
    return std::move(*this);
  }
  Diagnostic&& note(std::string text) && {
    notes.push_back(std::move(text));
    return std::move(*this);
  }
  Diagnostic&& help(Fix likely) && {
    fix = std::move(likely);
    return std::move(*this);
  }
};

/// Collects diagnostics. The same code at the same span is kept once; after `limit` errors further ones are only counted.
class DiagnosticSink {
 public:
  explicit DiagnosticSink(std::size_t limit = 100) : limit_(limit) {}

  void report(Diagnostic diagnostic);
  bool hasErrors() const { return errorCount_ != 0; }
  /// Errors (warnings) reported, without repetitions, with those beyond the limit.
  std::size_t errorCount() const { return errorCount_; }
  std::size_t warningCount() const { return warningCount_; }
  /// What was reported beyond the limit and is not in `diagnostics()`.
  std::size_t suppressedCount() const { return suppressedCount_; }
  /// In the order of reporting.
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }
  /// The same sorted by file and place, stably: the order for users.
  std::vector<Diagnostic> sorted() const;

 private:
  std::size_t limit_;
  std::size_t errorCount_ = 0;
  std::size_t warningCount_ = 0;
  std::size_t suppressedCount_ = 0;
  std::vector<Diagnostic> diagnostics_;
  std::set<std::pair<Code, Span>> seen_;
};

}  // namespace fedc
