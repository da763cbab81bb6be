#pragma once

#include <cstdint>
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
  /// With a library, whose files the sources begin with, nothing of the standard library is read.
  ModuleFinder(SourceManager& sources, std::vector<std::string> include, const Library* library = nullptr);
  /// The source of module `name` as used from `fromFile`; nothing if there is none.
  std::optional<FileId> find(const std::string& name, FileId fromFile);

 private:
  std::optional<FileId> load(const std::string& path);

  SourceManager& sources_;
  const Library* library_;
  std::vector<std::string> folders_;
  std::vector<std::pair<std::string, FileId>> loaded_;
};

}  // namespace fedc::driver
