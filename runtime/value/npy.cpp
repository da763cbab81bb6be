#include "runtime/value/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/core/strings.h"

namespace fedc::runtime {
namespace {

using core::Array;
using core::Elem;

std::u32string codePoints(std::string_view text) {
  std::u32string points;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0xc0) {
      points += char32_t(byte & (byte >= 0xf0 ? 7u : byte >= 0xe0 ? 15u : 31u));
    } else if (byte >= 0x80) {
      points.back() = points.back() << 6 | (byte & 63u);
    } else {
      points += char32_t(byte);
    }
  }
  return points;
}

/// A number that is no code point gives bytes that are no UTF-8.
std::string utf8(std::u32string_view points) {
  std::string text;
  for (const char32_t p : points) {
    if (p < 0x80) {
      text += static_cast<char>(p);
      continue;
    }
    const int more = p < 0x800 ? 1 : p < 0x10000 ? 2 : 3;
    text += static_cast<char>(p > 0x1fffff ? 0xffu : (0xff00u >> (more + 1) & 0xffu) | p >> (6 * more));
    for (int i = more; i-- > 0;) text += static_cast<char>(0x80u | (p >> (6 * i) & 63u));
  }
  return text;
}

constexpr std::string_view kMagic = "\x93NUMPY";

struct Descr {
  Elem elem;
  std::string_view text;
};

constexpr Descr kDescrs[] = {{Elem::Bool, "|b1"}, {Elem::I8, "|i1"},  {Elem::U8, "|u1"},  {Elem::I16, "<i2"}, {Elem::U16, "<u2"}, {Elem::I32, "<i4"},
                             {Elem::U32, "<u4"},  {Elem::I64, "<i8"}, {Elem::U64, "<u8"}, {Elem::F16, "<f2"}, {Elem::F32, "<f4"}, {Elem::F64, "<f8"}};

/// NumPy's strings are of one length, filled up with zeros: `<U` of code points in four bytes each, `S` of bytes.
struct Texts {
  bool ofBytes = false;
  std::size_t length = 0;
  std::size_t size() const { return ofBytes ? length : 4 * length; }
};

std::optional<Texts> textsOf(std::string_view descr) {
  const bool ofBytes = descr.starts_with("S") || descr.starts_with("|S");
  if (!ofBytes && !descr.starts_with("<U")) return std::nullopt;
  descr.remove_prefix(descr.front() == 'S' ? 1 : 2);
  Texts texts{ofBytes, 0};
  const auto [end, error] = std::from_chars(descr.data(), descr.data() + descr.size(), texts.length);
  if (error != std::errc() || end != descr.data() + descr.size() || texts.length > static_cast<std::size_t>(core::kMaxStringBytes))
    return std::nullopt;
  return texts;
}

/// All of them as `<U`, and the longest one's length, at least 1.
Expected<std::pair<std::string, std::size_t>> textsBody(const Array& array) {
  std::vector<std::u32string> all;
  std::size_t longest = 1;
  for (const core::StringId s : array.as<core::StringId>()) {
    all.push_back(codePoints(core::textOf(s)));
    longest = std::max(longest, all.back().size());
    if (!all.back().empty() && all.back().back() == 0) return fail("NumPy drops the zero byte at the end of a string");
  }
  std::string body;
  for (const std::u32string& text : all)
    for (std::size_t i = 0; i < longest; ++i)
      for (int byte = 0; byte < 4; ++byte) body += static_cast<char>((i < text.size() ? text[i] : U'\0') >> (8 * byte) & 0xff);
  return std::pair(std::move(body), longest);
}

/// The string that an entry of an array of texts holds.
Expected<core::StringId> textIn(std::string_view entry, const Texts& texts) {
  std::string text;
  if (texts.ofBytes) {
    text = entry;
    text.resize(text.find_last_not_of('\0') + 1);
  } else {
    std::u32string points;
    for (std::size_t at = 0; at < entry.size(); at += 4) {
      char32_t point = 0;
      for (std::size_t byte = 0; byte < 4; ++byte) point |= char32_t{static_cast<unsigned char>(entry[at + byte])} << (8 * byte);
      points += point;
    }
    points.resize(points.find_last_not_of(U'\0') + 1);
    text = utf8(points);
  }
  if (const auto problem = core::stringProblem(text)) return fail("holds " + *problem);
  return core::intern(text);
}

std::optional<Elem> elemOf(std::string_view descr) {
  for (const Descr& d : kDescrs) {
    // One byte has no order; NumPy writes `|`, others `<`.
    if (d.text == descr || (core::elemBytes(d.elem) == 1 && descr.size() == 3 && d.text.substr(1) == descr.substr(1))) return d.elem;
  }
  return std::nullopt;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

/// The text after `'key':` in a header such as {'descr': '<f4', 'fortran_order': False, 'shape': (784, 10), }.
std::optional<std::string_view> field(std::string_view header, std::string_view key) {
  const auto at = header.find(fmt::format("'{}'", key));
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = header.substr(at + key.size() + 2);
  rest = trim(rest);
  if (rest.empty() || rest.front() != ':') return std::nullopt;
  return trim(rest.substr(1));
}

std::optional<std::vector<std::int64_t>> shapeOf(std::string_view text) {
  if (text.empty() || text.front() != '(') return std::nullopt;
  const auto end = text.find(')');
  if (end == std::string_view::npos) return std::nullopt;
  text = text.substr(1, end - 1);
  std::vector<std::int64_t> shape;
  while (!(text = trim(text)).empty()) {
    std::int64_t extent = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (error != std::errc() || extent < 0) return std::nullopt;
    shape.push_back(extent);
    text = trim(text.substr(static_cast<std::size_t>(stop - text.data())));
    if (!text.empty()) {
      if (text.front() != ',') return std::nullopt;
      text.remove_prefix(1);
    }
  }
  return shape;
}

/// Fortran order: the first index runs fastest in `from`.
void reorder(std::string_view from, Array& to) {
  const auto& shape = to.shape();
  const auto size = static_cast<std::size_t>(core::elemBytes(to.elem()));
  auto* out = static_cast<char*>(to.mutableData());
  std::vector<std::int64_t> index(shape.size(), 0);
  for (std::int64_t flat = 0; flat < to.count(); ++flat) {
    std::int64_t source = 0;
    for (std::size_t axis = shape.size(); axis-- > 0;) source = source * shape[axis] + index[axis];
    std::memcpy(out + static_cast<std::size_t>(flat) * size, &from[static_cast<std::size_t>(source) * size], size);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

}  // namespace

Expected<std::string> toNpy(const Array& array) {
  std::vector<std::int64_t> shape = array.shape();
  Elem elem = array.elem();
  std::string body(static_cast<const char*>(array.data()), static_cast<std::size_t>(array.bytes()));
  if (elem == Elem::Key) {
    shape.push_back(2);
    elem = Elem::U32;
    for (std::size_t at = 0; at < body.size(); at += 8) {
      // The first word is the high half, which a little-endian machine stores last.
      for (std::size_t i = 0; i < 4; ++i) std::swap(body[at + i], body[at + 4 + i]);
    }
  }
  std::string descr;
  for (const Descr& d : kDescrs) {
    if (d.elem == elem) descr = d.text;
  }
  if (elem == Elem::Str) {
    auto texts = textsBody(array);
    if (!texts) return tl::unexpected(texts.error());
    body = std::move(texts->first);
    descr = fmt::format("<U{}", texts->second);
  }
  if (descr.empty()) return fail(fmt::format("NumPy has no element type `{}`", core::elemName(elem)));
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", descr, fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  // The data begins at a multiple of 64: magic 6, version 2, length 2, header, line feed.
  const std::size_t unpadded = 10 + header.size() + 1;
  header.append((64 - unpadded % 64) % 64, ' ');
  header += '\n';
  std::string out(kMagic);
  out += '\x01';
  out += '\0';
  out += static_cast<char>(header.size() & 0xff);
  out += static_cast<char>(header.size() >> 8);
  return out + header + body;
}

Expected<Array> fromNpy(std::string_view bytes) {
  if (bytes.size() < 10 || !bytes.starts_with(kMagic)) return fail("is not a .npy array");
  const int version = static_cast<unsigned char>(bytes[6]);
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
  std::size_t start = 10;
  std::size_t length = byte(8) | byte(9) << 8;
  if (version == 2 || version == 3) {
    if (bytes.size() < 12) return fail("ends inside its header");
    start = 12;
    length |= byte(10) << 16 | byte(11) << 24;
  } else if (version != 1) {
    return fail(fmt::format("has .npy format {}, this fedc reads 1 to 3", version));
  }
  if (bytes.size() - start < length) return fail("ends inside its header");
  const std::string_view header = bytes.substr(start, length);
  const std::string_view body = bytes.substr(start + length);
  const auto descr = field(header, "descr");
  const auto order = field(header, "fortran_order");
  const auto shapeText = field(header, "shape");
  if (!descr || !order || !shapeText) return fail("has a .npy header without descr, fortran_order or shape");
  const char quote = descr->empty() ? ' ' : descr->front();
  const auto close = quote == '\'' || quote == '"' ? descr->find(quote, 1) : std::string_view::npos;
  if (close == std::string_view::npos) return fail("has records for elements; a leaf is an array of plain numbers");
  const std::string_view name = descr->substr(1, close - 1);
  const auto texts = textsOf(name);
  const auto elem = texts ? Elem::Str : elemOf(name);
  if (!elem) return fail(fmt::format("has elements of NumPy type `{}`, which is none of fedc's", name));
  const auto shape = shapeOf(*shapeText);
  if (!shape) return fail("has a .npy header whose shape cannot be read");
  std::int64_t count = 1;
  for (const std::int64_t extent : *shape) {
    if (__builtin_mul_overflow(count, extent, &count)) return fail("has a .npy header whose shape cannot be read");
  }
  const std::size_t size = texts ? texts->size() : static_cast<std::size_t>(core::elemBytes(*elem));
  if (size == 0 && count > static_cast<std::int64_t>(bytes.size())) return fail("has more empty strings than bytes");
  if (size != 0 && static_cast<std::size_t>(count) > body.size() / size) return fail("ends before its last element");
  Array array(*elem, *shape);
  if (count == 0) return array;
  std::string ids;
  std::string_view entries = body;
  if (texts) {
    for (std::int64_t i = 0; i < count; ++i) {
      const auto id = textIn(body.substr(static_cast<std::size_t>(i) * size, size), *texts);
      if (!id) return tl::unexpected(id.error());
      ids.append(reinterpret_cast<const char*>(&*id), sizeof *id);
    }
    entries = ids;
  }
  if (order->starts_with("True")) {
    reorder(entries, array);
  } else {
    std::memcpy(array.mutableData(), entries.data(), static_cast<std::size_t>(array.bytes()));
  }
  return array;
}

}  // namespace fedc::runtime
