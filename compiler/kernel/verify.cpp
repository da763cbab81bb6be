#include "compiler/kernel/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/core/op_table.h"
#include "compiler/kernel/bounds.h"
#include "compiler/kernel/nests.h"
#include "compiler/kernel/plan.h"
#include "compiler/kernel/text.h"
#include "compiler/support/limits.h"

namespace fedc::kernel {

namespace {

using Problem = std::optional<std::string>;

class Verifier {
 public:
  Verifier(const Kernel& kernel, Stage stage) : kernel_(kernel), stage_(stage) {}

  Problem run() {
    for (Int v : kernel_.dims) scope_.insert(v);
    if (auto p = arguments()) return p;
    if (auto p = block(kernel_.body, Facts())) return p;
    if (stage_ != Stage::Nests) {
      if (auto p = layouts()) return p;
    }
    if (stage_ == Stage::Planned) return arena();
    return std::nullopt;
  }

 private:
  std::string show(const Dim& d) const {
    return d.print([this](Int v) { return v < kernel_.ints.size() ? kernel_.ints[v].name : "?" + std::to_string(v); });
  }
  const std::string& name(BufferId b) const { return kernel_.buffers[b].name; }

  Problem inStatement(const Statement& s, const std::string& what) const { return what + ", in\n" + print(kernel_, s); }

  /// N3, and that every argument is there.
  Problem arguments() const {
    std::set<BufferId> seen;
    for (BufferId b : kernel_.arguments) {
      if (b >= kernel_.buffers.size()) return "N3: an argument that is no buffer";
      if (!seen.insert(b).second) return fmt::format("N3: `{}` is passed twice", name(b));
    }
    for (BufferId b = 0; b < kernel_.buffers.size(); ++b) {
      const bool argument = kernel_.buffers[b].role != Buffer::Role::Arena;
      if (argument != seen.contains(b)) return fmt::format("N3: `{}` has the wrong role", name(b));
    }
    return std::nullopt;
  }

  Problem inScope(const Dim& d, const std::string& place) const {
    for (Int v : d.variables()) {
      if (!scope_.contains(v)) return fmt::format("`{}` in {} is not in scope", v < kernel_.ints.size() ? kernel_.ints[v].name : "?", place);
    }
    return std::nullopt;
  }

  Problem block(const Block& statements, Facts facts) {
    std::vector<Int> lets;
    Problem found;
    for (const Statement& s : statements) {
      found = statement(s, facts, lets);
      if (found) break;
    }
    for (Int v : lets) scope_.erase(v);
    return found;
  }

  Problem statement(const Statement& s, Facts& facts, std::vector<Int>& lets) {
    const auto define = [&](Int v) { return scope_.insert(v).second; };
    if (const auto* f = std::get_if<For>(&s.node)) {
      if (auto p = inScope(f->extent, "a trip count")) return p;
      if (!define(f->var)) return fmt::format("`{}` is defined twice", kernel_.ints[f->var].name);
      Facts inside = facts;
      inside.addRange(f->var, f->extent);
      auto p = block(f->body, std::move(inside));
      scope_.erase(f->var);
      return p;
    }
    if (const auto* i = std::get_if<If>(&s.node)) {
      const Buffer& b = kernel_.buffers[i->condition];
      if (b.elem != Elem::Bool || !b.extents.empty()) return "the condition of an `if` is no scalar bool";
      if (auto p = block(i->then, facts)) return p;
      return block(i->otherwise, facts);
    }
    if (const auto* l = std::get_if<Let>(&s.node)) {
      if (auto p = inScope(l->value, "a let")) return p;
      if (l->buffer && (!core::isInteger(kernel_.buffers[*l->buffer].elem) || !kernel_.buffers[*l->buffer].extents.empty())) {
        return "a let reads what is no integer scalar";
      }
      if (!define(l->var)) return fmt::format("`{}` is defined twice", kernel_.ints[l->var].name);
      lets.push_back(l->var);
      facts.addLet(l->var, l->value, !l->buffer);
      return std::nullopt;
    }
    if (auto p = extentsInScope(s)) return inStatement(s, *p);
    if (const auto* c = std::get_if<Call>(&s.node)) {
      std::set<BufferId> all(c->buffers.begin(), c->buffers.end());
      if (all.size() != c->buffers.size()) return inStatement(s, "N3: a buffer is passed twice");
      for (const Dim& d : c->ints) {
        if (auto p = inScope(d, "a call")) return p;
      }
      const std::vector<bool> written = writtenBuffers(*c);
      for (std::size_t i = 0; i < written.size(); ++i) {
        if (written[i] && kernel_.buffers[c->buffers[i]].role == Buffer::Role::In) return inStatement(s, "an input is written");
      }
      return std::nullopt;
    }
    std::vector<Axis> axes, inner;
    const std::vector<Expr>* exprs = nullptr;
    std::vector<ExprId> roots;
    if (const auto* n = std::get_if<Nest>(&s.node)) {
      axes = n->axes;
      inner = n->reduceAxes;
      exprs = &n->exprs;
      roots = rootsOf(*n);
    } else {
      const Scatter& c = std::get<Scatter>(s.node);
      axes = c.axes;
      inner = c.updates;
      exprs = &c.exprs;
      roots = rootsOf(c);
    }
    std::vector<Axis> all = axes;
    all.insert(all.end(), inner.begin(), inner.end());
    for (const Axis& a : all) {
      if (auto p = inScope(a.extent, "an axis")) return inStatement(s, *p);
      if (!define(a.var)) return inStatement(s, "an axis is defined twice");
    }
    Facts inside = facts;
    inside.addAxes(all);
    Problem p = points(s, *exprs, roots, axes, inner, inside);
    for (const Axis& a : all) scope_.erase(a.var);
    if (p) return inStatement(s, *p);
    return std::nullopt;
  }

  /// N4: extents of the buffers that a statement touches have values here.
  Problem extentsInScope(const Statement& s) const {
    const Effects e = effectsOf(s);
    for (const auto* list : {&e.reads, &e.writes}) {
      for (BufferId b : *list) {
        for (const Dim& d : kernel_.buffers[b].extents) {
          if (auto p = inScope(d, fmt::format("N4: the extents of `{}`", name(b)))) return p;
        }
      }
    }
    return std::nullopt;
  }

  Problem access(const Access& a, const std::vector<Expr>& exprs, const Facts& facts, bool isStore) const {
    const Buffer& b = kernel_.buffers[a.buffer];
    if (a.shape.size() != a.index.size()) return fmt::format("an access to `{}` with too few indices", b.name);
    Dim seen(1), whole(1);
    for (const Dim& d : a.shape) seen = seen * d;
    for (const Dim& d : b.extents) whole = whole * d;
    if (seen != whole) return fmt::format("`{}` is seen in a shape of another size", b.name);
    if (b.padLast > 0 && !b.extents.back().isConstant(b.padLast) && (a.shape.empty() || a.shape.back() != b.extents.back())) {
      return fmt::format("N4: the padded extent of `{}` is merged", b.name);
    }
    if (isStore && a.zeroOutside) return fmt::format("a store to `{}` that may lie outside", b.name);
    for (std::size_t i = 0; i < a.index.size(); ++i) {
      const Index& x = a.index[i];
      if (auto p = inScope(x.affine, "an index")) return p;
      const auto isAxis = [&](Int v) { return kernel_.ints[v].kind == IntInfo::Kind::Axis; };
      if (!isAffine(x.affine, isAxis)) return fmt::format("index {} of `{}` is not affine", show(x.affine), b.name);
      if (x.gather) {
        const Expr& g = exprs[static_cast<std::size_t>(*x.gather)];
        if (g.kind != Expr::Kind::Load || !core::isInteger(g.elem)) return fmt::format("an index of `{}` is no integer load", b.name);
        for (const Index& y : g.access.index) {
          if (y.gather) return fmt::format("an index of `{}` loads twice", b.name);
        }
      }
      if (x.clamp || a.zeroOutside) continue;
      if (x.gather || !facts.within(x.affine, a.shape[i])) {
        return fmt::format("N7: index {} of `{}` may leave {}", show(x.affine), b.name, show(a.shape[i]));
      }
    }
    return std::nullopt;
  }

  Problem points(const Statement& s, const std::vector<Expr>& exprs, const std::vector<ExprId>& roots, const std::vector<Axis>& axes,
                 const std::vector<Axis>& inner, const Facts& facts) const {
    Problem found;
    forEachExpr(exprs, roots, [&](ExprId id) {
      if (found) return;
      const Expr& e = exprs[static_cast<std::size_t>(id)];
      if (e.kind == Expr::Kind::Load) {
        if (kernel_.buffers[e.access.buffer].elem != e.elem) found = fmt::format("a load of `{}` as another type", name(e.access.buffer));
        if (!found) found = access(e.access, exprs, facts, false);
      }
      if (e.kind == Expr::Kind::Scalar && !core::isElementwise(e.op)) found = "N8: an operation that is not elementwise";
      if (e.kind == Expr::Kind::Integer) found = inScope(e.dim, "an integer");
    });
    if (found) return found;
    if (const auto* c = std::get_if<Scatter>(&s.node)) return access(c->store.target, exprs, facts, true);
    const Nest& n = std::get<Nest>(s.node);
    if (n.accumulations.empty() != n.reduceAxes.empty() && !n.accumulations.empty()) return "accumulators without a reduction";
    std::vector<Axis> all = axes;
    all.insert(all.end(), inner.begin(), inner.end());
    for (const Store& x : n.stores) {
      if (auto p = store(n, x, axes, facts)) return p;
    }
    for (const Store& x : n.each) {
      if (auto p = store(n, x, all, facts)) return p;
    }
    // What is outside of the reduction does not mention its axes; what is inside does not mention its sums.
    std::vector<ExprId> outside, inside;
    for (const Accumulation& a : n.accumulations) {
      inside.push_back(a.value);
      if (a.init) outside.push_back(*a.init);
      if (a.fused) {
        const Expr& e = exprs[static_cast<std::size_t>(a.value)];
        if (e.kind != Expr::Kind::Scalar || e.op != Op::Mul) return "a fused sum of what is no product";
      }
    }
    for (const Store& x : n.each) inside.push_back(x.value);
    for (const Store& x : n.stores) outside.push_back(x.value);
    for (const SiteCheck& c : n.checks) outside.push_back(c.condition);
    forEachExpr(exprs, outside, [&](ExprId id) {
      const Expr& e = exprs[static_cast<std::size_t>(id)];
      for (const Axis& a : inner) {
        bool mentions = e.dim.mentions(a.var);
        for (const Index& i : e.access.index) mentions = mentions || i.affine.mentions(a.var);
        if (mentions && !found) found = "an epilogue that depends on the reduced axes";
      }
    });
    forEachExpr(exprs, inside, [&](ExprId id) {
      if (exprs[static_cast<std::size_t>(id)].kind == Expr::Kind::Accumulator && !found) found = "a term that depends on the sum";
    });
    return found;
  }

  Problem store(const Nest& n, const Store& x, const std::vector<Axis>& axes, const Facts& facts) const {
    const Buffer& b = kernel_.buffers[x.target.buffer];
    if (b.role == Buffer::Role::In) return fmt::format("the input `{}` is written", b.name);
    if (n.exprs[static_cast<std::size_t>(x.value)].elem != b.elem) return fmt::format("a store of another type to `{}`", b.name);
    if (auto p = access(x.target, n.exprs, facts, true)) return p;
    for (const Index& i : x.target.index) {
      if (i.gather || i.clamp) return fmt::format("N1: a store to `{}` at a loaded index", b.name);
    }
    if (!injective(x.target, axes, facts)) return fmt::format("N1: two points may store to the same place of `{}`", b.name);
    // N2: reads of what is written are at the place that is written, and one store a buffer.
    int stores = 0;
    for (const Store& y : n.stores) stores += y.target.buffer == x.target.buffer ? 1 : 0;
    for (const Store& y : n.each) stores += y.target.buffer == x.target.buffer ? 1 : 0;
    if (stores > 1) return fmt::format("N2: `{}` is stored twice", b.name);
    Problem found;
    forEachExpr(n.exprs, rootsOf(n), [&](ExprId id) {
      const Expr& e = n.exprs[static_cast<std::size_t>(id)];
      if (e.kind != Expr::Kind::Load || e.access.buffer != x.target.buffer || found) return;
      if (!(e.access == x.target)) found = fmt::format("N2: `{}` is read elsewhere than where it is written", b.name);
    });
    return found;
  }

  /// Every axis (of more than one point) moves exactly one index, and axes that share an index cannot meet.
  bool injective(const Access& a, const std::vector<Axis>& axes, const Facts& facts) const {
    std::set<Int> used;
    for (const Index& x : a.index) {
      struct Part {
        Dim step, extent;
      };
      std::vector<Part> parts;
      for (const Axis& axis : axes) {
        if (!x.affine.mentions(axis.var) || axis.extent.isConstant(1)) continue;
        const auto at = [&](std::int64_t k) {
          return x.affine.substitute([&](Int v) -> std::optional<Dim> { return v == axis.var ? std::optional(Dim(k)) : std::nullopt; });
        };
        if (!used.insert(axis.var).second) return false;
        Dim step = at(1) - at(0);
        if (const auto c = step.constant(); c && *c < 0) step = Dim(-1) * step;
        parts.push_back(Part{step, axis.extent});
      }
      // From the smallest step on, each step is at least the reach of all smaller ones.
      Dim reach(1);
      while (!parts.empty()) {
        auto next = std::find_if(parts.begin(), parts.end(), [&](const Part& p) { return p.step == reach; });
        if (next == parts.end()) {
          next = std::find_if(parts.begin(), parts.end(), [&](const Part& p) {
            return facts.nonNegative(p.step - reach) &&
                   std::all_of(parts.begin(), parts.end(), [&](const Part& q) { return facts.nonNegative(q.step - p.step); });
          });
        }
        if (next == parts.end()) return false;
        reach = reach + next->step * (next->extent - Dim(1));
        parts.erase(next);
      }
    }
    return std::all_of(axes.begin(), axes.end(), [&](const Axis& x) { return used.contains(x.var) || x.extent.isConstant(1); });
  }

  Problem layouts() const {
    if (!kernel_.laidOut) return "N4: not laid out";
    for (const Buffer& b : kernel_.buffers) {
      if (b.padLast > 0) {
        if (b.extents.empty()) return fmt::format("N4: the scalar `{}` is padded", b.name);
        const auto last = b.extents.back().constant();
        if (!last || *last > b.padLast) return fmt::format("N4: `{}` reserves less than it holds", b.name);
      }
      if (b.role != Buffer::Role::Arena && b.slack != 0) return fmt::format("N4: the argument `{}` has slack", b.name);
    }
    return std::nullopt;
  }

  Problem arena() const {
    if (!kernel_.arenaBytes) return "a planned kernel without `arenaBytes`";
    Facts facts;
    Problem found;
    forEachStatement(kernel_.body, [&](const Statement& s) {
      if (found || std::holds_alternative<For>(s.node) || std::holds_alternative<If>(s.node)) return;
      const Effects e = effectsOf(s);
      std::set<BufferId> all(e.reads.begin(), e.reads.end());
      all.insert(e.writes.begin(), e.writes.end());
      std::erase_if(all, [&](BufferId b) { return kernel_.buffers[b].role != Buffer::Role::Arena; });
      for (BufferId x : all) {
        const Buffer& b = kernel_.buffers[x];
        if (!b.offset) {
          found = fmt::format("`{}` has no place in the arena", b.name);
          return;
        }
        const Dim end = *b.offset + capacityBytes(kernel_, b);
        if (!facts.nonNegative(*kernel_.arenaBytes - end)) found = fmt::format("`{}` does not fit into the arena", b.name);
        for (BufferId y : all) {
          if (y <= x || found) continue;
          const Buffer& c = kernel_.buffers[y];
          if (!c.offset) continue;
          const bool apart = facts.nonNegative(*c.offset - end) || facts.nonNegative(*b.offset - *c.offset - capacityBytes(kernel_, c));
          if (!apart) found = fmt::format("`{}` and `{}` may overlap in the arena", b.name, c.name);
        }
      }
      if (found) found = inStatement(s, *found);
    });
    return found;
  }

  const Kernel& kernel_;
  Stage stage_;
  std::set<Int> scope_;
};

}  // namespace

std::optional<std::string> verify(const Kernel& kernel, Stage stage) {
  try {
    return Verifier(kernel, stage).run();
  } catch (const Overgrown& limit) {
    return limit.what;
  }
}

}  // namespace fedc::kernel
