#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "compiler/core/strings.h"
#include "compiler/support/expected.h"

namespace fedc::runtime {

/// Strings outside of this process: for each the length of its text in four bytes, little-endian, then the text.
std::int64_t textsSize(std::span<const core::StringId> strings);
void appendTexts(std::span<const core::StringId> strings, std::vector<std::uint8_t>& to);

/// As many strings from the front of `bytes`: gives how many bytes they took. Errors: too few bytes, what is no string.
Expected<std::size_t> takeTexts(std::span<const std::uint8_t> bytes, std::span<core::StringId> strings);

}  // namespace fedc::runtime
