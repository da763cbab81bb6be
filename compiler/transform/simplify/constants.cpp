#include <algorithm>
#include <cmath>

#include "compiler/core/scalar.h"
#include "compiler/transform/simplify/rules.h"

// Exact: what is known at compile time, with the bits of the interpreter.
namespace fedc::transform {

using core::Atom;
using core::Elem;
using core::Literal;
using core::Op;
using core::Stmt;

namespace {

using Result = std::optional<Atom>;

// An elementwise op on constants.
Result fold(Rewriter& r, const Stmt& s) {
  if (!core::isElementwise(s.op) || s.op == Op::StopGradient) return std::nullopt;
  std::vector<Literal> operands;
  for (const Atom& a : s.args) {
    const auto c = r.constant(a);
    if (!c || c->elem == Elem::Key) return std::nullopt;
    operands.push_back(*c);
  }
  return Atom::of(core::evaluate(s.op, operands, r.typeOf(Atom::of(s.results[0])).elem));
}

// A repeated constant as an operand is a literal, as long as another operand says the shape.
Result literalOperand(Rewriter& r, const Stmt& s) {
  if (!core::isElementwise(s.op)) return std::nullopt;
  std::vector<Atom> args = s.args;
  bool changed = false, shaped = false;
  for (Atom& a : args) {
    if (a.isLiteral) continue;
    if (const auto c = r.constant(a)) {
      a = Atom::of(*c);
      changed = true;
    } else {
      shaped = true;
    }
  }
  if (!changed || !shaped) return std::nullopt;
  return r.build.emit1(s.op, args, s.attrs);
}

// Whatever part or arrangement of a repeated constant: the constant.
Result viewOfConstant(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Reshape && s.op != Op::Transpose && s.op != Op::Slice && s.op != Op::Reverse) return std::nullopt;
  const auto c = r.constant(s.args[0]);
  return c ? Result(Atom::of(*c)) : std::nullopt;
}

Result dimValue(Rewriter&, const Stmt& s) {
  if (s.op != Op::DimValue) return std::nullopt;
  const auto c = s.attrs.extent.constant();
  if (!c) return std::nullopt;
  return Atom::of(core::isFloat(*s.attrs.elem) ? Literal::ofDouble(*s.attrs.elem, static_cast<double>(*c)) : Literal::ofInt(*s.attrs.elem, *c));
}

// What is read of a dim as i32 is below 2^31 (a size in memory, a position; the index of a longer loop is added to its start first), so the detour by
// i32 or i64 changes nothing.
Result convertedDim(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Convert) return std::nullopt;
  const Stmt* d = r.def(s.args[0], Op::DimValue);
  if (d == nullptr || (*d->attrs.elem != Elem::I32 && *d->attrs.elem != Elem::I64) || !core::isNumeric(*s.attrs.elem)) return std::nullopt;
  if (core::elemBytes(*s.attrs.elem) < 4) return std::nullopt;
  return r.build.dimValue(d->attrs.extent, *s.attrs.elem);
}

Result iotaOfOne(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Iota || !s.attrs.dims[static_cast<std::size_t>(s.attrs.axes[0])].isConstant(1)) return std::nullopt;
  return r.build.splat(Literal::zero(*s.attrs.elem), {*s.attrs.elem, s.attrs.dims});
}

}  // namespace

std::span<const SimplifyRule> constantRules() {
  static constexpr SimplifyRule kRules[] = {
      {"fold constants", false, fold},
      {"repeated constant as literal", false, literalOperand},
      {"view of a constant", false, viewOfConstant},
      {"constant dim", false, dimValue},
      {"converted dim", false, convertedDim},
      {"iota of extent 1", false, iotaOfOne},
  };
  return kRules;
}

}  // namespace fedc::transform
