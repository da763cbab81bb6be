#include "runtime/value/texts.h"

#include <fmt/format.h>

#include <cstring>

namespace fedc::runtime {

namespace {
constexpr std::size_t kLength = 4;
}  // namespace

std::int64_t textsSize(std::span<const core::StringId> strings) {
  std::int64_t size = 0;
  for (const core::StringId s : strings) size += static_cast<std::int64_t>(kLength + core::textOf(s).size());
  return size;
}

void appendTexts(std::span<const core::StringId> strings, std::vector<std::uint8_t>& to) {
  for (const core::StringId s : strings) {
    const std::string_view text = core::textOf(s);
    for (std::size_t i = 0; i < kLength; ++i) to.push_back(static_cast<std::uint8_t>(text.size() >> (8 * i)));
    to.insert(to.end(), text.begin(), text.end());
  }
}

Expected<std::size_t> takeTexts(std::span<const std::uint8_t> bytes, std::span<core::StringId> strings) {
  std::size_t at = 0;
  for (core::StringId& s : strings) {
    if (bytes.size() - at < kLength) return fail(fmt::format("{} bytes are left where the length of a string takes {}", bytes.size() - at, kLength));
    std::size_t size = 0;
    for (std::size_t i = 0; i < kLength; ++i) size |= std::size_t{bytes[at + i]} << (8 * i);
    at += kLength;
    if (bytes.size() - at < size) return fail(fmt::format("{} bytes are left of the {} of a string", bytes.size() - at, size));
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + at, size);
    if (const auto problem = core::stringProblem(text)) return fail(*problem);
    s = core::intern(text);
    at += size;
  }
  return at;
}

}  // namespace fedc::runtime
