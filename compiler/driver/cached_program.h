#pragma once

#include <optional>
#include <string>

#include "compiler/driver/artifact.h"
#include "compiler/driver/cache.h"
#include "compiler/driver/pipeline.h"

namespace fedc::driver {

/// The artifact of a program as these options compile it, if the cache has it and no source has changed; its `facts` hold the values of `-p`, and
/// `sources` (empty before) the program's files. Nothing otherwise: whatever is wrong with the program or the options, compiling it says so.
std::optional<Artifact> findArtifact(const ArtifactCache& cache, const std::string& path, const CompileOptions& options, SourceManager& sources);

/// Keeps a program that was compiled without a warning. False if it was not kept.
bool keepArtifact(const ArtifactCache& cache, const std::string& path, const CompileOptions& options, const Compilation& compilation,
                  const codegen::NativeImage& image);

}  // namespace fedc::driver
