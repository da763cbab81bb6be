#include "compiler/driver/cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "compiler/support/hash.h"

namespace fedc::driver {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".artifact";
constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;

struct Head {
  char magic[8] = {'f', 'e', 'd', 'c', 'a', 'r', 't', '1'};
  std::uint64_t keyBytes = 0, contentBytes = 0, checksum = 0;
};

std::uint64_t checksumOf(std::string_view key, std::string_view content) { return hashOf(content, hashOf(key)); }

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

bool readExactly(int fd, std::string& to) {
  for (std::size_t at = 0; at < to.size();) {
    const ssize_t n = ::read(fd, to.data() + at, to.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += static_cast<std::size_t>(n);
  }
  return true;
}

bool writeAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

std::string packFile(std::string_view key, std::string_view content) {
  Head head;
  head.keyBytes = key.size();
  head.contentBytes = content.size();
  head.checksum = checksumOf(key, content);
  std::string file(reinterpret_cast<const char*>(&head), sizeof head);
  file += key;
  file += content;
  return file;
}

std::optional<std::string> unpackFile(std::string_view file, std::string_view key) {
  Head head;
  const Head expected;
  if (file.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, file.data(), sizeof head);
  file.remove_prefix(sizeof head);
  if (std::memcmp(head.magic, expected.magic, sizeof head.magic) != 0) return std::nullopt;
  if (head.keyBytes != key.size() || file.size() < key.size() || file.size() - key.size() != head.contentBytes) return std::nullopt;
  const std::string_view content = file.substr(key.size());
  if (file.substr(0, key.size()) != key || head.checksum != checksumOf(key, content)) return std::nullopt;
  return std::string(content);
}

std::string ArtifactCache::defaultFolder() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  if (const std::string set = variable("FEDC_CACHE"); !set.empty()) return set;
  // The convention wants absolute paths, and others ignored.
  if (const std::string home = variable("XDG_CACHE_HOME"); home.starts_with('/')) return home + "/fedc";
  const std::string home = variable("HOME");
  return home.starts_with('/') ? home + "/.cache/fedc" : "";
}

Expected<ArtifactCache, ArtifactCache::Refusal> ArtifactCache::open(const std::string& folder, std::int64_t mostBytes) {
  const auto refuse = [&](std::string why, bool isUnsafe) { return tl::unexpected(Refusal{fmt::format("`{}` {}", folder, why), isUnsafe}); };
  if (folder.empty()) return tl::unexpected(Refusal{"there is no home folder", false});
  struct stat info = {};
  if (::lstat(folder.c_str(), &info) != 0) {
    std::error_code error;
    const fs::path parent = fs::path(folder).parent_path();
    if (!parent.empty()) fs::create_directories(parent, error);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return refuse(fmt::format("cannot be made: {}", std::strerror(errno)), false);
    if (::lstat(folder.c_str(), &info) != 0) return refuse(fmt::format("cannot be made: {}", std::strerror(errno)), false);
  }
  if (!S_ISDIR(info.st_mode)) return refuse("is no folder", true);
  if (info.st_uid != ::geteuid()) return refuse("belongs to another user", true);
  if ((info.st_mode & kOthersWrite) != 0) return refuse("may be written by others", true);
  return ArtifactCache(folder, mostBytes);
}

std::string ArtifactCache::pathOf(std::string_view key) const {
  return fmt::format("{}/{:016x}{:016x}{}", folder_, hashOf(key, 1), hashOf(key, 2), kSuffix);
}

std::optional<std::string> ArtifactCache::load(std::string_view key) const {
  const Descriptor file(::open(pathOf(key).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat info = {};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0) return std::nullopt;
  if (!S_ISREG(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & kOthersWrite) != 0) return std::nullopt;
  if (info.st_size > kMostBytes) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  if (!readExactly(file.get(), bytes)) return std::nullopt;
  auto content = unpackFile(bytes, key);
  // Its time says when it was used last.
  if (content) (void)::futimens(file.get(), nullptr);
  return content;
}

bool ArtifactCache::store(std::string_view key, std::string_view content) const {
  static std::atomic<int> number{0};
  const std::string path = pathOf(key);
  const std::string part = fmt::format("{}.{}-{}.part", path, ::getpid(), number++);
  bool done = false;
  {
    const Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file.get() < 0) return false;
    done = writeAll(file.get(), packFile(key, content));
  }
  done = done && ::rename(part.c_str(), path.c_str()) == 0;
  if (!done) ::unlink(part.c_str());
  shrink();
  return done;
}

namespace {

struct Stored {
  fs::path path;
  fs::file_time_type used;
  std::int64_t bytes = 0;
  bool isPart = false;
};

std::vector<Stored> storedIn(const std::string& folder) {
  std::vector<Stored> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    const bool isPart = name.ends_with(".part");
    if (!isPart && !name.ends_with(kSuffix)) continue;
    // Another process may take it away meanwhile.
    std::error_code gone;
    const auto bytes = static_cast<std::int64_t>(it->file_size(gone));
    const auto used = it->last_write_time(gone);
    if (!gone) files.push_back({it->path(), used, bytes, isPart});
  }
  return files;
}

}  // namespace

void ArtifactCache::shrink() const {
  std::vector<Stored> files = storedIn(folder_);
  std::int64_t bytes = 0;
  for (const Stored& file : files) bytes += file.bytes;
  std::error_code error;
  // What a process that was killed has left.
  const auto hourAgo = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const Stored& file : files) {
    if (file.isPart && file.used < hourAgo && fs::remove(file.path, error)) bytes -= file.bytes;
  }
  if (bytes <= mostBytes_) return;
  std::sort(files.begin(), files.end(), [](const Stored& a, const Stored& b) { return a.used < b.used; });
  for (const Stored& file : files) {
    if (bytes <= mostBytes_ / 4 * 3) break;
    if (!file.isPart && fs::remove(file.path, error)) bytes -= file.bytes;
  }
}

ArtifactCache::Statistics ArtifactCache::statistics() const {
  Statistics all;
  for (const Stored& file : storedIn(folder_)) {
    ++all.files;
    all.bytes += file.bytes;
  }
  return all;
}

}  // namespace fedc::driver
