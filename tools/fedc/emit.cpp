#include <fmt/format.h>

#include "compiler/check/check.h"
#include "compiler/core/text.h"
#include "compiler/driver/compile.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/print.h"
#include "tools/fedc/commands.h"
#include "tools/fedc/graph_svg.h"

namespace fedc::cli {

namespace {

bool write(const std::string& text) { return writeOut(text.ends_with('\n') ? text : text + "\n"); }

/// The syntax tree needs no checker: it is printed for programs with other errors, too.
int emitTree(const CommandLine& line, const Console& console) {
  SourceManager sources;
  DiagnosticSink sink;
  auto file = sources.load(line.files.front());
  if (!file) return console.report(file.error()), kFailure;
  const auto module = syntax::parse(**file, sink);
  console.report(sink, sources);
  if (sink.hasErrors()) return kFailure;
  return write(syntax::print(*module)) ? kSuccess : kFailure;
}

std::string graphs(const core::Program& program, GraphFormat format) {
  if (format == GraphFormat::Svg) return graphSvg(program);
  std::string text;
  for (const core::Graph& graph : program.graphs) {
    if (!text.empty()) text += "\n";
    text += format == GraphFormat::Dot ? core::printDot(program, graph) : core::printGraph(program, graph);
  }
  return text;
}

}  // namespace

int emitCommand(const CommandLine& line, const Console& console) {
  if (!knowsPass(line, console)) return kWrongUsage;
  if (line.format != GraphFormat::Text && line.stage != "graph") {
    console.report(Error{"--format is for the graph: `fedc emit graph --format=svg FILE`"});
    return kWrongUsage;
  }
  if (line.stage == "ast") return emitTree(line, console);

  driver::Compilation compilation;
  const driver::CompileOptions options = compileOptions(line, stdout);
  const bool onlyCheck = line.stage == "typed";
  if (!compileFile(compilation, line.files.front(), options, onlyCheck, console)) return kFailure;
  std::string text;
  if (line.stage == "typed") {
    text = check::print(*compilation.typed);
  } else if (line.stage == "core") {
    text = core::print(compilation.program->module);
  } else if (line.stage == "graph") {
    text = graphs(*compilation.program, line.format);
  } else {
    const auto stage = line.stage == "kernel" ? driver::NativeStage::Kernel
                       : line.stage == "llvm" ? driver::NativeStage::Llvm
                                              : driver::NativeStage::Assembly;
    auto emitted = driver::emitNative(compilation, options, stage);
    if (!emitted) return console.report(emitted.error()), kFailure;
    text = std::move(*emitted);
  }
  return write(text) ? kSuccess : kFailure;
}

}  // namespace fedc::cli
