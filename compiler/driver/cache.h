#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/support/expected.h"

namespace fedc::driver {

/// A folder of files that only this user can have written (docs/cache.md): mode 0700, checked whenever it is opened; each file has its full key and
/// a checksum. Any number of processes may use it at once.
class ArtifactCache {
 public:
  /// Files together; those that were used longest ago go first.
  static constexpr std::int64_t kMostBytes = std::int64_t{256} << 20;

  /// $FEDC_CACHE, $XDG_CACHE_HOME/fedc or ~/.cache/fedc; empty if there is no home.
  static std::string defaultFolder();
  /// Makes the folder if it is not there. Errors: it cannot be made (`isUnsafe` false), or is not safe to take code from.
  struct Refusal {
    std::string message;
    bool isUnsafe = false;
  };
  static Expected<ArtifactCache, Refusal> open(const std::string& folder, std::int64_t mostBytes = kMostBytes);

  const std::string& folder() const { return folder_; }
  /// The content that was stored under this key; nothing if there is none, or none that is whole and ours.
  std::optional<std::string> load(std::string_view key) const;
  /// False if it could not be written; what was there before stays.
  bool store(std::string_view key, std::string_view content) const;

  struct Statistics {
    int files = 0;
    std::int64_t bytes = 0;
  };
  Statistics statistics() const;

 private:
  ArtifactCache(std::string folder, std::int64_t mostBytes) : folder_(std::move(folder)), mostBytes_(mostBytes) {}
  std::string pathOf(std::string_view key) const;
  void shrink() const;

  std::string folder_;
  std::int64_t mostBytes_;
};

/// A stored file: a head with the lengths and the checksum, the key, the content. `unpack` gives nothing for anything else.
std::string packFile(std::string_view key, std::string_view content);
std::optional<std::string> unpackFile(std::string_view file, std::string_view key);

}  // namespace fedc::driver
