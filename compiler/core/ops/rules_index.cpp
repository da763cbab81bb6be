#include "compiler/core/ops/rules_detail.h"

// Derivatives and batching of gather, scatter, pick, and batching of random ops and strings. gather and scatter are each other's transposes.
namespace fedc::core::rules {

namespace {

using Context = DerivativeContext;
using Flags = std::span<const bool>;
using Atoms = std::span<const Atom>;

int batchOf(const Stmt& s) { return s.attrs.batch.empty() ? 0 : s.attrs.batch[0]; }

Atom zeros(Builder& b, const Type& type) { return b.splat(Literal::zero(type.elem), type); }

Atom gatherTranspose(Context& c, int, Atom ct) {
  Attrs attrs = c.stmt.attrs;
  attrs.scatter = ScatterMode::Add;
  return c.build.emit1(Op::Scatter, {zeros(c.build, c.build.typeOf(c.operands[0])), c.operands[1], ct}, attrs);
}

// Of several updates that are set at one place the last one wins and gets the cotangent.
Atom winnersOnly(Context& c, const Atom& ct) {
  Builder& b = c.build;
  const Atom& index = c.operands[1];
  if (index.isLiteral) return ct;
  const Type data = b.typeOf(c.operands[0]), at = b.typeOf(index);
  const std::size_t batch = static_cast<std::size_t>(batchOf(c.stmt));
  const std::size_t axis = static_cast<std::size_t>(c.stmt.attrs.axes[0]);
  const std::vector<Dim> rest(at.dims.begin() + static_cast<std::ptrdiff_t>(batch), at.dims.end());
  const Dim count = product(rest);
  // Updates numbered in the order in which they run.
  Atom number = b.iota({count}, 0, Elem::I32);
  number = b.reshape(number, rest);
  std::vector<int> axes;
  for (std::size_t i = 0; i < rest.size(); ++i) axes.push_back(static_cast<int>(batch + i));
  number = b.broadcast(number, at.dims, axes);
  Type owner{Elem::I32, {data.dims.begin(), data.dims.begin() + static_cast<std::ptrdiff_t>(batch)}};
  owner.dims.push_back(data.dims[axis]);
  Attrs attrs;
  attrs.axes = {static_cast<int>(batch)};
  attrs.batch = {static_cast<int>(batch)};
  attrs.scatter = ScatterMode::Set;
  const Atom last = b.emit1(Op::Scatter, {zeros(b, owner), index, number}, attrs);
  Atom wins = b.binary(Op::Eq, b.gather(last, index, static_cast<int>(batch), static_cast<int>(batch)), number);
  std::vector<int> into = axesUpTo(static_cast<int>(batch));
  for (std::size_t i = 0; i < rest.size(); ++i) into.push_back(static_cast<int>(axis + i));
  wins = b.broadcast(wins, b.typeOf(ct).dims, into);
  return b.select(wins, ct, Atom::of(Literal::zero(data.elem)));
}

Atom scatterTranspose(Context& c, int i, Atom ct) {
  const bool isSet = c.stmt.attrs.scatter == ScatterMode::Set;
  if (i == 0) {
    if (!isSet) return ct;
    return c.build.emit1(Op::Scatter, {ct, c.operands[1], Atom::of(Literal::zero(c.build.typeOf(ct).elem))}, c.stmt.attrs);
  }
  const Atom updates = c.build.gather(ct, c.operands[1], c.stmt.attrs.axes[0], batchOf(c.stmt));
  return isSet ? winnersOnly(c, updates) : updates;
}

Atom pickTranspose(Context& c, int, Atom ct) {
  Builder& b = c.build;
  const Type data = b.typeOf(c.operands[0]);
  const int last = data.rank() - 1;
  const auto spread = [&](const Atom& a) { return a.isLiteral ? a : b.broadcast(a, data.dims, axesUpTo(last)); };
  const Elem index = b.typeOf(c.operands[1]).elem;
  const Atom here = b.binary(Op::Eq, b.iota(data.dims, last, index), spread(c.operands[1]));
  return b.select(here, spread(ct), Atom::of(Literal::zero(data.elem)));
}

std::vector<Atom> batchGather(Builder& b, const Stmt& s, Atoms x, Flags mapped, const Dim& n) {
  const int axis = s.attrs.axes[0], batch = batchOf(s);
  if (!mapped[1] && batch == 0) return {b.gather(x[0], x[1], axis + 1)};
  if (!mapped[0] && batch == 0) return {moveAxis(b, b.gather(x[0], x[1], axis), axis, 0)};
  const Atom data = withLeading(b, x[0], mapped[0], n), index = withLeading(b, x[1], mapped[1], n);
  // One element of the last axis for each row is a pick.
  if (axis + 2 == b.typeOf(data).rank() && b.typeOf(index).rank() == batch + 1 && batch == axis) return {b.emit1(Op::Pick, {data, index})};
  return {b.gather(data, index, axis + 1, batch + 1)};
}

std::vector<Atom> batchScatter(Builder& b, const Stmt& s, Atoms x, Flags mapped, const Dim& n) {
  const Atom data = withLeading(b, x[0], mapped[0], n);
  Atom index = withLeading(b, x[1], mapped[1], n);
  Attrs attrs = s.attrs;
  attrs.axes = shifted(attrs.axes);
  attrs.batch = {batchOf(s) + 1};
  if (index.isLiteral) index = b.splat(index.literal, {index.literal.elem, {n}});
  return b.emit(Op::Scatter, {data, index, withLeading(b, x[2], mapped[2], n)}, attrs);
}

std::vector<Atom> batchPick(Builder& b, const Stmt& s, Atoms x, Flags mapped, const Dim& n) {
  if (!mapped[0] && b.typeOf(x[0]).rank() == 1) return {b.gather(x[0], x[1], 0)};
  return b.emit(s.op, {withLeading(b, x[0], mapped[0], n), withLeading(b, x[1], mapped[1], n)}, s.attrs);
}

}  // namespace

Derivative indexDerivative(Op op) {
  switch (op) {
    case Op::Gather: return Linear{{0}, gatherTranspose};
    // Linear in both together, when set as well.
    case Op::Scatter: return Linear{{0, 2}, scatterTranspose};
    case Op::Pick: return Linear{{0}, pickTranspose};
    default: noRule(op, "derivative");
  }
}

Batching indexBatching(Op op) {
  switch (op) {
    case Op::Gather: return BatchRule{batchGather};
    case Op::Scatter: return BatchRule{batchScatter};
    case Op::Pick: return BatchRule{batchPick};
    default: noRule(op, "batching");
  }
}

namespace {

// Ops that take arrays of keys or of strings; what each gives comes as further axes.
std::vector<Atom> batchPointwise(Builder& b, const Stmt& s, Atoms x, Flags mapped, const Dim& n) {
  std::vector<Atom> args;
  for (std::size_t i = 0; i < x.size(); ++i) args.push_back(withLeading(b, x[i], mapped[i], n));
  return b.emit(s.op, args, s.attrs);
}

}  // namespace

Batching randomBatching(Op) { return BatchRule{batchPointwise}; }

Batching stringBatching(Op) { return BatchRule{batchPointwise}; }

}  // namespace fedc::core::rules
