#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/codegen/native.h"
#include "compiler/core/graph.h"
#include "compiler/driver/pipeline.h"
#include "compiler/support/expected.h"
#include "compiler/support/hash.h"

namespace fedc::driver {

/// All that a run needs of a program, and how to find out whether it is still the same program (docs/cache.md).
struct Artifact {
  /// As the checker made them, in order: the first source is the program, the others are what they found.
  std::vector<ModuleLookup> lookups;
  std::vector<std::uint64_t> sourceHashes;
  ProgramFacts facts;
  /// Functions without bodies: name and dims.
  core::Program program;
  codegen::NativeImage image;
};

/// Of a program that was compiled.
Artifact makeArtifact(const Compilation& compilation, codegen::NativeImage image);

/// An artifact's bytes, for this build of fedc on this machine. `decode` gives nothing for bytes that `encode` did not write, whatever they are;
/// that the numbers in them fit together is the writer's word (the cache has a checksum).
std::string encode(const Artifact& artifact);
std::optional<Artifact> decode(std::string_view bytes);

}  // namespace fedc::driver
