#include <fmt/format.h>

#include <deque>

#include "compiler/core/ops/groups.h"

namespace fedc::core {

namespace {

/// What the operands must be; all have the same element type (but for select's predicate).
enum class Operand : std::uint8_t { Numeric, Float, Bits, Integer, Ordered, Any, Convertible, Choice };
enum class Result : std::uint8_t { Same, Bool, Attribute };

struct Spec {
  Op op;
  int arity;
  Operand operand;
  Result result;
  Cost cost;
  std::string_view doc;
};

constexpr Cost kCheap = Cost::Cheap;
constexpr Cost kTranscendental = Cost::Transcendental;

constexpr Spec kSpecs[] = {
    {Op::Add, 2, Operand::Numeric, Result::Same, kCheap, "x + y; integers wrap."},
    {Op::Sub, 2, Operand::Numeric, Result::Same, kCheap, "x - y; integers wrap."},
    {Op::Mul, 2, Operand::Numeric, Result::Same, kCheap, "x * y; integers wrap."},
    {Op::Div, 2, Operand::Numeric, Result::Same, kCheap, "x / y; integers truncate, x / 0 = 0, MIN / -1 = MIN."},
    {Op::Rem, 2, Operand::Numeric, Result::Same, kCheap,
     "The remainder of `div`, with the sign of x; integers: x rem 0 = 0; floats: x - trunc(x / y) * y by one fma."},
    {Op::Neg, 1, Operand::Numeric, Result::Same, kCheap, "-x; floats flip the sign bit, integers wrap."},
    {Op::Abs, 1, Operand::Numeric, Result::Same, kCheap, "|x|; floats clear the sign bit, |MIN| = MIN."},
    {Op::Sign, 1, Operand::Numeric, Result::Same, kCheap, "-1, 0 or 1; a float zero keeps its sign, NaN stays NaN."},
    {Op::Min, 2, Operand::Numeric, Result::Same, kCheap, "The smaller one; NaN if either is NaN; -0 < 0."},
    {Op::Max, 2, Operand::Numeric, Result::Same, kCheap, "The greater one; NaN if either is NaN; -0 < 0."},
    {Op::Floor, 1, Operand::Float, Result::Same, kCheap, "The greatest integer <= x."},
    {Op::Ceil, 1, Operand::Float, Result::Same, kCheap, "The least integer >= x."},
    {Op::Round, 1, Operand::Float, Result::Same, kCheap, "The nearest integer, ties to even."},
    {Op::And, 2, Operand::Bits, Result::Same, kCheap, "Bitwise and; of bools: both."},
    {Op::Or, 2, Operand::Bits, Result::Same, kCheap, "Bitwise or; of bools: either."},
    {Op::Xor, 2, Operand::Bits, Result::Same, kCheap, "Bitwise exclusive or; of bools: different."},
    {Op::Not, 1, Operand::Bits, Result::Same, kCheap, "Bitwise complement; of a bool: the other."},
    {Op::Shl, 2, Operand::Integer, Result::Same, kCheap, "x * 2^y, bits beyond the width are lost; the count is unsigned, >= width gives 0."},
    {Op::Shr, 2, Operand::Integer, Result::Same, kCheap, "Shift right, filling with the sign (signed) or 0; a count >= width gives the fill."},
    {Op::Eq, 2, Operand::Any, Result::Bool, kCheap, "x = y; false if a float is NaN."},
    {Op::Ne, 2, Operand::Any, Result::Bool, kCheap, "Not x = y; true if a float is NaN."},
    {Op::Lt, 2, Operand::Ordered, Result::Bool, kCheap, "x < y; false if a float is NaN."},
    {Op::Le, 2, Operand::Ordered, Result::Bool, kCheap, "x <= y; false if a float is NaN."},
    {Op::Gt, 2, Operand::Ordered, Result::Bool, kCheap, "x > y; false if a float is NaN."},
    {Op::Ge, 2, Operand::Ordered, Result::Bool, kCheap, "x >= y; false if a float is NaN."},
    {Op::Select, 3, Operand::Choice, Result::Same, kCheap, "select(p, x, y): x where the bool p is true, else y."},
    {Op::Convert, 1, Operand::Convertible, Result::Attribute, kCheap,
     "x as `elem`: floats round to nearest even; float to integer truncates, saturates, NaN gives 0; bool gives 0 or 1; to bool is x != 0."},
    {Op::Bitcast, 1, Operand::Any, Result::Attribute, kCheap, "The same bits as `elem`, which has the same width."},
    {Op::Fma, 3, Operand::Numeric, Result::Same, kCheap, "fma(x, y, z) = x * y + z, rounded once; integers wrap."},
    {Op::IsFinite, 1, Operand::Float, Result::Bool, kCheap, "Neither infinite nor NaN."},
    {Op::StopGradient, 1, Operand::Any, Result::Same, kCheap, "x itself; its derivative is zero."},
    {Op::Exp, 1, Operand::Float, Result::Same, kTranscendental, "e^x."},
    {Op::Expm1, 1, Operand::Float, Result::Same, kTranscendental, "e^x - 1, exact near 0."},
    {Op::Log, 1, Operand::Float, Result::Same, kTranscendental, "Natural logarithm; log 0 = -inf, NaN below 0."},
    {Op::Log1p, 1, Operand::Float, Result::Same, kTranscendental, "log(1 + x), exact near 0."},
    {Op::Sqrt, 1, Operand::Float, Result::Same, kTranscendental, "Square root, correctly rounded; NaN below 0."},
    {Op::Rsqrt, 1, Operand::Float, Result::Same, kTranscendental, "1 / sqrt(x), by one square root and one division."},
    {Op::Sin, 1, Operand::Float, Result::Same, kTranscendental, "Sine of x in radians."},
    {Op::Cos, 1, Operand::Float, Result::Same, kTranscendental, "Cosine of x in radians."},
    {Op::Tanh, 1, Operand::Float, Result::Same, kTranscendental, "Hyperbolic tangent."},
    {Op::Sigmoid, 1, Operand::Float, Result::Same, kTranscendental, "1 / (1 + e^-x)."},
    {Op::Erf, 1, Operand::Float, Result::Same, kTranscendental, "The error function 2/sqrt(pi) * integral of e^-t^2 from 0 to x."},
    {Op::ErfInv, 1, Operand::Float, Result::Same, kTranscendental, "The inverse of erf on [-1, 1]; NaN outside (Giles 2010)."},
    {Op::Pow, 2, Operand::Float, Result::Same, kTranscendental, "x to the power y, with the special cases of IEEE 754's pow."},
    {Op::Atan2, 2, Operand::Float, Result::Same, kTranscendental, "atan2(y, x): the angle of the point (x, y), in [-pi, pi]."},
    {Op::Lgamma, 1, Operand::Float, Result::Same, kTranscendental, "log |Gamma(x)|; inf at 0, -1, -2 ..."},
    {Op::Digamma, 1, Operand::Float, Result::Same, kTranscendental, "The derivative of log Gamma; NaN at 0, -1, -2 ..."},
};

bool allowed(Operand kind, Elem e) {
  switch (kind) {
    case Operand::Numeric:
    case Operand::Ordered: return isNumeric(e);
    case Operand::Float: return isFloat(e);
    case Operand::Bits: return isInteger(e) || e == Elem::Bool;
    case Operand::Integer: return isInteger(e);
    case Operand::Convertible: return isNumeric(e) || e == Elem::Bool;
    case Operand::Any:
    case Operand::Choice: return true;
  }
  return false;
}

Problem inferElementwise(const Spec& spec, const Fn& fn, const Stmt& s, Operands types, std::vector<Type>& results) {
  const std::size_t first = spec.operand == Operand::Choice ? 1 : 0;
  if (first == 1 && elemOf(s, types, 0) != Elem::Bool) return problem(s, "the predicate must be bool");
  const Elem e = elemOf(s, types, first);
  const Type* shape = nullptr;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (i >= first && elemOf(s, types, i) != e) {
      return problem(s, fmt::format("operands are {} and {}", elemName(e), elemName(elemOf(s, types, i))));
    }
    if (types[i] == nullptr) continue;
    if (shape == nullptr) shape = types[i];
    if (shape->dims != types[i]->dims) return problem(s, fmt::format("operands have shapes {} and {}", show(fn, *shape), show(fn, *types[i])));
  }
  if (!allowed(spec.operand, e)) return problem(s, fmt::format("not defined on {}", elemName(e)));
  Elem result = spec.result == Result::Bool ? Elem::Bool : e;
  if (spec.result == Result::Attribute) {
    if (!s.attrs.elem) return problem(s, "needs `elem`");
    result = *s.attrs.elem;
    if (s.op == Op::Convert && !allowed(Operand::Convertible, result)) return problem(s, fmt::format("cannot convert to {}", elemName(result)));
    if (s.op == Op::Bitcast) {
      if (e == Elem::Bool || result == Elem::Bool || e == Elem::Str || result == Elem::Str || elemBytes(e) != elemBytes(result)) {
        return problem(s, fmt::format("cannot turn {} into {}", elemName(e), elemName(result)));
      }
    }
  }
  results.push_back(Type{result, shape != nullptr ? shape->dims : std::vector<Dim>{}});
  return std::nullopt;
}

/// A function that applies the op to vectors, in the text form.
std::string exampleOf(const Spec& spec) {
  const bool integers = spec.operand == Operand::Bits || spec.operand == Operand::Integer;
  const std::string elem = integers ? "i32" : "f32";
  static constexpr std::string_view kNames[] = {"x", "y", "z"};
  std::string params, args;
  for (int i = 0; i < spec.arity; ++i) {
    const bool predicate = spec.operand == Operand::Choice && i == 0;
    params += fmt::format("{}{}: {}[N]", i > 0 ? ", " : "", kNames[i], predicate ? "bool" : elem);
    args += fmt::format("{}{}", i > 0 ? ", " : "", kNames[i]);
  }
  std::string result = elem, attribute;
  if (spec.result == Result::Bool) result = "bool";
  if (spec.result == Result::Attribute) {
    result = "i32";
    attribute = "{elem i32}";
  }
  return fmt::format("fn example(N; {}) -> ({}[N]) {{\n  r: {}[N] = {}{}({})\n  return r\n}}\n", params, result, result, opName(spec.op), attribute,
                     args);
}

}  // namespace

void elementwiseRows(std::vector<OpRow>& rows) {
  static const std::deque<std::string> examples = [] {
    std::deque<std::string> out;
    for (const Spec& spec : kSpecs) out.push_back(exampleOf(spec));
    return out;
  }();
  std::size_t i = 0;
  for (const Spec& spec : kSpecs) {
    OpRow r;
    r.op = spec.op;
    r.minOperands = r.maxOperands = spec.arity;
    r.cost = spec.cost;
    if (spec.result == Result::Attribute) r.attributes = {AttrField::Elem};
    r.infer = [&spec](const Fn& fn, const Stmt& s, Operands types, std::vector<Type>& results) {
      return inferElementwise(spec, fn, s, types, results);
    };
    r.lowering = Lowering::Scalar;
    r.doc = spec.doc;
    r.example = examples[i++];
    rows.push_back(std::move(r));
  }
}

}  // namespace fedc::core
