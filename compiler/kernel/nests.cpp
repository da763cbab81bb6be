#include "compiler/kernel/nests.h"

#include <algorithm>
#include <map>
#include <set>

#include "compiler/core/internal_error.h"

namespace fedc::kernel {

bool operator==(const Index& a, const Index& b) { return a.affine == b.affine && a.gather == b.gather && a.clamp == b.clamp; }

bool operator==(const Access& a, const Access& b) {
  return a.buffer == b.buffer && a.shape == b.shape && a.index == b.index && a.zeroOutside == b.zeroOutside;
}

namespace {

bool same(const Expr& a, const Expr& b) {
  if (a.kind != b.kind || a.elem != b.elem) return false;
  switch (a.kind) {
    case Expr::Kind::Literal: return a.literal == b.literal;
    case Expr::Kind::Integer: return a.dim == b.dim;
    case Expr::Kind::Load: return a.access == b.access;
    case Expr::Kind::Accumulator: return a.accumulator == b.accumulator;
    case Expr::Kind::Scalar: return a.op == b.op && a.args == b.args;
    case Expr::Kind::RandomBits: return a.args == b.args && a.dim == b.dim;
  }
  return false;
}

}  // namespace

ExprId ExprWriter::add(Expr e) {
  for (std::size_t i = 0; i < into_.size(); ++i) {
    if (same(into_[i], e)) return static_cast<ExprId>(i);
  }
  into_.push_back(std::move(e));
  return static_cast<ExprId>(into_.size() - 1);
}

ExprId ExprWriter::literal(Literal value) {
  Expr e;
  e.elem = value.elem;
  e.literal = value;
  return add(std::move(e));
}

ExprId ExprWriter::integer(Elem elem, Dim dim) {
  Expr e;
  e.kind = Expr::Kind::Integer;
  e.elem = elem;
  e.dim = std::move(dim);
  return add(std::move(e));
}

ExprId ExprWriter::load(Elem elem, Access access) {
  Expr e;
  e.kind = Expr::Kind::Load;
  e.elem = elem;
  e.access = std::move(access);
  return add(std::move(e));
}

ExprId ExprWriter::accumulator(Elem elem, int number) {
  Expr e;
  e.kind = Expr::Kind::Accumulator;
  e.elem = elem;
  e.accumulator = number;
  return add(std::move(e));
}

ExprId ExprWriter::scalar(Op op, Elem elem, std::vector<ExprId> args) {
  Expr e;
  e.kind = Expr::Kind::Scalar;
  e.op = op;
  e.elem = elem;
  e.args = std::move(args);
  return add(std::move(e));
}

namespace {

/// A copy of expressions from one list to another with the axes replaced.
struct Copier {
  const std::vector<Expr>& from;
  ExprWriter& into;
  const AxisMap& axes;
  std::span<const ExprId> accumulators;
  std::map<ExprId, std::optional<ExprId>> done;

  std::optional<Dim> dim(const Dim& d) const {
    bool special = false;
    Dim r = d.substitute([&](Int v) -> std::optional<Dim> {
      const auto m = axes(v);
      if (!m) return std::nullopt;
      if (m->index.gather || m->index.clamp) special = true;
      return m->index.affine;
    });
    if (special) return std::nullopt;
    return r;
  }

  std::optional<Index> index(const Index& i, const Dim& extent) {
    std::optional<AxisValue> special;
    Int which = 0;
    Index out;
    out.affine = i.affine.substitute([&](Int v) -> std::optional<Dim> {
      const auto m = axes(v);
      if (!m) return std::nullopt;
      if (m->index.gather || m->index.clamp) {
        which = v;
        special = m;
      }
      return m->index.affine;
    });
    out.clamp = i.clamp;
    if (i.gather) {
      const auto g = expr(*i.gather);
      if (!g) return std::nullopt;
      out.gather = g;
    }
    if (special) {
      // A gathered or clamped coordinate must stand alone, and a clamp must be to this very extent.
      if (i.gather || i.affine != Dim::variable(which)) return std::nullopt;
      if (special->index.clamp && special->extent != extent) return std::nullopt;
      out = special->index;
      out.clamp = out.clamp || i.clamp;
    }
    return out;
  }

  std::optional<Access> access(const Access& a) {
    Access out;
    out.buffer = a.buffer;
    out.shape = a.shape;
    out.zeroOutside = a.zeroOutside;
    for (std::size_t k = 0; k < a.index.size(); ++k) {
      auto i = index(a.index[k], a.shape[k]);
      if (!i) return std::nullopt;
      out.index.push_back(std::move(*i));
    }
    return out;
  }

  std::optional<ExprId> expr(ExprId id) {
    if (auto it = done.find(id); it != done.end()) return it->second;
    auto r = fresh(from[static_cast<std::size_t>(id)]);
    done[id] = r;
    return r;
  }

  std::optional<ExprId> fresh(Expr e) {
    if (e.kind == Expr::Kind::Load) {
      auto a = access(e.access);
      if (!a) return std::nullopt;
      e.access = std::move(*a);
    }
    if (e.kind == Expr::Kind::Integer || e.kind == Expr::Kind::RandomBits) {
      auto d = dim(e.dim);
      if (!d) return std::nullopt;
      e.dim = *d;
    }
    if (e.kind == Expr::Kind::Accumulator && !accumulators.empty()) return accumulators[static_cast<std::size_t>(e.accumulator)];
    for (ExprId& a : e.args) {
      auto c = expr(a);
      if (!c) return std::nullopt;
      a = *c;
    }
    return into.add(std::move(e));
  }
};

}  // namespace

std::optional<ExprId> copyExpr(const std::vector<Expr>& from, ExprId root, ExprWriter& into, const AxisMap& axes,
                               std::span<const ExprId> accumulators) {
  Copier c{from, into, axes, accumulators, {}};
  return c.expr(root);
}

std::optional<Access> copyAccess(const std::vector<Expr>& from, const Access& access, ExprWriter& into, const AxisMap& axes) {
  Copier c{from, into, axes, {}, {}};
  return c.access(access);
}

Access accessOf(BufferId buffer, const std::vector<Dim>& extents, const std::vector<Dim>& index) {
  Access a;
  a.buffer = buffer;
  a.shape = extents;
  for (const Dim& d : index) a.index.push_back(Index{d, {}, false});
  return a;
}

bool isAffine(const Dim& dim, const std::function<bool(Int)>& isAxis) {
  for (const Dim::Term& t : dim.terms()) {
    int axes = 0;
    for (const Dim::Atom& a : t.atoms) {
      if (a.kind == Dim::AtomKind::Variable) {
        axes += isAxis(a.variable) ? 1 : 0;
        continue;
      }
      for (const Dim& x : a.operands) {
        for (Int v : x.variables()) {
          if (isAxis(v)) return false;
        }
      }
    }
    if (axes > 1) return false;
  }
  return true;
}

bool makeAffine(Access& access, const std::function<bool(Int)>& isAxis) {
  const auto affine = [&](std::size_t k) { return isAffine(access.index[k].affine, isAxis); };
  const auto simple = [](const Index& i) { return !i.gather && !i.clamp; };
  std::size_t k = 0;
  while (k < access.index.size()) {
    if (affine(k)) {
      ++k;
      continue;
    }
    // The shortest run of extents around k whose merged index is affine.
    bool merged = false;
    const std::size_t n = access.index.size();
    for (std::size_t length = 2; length <= n && !merged; ++length) {
      for (std::size_t first = k + 1 >= length ? k + 1 - length : 0; first <= k && first + length <= n && !merged; ++first) {
        bool legal = !access.zeroOutside;
        Dim index, extent(1);
        for (std::size_t m = first; m < first + length; ++m) {
          legal = legal && simple(access.index[m]);
          index = index * access.shape[m] + access.index[m].affine;
          extent = extent * access.shape[m];
        }
        if (!legal || !isAffine(index, isAxis)) continue;
        const auto at = static_cast<std::ptrdiff_t>(first), end = static_cast<std::ptrdiff_t>(first + length);
        access.index[first].affine = index;
        access.shape[first] = extent;
        access.index.erase(access.index.begin() + at + 1, access.index.begin() + end);
        access.shape.erase(access.shape.begin() + at + 1, access.shape.begin() + end);
        k = first;
        merged = true;
      }
    }
    if (!merged) return false;
  }
  return true;
}

namespace {

/// Coordinates of the linear position `at` in a shape: the leading one is not reduced modulo its extent.
void splitLinear(const Dim& at, std::span<const Dim> shape, std::vector<Dim>& out) {
  Dim rest = at;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i + 1 == shape.size()) {
      out.push_back(rest);
      break;
    }
    Dim inner(1);
    for (std::size_t k = i + 1; k < shape.size(); ++k) inner = inner * shape[k];
    const Dim q = Dim::floordiv(rest, inner);
    out.push_back(q);
    rest = rest - q * inner;
  }
}

}  // namespace

std::vector<Dim> reshapeIndex(const std::vector<Dim>& from, const std::vector<Dim>& to, const std::vector<Dim>& at) {
  std::vector<Dim> out;
  std::size_t i = 0, k = 0;
  const auto linear = [&](std::size_t first, std::size_t last) {
    Dim sum;
    for (std::size_t m = first; m < last; ++m) sum = sum * to[m] + at[m];
    return sum;
  };
  while (i < from.size() || k < to.size()) {
    const std::size_t i0 = i, k0 = k;
    Dim p(1), q(1);
    if (i < from.size()) p = from[i++];
    if (k < to.size()) q = to[k++];
    while (p != q) {
      const bool canFrom = i < from.size(), canTo = k < to.size();
      if (!canFrom && !canTo) break;
      const auto difference = (p - q).constant();
      bool extendFrom = canFrom;
      if (canFrom && canTo) {
        if (difference) {
          extendFrom = *difference < 0;
        } else {
          // Symbolic: the product with fewer factors grows.
          const auto degree = [](const Dim& d) {
            std::size_t most = 0;
            for (const Dim::Term& t : d.terms()) most = std::max(most, t.atoms.size());
            return most;
          };
          extendFrom = degree(p) <= degree(q);
        }
      }
      if (extendFrom) {
        p = p * from[i++];
      } else {
        q = q * to[k++];
      }
    }
    // Trailing extents of one.
    if (i == from.size()) {
      while (k < to.size()) q = q * to[k++];
    }
    if (k == to.size()) {
      while (i < from.size()) p = p * from[i++];
    }
    splitLinear(linear(k0, k), std::span(from).subspan(i0, i - i0), out);
  }
  return out;
}

Dim reservedLast(const Buffer& buffer) {
  if (buffer.extents.empty()) return Dim(1);
  return buffer.padLast > 0 ? Dim(buffer.padLast) : buffer.extents.back();
}

std::vector<Dim> stridesOf(const Buffer& buffer) {
  std::vector<Dim> strides(buffer.extents.size());
  Dim step(1);
  for (std::size_t i = strides.size(); i-- > 0;) {
    strides[i] = step;
    step = step * (i + 1 == strides.size() ? reservedLast(buffer) : buffer.extents[i]);
  }
  return strides;
}

std::vector<Dim> stridesOf(const Buffer& buffer, const Access& access) {
  std::vector<Dim> strides(access.shape.size());
  Dim step(1);
  for (std::size_t i = strides.size(); i-- > 0;) {
    strides[i] = step;
    const bool whole = i + 1 == strides.size() && !buffer.extents.empty() && access.shape[i] == buffer.extents.back();
    step = step * (whole ? reservedLast(buffer) : access.shape[i]);
  }
  return strides;
}

bool isPlain(const Access& access, const Buffer& buffer, const std::vector<Axis>& axes) {
  if (access.zeroOutside || access.shape != buffer.extents || access.index.size() != axes.size()) return false;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const Index& x = access.index[i];
    if (x.gather || x.clamp || x.affine != Dim::variable(axes[i].var) || axes[i].extent != buffer.extents[i]) return false;
  }
  return true;
}

void forEachExpr(const std::vector<Expr>& exprs, std::span<const ExprId> roots, const std::function<void(ExprId)>& f) {
  std::vector<bool> seen(exprs.size(), false);
  const std::function<void(ExprId)> visit = [&](ExprId id) {
    const std::size_t i = static_cast<std::size_t>(id);
    if (seen[i]) return;
    seen[i] = true;
    const Expr& e = exprs[i];
    for (ExprId a : e.args) visit(a);
    if (e.kind == Expr::Kind::Load) {
      for (const Index& x : e.access.index) {
        if (x.gather) visit(*x.gather);
      }
    }
    f(id);
  };
  for (ExprId r : roots) visit(r);
}

namespace {

void addStore(const Store& s, std::vector<ExprId>& roots) {
  roots.push_back(s.value);
  for (const Index& x : s.target.index) {
    if (x.gather) roots.push_back(*x.gather);
  }
}

}  // namespace

std::vector<ExprId> rootsOf(const Nest& nest) {
  std::vector<ExprId> roots;
  for (const Accumulation& a : nest.accumulations) {
    roots.push_back(a.value);
    if (a.init) roots.push_back(*a.init);
  }
  for (const Store& s : nest.each) addStore(s, roots);
  for (const Store& s : nest.stores) addStore(s, roots);
  for (const SiteCheck& c : nest.checks) roots.push_back(c.condition);
  return roots;
}

std::vector<ExprId> rootsOf(const Scatter& scatter) {
  std::vector<ExprId> roots;
  addStore(scatter.store, roots);
  return roots;
}

void dropUnused(Nest& nest) {
  std::vector<Expr> kept;
  std::map<ExprId, ExprId> place;
  forEachExpr(nest.exprs, rootsOf(nest), [&](ExprId id) {
    Expr e = nest.exprs[static_cast<std::size_t>(id)];
    for (ExprId& a : e.args) a = place.at(a);
    for (Index& x : e.access.index) {
      if (x.gather) x.gather = place.at(*x.gather);
    }
    place[id] = static_cast<ExprId>(kept.size());
    kept.push_back(std::move(e));
  });
  const auto store = [&](Store& s) {
    s.value = place.at(s.value);
    for (Index& x : s.target.index) {
      if (x.gather) x.gather = place.at(*x.gather);
    }
  };
  for (Accumulation& a : nest.accumulations) {
    a.value = place.at(a.value);
    if (a.init) a.init = place.at(*a.init);
  }
  for (Store& s : nest.each) store(s);
  for (Store& s : nest.stores) store(s);
  for (SiteCheck& c : nest.checks) c.condition = place.at(c.condition);
  nest.exprs = std::move(kept);
}

bool Effects::readsFrom(BufferId b) const { return std::binary_search(reads.begin(), reads.end(), b); }
bool Effects::writesTo(BufferId b) const { return std::binary_search(writes.begin(), writes.end(), b); }

/// The operands, then what they make.
bool isOfStrings(const Call& call) {
  Op op = Op::Add;
  return core::opFromName(call.symbol, &op) && op >= Op::StrCompare && op <= Op::StrSplit;
}

bool isKnown(const Call& call) {
  const std::size_t n = call.buffers.size();
  if (call.symbol == "permutation" || call.symbol == "compact") return n == 3;
  if (call.symbol == "solve") return n == 4;
  if (call.symbol == "native") return n > 1 && !call.function.empty();
  if (call.symbol == "str_length" || call.symbol == "str_bytes") return n == 2;
  if (isOfStrings(call)) return n == 3;
  return call.symbol == "sort" && n % 2 == 1;
}

std::vector<bool> writtenBuffers(const Call& call) {
  FEDC_REQUIRE(isKnown(call), "a call whose buffers are not known");
  const std::size_t n = call.buffers.size();
  if (call.symbol == "permutation") return {true, false, true};
  if (call.symbol == "compact") return {false, true, true};
  if (call.symbol == "solve") return {false, false, true, true};
  std::vector<bool> written(n, true);
  std::fill_n(written.begin(), call.symbol == "native" || isOfStrings(call) ? n - 1 : n / 2, false);
  return written;
}

namespace {

struct EffectSets {
  std::set<BufferId> reads, writes;
};

void collect(const Block& block, EffectSets& out);

void collect(const std::vector<Expr>& exprs, std::span<const ExprId> roots, EffectSets& out) {
  forEachExpr(exprs, roots, [&](ExprId id) {
    const Expr& e = exprs[static_cast<std::size_t>(id)];
    if (e.kind == Expr::Kind::Load) out.reads.insert(e.access.buffer);
  });
}

void collect(const Statement& s, EffectSets& out) {
  if (const auto* n = std::get_if<Nest>(&s.node)) {
    collect(n->exprs, rootsOf(*n), out);
    for (const Store& x : n->each) out.writes.insert(x.target.buffer);
    for (const Store& x : n->stores) out.writes.insert(x.target.buffer);
  } else if (const auto* c = std::get_if<Scatter>(&s.node)) {
    collect(c->exprs, rootsOf(*c), out);
    // Elements that are not updated keep their value, so the old content is needed as well.
    out.reads.insert(c->store.target.buffer);
    out.writes.insert(c->store.target.buffer);
  } else if (const auto* call = std::get_if<Call>(&s.node)) {
    const std::vector<bool> written = writtenBuffers(*call);
    for (std::size_t i = 0; i < call->buffers.size(); ++i) (written[i] ? out.writes : out.reads).insert(call->buffers[i]);
  } else if (const auto* f = std::get_if<For>(&s.node)) {
    collect(f->body, out);
  } else if (const auto* i = std::get_if<If>(&s.node)) {
    out.reads.insert(i->condition);
    collect(i->then, out);
    collect(i->otherwise, out);
  } else if (const auto* l = std::get_if<Let>(&s.node)) {
    if (l->buffer) out.reads.insert(*l->buffer);
  }
}

void collect(const Block& block, EffectSets& out) {
  for (const Statement& s : block) collect(s, out);
}

Effects toEffects(const EffectSets& s) { return Effects{{s.reads.begin(), s.reads.end()}, {s.writes.begin(), s.writes.end()}}; }

}  // namespace

Effects effectsOf(const Statement& statement) {
  EffectSets s;
  collect(statement, s);
  return toEffects(s);
}

Effects effectsOf(const Block& block) {
  EffectSets s;
  collect(block, s);
  return toEffects(s);
}

Dim limitOf(const Kernel& kernel, const Dim& dim) {
  return dim.limit([&](Int v) -> std::optional<Dim> {
    const IntInfo& info = kernel.ints[v];
    if (info.kind == IntInfo::Kind::Param) return std::nullopt;
    // What is large where it is written may be small where it runs: a batch of a million of a client's hundred rows.
    constexpr std::int64_t kLarge = 4096;
    if (info.bound && (*info.bound <= kLarge || !info.limit)) return Dim(*info.bound);
    FEDC_REQUIRE(info.limit.has_value(), "an extent without a bound");
    return *info.limit;
  });
}

void describeInt(Kernel& kernel, Int var, IntInfo::Kind kind, const Dim& most) {
  const Dim limit = limitOf(kernel, most);
  IntInfo& info = kernel.ints[var];
  info.kind = kind;
  const auto bound = limit.upperBound([](Int) { return std::optional<std::int64_t>(); });
  if (bound && (!info.bound || *bound < *info.bound)) info.bound = std::max<std::int64_t>(*bound, 0);
  info.limit = info.bound && !(bound && *bound <= *info.bound) ? Dim::min(Dim(*info.bound), limit) : limit;
}

void forEachStatement(Block& block, const std::function<void(Statement&)>& f) {
  for (Statement& s : block) {
    f(s);
    if (auto* l = std::get_if<For>(&s.node)) forEachStatement(l->body, f);
    if (auto* i = std::get_if<If>(&s.node)) {
      forEachStatement(i->then, f);
      forEachStatement(i->otherwise, f);
    }
  }
}

void forEachStatement(const Block& block, const std::function<void(const Statement&)>& f) {
  for (const Statement& s : block) {
    f(s);
    if (const auto* l = std::get_if<For>(&s.node)) forEachStatement(l->body, f);
    if (const auto* i = std::get_if<If>(&s.node)) {
      forEachStatement(i->then, f);
      forEachStatement(i->otherwise, f);
    }
  }
}

}  // namespace fedc::kernel
