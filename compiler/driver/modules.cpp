#include "compiler/driver/modules.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "compiler/driver/library.h"

namespace fedc::driver {

namespace fs = std::filesystem;

std::string stdlibFolder() {
  std::error_code error;
  if (const char* set = std::getenv("FEDC_STDLIB"); set != nullptr && *set != '\0') return set;
  fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    const fs::path beside = self.parent_path();
    for (const fs::path& candidate : {beside / ".." / "stdlib", beside / "stdlib", beside / ".." / "share" / "fedc" / "stdlib"}) {
      if (fs::is_directory(candidate, error)) return fs::weakly_canonical(candidate, error).string();
    }
  }
  return FEDC_STDLIB_DIR;
}

ModuleFinder::ModuleFinder(SourceManager& sources, std::vector<std::string> include, const Library* known,
                           const std::map<std::string, std::string>* texts)
    : sources_(sources), library_(known), texts_(texts), folders_(std::move(include)) {
  if (library_ != nullptr) return;
  const std::string library = stdlibFolder();
  folders_.push_back(library);
  std::error_code error;
  std::vector<std::string> inner;
  for (fs::directory_iterator it(library, error), end; !error && it != end; it.increment(error)) {
    if (it->is_directory(error)) inner.push_back(it->path().string());
  }
  std::sort(inner.begin(), inner.end());
  folders_.insert(folders_.end(), inner.begin(), inner.end());
}

std::optional<FileId> ModuleFinder::load(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return std::nullopt;
  const std::string canonical = fs::weakly_canonical(path, error).string();
  for (const auto& [known, id] : loaded_) {
    if (known == canonical) return id;
  }
  auto file = sources_.load(path);
  if (!file) return std::nullopt;
  loaded_.emplace_back(canonical, (*file)->id());
  return (*file)->id();
}

/// Without texts everything is a file.
bool ModuleFinder::isFile(FileId file) const {
  if (!sources_.has(file)) return false;
  return texts_ == nullptr || std::any_of(loaded_.begin(), loaded_.end(), [&](const auto& known) { return known.second == file; });
}

std::optional<FileId> ModuleFinder::find(const std::string& name, FileId fromFile) {
  if (library_ != nullptr && library_->has(fromFile)) return library_->find(name);
  if (texts_ != nullptr) {
    if (const auto text = texts_->find(name); text != texts_->end()) {
      const auto [at, isNew] = added_.try_emplace(name, 0);
      if (isNew) at->second = sources_.add(name + ".fed", text->second).id();
      return at->second;
    }
  }
  std::vector<std::string> folders;
  if (isFile(fromFile)) {
    fs::path beside = fs::path(sources_.file(fromFile).path()).parent_path();
    folders.push_back(beside.empty() ? "." : beside.string());
  }
  folders.insert(folders.end(), folders_.begin(), folders_.end());
  for (const std::string& folder : folders) {
    if (auto id = load((fs::path(folder) / (name + ".fed")).string())) return id;
  }
  return library_ != nullptr ? library_->find(name) : std::nullopt;
}

std::optional<std::string> ModuleFinder::having(const std::string& name) const {
  const auto declares = [&](std::string_view line) {
    for (const std::string_view word : {"fn ", "struct "}) {
      if (!line.starts_with(word) || !line.substr(word.size()).starts_with(name)) continue;
      const std::string_view rest = line.substr(word.size() + name.size());
      if (rest.empty() || rest[0] == '(' || rest[0] == '<' || rest[0] == ' ') return true;
    }
    return false;
  };
  std::vector<std::string> folders = folders_;
  if (library_ != nullptr) folders.push_back(stdlibFolder());
  std::vector<fs::path> files;
  std::error_code error;
  for (const std::string& folder : folders) {
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
      if (it->path().extension() == ".fed") files.push_back(it->path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);)
      if (declares(line)) return file.stem().string();
  }
  return std::nullopt;
}

}  // namespace fedc::driver
