#include "compiler/core/cost.h"

#include <map>

#include "compiler/core/op_table.h"
#include "compiler/core/scalar.h"
#include "compiler/support/dim_atom.h"

namespace fedc::core {

namespace {

Dim elements(const std::vector<Dim>& dims) {
  Dim n(1);
  for (const Dim& d : dims) n = n * d;
  return n;
}

/// Arithmetic instructions of an elementwise op's program.
std::int64_t instructions(const Stmt& s, const Fn& fn) {
  std::vector<Elem> elems;
  for (const Atom& a : s.args) elems.push_back(a.isLiteral ? a.literal.elem : fn.typeOf(a.var).elem);
  std::int64_t n = 0;
  for (const ScalarInstr& i : scalarProgram(s.op, elems, fn.typeOf(s.results[0]).elem).code) {
    if (i.prim != Prim::Constant && i.prim != Prim::Operand && i.prim != Prim::Bitcast) ++n;
  }
  return n;
}

class Counter {
 public:
  explicit Counter(const Fn& fn) : fn_(fn) {}

  Dim count(const std::vector<Stmt>& stmts) {
    Dim sum;
    for (const Stmt& s : stmts) sum = sum + count(s);
    return sum;
  }

 private:
  Dim resolve(const Dim& d) const {
    return d.substitute([this](Dim::Variable v) -> std::optional<Dim> {
      const auto found = known_.find(v);
      return found == known_.end() ? std::nullopt : std::optional(found->second);
    });
  }

  Dim size(const Type& t) const {
    Dim n(1);
    for (const Dim& d : t.dims) n = n * resolve(d);
    return n;
  }
  Dim size(const Atom& a) const { return a.isLiteral ? Dim(1) : size(fn_.typeOf(a.var)); }

  Dim count(const Stmt& s) {
    if (isElementwise(s.op)) {
      const Elem result = fn_.typeOf(s.results[0]).elem;
      const Elem operand =
          s.args[0].isLiteral ? s.args.back().isLiteral ? result : fn_.typeOf(s.args.back().var).elem : fn_.typeOf(s.args[0].var).elem;
      if (!isFloat(result) && !isFloat(operand)) return Dim();
      const Dim n = size(fn_.typeOf(s.results[0]));
      if (opRow(s.op).cost == Cost::Transcendental) return Dim(instructions(s, fn_)) * n;
      if (s.op == Op::Select || s.op == Op::Bitcast || s.op == Op::StopGradient) return Dim();
      return s.op == Op::Fma ? Dim(2) * n : n;
    }
    switch (s.op) {
      case Op::Reduce:
      case Op::ArgReduce:
      case Op::Cumulative: return isFloat(fn_.typeOf(s.results[0]).elem) ? size(s.args[0]) : Dim();
      case Op::Contract: {
        if (!isFloat(fn_.typeOf(s.results[0]).elem)) return Dim();
        Dim depth(1);
        for (int a : s.attrs.axes) depth = depth * resolve(fn_.typeOf(s.args[0].var).dims[static_cast<std::size_t>(a)]);
        return Dim(2) * depth * size(fn_.typeOf(s.results[0]));
      }
      case Op::Solve: {
        const Type& b = fn_.typeOf(s.args[1].var);
        const Dim n = resolve(b.dims[b.dims.size() - 2]);
        const Dim systems = elements({b.dims.begin(), b.dims.end() - 2});
        return resolve(systems) * Dim::floordiv(n * n * n, Dim(3)) + Dim(2) * n * size(b);
      }
      case Op::Scatter: return s.attrs.scatter == ScatterMode::Add && isFloat(fn_.typeOf(s.results[0]).elem) ? size(s.args[2]) : Dim();
      case Op::DimDef:
      case Op::Compact: return define(s);
      case Op::Cond: return Dim::max(count(s.regions[0].stmts), count(s.regions[1].stmts));
      case Op::Loop: return loop(s);
      case Op::Vmap: return resolve(s.attrs.extent) * count(s.regions[0].stmts);
      default: {
        Dim sum;
        for (const Region& r : s.regions) sum = sum + count(r.stmts);
        return sum;
      }
    }
  }

  Dim define(const Stmt& s) {
    const Dim extent = resolve(s.attrs.extent);
    // What changes with a loop's index stays a variable until the loop sums it up.
    for (Dim::Variable v : extent.variables()) {
      if (indices_.contains(v) || born_.contains(v)) {
        born_.emplace(*s.attrs.defines, extent);
        return Dim();
      }
    }
    known_.emplace(*s.attrs.defines, extent);
    return Dim();
  }

  Dim loop(const Stmt& s) {
    const Dim trips = resolve(s.attrs.extent);
    if (s.attrs.defines) indices_.emplace(*s.attrs.defines, trips);
    const Dim body = count(s.regions[0].stmts);
    if (!s.attrs.defines) return trips * body;
    Dim sum;
    for (const Dim::Term& t : body.terms()) sum = sum + sumOf(t, *s.attrs.defines, trips);
    return sum;
  }

  /// The factor as an extent, with dims of the body replaced by what they were defined as.
  Dim factor(const Dim::Atom& a) const {
    const auto found = a.kind == Dim::AtomKind::Variable ? born_.find(a.variable) : born_.end();
    return found != born_.end() ? found->second : ofAtom(a);
  }

  /// Sum over t < trips of one term of a loop's body.
  Dim sumOf(const Dim::Term& term, Dim::Variable t, const Dim& trips) const {
    Dim fixed(term.coefficient);
    std::vector<Dim> changing;
    for (const Dim::Atom& a : term.atoms) {
      const Dim f = factor(a);
      if (f.mentions(t)) {
        changing.push_back(f);
      } else {
        fixed = fixed * f;
      }
    }
    if (changing.empty()) return fixed * trips;
    if (changing.size() == 1) {
      if (const auto total = batchesOf(changing[0], t, trips)) return fixed * *total;
    }
    for (const Dim& f : changing) fixed = fixed * greatest(f, t, trips);
    return fixed * trips;
  }

  /// If the extent is min(B, N - B*t) and there are ceildiv(N, B) trips: N.
  static std::optional<Dim> batchesOf(const Dim& d, Dim::Variable t, const Dim& trips) {
    if (d.terms().size() != 1 || d.terms()[0].coefficient != 1 || d.terms()[0].atoms.size() != 1) return std::nullopt;
    const Dim::Atom& a = d.terms()[0].atoms[0];
    if (a.kind != Dim::AtomKind::Min) return std::nullopt;
    for (std::size_t i : {0, 1}) {
      const Dim& batch = a.operands[i];
      if (batch.mentions(t)) continue;
      Dim whole = a.operands[1 - i] + batch * Dim::variable(t);
      if (!whole.mentions(t) && trips == Dim::ceildiv(whole, batch)) return whole;
    }
    return std::nullopt;
  }

  /// An upper bound for t in [0, trips): both ends, joined; of a minimum its part that does not change.
  static Dim greatest(const Dim& d, Dim::Variable t, const Dim& trips) {
    if (d.terms().size() == 1 && d.terms()[0].atoms.size() == 1 && d.terms()[0].atoms[0].kind == Dim::AtomKind::Min) {
      for (const Dim& x : d.terms()[0].atoms[0].operands) {
        if (!x.mentions(t)) return Dim(d.terms()[0].coefficient) * x;
      }
    }
    const auto at = [&](const Dim& value) { return d.substitute([&](Dim::Variable v) { return v == t ? std::optional(value) : std::nullopt; }); };
    return Dim::max(at(Dim(0)), at(trips - Dim(1)));
  }

  const Fn& fn_;
  /// Dims with one value, those that change with a loop's index, and the indices with their trips.
  std::map<Dim::Variable, Dim> known_, born_, indices_;
};

Dim stepFlops(const Program& program, const ServerStep& step) {
  return step.fn < 0 ? Dim() : flops(program.module.fns[static_cast<std::size_t>(step.fn)]);
}

}  // namespace

std::int64_t wireBytes(Elem elem, std::int64_t elements) {
  constexpr std::int64_t kBits = 8;
  return elem == Elem::Bool ? (elements + kBits - 1) / kBits : elements * elemBytes(elem);
}

Dim wireBytes(const Type& type) {
  constexpr std::int64_t kExtentBytes = 8;
  Dim extents;
  for (const Dim& d : type.dims) {
    if (!d.constant()) extents = extents + Dim(kExtentBytes);
  }
  const Dim n = elements(type.dims);
  return extents + (type.elem == Elem::Bool ? Dim::ceildiv(n, Dim(8)) : Dim(elemBytes(type.elem)) * n);
}

Dim stringsOf(const Type& type) { return type.elem == Elem::Str ? elements(type.dims) : Dim(); }

Dim flops(const Fn& fn) { return Counter(fn).count(fn.body); }

namespace {

/// What the body defines dims as. Dims of loops stay: no type outside mentions them.
void definitions(const std::vector<Stmt>& stmts, std::map<Dim::Variable, Resolved>& out) {
  for (const Stmt& s : stmts) {
    if (s.attrs.defines && s.op != Op::Loop) out.emplace(*s.attrs.defines, Resolved{s.attrs.extent, s.op == Op::DimDef && s.args.empty()});
    for (const Region& r : s.regions) definitions(r.stmts, out);
  }
}

class Resolver {
 public:
  explicit Resolver(const Fn& fn) { definitions(fn.body, known_); }

  Resolved operator()(const Dim& dim) const {
    Resolved out{dim, true};
    // A definition mentions earlier dims only.
    for (std::size_t step = 0; step <= known_.size(); ++step) {
      bool changed = false;
      out.dim = withoutDifferences(out.dim);
      out.dim = out.dim.substitute([&](Dim::Variable v) -> std::optional<Dim> {
        const auto found = known_.find(v);
        if (found == known_.end()) return std::nullopt;
        changed = true;
        out.isExact = out.isExact && found->second.isExact;
        return found->second.dim;
      });
      if (!changed) break;
    }
    return out;
  }

 private:
  /// Terms that make an extent smaller go where they mention what has only a bound: the rest is a bound.
  Dim withoutDifferences(const Dim& dim) const {
    Dim out;
    for (const Dim::Term& term : dim.terms()) {
      Dim product(term.coefficient);
      for (const Dim::Atom& a : term.atoms) product = product * ofAtom(a);
      bool isLess = false;
      for (const Dim::Variable v : term.coefficient < 0 ? product.variables() : std::vector<Dim::Variable>{}) {
        const auto found = known_.find(v);
        isLess = isLess || (found != known_.end() && !found->second.isExact);
      }
      if (!isLess) out = out + product;
    }
    return out;
  }

  std::map<Dim::Variable, Resolved> known_;
};

}  // namespace

Resolved resolved(const Fn& fn, const Dim& dim) { return Resolver(fn)(dim); }

Traffic& Traffic::operator+=(const Traffic& other) {
  down = down + other.down;
  up = up + other.up;
  downStrings = downStrings + other.downStrings;
  upStrings = upStrings + other.upStrings;
  isExact = isExact && other.isExact;
  return *this;
}

std::vector<Crossing> crossingsOf(const Program& program, const Graph& graph, const Phase& phase) {
  std::vector<Crossing> out;
  std::optional<Resolver> resolver;
  if (phase.client >= 0) resolver.emplace(program.module.fns[static_cast<std::size_t>(phase.client)]);
  const auto add = [&](bool isDown, const std::string& name, const Type& type, Span span) {
    const auto known = [&](const Dim& d) { return resolver && !d.constant() ? (*resolver)(d) : Resolved{d, true}; };
    out.push_back({isDown, name, type, known(wireBytes(type)), known(stringsOf(type)), span});
  };
  for (std::size_t i = 0; i < phase.down.size(); ++i) {
    const SlotInfo& slot = graph.slots[phase.down[i]];
    add(true, slot.name, slot.type, i < phase.downAt.size() ? phase.downAt[i] : Span{});
  }
  for (const Slot key : keysOf(phase)) add(true, graph.slots[key].name, Type{Elem::Key, {}}, Span{});
  for (const SelectEdge& select : phase.selects) {
    for (const SlotInfo& leaf : select.keys) add(false, leaf.name, leaf.type, select.span);
    for (const SlotInfo& leaf : select.slices) add(true, leaf.name, leaf.type, select.span);
  }
  for (const bool isCollected : {false, true}) {
    for (const UpEdge& up : phase.up) {
      if ((up.kind == UpEdge::Kind::Collect) != isCollected) continue;
      for (const SlotInfo& leaf : up.leaves) add(false, leaf.name, leaf.type, up.span);
    }
  }
  return out;
}

Traffic trafficOf(const Program& program, const Graph& graph, const Phase& phase) {
  Traffic out;
  for (const Crossing& c : crossingsOf(program, graph, phase)) {
    Dim& to = c.isDown ? out.down : out.up;
    to = to + c.bytes.dim;
    Dim& strings = c.isDown ? out.downStrings : out.upStrings;
    strings = strings + c.strings.dim;
    out.isExact = out.isExact && c.bytes.isExact;
  }
  return out;
}

Traffic trafficOf(const Program& program, const Graph& graph) {
  Traffic out;
  // The client functions of all exchanges have the same dim parameters.
  for (const Phase& phase : graph.phases) out += trafficOf(program, graph, phase);
  return out;
}

PhaseCost costOf(const Program& program, const Graph& graph, const Phase& phase) {
  PhaseCost out;
  out.traffic = trafficOf(program, graph, phase);
  if (phase.client >= 0) out.client = flops(program.module.fns[static_cast<std::size_t>(phase.client)]);
  if (phase.merge >= 0) out.merge = flops(program.module.fns[static_cast<std::size_t>(phase.merge)]);
  out.server = stepFlops(program, phase.server);
  return out;
}

}  // namespace fedc::core
