#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/support/source.h"

namespace fedc::driver {

class Library;

/// The folder of the standard library: $FEDC_STDLIB, `stdlib` or `../share/fedc/stdlib` beside the program file, or the source tree's.
std::string stdlibFolder();

/// Finds modules by name: beside the file that uses them, on the include path, in the standard library and its folders.
class ModuleFinder {
 public:
  /// With a library, whose files the sources begin with, nothing of the standard library is read. With texts of modules by name, these come first,
  /// and nothing is looked for beside what is no file.
  ModuleFinder(SourceManager& sources, std::vector<std::string> include, const Library* library = nullptr,
               const std::map<std::string, std::string>* texts = nullptr);
  /// The source of module `name` as used from `fromFile`; nothing if there is none.
  std::optional<FileId> find(const std::string& name, FileId fromFile);
  /// The module of the standard library, or on the include path, that declares a function or a struct of this name at the beginning of a line.
  std::optional<std::string> having(const std::string& name) const;

 private:
  std::optional<FileId> load(const std::string& path);
  bool isFile(FileId file) const;

  SourceManager& sources_;
  const Library* library_;
  const std::map<std::string, std::string>* texts_;
  std::map<std::string, FileId> added_;
  std::vector<std::string> folders_;
  std::vector<std::pair<std::string, FileId>> loaded_;
};

}  // namespace fedc::driver
