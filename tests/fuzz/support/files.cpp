#include "tests/fuzz/support/files.h"

#include <libdeflate.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/support/require.h"

namespace fedc::fuzz {

namespace fs = std::filesystem;

namespace {

/// Removed when the process ends in peace.
struct Folder {
  fs::path path = fs::path("/dev/shm") / ("fedc_fuzz_" + std::to_string(::getpid()));
  ~Folder() {
    std::error_code error;
    fs::remove_all(path, error);
  }
};

}  // namespace

std::string memoryFolder(const std::vector<std::pair<std::string, std::string>>& files) {
  static const Folder folder;
  fs::remove_all(folder.path);
  fs::create_directories(folder.path);
  for (const auto& [name, content] : files) {
    const fs::path path = folder.path / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
  }
  return folder.path.string();
}

std::string readFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  require(in.good(), "cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string withCheckSums(std::string_view zip) {
  constexpr std::size_t kEndSize = 22, kCentralSize = 46, kLocalSize = 30;
  std::string out(zip);
  const auto number = [&](std::size_t at, int bytes) {
    std::size_t value = 0;
    for (int i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(out[at + static_cast<std::size_t>(i)]);
    return value;
  };
  const std::size_t end = out.rfind("PK\x05\x06");
  if (end == std::string::npos || out.size() - end < kEndSize) return out;
  std::size_t at = number(end + 16, 4);
  for (std::size_t count = number(end + 10, 2); count > 0 && at <= end && end - at >= kCentralSize; --count) {
    const std::size_t packed = number(at + 20, 4), size = number(at + 24, 4), local = number(at + 42, 4);
    const std::size_t next = at + kCentralSize + number(at + 28, 2) + number(at + 30, 2) + number(at + 32, 2);
    if (local > end || end - local < kLocalSize) return out;
    const std::size_t data = local + kLocalSize + number(local + 26, 2) + number(local + 28, 2);
    if (data > end || end - data < packed || size > (std::size_t{1} << 24)) return out;
    std::string content = out.substr(data, packed);
    if (number(at + 10, 2) == 8) {
      std::string inflated(size, '\0');
      libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
      const bool whole =
          libdeflate_deflate_decompress(decompressor, content.data(), content.size(), inflated.data(), size, nullptr) == LIBDEFLATE_SUCCESS;
      libdeflate_free_decompressor(decompressor);
      if (!whole) return out;
      content = inflated;
    }
    const std::uint32_t crc = libdeflate_crc32(0, content.data(), content.size());
    for (std::size_t i = 0; i < 4; ++i) out[at + 16 + i] = static_cast<char>(crc >> (8 * i));
    at = next;
  }
  return out;
}

}  // namespace fedc::fuzz
