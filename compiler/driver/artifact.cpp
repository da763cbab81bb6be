#include "compiler/driver/artifact.h"

#include <utility>

namespace fedc::driver {

Artifact makeArtifact(const Compilation& compilation, codegen::NativeImage image) {
  Artifact artifact;
  artifact.lookups = compilation.lookups;
  for (FileId id = 0; id < compilation.sources.size(); ++id) artifact.sourceHashes.push_back(hashOf(compilation.sources.file(id).text()));
  artifact.facts = factsOf(*compilation.typed);
  artifact.program.graphs = compilation.program->graphs;
  artifact.program.module.sites = compilation.program->module.sites;
  for (const core::Fn& fn : compilation.program->module.fns) {
    core::Fn& kept = artifact.program.module.fns.emplace_back();
    kept.name = fn.name;
    kept.dims = fn.dims;
    kept.dimParams = fn.dimParams;
  }
  artifact.image = std::move(image);
  return artifact;
}

}  // namespace fedc::driver
