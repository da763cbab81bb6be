#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "compiler/core/strings.h"
#include "runtime/data/feature.h"
#include "runtime/process/run.h"

namespace fedc::runtime {
namespace {

using core::Array;
using core::Elem;
using core::Literal;

class ArgumentReader {
 public:
  ArgumentReader(Array& array, std::string_view text) : array_(array), text_(text) {}

  Expected<void> read() {
    if (auto done = level(0); !done) return done;
    blanks();
    if (!text_.empty()) return fail(fmt::format("`{}` is left over", text_));
    return {};
  }

 private:
  void blanks() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\t')) text_.remove_prefix(1);
  }
  bool eat(char c) {
    blanks();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  Expected<void> level(std::size_t axis) {
    if (axis == array_.shape().size()) return value();
    if (!eat('[')) return fail("a `[` is missing");
    const std::int64_t extent = array_.shape()[axis];
    for (std::int64_t i = 0; i < extent; ++i) {
      if (i > 0 && !eat(',')) return fail(fmt::format("{} entries where {} are wanted", i, extent));
      blanks();
      if (!text_.empty() && text_.front() == ']') return fail(fmt::format("{} entries where {} are wanted", i, extent));
      if (auto done = level(axis + 1); !done) return done;
    }
    if (!eat(']')) return fail(fmt::format("more than {} entries", extent));
    return {};
  }

  /// A JSON string; alone it may also stand without quotes.
  Expected<void> string() {
    std::string text;
    if (array_.shape().empty() && !text_.starts_with('"')) {
      text = std::exchange(text_, {});
    } else {
      if (text_.empty() || text_.front() != '"') return fail("a `\"` is missing");
      std::size_t end = 1;
      while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
      const std::string_view quoted = text_.substr(0, end + 1);
      const auto json = nlohmann::json::parse(quoted.begin(), quoted.end(), nullptr, false);
      if (!json.is_string()) return fail(fmt::format("`{}` is no JSON string", quoted));
      text = json.get<std::string>();
      text_.remove_prefix(quoted.size());
    }
    if (const auto problem = core::stringProblem(text)) return fail("it is " + *problem);
    array_.set(next_++, {Elem::Str, core::intern(text)});
    return {};
  }

  Expected<void> value() {
    if (array_.elem() == Elem::Str && array_.shape().empty() && !text_.starts_with('"')) return string();
    blanks();
    if (array_.elem() == Elem::Str) return string();
    const std::size_t end = std::min(text_.find_first_of(",] \t"), text_.size());
    const std::string_view word = text_.substr(0, end);
    text_.remove_prefix(end);
    if (word.empty()) return fail("a number is missing");
    const Elem elem = array_.elem();
    const auto unfit = [&] { return fail(fmt::format("`{}` is no `{}`", word, core::elemName(elem))); };
    if (elem == Elem::Bool) {
      if (word != "true" && word != "false") return unfit();
      array_.set(next_++, Literal::ofBool(word == "true"));
    } else if (core::isFloat(elem)) {
      double number = 0;
      const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), number);
      if (error != std::errc() || stop != word.data() + word.size()) return unfit();
      array_.set(next_++, Literal::ofDouble(elem, number));
    } else if (core::isInteger(elem)) {
      const int bits = 8 * core::elemBytes(elem);
      std::uint64_t raw = 0;
      const char *const first = word.data(), *const last = first + word.size();
      if (core::isSigned(elem)) {
        std::int64_t number = 0;
        const auto [stop, error] = std::from_chars(first, last, number);
        const std::int64_t most = bits == 64 ? std::numeric_limits<std::int64_t>::max() : (std::int64_t{1} << (bits - 1)) - 1;
        if (error != std::errc() || stop != last || number > most || number < -most - 1) return unfit();
        raw = static_cast<std::uint64_t>(number);
      } else {
        const auto [stop, error] = std::from_chars(first, last, raw);
        if (error != std::errc() || stop != last || (bits < 64 && raw >> bits != 0)) return unfit();
      }
      if (bits < 64) raw &= (std::uint64_t{1} << bits) - 1;
      array_.set(next_++, Literal{elem, raw});
    } else {
      return fail(fmt::format("an argument of type `{}` cannot be given on the command line", core::elemName(elem)));
    }
    return {};
  }

  Array& array_;
  std::string_view text_;
  std::int64_t next_ = 0;
};

}  // namespace

Expected<Array> parseArgument(const core::Type& type, std::string_view text) {
  FeatureType shape{type.elem, {}};
  for (const Dim& dim : type.dims) {
    const auto extent = dim.constant();
    if (!extent) return fail("an argument's extents must be constants");
    shape.dims.push_back(*extent);
  }
  // Every element takes a character at least: what the text cannot hold is not made room for, unless it is small (and has a better message).
  constexpr std::int64_t kSmall = 1 << 16;
  std::int64_t elements = 1;
  bool fits = true;
  for (const std::int64_t extent : shape.dims) fits = fits && !__builtin_mul_overflow(elements, extent, &elements);
  if (!fits || elements > std::max(kSmall, static_cast<std::int64_t>(text.size()))) {
    return fail(fmt::format("a value of type `{}` has more elements than the text given for it has characters", describe(shape)));
  }
  Array array(shape.elem, shape.dims);
  if (auto done = ArgumentReader(array, text).read(); !done) {
    return fail(fmt::format("`{}` is no value of type `{}`: {}", text, describe(shape), done.error().message));
  }
  return array;
}

}  // namespace fedc::runtime
