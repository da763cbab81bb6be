#include "compiler/driver/library.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "compiler/driver/modules.h"
#include "compiler/support/diagnostics.h"
#include "compiler/syntax/ast.h"
#include "compiler/syntax/parse.h"

namespace fedc::driver {

namespace fs = std::filesystem;

void Library::parse(const SourceFile& file) {
  DiagnosticSink sink;
  std::shared_ptr<const syntax::ast::Module> tree = syntax::parse(file, sink);
  files_[fs::path(file.path()).stem().string()] = file.id();
  // One with errors is parsed again by each compilation, which reports them.
  if (!sink.hasErrors()) parsed_[file.id()] = std::move(tree);
}

Library::Library(const std::vector<std::pair<std::string, std::string>>& files) {
  for (const auto& [path, text] : files) parse(sources_.add(path, text));
}

const Library& Library::standard() {
  static const Library library = [] {
    std::vector<fs::path> paths;
    std::error_code error;
    for (fs::recursive_directory_iterator it(stdlibFolder(), error), end; !error && it != end; it.increment(error)) {
      if (it->path().extension() == ".fed") paths.push_back(it->path());
    }
    std::sort(paths.begin(), paths.end());
    Library read;
    for (const fs::path& path : paths) {
      if (const auto file = read.sources_.load(path.string())) read.parse(**file);
    }
    return read;
  }();
  return library;
}

std::optional<FileId> Library::find(const std::string& name) const {
  const auto file = files_.find(name);
  return file == files_.end() ? std::nullopt : std::optional(file->second);
}

}  // namespace fedc::driver
