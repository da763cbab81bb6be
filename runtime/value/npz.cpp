#include "runtime/value/npz.h"

#include <fmt/format.h>
#include <libdeflate.h>

#include <cstring>
#include <limits>
#include <set>

#include "compiler/support/read_whole.h"
#include "runtime/value/npy.h"
#include "runtime/value/whole_file.h"

namespace fedc::runtime {
namespace {

// The zip format: PKWARE's APPNOTE 6.3.
constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEndOfCentral = 0x06054b50;
constexpr std::size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22;
constexpr int kStored = 0, kDeflated = 8;

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

std::uint64_t get(std::string_view in, std::size_t at, int bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value |= std::uint64_t{static_cast<unsigned char>(in[at + static_cast<std::size_t>(i)])} << (8 * i);
  return value;
}

std::uint32_t checksum(std::string_view bytes) { return libdeflate_crc32(0, bytes.data(), bytes.size()); }

/// What local and central headers have in common, from "version needed" to the length of the extra field. The date is 1980-01-01, so that
/// equal weights are equal files.
void putCommon(std::string& out, std::uint32_t crc, std::size_t size, std::size_t nameSize) {
  put(out, 20, 2);
  put(out, 0x0800, 2);
  put(out, kStored, 2);
  put(out, 0, 2);
  put(out, 0x21, 2);
  put(out, crc, 4);
  put(out, size, 4);
  put(out, size, 4);
  put(out, nameSize, 2);
  put(out, 0, 2);
}

Expected<std::string> inflateEntry(std::string_view packed, std::size_t size) {
  // Deflate makes at most 1032 bytes of one: a larger claim is a damaged header, not a reason to allocate.
  if (size / 1032 > packed.size() + 1) return fail("claims an impossible size");
  std::string out(size, '\0');
  libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
  const bool whole = decompressor != nullptr &&
                     libdeflate_deflate_decompress(decompressor, packed.data(), packed.size(), out.data(), size, nullptr) == LIBDEFLATE_SUCCESS;
  libdeflate_free_decompressor(decompressor);
  if (!whole) return fail("cannot be inflated: it is damaged");
  return out;
}

}  // namespace

Expected<void> writeNpz(const std::string& path, const std::vector<NamedArray>& arrays) {
  std::string file, central;
  std::set<std::string> names;
  for (const NamedArray& array : arrays) {
    if (!names.insert(array.name).second) return fail(fmt::format("two leaves are called `{}`", array.name));
    auto bytes = toNpy(array.value);
    if (!bytes) return fail(fmt::format("cannot save `{}`: {}", array.name, bytes.error().message));
    const std::string name = array.name + ".npy";
    const std::size_t offset = file.size();
    if (offset + bytes->size() > std::numeric_limits<std::uint32_t>::max() - 4096) {
      return fail(fmt::format("cannot save `{}`: an .npz of more than 4 GiB is not supported", path));
    }
    const std::uint32_t crc = checksum(*bytes);
    put(file, kLocalHeader, 4);
    putCommon(file, crc, bytes->size(), name.size());
    file += name;
    file += *bytes;
    put(central, kCentralHeader, 4);
    put(central, 20, 2);
    putCommon(central, crc, bytes->size(), name.size());
    put(central, 0, 8);
    put(central, 0, 2);
    put(central, offset, 4);
    central += name;
  }
  const std::size_t start = file.size();
  file += central;
  put(file, kEndOfCentral, 4);
  put(file, 0, 4);
  put(file, arrays.size(), 2);
  put(file, arrays.size(), 2);
  put(file, central.size(), 4);
  put(file, start, 4);
  put(file, 0, 2);

  return writeWhole(path, file);
}

Expected<std::vector<NamedArray>> readNpz(const std::string& path) {
  auto file = readWhole(path);
  if (!file) return tl::unexpected(file.error());
  const std::string_view bytes = *file;
  const auto damaged = [&](std::string_view why) { return fail(fmt::format("`{}` is damaged: {}", path, why)); };
  if (bytes.size() < kEndSize || (get(bytes, 0, 4) != kLocalHeader && get(bytes, 0, 4) != kEndOfCentral)) {
    return fail(fmt::format("`{}` is not an .npz file", path));
  }
  // The end record is last but for a comment of at most 64 KiB.
  std::size_t end = bytes.size() - kEndSize;
  const std::size_t first = end > 0xffff ? end - 0xffff : 0;
  while (get(bytes, end, 4) != kEndOfCentral) {
    if (end == first) return damaged("its directory is missing (is it truncated?)");
    --end;
  }
  const std::size_t count = get(bytes, end + 10, 2);
  std::size_t at = get(bytes, end + 16, 4);
  if (count == 0xffff || at == 0xffffffffu) return fail(fmt::format("`{}` is a zip64 archive, which is not supported", path));
  std::vector<NamedArray> arrays;
  // Entries do not overlap: else a small file could be inflated any number of times.
  std::size_t unread = bytes.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (at > end || end - at < kCentralSize || get(bytes, at, 4) != kCentralHeader) return damaged("its directory cannot be read");
    const auto method = static_cast<int>(get(bytes, at + 10, 2));
    const auto crc = static_cast<std::uint32_t>(get(bytes, at + 16, 4));
    const std::size_t packed = get(bytes, at + 20, 4), size = get(bytes, at + 24, 4);
    const std::size_t nameSize = get(bytes, at + 28, 2), extra = get(bytes, at + 30, 2), comment = get(bytes, at + 32, 2);
    const std::size_t local = get(bytes, at + 42, 4);
    if (end - at - kCentralSize < nameSize) return damaged("its directory cannot be read");
    std::string name(bytes.substr(at + kCentralSize, nameSize));
    at += kCentralSize + nameSize + extra + comment;
    if (packed == 0xffffffffu || size == 0xffffffffu) return fail(fmt::format("`{}` is a zip64 archive, which is not supported", path));
    if (local > end || end - local < kLocalSize || get(bytes, local, 4) != kLocalHeader) return damaged(fmt::format("entry `{}` is missing", name));
    const std::size_t data = local + kLocalSize + get(bytes, local + 26, 2) + get(bytes, local + 28, 2);
    if (data > end || end - data < packed) return damaged(fmt::format("entry `{}` is truncated", name));
    if (packed > unread) return damaged("its entries overlap");
    unread -= packed;
    std::string_view content = bytes.substr(data, packed);
    std::string inflated;
    if (method == kDeflated) {
      auto out = inflateEntry(content, size);
      if (!out) return damaged(fmt::format("entry `{}` {}", name, out.error().message));
      inflated = std::move(*out);
      content = inflated;
    } else if (method != kStored) {
      return fail(fmt::format("entry `{}` of `{}` is compressed by zip method {}, which is not supported", name, path, method));
    }
    if (content.size() != size || checksum(content) != crc) return damaged(fmt::format("entry `{}` has the wrong check sum", name));
    auto array = fromNpy(content);
    if (!array) return fail(fmt::format("entry `{}` of `{}` {}", name, path, array.error().message));
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    arrays.push_back({std::move(name), std::move(*array)});
  }
  return arrays;
}

}  // namespace fedc::runtime
