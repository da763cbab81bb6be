#include "embed/values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>
#include <limits>

#include "compiler/core/strings.h"

namespace fedc {

namespace {

constexpr core::Elem elemOf(ElementType element) { return static_cast<core::Elem>(element); }
static_assert(elemOf(ElementType::Bool) == core::Elem::Bool && elemOf(ElementType::I8) == core::Elem::I8 &&
              elemOf(ElementType::I16) == core::Elem::I16);
static_assert(elemOf(ElementType::I32) == core::Elem::I32 && elemOf(ElementType::I64) == core::Elem::I64 &&
              elemOf(ElementType::U8) == core::Elem::U8);
static_assert(elemOf(ElementType::U16) == core::Elem::U16 && elemOf(ElementType::U32) == core::Elem::U32 &&
              elemOf(ElementType::U64) == core::Elem::U64);
static_assert(elemOf(ElementType::BF16) == core::Elem::BF16 && elemOf(ElementType::F16) == core::Elem::F16);
static_assert(elemOf(ElementType::F32) == core::Elem::F32 && elemOf(ElementType::F64) == core::Elem::F64);
static_assert(elemOf(ElementType::Str) == core::Elem::Str && sizeof(core::StringId) == sizeof(std::uint32_t));

}  // namespace

std::string_view version() { return FEDC_VERSION; }
std::string_view nameOf(ElementType element) { return core::elemName(elemOf(element)); }
Result<std::uint32_t> stringNumber(std::string_view text) {
  if (const auto problem = core::stringProblem(text)) return Failure::of("it is " + *problem);
  return core::intern(text);
}
std::string_view stringText(std::uint32_t number) { return core::isString(number) ? core::textOf(number) : std::string_view(); }
std::size_t bytesOf(ElementType element) { return static_cast<std::size_t>(core::elemBytes(elemOf(element))); }

namespace embed {

std::string describe(ElementType element, const std::vector<std::int64_t>& shape) {
  if (shape.empty()) return std::string(nameOf(element));
  return fmt::format("{}[{}]", nameOf(element), fmt::join(shape, ", "));
}

std::string describe(const Leaf& leaf) { return describe(leaf.element, leaf.shape); }

Expected<Leaf> leafOf(std::string name, const core::Type& type) {
  Leaf leaf;
  leaf.name = std::move(name);
  for (const Dim& dim : type.dims) leaf.shape.push_back(dim.constant().value_or(-1));
  if (type.elem == core::Elem::Key) {
    leaf.element = ElementType::U32;
    leaf.shape.push_back(2);
  } else {
    leaf.element = static_cast<ElementType>(type.elem);
  }
  return leaf;
}

Expected<void> checkArray(const Array& array) {
  if (array.element > ElementType::F64 && array.element != ElementType::Str) return fail("has no element type");
  std::int64_t bytes = static_cast<std::int64_t>(bytesOf(array.element));
  for (const std::int64_t extent : array.shape) {
    if (extent < 0) return fail(fmt::format("has an extent of {}", extent));
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return fail("is larger than any memory");
  }
  if (bytes > 0 && array.data == nullptr) return fail("has no data");
  if (reinterpret_cast<std::uintptr_t>(array.data) % bytesOf(array.element) != 0) return fail("is not aligned to its elements");
  return {};
}

Expected<void> checkElements(const Array& array) {
  if (array.element == ElementType::Str) {
    const auto* numbers = static_cast<const std::uint32_t*>(array.data);
    for (std::int64_t i = 0; i < array.count(); ++i) {
      if (!core::isString(numbers[i])) return fail(fmt::format("has {} where the number of a string is wanted", numbers[i]));
    }
    return {};
  }
  if (array.element != ElementType::Bool) return {};
  const auto* bytes = static_cast<const unsigned char*>(array.data);
  for (std::int64_t i = 0; i < array.count(); ++i) {
    if (bytes[i] > 1) return fail(fmt::format("has a byte {} where a bool is 0 or 1", bytes[i]));
  }
  return {};
}

core::Array toCore(const Array& array) { return core::Array::view(elemOf(array.element), array.shape, array.data, array.owner); }

Expected<core::Array> toCore(const Array& array, const core::Type& type) {
  if (auto good = checkArray(array); !good) return tl::unexpected(good.error());
  auto wanted = leafOf("the value", type);
  if (!wanted) return tl::unexpected(wanted.error());
  if (array.element != wanted->element || array.shape != wanted->shape) {
    return fail(fmt::format("is `{}`, the program has `{}`", describe(array.element, array.shape), describe(*wanted)));
  }
  if (auto good = checkElements(array); !good) return tl::unexpected(good.error());
  if (type.elem != core::Elem::Key) return toCore(array);
  core::Array keys(core::Elem::Key, {array.shape.begin(), array.shape.end() - 1});
  const auto words = array.as<std::uint32_t>();
  const auto to = keys.asMutable<std::uint64_t>();
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = std::uint64_t{words[2 * i]} << 32 | words[2 * i + 1];
  return keys;
}

Expected<NamedArrays> toPublic(const std::vector<runtime::NamedArray>& arrays) {
  NamedArrays out;
  for (const runtime::NamedArray& array : arrays) {
    const core::Array& value = array.value;
    NamedArray named{array.name, {}};
    if (value.elem() == core::Elem::Key) {
      std::vector<std::uint32_t> words;
      for (const std::uint64_t key : value.as<std::uint64_t>()) {
        words.push_back(static_cast<std::uint32_t>(key >> 32));
        words.push_back(static_cast<std::uint32_t>(key));
      }
      std::vector<std::int64_t> shape = value.shape();
      shape.push_back(2);
      named.value = Array::copyOf(std::move(words), std::move(shape));
    } else {
      const auto kept = std::make_shared<const core::Array>(value);
      named.value = {static_cast<ElementType>(value.elem()), value.shape(), kept->data(), kept};
    }
    out.push_back(std::move(named));
  }
  return out;
}

}  // namespace embed
}  // namespace fedc
