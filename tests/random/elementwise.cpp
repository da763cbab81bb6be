#include <fmt/format.h>

#include "tests/random/generator.h"

/// Elementwise forms, and those that go over whole structures.
namespace fedc::random {

/// Other dims that broadcast to `dims`: none, the last ones, or with a size written 1.
std::vector<Size> Generator::stretched(const std::vector<Size>& dims) {
  switch (choices_.below(5)) {
    case 0:
    case 1: return dims;
    case 2: return {};
    case 3: return dims.empty() ? dims : std::vector<Size>(dims.begin() + choices_.below(static_cast<std::uint32_t>(dims.size())), dims.end());
    default: {
      std::vector<Size> out = dims;
      if (!out.empty()) out[choices_.below(static_cast<std::uint32_t>(out.size()))] = 1;
      return out;
    }
  }
}

void Generator::elementwise(const Type& want, Options& out) {
  if (!want.isTensor()) return;
  const Elem e = want.elem;
  const auto same = [this, want] { return expression(want); };
  const auto sides = [this, want](const std::string& op) {
    const bool literal = choices_.chance(15) && want.elem != Elem::Bool;
    std::string a = expression(want);
    std::string b = literal ? number(want.elem, true) : expression(Type::tensor(want.elem, stretched(want.dims)));
    if (choices_.chance(30)) std::swap(a, b);
    return fmt::format("({} {} {})", a, op, b);
  };
  const auto pair = [this, want](const std::string& name) {
    std::string a = expression(want), b = expression(Type::tensor(want.elem, stretched(want.dims)));
    return fmt::format("{}({}, {})", name, a, b);
  };
  if (core::isFloat(e)) {
    out.emplace_back(6, [=, this] {
      return fmt::format(
          "{}({})",
          oneOf({"exp", "tanh", "sin", "cos", "sqrt", "abs", "relu", "sigmoid", "log", "rsqrt", "expm1", "log1p", "erf", "erf_inv", "constant"}),
          same());
    });
    out.emplace_back(9, [=, this] { return sides(oneOf({"+", "-", "*", "/"})); });
    if (e == Elem::F32) {
      out.emplace_back(2, [=, this] {
        natives_.insert("native fn eased(x: f32) -> f32 = \"eased\";\nderivative of eased(x) = 1 / ((1 + abs(x)) * (1 + abs(x)));");
        return fmt::format("eased({})", same());
      });
      if (want.dims.size() == 1) {
        out.emplace_back(2, [=, this] {
          natives_.insert("native fn mirrored<n>(x: f32[n]) -> f32[n] = \"mirrored\";\nderivative of mirrored(x) = |g| mirrored(g);");
          return fmt::format("mirrored({})", same());
        });
      }
    }
    out.emplace_back(3, [=, this] { return pair(oneOf({"min", "max", "pow", "atan2"})); });
    out.emplace_back(1, [=] { return fmt::format("(-{})", same()); });
    if (!scope_.differentiable) {
      out.emplace_back(3, [=, this] { return fmt::format("{}({})", oneOf({"floor", "ceil", "round", "sign", "lgamma", "digamma"}), same()); });
      out.emplace_back(1, [=] { return sides("%"); });
    } else {
      out.emplace_back(1, [=, this] { return fmt::format("{}(constant({}))", oneOf({"floor", "ceil", "round", "sign"}), same()); });
    }
  } else if (core::isInteger(e)) {
    out.emplace_back(6, [=, this] { return sides(oneOf({"+", "-", "*"})); });
    out.emplace_back(2, [=, this] { return sides(oneOf({"&", "|", "^"})); });
    out.emplace_back(2, [=, this] { return pair(oneOf({"min", "max"})); });
    out.emplace_back(2, [=, this] {
      const std::string op = oneOf({"/", "%"});
      if (risky_ && choices_.chance(30)) return sides(op);
      const std::string a = same();
      // Never zero: the absolute value of the least integer is itself, and no power of two is a multiple of 5.
      return fmt::format("({} {} (abs({}) % 5 + 1))", a, op, expression(Type::tensor(want.elem, stretched(want.dims))));
    });
    out.emplace_back(1, [=, this] { return fmt::format("({} {} ({} & 7))", same(), oneOf({"<<", ">>"}), same()); });
    out.emplace_back(1, [=, this] { return fmt::format("{}({})", oneOf({"abs", "sign"}), same()); });
    if (core::isSigned(e)) out.emplace_back(1, [=] { return fmt::format("(-{})", same()); });
  } else if (e == Elem::Bool) {
    out.emplace_back(2, [=, this] { return sides(oneOf({"&&", "||", "&", "|", "^", "==", "!="})); });
    out.emplace_back(1, [=] { return fmt::format("(!{})", same()); });
    out.emplace_back(6, [=, this] {
      Elem of = someElem();
      if (of == Elem::Bool) of = Elem::I32;
      const std::string op = oneOf({"<", ">", "<=", ">=", "==", "!="});
      const std::string a = expression(Type::tensor(of, want.dims));
      return fmt::format("({} {} {})", a, op, choices_.chance(25) ? number(of, true) : expression(Type::tensor(of, stretched(want.dims))));
    });
    out.emplace_back(1, [=, this] { return fmt::format("is_finite({})", expression(Type::tensor(someFloat(), want.dims))); });
  }
  // Conversions; a literal of one type is no conversion.
  out.emplace_back(4, [=, this] {
    Elem from = someElem();
    if (from == want.elem) from = from == Elem::F32 ? Elem::I32 : Elem::F32;
    const Type type = Type::tensor(from, want.dims);
    std::string of = expression(type);
    // What is written out would have to fit.
    if (core::isInteger(want.elem) || of.find_first_not_of("()-0123456789.e") == std::string::npos) of = let(type, of);
    return fmt::format("{}({})", core::elemName(want.elem), of);
  });
  out.emplace_back(3, [=, this] {
    const std::string c = expression(Type::tensor(Elem::Bool, stretched(want.dims)));
    const std::string a = same();
    return fmt::format("where({}, {}, {})", c, a, expression(Type::tensor(want.elem, stretched(want.dims))));
  });
}

void Generator::structures(const Type& want, Options& out) {
  // A part of a whole.
  out.emplace_back(2, [=, this] {
    for (std::uint32_t i = 0, n = static_cast<std::uint32_t>(structs_.size()), from = n == 0 ? 0 : choices_.below(n); i < n; ++i) {
      const Type& type = structs_[(from + i) % n].type;
      for (std::size_t f = 0; f < type.items.size(); ++f) {
        if (type.items[f] != want) continue;
        const std::string field = type.fields[f], whole = expression(type);
        return whole.back() == ')' || whole.find(' ') == std::string::npos ? whole + "." + field : "(" + whole + ")." + field;
      }
    }
    return leaf(want);
  });
  if (want.isTensor() || want.kind == Type::Kind::Array) return;
  if (want.kind == Type::Kind::Struct) {
    out.emplace_back(6, [=, this] {
      std::string made = want.literal + " {";
      const bool updates = want.items.size() > 1 && choices_.chance(30);
      const std::uint32_t only = updates ? choices_.below(static_cast<std::uint32_t>(want.items.size())) : 0;
      for (std::size_t i = 0; i < want.items.size(); ++i) {
        if (updates && i != only) continue;
        made += fmt::format("{} {}: {}", made.back() == '{' ? "" : ",", want.fields[i], expression(want.items[i]));
      }
      if (updates) made += ", .." + expression(want);
      return made + " }";
    });
  } else {
    out.emplace_back(6, [=, this] {
      std::string made = "(";
      for (std::size_t i = 0; i < want.items.size(); ++i) made += (i == 0 ? "" : ", ") + expression(want.items[i]);
      return made + ")";
    });
    if (want.items.size() == 2) {
      out.emplace_back(1, [=, this] { return fmt::format("{}({})", generic("swap"), expression(Type::tuple({want.items[1], want.items[0]}))); });
    }
  }
  const auto elem = commonElem(want);
  if (!allLeaves(want, core::isNumeric)) return;
  out.emplace_back(4, [=, this] {
    const std::string op = isVector(want) ? oneOf({"+", "-", "*", "/"}) : oneOf({"+", "-", "*"});
    std::string a = expression(want), b = elem && choices_.chance(40) ? expression(Type::scalar(*elem)) : expression(want);
    if (choices_.chance(20)) std::swap(a, b);
    return fmt::format("({} {} {})", a, op, b);
  });
  out.emplace_back(1, [=, this] { return fmt::format("{}({}, {})", oneOf({"min", "max"}), expression(want), expression(want)); });
  out.emplace_back(1,
                   [=, this] { return fmt::format("where({}, {}, {})", expression(Type::scalar(Elem::Bool)), expression(want), expression(want)); });
  out.emplace_back(1, [=, this] { return fmt::format("(-{})", expression(want)); });
  if (isVector(want)) {
    out.emplace_back(
        2, [=, this] { return fmt::format("{}({})", oneOf({"tanh", "exp", "abs", "sqrt", "relu", "sigmoid", "square"}), expression(want)); });
    if (elem) out.emplace_back(1, [=, this] { return fmt::format("{}({}, {})", generic("blend"), expression(want), expression(want)); });
  }
  if (elem) {
    const std::int64_t n = elements(want);
    if (!hasNames(want)) {
      out.emplace_back(1, [=, this] { return let(want, fmt::format("unravel({})", expression(Type::tensor(*elem, {n})))); });
    }
    if (core::isFloat(*elem))
      out.emplace_back(1, [=, this] {
        const std::string a = expression(want), b = expression(want);
        const std::string x = fresh("x"), y = fresh("y");
        return fmt::format("map_leaves(|{0}, {1}| {2}, {3}, {4})", x, y,
                           fmt::format(fmt::runtime(oneOf({"{0} * {1}", "{0} - 0.5 * {1}", "max({0}, {1})"})), x, y), a, b);
      });
  }
}

}  // namespace fedc::random
