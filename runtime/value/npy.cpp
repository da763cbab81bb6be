#include "runtime/value/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cstring>
#include <optional>
#include <vector>

namespace fedc::runtime {
namespace {

using core::Array;
using core::Elem;

constexpr std::string_view kMagic = "\x93NUMPY";

struct Descr {
  Elem elem;
  std::string_view text;
};

constexpr Descr kDescrs[] = {{Elem::Bool, "|b1"}, {Elem::I8, "|i1"},  {Elem::U8, "|u1"},  {Elem::I16, "<i2"}, {Elem::U16, "<u2"}, {Elem::I32, "<i4"},
                             {Elem::U32, "<u4"},  {Elem::I64, "<i8"}, {Elem::U64, "<u8"}, {Elem::F16, "<f2"}, {Elem::F32, "<f4"}, {Elem::F64, "<f8"}};

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
  std::string_view descr;
  for (const Descr& d : kDescrs) {
    if (d.elem == elem) descr = d.text;
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
  const auto elem = elemOf(name);
  if (!elem) return fail(fmt::format("has elements of NumPy type `{}`, which is none of fedc's", name));
  const auto shape = shapeOf(*shapeText);
  if (!shape) return fail("has a .npy header whose shape cannot be read");
  std::int64_t count = 1;
  for (const std::int64_t extent : *shape) {
    if (__builtin_mul_overflow(count, extent, &count)) return fail("has a .npy header whose shape cannot be read");
  }
  const auto size = static_cast<std::size_t>(core::elemBytes(*elem));
  if (static_cast<std::size_t>(count) > body.size() / size) return fail("ends before its last element");
  Array array(*elem, *shape);
  if (count == 0) return array;
  if (order->starts_with("True")) {
    reorder(body, array);
  } else {
    std::memcpy(array.mutableData(), &body[0], static_cast<std::size_t>(count) * size);
  }
  return array;
}

}  // namespace fedc::runtime
