#include "tools/fedc/ready.h"

#include <fmt/format.h>

#include "tools/fedc/commands.h"

namespace fedc::cli {

std::optional<driver::ArtifactCache> openCache(const CommandLine& line, const Console& console) {
  if (line.run.noCache || line.run.interpret || line.run.wire || line.verify || !line.printAfter.empty()) return std::nullopt;
  auto cache = driver::ArtifactCache::open(driver::ArtifactCache::defaultFolder());
  if (cache) return std::move(*cache);
  if (cache.error().isUnsafe) console.warn(fmt::format("the cache is not used: {}; `--no-cache` says so yourself", cache.error().message));
  return std::nullopt;
}

bool prepare(Ready& ready, const CommandLine& line, const driver::CompileOptions& compile, const std::optional<driver::ArtifactCache>& cache,
             const Console& console) {
  if (cache) {
    SourceManager sources;
    if (auto artifact = driver::findArtifact(*cache, line.files.front(), compile, sources)) {
      ready.compilation.sources = std::move(sources);
      ready.compilation.program = std::make_shared<core::Program>(std::move(artifact->program));
      ready.facts = std::move(artifact->facts);
      ready.image = std::move(artifact->image);
      return true;
    }
  }
  if (!compileFile(ready.compilation, line.files.front(), compile, false, console)) return false;
  ready.facts = driver::factsOf(*ready.compilation.typed);
  return true;
}

Expected<runtime::Executable> executableOf(Ready& ready, const CommandLine& line, const driver::CompileOptions& compile,
                                           const std::optional<driver::ArtifactCache>& cache) {
  if (line.run.interpret) return runtime::interpreted(ready.compilation.program);
  if (!ready.image) {
    auto image = driver::compileImage(ready.compilation, compile);
    if (!image) return tl::unexpected(image.error());
    if (cache) driver::keepArtifact(*cache, line.files.front(), compile, ready.compilation, *image);
    ready.image = std::move(*image);
  }
  return driver::linkExecutable(ready.compilation.program, *ready.image, compile.plugins.get());
}

}  // namespace fedc::cli
