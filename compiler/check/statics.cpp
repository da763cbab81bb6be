#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "compiler/check/body.h"
#include "compiler/support/limits.h"

/// Integers that are sizes: what can be read off an expression before the program runs.
namespace fedc::check {

namespace {

std::optional<Dim> quotient(const Dim& a, const Dim& b) {
  const auto x = a.constant();
  const auto y = b.constant();
  if (y && *y == 0) return std::nullopt;
  // The language truncates; sizes are not negative, where truncation and floor agree.
  if (x && y) return Dim(*x / *y);
  return Dim::floordiv(a, b);
}

}  // namespace

std::optional<Dim> BodyChecker::staticDim(const Expr& e) {
  const auto of = [&](std::size_t i) -> std::optional<Dim> { return e.operands[i] ? staticDim(*e.operands[i]) : std::nullopt; };
  const auto bounded = [](std::optional<Dim> d) -> std::optional<Dim> {
    if (d && d->constant() && (*d->constant() > kMaxExtent || *d->constant() < -kMaxExtent)) return std::nullopt;
    return d;
  };
  switch (e.kind) {
    case ExprKind::Literal:
      if (core::isFloat(e.literal.elem) || e.literal.elem == Elem::U64) return std::nullopt;
      return bounded(Dim(e.literal.toInt()));
    case ExprKind::DimValue: return solver_.zonk(e.dim);
    case ExprKind::Param: {
      for (const Param& p : program_.out.params)
        if (p.name == e.name && core::isInteger(p.elem)) return bounded(Dim(p.value.toInt()));
      return std::nullopt;
    }
    case ExprKind::Global: return e.global->value ? staticDim(*e.global->value) : std::nullopt;
    case ExprKind::Local: {
      if (e.local->isVar) return std::nullopt;
      if (const auto it = program_.localDims.find(e.local->id); it != program_.localDims.end()) return solver_.zonk(it->second);
      if (const auto it = program_.definitions.find(e.local->id); it != program_.definitions.end() && it->second) {
        if (auto d = staticDim(*it->second)) {
          program_.localDims[e.local->id] = *d;
          return d;
        }
      }
      const TypeRef t = solver_.head(e.local->type);
      if (!isScalar(t) || !core::isInteger(t->elem)) return std::nullopt;
      const Dim named = Dim::variable(program_.newDim(e.local->name, std::nullopt, e.local->id));
      program_.localDims[e.local->id] = named;
      return named;
    }
    case ExprKind::Convert: {
      const TypeRef t = solver_.head(e.type);
      const TypeRef from = solver_.head(e.operands[0]->type);
      if (!isScalar(t) || !core::isInteger(t->elem) || !isScalar(from) || !core::isInteger(from->elem)) return std::nullopt;
      return of(0);
    }
    case ExprKind::Place: return std::nullopt;
    case ExprKind::Unary: {
      const auto x = of(0);
      if (!x || e.unary != UnaryOp::Neg) return std::nullopt;
      return Dim(0) - *x;
    }
    case ExprKind::Binary: {
      const TypeRef t = solver_.head(e.type);
      if (!(isScalar(t) && core::isInteger(t->elem)) && !isLiteralHole(t)) return std::nullopt;
      const auto a = of(0);
      const auto b = a ? of(1) : std::nullopt;
      if (!b) return std::nullopt;
      switch (e.binary) {
        case BinaryOp::Add: return bounded(*a + *b);
        case BinaryOp::Sub: return bounded(*a - *b);
        case BinaryOp::Mul: return bounded(*a * *b);
        case BinaryOp::Div: return bounded(quotient(*a, *b));
        case BinaryOp::Rem: {
          const auto q = quotient(*a, *b);
          if (!q) return std::nullopt;
          return bounded(*a - *q * *b);
        }
        default: return std::nullopt;
      }
    }
    case ExprKind::Block: {
      if (e.operands.empty()) return std::nullopt;
      return of(0);
    }
    case ExprKind::Index: {
      if (e.subscripts.size() != 1 || e.subscripts[0].kind != Subscript::Kind::At) return std::nullopt;
      const auto dims = staticDims(*e.operands[0]);
      const auto i = dims ? staticDim(*e.subscripts[0].at) : std::nullopt;
      if (!i || !i->constant() || *i->constant() < 0 || *i->constant() >= static_cast<std::int64_t>(dims->size())) return std::nullopt;
      return (*dims)[static_cast<std::size_t>(*i->constant())];
    }
    case ExprKind::BuiltinCall: break;
    default: return std::nullopt;
  }
  switch (e.builtin) {
    case Builtin::Len: {
      const auto axis = leadingAxis(solver_.zonk(e.operands[0]->type));
      if (!axis || solver_.isUnknown(axis->extent)) return std::nullopt;
      return axis->extent;
    }
    case Builtin::Size: return sizeOf(solver_.zonk(e.operands[0]->type));
    case Builtin::Ilog2: {
      const auto n = of(0);
      if (!n || !n->constant() || *n->constant() <= 0) return std::nullopt;
      return Dim(static_cast<std::int64_t>(std::bit_width(static_cast<std::uint64_t>(*n->constant()))) - 1);
    }
    case Builtin::NextPow2: {
      const auto n = of(0);
      return n ? std::optional(Dim::nextPow2(*n)) : std::nullopt;
    }
    case Builtin::Min:
    case Builtin::Max: {
      if (e.operands.size() != 3 || !e.operands[1]) return std::nullopt;
      const TypeRef t = solver_.head(e.type);
      if (!(isScalar(t) && core::isInteger(t->elem)) && !isLiteralHole(t)) return std::nullopt;
      const auto a = of(0);
      const auto b = a ? of(1) : std::nullopt;
      if (!b) return std::nullopt;
      return e.builtin == Builtin::Min ? Dim::min(*a, *b) : Dim::max(*a, *b);
    }
    default: return std::nullopt;
  }
}

std::optional<std::vector<Dim>> BodyChecker::staticDims(const Expr& e) {
  if (e.kind == ExprKind::Local && !e.local->isVar) {
    const auto it = program_.definitions.find(e.local->id);
    if (it == program_.definitions.end() || !it->second) return std::nullopt;
    return staticDims(*it->second);
  }
  if (e.kind == ExprKind::Array) {
    std::vector<Dim> out;
    for (const ExprPtr& o : e.operands) {
      const auto d = staticDim(*o);
      if (!d) return std::nullopt;
      out.push_back(*d);
    }
    return out;
  }
  if (e.kind == ExprKind::BuiltinCall && e.builtin == Builtin::ShapeOf) {
    const TypeRef t = solver_.zonk(e.operands[0]->type);
    const TypeRef inner = is(t, TypeKind::Placed) ? solver_.head(t->element) : t;
    if (is(inner, TypeKind::Tensor)) return inner->dims;
  }
  return std::nullopt;
}

std::optional<Dim> BodyChecker::dimOrError(const MutExpr& e, const std::string& what) {
  if (isError(solver_.head(e->type))) return std::nullopt;
  if (auto d = staticDim(*e)) {
    if (const auto c = d->constant(); !c || *c >= 0) return d;
    report(Diagnostic(Code::SizeNotStatic, e->span, fmt::format("{} cannot be {}", what, *d->constant())).at("negative"));
    return std::nullopt;
  }
  if (e->kind == ExprKind::Literal && !core::isFloat(e->literal.elem)) {
    report(Diagnostic(Code::SizeNotStatic, e->span, fmt::format("{} is at most {}", what, kMaxExtent)).at("larger than that"));
    // That it is no `i32` need not be said too.
    e->type = errorType();
    return std::nullopt;
  }
  if (lenient_) return unknownDim(std::nullopt);
  const TypeRef t = solver_.head(e->type);
  const bool isFloat = isLiteralHole(t) && solver_.hole(t).kind == HoleKind::Float;
  if (isFloat || (is(t, TypeKind::Tensor) && !(t->dims.empty() && core::isInteger(t->elem))) || isStructured(t)) {
    report(Diagnostic(Code::TypeMismatch, e->span, fmt::format("{} is an `i32`, found `{}`", what, show(t))).at("no integer"));
    return std::nullopt;
  }
  if (e->kind == ExprKind::BuiltinCall && e->builtin == Builtin::Ilog2 && staticDim(*e->operands[0])) {
    report(Diagnostic(Code::SizeNotStatic, e->span, fmt::format("{} made by `ilog2` must be a number when the program is compiled", what))
               .at("differs from call to call")
               .note("`ilog2` is taken of numbers, params and `let`s; of a dimension there is `next_pow2`"));
    return std::nullopt;
  }
  Diagnostic d(Code::SizeNotStatic, e->span, fmt::format("{} must be known before the values are", what));
  if (e->kind == ExprKind::BuiltinCall && e->builtin == Builtin::Prod && e->operands[0]->kind == ExprKind::BuiltinCall &&
      e->operands[0]->builtin == Builtin::ShapeOf)
    d.fix = Fix::replace(e->span, fmt::format("size({})", source(e->operands[0]->operands[0]->span)), "the number of its elements");
  report(std::move(d)
             .at("this changes while the program runs")
             .note("sizes are made of numbers, params, `let`s, dimensions, `len`, `size`, `leaves`, `+ - * / %`, `min`, `max`, `ilog2` and "
                   "`next_pow2`"));
  return std::nullopt;
}

std::optional<std::vector<Dim>> BodyChecker::requireDims(const MutExpr& e, const std::string& what) {
  const TypeRef t = solver_.head(e->type);
  if (isError(t)) return std::nullopt;
  if (e->kind == ExprKind::Array) {
    std::vector<Dim> out;
    bool ok = true;
    for (const ExprPtr& o : e->operands) {
      const std::optional<Dim> d = dimOrError(std::const_pointer_cast<Expr>(o), "a size");
      ok = ok && d;
      if (d) out.push_back(*d);
    }
    return ok ? std::optional(out) : std::nullopt;
  }
  if (auto dims = staticDims(*e)) return dims;
  if (lenient_) return std::nullopt;
  if (const auto axis = leadingAxis(t); axis && (isLiteralHole(axis->element) || (isScalar(axis->element) && core::isInteger(axis->element->elem)))) {
    report(Diagnostic(Code::SizeNotStatic, e->span, fmt::format("{} must be known before the values are", what))
               .at("this changes while the program runs")
               .note("write the sizes out, as in `[28, n]`"));
    return std::nullopt;
  }
  Diagnostic d(Code::SizeNotStatic, e->span, fmt::format("{} is a list of sizes, found `{}`", what, show(t)));
  d.primaryLabel = "as in `[28, n]` or `shape(x)`";
  if (isLiteralHole(t) || (isScalar(t) && core::isInteger(t->elem))) d.fix = Fix::wrap(e->span, "[", "]", "a list of one size");
  report(std::move(d));
  return std::nullopt;
}

std::optional<std::int64_t> BodyChecker::staticAxis(const MutExpr& e, int rank, const MutExpr& of) {
  if (isError(solver_.head(e->type))) return std::nullopt;
  const auto d = staticDim(*e);
  if (!d || !d->constant()) {
    report(Diagnostic(Code::SizeNotStatic, e->span, "an axis must be a number that is known before the run").at("not known"));
    return std::nullopt;
  }
  std::int64_t axis = *d->constant();
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank) {
    TypeRef local = solver_.head(of->type);
    if (is(local, TypeKind::Placed)) local = solver_.head(local->element);
    report(Diagnostic(Code::AxisRange, e->span, fmt::format("there is no axis {}", *d->constant()))
               .at(rank == 0   ? (isStructured(local) ? "a vector of several leaves has no axes" : "a scalar has no axes")
                   : rank == 1 ? "there is one axis, 0"
                               : fmt::format("the axes are 0 to {}", rank - 1))
               .label(of->span, fmt::format("`{}`", show(of->type))));
    return std::nullopt;
  }
  return axis;
}

}  // namespace fedc::check
