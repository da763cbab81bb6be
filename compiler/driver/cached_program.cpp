#include "compiler/driver/cached_program.h"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <filesystem>

#include "compiler/check/check.h"
#include "compiler/codegen/target.h"
#include "compiler/driver/modules.h"
#include "compiler/driver/plugins.h"

namespace fedc::driver {

namespace {

/// The linker's build id of this program: another build may write other artifacts.
std::string buildId() {
  std::string id;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* to) {
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const ElfW(Phdr)& header = info->dlpi_phdr[i];
          if (header.p_type != PT_NOTE) continue;
          // The loader tells addresses as numbers.
          // NOLINTNEXTLINE(performance-no-int-to-ptr)
          const char* at = reinterpret_cast<const char*>(info->dlpi_addr + header.p_vaddr);
          const char* const end = at + header.p_memsz;
          while (at + sizeof(ElfW(Nhdr)) <= end) {
            const auto* note = reinterpret_cast<const ElfW(Nhdr)*>(at);
            const auto padded = [](std::size_t n) { return (n + 3) / 4 * 4; };
            const auto* name = reinterpret_cast<const unsigned char*>(note + 1);
            const unsigned char* bytes = name + padded(note->n_namesz);
            if (note->n_type == NT_GNU_BUILD_ID) {
              for (std::size_t b = 0; b < note->n_descsz; ++b) *static_cast<std::string*>(to) += fmt::format("{:02x}", bytes[b]);
              return 1;
            }
            at = reinterpret_cast<const char*>(bytes + padded(note->n_descsz));
          }
        }
        // The program itself is the first.
        return 1;
      },
      &id);
  return id;
}

/// What all artifacts of a program share, as a text; empty without a build id.
std::string programKey(const std::string& path, const CompileOptions& options) {
  const std::string build = buildId();
  if (build.empty()) return {};
  std::error_code error;
  std::string key = fmt::format("fedc {}\nLLVM {}\n{} {}\n{}\n", build, codegen::llvmVersion(), codegen::hostProcessor(), codegen::hostFeatures(),
                                std::filesystem::absolute(path, error).lexically_normal().string());
  if (error) return {};
  for (const std::string& folder : options.include) {
    key += fmt::format("include {}\n", std::filesystem::absolute(folder, error).lexically_normal().string());
    if (error) return {};
  }
  // What the code calls is looked up anew each time; that it fits was checked with these bytes.
  if (options.plugins) {
    if (options.plugins->isBroken()) return {};
    for (const std::string& mark : options.plugins->marks()) key += fmt::format("plugin {}\n", mark);
  }
  for (const Policy policy : options.policies) key += fmt::format("policy {}\n", policyName(policy));
  return key;
}

/// The key of the list of params that are compiled in, and of the artifact for their values.
std::string paramsKey(const std::string& program) { return program + "params\n"; }

std::string artifactKey(const std::string& program, const std::string& compiledIn, const CompileOptions& options) {
  std::string key = program + "artifact\n";
  for (const auto& [name, text] : options.params) {
    if (compiledIn.find("\n" + name + "\n") != std::string::npos) key += fmt::format("param {}={}\n", name, text);
  }
  return key;
}

/// Looks for every module again. False if something else is found, or a source has changed.
bool isUpToDate(const Artifact& artifact, const std::string& path, const CompileOptions& options, SourceManager& sources) {
  if (!includesAreFolders(options)) return false;
  if (!sources.load(path)) return false;
  ModuleFinder finder(sources, options.include);
  for (const ModuleLookup& lookup : artifact.lookups) {
    if (!sources.has(lookup.from) || finder.find(lookup.name, lookup.from) != lookup.found) return false;
  }
  if (sources.size() != artifact.sourceHashes.size()) return false;
  for (FileId id = 0; id < sources.size(); ++id) {
    if (hashOf(sources.file(id).text()) != artifact.sourceHashes[id]) return false;
  }
  return true;
}

/// Run-time params get their values from this command line. False for what compiling has to complain of.
bool setParams(ProgramFacts& facts, const CompileOptions& options) {
  std::size_t known = 0;
  for (check::Param& param : facts.params) {
    const auto given = options.params.find(param.name);
    if (given != options.params.end()) {
      ++known;
      const auto value = check::parseParam(given->second, param.elem);
      if (!value) return false;
      param.value = *value;
    } else {
      if (!param.fallback) return false;
      param.value = *param.fallback;
    }
  }
  return known == options.params.size();
}

}  // namespace

std::optional<Artifact> findArtifact(const ArtifactCache& cache, const std::string& path, const CompileOptions& options, SourceManager& sources) {
  const std::string program = programKey(path, options);
  if (program.empty()) return std::nullopt;
  const auto compiledIn = cache.load(paramsKey(program));
  if (!compiledIn) return std::nullopt;
  const auto bytes = cache.load(artifactKey(program, *compiledIn, options));
  if (!bytes) return std::nullopt;
  auto artifact = decode(*bytes);
  if (!artifact || !isUpToDate(*artifact, path, options, sources) || !setParams(artifact->facts, options)) return std::nullopt;
  return artifact;
}

bool keepArtifact(const ArtifactCache& cache, const std::string& path, const CompileOptions& options, const Compilation& compilation,
                  const codegen::NativeImage& image) {
  const std::string program = programKey(path, options);
  if (program.empty() || !compilation.sink.diagnostics().empty()) return false;
  std::string compiledIn = "\n";
  for (const check::Param& param : compilation.typed->params)
    if (param.isStatic) compiledIn += param.name + "\n";
  return cache.store(artifactKey(program, compiledIn, options), encode(makeArtifact(compilation, image))) &&
         cache.store(paramsKey(program), compiledIn);
}

}  // namespace fedc::driver
