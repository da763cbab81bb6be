#include <algorithm>
#include <set>

#include "compiler/kernel/fuse_detail.h"

// Rule P: a cheap elementwise producer is computed in its readers.
namespace fedc::kernel {

namespace {

constexpr int kCheap = 8;
constexpr int kCheapRepeated = 2;
constexpr std::size_t kLargestNest = 400;

struct Producer {
  const Nest* nest = nullptr;
  BufferId buffer = 0;
  int cost = 0;
  Effects effects;
};

/// The statement as a producer: elementwise, one store over the whole of an arena buffer.
std::optional<Producer> asProducer(const Kernel& kernel, const Statement& s) {
  const auto* n = std::get_if<Nest>(&s.node);
  if (n == nullptr || !n->reduceAxes.empty() || !n->accumulations.empty() || !n->checks.empty() || n->stores.size() != 1) return std::nullopt;
  const Access& target = n->stores[0].target;
  const Buffer& b = kernel.buffers[target.buffer];
  if (b.role != Buffer::Role::Arena || !isPlain(target, b, n->axes)) return std::nullopt;
  Producer p{n, target.buffer, 0, effectsOf(s)};
  if (p.effects.readsFrom(p.buffer)) return std::nullopt;
  const ExprId root[] = {n->stores[0].value};
  p.cost = costOf(n->exprs, root);
  return p;
}

bool reads(const std::vector<Expr>& exprs, const std::vector<ExprId>& roots, BufferId b) {
  bool found = false;
  forEachExpr(exprs, roots, [&](ExprId id) {
    const Expr& e = exprs[static_cast<std::size_t>(id)];
    found = found || (e.kind == Expr::Kind::Load && e.access.buffer == b);
  });
  return found;
}

std::size_t readsCount(const std::vector<Expr>& exprs, const std::vector<ExprId>& roots, BufferId b) {
  std::size_t n = 0;
  forEachExpr(exprs, roots, [&](ExprId id) {
    const Expr& e = exprs[static_cast<std::size_t>(id)];
    n += e.kind == Expr::Kind::Load && e.access.buffer == b ? 1 : 0;
  });
  return n;
}

/// Loads whose index would itself load twice are not allowed.
bool loadsOnce(ExprWriter& list, ExprId root) {
  const Expr& e = list[root];
  for (const Index& i : e.access.index) {
    if (!i.gather) continue;
    for (const Index& inner : list[*i.gather].access.index) {
      if (inner.gather) return false;
    }
  }
  return std::all_of(e.args.begin(), e.args.end(), [&](ExprId a) { return loadsOnce(list, a); });
}

/// The producer's value at the place that a reader's access names.
std::optional<ExprId> valueAt(const Kernel& kernel, const Producer& p, const Access& a, ExprWriter& into) {
  if (a.zeroOutside) return std::nullopt;
  const Buffer& b = kernel.buffers[p.buffer];
  std::map<Int, AxisValue> at;
  const AxisMap axes = [&](Int v) -> std::optional<AxisValue> {
    const auto it = at.find(v);
    if (it == at.end()) return std::nullopt;
    return it->second;
  };
  const ExprId root = p.nest->stores[0].value;
  if (a.shape == b.extents) {
    for (std::size_t d = 0; d < a.index.size(); ++d) at[p.nest->axes[d].var] = AxisValue{a.index[d], b.extents[d]};
    const auto value = copyExpr(p.nest->exprs, root, into, axes);
    if (!value || !loadsOnce(into, *value)) return std::nullopt;
    return value;
  }
  // Seen in another shape: the coordinates are split, and what the producer reads is merged in turn.
  std::vector<Dim> index;
  for (const Index& x : a.index) {
    if (x.gather || x.clamp) return std::nullopt;
    index.push_back(x.affine);
  }
  const std::vector<Dim> split = reshapeIndex(b.extents, a.shape, index);
  for (std::size_t d = 0; d < split.size(); ++d) at[p.nest->axes[d].var] = AxisValue{Index{split[d], {}, false}, b.extents[d]};
  std::vector<Expr> fresh;
  ExprWriter w(fresh);
  const auto value = copyExpr(p.nest->exprs, root, w, axes);
  if (!value) return std::nullopt;
  const auto isAxis = [&](Int v) { return kernel.ints[v].kind == IntInfo::Kind::Axis; };
  for (Expr& e : fresh) {
    if (e.kind == Expr::Kind::Load) {
      if (!makeAffine(e.access, isAxis)) return std::nullopt;
      const Buffer& from = kernel.buffers[e.access.buffer];
      const bool padded = from.padLast > 0 && !from.extents.back().isConstant(from.padLast);
      if (padded && (e.access.shape.empty() || e.access.shape.back() != from.extents.back())) return std::nullopt;
    }
    if (!isAffine(e.dim, isAxis)) return std::nullopt;
  }
  return copyExpr(fresh, *value, into, [](Int) { return std::optional<AxisValue>(); });
}

bool isTrivial(const Producer& p) {
  const Expr::Kind k = p.nest->exprs[static_cast<std::size_t>(p.nest->stores[0].value)].kind;
  return k == Expr::Kind::Load || k == Expr::Kind::Literal || k == Expr::Kind::Integer;
}

std::vector<ExprId> reducedRoots(const Nest& n) {
  std::vector<ExprId> roots;
  for (const Accumulation& a : n.accumulations) roots.push_back(a.value);
  for (const Store& s : n.each) roots.push_back(s.value);
  return roots;
}

/// Whether computing the producer again in the reader costs little enough.
bool worthwhile(const Producer& p, const std::vector<Axis>& axes, const std::vector<Axis>& inner, bool inReduction, bool single) {
  if (isTrivial(p)) return true;
  Dim evaluations = pointsOf(axes);
  if (inReduction) evaluations = evaluations * pointsOf(inner);
  const Dim more = evaluations - pointsOf(p.nest->axes);
  // As often as before, or (for extents whose order is known) less often.
  const auto difference = more.constant();
  const bool repeated = !difference || *difference > 0;
  if (repeated) return p.cost <= kCheapRepeated;
  return single || p.cost < kCheap;
}

/// The reader with the producer's value in place of its loads, if that is legal.
std::optional<Statement> reader(const Kernel& kernel, const Producer& p, const Statement& s, bool single) {
  const auto replace = [&](ExprWriter& into) {
    return [&kernel, &p, &into](const Access& a) -> Replacement {
      if (a.buffer != p.buffer) return {};
      return Replacement{true, valueAt(kernel, p, a, into)};
    };
  };
  if (const auto* n = std::get_if<Nest>(&s.node)) {
    const std::vector<ExprId> inside = reducedRoots(*n);
    const bool inReduction = reads(n->exprs, inside, p.buffer);
    const bool isProduct = std::any_of(n->accumulations.begin(), n->accumulations.end(), [](const Accumulation& a) { return a.fused; });
    if (inReduction && isProduct && !isTrivial(p)) return std::nullopt;
    const bool alone = single && readsCount(n->exprs, rootsOf(*n), p.buffer) == 1;
    if (!worthwhile(p, n->axes, n->reduceAxes, inReduction, alone)) return std::nullopt;
    Nest out = *n;
    out.exprs.clear();
    ExprWriter w(out.exprs);
    Transplant t(n->exprs, w);
    t.replace = replace(w);
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
    if (!good || out.exprs.size() > kLargestNest) return std::nullopt;
    dropUnused(out);
    if (!readsWhereItWrites(out)) return std::nullopt;
    return Statement{std::move(out)};
  }
  const auto* c = std::get_if<Scatter>(&s.node);
  if (c == nullptr || c->store.target.buffer == p.buffer) return std::nullopt;
  if (!worthwhile(p, c->axes, c->updates, true, single)) return std::nullopt;
  Scatter out = *c;
  out.exprs.clear();
  ExprWriter w(out.exprs);
  Transplant t(c->exprs, w);
  t.replace = replace(w);
  const auto store = t.store(c->store);
  if (!store) return std::nullopt;
  out.store = *store;
  // A scatter sees its own buffer change from update to update.
  if (reads(out.exprs, rootsOf(out), out.store.target.buffer)) return std::nullopt;
  return Statement{std::move(out)};
}

/// A place in the statement tree where the producer's buffer is read.
struct Reader {
  Block* block;
  std::size_t at;
};

/// Finds the leaf statements below `s` that read `b`; false if one of them cannot take an expression.
bool findReaders(Block& block, std::size_t at, BufferId b, std::vector<Reader>& out) {
  Statement& s = block[at];
  if (auto* f = std::get_if<For>(&s.node)) {
    for (std::size_t i = 0; i < f->body.size(); ++i) {
      if (!findReaders(f->body, i, b, out)) return false;
    }
    return true;
  }
  if (auto* i = std::get_if<If>(&s.node)) {
    if (i->condition == b) return false;
    for (Block* arm : {&i->then, &i->otherwise}) {
      for (std::size_t k = 0; k < arm->size(); ++k) {
        if (!findReaders(*arm, k, b, out)) return false;
      }
    }
    return true;
  }
  if (!effectsOf(s).readsFrom(b)) return true;
  if (!std::holds_alternative<Nest>(s.node) && !std::holds_alternative<Scatter>(s.node)) return false;
  out.push_back(Reader{&block, at});
  return true;
}

bool intersects(const std::vector<BufferId>& a, const std::vector<BufferId>& b) {
  return std::any_of(a.begin(), a.end(), [&](BufferId x) { return std::binary_search(b.begin(), b.end(), x); });
}

class Inliner {
 public:
  Inliner(Kernel& kernel, const FuseOptions& options) : kernel_(kernel), options_(options), accesses_(kernel.buffers.size(), 0) {
    forEachStatement(kernel.body, [&](const Statement& s) { count(s, 1); });
  }

  bool block(Block& statements) {
    bool changed = false;
    for (std::size_t i = 0; i < statements.size(); ++i) {
      if (auto* f = std::get_if<For>(&statements[i].node)) changed = block(f->body) || changed;
      if (auto* b = std::get_if<If>(&statements[i].node)) {
        changed = block(b->then) || changed;
        changed = block(b->otherwise) || changed;
      }
    }
    std::vector<Effects> effects;
    for (const Statement& s : statements) effects.push_back(effectsOf(s));
    for (std::size_t i = 0; i < statements.size();) {
      if (inlineOne(statements, effects, i)) {
        changed = true;
      } else {
        ++i;
      }
    }
    return changed;
  }

 private:
  /// How many statements touch each buffer.
  void count(const Statement& s, int by) {
    if (std::holds_alternative<For>(s.node)) return;
    if (const auto* i = std::get_if<If>(&s.node)) {
      accesses_[i->condition] += by;
      return;
    }
    const Effects e = effectsOf(s);
    std::set<BufferId> all(e.reads.begin(), e.reads.end());
    all.insert(e.writes.begin(), e.writes.end());
    for (BufferId b : all) accesses_[b] += by;
  }

  /// `effects` are those of the statements.
  bool inlineOne(Block& statements, std::vector<Effects>& effects, std::size_t at) {
    const auto p = asProducer(kernel_, statements[at]);
    if (!p) return false;
    std::vector<Reader> readers;
    std::size_t last = at;
    for (std::size_t i = at + 1; i < statements.size(); ++i) {
      const std::size_t before = readers.size();
      const Effects& e = effects[i];
      if (e.writesTo(p->buffer)) return false;
      if (!e.readsFrom(p->buffer)) continue;
      if (!findReaders(statements, i, p->buffer, readers)) return false;
      if (readers.size() > before) last = i;
    }
    // Nobody else: the producer itself is the one more.
    if (readers.empty() || accesses_[p->buffer] != static_cast<int>(readers.size()) + 1) return false;
    for (std::size_t i = at + 1; i <= last; ++i) {
      const bool direct = !std::holds_alternative<For>(statements[i].node) && !std::holds_alternative<If>(statements[i].node);
      const Effects& e = effects[i];
      // The last reader itself may write what the producer reads, in place; it is checked by N2.
      if (i == last && direct) continue;
      if (intersects(p->effects.reads, e.writes)) return false;
    }
    std::vector<Statement> fresh;
    for (const Reader& r : readers) {
      auto s = reader(kernel_, *p, (*r.block)[r.at], readers.size() == 1);
      if (!s) return false;
      fresh.push_back(std::move(*s));
    }
    std::string into;
    for (std::size_t i = at + 1; i <= last; ++i) {
      // Whoever read the producer now reads what it read.
      Effects& e = effects[i];
      if (!e.readsFrom(p->buffer)) continue;
      std::vector<BufferId> reads;
      std::set_union(e.reads.begin(), e.reads.end(), p->effects.reads.begin(), p->effects.reads.end(), std::back_inserter(reads));
      std::erase(reads, p->buffer);
      e.reads = std::move(reads);
    }
    for (std::size_t i = 0; i < readers.size(); ++i) {
      Statement& s = (*readers[i].block)[readers[i].at];
      count(s, -1);
      s = std::move(fresh[i]);
      count(s, 1);
      const auto* n = std::get_if<Nest>(&s.node);
      into += (into.empty() ? "" : ", ") + (n != nullptr ? n->name : std::get<Scatter>(s.node).name);
    }
    decided(options_, "P: " + p->nest->name + " into " + into);
    count(statements[at], -1);
    statements.erase(statements.begin() + static_cast<std::ptrdiff_t>(at));
    effects.erase(effects.begin() + static_cast<std::ptrdiff_t>(at));
    return true;
  }

  Kernel& kernel_;
  const FuseOptions& options_;
  std::vector<int> accesses_;
};

}  // namespace

bool inlineProducers(Kernel& kernel, const FuseOptions& options) { return Inliner(kernel, options).block(kernel.body); }

}  // namespace fedc::kernel
