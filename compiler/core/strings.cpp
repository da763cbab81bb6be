#include "compiler/core/strings.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "compiler/core/internal_error.h"
#include "compiler/support/text_width.h"

namespace fedc::core {

namespace {

/// Texts by number, in blocks of doubling size that never move, and numbers by text, in parts with a lock each. Reading a text takes no lock: whoever
/// has its number got it from `intern`, or from a thread that did.
class Table {
 public:
  Table() {
    if (intern({}) != kEmptyString) internalError("the empty string is not number 0", __FILE__, __LINE__);
  }

  StringId intern(std::string_view text) {
    Part& part = parts_[std::hash<std::string_view>{}(text) % kParts];
    const std::lock_guard lock(part.mutex);
    if (const auto known = part.numbers.find(text); known != part.numbers.end()) return known->second;
    const StringId id = next_.fetch_add(1, std::memory_order_relaxed);
    FEDC_REQUIRE(id != kLast, "more than 4 billion different strings");
    const std::string_view kept = part.keep(text);
    *place(id) = kept;
    part.numbers.emplace(kept, id);
    return id;
  }

  bool has(StringId id) const { return id < next_.load(std::memory_order_relaxed); }

  std::string_view text(StringId id) {
    FEDC_REQUIRE(has(id), fmt::format("there is no string number {}", id));
    return *place(id);
  }

 private:
  static constexpr std::size_t kParts = 64;
  static constexpr StringId kLast = ~StringId{0};
  static constexpr std::size_t kChunk = std::size_t{1} << 16;

  struct alignas(64) Part {
    std::mutex mutex;
    std::unordered_map<std::string_view, StringId> numbers;
    std::vector<std::unique_ptr<char[]>> chunks;
    std::size_t left = 0;
    char* free = nullptr;

    std::string_view keep(std::string_view text) {
      if (text.empty()) return {};
      if (text.size() > left) {
        left = std::max(text.size(), kChunk);
        free = chunks.emplace_back(new char[left]).get();
      }
      std::memcpy(free, text.data(), text.size());
      const std::string_view kept(free, text.size());
      free += text.size();
      left -= text.size();
      return kept;
    }
  };

  /// Block b holds the numbers from 2^b - 1 on, 2^b of them.
  std::string_view* place(StringId id) {
    const std::uint64_t n = std::uint64_t{id} + 1;
    const auto block = static_cast<std::size_t>(std::bit_width(n) - 1);
    std::string_view* at = blocks_[block].load(std::memory_order_acquire);
    if (at == nullptr) {
      const std::lock_guard lock(growing_);
      at = blocks_[block].load(std::memory_order_acquire);
      if (at == nullptr) blocks_[block].store(at = new std::string_view[std::size_t{1} << block], std::memory_order_release);
    }
    return at + (n - (std::uint64_t{1} << block));
  }

  std::array<Part, kParts> parts_;
  std::atomic<StringId> next_{0};
  std::array<std::atomic<std::string_view*>, 33> blocks_{};
  std::mutex growing_;
};

/// Never destroyed: threads may use it until the process ends.
Table& table() {
  static Table* const strings = new Table;
  return *strings;
}

}  // namespace

StringId intern(std::string_view text) { return table().intern(text); }

bool isString(StringId id) { return table().has(id); }

std::string_view textOf(StringId id) { return table().text(id); }

std::optional<std::string> stringProblem(std::string_view bytes) {
  if (static_cast<std::int64_t>(bytes.size()) > kMaxStringBytes)
    return fmt::format("a string of {} bytes; at most {} are possible", bytes.size(), kMaxStringBytes);
  const std::size_t bad = findInvalidUtf8(bytes);
  if (bad == std::string_view::npos) return std::nullopt;
  return fmt::format("bytes that are not UTF-8: 0x{:02x} at byte {}", static_cast<unsigned char>(bytes[bad]), bad);
}

int compareStrings(StringId x, StringId y) { return x == y ? 0 : textOf(x).compare(textOf(y)); }

std::uint64_t hashString(std::string_view text, std::int64_t seed) {
  // FNV-1a from a start that the seed chooses, then MurmurHash3's finaliser, so that every bit depends on every byte.
  std::uint64_t h = 0xcbf29ce484222325ull ^ (static_cast<std::uint64_t>(seed) * 0x9e3779b97f4a7c15ull);
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdull;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53ull;
  return h ^ (h >> 33);
}

std::int64_t countParts(std::string_view text, std::string_view by) {
  std::int64_t parts = 1;
  if (by.empty()) return parts;
  for (std::size_t at = 0; (at = text.find(by, at)) != std::string_view::npos; at += by.size()) ++parts;
  return parts;
}

void splitString(std::string_view text, std::string_view by, StringId* parts, std::int64_t room) {
  bool more = true;
  for (std::int64_t i = 0; i < room; ++i) {
    if (!more) {
      parts[i] = kEmptyString;
      continue;
    }
    const std::size_t end = by.empty() ? std::string_view::npos : text.find(by);
    more = end != std::string_view::npos;
    parts[i] = intern(text.substr(0, end));
    if (more) text.remove_prefix(end + by.size());
  }
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      case '\r': out += "\\r"; break;
      default: out += c;
    }
  }
  return out + "\"";
}

}  // namespace fedc::core
