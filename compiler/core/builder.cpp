#include "compiler/core/builder.h"

#include <fmt/format.h>

#include <numeric>

#include "compiler/core/internal_error.h"
#include "compiler/core/op_table.h"
#include "compiler/core/ops/groups.h"

namespace fedc::core {

Builder::Builder(Fn& fn, std::vector<Stmt>& into, Span span) : fn_(fn), into_(&into), span_(span) {}

Type Builder::typeOf(const Atom& a) const { return typeOfAtom(fn_, a); }

std::vector<Atom> Builder::emit(Op op, std::vector<Atom> args, Attrs attrs, std::vector<Region> regions) {
  Stmt s;
  s.op = op;
  s.attrs = std::move(attrs);
  s.args = std::move(args);
  s.regions = std::move(regions);
  s.span = span_;
  std::vector<Type> types;
  if (auto p = inferTypes(fn_, s, types)) internalError(*p, __FILE__, __LINE__);
  std::vector<Atom> out;
  for (Type& t : types) {
    s.results.push_back(fn_.newVar(std::move(t)));
    out.push_back(Atom::of(s.results.back()));
  }
  into_->push_back(std::move(s));
  return out;
}

Atom Builder::emit1(Op op, std::vector<Atom> args, Attrs attrs) {
  const std::vector<Atom> out = emit(op, std::move(args), std::move(attrs));
  FEDC_REQUIRE(out.size() == 1, fmt::format("`{}` has {} results", opName(op), out.size()));
  return out[0];
}

Atom Builder::add(Atom a, Atom b) { return binary(Op::Add, a, b); }
Atom Builder::sub(Atom a, Atom b) { return binary(Op::Sub, a, b); }
Atom Builder::mul(Atom a, Atom b) { return binary(Op::Mul, a, b); }
Atom Builder::div(Atom a, Atom b) { return binary(Op::Div, a, b); }
Atom Builder::neg(Atom a) { return unary(Op::Neg, a); }
Atom Builder::unary(Op op, Atom a) { return emit1(op, {a}); }

Atom Builder::binary(Op op, Atom a, Atom b) {
  if (!a.isLiteral && !b.isLiteral) {
    const Type x = typeOf(a), y = typeOf(b);
    if (x.rank() == 0 && y.rank() != 0) a = broadcastTo(a, y.dims);
    if (y.rank() == 0 && x.rank() != 0) b = broadcastTo(b, x.dims);
  }
  return emit1(op, {a, b});
}

Atom Builder::select(Atom p, Atom a, Atom b) {
  std::vector<Dim> dims;
  for (const Atom& x : {p, a, b}) {
    if (!x.isLiteral && fn_.typeOf(x.var).rank() > 0) dims = fn_.typeOf(x.var).dims;
  }
  for (Atom* x : {&p, &a, &b}) {
    if (!x->isLiteral && !dims.empty() && fn_.typeOf(x->var).rank() == 0) *x = broadcastTo(*x, dims);
  }
  return emit1(Op::Select, {p, a, b});
}

Atom Builder::convert(Atom a, Elem to) {
  Attrs at;
  at.elem = to;
  return emit1(Op::Convert, {a}, std::move(at));
}

Atom Builder::splat(Literal value, const Type& type) { return broadcast(Atom::of(value), type.dims, {}); }

Atom Builder::broadcast(Atom a, std::vector<Dim> dims, std::vector<int> axes) {
  Attrs at;
  at.dims = std::move(dims);
  at.axes = std::move(axes);
  return emit1(Op::Broadcast, {a}, std::move(at));
}

Atom Builder::broadcastTo(Atom a, const std::vector<Dim>& dims) {
  const int rank = a.isLiteral ? 0 : fn_.typeOf(a.var).rank();
  const int lead = static_cast<int>(dims.size()) - rank;
  FEDC_REQUIRE(lead >= 0, "broadcast to a lower rank");
  std::vector<int> axes(static_cast<std::size_t>(rank));
  std::iota(axes.begin(), axes.end(), lead);
  return broadcast(a, dims, std::move(axes));
}

Atom Builder::reshape(Atom a, std::vector<Dim> dims) {
  Attrs at;
  at.dims = std::move(dims);
  return emit1(Op::Reshape, {a}, std::move(at));
}

Atom Builder::transpose(Atom a, std::vector<int> permutation) {
  Attrs at;
  at.axes = std::move(permutation);
  return emit1(Op::Transpose, {a}, std::move(at));
}

Atom Builder::slice(Atom a, std::vector<Dim> starts, std::vector<Dim> sizes) {
  Attrs at;
  at.starts = std::move(starts);
  at.dims = std::move(sizes);
  return emit1(Op::Slice, {a}, std::move(at));
}

Atom Builder::concat(std::vector<Atom> parts, int axis) {
  Attrs at;
  at.axes = {axis};
  return emit1(Op::Concat, std::move(parts), std::move(at));
}

Atom Builder::iota(std::vector<Dim> dims, int axis, Elem elem) {
  Attrs at;
  at.dims = std::move(dims);
  at.axes = {axis};
  at.elem = elem;
  return emit1(Op::Iota, {}, std::move(at));
}

Atom Builder::reduce(ReduceKind kind, Atom a, std::vector<int> axes) {
  Attrs at;
  at.reduce = kind;
  at.axes = std::move(axes);
  return emit1(Op::Reduce, {a}, std::move(at));
}

Atom Builder::contract(Atom a, Atom b, std::vector<int> lhsAxes, std::vector<int> rhsAxes, std::vector<int> lhsBatch, std::vector<int> rhsBatch) {
  Attrs at;
  at.axes = std::move(lhsAxes);
  at.rhsAxes = std::move(rhsAxes);
  at.batch = std::move(lhsBatch);
  at.rhsBatch = std::move(rhsBatch);
  return emit1(Op::Contract, {a, b}, std::move(at));
}

Atom Builder::gather(Atom data, Atom indices, int axis, int batch) {
  Attrs at;
  at.axes = {axis};
  if (batch != 0) at.batch = {batch};
  return emit1(Op::Gather, {data, indices}, std::move(at));
}

Atom Builder::dimValue(const Dim& d, Elem elem) {
  Attrs at;
  at.extent = d;
  at.elem = elem;
  return emit1(Op::DimValue, {}, std::move(at));
}

void Builder::check(Atom condition, std::uint32_t site) {
  Attrs at;
  at.site = site;
  emit(Op::Check, {condition}, std::move(at));
}

Var Builder::param(Region& region, Type type, std::string name) {
  region.params.push_back(fn_.newVar(std::move(type), std::move(name)));
  return region.params.back();
}

}  // namespace fedc::core
