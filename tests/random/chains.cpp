#include <fmt/format.h>

#include "tests/random/generator.h"

/// Chains: one operation after the other on a variable, so that each derivative in a row matters.
namespace fedc::random {

/// A number that depends on `variable` by a few operations, whose steps become statements.
std::string Generator::chain(const Type& of, Elem elem, const std::string& variable) {
  const bool wide = elem == Elem::F64;
  // A tensor as it is, of anything else all its elements.
  if (!of.isTensor() && wide) return fmt::format("dot({0}, {0})", variable);
  Type type = of;
  std::string y = variable;
  if (!of.isTensor()) {
    type = Type::tensor(elem, {Size(elements(of))});
    y = let(type, fmt::format("ravel({})", variable));
  }
  const auto c = [&](const std::string& number) { return wide ? fmt::format("f64({})", number) : number; };
  const auto extent = [&](std::size_t axis) { return type.dims[axis].number; };
  const auto step = [&](std::vector<Size> dims, const std::string& value) {
    type = Type::tensor(elem, std::move(dims));
    y = let(type, value);
  };
  const auto same = [&](const std::string& value) { step(type.dims, value); };
  const auto constant = [&](std::int64_t rows, std::int64_t columns) {
    const std::string drawn = fmt::format("uniform(key({}), [{}, {}], -1.0, 1.0)", choices_.below(50), rows, columns);
    return wide ? fmt::format("f64({})", drawn) : drawn;
  };
  for (const Size& d : type.dims)
    if (!d.isNumber() || d.number == 0) return fmt::format("dot({0}, {0})", y);
  for (std::uint32_t i = 0, n = 1 + choices_.below(4); i < n; ++i) {
    const std::uint32_t which = choices_.below(type.rank() == 1 ? 15 : type.rank() == 2 ? 14 : 8);
    switch (which) {
      case 0: same(fmt::format("{} * {}", y, c("0.5"))); continue;
      case 1: same(fmt::format("{}({})", oneOf({"sin", "cos", "tanh", "sigmoid", "erf", "expm1"}), y)); continue;
      case 2: same(fmt::format("{0}({1} * {1} + {2})", oneOf({"sqrt", "log", "log1p", "rsqrt"}), y, c("1.5"))); continue;
      case 3: same(fmt::format("pow({0} * {0} + {1}, {2})", y, c("0.5"), c(oneOf({"2.0", "3.0", "0.5", "-1.0", "1.5"})))); continue;
      case 4: same(fmt::format("{0} / ({0} * {0} + {1})", y, c("1.0"))); continue;
      case 5: same(fmt::format("{}({}, {})", oneOf({"max", "min", "atan2"}), y, c("0.3"))); continue;
      case 6: same(fmt::format("where({0} > {1}, {0} * {0}, -{0})", y, c("0.1"))); continue;
      case 7: same(fmt::format("{{ var z = {}; for j in 0..{} {{ z = sin(z) * z + {}; }} z }}", y, 1 + choices_.below(3), c("0.2"))); continue;
      default: break;
    }
    if (type.rank() == 1) {
      const std::int64_t m = extent(0);
      switch (which) {
        case 8: {
          // Elements several times, and some not at all.
          const std::string at = fmt::format("{}", choices_.below(static_cast<std::uint32_t>(m)));
          step({Size(3)}, fmt::format("{}[[{}, {}, {}]]", y, at, choices_.below(static_cast<std::uint32_t>(m)), at));
          break;
        }
        case 9: same(fmt::format("{}({})", oneOf({"reverse", "cumsum", "sort"}), y)); break;
        case 10: step({Size(2 * m)}, fmt::format("concat({0}, {0} * {0})", y)); break;
        case 11: step({Size(m), Size(m)}, fmt::format("reshape({0}, [{1}, 1]) * reshape({0}, [1, {1}])", y, m)); break;
        case 12: step({Size(2)}, fmt::format("{} @ {}", y, constant(m, 2))); break;
        case 13: step({Size(m + 2)}, fmt::format("pad({}, {})", y, m + 2)); break;
        default: step({Size(m)}, fmt::format("vmap(|e: {0}| e * e * norm({1}))({1})", text(Type::scalar(elem)), y)); break;
      }
      continue;
    }
    const std::int64_t a = extent(0), b = extent(1);
    switch (which) {
      case 8: step({Size(a), Size(a)}, fmt::format("{0} @ transpose({0})", y)); break;
      case 9: {
        const bool first = choices_.chance(50);
        step({Size(first ? b : a)}, fmt::format("{}({}, axis = {})", oneOf({"sum", "max", "mean", "prod"}), y, first ? 0 : 1));
        break;
      }
      case 10: step({Size(b), Size(a)}, fmt::format("transpose({})", y)); break;
      case 11: step({Size(a * b)}, fmt::format("reshape({}, [{}])", y, a * b)); break;
      case 12: step({Size(a), Size(2)}, fmt::format("{} @ {}", y, constant(b, 2))); break;
      default: {
        const std::string row = text(Type::tensor(elem, {Size(b)}));
        step({Size(a)}, fmt::format("vmap(|r: {}| dot(r, sin(r)))({})", row, y));
        break;
      }
    }
  }
  return type.rank() == 0 ? y : fmt::format("sum({})", y);
}

}  // namespace fedc::random
