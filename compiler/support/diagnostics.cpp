#include "compiler/support/diagnostics.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "compiler/support/text_width.h"

namespace fedc {
namespace {

constexpr CodeInfo kTable[] = {
#define FEDC_DIAGNOSTIC(code, severity, stage, name, title, explanation, wrong, right) \
  {Code::name, #code, Severity::severity, Stage::stage, #name, title, explanation, wrong, right},
#include "compiler/support/diagnostics.def"
#undef FEDC_DIAGNOSTIC
};

}  // namespace

std::span<const CodeInfo> codeTable() { return kTable; }

const CodeInfo& codeInfo(Code code) { return kTable[static_cast<std::size_t>(code)]; }

const CodeInfo* findCode(std::string_view number) {
  const auto same = [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; };
  for (const CodeInfo& row : kTable) {
    if (std::equal(number.begin(), number.end(), row.number.begin(), row.number.end(), same)) return &row;
  }
  return nullptr;
}

Fix Fix::insert(Span at, std::string text, std::string help) { return {std::move(help), {{at.start(), std::move(text)}}}; }

Fix Fix::replace(Span span, std::string text, std::string help) { return {std::move(help), {{span, std::move(text)}}}; }

Fix Fix::wrap(Span span, std::string before, std::string after, std::string help) {
  return {std::move(help), {{span.start(), std::move(before)}, {span.stop(), std::move(after)}}};
}

Fix Fix::remove(Span span, std::string help) { return {std::move(help), {{span, ""}}}; }

namespace {

/// What a message says at most; it may quote a name or a literal of any length.
constexpr std::size_t kMostText = 2000;

void clip(std::string& text) {
  if (text.size() <= kMostText) return;
  const std::size_t head = characterBegin(text, kMostText / 2), tail = characterBegin(text, text.size() - kMostText / 2);
  text = text.substr(0, head) + " … " + text.substr(tail);
}

}  // namespace

void DiagnosticSink::report(Diagnostic diagnostic) {
  if (!seen_.emplace(diagnostic.code, diagnostic.primary).second) return;
  const bool isError = codeInfo(diagnostic.code).severity == Severity::Error;
  std::size_t& count = isError ? errorCount_ : warningCount_;
  if (++count > limit_) {
    ++suppressedCount_;
    return;
  }
  clip(diagnostic.message);
  clip(diagnostic.primaryLabel);
  for (Label& label : diagnostic.labels) clip(label.text);
  for (std::string& note : diagnostic.notes) clip(note);
  if (diagnostic.fix) clip(diagnostic.fix->help);
  diagnostics_.push_back(std::move(diagnostic));
}

std::vector<Diagnostic> DiagnosticSink::sorted() const {
  std::vector<Diagnostic> result = diagnostics_;
  std::stable_sort(result.begin(), result.end(), [](const Diagnostic& a, const Diagnostic& b) { return a.primary < b.primary; });
  return result;
}

}  // namespace fedc
