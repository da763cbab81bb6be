#include "compiler/driver/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "compiler/driver/modules.h"
#include "compiler/syntax/format.h"
#include "compiler/syntax/parse.h"

namespace fedc::driver {

namespace fs = std::filesystem;
namespace ast = syntax::ast;

namespace {

/// The `//` lines at the top of a file, as one.
std::string aboutOf(const SourceFile& file) {
  std::string about;
  for (std::uint32_t line = 1; line <= file.lineCount(); ++line) {
    std::string_view text = file.lineText(line);
    if (!text.starts_with("//") || text.starts_with("///")) break;
    text.remove_prefix(std::min(text.find_first_not_of("/ "), text.size()));
    about += (about.empty() ? "" : " ") + std::string(text);
  }
  return about;
}

std::optional<Entry> entryOf(const SourceFile& file, const ast::Item& item) {
  Entry entry;
  Span span = item.span;
  if (const auto* function = ast::tryAs<ast::FunctionItem>(&item)) {
    entry.name = function->signature.name.text;
    span.end = function->signature.span.end;
  } else if (const auto* native = ast::tryAs<ast::NativeItem>(&item)) {
    entry.name = native->function.signature.name.text;
    span.end = native->symbolSpan.end;
  } else if (const auto* record = ast::tryAs<ast::StructItem>(&item)) {
    entry.name = record->name.text;
    for (const ast::StructField& field : record->fields) entry.fields.push_back(field.name.text);
  } else if (const auto* param = ast::tryAs<ast::ParamItem>(&item)) {
    entry.name = param->name.text;
  } else {
    return std::nullopt;
  }
  if (entry.name.starts_with('_')) return std::nullopt;
  entry.signature = std::string(file.text(span));
  entry.doc = item.doc;
  return entry;
}

}  // namespace

std::vector<Section> builtinReference() {
  std::vector<Section> sections;
#define FEDC_BUILTINS(title, about) sections.push_back({title, about, {}});
#define FEDC_BUILTIN(id, name, group, signature, doc) sections.back().entries.push_back({name, std::string(name) + (signature), doc, {}, 0});
#include "compiler/check/builtins.def"
  return sections;
}

const std::vector<Entry>& wordReference() {
  static const std::vector<Entry> words = {
#define FEDC_WORD(word, form, doc) {word, form, doc, {}, 0},
#include "compiler/syntax/words.def"
  };
  return words;
}

std::optional<ModuleReference> moduleReference(const SourceFile& file, DiagnosticSink& sink) {
  auto text = syntax::format(file, sink);
  if (!text) return std::nullopt;
  SourceManager sources;
  const SourceFile& tidy = sources.add(file.path(), std::move(*text));
  const auto tree = syntax::parse(tidy, sink);
  // The lines are those of the file as it is.
  DiagnosticSink known;
  const auto original = syntax::parse(file, known);
  ModuleReference module{fs::path(file.path()).stem().string(), file.path(), aboutOf(file), {}, {}, {}};
  for (std::size_t i = 0; i < tree->items.size(); ++i) {
    const ast::Item& item = *tree->items[i];
    if (const auto* use = ast::tryAs<ast::UseItem>(&item)) {
      module.uses.push_back(use->path.back().text);
      for (const ast::Name& name : use->names.value_or(std::vector<ast::Name>{})) module.brings.emplace_back(name.text, use->path.back().text);
    }
    if (auto entry = entryOf(tidy, item)) {
      entry->line = file.line(original->items[i]->span.begin);
      module.entries.push_back(std::move(*entry));
    }
  }
  return module;
}

Expected<Library> readLibrary() {
  Library library;
  library.folder = stdlibFolder();
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::recursive_directory_iterator it(library.folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".fed") paths.push_back(it->path());
  }
  if (error || paths.empty()) return fail(fmt::format("no modules in `{}`; FEDC_STDLIB names the folder of the library", library.folder));
  const auto depth = [](const fs::path& path) { return std::distance(path.begin(), path.end()); };
  std::sort(paths.begin(), paths.end(), [&](const fs::path& a, const fs::path& b) { return std::pair(depth(a), a) < std::pair(depth(b), b); });
  for (const fs::path& path : paths) {
    SourceManager sources;
    DiagnosticSink sink;
    auto file = sources.load(path.string());
    if (!file) return tl::unexpected(file.error());
    if (path.stem() != "prelude") {
      auto module = moduleReference(**file, sink);
      if (!module) return fail(fmt::format("`{}` has syntax errors; `fedc check` says which", path.string()));
      library.modules.push_back(std::move(*module));
      continue;
    }
    const auto tree = syntax::parse(**file, sink);
    for (const ast::ItemPtr& item : tree->items) {
      const auto* use = ast::tryAs<ast::UseItem>(item.get());
      if (use == nullptr || !use->names) continue;
      for (const ast::Name& name : *use->names) library.prelude.push_back(name.text);
    }
  }
  return library;
}

}  // namespace fedc::driver
