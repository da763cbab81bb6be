#pragma once

#include <optional>

#include "compiler/driver/cached_program.h"
#include "compiler/driver/compile.h"
#include "tools/fedc/command_line.h"
#include "tools/fedc/console.h"

namespace fedc::cli {

/// The cache of artifacts, where it is wanted and can be used.
std::optional<driver::ArtifactCache> openCache(const CommandLine& line, const Console& console);

/// A program that can be linked and run: compiled just now, or from the cache.
struct Ready {
  /// Of an artifact the sources and the program alone.
  driver::Compilation compilation;
  driver::ProgramFacts facts;
  /// Of an artifact: its code.
  std::optional<codegen::NativeImage> image;
};

/// False if an error was reported.
bool prepare(Ready& ready, const CommandLine& line, const driver::CompileOptions& compile, const std::optional<driver::ArtifactCache>& cache,
             const Console& console);

/// Functions that can be called.
Expected<runtime::Executable> executableOf(Ready& ready, const CommandLine& line, const driver::CompileOptions& compile,
                                           const std::optional<driver::ArtifactCache>& cache);

}  // namespace fedc::cli
