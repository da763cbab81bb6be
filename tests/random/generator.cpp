#include "tests/random/generator.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace fedc::random {

namespace {

constexpr int kDeepest = 7;
/// Tensors stay small: many programs, not large ones.
constexpr std::int64_t kMostElements = 120;

}  // namespace

std::string Generator::choose(const Options& options) {
  std::uint32_t total = 0;
  for (const auto& [weight, make] : options) total += weight;
  std::uint32_t at = choices_.below(total);
  for (const auto& [weight, make] : options) {
    if (at < weight) return make();
    at -= weight;
  }
  return options.front().second();
}

std::string Generator::expression(const Type& want) {
  return choices_.part([&] {
    if (fuel_ <= 0 || depth_ >= kDeepest) return leaf(want);
    --fuel_;
    ++depth_;
    Options options;
    options.emplace_back(4, [&] { return leaf(want); });
    elementwise(want, options);
    strings(want, options);
    structures(want, options);
    shapes(want, options);
    reductions(want, options);
    products(want, options);
    control(want, options);
    transforms(want, options);
    draws(want, options);
    sequences(want, options);
    library(want, options);
    std::string made = choose(options);
    --depth_;
    return made;
  });
}

namespace {

void namedIn(const std::string& path, const Type& type, const Type& want, std::vector<std::string>& out) {
  if (type == want) out.push_back(path);
  if (type.kind == Type::Kind::Tuple || type.kind == Type::Kind::Struct) {
    for (std::size_t i = 0; i < type.items.size(); ++i) {
      namedIn(path + "." + (type.kind == Type::Kind::Tuple ? std::to_string(i) : type.fields[i]), type.items[i], want, out);
    }
  }
  if (type.kind != Type::Kind::Array) return;
  // Columns.
  const Type& row = type.items[0];
  for (std::size_t i = 0; i < row.items.size(); ++i) {
    if (row.items[i].kind == Type::Kind::Array) continue;
    namedIn(path + "." + (row.kind == Type::Kind::Tuple ? std::to_string(i) : row.fields[i]), rowsOf(row.items[i], type.extent), want, out);
  }
}

}  // namespace

std::vector<std::string> Generator::named(const Type& want) const {
  std::vector<std::string> out;
  for (auto v = scope_.variables.rbegin(); v != scope_.variables.rend(); ++v) namedIn(v->name, v->type, want, out);
  return out;
}

std::string Generator::leaf(const Type& want) {
  const std::vector<std::string> found = named(want);
  if (!found.empty() && !choices_.chance(15)) return oneOf(found);
  return literal(want);
}

std::string Generator::number(Elem elem, bool bare) {
  std::string digits;
  if (elem == Elem::Bool) return oneOf({"false", "true"});
  if (core::isFloat(elem)) {
    digits = oneOf({"0.0", "1.0", "0.5", "2.0", "-1.0", "-0.25", "3.0", "0.1", "-2.5", "10.0", "1e-3", "1e3", "7.0", "1e-8", "1e6"});
    if (elem == Elem::F16 && digits == "1e6") digits = "6e4";
  } else {
    digits = oneOf({"0", "1", "2", "3", "5", "7", "100"});
    if (core::isSigned(elem) && choices_.chance(20)) digits = "-" + digits;
  }
  const bool negative = digits.front() == '-';
  if (bare || elem == Elem::F32 || elem == Elem::I32) return negative ? "(" + digits + ")" : digits;
  return fmt::format("{}({})", core::elemName(elem), digits);
}

std::string Generator::literal(const Type& want) {
  switch (want.kind) {
    case Type::Kind::Struct: {
      std::vector<std::string> fields;
      for (std::size_t i = 0; i < want.items.size(); ++i) fields.push_back(want.fields[i] + ": " + literal(want.items[i]));
      return fmt::format("{} {{ {} }}", want.literal, fmt::join(fields, ", "));
    }
    case Type::Kind::Tuple: {
      std::vector<std::string> items;
      for (const Type& item : want.items) items.push_back(literal(item));
      return fmt::format("({}{})", fmt::join(items, ", "), items.size() == 1 ? "," : "");
    }
    case Type::Kind::Array:
      if (want.extent.isNumber() && want.extent.number > 0 && want.extent.number <= 3) {
        std::vector<std::string> items;
        for (std::int64_t i = 0; i < want.extent.number; ++i) items.push_back(literal(want.items[0]));
        return fmt::format("[{}]", fmt::join(items, ", "));
      }
      return fmt::format("vmap(|{}: i32| {})(0..{})", fresh("j"), literal(want.items[0]), want.extent.text());
    case Type::Kind::Tensor: break;
  }
  if (want.isScalar()) return number(want.elem);
  const auto rows = leading(want);
  if (!hasNames(want) && rows->extent.number > 0 && rows->extent.number <= 4 && elements(want) <= 9 && choices_.chance(40)) {
    std::vector<std::string> items;
    const std::function<std::string(const Type&)> numbers = [&](const Type& t) -> std::string {
      if (t.isScalar()) return number(t.elem, true);
      std::vector<std::string> inner;
      for (std::int64_t i = 0; i < t.dims[0].number; ++i) inner.push_back(numbers(leading(t)->element));
      return fmt::format("[{}]", fmt::join(inner, ", "));
    };
    const std::string array = numbers(want);
    return want.elem == Elem::F32 || want.elem == Elem::I32 || want.elem == Elem::Bool ? array
                                                                                       : fmt::format("{}({})", core::elemName(want.elem), array);
  }
  std::string value;
  switch (choices_.below(want.elem == Elem::Bool ? 2 : 5)) {
    case 0: value = "zeros()"; break;
    case 1: value = "ones()"; break;
    case 2: value = "highest()"; break;
    case 3: value = "lowest()"; break;
    default: value = fmt::format("full({})", number(want.elem, true)); break;
  }
  return let(want, value);
}

std::string Generator::key() {
  if (scope_.key.empty()) return fmt::format("key({})", choices_.below(100));
  std::string folded = fmt::format("fold_in({}, {})", scope_.key, names_++);
  if (choices_.chance(15)) return fmt::format("clone({})", folded);
  if (choices_.chance(20)) {
    const std::string a = fresh("k"), b = fresh("k");
    scope_.statements->push_back(fmt::format("let [{}, {}] = split({});", a, b, folded));
    return choices_.chance(50) ? b : a;
  }
  if (choices_.chance(20)) return fmt::format("split({}, 3)[{}]", folded, choices_.below(3));
  return folded;
}

std::string Generator::position(const Size& size) {
  if (size.isNumber() && choices_.chance(35))
    return std::to_string(choices_.below(static_cast<std::uint32_t>(std::max<std::int64_t>(size.number, 1))));
  const std::string i = expression(Type::scalar(Elem::I32));
  if (risky_ && choices_.chance(30)) return i;
  if (choices_.chance(50)) return fmt::format("(abs({}) % {})", i, size.isNumber() ? size.text() : "max(" + size.text() + ", 1)");
  return fmt::format("min(max({}, 0), {} - 1)", i, size.text());
}

Size Generator::someSize() {
  if (choices_.chance(12)) {
    static constexpr std::int64_t kOdd[] = {1, 6, 7, 8, 9, 16, 17, 33};
    return kOdd[choices_.below(8)];
  }
  return oneOf(palette_);
}

Elem Generator::someElem() {
  static constexpr Elem kOften[] = {Elem::F32, Elem::F32, Elem::F32, Elem::F32,  Elem::F32, Elem::I32,
                                    Elem::I32, Elem::F64, Elem::F64, Elem::Bool, Elem::I64, Elem::U8};
  if (choices_.chance(8)) {
    static constexpr Elem kRarely[] = {Elem::I8, Elem::I16, Elem::U16, Elem::U32, Elem::U64, Elem::F16, Elem::BF16};
    return kRarely[choices_.below(7)];
  }
  return kOften[choices_.below(12)];
}

Type Generator::someTensor(Elem elem, std::size_t maxRank) {
  Type t = Type::scalar(elem);
  const std::size_t rank = std::min<std::size_t>(maxRank, choices_.below(8) == 7 ? 3 : choices_.below(3));
  for (std::size_t i = 0; i < rank; ++i) {
    const Size s = someSize();
    if (elements(t) * s.number > kMostElements) break;
    t.dims.push_back(s);
  }
  return t;
}

Type Generator::someType(bool vector) {
  if (choices_.chance(22)) {
    std::vector<Type> fitting;
    for (const Struct& s : structs_)
      if (!vector || isVector(s.type)) fitting.push_back(s.type);
    if (!fitting.empty()) return oneOf(fitting);
  }
  const auto elem = [&] { return vector ? someFloat() : someElem(); };
  if (choices_.chance(8)) {
    std::vector<Type> items;
    for (std::uint32_t i = 0, n = 2 + choices_.below(2); i < n; ++i) items.push_back(someTensor(elem(), 1));
    return Type::tuple(std::move(items));
  }
  return someTensor(elem());
}

}  // namespace fedc::random
