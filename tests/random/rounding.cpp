#include "tests/random/rounding.h"

#include <functional>
#include <random>
#include <vector>

#include "compiler/core/builder.h"
#include "compiler/transform/rewrite.h"

namespace fedc::random {

namespace {

using core::Atom;
using core::Builder;
using core::Elem;
using core::Literal;
using core::Op;
using core::Stmt;
using core::Type;
using transform::Substitution;

Atom number(Elem elem, double value) { return Atom::of(Literal::ofDouble(elem, value)); }

bool isArithmetic(const Stmt& s) {
  switch (s.op) {
    case Op::Add:
    case Op::Sub:
    case Op::Mul:
    case Op::Div:
    case Op::Rem:
    case Op::Fma:
    case Op::Exp:
    case Op::Expm1:
    case Op::Log:
    case Op::Log1p:
    case Op::Sqrt:
    case Op::Rsqrt:
    case Op::Sin:
    case Op::Cos:
    case Op::Tanh:
    case Op::Sigmoid:
    case Op::Erf:
    case Op::ErfInv:
    case Op::Pow:
    case Op::Atan2:
    case Op::Lgamma:
    case Op::Digamma:
    case Op::Reduce:
    case Op::Cumulative:
    case Op::Contract:
    case Op::Solve:
    case Op::Scatter:
    case Op::Convert: return true;
    default: return false;
  }
}

bool isSum(Op op) { return op == Op::Reduce || op == Op::Contract || op == Op::Cumulative || op == Op::Solve || op == Op::Scatter; }

/// Rewrites a function statement by statement: `before` may replace operands, `after` results; both append statements with the builder.
class Rewriter {
 public:
  std::function<void(Builder&, Stmt&)> before;
  std::function<void(Builder&, const Stmt&, Substitution&)> after;

  void run(core::Fn& fn) {
    Substitution by;
    block(fn, fn.body, by);
    for (Atom& a : fn.results) a = by.apply(a);
  }

 private:
  void block(core::Fn& fn, std::vector<Stmt>& stmts, Substitution& by) {
    std::vector<Stmt> old = std::move(stmts);
    stmts.clear();
    for (Stmt& s : old) {
      transform::substitute(s, by);
      for (core::Region& region : s.regions) {
        block(fn, region.stmts, by);
        for (Atom& a : region.yields) a = by.apply(a);
      }
      Builder build(fn, stmts, s.span);
      before(build, s);
      stmts.push_back(s);
      after(build, s, by);
    }
  }
};

/// An array of `type` around 1, no two elements alike.
Atom noise(Builder& b, const Type& type, std::mt19937_64& random) {
  const double ulps = type.elem == Elem::F64 ? 0x1p-46 : type.elem == Elem::F32 ? 0x1p-19 : 0x1p-6;
  const double unit = static_cast<double>(random() >> 11) * 0x1p-52 - 1;
  if (type.dims.empty()) return number(type.elem, 1 + ulps * unit);
  Atom phase = number(Elem::F64, unit * 100);
  for (int axis = 0; axis < type.rank(); ++axis) {
    const Atom at = b.mul(b.iota(type.dims, axis, Elem::F64), number(Elem::F64, 12.9898 + 7.233 * static_cast<double>(random() % 1000)));
    phase = b.add(at, phase);
  }
  const Atom wide = b.add(b.mul(b.unary(Op::Sin, phase), number(Elem::F64, ulps)), number(Elem::F64, 1));
  return b.convert(wide, type.elem);
}

bool isFloatVar(const Builder& b, const Atom& a) { return !a.isLiteral && core::isFloat(b.typeOf(a).elem); }

Atom shaken(Builder& b, const Atom& a, std::mt19937_64& random) {
  const Type type = b.typeOf(a);
  // A zero gets either sign.
  const double tiny = type.elem == Elem::F16 ? 6e-5 : 1e-30;
  return b.add(b.mul(a, noise(b, type, random)), number(type.elem, random() % 2 == 0 ? tiny : -tiny));
}

}  // namespace

core::Module perturbed(core::Module module, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Rewriter rewriter;
  rewriter.before = [&](Builder& b, Stmt& s) {
    if (!isSum(s.op)) return;
    for (Atom& a : s.args)
      if (isFloatVar(b, a)) a = shaken(b, a, random);
  };
  rewriter.after = [&](Builder& b, const Stmt& s, Substitution& by) {
    if (!isArithmetic(s)) return;
    for (const core::Var r : s.results) {
      if (!core::isFloat(b.typeOf(Atom::of(r)).elem)) continue;
      const Atom other = shaken(b, Atom::of(r), random);
      by.vars.emplace(r, other);
    }
  };
  for (core::Fn& fn : module.fns) rewriter.run(fn);
  return module;
}

std::uint32_t watch(core::Module& module) {
  const auto site = static_cast<std::uint32_t>(module.sites.size());
  module.sites.push_back({{}, "numbers of which nothing can be said"});
  Rewriter rewriter;
  rewriter.before = [](Builder&, Stmt&) {};
  rewriter.after = [&](Builder& b, const Stmt& s, Substitution&) {
    for (const core::Var r : s.results) {
      const Atom x = Atom::of(r);
      const Type type = b.typeOf(x);
      if (!core::isFloat(type.elem)) continue;
      const double large = type.elem == Elem::F64 ? 1e150 : type.elem == Elem::F16 ? 200 : 1e15;
      const double small = type.elem == Elem::F64 ? 1e-150 : type.elem == Elem::F16 ? 1e-3 : 1e-15;
      const Atom size = b.unary(Op::Abs, x);
      const Atom nothing = b.binary(Op::Eq, size, number(type.elem, 0));
      Atom fine = b.binary(Op::And, b.binary(Op::Lt, size, number(type.elem, large)),
                           b.binary(Op::Or, nothing, b.binary(Op::Gt, size, number(type.elem, small))));
      if (type.rank() > 0) {
        std::vector<int> axes;
        for (int i = 0; i < type.rank(); ++i) axes.push_back(i);
        fine = b.reduce(core::ReduceKind::And, fine, axes);
      }
      b.check(fine, site);
    }
  };
  for (core::Fn& fn : module.fns) rewriter.run(fn);
  return site;
}

}  // namespace fedc::random
