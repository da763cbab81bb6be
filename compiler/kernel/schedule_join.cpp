#include "compiler/kernel/schedule_plan.h"

namespace fedc::kernel {

namespace {

std::optional<Dim> stepOf(const Dim& dim, Int var) {
  if (!dim.mentions(var)) return Dim(0);
  Dim step = dim.substitute([&](Int v) -> std::optional<Dim> {
    if (v == var) return Dim::variable(var) + Dim(1);
    return std::nullopt;
  }) - dim;
  if (step.mentions(var)) return std::nullopt;
  return step;
}

bool mentions(const Access& access, Int axis) {
  for (const Index& i : access.index)
    if (i.affine.mentions(axis)) return true;
  return false;
}

/// The place where the access has the two axes as neighbouring indices over their whole extents; nothing if it has not.
std::optional<std::size_t> neighbours(const LocalNest& nest, const Access& access, const Axis& outer, const Axis& inner) {
  auto isPlain = [&](std::size_t d, const Axis& axis) {
    const Index& i = access.index[d];
    return !i.gather && !i.clamp && i.affine == Dim::variable(axis.var) && access.shape[d] == axis.extent;
  };
  // Padding stands between the rows of a padded last extent.
  const std::size_t end = access.index.size() - (nest.buffers[access.buffer].padLast != 0 ? 1 : 0);
  for (std::size_t d = 0; d + 1 < end; ++d)
    if (isPlain(d, outer) && isPlain(d + 1, inner)) return d;
  return std::nullopt;
}

/// The access walks (outer, inner) as one axis.
bool walksAsOne(const LocalNest& nest, const Access& access, const Axis& outer, const Axis& inner) {
  auto a = accessStep(nest, access, outer.var);
  auto b = accessStep(nest, access, inner.var);
  if (!a || !b || *a != *b * inner.extent) return false;
  if (!access.zeroOutside || (!mentions(access, outer.var) && !mentions(access, inner.var))) return true;
  // What is outside is said index by index: the two must become one.
  auto d = neighbours(nest, access, outer, inner);
  if (!d) return false;
  for (std::size_t k = 0; k < access.index.size(); ++k)
    if (k != *d && k != *d + 1 && (access.index[k].affine.mentions(outer.var) || access.index[k].affine.mentions(inner.var))) return false;
  return true;
}

bool canJoin(const LocalNest& nest, const Axis& outer, const Axis& inner) {
  for (const Expr& e : nest.exprs) {
    if (e.kind == Expr::Kind::Load && !walksAsOne(nest, e.access, outer, inner)) return false;
    if (e.kind != Expr::Kind::Integer && e.kind != Expr::Kind::RandomBits) continue;
    auto a = stepOf(e.dim, outer.var);
    auto b = stepOf(e.dim, inner.var);
    if (!a || !b || *a != *b * inner.extent) return false;
  }
  for (const std::vector<Store>* stores : {&nest.each, &nest.stores})
    for (const Store& s : *stores)
      if (!walksAsOne(nest, s.target, outer, inner)) return false;
  return true;
}

void join(LocalNest& nest, std::vector<Axis>& axes, std::size_t position) {
  const Axis outer = axes[position];
  Axis& inner = axes[position + 1];
  auto drop = [&](Dim& d) {
    d = d.substitute([&](Int v) -> std::optional<Dim> {
      if (v == outer.var) return Dim(0);
      return std::nullopt;
    });
  };
  auto dropAccess = [&](Access& a) {
    if (auto d = neighbours(nest, a, outer, inner)) {
      const auto at = static_cast<std::ptrdiff_t>(*d);
      a.shape[*d + 1] = a.shape[*d] * a.shape[*d + 1];
      a.shape.erase(a.shape.begin() + at);
      a.index.erase(a.index.begin() + at);
    }
    for (Index& i : a.index) drop(i.affine);
  };
  for (Expr& e : nest.exprs) {
    drop(e.dim);
    if (e.kind == Expr::Kind::Load) dropAccess(e.access);
  }
  for (std::vector<Store>* stores : {&nest.each, &nest.stores})
    for (Store& s : *stores) dropAccess(s.target);
  inner.extent = inner.extent * outer.extent;
  IntInfo& info = nest.ints[inner.var];
  info.bound.reset();
  if (auto b = inner.extent.upperBound([&](Int v) { return nest.ints[v].bound; })) info.bound = *b - 1;
  axes.erase(axes.begin() + static_cast<std::ptrdiff_t>(position));
}

}  // namespace

void joinAxes(LocalNest& nest) {
  auto joinAll = [&](std::vector<Axis>& axes, std::size_t keep) {
    for (std::size_t p = axes.size(); p-- > 1;) {
      if (p + keep >= axes.size()) continue;
      if (canJoin(nest, axes[p - 1], axes[p])) join(nest, axes, p - 1);
    }
  };
  joinAll(nest.axes, 0);
  const bool lanes = nest.order.kind == Order::Kind::Lanes;
  if (nest.order.kind == Order::Kind::Seq || lanes) joinAll(nest.reduceAxes, lanes ? 1 : 0);
}

}  // namespace fedc::kernel
