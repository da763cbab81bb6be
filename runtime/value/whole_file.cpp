#include "runtime/value/whole_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace fedc::runtime {

namespace {

namespace fs = std::filesystem;

/// The file that a path means, links followed. Error: it is none.
Expected<std::string> fileMeant(const std::string& path) {
  std::error_code error;
  std::string target = path;
  // A link may lead to what is not there yet.
  constexpr int kMostLinks = 40;
  for (int links = 0; fs::is_symlink(fs::symlink_status(target, error)); ++links) {
    const fs::path next = fs::read_symlink(target, error);
    if (error || links == kMostLinks) return fail(fmt::format("cannot write `{}`: {}", path, error ? error.message() : std::strerror(ELOOP)));
    target = (fs::path(target).parent_path() / next).string();
  }
  const fs::file_status status = fs::status(target, error);
  if (fs::is_directory(status)) return fail(fmt::format("cannot write `{}`: it is a folder", path));
  if (fs::exists(status) && !fs::is_regular_file(status)) return fail(fmt::format("cannot write `{}`: it is no regular file", path));
  return target;
}

}  // namespace

Expected<void> mayWriteWhole(const std::string& path) {
  const auto target = fileMeant(path);
  if (!target) return tl::unexpected(target.error());
  const std::string parent = fs::path(*target).parent_path().string();
  const std::string& folder = parent.empty() ? "." : parent;
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return fail(fmt::format("cannot write `{}`: {}", path, std::strerror(errno)));
  return {};
}

Expected<void> writeWhole(const std::string& path, std::string_view content) {
  const auto target = fileMeant(path);
  if (!target) return tl::unexpected(target.error());
  const std::string part = fmt::format("{}.part{}", *target, ::getpid());
  const auto failed = [&] {
    const std::string why = std::strerror(errno);
    ::unlink(part.c_str());
    return fail(fmt::format("cannot write `{}`: {}", path, why));
  };
  {
    std::ofstream out(part, std::ios::binary | std::ios::trunc);
    if (out) out.write(content.data(), static_cast<std::streamsize>(content.size()));
    out.flush();
    if (!out) return failed();
  }
  if (::rename(part.c_str(), target->c_str()) != 0) return failed();
  return {};
}

}  // namespace fedc::runtime
