#include <fmt/format.h>

#include "compiler/check/body.h"

/// Typing rules of elementwise functions, reductions, sorting and linear algebra.
namespace fedc::check {

namespace {

bool isBool(Elem e) { return e == Elem::Bool; }

}  // namespace

MutExpr BodyChecker::builtinUnary(Builtin b, std::vector<Arg*>& a, Span span) {
  MutExpr x = tensorArg(a[0]);
  Lift lift;
  TypeRef t = solver_.head(local(x, lift));
  if (isError(t) || lift.failed) return errorExpr(span);
  const std::string name = builtinName(b);
  const bool anyNumber = b == Builtin::Abs || b == Builtin::Sign;
  if (isLiteralHole(t)) {
    if (!anyNumber) solver_.hole(t).wantsFloat = true;
    if (!anyNumber && solver_.hole(t).kind == HoleKind::Int) solver_.hole(t).kind = HoleKind::Float;
    if (b == Builtin::IsFinite) return builtinNode(b, {x}, placed(boolType(), lift), span);
    return builtinNode(b, {x}, placed(t, lift), span);
  }
  if (is(t, TypeKind::Hole)) {
    return failed(Diagnostic(Code::CannotInfer, a[0]->span, fmt::format("the type of `{}` must be known here", source(a[0]->span)))
                      .at(fmt::format("`{}` tells its argument no type", name)));
  }
  if (b == Builtin::Constant) {
    if (hasFunction(solver_.zonk(t)) || is(t, TypeKind::Sequence)) return builtinError(span, x, "`constant` takes a run-time value");
    return builtinNode(b, {x}, placed(t, lift), span);
  }
  if (b == Builtin::IsFinite) {
    if (!isTensorOf(t, core::isFloat)) return builtinError(span, x, fmt::format("`is_finite` takes a tensor of floats, found `{}`", show(t)));
    return builtinNode(b, {x}, placed(tensorType(Elem::Bool, t->dims), lift), span);
  }
  const bool shape = is(t, TypeKind::Tensor) || isStructured(t);
  if (!shape || !allLeaves(t, anyNumber ? core::isNumeric : core::isFloat)) {
    return leavesError(span, x, t, anyNumber ? "num" : "vector",
                       fmt::format("`{}` takes {}, found `{}`", name, anyNumber ? "numbers" : "floats", show(t)));
  }
  return builtinNode(b, {x}, placed(t, lift), span);
}

MutExpr BodyChecker::builtinBinary(Builtin b, std::vector<Arg*>& a, Span span) {
  MutExpr x = inferArg(a[0]);
  MutExpr y = inferArg(a[1]);
  Lift lift;
  TypeRef tx = local(x, lift);
  TypeRef ty = local(y, lift);
  if (lift.failed) return errorExpr(span);
  settleLiterals(tx, ty);
  const TypeRef result = arithmetic(tx, ty, x, y, builtinName(b), span, true);
  if (isError(result)) return errorExpr(span);
  if (isLiteralHole(result) && solver_.hole(result).kind == HoleKind::Int) solver_.hole(result).kind = HoleKind::Float;
  return builtinNode(b, {x, y}, placed(result, lift), span);
}

MutExpr BodyChecker::builtinExtremum(Builtin b, std::vector<Arg*>& a, Span span) {
  MutExpr x = a[1] == nullptr ? tensorArg(a[0]) : inferArg(a[0]);
  if (a[1] == nullptr) return reduce(b, x, a[2], span);
  if (a[2] != nullptr) {
    return failed(Diagnostic(Code::WrongArgumentCount, span,
                             fmt::format("`{}` goes over one value along an axis, or over two element by element", builtinName(b)))
                      .at("both are given"));
  }
  MutExpr y = inferArg(a[1]);
  Lift lift;
  TypeRef tx = local(x, lift);
  TypeRef ty = local(y, lift);
  if (lift.failed) return errorExpr(span);
  settleLiterals(tx, ty);
  const TypeRef result = arithmetic(tx, ty, x, y, builtinName(b), span, false);
  if (isError(result)) return errorExpr(span);
  return builtinNode(b, {x, y, nullptr}, placed(result, lift), span);
}

MutExpr BodyChecker::builtinWhere(std::vector<Arg*>& a, Span span) {
  MutExpr c = inferArg(a[0]);
  MutExpr x = inferArg(a[1]);
  MutExpr y = inferArg(a[2]);
  Lift lift;
  const TypeRef tc = solver_.head(local(c, lift));
  TypeRef tx = solver_.head(local(x, lift));
  TypeRef ty = solver_.head(local(y, lift));
  if (isError(tc) || isError(tx) || isError(ty) || lift.failed) return errorExpr(span);
  settleLiterals(tx, ty);
  if (!isTensorOf(tc, isBool)) {
    if (is(tc, TypeKind::Parameter)) return builtinNode(Builtin::Where, {c, x, y}, placed(isLiteralHole(tx) ? ty : tx, lift), span);
    return builtinError(span, c, fmt::format("the first argument of `where` is `bool`, found `{}`", show(tc)));
  }
  const auto isOf = [](const TypeRef& t, Elem e) { return is(t, TypeKind::Tensor) && t->elem == e; };
  const auto both = [&](Elem e) { return isOf(tx, e) && isOf(ty, e); };
  TypeRef value;
  if (both(Elem::Bool) || both(Elem::Str)) {
    const auto dims = broadcast(tx->dims, ty->dims);
    if (!dims) {
      shapeError(x, y, "where", span);
      return errorExpr(span);
    }
    value = tensorType(tx->elem, *dims);
  } else {
    value = solver_.head(arithmetic(tx, ty, x, y, "where", span, false));
  }
  if (isError(value)) return errorExpr(span);
  if (tc->dims.empty()) return builtinNode(Builtin::Where, {c, x, y}, placed(value, lift), span);
  if (is(value, TypeKind::Parameter)) return builtinNode(Builtin::Where, {c, x, y}, placed(value, lift), span);
  if (isLiteralHole(value)) {
    // Two literals: their type is the statement's, their shape the condition's.
    const MutExpr result = builtinNode(Builtin::Where, {c, x, y}, nullptr, span);
    solver_.unify(value, scalarType(solver_.hole(value).kind == HoleKind::Float ? Elem::F32 : Elem::I32));
    value = solver_.head(value);
    result->type = placed(tensorType(value->elem, tc->dims), lift);
    return result;
  }
  if (!is(value, TypeKind::Tensor)) {
    return builtinError(span, c, fmt::format("a tensor of `bool` chooses between tensors, not between `{}`", show(value)));
  }
  const auto dims = broadcast(tc->dims, value->dims);
  if (!dims) {
    shapeError(c, isScalar(solver_.head(tx)) ? y : x, "where", span);
    return errorExpr(span);
  }
  return builtinNode(Builtin::Where, {c, x, y}, placed(tensorType(value->elem, *dims), lift), span);
}

MutExpr BodyChecker::builtinReduction(Builtin b, std::vector<Arg*>& a, Span span) {
  MutExpr x = tensorArg(a[0]);
  if (b == Builtin::Norm) {
    Lift lift;
    TypeRef t = solver_.head(local(x, lift));
    if (isError(t) || lift.failed) return errorExpr(span);
    if (isLiteralHole(t)) solver_.unify(t, scalarType(Elem::F32));
    t = solver_.head(t);
    const bool shape = is(t, TypeKind::Tensor) || isStructured(t);
    if (!shape || !allLeaves(t, core::isFloat)) return leavesError(span, x, t, "vector", fmt::format("`norm` takes a vector, found `{}`", show(t)));
    const auto e = commonElem(t);
    return builtinNode(b, {x}, placed(scalarType(e ? *e : Elem::F32), lift), span);
  }
  return reduce(b, x, a[1], span);
}

MutExpr BodyChecker::reduce(Builtin b, MutExpr x, Arg* axisArg, Span span) {
  Lift lift;
  TypeRef t = solver_.head(local(x, lift));
  if (isError(t) || lift.failed) return errorExpr(span);
  const std::string name = builtinName(b);
  const bool isExtremum = b == Builtin::Min || b == Builtin::Max;
  const auto node = [&](const TypeRef& type, const MutExpr& axis) {
    if (isExtremum) return builtinNode(b, {x, nullptr, axis}, placed(type, lift), span);
    return builtinNode(b, {x, axis}, placed(type, lift), span);
  };
  if (is(t, TypeKind::Sequence)) {
    if (b != Builtin::Sum || axisArg != nullptr) {
      if (b == Builtin::Sum) {
        return failed(Diagnostic(Code::BuiltinArgument, axisArg->span, "`sum` of a sequence adds its elements, and takes no axis")
                          .at("along which axis?")
                          .label(x->span, fmt::format("`{}`", show(x->type))));
      }
      Diagnostic d(Code::BuiltinArgument, span, fmt::format("`{}` does not take a sequence; `sum`, `count`, `fold` and `collect` do", name));
      d.labels.push_back({x->span, fmt::format("`{}`", show(x->type))});
      if (b == Builtin::Mean) d.notes.push_back(fmt::format("the mean is `{0}.sum() / f32({0}.count())`", source(x->span)));
      return failed(std::move(d));
    }
    const TypeRef e = solver_.zonk(t->element);
    // What makes the elements has said it already.
    if (anyPart(e, [](const Type& part) { return part.kind == TypeKind::Error; })) return errorExpr(span);
    if (!allLeaves(e, core::isNumeric) && !is(solver_.head(e), TypeKind::Hole)) {
      return builtinError(span, x, fmt::format("the elements of this sequence are `{}` and cannot be added", show(e)));
    }
    if (mentionsUnknown(e))
      return builtinError(span, x, fmt::format("the elements of this sequence are `{}` of different sizes and cannot be added", show(e)));
    return node(e, nullptr);
  }
  if (isLiteralHole(t))
    return failed(
        Diagnostic(Code::BuiltinArgument, span, fmt::format("`{}` goes over the elements of a tensor", name)).label(x->span, "this is one number"));
  if (is(t, TypeKind::Range)) {
    return builtinError(span, x, fmt::format("`{}` takes tensors, found a range", name));
  }
  const bool wantsBool = b == Builtin::Any || b == Builtin::All;
  if (b == Builtin::Mean && (is(t, TypeKind::Tensor) || isStructured(t)) && !allLeaves(t, core::isFloat)) {
    Diagnostic d(Code::IntegerMean, span, fmt::format("the mean of `{}` is not defined", show(t)));
    d.labels.push_back({x->span, fmt::format("`{}`", show(x->type))});
    if (is(t, TypeKind::Tensor)) d.fix = Fix::wrap(x->span, "f32(", ")", "convert it before");
    return failed(std::move(d));
  }
  const bool shape = is(t, TypeKind::Tensor) || isStructured(t);
  if (!shape || !allLeaves(t, wantsBool ? isBool : core::isNumeric)) {
    return leavesError(span, x, t, wantsBool ? "" : "num",
                       fmt::format("`{}` takes {}, found `{}`", name, wantsBool ? "a tensor of `bool`" : "numbers", show(t)));
  }
  if (axisArg == nullptr) {
    if (is(t, TypeKind::Tensor)) return node(scalarType(t->elem), nullptr);
    if (is(t, TypeKind::Parameter)) return node(scalarType(Elem::F32), nullptr);
    const auto e = commonElem(t);
    if (!e) {
      const auto leaves = leavesOf(solver_.zonk(t));
      if (!leaves && lenient_) return node(scalarType(Elem::F32), nullptr);
      if (leaves && leaves->empty()) return node(scalarType(Elem::F32), nullptr);
      return builtinError(span, x, fmt::format("`{}` over all leaves of `{}`, which have different types", name, show(t)));
    }
    return node(scalarType(*e), nullptr);
  }
  MutExpr axis = wantInt(axisArg, "`axis`");
  if (is(t, TypeKind::Parameter)) return errorExpr(span);
  if (is(t, TypeKind::Tensor)) {
    const auto k = staticAxis(axis, static_cast<int>(t->dims.size()), x);
    if (!k) return errorExpr(span);
    std::vector<Dim> dims = t->dims;
    dims.erase(dims.begin() + *k);
    return node(tensorType(t->elem, std::move(dims)), axis);
  }
  // On T[n], axis 0 is leafwise.
  const auto k = staticAxis(axis, is(t, TypeKind::Array) ? 1 : 0, x);
  if (!k) return errorExpr(span);
  return node(t->element, axis);
}

MutExpr BodyChecker::builtinDot(std::vector<Arg*>& a, Span span) {
  MutExpr x = inferArg(a[0]);
  MutExpr y = inferArg(a[1], x->type);
  Lift lift;
  TypeRef tx = solver_.head(local(x, lift));
  TypeRef ty = solver_.head(local(y, lift));
  if (isError(tx) || isError(ty) || lift.failed) return errorExpr(span);
  settleLiterals(tx, ty);
  solver_.blame(span);
  if (!solver_.unify(ty, tx)) {
    if (is(tx, TypeKind::Tensor) && is(ty, TypeKind::Tensor) && tx->elem == ty->elem) {
      shapeError(x, y, "dot", span);
    } else {
      operandError(x, y, "dot", span, "`dot` takes two vectors of one type");
    }
    return errorExpr(span);
  }
  settleWithin(tx);
  tx = solver_.head(tx);
  if (isLiteralHole(tx)) {
    solver_.unify(tx, scalarType(Elem::F32));
    tx = solver_.head(tx);
  }
  const bool shape = is(tx, TypeKind::Tensor) || isStructured(tx);
  if (!shape || !allLeaves(tx, core::isNumeric)) return leavesError(span, x, tx, "num", fmt::format("`dot` takes vectors, found `{}`", show(tx)));
  const auto e = commonElem(tx);
  return builtinNode(Builtin::Dot, {x, y}, placed(scalarType(e ? *e : Elem::F32), lift), span);
}

MutExpr BodyChecker::builtinArg(Builtin b, std::vector<Arg*>& a, Span span) {
  MutExpr x = tensorArg(a[0]);
  Lift lift;
  const TypeRef t = solver_.head(local(x, lift));
  if (isError(t) || lift.failed) return errorExpr(span);
  if (is(t, TypeKind::Parameter)) return builtinNode(b, {x, nullptr}, placed(intType(), lift), span);
  if (!isTensorOf(t, core::isNumeric) || t->dims.empty()) {
    return builtinError(span, x, fmt::format("`{}` takes a tensor of numbers with at least one axis, found `{}`", builtinName(b), show(t)));
  }
  if (a[1] == nullptr) {
    if (t->dims.size() != 1) return builtinError(span, x, fmt::format("`{}` of a tensor with {} axes needs `axis`", builtinName(b), t->dims.size()));
    return builtinNode(b, {x, nullptr}, placed(intType(), lift), span);
  }
  MutExpr axis = wantInt(a[1], "`axis`");
  const auto k = staticAxis(axis, static_cast<int>(t->dims.size()), x);
  if (!k) return errorExpr(span);
  std::vector<Dim> dims = t->dims;
  dims.erase(dims.begin() + *k);
  return builtinNode(b, {x, axis}, placed(tensorType(Elem::I32, std::move(dims)), lift), span);
}

MutExpr BodyChecker::builtinSort(Builtin b, std::vector<Arg*>& a, Span span) {
  MutExpr x = tensorArg(a[0]);
  Lift lift;
  const TypeRef t = solver_.head(local(x, lift));
  if (isError(t) || lift.failed) return errorExpr(span);
  const std::string name = builtinName(b);
  const bool numbers = isTensorOf(t, core::isNumeric) && !t->dims.empty();
  const bool isOrder = b == Builtin::Sort || b == Builtin::Argsort;
  const bool tensor = numbers || (isOrder && isTensorOf(t, [](Elem e) { return e == Elem::Str; }) && !t->dims.empty());
  switch (b) {
    case Builtin::Argsort:
      if (!tensor || t->dims.size() != 1) return builtinError(span, x, fmt::format("`argsort` takes a tensor of one axis, found `{}`", show(t)));
      return builtinNode(b, {x}, placed(tensorType(Elem::I32, t->dims), lift), span);
    case Builtin::TopK: {
      if (!tensor || t->dims.size() != 1) return builtinError(span, x, fmt::format("`top_k` takes a tensor of one axis, found `{}`", show(t)));
      MutExpr k = wantInt(a[1], "`k`");
      const std::optional<Dim> n = dimOrError(k, "`k` of `top_k`");
      if (!n) return errorExpr(span);
      return builtinNode(b, {x, k}, placed(tupleType({tensorType(t->elem, {*n}), tensorType(Elem::I32, {*n})}), lift), span);
    }
    default: break;
  }
  const bool array =
      is(t, TypeKind::Array) && allLeaves(t, b == Builtin::Sort ? +[](Elem e) { return core::isNumeric(e) || e == Elem::Str; } : core::isNumeric);
  if (!tensor && !array)
    return builtinError(
        span, x,
        fmt::format("`{}` goes along the first axis and takes `T[n]` of numbers{}, found `{}`", name, isOrder ? " or strings" : "", show(t)));
  MutExpr axis;
  if (b == Builtin::Sort && a[1] != nullptr) {
    axis = wantInt(a[1], "`axis`");
    if (!staticAxis(axis, tensor ? static_cast<int>(t->dims.size()) : 1, x)) return errorExpr(span);
  }
  if (b == Builtin::Cumsum) return builtinNode(b, {x}, placed(t, lift), span);
  return builtinNode(b, {x, axis}, placed(t, lift), span);
}

MutExpr BodyChecker::builtinLinear(Builtin b, std::vector<Arg*>& a, Span span) {
  MutExpr x = tensorArg(a[0]);
  MutExpr y = tensorArg(a[1]);
  Lift lift;
  const TypeRef tx = solver_.head(local(x, lift));
  TypeRef ty = solver_.head(local(y, lift));
  if (isError(tx) || isError(ty) || lift.failed) return errorExpr(span);
  const auto floats = [&](const TypeRef& t, std::size_t rank) { return isTensorOf(t, core::isFloat) && t->dims.size() == rank; };
  if (b == Builtin::Solve) {
    if (!floats(tx, 2)) return builtinError(span, x, fmt::format("`solve` takes a square matrix of floats, found `{}`", show(tx)));
    if (tx->elem != Elem::F32 && tx->elem != Elem::F64)
      return builtinError(span, x, fmt::format("`solve` computes in `f32` or `f64`, found `{}`: convert it", show(tx)));
    if (!(floats(ty, 1) || floats(ty, 2)) || ty->elem != tx->elem)
      return builtinError(span, y,
                          fmt::format("the right side of `solve` is `{0}[n]` or `{0}[n, m]`, found `{1}`", core::elemName(tx->elem), show(ty)));
    solver_.blame(span);
    if (!solver_.unifyDims(tx->dims[1], tx->dims[0]))
      return builtinError(span, x, fmt::format("`solve` takes a square matrix, found `{}`", show(tx)));
    if (!solver_.unifyDims(ty->dims[0], tx->dims[0])) {
      shapeError(x, y, "solve", span, "the right side has as many rows as the matrix");
      return errorExpr(span);
    }
    return builtinNode(b, {x, y}, placed(ty, lift), span);
  }
  if (b == Builtin::Conv2d) {
    if (!floats(tx, 3)) return builtinError(span, x, fmt::format("`conv2d` takes an image `f32[h, w, c]`, found `{}`", show(tx)));
    if (!floats(ty, 4) || ty->elem != tx->elem)
      return builtinError(span, y, fmt::format("the kernel of `conv2d` is `f32[kh, kw, i, o]`, found `{}`", show(ty)));
    solver_.blame(span);
    if (!solver_.unifyDims(ty->dims[2], tx->dims[2])) {
      return failed(
          Diagnostic(Code::ShapeMismatch, span, fmt::format("the image has {} channels, the kernel takes {}", show(tx->dims[2]), show(ty->dims[2])))
              .label(x->span, fmt::format("`{}`", show(tx)))
              .label(y->span, fmt::format("`{}`", show(ty))));
    }
    const Dim h = tx->dims[0] - ty->dims[0] + Dim(1);
    const Dim w = tx->dims[1] - ty->dims[1] + Dim(1);
    if ((solver_.zonk(h).constant() && *solver_.zonk(h).constant() <= 0) || (solver_.zonk(w).constant() && *solver_.zonk(w).constant() <= 0)) {
      return failed(Diagnostic(Code::ShapeMismatch, span, "the kernel is larger than the image")
                        .label(x->span, fmt::format("`{}`", show(tx)))
                        .label(y->span, fmt::format("`{}`", show(ty))));
    }
    return builtinNode(b, {x, y}, placed(tensorType(tx->elem, {solver_.zonk(h), solver_.zonk(w), ty->dims[3]}), lift), span);
  }
  // max_pool
  if (!floats(tx, 3)) return builtinError(span, x, fmt::format("`max_pool` takes an image `f32[h, w, c]`, found `{}`", show(tx)));
  y = wantInt(a[1], "the window of `max_pool`");
  const std::optional<Dim> k = dimOrError(y, "the window of `max_pool`");
  if (!k) return errorExpr(span);
  if (k->isConstant(0)) return numberError(y, "the window of `max_pool` has at least one element");
  const Dim h = Dim::floordiv(tx->dims[0], *k);
  const Dim w = Dim::floordiv(tx->dims[1], *k);
  return builtinNode(b, {x, y}, placed(tensorType(tx->elem, {h, w, tx->dims[2]}), lift), span);
}

}  // namespace fedc::check
