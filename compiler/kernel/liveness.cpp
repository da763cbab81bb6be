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

bool overwrites(const Kernel& kernel, const Statement& statement, BufferId b) {
  const Effects e = effectsOf(statement);
  if (e.readsFrom(b)) return false;
  if (std::holds_alternative<Call>(statement.node)) return e.writesTo(b);
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

void Liveness::find(const Block& block) {
  for (const Statement& s : block) {
    effects_[&s] = effectsOf(s);
    if (const auto* f = std::get_if<For>(&s.node)) {
      find(f->body);
    } else if (const auto* i = std::get_if<If>(&s.node)) {
      find(i->then);
      find(i->otherwise);
    } else {
      leaves_.push_back(&s);
    }
  }
}

Liveness::Liveness(const Kernel& kernel) {
  find(kernel.body);
  Set live(kernel.buffers.size(), false);
  for (std::size_t i = 0; i < kernel.buffers.size(); ++i) {
    const Buffer::Role role = kernel.buffers[i].role;
    live[i] = role == Buffer::Role::Out || role == Buffer::Role::InOut;
  }
  analyse(kernel, kernel.body, live);
}

void Liveness::analyse(const Kernel& kernel, const Block& block, Set& live) {
  const auto join = [](Set& into, const Set& from) {
    for (std::size_t i = 0; i < into.size(); ++i) into[i] = into[i] || from[i];
  };
  for (auto it = block.rbegin(); it != block.rend(); ++it) {
    const Statement& s = *it;
    auto [place, fresh] = after_.try_emplace(&s, live);
    if (!fresh) join(place->second, live);
    if (const auto* f = std::get_if<For>(&s.node)) {
      // Zero or more times: what is live around the body is live before it.
      for (;;) {
        Set inside = live;
        analyse(kernel, f->body, inside);
        const Set before = live;
        join(live, inside);
        if (live == before) break;
      }
    } else if (const auto* i = std::get_if<If>(&s.node)) {
      Set other = live;
      analyse(kernel, i->then, live);
      analyse(kernel, i->otherwise, other);
      join(live, other);
      live[i->condition] = true;
    } else {
      const Effects& e = effects_.at(&s);
      for (BufferId b : e.writes) {
        if (live[b] && overwrites(kernel, s, b)) live[b] = false;
      }
      for (BufferId b : e.reads) live[b] = true;
    }
  }
}

}  // namespace fedc::kernel
