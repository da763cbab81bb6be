#include "compiler/kernel/coalesce.h"

#include <algorithm>
#include <set>

#include "compiler/kernel/liveness.h"

namespace fedc::kernel {

namespace {

struct Copied {
  BufferId from = 0;
  BufferId to = 0;
  /// Leading indices of the target.
  std::vector<Dim> prefix;
};

/// The copy that a statement is: target[prefix.., axes..] = source[axes..] over the whole source.
std::optional<Copied> asCopy(const Kernel& kernel, const Statement& s) {
  const auto* n = std::get_if<Nest>(&s.node);
  if (n == nullptr || !n->reduceAxes.empty() || !n->accumulations.empty() || !n->checks.empty() || !n->each.empty() || n->stores.size() != 1) {
    return std::nullopt;
  }
  const Store& store = n->stores[0];
  const Expr& e = n->exprs[static_cast<std::size_t>(store.value)];
  if (e.kind != Expr::Kind::Load || !isPlain(e.access, kernel.buffers[e.access.buffer], n->axes)) return std::nullopt;
  const Buffer& target = kernel.buffers[store.target.buffer];
  if (target.elem != kernel.buffers[e.access.buffer].elem || store.target.shape != target.extents) return std::nullopt;
  const std::size_t rank = store.target.index.size();
  if (rank < n->axes.size()) return std::nullopt;
  Copied c{e.access.buffer, store.target.buffer, {}};
  const std::size_t lead = rank - n->axes.size();
  for (std::size_t i = 0; i < rank; ++i) {
    const Index& x = store.target.index[i];
    if (x.gather || x.clamp) return std::nullopt;
    if (i < lead) {
      for (const Axis& a : n->axes) {
        if (x.affine.mentions(a.var)) return std::nullopt;
      }
      c.prefix.push_back(x.affine);
    } else if (x.affine != Dim::variable(n->axes[i - lead].var) || target.extents[i] != n->axes[i - lead].extent) {
      return std::nullopt;
    }
  }
  return c;
}

void renameBuffer(Kernel& kernel, BufferId from, const std::function<void(Access&)>& access, BufferId to) {
  const auto inExprs = [&](std::vector<Expr>& exprs) {
    for (Expr& e : exprs) {
      if (e.kind == Expr::Kind::Load && e.access.buffer == from) access(e.access);
    }
  };
  forEachStatement(kernel.body, [&](Statement& s) {
    if (auto* n = std::get_if<Nest>(&s.node)) {
      inExprs(n->exprs);
      for (Store& x : n->each) {
        if (x.target.buffer == from) access(x.target);
      }
      for (Store& x : n->stores) {
        if (x.target.buffer == from) access(x.target);
      }
    } else if (auto* c = std::get_if<Scatter>(&s.node)) {
      inExprs(c->exprs);
      if (c->store.target.buffer == from) access(c->store.target);
    } else if (auto* call = std::get_if<Call>(&s.node)) {
      std::replace(call->buffers.begin(), call->buffers.end(), from, to);
    } else if (auto* i = std::get_if<If>(&s.node)) {
      if (i->condition == from) i->condition = to;
    } else if (auto* l = std::get_if<Let>(&s.node)) {
      if (l->buffer == from) l->buffer = to;
    }
  });
}

/// Calls `f` with every access that the statement itself makes.
void forEachAccess(const Statement& s, const std::function<void(const Access&, bool written)>& f) {
  const auto all = [&](const std::vector<Expr>& exprs, const std::vector<ExprId>& roots) {
    forEachExpr(exprs, roots, [&](ExprId id) {
      const Expr& e = exprs[static_cast<std::size_t>(id)];
      if (e.kind == Expr::Kind::Load) f(e.access, false);
    });
  };
  if (const auto* n = std::get_if<Nest>(&s.node)) {
    all(n->exprs, rootsOf(*n));
    for (const Store& x : n->each) f(x.target, true);
    for (const Store& x : n->stores) f(x.target, true);
  } else if (const auto* c = std::get_if<Scatter>(&s.node)) {
    all(c->exprs, rootsOf(*c));
    f(c->store.target, true);
  }
}

/// Every load of `read` in the nest is at the very place where `written` is stored.
bool pointwise(const Statement& s, BufferId written, BufferId read) {
  if (!std::holds_alternative<Nest>(s.node)) return false;
  std::optional<Access> place;
  bool good = true;
  forEachAccess(s, [&](const Access& a, bool isStore) {
    if (!isStore || a.buffer != written) return;
    if (place) good = false;
    place = a;
  });
  if (!place) return false;
  for (const Index& i : place->index) good = good && !i.gather;
  forEachAccess(s, [&](const Access& a, bool isStore) {
    if (a.buffer != read) return;
    good = good && !isStore && a.shape == place->shape && a.index == place->index;
  });
  return good;
}

/// True if `b` only appears in shapes that a padded last extent allows.
bool mayBePadded(const Kernel& kernel, const Liveness& live, BufferId b) {
  bool good = true;
  for (const Statement* s : live.leaves()) {
    if (std::holds_alternative<Call>(s->node) && (live.effects(*s).readsFrom(b) || live.effects(*s).writesTo(b))) return false;
    forEachAccess(*s, [&](const Access& a, bool) {
      if (a.buffer == b && a.shape.size() != kernel.buffers[b].extents.size() && a.shape.back() != kernel.buffers[b].extents.back()) good = false;
    });
  }
  return good;
}

bool padded(const Buffer& b) { return b.padLast > 0 && !b.extents.back().isConstant(b.padLast); }

/// True if one buffer can hold both: neither is written while the other's (different) content is still needed.
bool mayShare(const Kernel& kernel, const Liveness& live, BufferId x, BufferId y) {
  for (const Statement* s : live.leaves()) {
    const Effects& e = live.effects(*s);
    const bool writesX = e.writesTo(x), writesY = e.writesTo(y);
    if (!writesX && !writesY) continue;
    if (writesX && writesY) return false;
    const BufferId written = writesX ? x : y, other = writesX ? y : x;
    if (const auto c = asCopy(kernel, *s); c && c->prefix.empty() && c->from == other) continue;
    if (live.liveAfter(*s, other)) return false;
    if (e.readsFrom(other) && !pointwise(*s, written, other)) return false;
  }
  return true;
}

/// Moves the one statement that makes `x` behind the last read of `y` before the copy at `end`.
bool moveBehindLastRead(Block& block, std::size_t end, BufferId x, BufferId y) {
  std::optional<std::size_t> maker;
  std::vector<Effects> effects;
  for (std::size_t i = 0; i < end; ++i) {
    effects.push_back(effectsOf(block[i]));
    if (effects[i].writesTo(x)) {
      if (maker) return false;
      maker = i;
    }
  }
  if (!maker) return false;
  std::size_t last = *maker;
  for (std::size_t i = *maker + 1; i < end; ++i) {
    if (effects[i].readsFrom(y)) last = i;
  }
  if (last == *maker) return false;
  const Effects& made = effects[*maker];
  for (std::size_t i = *maker + 1; i <= last; ++i) {
    for (BufferId b : made.writes) {
      if (effects[i].readsFrom(b) || effects[i].writesTo(b)) return false;
    }
    for (BufferId b : made.reads) {
      if (effects[i].writesTo(b)) return false;
    }
  }
  const auto first = block.begin() + static_cast<std::ptrdiff_t>(*maker);
  std::rotate(first, first + 1, block.begin() + static_cast<std::ptrdiff_t>(last) + 1);
  return true;
}

class Coalescer {
 public:
  explicit Coalescer(Kernel& kernel) : kernel_(kernel) {}

  void run() {
    while (visit(kernel_.body)) {
    }
  }

 private:
  /// True if something was joined (and positions have changed).
  bool visit(Block& block) {
    for (std::size_t i = 0; i < block.size(); ++i) {
      if (auto* f = std::get_if<For>(&block[i].node); f != nullptr && visit(f->body)) return true;
      if (auto* b = std::get_if<If>(&block[i].node); b != nullptr && (visit(b->then) || visit(b->otherwise))) return true;
      const auto copy = asCopy(kernel_, block[i]);
      if (!copy) continue;
      if (copy->prefix.empty() ? join(block, i, *copy) : joinRow(block, i, *copy)) return true;
    }
    return false;
  }

  bool join(Block& block, std::size_t at, const Copied& copy) {
    const BufferId x = copy.from, y = copy.to;
    const Buffer& from = kernel_.buffers[x];
    const Buffer& to = kernel_.buffers[y];
    if (x == y) {
      block.erase(block.begin() + static_cast<std::ptrdiff_t>(at));
      return true;
    }
    if (from.role != Buffer::Role::Arena || to.role == Buffer::Role::In || from.extents != to.extents) return false;
    if (attempt(block, at, x, y)) return true;
    if (!moveBehindLastRead(block, at, x, y)) return false;
    return attempt(block, at, x, y);
  }

  bool attempt(Block& block, std::size_t at, BufferId x, BufferId y) {
    const Liveness live(kernel_);
    if (padded(kernel_.buffers[y]) && !mayBePadded(kernel_, live, x)) return false;
    if (!mayShare(kernel_, live, x, y)) return false;
    block.erase(block.begin() + static_cast<std::ptrdiff_t>(at));
    renameBuffer(kernel_, x, [&](Access& a) { a.buffer = y; }, y);
    return true;
  }

  /// The row of a stack: `x` becomes stack[prefix.., ..].
  bool joinRow(Block& block, std::size_t at, const Copied& copy) {
    const BufferId x = copy.from, stack = copy.to;
    const Buffer& row = kernel_.buffers[x];
    if (row.role != Buffer::Role::Arena || padded(kernel_.buffers[stack])) return false;
    const Liveness live(kernel_);
    if (live.liveAfter(block.back(), x)) return false;
    std::set<Int> lets;
    forEachStatement(block, [&](const Statement& s) {
      if (const auto* l = std::get_if<Let>(&s.node)) lets.insert(l->var);
      if (const auto* f = std::get_if<For>(&s.node)) lets.insert(f->var);
    });
    for (const Dim& p : copy.prefix) {
      for (Int v : p.variables()) {
        if (lets.contains(v)) return false;
      }
    }
    // Everything that touches the row is here, and nothing else here touches the stack.
    std::set<const Statement*> here;
    forEachStatement(block, [&](const Statement& s) { here.insert(&s); });
    for (const Statement* s : live.leaves()) {
      const Effects& e = live.effects(*s);
      const bool touches = e.readsFrom(x) || e.writesTo(x);
      if (touches && !here.contains(s)) return false;
      if (touches && (std::holds_alternative<Call>(s->node) || std::holds_alternative<Let>(s->node))) return false;
      if (here.contains(s) && s != &block[at] && (e.readsFrom(stack) || e.writesTo(stack))) return false;
      bool ownShape = true;
      forEachAccess(*s, [&](const Access& a, bool) { ownShape = ownShape && (a.buffer != x || a.shape == row.extents); });
      if (!ownShape) return false;
    }
    bool branches = false;
    forEachStatement(block, [&](const Statement& s) {
      const auto* i = std::get_if<If>(&s.node);
      branches = branches || (i != nullptr && i->condition == x);
    });
    if (branches) return false;
    block.erase(block.begin() + static_cast<std::ptrdiff_t>(at));
    renameBuffer(
        kernel_, x,
        [&](Access& a) {
          a.buffer = stack;
          a.shape = kernel_.buffers[stack].extents;
          std::vector<Index> index;
          for (const Dim& p : copy.prefix) index.push_back(Index{p, {}, false});
          index.insert(index.end(), a.index.begin(), a.index.end());
          a.index = std::move(index);
        },
        stack);
    return true;
  }

  Kernel& kernel_;
};

}  // namespace

void coalesce(Kernel& kernel) { Coalescer(kernel).run(); }

void reuse(Kernel& kernel) {
  for (bool changed = true; changed;) {
    changed = false;
    const Liveness live(kernel);
    for (const Statement* s : live.leaves()) {
      const auto* n = std::get_if<Nest>(&s->node);
      if (n == nullptr) continue;
      const Effects& e = live.effects(*s);
      for (BufferId x : e.writes) {
        const Buffer& to = kernel.buffers[x];
        if (to.role != Buffer::Role::Arena || to.extents.empty() || !overwrites(kernel, *s, x)) continue;
        for (BufferId y : e.reads) {
          const Buffer& from = kernel.buffers[y];
          if (x == y || from.role != Buffer::Role::Arena || from.elem != to.elem || from.extents != to.extents || live.liveAfter(*s, y)) continue;
          if (!pointwise(*s, x, y) || !mayShare(kernel, live, x, y)) continue;
          renameBuffer(kernel, x, [&](Access& a) { a.buffer = y; }, y);
          changed = true;
          break;
        }
        if (changed) break;
      }
      if (changed) break;
    }
  }
}

namespace {

/// Removes stores to buffers that nobody reads; true if the statement is then empty.
bool strip(const Kernel& kernel, Statement& s, const std::vector<bool>& read) {
  const auto dead = [&](BufferId b) { return kernel.buffers[b].role == Buffer::Role::Arena && !read[b]; };
  if (auto* n = std::get_if<Nest>(&s.node)) {
    const auto drop = [&](std::vector<Store>& stores) { return std::erase_if(stores, [&](const Store& x) { return dead(x.target.buffer); }); };
    if (drop(n->stores) + drop(n->each) > 0) dropUnused(*n);
    return n->stores.empty() && n->each.empty() && n->checks.empty();
  }
  if (auto* c = std::get_if<Scatter>(&s.node)) return dead(c->store.target.buffer);
  if (auto* c = std::get_if<Call>(&s.node)) {
    const std::vector<bool> written = writtenBuffers(*c);
    for (std::size_t i = 0; i < c->buffers.size(); ++i) {
      if (written[i] && !dead(c->buffers[i])) return false;
    }
    return true;
  }
  if (auto* f = std::get_if<For>(&s.node)) return f->body.empty();
  if (auto* i = std::get_if<If>(&s.node)) return i->then.empty() && i->otherwise.empty();
  return false;
}

bool stripBlock(const Kernel& kernel, Block& block, const std::vector<bool>& read) {
  bool changed = false;
  for (Statement& s : block) {
    if (auto* f = std::get_if<For>(&s.node)) changed = stripBlock(kernel, f->body, read) || changed;
    if (auto* i = std::get_if<If>(&s.node)) {
      changed = stripBlock(kernel, i->then, read) || changed;
      changed = stripBlock(kernel, i->otherwise, read) || changed;
    }
  }
  return std::erase_if(block, [&](Statement& s) { return strip(kernel, s, read); }) > 0 || changed;
}

}  // namespace

void removeDead(Kernel& kernel) {
  for (bool changed = true; changed;) {
    std::vector<bool> read(kernel.buffers.size(), false);
    forEachStatement(kernel.body, [&](const Statement& s) {
      if (std::holds_alternative<For>(s.node)) return;
      if (const auto* i = std::get_if<If>(&s.node)) {
        read[i->condition] = true;
        return;
      }
      const Effects e = effectsOf(s);
      const auto* c = std::get_if<Scatter>(&s.node);
      for (BufferId b : e.reads) {
        // That a scatter keeps what it does not update is no use of it.
        if (c != nullptr && c->store.target.buffer == b) {
          bool loads = false;
          for (const Expr& x : c->exprs) loads = loads || (x.kind == Expr::Kind::Load && x.access.buffer == b);
          if (!loads) continue;
        }
        read[b] = true;
      }
    });
    changed = stripBlock(kernel, kernel.body, read);
  }
}

}  // namespace fedc::kernel
