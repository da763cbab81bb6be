#include "compiler/check/solver.h"

#include <algorithm>

#include "compiler/support/limits.h"

namespace fedc::check {

TypeRef Solver::freshHole(HoleKind kind, Span span, std::string what) {
  Type t;
  t.kind = TypeKind::Hole;
  t.id = static_cast<std::uint32_t>(holes_.size());
  Hole h;
  h.kind = kind;
  h.span = span;
  h.what = std::move(what);
  holes_.push_back(std::move(h));
  return std::make_shared<const Type>(std::move(t));
}

Dim Solver::freshDim(Span span, std::string what) {
  dimHoles_.push_back({span, std::move(what), std::nullopt});
  return Dim::variable(kDimHoleBit | static_cast<Dim::Variable>(dimHoles_.size() - 1));
}

TypeRef Solver::head(TypeRef t) const {
  while (is(t, TypeKind::Hole) && holes_[t->id].solution) t = holes_[t->id].solution;
  if (is(t, TypeKind::Array)) {
    const TypeRef e = head(t->element);
    if (e != t->element && !is(e, TypeKind::Hole)) return arrayType(e, t->extent);
  }
  return t;
}

Dim Solver::zonk(const Dim& d) const {
  if (d.constant()) return d;
  return d.substitute([&](Dim::Variable v) -> std::optional<Dim> {
    if ((v & kDimHoleBit) == 0) return std::nullopt;
    const auto& s = dimHoles_[v & ~kDimHoleBit].solution;
    if (!s) return std::nullopt;
    return zonk(*s);
  });
}

TypeRef Solver::zonk(const TypeRef& type) const {
  const TypeRef t = head(type);
  switch (t->kind) {
    case TypeKind::Tensor: {
      if (t->dims.empty()) return t;
      std::vector<Dim> dims;
      for (const Dim& d : t->dims) dims.push_back(zonk(d));
      return tensorType(t->elem, std::move(dims));
    }
    case TypeKind::Tuple: {
      if (t->items.empty()) return t;
      std::vector<TypeRef> items;
      for (const TypeRef& i : t->items) items.push_back(zonk(i));
      return tupleType(std::move(items));
    }
    case TypeKind::Array: return arrayType(zonk(t->element), zonk(t->extent));
    case TypeKind::Range: return rangeType(t->elem, zonk(t->extent));
    case TypeKind::Sequence: return sequenceType(zonk(t->element));
    case TypeKind::Placed: return placedType(zonk(t->element), t->placement);
    case TypeKind::Function: {
      std::vector<TypeRef> items;
      for (const TypeRef& i : t->items) items.push_back(zonk(i));
      return functionType(std::move(items), zonk(t->element));
    }
    case TypeKind::Struct: {
      if (t->typeArgs.empty() && t->dimArgs.empty()) return t;
      if (!t->fields.empty() && known(t)) return t;
      Type copy = *t;
      for (TypeRef& a : copy.typeArgs) a = zonk(a);
      for (Dim& d : copy.dimArgs) d = zonk(d);
      return rebuild_(copy);
    }
    default: return t;
  }
}

void Solver::step() const {
  if (++steps_ > kMaxInferenceSteps) throw Overgrown{"a function has types that take too long to infer; write some of them down"};
}

bool Solver::known(const Dim& d) const {
  for (const Dim::Variable v : d.variables())
    if ((v & kDimHoleBit) != 0) return false;
  return true;
}

bool Solver::typesKnown(const TypeRef& t) const {
  return !anyPart(t, [&](const Type& p) {
    if (p.kind != TypeKind::Hole) return false;
    const Hole& h = holes_[p.id];
    if (h.solution) step();
    return !h.solution || !typesKnown(h.solution);
  });
}

bool Solver::known(const TypeRef& t) const {
  return !anyPart(t, [](const Type& p) { return p.kind == TypeKind::Hole; }) && !anyDim(t, [&](const Dim& d) { return !known(d); });
}

bool Solver::isUnknown(const Dim& d) const {
  const auto v = d.asVariable();
  return v && (*v & kDimHoleBit) == 0 && *v < dims_.size() && dims_[*v].name == "?";
}

bool Solver::fail(const TypeRef& found, const TypeRef& expected) {
  clash_ = {path_, found, expected};
  return false;
}

bool Solver::occurs(std::uint32_t id, const TypeRef& t) const {
  return anyPart(t, [&](const Type& p) {
    if (p.kind != TypeKind::Hole) return false;
    if (p.id == id) return true;
    if (holes_[p.id].solution) step();
    return holes_[p.id].solution && occurs(id, holes_[p.id].solution);
  });
}

void Solver::solveHole(std::size_t index, TypeRef t) {
  trail_.push_back({false, index, holes_[index]});
  holes_[index].solution = std::move(t);
}

void Solver::solveDimHole(std::size_t index, Dim d) {
  trail_.push_back({true, index, {}});
  dimHoles_[index].solution = std::move(d);
}

bool Solver::attempt(const std::function<bool()>& f) {
  const std::size_t mark = trail_.size();
  const std::size_t equations = equations_.size();
  ++depth_;
  const bool ok = f();
  --depth_;
  if (!ok) {
    while (trail_.size() > mark) {
      Undo& u = trail_.back();
      if (u.isDim) {
        dimHoles_[u.index].solution.reset();
      } else {
        holes_[u.index] = u.hole;
      }
      trail_.pop_back();
    }
    equations_.resize(equations);
  } else if (depth_ == 0) {
    retired_ += trail_.size();
    trail_.clear();
  }
  return ok;
}

bool Solver::merge(const TypeRef& a, const TypeRef& b) {
  // The younger becomes the older: a hole of an outer statement outlives those of an inner one.
  const TypeRef& older = a->id < b->id ? a : b;
  const TypeRef& younger = a->id < b->id ? b : a;
  trail_.push_back({false, older->id, holes_[older->id]});
  Hole& o = holes_[older->id];
  const Hole& y = holes_[younger->id];
  if (o.kind == HoleKind::Any || (o.kind == HoleKind::Int && y.kind == HoleKind::Float)) o.kind = y.kind == HoleKind::Any ? o.kind : y.kind;
  o.mayPlace = o.mayPlace && y.mayPlace;
  o.wantsFloat = o.wantsFloat || y.wantsFloat;
  o.wantsInteger = o.wantsInteger || y.wantsInteger;
  if (o.wantsInteger && (o.wantsFloat || o.kind == HoleKind::Float)) return fail(a, b);
  solveHole(younger->id, older);
  return true;
}

bool Solver::solve(const TypeRef& holeType, const TypeRef& t, bool holeIsFound) {
  const Hole& h = holes_[holeType->id];
  const auto no = [&] { return holeIsFound ? fail(holeType, t) : fail(t, holeType); };
  if (h.kind != HoleKind::Any) {
    if (is(t, TypeKind::Parameter) && lenient_) return true;
    if (!isScalar(t) || !core::isNumeric(t->elem)) return no();
    if (h.kind == HoleKind::Float && !core::isFloat(t->elem)) return no();
    if (h.wantsInteger && core::isFloat(t->elem)) return no();
  }
  if (!h.mayPlace && hasPlacedValue(zonk(t))) return no();
  if (occurs(holeType->id, t)) return no();
  solveHole(holeType->id, t);
  return true;
}

bool Solver::definitelyDiffer(const Dim& a, const Dim& b) const {
  const Dim difference = a - b;
  if (const auto c = difference.constant()) return *c != 0;
  if (lenient_) return false;
  // Rounded quotients and the like are opaque: they may agree for the sizes that occur, which is seen where sizes are numbers.
  for (const Dim::Term& t : difference.terms())
    for (const Dim::Atom& atom : t.atoms)
      if (atom.kind != Dim::AtomKind::Variable) return false;
  return true;
}

bool Solver::unifyDims(const Dim& found, const Dim& expected) {
  const Dim a = zonk(found);
  const Dim b = zonk(expected);
  if (a == b || isUnknown(b)) return true;
  if (isUnknown(a)) return lenient_;
  const auto isHole = [](const Dim& d) { return d.asVariable() && (*d.asVariable() & kDimHoleBit) != 0; };
  const auto index = [](const Dim& d) { return *d.asVariable() & ~kDimHoleBit; };
  if (isHole(b) && !a.mentions(*b.asVariable())) {
    if (isHole(a) && index(a) > index(b)) {
      solveDimHole(index(a), b);
    } else {
      solveDimHole(index(b), a);
    }
    return true;
  }
  if (isHole(a) && !b.mentions(*a.asVariable())) {
    solveDimHole(index(a), b);
    return true;
  }
  const Dim difference = a - b;
  std::vector<Dim::Variable> unknown;
  for (const Dim::Variable v : difference.variables())
    if ((v & kDimHoleBit) != 0) unknown.push_back(v);
  if (unknown.empty()) return !definitelyDiffer(a, b);
  if (unknown.size() == 1) {
    if (const auto value = difference.solveFor(unknown[0], 0)) {
      solveDimHole(unknown[0] & ~kDimHoleBit, *value);
      return true;
    }
  }
  equations_.push_back({a, b, blame_});
  return true;
}

bool Solver::retryDims() {
  std::vector<DimEquation> waiting;
  waiting.swap(equations_);
  const std::size_t before = progress();
  std::vector<DimEquation> wrong;
  for (DimEquation& e : waiting) {
    const Span saved = blame_;
    blame_ = e.span;
    if (!unifyDims(e.found, e.expected)) wrong.push_back(e);
    blame_ = saved;
  }
  equations_.insert(equations_.end(), wrong.begin(), wrong.end());
  return progress() != before;
}

std::vector<Solver::DimEquation> Solver::takeEquations() {
  std::vector<DimEquation> out;
  std::vector<DimEquation> rest;
  for (DimEquation& e : equations_) {
    e.found = zonk(e.found);
    e.expected = zonk(e.expected);
    const bool decided = known(e.found) && known(e.expected);
    if (decided && (e.found == e.expected || !definitelyDiffer(e.found, e.expected))) continue;
    (decided ? out : rest).push_back(e);
  }
  equations_ = std::move(rest);
  return out;
}

bool Solver::unifyList(const std::vector<TypeRef>& a, const std::vector<TypeRef>& b, const char* what) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::size_t length = path_.size();
    path_ += what + std::to_string(i);
    const bool ok = unify(a[i], b[i]);
    path_.resize(length);
    if (!ok) return false;
  }
  return true;
}

bool Solver::unify(const TypeRef& found, const TypeRef& expected) {
  if (depth_ != 0) return unifyKinds(found, expected);
  // A failed unification leaves no half-made solutions behind: they would give errors that nobody understands.
  return attempt([&] { return unifyKinds(found, expected); });
}

bool Solver::unifyKinds(const TypeRef& found, const TypeRef& expected) {
  const TypeRef a = head(found);
  const TypeRef b = head(expected);
  if (a == b) return true;
  const bool holeA = is(a, TypeKind::Hole);
  const bool holeB = is(b, TypeKind::Hole);
  if (isError(a) || isError(b)) {
    // What depends on an error is one too: nothing more is said about it.
    if (holeA) solveHole(a->id, b);
    if (holeB) solveHole(b->id, a);
    return true;
  }
  if (holeA && holeB) return a->id == b->id || merge(a, b);
  if (holeA) return solve(a, b, true);
  if (holeB) return solve(b, a, false);
  if (a->kind != b->kind) {
    if (is(a, TypeKind::Array) && is(b, TypeKind::Tensor) && !b->dims.empty()) {
      const auto axis = leadingAxis(b);
      return (unifyDims(a->extent, axis->extent) && unify(a->element, axis->element)) || fail(a, b);
    }
    if (is(b, TypeKind::Array) && is(a, TypeKind::Tensor) && !a->dims.empty()) {
      const auto axis = leadingAxis(a);
      return (unifyDims(axis->extent, b->extent) && unify(axis->element, b->element)) || fail(a, b);
    }
    return fail(a, b);
  }
  switch (a->kind) {
    case TypeKind::Tensor: {
      if (a->elem != b->elem || a->dims.size() != b->dims.size()) return fail(a, b);
      for (std::size_t i = 0; i < a->dims.size(); ++i)
        if (!unifyDims(a->dims[i], b->dims[i])) return fail(a, b);
      return true;
    }
    case TypeKind::Tuple:
      if (a->items.size() != b->items.size()) return fail(a, b);
      return unifyList(a->items, b->items, ".");
    case TypeKind::Struct: {
      if (a->name != b->name) return fail(a, b);
      for (std::size_t i = 0; i < a->typeArgs.size(); ++i)
        if (!unify(a->typeArgs[i], b->typeArgs[i])) return fail(a, b);
      for (std::size_t i = 0; i < a->dimArgs.size(); ++i)
        if (!unifyDims(a->dimArgs[i], b->dimArgs[i])) return fail(a, b);
      return true;
    }
    case TypeKind::Array:
      if (!unifyDims(a->extent, b->extent)) return fail(a, b);
      return unify(a->element, b->element);
    case TypeKind::Sequence: return unify(a->element, b->element) || fail(a, b);
    case TypeKind::Function: {
      if (a->items.size() != b->items.size()) return fail(a, b);
      // A parameter is used the other way round: what is expected of the function's parameter comes from outside.
      for (std::size_t i = 0; i < a->items.size(); ++i)
        if (!unify(b->items[i], a->items[i])) return fail(a, b);
      return unify(a->element, b->element) || fail(a, b);
    }
    case TypeKind::Placed:
      if (a->placement != b->placement) return fail(a, b);
      return unify(a->element, b->element);
    case TypeKind::Range: return (a->elem == b->elem && unifyDims(a->extent, b->extent)) || fail(a, b);
    case TypeKind::OpenLambda:
    case TypeKind::Parameter: return a->id == b->id || fail(a, b);
    case TypeKind::Hole:
    case TypeKind::Error: return true;
  }
  return true;
}

}  // namespace fedc::check
