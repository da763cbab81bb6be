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
  for (std::size_t at : live.touching(b)) {
    const Statement& s = *live.leaves()[at].statement;
    if (std::holds_alternative<Call>(s.node)) return false;
    forEachAccess(s, [&](const Access& a, bool) {
      if (a.buffer == b && a.shape.size() != kernel.buffers[b].extents.size() && a.shape.back() != kernel.buffers[b].extents.back()) good = false;
    });
  }
  return good;
}

bool padded(const Buffer& b) { return b.padLast > 0 && !b.extents.back().isConstant(b.padLast); }

/// True if one buffer can hold both: neither is written while the other's (different) content is still needed.
bool mayShare(const Kernel& kernel, const Liveness& live, BufferId x, BufferId y) {
  const auto good = [&](const Liveness::Leaf& leaf, BufferId written, BufferId other) {
    if (leaf.effects.writesTo(other)) return false;
    if (const auto c = asCopy(kernel, *leaf.statement); c && c->prefix.empty() && c->from == other) return true;
    if (leaf.after[other]) return false;
    return !leaf.effects.readsFrom(other) || pointwise(*leaf.statement, written, other);
  };
  for (const auto& [written, other] : {std::pair{x, y}, std::pair{y, x}}) {
    for (std::size_t at : live.touching(written)) {
      const Liveness::Leaf& leaf = live.leaves()[at];
      if (leaf.effects.writesTo(written) && !good(leaf, written, other)) return false;
    }
  }
  return true;
}

bool intersects(const std::vector<BufferId>& a, const std::vector<BufferId>& b) {
  return std::any_of(a.begin(), a.end(), [&](BufferId x) { return std::binary_search(b.begin(), b.end(), x); });
}

/// Moves the one statement that makes `x` behind the last read of `y` before the copy at `end`, if nothing in between needs it earlier.
/// `effects` are those of the block's statements and move with them.
void moveBehindLastRead(Block& block, std::vector<Effects>& effects, std::size_t end, BufferId x, BufferId y) {
  std::optional<std::size_t> maker;
  for (std::size_t i = 0; i < end; ++i) {
    if (!effects[i].writesTo(x)) continue;
    if (maker) return;
    maker = i;
  }
  if (!maker) return;
  std::size_t last = *maker;
  for (std::size_t i = *maker + 1; i < end; ++i) {
    if (effects[i].readsFrom(y)) last = i;
  }
  const Effects& made = effects[*maker];
  for (std::size_t i = *maker + 1; i <= last; ++i) {
    if (intersects(made.writes, effects[i].reads) || intersects(made.writes, effects[i].writes) || intersects(made.reads, effects[i].writes)) return;
  }
  const auto from = static_cast<std::ptrdiff_t>(*maker), to = static_cast<std::ptrdiff_t>(last) + 1;
  std::rotate(block.begin() + from, block.begin() + from + 1, block.begin() + to);
  std::rotate(effects.begin() + from, effects.begin() + from + 1, effects.begin() + to);
}

/// Lets every copy's source be made after the last read of the copy's target, where that is possible.
void moveUpdates(const Kernel& kernel, Block& block) {
  std::vector<Effects> effects;
  for (Statement& s : block) {
    if (auto* f = std::get_if<For>(&s.node)) moveUpdates(kernel, f->body);
    if (auto* i = std::get_if<If>(&s.node)) {
      moveUpdates(kernel, i->then);
      moveUpdates(kernel, i->otherwise);
    }
    effects.push_back(effectsOf(s));
  }
  for (std::size_t i = 0; i < block.size(); ++i) {
    const auto copy = asCopy(kernel, block[i]);
    if (copy && copy->prefix.empty()) moveBehindLastRead(block, effects, i, copy->from, copy->to);
  }
}

class Coalescer {
 public:
  explicit Coalescer(Kernel& kernel) : kernel_(kernel), live_(kernel) {}

  void run() {
    // A joined pair can make another copy one within a single buffer, so again until nothing changes.
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t i = 0; i < live_.leaves().size(); ++i) {
        const auto copy = asCopy(kernel_, *live_.leaves()[i].statement);
        if (copy && (copy->prefix.empty() ? join(i, *copy) : joinRow(i, *copy))) changed = true;
      }
    }
  }

 private:
  bool join(std::size_t at, const Copied& copy) {
    const BufferId x = copy.from, y = copy.to;
    if (x == y) {
      live_.clear(at);
      return true;
    }
    const Buffer& from = kernel_.buffers[x];
    const Buffer& to = kernel_.buffers[y];
    if (from.role != Buffer::Role::Arena || to.role == Buffer::Role::In || from.extents != to.extents) return false;
    if (padded(to) && !mayBePadded(kernel_, live_, x)) return false;
    if (!mayShare(kernel_, live_, x, y)) return false;
    live_.clear(at);
    live_.join(x, y, [&](Access& a) { a.buffer = y; });
    return true;
  }

  /// The row of a stack: `x` becomes stack[prefix.., ..].
  bool joinRow(std::size_t at, const Copied& copy) {
    const BufferId x = copy.from, stack = copy.to;
    const Buffer& row = kernel_.buffers[x];
    if (row.role != Buffer::Role::Arena || padded(kernel_.buffers[stack]) || live_.isCondition(x)) return false;
    const Block& block = *live_.leaves()[at].block;
    std::set<Int> lets;
    std::set<const Statement*> here;
    forEachStatement(block, [&](const Statement& s) {
      here.insert(&s);
      if (const auto* l = std::get_if<Let>(&s.node)) lets.insert(l->var);
      if (const auto* f = std::get_if<For>(&s.node)) lets.insert(f->var);
    });
    for (const Dim& p : copy.prefix) {
      for (Int v : p.variables()) {
        if (lets.contains(v)) return false;
      }
    }
    // Everything that touches the row is here, the row is made anew each time, and nothing else here touches the stack.
    bool first = true;
    for (std::size_t i : live_.touching(x)) {
      const Liveness::Leaf& leaf = live_.leaves()[i];
      const Statement& s = *leaf.statement;
      if (!here.contains(&s) || std::holds_alternative<Call>(s.node) || std::holds_alternative<Let>(s.node)) return false;
      if (first && !overwrites(kernel_, s, leaf.effects, x)) return false;
      if (first && leaf.block != &block) return false;
      first = false;
      bool ownShape = true;
      forEachAccess(s, [&](const Access& a, bool) { ownShape = ownShape && (a.buffer != x || a.shape == row.extents); });
      if (!ownShape) return false;
    }
    for (std::size_t i : live_.touching(stack)) {
      if (i != at && here.contains(live_.leaves()[i].statement)) return false;
    }
    live_.clear(at);
    live_.join(x, stack, [&](Access& a) {
      a.buffer = stack;
      a.shape = kernel_.buffers[stack].extents;
      std::vector<Index> index;
      for (const Dim& p : copy.prefix) index.push_back(Index{p, {}, false});
      index.insert(index.end(), a.index.begin(), a.index.end());
      a.index = std::move(index);
    });
    return true;
  }

  Kernel& kernel_;
  Liveness live_;
};

}  // namespace

void coalesce(Kernel& kernel) {
  moveUpdates(kernel, kernel.body);
  Coalescer(kernel).run();
  removeDead(kernel);
}

void reuse(Kernel& kernel) {
  Liveness live(kernel);
  for (const Liveness::Leaf& leaf : live.leaves()) {
    if (!std::holds_alternative<Nest>(leaf.statement->node)) continue;
    // Joining changes the lists that are walked.
    const Effects before = leaf.effects;
    for (BufferId x : before.writes) {
      const Buffer& to = kernel.buffers[x];
      if (to.role != Buffer::Role::Arena || to.extents.empty() || !overwrites(kernel, *leaf.statement, leaf.effects, x)) continue;
      for (BufferId y : before.reads) {
        const Buffer& from = kernel.buffers[y];
        if (x == y || from.role != Buffer::Role::Arena || from.elem != to.elem || from.extents != to.extents || leaf.after[y]) continue;
        if (!leaf.effects.readsFrom(y) || leaf.effects.writesTo(y)) continue;
        if (!pointwise(*leaf.statement, x, y) || !mayShare(kernel, live, x, y)) continue;
        live.join(x, y, [&](Access& a) { a.buffer = y; });
        break;
      }
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

/// Forgets arena buffers that no statement touches; the others are renumbered.
void dropBuffers(Kernel& kernel) {
  std::vector<bool> used(kernel.buffers.size(), false);
  for (BufferId b : kernel.arguments) used[b] = true;
  const Effects all = effectsOf(kernel.body);
  for (const auto* list : {&all.reads, &all.writes}) {
    for (BufferId b : *list) used[b] = true;
  }
  std::vector<BufferId> place(kernel.buffers.size(), 0);
  std::vector<Buffer> kept;
  for (std::size_t b = 0; b < used.size(); ++b) {
    if (!used[b]) continue;
    place[b] = static_cast<BufferId>(kept.size());
    kept.push_back(std::move(kernel.buffers[b]));
  }
  kernel.buffers = std::move(kept);
  const auto move = [&](BufferId& b) { b = place[b]; };
  const auto exprs = [&](std::vector<Expr>& list) {
    for (Expr& e : list) {
      if (e.kind == Expr::Kind::Load) move(e.access.buffer);
    }
  };
  for (BufferId& b : kernel.arguments) move(b);
  forEachStatement(kernel.body, [&](Statement& s) {
    if (auto* n = std::get_if<Nest>(&s.node)) {
      dropUnused(*n);
      exprs(n->exprs);
      for (auto* stores : {&n->each, &n->stores}) {
        for (Store& x : *stores) move(x.target.buffer);
      }
    } else if (auto* c = std::get_if<Scatter>(&s.node)) {
      exprs(c->exprs);
      move(c->store.target.buffer);
    } else if (auto* call = std::get_if<Call>(&s.node)) {
      for (BufferId& b : call->buffers) move(b);
    } else if (auto* i = std::get_if<If>(&s.node)) {
      move(i->condition);
    } else if (auto* l = std::get_if<Let>(&s.node)) {
      if (l->buffer) move(*l->buffer);
    }
  });
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
  dropBuffers(kernel);
}

}  // namespace fedc::kernel
