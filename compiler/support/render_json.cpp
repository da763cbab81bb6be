#include <nlohmann/json.hpp>

#include "compiler/support/render.h"

namespace fedc {
namespace {

using Json = nlohmann::ordered_json;

void addPlace(Json& object, Span span, const SourceManager& sources) {
  if (!sources.has(span.file)) {
    object["file"] = nullptr;
    return;
  }
  const SourceFile& file = sources.file(span.file);
  const LineColumn begin = file.lineColumn(span.begin);
  const LineColumn end = file.lineColumn(span.end);
  object["file"] = file.path();
  object["line"] = begin.line;
  object["column"] = begin.column;
  object["end_line"] = end.line;
  object["end_column"] = end.column;
  object["begin"] = span.begin;
  object["end"] = span.end;
}

}  // namespace

std::string renderJson(const Diagnostic& diagnostic, const SourceManager& sources) {
  const CodeInfo& info = codeInfo(diagnostic.code);
  Json object;
  object["code"] = info.number;
  object["severity"] = info.severity == Severity::Error ? "error" : "warning";
  object["title"] = info.title;
  object["message"] = diagnostic.message;
  addPlace(object, diagnostic.primary, sources);
  object["label"] = diagnostic.primaryLabel;
  object["labels"] = Json::array();
  for (const Label& label : diagnostic.labels) {
    Json entry;
    addPlace(entry, label.span, sources);
    entry["text"] = label.text;
    object["labels"].push_back(std::move(entry));
  }
  object["notes"] = diagnostic.notes;
  object["fix"] = nullptr;
  if (diagnostic.fix) {
    Json edits = Json::array();
    for (const Edit& edit : diagnostic.fix->edits) {
      Json entry;
      addPlace(entry, edit.span, sources);
      entry["replacement"] = edit.replacement;
      edits.push_back(std::move(entry));
    }
    object["fix"] = Json{{"help", diagnostic.fix->help}, {"edits", std::move(edits)}};
  }
  // A message may quote source bytes that are no UTF-8.
  return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string renderJson(const DiagnosticSink& sink, const SourceManager& sources) {
  std::string result;
  for (const Diagnostic& diagnostic : sink.sorted()) result += renderJson(diagnostic, sources);
  return result;
}

}  // namespace fedc
