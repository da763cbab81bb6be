#include <algorithm>
#include <cmath>

#include "compiler/transform/simplify/rules.h"

// Exact identities of elementwise ops. x + 0 is not among them: it changes the sign of -0 (see linear.cpp).
namespace fedc::transform {

using core::Atom;
using core::Elem;
using core::Literal;
using core::Op;
using core::Stmt;

namespace {

using Result = std::optional<Atom>;

bool isInt(Rewriter& r, const Stmt& s) { return core::isInteger(r.typeOf(Atom::of(s.results[0])).elem); }

bool isBits(Rewriter& r, const Atom& a, const Literal& l) {
  const auto c = r.constant(a);
  return c && *c == l;
}

bool isOne(Rewriter& r, const Atom& a, Elem e) { return isBits(r, a, Literal::one(e)); }
bool isZero(Rewriter& r, const Atom& a, Elem e) { return isBits(r, a, Literal::zero(e)); }

Result sum(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Add && s.op != Op::Sub) return std::nullopt;
  const Atom a = s.args[0], b = s.args[1];
  const Elem e = r.typeOf(Atom::of(s.results[0])).elem;
  if (s.op == Op::Sub && isZero(r, b, e)) return a;
  if (s.op == Op::Add && isInt(r, s) && isZero(r, b, e)) return a;
  if (s.op == Op::Add && isInt(r, s) && isZero(r, a, e)) return b;
  const Stmt* nb = r.def(b, Op::Neg);
  if (nb != nullptr) return s.op == Op::Add ? r.build.emit1(Op::Sub, {a, nb->args[0]}) : r.build.emit1(Op::Add, {a, nb->args[0]});
  const Stmt* na = r.def(a, Op::Neg);
  if (na != nullptr && s.op == Op::Add) return r.build.emit1(Op::Sub, {b, na->args[0]});
  return std::nullopt;
}

Result product(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Mul) return std::nullopt;
  const Atom a = s.args[0], b = s.args[1];
  const Elem e = r.typeOf(Atom::of(s.results[0])).elem;
  if (isOne(r, b, e)) return a;
  if (isOne(r, a, e)) return b;
  if (isInt(r, s) && (isZero(r, a, e) || isZero(r, b, e))) return Atom::of(Literal::zero(e));
  const Stmt *na = r.def(a, Op::Neg), *nb = r.def(b, Op::Neg);
  if (na != nullptr && nb != nullptr) return r.build.emit1(Op::Mul, {na->args[0], nb->args[0]});
  // -x · c = x · -c
  if (na != nullptr && b.isLiteral && core::isFloat(e))
    return r.build.emit1(Op::Mul, {na->args[0], Atom::of(Literal::ofDouble(e, -b.literal.toDouble()))});
  if (nb != nullptr && a.isLiteral && core::isFloat(e))
    return r.build.emit1(Op::Mul, {Atom::of(Literal::ofDouble(e, -a.literal.toDouble())), nb->args[0]});
  return std::nullopt;
}

Result quotient(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Div) return std::nullopt;
  const Elem e = r.typeOf(Atom::of(s.results[0])).elem;
  if (isOne(r, s.args[1], e)) return s.args[0];
  const Stmt *na = r.def(s.args[0], Op::Neg), *nb = r.def(s.args[1], Op::Neg);
  if (core::isFloat(e) && na != nullptr && nb != nullptr) return r.build.emit1(Op::Div, {na->args[0], nb->args[0]});
  // By a power of two: the reciprocal is exact.
  if ((e == Elem::F32 || e == Elem::F64) && s.args[1].isLiteral) {
    int exponent = 0;
    const double mantissa = std::frexp(s.args[1].literal.toDouble(), &exponent);
    if (std::abs(mantissa) == 0.5 && std::abs(exponent) < 100)
      return r.build.emit1(Op::Mul, {s.args[0], Atom::of(Literal::ofDouble(e, 1.0 / s.args[1].literal.toDouble()))});
  }
  return std::nullopt;
}

Result twice(Rewriter& r, const Stmt& s) {
  const auto inner = [&](Op op) { return r.def(s.args[0], op); };
  switch (s.op) {
    case Op::Neg:
      if (const Stmt* d = inner(Op::Neg)) return d->args[0];
      if (const Stmt* d = inner(Op::Sub); d != nullptr && isInt(r, s)) return r.build.emit1(Op::Sub, {d->args[1], d->args[0]});
      return std::nullopt;
    case Op::Not:
      if (const Stmt* d = inner(Op::Not)) return d->args[0];
      return std::nullopt;
    case Op::Abs:
      if (inner(Op::Abs) != nullptr) return s.args[0];
      if (const Stmt* d = inner(Op::Neg); d != nullptr && core::isFloat(r.typeOf(s.args[0]).elem)) return r.build.emit1(Op::Abs, {d->args[0]});
      return std::nullopt;
    case Op::Convert:
      if (r.typeOf(s.args[0]).elem == *s.attrs.elem) return s.args[0];
      return std::nullopt;
    case Op::Min:
    case Op::Max:
    case Op::And:
    case Op::Or:
      if (s.args[0] == s.args[1]) return s.args[0];
      return std::nullopt;
    default: return std::nullopt;
  }
}

Result choice(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Select) return std::nullopt;
  if (s.args[1] == s.args[2]) return s.args[1];
  if (const auto c = r.constant(s.args[0])) return c->bits != 0 ? s.args[1] : s.args[2];
  if (isBits(r, s.args[1], Literal::ofBool(true)) && isBits(r, s.args[2], Literal::ofBool(false))) return s.args[0];
  if (const Stmt* d = r.def(s.args[0], Op::Not)) return r.build.emit1(Op::Select, {d->args[0], s.args[2], s.args[1]});
  return std::nullopt;
}

Result logic(Rewriter& r, const Stmt& s) {
  if ((s.op != Op::And && s.op != Op::Or) || r.typeOf(Atom::of(s.results[0])).elem != Elem::Bool) return std::nullopt;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto c = r.constant(s.args[i]);
    if (!c) continue;
    const bool dominates = (c->bits != 0) == (s.op == Op::Or);
    return dominates ? Atom::of(*c) : s.args[1 - i];
  }
  return std::nullopt;
}

Result comparison(Rewriter& r, const Stmt& s) {
  if (s.op < Op::Eq || s.op > Op::Ge || s.args[0] != s.args[1] || s.args[0].isLiteral) return std::nullopt;
  if (core::isFloat(r.typeOf(s.args[0]).elem)) return std::nullopt;
  return Atom::of(Literal::ofBool(s.op == Op::Eq || s.op == Op::Le || s.op == Op::Ge));
}

Result fusedByOne(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Fma) return std::nullopt;
  const Elem e = r.typeOf(Atom::of(s.results[0])).elem;
  for (std::size_t i = 0; i < 2; ++i)
    if (isOne(r, s.args[i], e)) return r.build.emit1(Op::Add, {s.args[1 - i], s.args[2]});
  return std::nullopt;
}

// An op on a choice between constants is a choice between constants.
Result choiceOfConstants(Rewriter& r, const Stmt& s) {
  if (!core::isElementwise(s.op) || s.op == Op::Select) return std::nullopt;
  const Stmt* choice = nullptr;
  for (const Atom& a : s.args) {
    const Stmt* d = r.def(a, Op::Select);
    if (d != nullptr && choice == nullptr && r.constant(d->args[1]) && r.constant(d->args[2])) {
      choice = d;
    } else if (!r.constant(a)) {
      return std::nullopt;
    }
  }
  if (choice == nullptr) return std::nullopt;
  const Stmt c = *choice;
  Atom arms[2];
  for (std::size_t k = 0; k < 2; ++k) {
    std::vector<Atom> args;
    for (const Atom& a : s.args) {
      const Stmt* d = r.def(a, Op::Select);
      args.push_back(Atom::of(*r.constant(d != nullptr ? c.args[1 + k] : a)));
    }
    arms[k] = r.build.emit1(s.op, args, s.attrs);
  }
  return r.build.select(c.args[0], arms[0], arms[1]);
}

// x - s·L with a scalar s is x + (-s)·L: the form that becomes a start.
Result subtractScaled(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Sub) return std::nullopt;
  const Stmt* m = r.def(s.args[1], Op::Mul);
  if (m == nullptr || !r.isOwn(s.args[1]) || !core::isFloat(r.typeOf(s.args[1]).elem)) return std::nullopt;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto scale = r.uniform(m->args[i]);
    const Stmt* linear = r.def(m->args[1 - i]);
    if (!scale || linear == nullptr || !r.isOwn(m->args[1 - i])) continue;
    if (linear->op != Op::Contract && linear->op != Op::Reduce && linear->op != Op::Scatter) continue;
    const core::Type type = r.typeOf(s.args[1]);
    Atom minus = scale->isLiteral ? Atom::of(Literal::ofDouble(type.elem, -scale->literal.toDouble())) : r.build.neg(*scale);
    if (type.rank() > 0 && !minus.isLiteral) minus = r.build.broadcastTo(minus, type.dims);
    return r.build.emit1(Op::Add, {s.args[0], r.build.emit1(Op::Mul, {m->args[1 - i], minus})});
  }
  return std::nullopt;
}

}  // namespace

std::span<const SimplifyRule> identityRules() {
  static constexpr SimplifyRule kRules[] = {
      {"sum", false, sum},
      {"product", false, product},
      {"quotient", false, quotient},
      {"twice the same", false, twice},
      {"choice", false, choice},
      {"logic", false, logic},
      {"comparison with itself", false, comparison},
      {"fma by one", false, fusedByOne},
      {"choice of constants", false, choiceOfConstants},
      {"subtract scaled", false, subtractScaled},
  };
  return kRules;
}

}  // namespace fedc::transform
