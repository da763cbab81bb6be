// The text of a program through the whole front end and middle: parser, checker, specialisation, every pass on Core IR, with the standard library at
// hand. What is reported is rendered, what is accepted printed.
// links: fedc_driver
#include "compiler/check/check.h"
#include "compiler/driver/library.h"
#include "compiler/driver/pipeline.h"
#include "compiler/support/render.h"
#include "tests/fuzz/support/require.h"

namespace fedc::fuzz {

bool program(std::string_view input);

bool program(std::string_view input) {
  driver::Compilation compilation;
  check::CheckOptions options;
  const driver::Library& library = driver::Library::standard();
  compilation.sources = library.sources();
  options.parsed = library.parsed();
  const FileId file = compilation.sources.add("input.fed", std::string(input)).id();
  // Nothing is read that an input names.
  const auto load = [&](const std::string& name, FileId) { return name == "input" ? std::optional(file) : library.find(name); };
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
