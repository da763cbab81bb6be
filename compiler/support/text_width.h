#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fedc {

/// A line of text as a terminal shows it.
struct DisplayLine {
  /// Tabs as spaces up to the next multiple of 4; control characters and bytes that are no UTF-8 as U+FFFD.
  std::string text;
  /// For each byte of the source line, and one past its end: the column (from 0) where its character begins.
  std::vector<std::uint32_t> columns;
  std::uint32_t width() const { return columns.back(); }
};

DisplayLine displayLine(std::string_view line);

/// Columns that a code point takes: 0 for combining marks, 2 for East Asian wide characters and emoji, else 1.
std::uint32_t displayWidth(char32_t c);

/// Decodes the code point at `at` and says in `size` how many bytes it has; bytes that are no UTF-8 give U+FFFD and size 1, with
/// `isValid` false.
char32_t decodeUtf8(std::string_view text, std::size_t at, std::size_t& size, bool& isValid);

/// Where the character begins that the byte at `at` belongs to: a place to cut at. `at` itself at the end of the text.
std::size_t characterBegin(std::string_view text, std::size_t at);

/// Offset of the first byte that is no UTF-8, or npos.
std::size_t findInvalidUtf8(std::string_view text);

}  // namespace fedc
