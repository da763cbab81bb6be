#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/check/check.h"
#include "compiler/support/render.h"
#include "tests/diagnostic_walker.h"
#include "tests/golden.h"

namespace fedc::tests {

namespace fs = std::filesystem;

/// Finds modules among texts given by the test, beside the file, then in the standard library of the source tree.
class Modules {
 public:
  explicit Modules(SourceManager& sources) : sources_(sources) {}

  FileId add(const std::string& name, const std::string& text) {
    const FileId id = sources_.add(name, text).id();
    texts_[fs::path(name).stem().string()] = id;
    return id;
  }

  std::optional<FileId> load(const std::string& path) {
    const std::string key = fs::weakly_canonical(path).string();
    if (const auto it = files_.find(key); it != files_.end()) return it->second;
    const auto file = sources_.load(key);
    if (!file) return std::nullopt;
    return files_[key] = (*file)->id();
  }

  std::optional<FileId> find(const std::string& name, FileId from) {
    if (const auto it = texts_.find(name); it != texts_.end()) return it->second;
    const fs::path library = fs::path(FEDC_SOURCE_DIR) / "stdlib";
    std::vector<fs::path> folders{library, library / "learn"};
    const fs::path beside = fs::path(sources_.file(from).path()).parent_path();
    if (!beside.empty()) folders.insert(folders.begin(), beside);
    for (const fs::path& f : folders) {
      const fs::path path = f / (name + ".fed");
      if (fs::is_regular_file(path)) return load(path.string());
    }
    return std::nullopt;
  }

 private:
  SourceManager& sources_;
  std::map<std::string, FileId> texts_;
  std::map<std::string, FileId> files_;
};

/// A checked program with its sources and what was reported.
struct Checked {
  std::unique_ptr<SourceManager> sources = std::make_unique<SourceManager>();
  DiagnosticSink sink;
  std::optional<check::TypedProgram> program;

  /// Everything that was reported, as text.
  std::string report() const { return renderText(sink, *sources); }
  bool has(Code code) const {
    for (const Diagnostic& d : sink.diagnostics())
      if (d.code == code) return true;
    return false;
  }
};

inline Checked checkFile(const std::string& path, const check::CheckOptions& options = {}) {
  Checked c;
  Modules modules(*c.sources);
  const auto main = modules.load(path);
  EXPECT_TRUE(main.has_value()) << "cannot read " << path;
  if (!main) return c;
  c.program = check::check(*c.sources, *main, [&](const std::string& n, FileId f) { return modules.find(n, f); }, options, c.sink);
  return c;
}

/// `files`: further modules, by name.
inline Checked checkText(const std::string& text, const check::CheckOptions& options = {}, const std::string& path = "main.fed",
                         const std::map<std::string, std::string>& files = {}) {
  Checked c;
  Modules modules(*c.sources);
  for (const auto& [name, content] : files) modules.add(name + ".fed", content);
  const FileId main = c.sources->add(path, text).id();
  c.program = check::check(*c.sources, main, [&](const std::string& n, FileId f) { return modules.find(n, f); }, options, c.sink);
  return c;
}

/// The text of one instance in the printed program, by the name before `(`; empty if there is none.
inline std::string instanceText(const check::TypedProgram& program, const std::string& name) {
  for (const auto& i : program.instances) {
    if (i->name != name) continue;
    const std::string all = check::print(program);
    const std::size_t at = all.find("fn " + i->shown + "(");
    if (at == std::string::npos) return "";
    const std::size_t end = all.find("\nfn ", at);
    return all.substr(at, end == std::string::npos ? end : end - at);
  }
  return "";
}

}  // namespace fedc::tests
