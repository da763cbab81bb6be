#include "compiler/kernel/liveness.h"

#include <algorithm>

namespace fedc::kernel {

namespace {

Dim count(const std::vector<Axis>& axes) {
  Dim n(1);
  for (const Axis& a : axes) n = n * a.extent;
  return n;
}

}  // namespace

bool overwrites(const Kernel& kernel, const Statement& statement, const Effects& effects, BufferId b) {
  if (effects.readsFrom(b)) return false;
  if (std::holds_alternative<Call>(statement.node)) return effects.writesTo(b);
  const auto* nest = std::get_if<Nest>(&statement.node);
  if (nest == nullptr) return false;
  // Stores are injective: as many points as elements is all of them.
  Dim elements(1);
  for (const Dim& d : kernel.buffers[b].extents) elements = elements * d;
  const Dim points = count(nest->axes);
  for (const Store& s : nest->stores) {
    if (s.target.buffer == b && points == elements) return true;
  }
  for (const Store& s : nest->each) {
    if (s.target.buffer == b && points * count(nest->reduceAxes) == elements) return true;
  }
  return false;
}

void Liveness::find(Block& block) {
  for (Statement& s : block) {
    if (auto* f = std::get_if<For>(&s.node)) {
      find(f->body);
    } else if (auto* i = std::get_if<If>(&s.node)) {
      isCondition_[i->condition] = true;
      branches_.push_back(i);
      find(i->then);
      find(i->otherwise);
    } else {
      indexOf_[&s] = leaves_.size();
      Leaf leaf{&s, &block, effectsOf(s), Set(kernel_.buffers.size(), false)};
      for (BufferId b : leaf.effects.reads) touching_[b].push_back(leaves_.size());
      for (BufferId b : leaf.effects.writes) {
        if (!leaf.effects.readsFrom(b)) touching_[b].push_back(leaves_.size());
      }
      leaves_.push_back(std::move(leaf));
    }
  }
}

Liveness::Liveness(Kernel& kernel) : kernel_(kernel), touching_(kernel.buffers.size()), isCondition_(kernel.buffers.size(), false) {
  find(kernel.body);
  Set live(kernel.buffers.size(), false);
  for (std::size_t i = 0; i < kernel.buffers.size(); ++i) {
    const Buffer::Role role = kernel.buffers[i].role;
    live[i] = role == Buffer::Role::Out || role == Buffer::Role::InOut;
  }
  analyse(kernel.body, live);
}

void Liveness::analyse(const Block& block, Set& live) {
  const auto unite = [](Set& into, const Set& from) {
    for (std::size_t i = 0; i < into.size(); ++i) into[i] = into[i] || from[i];
  };
  for (auto it = block.rbegin(); it != block.rend(); ++it) {
    const Statement& s = *it;
    if (const auto* f = std::get_if<For>(&s.node)) {
      // Zero or more times: what is live around the body is live before it.
      for (;;) {
        Set inside = live;
        analyse(f->body, inside);
        const Set before = live;
        unite(live, inside);
        if (live == before) break;
      }
    } else if (const auto* i = std::get_if<If>(&s.node)) {
      Set other = live;
      analyse(i->then, live);
      analyse(i->otherwise, other);
      unite(live, other);
      live[i->condition] = true;
    } else {
      Leaf& leaf = leaves_[indexOf_.at(&s)];
      unite(leaf.after, live);
      for (BufferId b : leaf.effects.writes) {
        if (live[b] && overwrites(kernel_, s, leaf.effects, b)) live[b] = false;
      }
      for (BufferId b : leaf.effects.reads) live[b] = true;
    }
  }
}

void Liveness::join(BufferId x, BufferId y, const std::function<void(Access&)>& access) {
  const auto inExprs = [&](std::vector<Expr>& exprs) {
    for (Expr& e : exprs) {
      if (e.kind == Expr::Kind::Load && e.access.buffer == x) access(e.access);
    }
  };
  const auto rename = [&](std::vector<BufferId>& list) {
    if (std::erase(list, x) > 0) {
      list.push_back(y);
      std::sort(list.begin(), list.end());
      list.erase(std::unique(list.begin(), list.end()), list.end());
    }
  };
  for (std::size_t at : touching_[x]) {
    Leaf& leaf = leaves_[at];
    Statement& s = *leaf.statement;
    if (auto* n = std::get_if<Nest>(&s.node)) {
      inExprs(n->exprs);
      for (auto* stores : {&n->each, &n->stores}) {
        for (Store& store : *stores) {
          if (store.target.buffer == x) access(store.target);
        }
      }
    } else if (auto* c = std::get_if<Scatter>(&s.node)) {
      inExprs(c->exprs);
      if (c->store.target.buffer == x) access(c->store.target);
    } else if (auto* call = std::get_if<Call>(&s.node)) {
      std::replace(call->buffers.begin(), call->buffers.end(), x, y);
    } else if (auto* l = std::get_if<Let>(&s.node)) {
      if (l->buffer == x) l->buffer = y;
    }
    rename(leaf.effects.reads);
    rename(leaf.effects.writes);
  }
  for (If* i : branches_) {
    if (i->condition == x) i->condition = y;
  }
  isCondition_[y] = isCondition_[y] || isCondition_[x];
  std::vector<std::size_t> all;
  std::set_union(touching_[x].begin(), touching_[x].end(), touching_[y].begin(), touching_[y].end(), std::back_inserter(all));
  touching_[y] = std::move(all);
  touching_[x].clear();
  for (Leaf& leaf : leaves_) {
    if (leaf.after[x]) leaf.after[y] = true;
    leaf.after[x] = false;
  }
}

void Liveness::clear(std::size_t leaf) {
  Leaf& l = leaves_[leaf];
  for (const auto* list : {&l.effects.reads, &l.effects.writes}) {
    for (BufferId b : *list) std::erase(touching_[b], leaf);
  }
  l.effects = Effects();
  l.statement->node = Nest();
}

}  // namespace fedc::kernel
