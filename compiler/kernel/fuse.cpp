#include "compiler/kernel/fuse.h"

#include <algorithm>

#include "compiler/core/op_table.h"
#include "compiler/kernel/bufferise.h"
#include "compiler/kernel/coalesce.h"
#include "compiler/kernel/fuse_detail.h"

namespace fedc::kernel {

Dim Transplant::dim(const Dim& d) const {
  return d.substitute([this](Int v) -> std::optional<Dim> {
    const auto it = rename.find(v);
    return it == rename.end() ? std::nullopt : std::optional(it->second);
  });
}

std::optional<Access> Transplant::access(const Access& a) {
  Access out = a;
  for (Dim& d : out.shape) d = dim(d);
  for (Index& x : out.index) {
    x.affine = dim(x.affine);
    if (!x.gather) continue;
    const auto g = expr(*x.gather);
    if (!g) return std::nullopt;
    const Expr& e = into_[*g];
    if (e.kind == Expr::Kind::Integer) {
      x.affine = x.affine + e.dim;
      x.gather.reset();
    } else if (e.kind == Expr::Kind::Load && core::isInteger(e.elem) &&
               std::none_of(e.access.index.begin(), e.access.index.end(), [](const Index& i) { return i.gather.has_value(); })) {
      x.gather = g;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

std::optional<Store> Transplant::store(const Store& s) {
  auto target = access(s.target);
  const auto value = expr(s.value);
  if (!target || !value) return std::nullopt;
  return Store{std::move(*target), *value};
}

std::optional<ExprId> Transplant::expr(ExprId id) {
  if (const auto it = done_.find(id); it != done_.end()) return it->second;
  const auto r = fresh(from_[static_cast<std::size_t>(id)]);
  done_[id] = r;
  return r;
}

std::optional<ExprId> Transplant::fresh(Expr e) {
  e.dim = dim(e.dim);
  if (e.kind == Expr::Kind::Accumulator) e.accumulator += accumulatorShift;
  if (e.kind == Expr::Kind::Load) {
    auto a = access(e.access);
    if (!a) return std::nullopt;
    if (replace) {
      const Replacement r = replace(*a);
      if (r.replaces) return r.by;
    }
    e.access = std::move(*a);
  }
  for (ExprId& a : e.args) {
    const auto c = expr(a);
    if (!c) return std::nullopt;
    a = *c;
  }
  return into_.add(std::move(e));
}

int costOf(const std::vector<Expr>& exprs, std::span<const ExprId> roots) {
  int cost = 0;
  forEachExpr(exprs, roots, [&](ExprId id) {
    const Expr& e = exprs[static_cast<std::size_t>(id)];
    if (e.kind == Expr::Kind::RandomBits) cost += 60;
    if (e.kind != Expr::Kind::Scalar) return;
    if (core::opRow(e.op).cost != core::Cost::Cheap) {
      cost += 20;
    } else {
      cost += e.op == Op::Div || e.op == Op::Rem ? 4 : 1;
    }
  });
  return cost;
}

Dim pointsOf(const std::vector<Axis>& axes) {
  Dim n(1);
  for (const Axis& a : axes) n = n * a.extent;
  return n;
}

bool readsWhereItWrites(const Nest& nest) {
  std::map<BufferId, const Access*> written;
  for (const auto* stores : {&nest.each, &nest.stores}) {
    for (const Store& s : *stores) {
      if (!written.emplace(s.target.buffer, &s.target).second) return false;
    }
  }
  bool good = true;
  forEachExpr(nest.exprs, rootsOf(nest), [&](ExprId id) {
    const Expr& e = nest.exprs[static_cast<std::size_t>(id)];
    if (e.kind != Expr::Kind::Load) return;
    const auto it = written.find(e.access.buffer);
    if (it != written.end() && !(e.access == *it->second)) good = false;
  });
  return good;
}

void fuse(Kernel& kernel, const FuseOptions& options) {
  // Each sweep removes a nest or a store, so this ends; the bound is for safety.
  for (int sweep = 0; sweep < 100; ++sweep) {
    bool changed = false;
    if (options.inlineProducers) changed = inlineProducers(kernel, options);
    if (options.epilogues) changed = storeProducersInReductions(kernel, options) || changed;
    if (options.epilogues || options.merge) changed = mergeNests(kernel, options) || changed;
    if (!changed) break;
  }
  if (options.reuse) reuse(kernel);
  removeDead(kernel);
  clampUnproven(kernel);
}

}  // namespace fedc::kernel
