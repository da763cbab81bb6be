#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/support/source.h"

namespace fedc::syntax::ast {
struct Module;
}

namespace fedc::driver {

/// The standard library, read and parsed once, for processes that compile many programs: their compilations begin with its files, in one order, so
/// that its trees fit all of them.
class Library {
 public:
  /// The library of `stdlibFolder()`. Made at the first call, never changed.
  static const Library& standard();
  /// The library of these files: path and text.
  explicit Library(const std::vector<std::pair<std::string, std::string>>& files);

  /// What a new compilation begins with: the library's files.
  SourceManager sources() const { return SourceManager::sharing(sources_); }
  /// The file of a module in a compilation that begins with the library.
  std::optional<FileId> find(const std::string& name) const;
  /// Whether a file of such a compilation is the library's.
  bool has(FileId file) const { return sources_.has(file); }
  /// Tree by file.
  const std::map<FileId, std::shared_ptr<const syntax::ast::Module>>& parsed() const { return parsed_; }

 private:
  Library() = default;
  void parse(const SourceFile& file);

  SourceManager sources_;
  std::map<std::string, FileId> files_;
  std::map<FileId, std::shared_ptr<const syntax::ast::Module>> parsed_;
};

}  // namespace fedc::driver
