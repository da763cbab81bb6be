#include <limits>

#include "compiler/core/ops/rules_detail.h"

// Derivatives and batching of reductions. Tied maxima and minima share equally; arg_reduce goes to the first.
namespace fedc::core::rules {

namespace {

using Context = DerivativeContext;
using Given = std::span<const std::optional<Atom>>;
using Result = std::vector<std::optional<Atom>>;
using Flags = std::span<const bool>;
using Atoms = std::span<const Atom>;

Atom zeroOf(Builder& b, const Atom& a) { return Atom::of(Literal::zero(b.typeOf(a).elem)); }

Atom as(Builder& b, const Atom& a, Elem elem) { return b.typeOf(a).elem == elem ? a : b.convert(a, elem); }

// A value without the reduced axes, repeated along them.
Atom spread(Context& c, const Atom& a) {
  const std::vector<Dim> dims = c.build.typeOf(c.operands[0]).dims;
  return c.build.broadcast(a, dims, axesWithout(static_cast<int>(dims.size()), c.stmt.attrs.axes));
}

// Where the operand equals the result, and one over how often.
struct Ties {
  Atom where;
  Atom share;
  std::optional<Atom> startWins;
};

Ties ties(Context& c) {
  Builder& b = c.build;
  const Elem elem = b.typeOf(c.results[0]).elem;
  Ties t;
  t.where = b.binary(Op::Eq, c.operands[0], spread(c, c.results[0]));
  Atom count = b.reduce(ReduceKind::Sum, b.convert(t.where, elem), c.stmt.attrs.axes);
  if (c.operands.size() > 1) {
    t.startWins = b.binary(Op::Eq, c.results[0], c.operands[1]);
    count = b.add(count, b.convert(*t.startWins, elem));
  }
  t.share = b.div(Atom::of(Literal::one(elem)), count);
  return t;
}

// Products of all elements but one, by running products from both ends (right with zeros among them).
Atom productOfOthers(Builder& b, const Lined& l, const Atom& x) {
  const std::vector<Dim> dims = l.dims();
  const std::size_t last = dims.size() - 1;
  const auto exclusive = [&](bool reversed) {
    Attrs running;
    running.reduce = ReduceKind::Prod;
    running.axes = {static_cast<int>(last)};
    running.reversed = reversed;
    const Atom inclusive = b.emit1(Op::Cumulative, {x}, running);
    Attrs pad;
    pad.dims.assign(dims.size(), Dim(0));
    pad.starts.assign(dims.size(), Dim(0));
    std::vector<Dim> starts(dims.size(), Dim(0));
    (reversed ? pad.starts : pad.dims)[last] = Dim(1);
    if (reversed) starts[last] = Dim(1);
    return b.slice(b.emit1(Op::Pad, {inclusive, constant(b, x, 1.0)}, pad), starts, dims);
  };
  const Atom before = exclusive(false);
  return b.mul(before, exclusive(true));
}

Result reduceVjp(Context& c, Given ct) {
  Builder& b = c.build;
  const Type operand = b.typeOf(c.operands[0]);
  const bool hasStart = c.operands.size() > 1;
  Result out(c.operands.size());
  if (!ct[0]) return out;
  switch (*c.stmt.attrs.reduce) {
    case ReduceKind::Sum:
      out[0] = spread(c, as(b, *ct[0], operand.elem));
      if (hasStart) out[1] = *ct[0];
      break;
    case ReduceKind::Prod: {
      const Lined l = lineUp(operand, c.stmt.attrs.axes);
      const Atom others = l.restore(b, productOfOthers(b, l, l.line(b, c.operands[0])));
      const Atom scale = hasStart ? b.mul(*ct[0], c.operands[1]) : *ct[0];
      out[0] = b.mul(spread(c, as(b, scale, operand.elem)), others);
      if (hasStart) out[1] = b.mul(*ct[0], as(b, b.reduce(ReduceKind::Prod, c.operands[0], c.stmt.attrs.axes), b.typeOf(*ct[0]).elem));
      break;
    }
    default: {
      const Ties t = ties(c);
      const Atom each = b.mul(*ct[0], t.share);
      out[0] = b.select(t.where, spread(c, each), zeroOf(b, each));
      if (hasStart) out[1] = b.select(*t.startWins, each, zeroOf(b, each));
    }
  }
  return out;
}

Result reduceJvp(Context& c, Given t) {
  Builder& b = c.build;
  const std::vector<int>& axes = c.stmt.attrs.axes;
  const Elem elem = b.typeOf(c.results[0]).elem;
  std::optional<Atom> sum;
  const auto give = [&](const Atom& a) { sum = sum ? b.add(*sum, a) : a; };
  switch (*c.stmt.attrs.reduce) {
    case ReduceKind::Sum:
      if (t[0]) give(b.emit1(Op::Reduce, {*t[0]}, c.stmt.attrs));
      if (t.size() > 1 && t[1]) give(*t[1]);
      break;
    case ReduceKind::Prod: {
      if (t[0]) {
        const Lined l = lineUp(b.typeOf(c.operands[0]), axes);
        const Atom others = l.restore(b, productOfOthers(b, l, l.line(b, c.operands[0])));
        const Atom total = as(b, b.reduce(ReduceKind::Sum, b.mul(*t[0], others), axes), elem);
        give(t.size() > 1 ? b.mul(total, c.operands[1]) : total);
      }
      if (t.size() > 1 && t[1]) give(b.mul(*t[1], as(b, b.reduce(ReduceKind::Prod, c.operands[0], axes), elem)));
      break;
    }
    default: {
      const Ties tied = ties(c);
      if (t[0]) give(b.mul(b.reduce(ReduceKind::Sum, b.select(tied.where, *t[0], zeroOf(b, *t[0])), axes), tied.share));
      if (t.size() > 1 && t[1]) give(b.select(*tied.startWins, b.mul(*t[1], tied.share), zeroOf(b, *t[1])));
    }
  }
  return {sum};
}

Rule argReduce() {
  Rule rule;
  rule.vjp = [](Context& c, Given ct) -> Result {
    if (!ct[0]) return {std::nullopt};
    Builder& b = c.build;
    const Lined l = lineUp(b.typeOf(c.operands[0]), c.stmt.attrs.axes);
    const std::vector<Dim> dims = l.dims();
    const Atom here = b.binary(Op::Eq, b.iota(dims, l.kept, Elem::I32), b.broadcast(c.results[1], dims, axesUpTo(l.kept)));
    return {l.restore(b, b.select(here, b.broadcast(*ct[0], dims, axesUpTo(l.kept)), zeroOf(b, *ct[0])))};
  };
  rule.jvp = [](Context& c, Given t) -> Result {
    if (!t[0]) return {std::nullopt, std::nullopt};
    const Lined l = lineUp(c.build.typeOf(c.operands[0]), c.stmt.attrs.axes);
    return {c.build.emit1(Op::Pick, {l.line(c.build, *t[0]), c.results[1]}), std::nullopt};
  };
  return rule;
}

// Running maxima and minima: for each position the first one where its value was reached. Everything with the axis last, from the start on.
struct Running {
  Lined l;
  bool reversed;

  explicit Running(Context& c) : l(lineUp(c.build.typeOf(c.operands[0]), c.stmt.attrs.axes)), reversed(c.stmt.attrs.reversed) {}

  Atom enter(Builder& b, const Atom& a) const {
    const Atom lined = l.line(b, a);
    return reversed ? flip(b, lined) : lined;
  }
  Atom leave(Builder& b, const Atom& a) const { return l.restore(b, reversed ? flip(b, a) : a); }

  Atom winners(Context& c) const {
    Builder& b = c.build;
    const std::vector<Dim> dims = l.dims();
    const std::size_t last = dims.size() - 1;
    const bool isMax = *c.stmt.attrs.reduce == ReduceKind::Max;
    const Atom x = enter(b, c.operands[0]), y = enter(b, c.results[0]);
    Attrs pad;
    pad.dims.assign(dims.size(), Dim(0));
    pad.starts.assign(dims.size(), Dim(0));
    pad.dims[last] = Dim(1);
    const double identity = isMax ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    const Atom previous = b.slice(b.emit1(Op::Pad, {y, constant(b, x, identity)}, pad), std::vector<Dim>(dims.size(), Dim(0)), dims);
    const Atom isNew = b.binary(isMax ? Op::Gt : Op::Lt, x, previous);
    const Atom position = b.select(isNew, b.iota(dims, l.kept, Elem::I32), Atom::of(Literal::ofInt(Elem::I32, 0)));
    Attrs running;
    running.reduce = ReduceKind::Max;
    running.axes = {l.kept};
    return b.emit1(Op::Cumulative, {position}, running);
  }

 private:
  Atom flip(Builder& b, const Atom& a) const {
    Attrs attrs;
    attrs.axes = {l.kept};
    return b.emit1(Op::Reverse, {a}, attrs);
  }
};

Atom scatterAdd(Builder& b, const Atom& into, const Atom& indices, const Atom& updates, int axis) {
  Attrs attrs;
  attrs.axes = {axis};
  attrs.batch = {axis};
  attrs.scatter = ScatterMode::Add;
  return b.emit1(Op::Scatter, {into, indices, updates}, attrs);
}

// One loop along the axis, moved first: `rows` are stacked inputs with the axis first; `body` maps (carry.., row..) to (next.., emitted).
Atom scan(Builder& b, const Dim& extent, bool reversed, const std::vector<Atom>& starts, const Type& row, const std::vector<Atom>& rows,
          const std::function<std::pair<std::vector<Atom>, Atom>(Builder&, std::vector<Atom>)>& body) {
  Fn& fn = b.fn();
  Stmt loop;
  loop.op = Op::Loop;
  loop.span = b.span();
  loop.attrs.extent = extent;
  loop.attrs.defines = fn.newDim("t");
  loop.attrs.reversed = reversed;
  loop.attrs.carries = static_cast<int>(starts.size());
  loop.args = starts;
  loop.args.insert(loop.args.end(), rows.begin(), rows.end());
  Region region;
  std::vector<Atom> params;
  for (std::size_t i = 0; i < loop.args.size(); ++i) {
    region.params.push_back(fn.newVar(row));
    params.push_back(Atom::of(region.params.back()));
  }
  Builder inner(fn, region.stmts, b.span());
  auto [next, emitted] = body(inner, params);
  region.yields = next;
  region.yields.push_back(emitted);
  for (std::size_t i = 0; i < starts.size(); ++i) loop.results.push_back(fn.newVar(row));
  loop.results.push_back(fn.newVar({row.elem, prepended(extent, row.dims)}));
  const Atom stack = Atom::of(loop.results.back());
  loop.regions.push_back(std::move(region));
  b.stmts().push_back(std::move(loop));
  return stack;
}

// Running products, y_j = x_j y_{j-1}, as the recurrence that it is: right with zeros.
Atom runningProductVjp(Context& c, const Atom& ct) {
  Builder& b = c.build;
  const int axis = c.stmt.attrs.axes[0];
  const bool reversed = c.stmt.attrs.reversed;
  const auto front = [&](const Atom& a) { return moveAxis(b, a, axis, 0); };
  const Atom x = front(c.operands[0]), y = front(c.results[0]);
  const Type type = b.typeOf(x);
  Attrs pad;
  pad.dims.assign(type.dims.size(), Dim(0));
  pad.starts.assign(type.dims.size(), Dim(0));
  std::vector<Dim> starts(type.dims.size(), Dim(0));
  (reversed ? pad.starts : pad.dims)[0] = Dim(1);
  if (reversed) starts[0] = Dim(1);
  const Atom previous = b.slice(b.emit1(Op::Pad, {y, constant(b, y, 1.0)}, pad), starts, type.dims);
  Type row = type;
  row.dims.erase(row.dims.begin());
  const Atom result = scan(b, type.dims[0], !reversed, {zeroOf(b, ct)}, row, {x, previous, front(ct)}, [](Builder& in, std::vector<Atom> p) {
    const Atom g = in.add(p[3], p[0]);
    return std::pair{std::vector<Atom>{in.mul(p[1], g)}, in.mul(p[2], g)};
  });
  return moveAxis(b, result, 0, axis);
}

Atom runningProductJvp(Context& c, const Atom& t) {
  Builder& b = c.build;
  const int axis = c.stmt.attrs.axes[0];
  const Atom x = moveAxis(b, c.operands[0], axis, 0);
  const Type type = b.typeOf(x);
  Type row = type;
  row.dims.erase(row.dims.begin());
  const Atom result = scan(b, type.dims[0], c.stmt.attrs.reversed, {constant(b, x, 1.0), zeroOf(b, x)}, row, {x, moveAxis(b, t, axis, 0)},
                           [](Builder& in, std::vector<Atom> p) {
                             const Atom y = in.mul(p[0], p[2]);
                             const Atom ty = in.add(in.mul(p[1], p[2]), in.mul(p[0], p[3]));
                             return std::pair{std::vector<Atom>{y, ty}, ty};
                           });
  return moveAxis(b, result, 0, axis);
}

Rule cumulative() {
  Rule rule;
  rule.vjp = [](Context& c, Given ct) -> Result {
    if (!ct[0]) return {std::nullopt};
    Builder& b = c.build;
    if (*c.stmt.attrs.reduce == ReduceKind::Sum) {
      Attrs attrs = c.stmt.attrs;
      attrs.reversed = !attrs.reversed;
      return {b.emit1(Op::Cumulative, {*ct[0]}, attrs)};
    }
    if (*c.stmt.attrs.reduce == ReduceKind::Prod) return {runningProductVjp(c, *ct[0])};
    const Running r(c);
    const Atom winners = r.winners(c), updates = r.enter(b, *ct[0]);
    const Atom zero = b.splat(Literal::zero(b.typeOf(updates).elem), b.typeOf(updates));
    return {r.leave(b, scatterAdd(b, zero, winners, updates, r.l.kept))};
  };
  rule.jvp = [](Context& c, Given t) -> Result {
    if (!t[0]) return {std::nullopt};
    Builder& b = c.build;
    if (*c.stmt.attrs.reduce == ReduceKind::Sum) return {b.emit1(Op::Cumulative, {*t[0]}, c.stmt.attrs)};
    if (*c.stmt.attrs.reduce == ReduceKind::Prod) return {runningProductJvp(c, *t[0])};
    const Running r(c);
    const Atom winners = r.winners(c);
    return {r.leave(b, b.gather(r.enter(b, *t[0]), winners, r.l.kept, r.l.kept))};
  };
  return rule;
}

// The permutation that the sort applied: a further operand that counts.
Atom sortOrder(Context& c, const Lined& l) {
  Builder& b = c.build;
  const int axis = c.stmt.attrs.axes[0];
  std::vector<Atom> args(c.operands.begin(), c.operands.end());
  args.push_back(b.iota(b.typeOf(c.operands[0]).dims, axis, Elem::I32));
  return l.line(b, b.emit(Op::Sort, args, c.stmt.attrs).back());
}

Rule sorted() {
  Rule rule;
  rule.vjp = [](Context& c, Given ct) -> Result {
    Builder& b = c.build;
    const Lined l = lineUp(b.typeOf(c.operands[0]), c.stmt.attrs.axes);
    const Atom order = sortOrder(c, l);
    Result out(c.operands.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (!ct[i]) continue;
      const Atom updates = l.line(b, *ct[i]);
      const Atom zero = b.splat(Literal::zero(b.typeOf(updates).elem), b.typeOf(updates));
      out[i] = l.restore(b, scatterAdd(b, zero, order, updates, l.kept));
    }
    return out;
  };
  rule.jvp = [](Context& c, Given t) -> Result {
    Builder& b = c.build;
    const Lined l = lineUp(b.typeOf(c.operands[0]), c.stmt.attrs.axes);
    const Atom order = sortOrder(c, l);
    Result out(t.size());
    for (std::size_t i = 0; i < out.size(); ++i)
      if (t[i]) out[i] = l.restore(b, b.gather(l.line(b, *t[i]), order, l.kept, l.kept));
    return out;
  };
  return rule;
}

}  // namespace

Derivative reduceDerivative(Op op) {
  switch (op) {
    case Op::Reduce: return Rule{reduceVjp, reduceJvp};
    case Op::ArgReduce: return argReduce();
    case Op::Cumulative: return cumulative();
    case Op::Sort: return sorted();
    default: noRule(op, "derivative");
  }
}

Batching reduceBatching(Op) {
  return BatchRule{[](Builder& b, const Stmt& s, Atoms x, Flags mapped, const Dim& n) -> std::vector<Atom> {
    Attrs attrs = s.attrs;
    attrs.axes = shifted(attrs.axes);
    std::vector<Atom> args;
    for (std::size_t i = 0; i < x.size(); ++i) args.push_back(withLeading(b, x[i], mapped[i], n));
    return b.emit(s.op, args, attrs);
  }};
}

}  // namespace fedc::core::rules
