#include <cmath>
#include <numbers>

#include "compiler/core/ops/rules_detail.h"

// Derivatives of elementwise ops: partials in terms of operands and result. Conventions: language.md, "Fixed".
namespace fedc::core::rules {

namespace {

using Context = DerivativeContext;

template <class F>
Partials unary(F partial) {
  return Partials{[partial](Context& c, int) -> std::optional<Atom> { return partial(c); }};
}

// Both modes divide the tangent or cotangent by a value: one rounding less than multiplying by a reciprocal.
template <class F>
Rule unaryQuotient(F denominator) {
  auto apply = [denominator](Context& c, std::span<const std::optional<Atom>> given) -> std::vector<std::optional<Atom>> {
    if (!given[0]) return {std::nullopt};
    return {c.build.div(*given[0], denominator(c))};
  };
  return Rule{apply, apply};
}

Linear linear(std::vector<int> operands, std::function<Atom(Context&, int, Atom)> transpose) {
  return Linear{std::move(operands), std::move(transpose)};
}

Atom one(Context& c) { return constant(c.build, c.results[0], 1.0); }
Atom zero(Context& c) { return constant(c.build, c.results[0], 0.0); }
Atom scaled(Context& c, double factor, const Atom& a) { return c.build.mul(constant(c.build, a, factor), a); }

// x / y: both partials share ct / y.
Rule quotient() {
  Rule rule;
  rule.vjp = [](Context& c, std::span<const std::optional<Atom>> ct) -> std::vector<std::optional<Atom>> {
    if (!ct[0]) return {std::nullopt, std::nullopt};
    const Atom left = c.build.div(*ct[0], c.operands[1]);
    if (c.operands[1].isLiteral) return {left, std::nullopt};
    return {left, c.build.neg(c.build.mul(left, c.results[0]))};
  };
  rule.jvp = [](Context& c, std::span<const std::optional<Atom>> t) -> std::vector<std::optional<Atom>> {
    std::optional<Atom> top = t[0];
    if (t[1]) {
      const Atom part = c.build.mul(*t[1], c.results[0]);
      top = top ? c.build.sub(*top, part) : c.build.neg(part);
    }
    if (!top) return {std::nullopt};
    return {c.build.div(*top, c.operands[1])};
  };
  return rule;
}

// sqrt'(0) is taken as 0, so that norm'(0) = 0 (a norm is the square root of a sum of squares).
Rule squareRoot() {
  auto apply = [](Context& c, std::span<const std::optional<Atom>> given) -> std::vector<std::optional<Atom>> {
    if (!given[0]) return {std::nullopt};
    const Atom half = c.build.mul(constant(c.build, c.results[0], 0.5), *given[0]);
    return {c.build.select(c.build.binary(Op::Eq, c.results[0], zero(c)), zero(c), c.build.div(half, c.results[0]))};
  };
  return Rule{apply, apply};
}

// 1 to the operand that wins, 1/2 to each where they are equal.
Partials extremum(Op wins) {
  return Partials{[wins](Context& c, int i) -> std::optional<Atom> {
    const Atom mine = c.operands[static_cast<std::size_t>(i)], other = c.operands[static_cast<std::size_t>(1 - i)];
    const Atom tied = c.build.select(c.build.binary(Op::Eq, mine, other), constant(c.build, c.results[0], 0.5), zero(c));
    return c.build.select(c.build.binary(wins, mine, other), one(c), tied);
  }};
}

// x^y: y·x^(y-1), also 0 for y = 0; log(x)·x^y, with log(0) taken as 0.
Partials power() {
  return Partials{[](Context& c, int i) -> std::optional<Atom> {
    const Atom x = c.operands[0], y = c.operands[1];
    if (i == 1) {
      const Atom safe = c.build.select(c.build.binary(Op::Eq, x, zero(c)), one(c), x);
      return c.build.mul(c.build.unary(Op::Log, safe), c.results[0]);
    }
    if (y.isLiteral && y.literal.toDouble() == 2.0) return scaled(c, 2.0, x);
    if (y.isLiteral) {
      const double exponent = y.literal.toDouble();
      if (exponent == 0.0) return std::nullopt;
      return scaled(c, exponent, c.build.binary(Op::Pow, x, constant(c.build, x, exponent - 1.0)));
    }
    const Atom isZero = c.build.binary(Op::Eq, y, zero(c));
    const Atom lower = c.build.select(isZero, one(c), c.build.sub(y, one(c)));
    return c.build.select(isZero, zero(c), c.build.mul(y, c.build.binary(Op::Pow, x, lower)));
  }};
}

Partials angle() {
  return Partials{[](Context& c, int i) -> std::optional<Atom> {
    const Atom y = c.operands[0], x = c.operands[1];
    const Atom radius = c.build.add(c.build.mul(x, x), c.build.mul(y, y));
    return i == 0 ? c.build.div(x, radius) : c.build.neg(c.build.div(y, radius));
  }};
}

}  // namespace

Derivative elementwiseDerivative(Op op) {
  switch (op) {
    case Op::Add: return linear({0, 1}, [](Context&, int, Atom ct) { return ct; });
    case Op::Sub: return linear({0, 1}, [](Context& c, int i, Atom ct) { return i == 0 ? ct : c.build.neg(ct); });
    case Op::Neg: return linear({0}, [](Context& c, int, Atom ct) { return c.build.neg(ct); });
    case Op::Mul: return Partials{[](Context& c, int i) -> std::optional<Atom> { return c.operands[static_cast<std::size_t>(1 - i)]; }};
    case Op::Div: return quotient();
    // x - trunc(x/y)·y, and trunc(x/y) = (x - r)/y.
    case Op::Rem:
      return Partials{[](Context& c, int i) -> std::optional<Atom> {
        if (i == 0) return one(c);
        return c.build.div(c.build.sub(c.results[0], c.operands[0]), c.operands[1]);
      }};
    // The sign by comparisons: 0 at 0, and itself constant wherever it has a derivative.
    case Op::Abs:
      return unary([](Context& c) {
        const Atom negative = c.build.select(c.build.binary(Op::Lt, c.operands[0], zero(c)), constant(c.build, c.results[0], -1.0), zero(c));
        return c.build.select(c.build.binary(Op::Gt, c.operands[0], zero(c)), one(c), negative);
      });
    case Op::Min: return extremum(Op::Lt);
    case Op::Max: return extremum(Op::Gt);
    case Op::Sign: return NoDerivative{"it is a step; write `constant(x)` for what shall not be differentiated"};
    case Op::Floor:
    case Op::Ceil:
    case Op::Round: return NoDerivative{"it is a staircase; write `constant(x)` for what shall not be differentiated"};
    case Op::Select:
      return linear({1, 2}, [](Context& c, int i, Atom ct) {
        const Atom none = constant(c.build, ct, 0.0);
        return i == 1 ? c.build.select(c.operands[0], ct, none) : c.build.select(c.operands[0], none, ct);
      });
    case Op::Convert: return linear({0}, [](Context& c, int, Atom ct) { return c.build.convert(ct, c.build.typeOf(c.operands[0]).elem); });
    case Op::Fma:
      return Partials{[](Context& c, int i) -> std::optional<Atom> { return i == 2 ? one(c) : c.operands[static_cast<std::size_t>(1 - i)]; }};
    case Op::Exp: return unary([](Context& c) { return c.results[0]; });
    case Op::Expm1: return unary([](Context& c) { return c.build.add(c.results[0], one(c)); });
    case Op::Log: return unaryQuotient([](Context& c) { return c.operands[0]; });
    case Op::Log1p: return unaryQuotient([](Context& c) { return c.build.add(c.operands[0], one(c)); });
    case Op::Sqrt: return squareRoot();
    // -1/2 · y^3
    case Op::Rsqrt: return unary([](Context& c) { return c.build.mul(scaled(c, -0.5, c.results[0]), c.build.mul(c.results[0], c.results[0])); });
    case Op::Sin: return unary([](Context& c) { return c.build.unary(Op::Cos, c.operands[0]); });
    case Op::Cos: return unary([](Context& c) { return c.build.neg(c.build.unary(Op::Sin, c.operands[0])); });
    case Op::Tanh: return unary([](Context& c) { return c.build.sub(one(c), c.build.mul(c.results[0], c.results[0])); });
    case Op::Sigmoid: return unary([](Context& c) { return c.build.mul(c.results[0], c.build.sub(one(c), c.results[0])); });
    case Op::Erf:
      return unary([](Context& c) {
        const Atom square = c.build.mul(c.operands[0], c.operands[0]);
        return scaled(c, 2.0 * std::numbers::inv_sqrtpi, c.build.unary(Op::Exp, c.build.neg(square)));
      });
    case Op::ErfInv:
      return unary(
          [](Context& c) { return scaled(c, 0.5 / std::numbers::inv_sqrtpi, c.build.unary(Op::Exp, c.build.mul(c.results[0], c.results[0]))); });
    case Op::Pow: return power();
    case Op::Atan2: return angle();
    case Op::Lgamma: return unary([](Context& c) { return c.build.unary(Op::Digamma, c.operands[0]); });
    case Op::Digamma: return NoDerivative{"trigamma is not an op"};
    // On purpose.
    case Op::Bitcast:
    case Op::StopGradient:
    // Integers and truth values.
    case Op::And:
    case Op::Or:
    case Op::Xor:
    case Op::Not:
    case Op::Shl:
    case Op::Shr:
    case Op::Eq:
    case Op::Ne:
    case Op::Lt:
    case Op::Le:
    case Op::Gt:
    case Op::Ge:
    case Op::IsFinite: return NotDifferentiable{};
    default: noRule(op, "derivative");
  }
}

}  // namespace fedc::core::rules
