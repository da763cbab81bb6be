#include <algorithm>
#include <set>

#include "compiler/kernel/fuse_detail.h"

// Rules E and M: nests over the same axes become one.
namespace fedc::kernel {

namespace {

constexpr std::size_t kLargestNest = 400;
constexpr std::size_t kMostBuffers = 24;

bool intersects(const std::vector<BufferId>& a, const std::vector<BufferId>& b) {
  return std::any_of(a.begin(), a.end(), [&](BufferId x) { return std::binary_search(b.begin(), b.end(), x); });
}

bool conflict(const Effects& a, const Effects& b) {
  return intersects(a.writes, b.reads) || intersects(a.writes, b.writes) || intersects(a.reads, b.writes);
}

bool sameExtents(const std::vector<Axis>& a, const std::vector<Axis>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Axis& x, const Axis& y) { return x.extent == y.extent; });
}

/// Integers that a statement uses.
std::set<Int> integersOf(const Nest& n) {
  std::set<Int> out;
  const auto add = [&](const Dim& d) {
    for (Int v : d.variables()) out.insert(v);
  };
  for (const Axis& a : n.axes) add(a.extent);
  for (const Axis& a : n.reduceAxes) add(a.extent);
  for (const Expr& e : n.exprs) {
    add(e.dim);
    for (const Index& i : e.access.index) add(i.affine);
    for (const Dim& d : e.access.shape) add(d);
  }
  for (const auto* stores : {&n.each, &n.stores}) {
    for (const Store& s : *stores) {
      for (const Index& i : s.target.index) add(i.affine);
      for (const Dim& d : s.target.shape) add(d);
    }
  }
  return out;
}

/// How many leaf statements read each buffer.
std::vector<int> readersOf(const Kernel& kernel) {
  std::vector<int> n(kernel.buffers.size(), 0);
  forEachStatement(kernel.body, [&](const Statement& s) {
    if (std::holds_alternative<For>(s.node)) return;
    if (const auto* i = std::get_if<If>(&s.node)) {
      ++n[i->condition];
      return;
    }
    for (BufferId b : effectsOf(s).reads) ++n[b];
  });
  return n;
}

/// Where, between positions `first` and `second` of a block, two statements can meet: at `first` if the second can move up, at `second` if
/// the first can move down.
enum class Meet : std::uint8_t { No, Up, Down };

Meet meet(const Block& block, std::size_t first, std::size_t second, const std::vector<Effects>& effects) {
  const std::set<Int> used = integersOf(std::get<Nest>(block[second].node));
  bool up = true, down = true;
  for (std::size_t m = first + 1; m < second; ++m) {
    up = up && !conflict(effects[second], effects[m]);
    down = down && !conflict(effects[first], effects[m]);
    const auto* l = std::get_if<Let>(&block[m].node);
    if (l != nullptr && used.contains(l->var)) up = false;
    // A let of a buffer that the first writes is a read, which `effects` says.
  }
  return up ? Meet::Up : down ? Meet::Down : Meet::No;
}

bool isProduct(const Nest& n) {
  return std::any_of(n.accumulations.begin(), n.accumulations.end(), [](const Accumulation& a) { return a.fused; });
}

std::size_t buffersOf(const Nest& n) {
  const Effects e = effectsOf(Statement{n});
  std::set<BufferId> all(e.reads.begin(), e.reads.end());
  all.insert(e.writes.begin(), e.writes.end());
  return all.size();
}

/// `b` after `a` at every point, as one nest. The stores of `a` that `b` reads become values.
std::optional<Nest> joined(const Nest& a, const Nest& b) {
  Nest out = a;
  ExprWriter w(out.exprs);
  Transplant t(b.exprs, w);
  for (std::size_t d = 0; d < a.axes.size(); ++d) t.rename[b.axes[d].var] = Dim::variable(a.axes[d].var);
  for (std::size_t d = 0; d < b.reduceAxes.size(); ++d) t.rename[b.reduceAxes[d].var] = Dim::variable(a.reduceAxes[d].var);
  t.accumulatorShift = static_cast<int>(a.accumulations.size());
  bool dependsInside = false;
  t.replace = [&](const Access& access) -> Replacement {
    for (const Store& s : a.each) {
      if (s.target.buffer == access.buffer) dependsInside = true;
    }
    for (const Store& s : a.stores) {
      if (s.target.buffer != access.buffer) continue;
      if (!(s.target == access)) return Replacement{true, std::nullopt};
      return Replacement{true, s.value};
    }
    return {};
  };
  // Inside the second reduction nothing of the first nest is known yet.
  std::set<BufferId> made;
  for (const Store& s : a.stores) made.insert(s.target.buffer);
  std::vector<ExprId> inside;
  for (const Accumulation& x : b.accumulations) {
    inside.push_back(x.value);
    if (x.init) inside.push_back(*x.init);
  }
  for (const Store& s : b.each) inside.push_back(s.value);
  bool good = true;
  forEachExpr(b.exprs, inside, [&](ExprId id) {
    const Expr& e = b.exprs[static_cast<std::size_t>(id)];
    if (e.kind == Expr::Kind::Load && made.contains(e.access.buffer)) good = false;
  });
  const auto one = [&](ExprId id) {
    const auto c = t.expr(id);
    good = good && c.has_value();
    return c.value_or(0);
  };
  const auto store = [&](const Store& s, std::vector<Store>& into) {
    const auto c = t.store(s);
    good = good && c.has_value();
    if (c) into.push_back(*c);
  };
  for (const Accumulation& x : b.accumulations) {
    Accumulation y = x;
    y.value = one(x.value);
    if (x.init) y.init = one(*x.init);
    out.accumulations.push_back(y);
  }
  for (const Store& s : b.each) store(s, out.each);
  for (const Store& s : b.stores) store(s, out.stores);
  for (const SiteCheck& c : b.checks) out.checks.push_back(SiteCheck{one(c.condition), c.site});
  if (!good || dependsInside || out.exprs.size() > kLargestNest) return std::nullopt;
  return out;
}

class Merger {
 public:
  Merger(Kernel& kernel, const FuseOptions& options) : kernel_(kernel), options_(options), readers_(readersOf(kernel)) {}

  bool block(Block& statements) {
    bool changed = false;
    for (Statement& s : statements) {
      if (auto* f = std::get_if<For>(&s.node)) changed = block(f->body) || changed;
      if (auto* i = std::get_if<If>(&s.node)) {
        changed = block(i->then) || changed;
        changed = block(i->otherwise) || changed;
      }
    }
    std::vector<Effects> effects;
    for (const Statement& s : statements) effects.push_back(effectsOf(s));
    for (std::size_t second = 1; second < statements.size(); ++second) {
      if (!std::holds_alternative<Nest>(statements[second].node)) continue;
      for (std::size_t first = second; first-- > 0;) {
        if (!std::holds_alternative<Nest>(statements[first].node) || !tryPair(statements, first, second, effects)) continue;
        changed = true;
        // Positions have moved: look again from the joined nest on.
        second = first > 0 ? first - 1 : 0;
        break;
      }
    }
    return changed;
  }

 private:
  bool tryPair(Block& statements, std::size_t first, std::size_t second, std::vector<Effects>& effects) {
    const Nest& a = std::get<Nest>(statements[first].node);
    const Nest& b = std::get<Nest>(statements[second].node);
    if (!sameExtents(a.axes, b.axes)) return false;
    const bool depends = intersects(effects[first].writes, effects[second].reads);
    const bool shares = intersects(effects[first].reads, effects[second].reads) || a.axes.empty();
    const char* rule = nullptr;
    if (b.accumulations.empty()) {
      if (depends && options_.epilogues) rule = "E";
      // An independent nest does not belong into a reduction.
      if (!depends && a.accumulations.empty() && shares && options_.merge) rule = "M";
    } else if (!a.accumulations.empty() && !depends && shares && options_.merge && a.order == b.order && sameExtents(a.reduceAxes, b.reduceAxes)) {
      rule = isProduct(a) || isProduct(b) ? nullptr : "M";
    }
    if (rule == nullptr || intersects(effects[first].writes, effects[second].writes)) return false;
    const Meet where = meet(statements, first, second, effects);
    if (where == Meet::No) return false;
    auto nest = joined(a, b);
    if (!nest) return false;
    // What only the second nest read need not be stored.
    std::erase_if(nest->stores, [&](const Store& s) {
      const BufferId x = s.target.buffer;
      return kernel_.buffers[x].role == Buffer::Role::Arena && effects[first].writesTo(x) && effects[second].readsFrom(x) && readers_[x] == 1;
    });
    dropUnused(*nest);
    if (!readsWhereItWrites(*nest) || buffersOf(*nest) > kMostBuffers) return false;
    for (BufferId x : effects[first].reads) --readers_[x];
    for (BufferId x : effects[second].reads) --readers_[x];
    decided(options_, std::string(rule) + ": " + b.name + " with " + a.name);
    const std::size_t to = where == Meet::Up ? first : second, from = where == Meet::Up ? second : first;
    statements[to] = Statement{std::move(*nest)};
    effects[to] = effectsOf(statements[to]);
    for (BufferId x : effects[to].reads) ++readers_[x];
    statements.erase(statements.begin() + static_cast<std::ptrdiff_t>(from));
    effects.erase(effects.begin() + static_cast<std::ptrdiff_t>(from));
    return true;
  }

  Kernel& kernel_;
  const FuseOptions& options_;
  std::vector<int> readers_;
};

/// The producer of what a row reduction reads, stored by that reduction.
class RowStorer {
 public:
  RowStorer(Kernel& kernel, const FuseOptions& options) : kernel_(kernel), options_(options) {}

  bool block(Block& statements) {
    bool changed = false;
    for (Statement& s : statements) {
      if (auto* f = std::get_if<For>(&s.node)) changed = block(f->body) || changed;
      if (auto* i = std::get_if<If>(&s.node)) {
        changed = block(i->then) || changed;
        changed = block(i->otherwise) || changed;
      }
    }
    std::vector<Effects> effects;
    for (const Statement& s : statements) effects.push_back(effectsOf(s));
    for (std::size_t i = 0; i + 1 < statements.size();) {
      if (tryProducer(statements, effects, i)) {
        changed = true;
      } else {
        ++i;
      }
    }
    return changed;
  }

 private:
  bool tryProducer(Block& statements, std::vector<Effects>& effects, std::size_t at) {
    const auto* p = std::get_if<Nest>(&statements[at].node);
    if (p == nullptr || !p->accumulations.empty() || !p->checks.empty() || p->stores.size() != 1 || p->axes.empty()) return false;
    const BufferId buffer = p->stores[0].target.buffer;
    if (!isPlain(p->stores[0].target, kernel_.buffers[buffer], p->axes)) return false;
    const Effects made = effects[at];
    if (made.readsFrom(buffer)) return false;
    for (std::size_t i = at + 1; i < statements.size(); ++i) {
      const Effects& e = effects[i];
      if (e.readsFrom(buffer)) {
        auto nest = taken(*p, statements[i]);
        if (!nest) return false;
        decided(options_, "E: " + nest->name + " stores " + p->name);
        statements[i] = Statement{std::move(*nest)};
        effects[i] = effectsOf(statements[i]);
        statements.erase(statements.begin() + static_cast<std::ptrdiff_t>(at));
        effects.erase(effects.begin() + static_cast<std::ptrdiff_t>(at));
        return true;
      }
      if (conflict(made, e)) return false;
    }
    return false;
  }

  std::optional<Nest> taken(const Nest& p, const Statement& s) const {
    const auto* n = std::get_if<Nest>(&s.node);
    if (n == nullptr || n->accumulations.empty() || isProduct(*n) || n->reduceAxes.empty()) return std::nullopt;
    const bool whole = n->order.kind == Order::Kind::Seq || n->order.kind == Order::Kind::Lanes;
    if (!whole) return std::nullopt;
    std::vector<Axis> all = n->axes;
    all.insert(all.end(), n->reduceAxes.begin(), n->reduceAxes.end());
    if (!sameExtents(p.axes, all)) return std::nullopt;
    const Store& made = p.stores[0];
    Nest out = *n;
    out.exprs.clear();
    ExprWriter w(out.exprs);
    Transplant producer(p.exprs, w);
    for (std::size_t d = 0; d < all.size(); ++d) producer.rename[p.axes[d].var] = Dim::variable(all[d].var);
    const auto store = producer.store(made);
    if (!store) return std::nullopt;
    Transplant t(n->exprs, w);
    t.replace = [&](const Access& a) -> Replacement {
      if (a.buffer != made.target.buffer) return {};
      if (!(a == store->target)) return Replacement{true, std::nullopt};
      return Replacement{true, store->value};
    };
    bool good = true;
    const auto one = [&](ExprId& id) {
      const auto c = t.expr(id);
      good = good && c.has_value();
      id = c.value_or(0);
    };
    const auto stores = [&](std::vector<Store>& list) {
      for (Store& x : list) {
        const auto c = t.store(x);
        good = good && c.has_value();
        if (c) x = *c;
      }
    };
    for (Accumulation& a : out.accumulations) {
      one(a.value);
      if (a.init) one(*a.init);
    }
    stores(out.each);
    stores(out.stores);
    for (SiteCheck& c : out.checks) one(c.condition);
    out.each.push_back(*store);
    if (!good || out.exprs.size() > kLargestNest) return std::nullopt;
    dropUnused(out);
    if (!readsWhereItWrites(out) || buffersOf(out) > kMostBuffers) return std::nullopt;
    return out;
  }

  Kernel& kernel_;
  const FuseOptions& options_;
};

}  // namespace

bool mergeNests(Kernel& kernel, const FuseOptions& options) { return Merger(kernel, options).block(kernel.body); }
bool storeProducersInReductions(Kernel& kernel, const FuseOptions& options) { return RowStorer(kernel, options).block(kernel.body); }

}  // namespace fedc::kernel
