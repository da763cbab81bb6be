// The text of a program through the whole front end and middle: parser, checker, specialisation, every pass on Core IR, with the standard library at
// hand. What is reported is rendered, what is accepted printed.
// links: fedc_driver
#include <filesystem>
#include <map>

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

/// The standard library's texts by module name, read once.
const std::map<std::string, std::string>& library() {
  static const auto* const texts = [] {
    auto* out = new std::map<std::string, std::string>;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::filesystem::path(FEDC_SOURCE_DIR) / "stdlib")) {
      if (entry.path().extension() == ".fed") out->emplace(entry.path().stem().string(), readFile(entry.path()));
    }
    return out;
  }();
  return *texts;
}

}  // namespace

bool program(std::string_view input) {
  driver::Compilation compilation;
  const FileId file = compilation.sources.add("input.fed", std::string(input)).id();
  std::map<std::string, FileId> loaded = {{"input", file}};
  const auto load = [&](const std::string& name, FileId) -> std::optional<FileId> {
    if (const auto known = loaded.find(name); known != loaded.end()) return known->second;
    const auto text = library().find(name);
    if (text == library().end()) return std::nullopt;
    return loaded[name] = compilation.sources.add(name + ".fed", text->second).id();
  };
  compilation.typed = check::check(compilation.sources, file, load, {}, compilation.sink);
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
