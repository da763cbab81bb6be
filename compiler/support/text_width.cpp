#include "compiler/support/text_width.h"

#include <algorithm>
#include <iterator>

namespace fedc {
namespace {

constexpr std::uint32_t kTabWidth = 4;
constexpr char32_t kReplacement = 0xfffd;
constexpr std::string_view kReplacementBytes = "\xef\xbf\xbd";

struct Range {
  char32_t first;
  char32_t last;
};

// The blocks that matter in source text; after Unicode's EastAsianWidth and general category Mn.
constexpr Range kZeroWidth[] = {{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x064b, 0x065f},  {0x1ab0, 0x1aff},
                                {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x2064},  {0x20d0, 0x20ff},
                                {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef}};
constexpr Range kWide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},  {0xa960, 0xa97f}, {0xac00, 0xd7a3},
                           {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},  {0xffe0, 0xffe6}, {0x1f300, 0x1f64f},
                           {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

template <std::size_t N>
bool isIn(const Range (&ranges)[N], char32_t c) {
  return std::any_of(std::begin(ranges), std::end(ranges), [c](Range r) { return r.first <= c && c <= r.last; });
}

}  // namespace

std::uint32_t displayWidth(char32_t c) {
  if (isIn(kZeroWidth, c)) return 0;
  return isIn(kWide, c) ? 2 : 1;
}

char32_t decodeUtf8(std::string_view text, std::size_t at, std::size_t& size, bool& isValid) {
  const auto byte = [&](std::size_t i) -> std::uint32_t { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u; };
  size = 1;
  isValid = true;
  const std::uint32_t first = byte(0);
  if (first < 0x80) return first;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  char32_t code = first & (0x7fu >> length);
  bool isGood = first >= 0xc2 && first <= 0xf4;
  for (std::size_t i = 1; i < length && isGood; ++i) {
    isGood = (byte(i) & 0xc0u) == 0x80u;
    code = code << 6 | (byte(i) & 0x3fu);
  }
  isGood = isGood && code >= kLeast[length] && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  if (!isGood) {
    isValid = false;
    return kReplacement;
  }
  size = length;
  return code;
}

std::size_t characterBegin(std::string_view text, std::size_t at) {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0u) == 0x80u) --at;
  return at;
}

std::size_t findInvalidUtf8(std::string_view text) {
  std::size_t size = 1;
  bool isValid = true;
  for (std::size_t i = 0; i < text.size(); i += size) {
    decodeUtf8(text, i, size, isValid);
    if (!isValid) return i;
  }
  return std::string_view::npos;
}

DisplayLine displayLine(std::string_view line) {
  DisplayLine result;
  std::uint32_t column = 0;
  std::size_t size = 1;
  bool isValid = true;
  for (std::size_t i = 0; i < line.size(); i += size) {
    const char32_t c = decodeUtf8(line, i, size, isValid);
    for (std::size_t k = 0; k < size; ++k) result.columns.push_back(column);
    if (c == '\t') {
      const std::uint32_t spaces = kTabWidth - column % kTabWidth;
      result.text.append(spaces, ' ');
      column += spaces;
    } else if (!isValid || c < 0x20 || (c >= 0x7f && c < 0xa0)) {
      result.text += kReplacementBytes;
      column += 1;
    } else {
      result.text += line.substr(i, size);
      column += displayWidth(c);
    }
  }
  result.columns.push_back(column);
  return result;
}

}  // namespace fedc
