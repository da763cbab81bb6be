#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "compiler/transform/simplify/rules.h"

// Rules that may change bits: scales go to the smaller operand of linear ops, sums start at what they are added to.
namespace fedc::transform {

using core::Atom;
using core::Attrs;
using core::Elem;
using core::Literal;
using core::Op;
using core::ReduceKind;
using core::Stmt;
using core::Type;

namespace {

using Result = std::optional<Atom>;

bool isSum(const Stmt& s) { return s.op == Op::Reduce && *s.attrs.reduce == ReduceKind::Sum; }
bool isAddition(const Stmt& s) { return s.op == Op::Scatter && s.attrs.scatter == core::ScatterMode::Add; }
bool isProduct(const Stmt& s) { return s.op == Op::Contract; }

// scale·v, with the multiplication as far up as it is cheapest. Only definitions that nobody else uses are rebuilt.
class Sink {
 public:
  Sink(Rewriter& r, Atom scale, Elem elem) : r_(r), scale_(scale), elem_(elem) {}

  /// Number of multiplications if the definition of `v` is rebuilt.
  double inside(const Atom& v) const {
    const Stmt* d = r_.def(v);
    const double full = r_.size(v);
    if (d == nullptr) return full;
    const auto of = [&](std::size_t i) { return cost(d->args[i]); };
    if (d->op == Op::Broadcast) return of(0);
    if (!r_.isOwn(v)) return full;
    switch (d->op) {
      case Op::Neg:
      case Op::Div:
      case Op::Reshape:
      case Op::Transpose:
      case Op::Slice:
      case Op::Reverse: return of(0);
      case Op::Add:
      case Op::Sub: return of(0) + of(1);
      case Op::Select: return of(1) + of(2);
      case Op::Mul: return of(factor(*d));
      case Op::Fma: return of(factor(*d)) + of(2);
      case Op::Pad: return r_.isConstant(d->args[1], 0.0) ? of(0) : full;
      case Op::Concat: {
        double sum = 0;
        for (std::size_t i = 0; i < d->args.size(); ++i) sum += of(i);
        return sum;
      }
      case Op::Contract:
        if (d->attrs.elem && *d->attrs.elem != r_.typeOf(d->args[0]).elem) return full;
        return of(factor(*d)) + (d->args.size() > 2 ? of(2) : 0.0);
      case Op::Reduce:
        if (!isSum(*d) || r_.typeOf(d->args[0]).elem != r_.typeOf(v).elem) return full;
        // A sum of nothing takes part in no multiplication.
        for (const int axis : d->attrs.axes)
          if (r_.typeOf(d->args[0]).dims[static_cast<std::size_t>(axis)].isConstant(0)) return full;
        return of(0) + (d->args.size() > 1 ? of(1) : 0.0);
      // A literal has the shape of the updates, which nothing here names.
      case Op::Scatter: return isAddition(*d) && !d->args[2].isLiteral ? of(0) + of(2) : full;
      default: return full;
    }
  }

  // Which factor takes the scale: one that is a scalar anyway, else the cheaper one.
  std::size_t factor(const Stmt& d) const {
    for (std::size_t i = 0; i < 2; ++i)
      if (r_.constant(d.args[i])) return i;
    for (std::size_t i = 0; i < 2; ++i)
      if (r_.uniform(d.args[i])) return i;
    return cost(d.args[0]) < cost(d.args[1]) ? 0 : 1;
  }

  double cost(const Atom& v) const {
    if (v.isLiteral || r_.constant(v)) return 0;
    if (r_.isScaled(v, scale_)) return 0;
    if (auto known = costs_.find(v.var); known != costs_.end()) return known->second;
    const double full = r_.size(v);
    if (depth_ == kDeepest) return full;
    ++depth_;
    const double least = std::min(full, inside(v));
    --depth_;
    return costs_[v.var] = least;
  }

  Atom build(const Atom& v, const std::vector<Dim>& dims) {
    if (const auto c = r_.constant(v)) {
      if (c->toDouble() == 0.0 && isFinite()) return v;
      if (scale_.isLiteral) return Atom::of(Literal::ofDouble(elem_, c->toDouble() * scale_.literal.toDouble()));
      return repeat(r_.build.mul(scale_, Atom::of(*c)), dims);
    }
    if (r_.isScaled(v, scale_) || cost(v) >= r_.size(v)) return leaf(v);
    return rebuild(v);
  }

  Atom rebuild(const Atom& v) {
    // By value: what rebuilding emits may move the definitions.
    const Stmt d = *r_.def(v);
    std::vector<Atom> args = d.args;
    const auto scaled = [&](std::size_t i) {
      // A literal has the shape of its place: for elementwise ops and starts that of the result.
      const Type type = args[i].isLiteral ? r_.typeOf(v) : r_.typeOf(args[i]);
      args[i] = build(args[i], type.dims);
      if (args[i].isLiteral && !core::isElementwise(d.op) && !d.args[i].isLiteral) args[i] = r_.build.splat(args[i].literal, type);
    };
    const auto cheaper = [&] { scaled(factor(d)); };
    switch (d.op) {
      case Op::Add:
      case Op::Sub:
        scaled(0);
        scaled(1);
        break;
      case Op::Select:
        scaled(1);
        scaled(2);
        break;
      case Op::Mul: cheaper(); break;
      case Op::Fma:
        cheaper();
        scaled(2);
        break;
      case Op::Contract:
        cheaper();
        if (args.size() > 2) scaled(2);
        break;
      case Op::Concat:
        for (std::size_t i = 0; i < args.size(); ++i) scaled(i);
        break;
      case Op::Reduce:
        scaled(0);
        if (args.size() > 1) scaled(1);
        break;
      case Op::Pad:
        scaled(0);
        args[1] = build(args[1], {});
        break;
      case Op::Scatter:
        // What nothing is added to stays as it is, whatever the scale: it takes time only where something is.
        if (!r_.isConstant(args[0], 0.0)) scaled(0);
        scaled(2);
        break;
      default: scaled(0); break;
    }
    return r_.build.emit1(d.op, args, d.attrs);
  }

 private:
  /// Zero times another scale may be no zero.
  bool isFinite() const { return scale_.isLiteral && std::isfinite(scale_.literal.toDouble()); }

  Atom repeat(const Atom& scalar, const std::vector<Dim>& dims) const { return dims.empty() ? scalar : r_.build.broadcastTo(scalar, dims); }

  Atom leaf(const Atom& v) const {
    if (scale_.isLiteral && scale_.literal.toDouble() == -1.0) return r_.build.neg(v);
    const Type type = r_.typeOf(v);
    return r_.build.emit1(Op::Mul, {v, scale_.isLiteral ? scale_ : repeat(scale_, type.dims)});
  }

  // Longer chains are not looked through, so that a walk stays linear in the program.
  static constexpr int kDeepest = 24;

  Rewriter& r_;
  Atom scale_;
  Elem elem_;
  mutable std::unordered_map<core::Var, double> costs_;
  mutable int depth_ = 0;
};

bool isFloat(Rewriter& r, const Stmt& s) { return core::isFloat(r.typeOf(Atom::of(s.results[0])).elem); }

Result sunk(Rewriter& r, const Atom& v, const Atom& scale) {
  if (v.isLiteral || r.uniform(v)) return std::nullopt;
  Sink sink(r, scale, r.typeOf(v).elem);
  if (sink.inside(v) >= r.size(v)) return std::nullopt;
  return sink.rebuild(v);
}

Result sinkScale(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Mul || !isFloat(r, s)) return std::nullopt;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto scale = r.uniform(s.args[i]);
    if (!scale) continue;
    if (auto result = sunk(r, s.args[1 - i], *scale)) return result;
  }
  return std::nullopt;
}

Result sinkSign(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Neg || !isFloat(r, s) || !r.isOwn(s.args[0])) return std::nullopt;
  if (const Stmt* d = r.def(s.args[0], Op::Sub)) return r.build.emit1(Op::Sub, {d->args[1], d->args[0]});
  return sunk(r, s.args[0], Atom::of(Literal::ofDouble(r.typeOf(s.args[0]).elem, -1.0)));
}

// v / s with a scalar s is v · (1/s) where that saves divisions.
Result sinkDivisor(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Div || !isFloat(r, s) || s.args[0].isLiteral || r.typeOf(s.args[0]).rank() == 0) return std::nullopt;
  const auto divisor = r.uniform(s.args[1]);
  if (!divisor || !r.isOwn(s.args[0])) return std::nullopt;
  const Elem e = r.typeOf(s.args[0]).elem;
  Sink sink(r, Atom::of(Literal::one(e)), e);
  if (r.uniform(s.args[0]) || sink.inside(s.args[0]) >= r.size(s.args[0])) return std::nullopt;
  const Atom scale =
      divisor->isLiteral ? Atom::of(Literal::ofDouble(e, 1.0 / divisor->literal.toDouble())) : r.build.div(Atom::of(Literal::one(e)), *divisor);
  return sunk(r, s.args[0], scale);
}

bool hasNoStart(const Rewriter& r, const Stmt& s) {
  if (isProduct(s)) return s.args.size() == 2;
  if (isSum(s)) return s.args.size() == 1;
  return isAddition(s) && r.isConstant(s.args[0], 0.0);
}

// Whether a sum that nobody else uses can begin at another value: it has no start, or one of which this is true.
bool canStart(const Rewriter& r, const Atom& l) {
  const Stmt* d = r.def(l);
  if (d == nullptr || !r.isOwn(l)) return false;
  if (hasNoStart(r, *d)) return true;
  const bool hasStart = (isProduct(*d) && d->args.size() == 3) || (isSum(*d) && d->args.size() == 2);
  return hasStart && canStart(r, d->args.back());
}

Atom started(Rewriter& r, const Atom& l, const Atom& start) {
  const Stmt d = *r.def(l);
  std::vector<Atom> args = d.args;
  if (!hasNoStart(r, d)) {
    args.back() = started(r, args.back(), start);
  } else if (d.op == Op::Scatter) {
    args[0] = start.isLiteral ? r.build.splat(start.literal, r.typeOf(l)) : start;
  } else {
    args.push_back(start);
  }
  return r.build.emit1(d.op, args, d.attrs);
}

// a + linear(..) with one use starts its sum at a.
Result startAt(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Add) return std::nullopt;
  for (std::size_t i : {1, 0})
    if (canStart(r, s.args[i])) return started(r, s.args[i], s.args[1 - i]);
  return std::nullopt;
}

// Two parts of an otherwise zero array that lie side by side are one part.
Result sumOfParts(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Add) return std::nullopt;
  const Stmt *a = r.def(s.args[0], Op::Pad), *b = r.def(s.args[1], Op::Pad);
  if (a == nullptr || b == nullptr || !r.isOwn(s.args[0]) || !r.isOwn(s.args[1])) return std::nullopt;
  if (!r.isConstant(a->args[1], 0.0) || !r.isConstant(b->args[1], 0.0)) return std::nullopt;
  const Type type = r.typeOf(s.args[0]);
  std::optional<std::size_t> axis;
  for (std::size_t i = 0; i < type.dims.size(); ++i) {
    if (a->attrs.dims[i] == b->attrs.dims[i] && a->attrs.starts[i] == b->attrs.starts[i]) continue;
    if (axis) return std::nullopt;
    axis = i;
  }
  if (!axis) return std::nullopt;
  const auto endsWhereBegins = [&](const Stmt* x, const Stmt* y) {
    return x->attrs.dims[*axis] + r.typeOf(x->args[0]).dims[*axis] == y->attrs.dims[*axis];
  };
  if (endsWhereBegins(b, a)) std::swap(a, b);
  if (!endsWhereBegins(a, b)) return std::nullopt;
  Attrs pad = a->attrs;
  pad.starts[*axis] = b->attrs.starts[*axis];
  const Atom zero = a->args[1];
  const Atom both = r.build.concat({a->args[0], b->args[0]}, static_cast<int>(*axis));
  return r.build.emit1(Op::Pad, {both, zero}, pad);
}

// a - linear(..): the sign goes into the smaller factor.
Result subtractLinear(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Sub || !isFloat(r, s)) return std::nullopt;
  const Stmt* d = r.def(s.args[1]);
  if (d == nullptr || !r.isOwn(s.args[1]) || !hasNoStart(r, *d)) return std::nullopt;
  const auto negative = sunk(r, s.args[1], Atom::of(Literal::ofDouble(r.typeOf(s.args[1]).elem, -1.0)));
  if (!negative) return std::nullopt;
  return r.build.emit1(Op::Add, {s.args[0], *negative});
}

Result addZero(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Add || !isFloat(r, s)) return std::nullopt;
  for (std::size_t i = 0; i < 2; ++i)
    if (r.isConstant(s.args[i], 0.0)) return s.args[1 - i];
  return std::nullopt;
}

Result byReciprocal(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Mul || !isFloat(r, s)) return std::nullopt;
  for (std::size_t i = 0; i < 2; ++i) {
    const Stmt* d = r.def(s.args[i], Op::Div);
    if (d != nullptr && r.isOwn(s.args[i]) && r.isConstant(d->args[0], 1.0)) return r.build.emit1(Op::Div, {s.args[1 - i], d->args[1]});
  }
  return std::nullopt;
}

// The sum of n equal values is n times the value.
Result sumOfRepeated(Rewriter& r, const Stmt& s) {
  if (!isSum(s) || s.args.size() > 1 || (s.attrs.elem && *s.attrs.elem != r.typeOf(s.args[0]).elem)) return std::nullopt;
  const Stmt* d = r.def(s.args[0], Op::Broadcast);
  if (d == nullptr) return std::nullopt;
  const Type result = r.typeOf(Atom::of(s.results[0]));
  Dim times(1);
  bool any = false;
  std::vector<int> inner, kept;
  for (int a : s.attrs.axes) {
    const auto found = std::ranges::find(d->attrs.axes, a);
    if (found == d->attrs.axes.end()) {
      times = times * d->attrs.dims[static_cast<std::size_t>(a)];
      any = true;
    } else {
      inner.push_back(static_cast<int>(found - d->attrs.axes.begin()));
    }
  }
  if (!any) return std::nullopt;
  int position = 0;
  for (int a = 0; a < static_cast<int>(d->attrs.dims.size()); ++a) {
    if (std::ranges::find(s.attrs.axes, a) != s.attrs.axes.end()) continue;
    if (std::ranges::find(d->attrs.axes, a) != d->attrs.axes.end()) kept.push_back(position);
    ++position;
  }
  const Atom source = inner.empty() ? d->args[0] : r.build.reduce(ReduceKind::Sum, d->args[0], inner);
  const std::vector<Dim> dims = r.typeOf(source).dims;
  Atom count = r.build.dimValue(times, result.elem);
  if (!dims.empty()) count = r.build.broadcastTo(count, dims);
  const Atom total = r.build.emit1(Op::Mul, {source, count});
  return dims.size() == result.dims.size() ? total : r.build.broadcast(total, result.dims, kept);
}

// The sum of a row that has one value at an index, and zeros, is the value.
Result sumOfOneHot(Rewriter& r, const Stmt& s) {
  if (!isSum(s) || s.args.size() > 1 || s.attrs.axes.size() != 1) return std::nullopt;
  const Stmt* choice = r.def(s.args[0], Op::Select);
  if (choice == nullptr || !r.isConstant(choice->args[2], 0.0)) return std::nullopt;
  const Stmt* here = r.def(choice->args[0], Op::Eq);
  if (here == nullptr) return std::nullopt;
  const int axis = s.attrs.axes[0];
  // A value that is the same along the axis, without the axis.
  const auto along = [&](const Atom& a) -> std::optional<Atom> {
    if (a.isLiteral) return a;
    const Stmt* d = r.def(a, Op::Broadcast);
    if (d == nullptr || std::ranges::find(d->attrs.axes, axis) != d->attrs.axes.end()) return std::nullopt;
    std::vector<Dim> dims = d->attrs.dims;
    dims.erase(dims.begin() + axis);
    std::vector<int> axes;
    for (int x : d->attrs.axes) axes.push_back(x > axis ? x - 1 : x);
    return r.build.broadcast(d->args[0], dims, axes);
  };
  for (std::size_t i = 0; i < 2; ++i) {
    const Stmt* iota = r.def(here->args[i], Op::Iota);
    if (iota == nullptr || iota->attrs.axes[0] != axis) continue;
    const auto index = along(here->args[1 - i]);
    const auto value = along(choice->args[1]);
    if (!index || !value) continue;
    const Elem e = r.typeOf(*index).elem;
    const Atom extent = r.build.dimValue(iota->attrs.dims[static_cast<std::size_t>(axis)], e);
    const Atom inside = r.build.binary(Op::And, r.build.binary(Op::Ge, *index, Atom::of(Literal::zero(e))), r.build.binary(Op::Lt, *index, extent));
    const Atom zero = Atom::of(Literal::zero(r.typeOf(Atom::of(s.results[0])).elem));
    if (inside.isLiteral || r.typeOf(inside).rank() != r.typeOf(Atom::of(s.results[0])).rank()) return std::nullopt;
    return r.build.emit1(Op::Select, {inside, *value, zero});
  }
  return std::nullopt;
}

// x·y + z rounded once. Of two products the second is fused.
Result fuse(Rewriter& r, const Stmt& s) {
  if ((s.op != Op::Add && s.op != Op::Sub) || !isFloat(r, s)) return std::nullopt;
  for (std::size_t i : {1, 0}) {
    const Stmt* m = r.def(s.args[i], Op::Mul);
    if (m == nullptr || !r.isOwn(s.args[i])) continue;
    Atom x = m->args[0], y = m->args[1], z = s.args[1 - i];
    if (s.op == Op::Sub && i == 1) {
      // z - xy: a literal takes the sign, else a factor does.
      if (y.isLiteral) {
        y = Atom::of(Literal::ofDouble(y.literal.elem, -y.literal.toDouble()));
      } else {
        x = x.isLiteral ? Atom::of(Literal::ofDouble(x.literal.elem, -x.literal.toDouble())) : r.build.neg(x);
      }
    } else if (s.op == Op::Sub) {
      z = z.isLiteral ? Atom::of(Literal::ofDouble(z.literal.elem, -z.literal.toDouble())) : r.build.neg(z);
    }
    return r.build.emit1(Op::Fma, {x, y, z});
  }
  return std::nullopt;
}

}  // namespace

std::span<const SimplifyRule> linearRules() {
  static constexpr SimplifyRule kRules[] = {
      {"add zero", true, addZero},
      {"multiply by a reciprocal", true, byReciprocal},
      {"sink scale", true, sinkScale},
      {"sink sign", true, sinkSign},
      {"sink divisor", true, sinkDivisor},
      {"start at", true, startAt},
      {"sum of parts", true, sumOfParts},
      {"subtract linear", true, subtractLinear},
      {"sum of repeated values", true, sumOfRepeated},
      {"sum of one-hot rows", true, sumOfOneHot},
  };
  return kRules;
}

std::span<const SimplifyRule> fmaRules() {
  static constexpr SimplifyRule kRules[] = {{"fma", true, fuse}};
  return kRules;
}

}  // namespace fedc::transform
