#include "tests/random/slopes.h"

#include <utility>
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
using core::Region;
using core::Stmt;
using core::Type;
using transform::Substitution;

Atom number(double value) { return Atom::of(Literal::ofDouble(Elem::F64, value)); }

/// An array of numbers between -1 and 1, no two alike. The type is a copy: new variables move the old ones.
Atom someArray(Builder& b, Type type, double phase) {
  Atom at = number(phase);
  for (int axis = 0; axis < type.rank(); ++axis) at = b.add(b.mul(b.iota(type.dims, axis, Elem::F64), number(7.31 + 5.17 * axis)), at);
  return b.convert(b.unary(Op::Sin, at), type.elem);
}

Atom total(Builder& b, Atom x) {
  const Type type = b.typeOf(x);
  x = b.convert(x, Elem::F64);
  if (type.rank() == 0) return x;
  std::vector<int> axes;
  for (int i = 0; i < type.rank(); ++i) axes.push_back(i);
  return b.reduce(core::ReduceKind::Sum, x, axes);
}

class Slopes {
 public:
  Slopes(core::Fn& fn, std::uint32_t site) : fn_(fn), site_(site) {}

  bool block(std::vector<Stmt>& stmts) {
    bool any = false;
    std::vector<Stmt> old = std::move(stmts);
    stmts.clear();
    for (Stmt& s : old) {
      if (s.op == Op::Loop || s.op == Op::Cond)
        for (Region& region : s.regions) any = block(region.stmts) || any;
      std::optional<Stmt> vjp;
      if (s.op == Op::Vjp && isSmooth(s.regions[0].stmts) && isWide(s)) vjp = s;
      stmts.push_back(std::move(s));
      if (!vjp) continue;
      probe(stmts, *vjp);
      any = true;
    }
    return any;
  }

 private:
  /// What is held constant is constant for derivatives only.
  static bool isSmooth(const std::vector<Stmt>& stmts) {
    bool smooth = true;
    transform::forEachStmt(stmts, [&](const Stmt& s) { smooth = smooth && s.op != Op::StopGradient; });
    return smooth;
  }

  /// Half-precision numbers have no difference quotients.
  bool isWide(const Stmt& vjp) const {
    bool wide = true;
    const auto look = [&](core::Var v) { wide = wide && fn_.typeOf(v).elem != Elem::F16 && fn_.typeOf(v).elem != Elem::BF16; };
    for (const core::Var p : vjp.regions[0].params) look(p);
    transform::forEachStmt(vjp.regions[0].stmts, [&](const Stmt& s) {
      for (const core::Var v : s.results) look(v);
    });
    return wide;
  }

  void probe(std::vector<Stmt>& into, const Stmt& vjp) {
    Region region = vjp.regions[0];
    transform::removeChecks(region.stmts);
    const std::size_t outputs = region.yields.size() - static_cast<std::size_t>(vjp.attrs.auxiliary);
    Builder b(fn_, into, vjp.span);
    std::vector<Atom> point, direction, weights;
    double phase = 1;
    for (const core::Var p : region.params) {
      point.push_back(someArray(b, fn_.typeOf(p), phase += 0.77));
      direction.push_back(someArray(b, fn_.typeOf(p), phase += 1.13));
    }
    for (std::size_t i = 0; i < outputs; ++i) weights.push_back(someArray(b, fn_.typeOf(vjp.results[i]), phase += 0.91));
    const auto dot = [&](const std::vector<Atom>& x, const std::vector<Atom>& y, std::size_t from) {
      Atom sum = number(0);
      for (std::size_t i = 0; i < y.size(); ++i) {
        if (x[from + i].isLiteral) continue;
        sum = b.add(total(b, b.mul(x[from + i], y[i])), sum);
      }
      return sum;
    };
    const auto value = [&](double step) {
      Substitution by;
      for (std::size_t i = 0; i < point.size(); ++i) {
        const Elem elem = fn_.typeOf(region.params[i]).elem;
        by.vars[region.params[i]] = b.add(point[i], b.mul(direction[i], Atom::of(Literal::ofDouble(elem, step))));
      }
      for (Stmt& s : transform::clone(fn_, region.stmts, by)) into.push_back(std::move(s));
      std::vector<Atom> results;
      for (std::size_t i = 0; i < outputs; ++i) results.push_back(by.apply(region.yields[i]));
      return dot(results, weights, 0);
    };
    const Atom here = value(0);
    struct Quotients {
      Atom central, ahead, behind;
    };
    const auto quotients = [&](double step) -> Quotients {
      const Atom after = value(step), before = value(-step), per = number(1 / step);
      return {b.mul(b.sub(after, before), number(0.5 / step)), b.mul(b.sub(after, here), per), b.mul(b.sub(here, before), per)};
    };
    const auto transformed = [&](Op op, const std::vector<Atom>& beside) {
      core::Attrs attrs;
      attrs.carries = vjp.attrs.carries;
      attrs.auxiliary = vjp.attrs.auxiliary;
      std::vector<Atom> args = point;
      args.insert(args.end(), beside.begin(), beside.end());
      Substitution by;
      return b.emit(op, args, attrs, {transform::clone(fn_, region, by)});
    };
    const Atom wide = quotients(0x1p-7).central;
    const auto [narrow, ahead, behind] = quotients(0x1p-8);
    const Atom forward = dot(transformed(Op::Jvp, direction), weights, region.yields.size());
    const Atom reverse = dot(transformed(Op::Vjp, weights), direction, region.yields.size());
    const auto far = [&](const Atom& x, const Atom& y, double relative, double absolute) {
      const Atom room = b.add(b.mul(b.unary(Op::Abs, y), number(relative)), number(absolute));
      return b.binary(Op::Gt, b.unary(Op::Abs, b.sub(x, y)), room);
    };
    const auto within = [&](const Atom& x, double most) { return b.binary(Op::Lt, b.unary(Op::Abs, x), number(most)); };
    // Beside a kink the central quotients agree on the mean of both slopes; those ahead and behind do not.
    const Atom smooth = b.unary(Op::Not, b.binary(Op::Or, far(wide, narrow, 0x1p-6, 0x1p-8), far(ahead, behind, 0x1p-4, 0x1p-6)));
    const Atom steady = b.binary(Op::And, smooth, b.binary(Op::And, within(here, 100), within(wide, 1000)));
    const Atom wrong = b.binary(Op::Or, b.binary(Op::And, steady, far(forward, narrow, 0x1p-3, 0x1p-5)),
                                b.binary(Op::And, within(forward, 1000), far(reverse, forward, 0x1p-4, 0x1p-6)));
    b.check(b.unary(Op::Not, wrong), site_);
  }

  core::Fn& fn_;
  std::uint32_t site_;
};

}  // namespace

std::optional<std::uint32_t> checkSlopes(core::Module& module) {
  const auto site = static_cast<std::uint32_t>(module.sites.size());
  module.sites.push_back({{}, "forward mode, reverse mode and difference quotient differ"});
  bool any = false;
  for (core::Fn& fn : module.fns) any = Slopes(fn, site).block(fn.body) || any;
  return any ? std::optional(site) : std::nullopt;
}

}  // namespace fedc::random
