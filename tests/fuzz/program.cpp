// The text of a program through the whole front end and middle: parser, checker, specialisation, every pass on Core IR, with the standard library at
// hand. What is reported is rendered, what is accepted printed.
// links: fedc_driver
#include <filesystem>
#include <map>
#include <memory>

#include "compiler/check/check.h"
#include "compiler/driver/pipeline.h"
#include "compiler/support/render.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/print.h"
#include "tests/fuzz/support/files.h"
#include "tests/fuzz/support/require.h"

namespace fedc::fuzz {

bool program(std::string_view input);

namespace {

/// A module of the standard library, parsed when it stood alone as file `id`.
struct LibraryModule {
  FileId id;
  std::string text;
  std::shared_ptr<const syntax::ast::Module> tree;
};

/// The standard library by module name, read and parsed once: parsing it takes longer than what is tried here.
const std::map<std::string, LibraryModule>& library() {
  static const auto* const modules = [] {
    auto* out = new std::map<std::string, LibraryModule>;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::filesystem::path(FEDC_SOURCE_DIR) / "stdlib")) {
      if (entry.path().extension() == ".fed") (*out)[entry.path().stem().string()].text = readFile(entry.path());
    }
    SourceManager sources;
    DiagnosticSink sink;
    for (auto& [name, module] : *out) {
      const SourceFile& file = sources.add(name + ".fed", module.text);
      module.id = file.id();
      module.tree = syntax::parse(file, sink);
    }
    require(!sink.hasErrors(), "the standard library parses");
    return out;
  }();
  return *modules;
}

}  // namespace

bool program(std::string_view input) {
  driver::Compilation compilation;
  check::CheckOptions options;
  // In the order of the ids.
  for (const auto& [name, module] : library()) {
    compilation.sources.add(name + ".fed", module.text);
    options.parsed[module.id] = module.tree;
  }
  const FileId file = compilation.sources.add("input.fed", std::string(input)).id();
  const auto load = [&](const std::string& name, FileId) -> std::optional<FileId> {
    if (name == "input") return file;
    const auto module = library().find(name);
    return module == library().end() ? std::nullopt : std::optional(module->second.id);
  };
  compilation.typed = check::check(compilation.sources, file, load, options, compilation.sink);
  require(compilation.typed.has_value() == !compilation.sink.hasErrors(), "a program is there exactly if nothing was reported");
  if (compilation.typed) {
    (void)check::print(*compilation.typed);
    require(driver::lowerProgram(compilation, {}) == !compilation.sink.hasErrors(), "lowering fails with a report, or succeeds without");
  }
  (void)renderText(compilation.sink, compilation.sources);
  (void)renderJson(compilation.sink, compilation.sources);
  return !compilation.sink.hasErrors();
}

}  // namespace fedc::fuzz
