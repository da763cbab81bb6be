#include "embed/failures.h"

#include "compiler/driver/run_diagnostic.h"
#include "compiler/support/render.h"

namespace fedc {

std::string Failure::text() const {
  std::string all;
  for (const Problem& problem : problems) all += (all.empty() ? "" : "\n") + problem.text;
  return all;
}

Failure Failure::of(std::string message) { return embed::failure(Kind::Usage, std::move(message)); }

namespace embed {

namespace {

Problem problem(const Diagnostic& diagnostic, const SourceManager& sources) {
  const CodeInfo& info = codeInfo(diagnostic.code);
  Problem out;
  out.isError = info.severity == Severity::Error;
  out.code = info.number;
  out.message = diagnostic.message;
  if (sources.has(diagnostic.primary.file)) {
    const SourceFile& file = sources.file(diagnostic.primary.file);
    const LineColumn begin = file.lineColumn(diagnostic.primary.begin), end = file.lineColumn(diagnostic.primary.end);
    out.file = file.path();
    out.line = begin.line;
    out.column = begin.column;
    out.endLine = end.line;
    out.endColumn = end.column;
  }
  out.text = renderText(diagnostic, sources);
  return out;
}

}  // namespace

std::vector<Problem> problems(const DiagnosticSink& sink, const SourceManager& sources, Severity wanted) {
  std::vector<Problem> found;
  for (const Diagnostic& diagnostic : sink.sorted()) {
    if (codeInfo(diagnostic.code).severity == wanted) found.push_back(problem(diagnostic, sources));
  }
  return found;
}

Failure compileFailure(const DiagnosticSink& sink, const SourceManager& sources) {
  Failure failure;
  failure.kind = Failure::Kind::Compile;
  failure.problems = problems(sink, sources, Severity::Error);
  return failure;
}

Failure failure(Failure::Kind kind, std::string message) {
  Problem problem;
  problem.text = "error: " + message + "\n";
  problem.message = std::move(message);
  Failure failure;
  failure.kind = kind;
  failure.problems.push_back(std::move(problem));
  return failure;
}

Failure runFailure(runtime::RunError error, const core::Module& module, const SourceManager& sources) {
  Failure failure;
  failure.kind = error.kind == runtime::RunError::Kind::Option ? Failure::Kind::Usage : Failure::Kind::Run;
  if (error.kind == runtime::RunError::Kind::Option) error.help.clear();
  failure.client = error.client;
  failure.round = error.round;
  failure.problems.push_back(problem(driver::runDiagnostic(error, module), sources));
  return failure;
}

}  // namespace embed
}  // namespace fedc
