#include "compiler/core/cost.h"

#include <map>

#include "compiler/core/op_table.h"
#include "compiler/core/scalar.h"

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
    switch (a.kind) {
      case Dim::AtomKind::Variable: {
        const auto found = born_.find(a.variable);
        return found != born_.end() ? found->second : Dim::variable(a.variable);
      }
      case Dim::AtomKind::Ceildiv: return Dim::ceildiv(a.operands[0], a.operands[1]);
      case Dim::AtomKind::Floordiv: return Dim::floordiv(a.operands[0], a.operands[1]);
      case Dim::AtomKind::Min: return Dim::min(a.operands[0], a.operands[1]);
      case Dim::AtomKind::Max: return Dim::max(a.operands[0], a.operands[1]);
      case Dim::AtomKind::NextPow2: break;
    }
    return Dim::nextPow2(a.operands[0]);
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

Dim bytesOf(const Type& type) { return Dim(elemBytes(type.elem)) * elements(type.dims); }

Dim flops(const Fn& fn) { return Counter(fn).count(fn.body); }

namespace {

Traffic trafficOf(const Graph& graph, const Phase& phase) {
  Traffic out;
  for (Slot s : phase.down) out.down = out.down + bytesOf(graph.slots[s].type);
  for (const SelectEdge& select : phase.selects) {
    for (const SlotInfo& leaf : select.keys) out.up = out.up + bytesOf(leaf.type);
    for (const SlotInfo& leaf : select.slices) out.down = out.down + bytesOf(leaf.type);
  }
  for (const UpEdge& up : phase.up) {
    for (const SlotInfo& leaf : up.leaves) out.up = out.up + bytesOf(leaf.type);
  }
  return out;
}

}  // namespace

Traffic trafficOf(const Graph& graph) {
  Traffic out;
  for (const Phase& phase : graph.phases) {
    const Traffic one = trafficOf(graph, phase);
    out.down = out.down + one.down;
    out.up = out.up + one.up;
  }
  return out;
}

PhaseCost costOf(const Program& program, const Graph& graph, const Phase& phase) {
  PhaseCost out;
  const Traffic traffic = trafficOf(graph, phase);
  out.bytesDown = traffic.down;
  out.bytesUp = traffic.up;
  if (phase.client >= 0) out.client = flops(program.module.fns[static_cast<std::size_t>(phase.client)]);
  if (phase.merge >= 0) out.merge = flops(program.module.fns[static_cast<std::size_t>(phase.merge)]);
  out.server = stepFlops(program, phase.server);
  return out;
}

}  // namespace fedc::core
