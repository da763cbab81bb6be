#include <algorithm>

#include <fmt/format.h>

#include "compiler/check/body.h"

/// Typing rules of what makes and changes shapes, asks for sizes, and goes leaf by leaf.
namespace fedc::check {

MutExpr BodyChecker::builtinFill(Builtin b, std::vector<Arg*>& a, Span span, const TypeRef& hint) {
  const std::string name = builtinName(b);
  if ((b == Builtin::Zeros || b == Builtin::Ones) && a[0] != nullptr) {
    MutExpr shape = inferArg(a[0]);
    const auto dims = requireDims(shape, fmt::format("the shape of `{}`", name));
    if (!dims) return errorExpr(span);
    // The shape is given, the element type is the surroundings' where they say one.
    Elem elem = Elem::F32;
    if (hint) {
      TypeRef want = solver_.head(hint);
      if (is(want, TypeKind::Placed)) want = solver_.head(want->element);
      if (is(want, TypeKind::Tensor) && core::isNumeric(want->elem)) elem = want->elem;
    }
    return builtinNode(b, {shape}, tensorType(elem, *dims), span);
  }
  const TypeRef type = solver_.freshHole(HoleKind::Any, span, fmt::format("the type of `{}`", source(span)));
  MutExpr value;
  if (b == Builtin::Full) value = inferArg(a[0]);
  Lift lift;
  TypeRef scalar = value ? solver_.head(local(value, lift)) : nullptr;
  if (lift.failed || (scalar && isError(scalar))) return errorExpr(span);
  suggestResult(type, hint);
  const auto judge = [this, b, type, scalar, value, span, name](bool last) {
    if (!solver_.typesKnown(type)) return last;
    const TypeRef t = solver_.zonk(type);
    if (isError(t)) return true;
    const auto leaves = leavesOf(t);
    if (!leaves) {
      if (is(t, TypeKind::Parameter)) return true;
      if (!lenient_) builtinError(span, nullptr, fmt::format("`{}` makes run-time values, not `{}`", name, show(t)));
      return true;
    }
    if (mentionsUnknown(t)) {
      report(Diagnostic(Code::SizeNotStatic, span, fmt::format("`{}` must know the sizes that it fills, `{}` leaves one open", name, show(t)))
                 .at("of which size?"));
      return true;
    }
    for (const Leaf& l : *leaves) {
      const Elem e = l.type->elem;
      const bool ok = core::isNumeric(e) || (e == Elem::Bool && (b == Builtin::Zeros || b == Builtin::Ones || b == Builtin::Full)) ||
                      (e == Elem::Str && (b == Builtin::Zeros || b == Builtin::Full));
      if (!ok) {
        const std::string holds = isScalar(t) ? fmt::format("not `{}`", show(t)) : fmt::format("`{}` holds `{}`", show(t), core::elemName(e));
        builtinError(span, nullptr, fmt::format("`{}` fills numbers, {}", name, holds));
        return true;
      }
    }
    if (!value) return true;
    const auto isFloat = [](const Leaf& l) { return core::isFloat(l.type->elem); };
    // A literal for leaves of several float types is of the widest. A float fills all of them, as nearly as each can hold it.
    if (isLiteralHole(scalar) && std::all_of(leaves->begin(), leaves->end(), isFloat)) {
      const bool isWide = std::any_of(leaves->begin(), leaves->end(), [](const Leaf& l) { return l.type->elem == Elem::F64; });
      const bool isSame = std::all_of(leaves->begin(), leaves->end(), [&](const Leaf& l) { return l.type->elem == leaves->front().type->elem; });
      solver_.unify(scalar, scalarType(isSame && !leaves->empty() ? leaves->front().type->elem : isWide ? Elem::F64 : Elem::F32));
    }
    for (const Leaf& l : *leaves) {
      if (const TypeRef given = solver_.head(scalar); isScalar(given) && core::isFloat(given->elem) && isFloat(l)) continue;
      solver_.blame(value->span);
      if (solver_.unify(scalar, scalarType(l.type->elem))) continue;
      const std::string where = l.path.empty() ? "" : fmt::format(" (its leaf `{}`)", l.path);
      report(Diagnostic(Code::TypeMismatch, value->span, fmt::format("`full` fills `{}`{} with `{}`", show(t), where, show(scalar)))
                 .at(fmt::format("`{}` is wanted", core::elemName(l.type->elem))));
      return true;
    }
    return true;
  };
  if (b == Builtin::Full && !isLiteralHole(scalar) && !isScalar(scalar) && !is(scalar, TypeKind::Hole)) {
    solver_.unify(type, errorType());
    return builtinError(span, value, fmt::format("`full` fills with one number, found `{}`", show(scalar)));
  }
  later(judge);
  if (b == Builtin::Full) return builtinNode(b, {value}, placed(type, lift), span);
  if (b == Builtin::Highest || b == Builtin::Lowest) return builtinNode(b, {}, type, span);
  return builtinNode(b, {nullptr}, type, span);
}

MutExpr BodyChecker::builtinConcat(std::vector<Arg>& all, Span span) {
  MutExpr axis;
  std::vector<MutExpr> parts;
  Lift lift;
  std::vector<TypeRef> types;
  const bool joinsRows = std::none_of(all.begin(), all.end(), [](const Arg& a) { return a.name.has_value(); });
  for (Arg& a : all) {
    if (a.name) {
      if (a.name->text != "axis" || axis) {
        return failed(Diagnostic(Code::UnknownArgument, a.name->span, fmt::format("`concat` has no parameter `{}`", a.name->text))
                          .at("its named parameter is `axis`"));
      }
      axis = wantInt(&a, "`axis`");
      continue;
    }
    // The length of the first says nothing of the others; the type of its rows goes for rows that are written out.
    const bool written = a.syntax != nullptr && a.syntax->kind == ast::ExprKind::Array;
    MutExpr e = inferArg(&a, types.empty() || !written || !joinsRows ? nullptr : types.front());
    TypeRef t = solver_.head(local(e, lift));
    if (isError(t)) return errorExpr(span);
    parts.push_back(e);
    types.push_back(t);
  }
  if (lift.failed) return errorExpr(span);
  // Numbers written out in arrays take the element type of the others.
  std::optional<Elem> elem;
  for (const TypeRef& t : types)
    if (!elem && is(t, TypeKind::Tensor)) elem = t->elem;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!is(types[i], TypeKind::Array)) continue;
    if (!elem || core::isNumeric(*elem)) settleWithin(types[i], elem);
    types[i] = solver_.zonk(types[i]);
  }
  if (parts.empty()) return failed(Diagnostic(Code::MissingArgument, span, "`concat` needs something to join").at("nothing given"));
  std::int64_t k = 0;
  const TypeRef first = solver_.zonk(types[0]);
  if (is(first, TypeKind::Parameter)) return errorExpr(span);
  if (!leadingAxis(first) || is(first, TypeKind::Range)) {
    Diagnostic d(Code::BuiltinArgument, span, fmt::format("`concat` joins tensors and arrays, found `{}`", show(first)));
    d.labels.push_back({parts[0]->span, fmt::format("`{}`", show(parts[0]->type))});
    if (isScalar(first)) d.notes.push_back("single values are put into an array by `[x, y]`");
    return failed(std::move(d));
  }
  if (axis) {
    const auto given = staticAxis(axis, is(first, TypeKind::Tensor) ? static_cast<int>(first->dims.size()) : 1, parts[0]);
    if (!given) return errorExpr(span);
    k = *given;
  }
  Dim total = 0;
  TypeRef joined;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const TypeRef t = solver_.head(types[i]);
    const auto rank = [](const TypeRef& x) { return is(x, TypeKind::Tensor) ? x->dims.size() : 1; };
    const auto lead = leadingAxis(t);
    if (!lead || is(t, TypeKind::Range) || (is(t, TypeKind::Tensor) && is(first, TypeKind::Tensor) && rank(t) != rank(first))) {
      return failed(
          Diagnostic(Code::BuiltinArgument, span, fmt::format("`concat` joins values with as many axes, found `{}` and `{}`", show(first), show(t)))
              .label(parts[0]->span, fmt::format("`{}`", show(parts[0]->type)))
              .label(parts[i]->span, fmt::format("`{}`", show(parts[i]->type))));
    }
    solver_.blame(parts[i]->span);
    // All sizes but the joined one agree.
    const auto without = [&](const TypeRef& x) -> TypeRef {
      if (!is(x, TypeKind::Tensor)) return leadingAxis(x)->element;
      std::vector<Dim> dims = x->dims;
      dims.erase(dims.begin() + k);
      return tensorType(x->elem, std::move(dims));
    };
    if (!joined) {
      joined = without(t);
    } else if (!solver_.unify(without(t), joined)) {
      if (is(t, TypeKind::Tensor) && is(first, TypeKind::Tensor) && t->elem == first->elem) {
        shapeError(parts[0], parts[i], "concat", span, "all sizes but the joined one must agree");
      } else {
        operandError(parts[0], parts[i], "concat", span, "what is joined has one element type");
      }
      return errorExpr(span);
    }
    total = total + (is(t, TypeKind::Tensor) ? t->dims[static_cast<std::size_t>(k)] : lead->extent);
  }
  TypeRef type;
  const TypeRef element = solver_.head(joined);
  if (is(first, TypeKind::Tensor) || is(element, TypeKind::Tensor)) {
    std::vector<Dim> dims = is(element, TypeKind::Tensor) ? element->dims : std::vector<Dim>{};
    dims.insert(dims.begin() + std::min<std::ptrdiff_t>(k, static_cast<std::ptrdiff_t>(dims.size())), solver_.zonk(total));
    type = tensorType(is(element, TypeKind::Tensor) ? element->elem : first->elem, std::move(dims));
  } else {
    type = arrayType(element, solver_.zonk(total));
  }
  Operands operands(parts.begin(), parts.end());
  operands.push_back(axis);
  return builtinNode(Builtin::Concat, std::move(operands), placed(type, lift), span);
}

MutExpr BodyChecker::builtinShape(Builtin b, std::vector<Arg*>& a, std::vector<Arg>& all, Span span, const TypeRef& hint) {
  if (b == Builtin::Concat) return builtinConcat(all, span);
  MutExpr x = tensorArg(a[0]);
  Lift lift;
  const TypeRef t = solver_.zonk(local(x, lift));
  if (isError(t) || lift.failed) return errorExpr(span);
  const std::string name = builtinName(b);
  const bool tensor = is(t, TypeKind::Tensor);
  switch (b) {
    case Builtin::Reshape: {
      MutExpr shape = inferArg(a[1]);
      const auto dims = requireDims(shape, "the shape of `reshape`");
      if (!dims) return errorExpr(span);
      if (is(t, TypeKind::Parameter)) return errorExpr(span);
      if (!tensor) return builtinError(span, x, fmt::format("`reshape` takes a tensor, found `{}`", show(t)));
      Dim before = 1;
      Dim after = 1;
      for (const Dim& d : t->dims) before = before * d;
      for (const Dim& d : *dims) after = after * d;
      // Unknown sizes are compared where they are numbers.
      const auto difference = (solver_.zonk(before) - solver_.zonk(after)).constant();
      const bool known = solver_.known(before) && solver_.known(after);
      if (known && difference && *difference != 0) {
        return failed(Diagnostic(Code::ShapeMismatch, span, fmt::format("`{}` has {} elements, the new shape {}", show(t), show(before), show(after)))
                          .label(x->span, fmt::format("{} elements", show(before)))
                          .label(shape->span, fmt::format("{} elements", show(after))));
      }
      return builtinNode(b, {x, shape}, placed(tensorType(t->elem, *dims), lift), span);
    }
    case Builtin::Ravel: {
      if (!isStructured(t) && !tensor) return builtinError(span, x, fmt::format("`ravel` takes a tensor or a vector, found `{}`", show(t)));
      const auto e = tensor ? std::optional(t->elem) : commonElem(t);
      if (!e && !lenient_ && !isUnit(t)) return builtinError(span, x, fmt::format("the leaves of `{}` have different types", show(t)));
      return builtinNode(b, {x}, placed(tensorType(e ? *e : Elem::F32, {sizeOfType(t, false, span)}), lift), span);
    }
    case Builtin::Unravel: {
      if (!tensor || t->dims.size() != 1) return builtinError(span, x, fmt::format("`unravel` takes a tensor of one axis, found `{}`", show(t)));
      const TypeRef type = solver_.freshHole(HoleKind::Any, span, fmt::format("the type of `{}`", source(span)));
      suggestResult(type, hint);
      const Dim extent = t->dims[0];
      const Elem elem = t->elem;
      later([this, type, extent, elem, span, x](bool last) {
        if (!solver_.typesKnown(type)) return last;
        const TypeRef result = solver_.zonk(type);
        if (isError(result) || is(result, TypeKind::Parameter)) return true;
        const auto e = commonElem(result);
        if (e && *e != elem) {
          builtinError(span, x, fmt::format("`unravel` makes `{}` of `{}`, found `{}`", show(result), core::elemName(*e), core::elemName(elem)));
          return true;
        }
        solver_.blame(span);
        if (!solver_.unifyDims(extent, sizeOfType(result, false, span))) {
          report(Diagnostic(Code::ShapeMismatch, span,
                            fmt::format("`{}` has {} elements, {} are given", show(result), show(sizeOfType(result, false, span)), show(extent)))
                     .label(x->span, fmt::format("`{}`", show(x->type))));
        }
        return true;
      });
      return builtinNode(b, {x}, placed(type, lift), span);
    }
    case Builtin::Transpose: {
      if (!tensor) return builtinError(span, x, fmt::format("`transpose` takes a tensor, found `{}`", show(t)));
      if (a[1] == nullptr) return builtinNode(b, {x, nullptr}, placed(tensorType(t->elem, {t->dims.rbegin(), t->dims.rend()}), lift), span);
      MutExpr axes = inferArg(a[1]);
      if (axes->kind != ExprKind::Array && !isError(solver_.head(axes->type)) && !staticDims(*axes)) {
        return failed(Diagnostic(Code::SizeNotStatic, axes->span, "the axes of `transpose` must be known before the values are")
                          .at("written out, as in `[1, 0]`"));
      }
      const auto order = requireDims(axes, "the axes of `transpose`");
      if (!order) return errorExpr(span);
      std::vector<bool> seen(t->dims.size(), false);
      std::vector<Dim> dims;
      bool ok = order->size() == t->dims.size();
      for (std::size_t i = 0; ok && i < order->size(); ++i) {
        const auto k = (*order)[i].constant();
        ok = k && *k >= 0 && *k < static_cast<std::int64_t>(seen.size()) && !seen[static_cast<std::size_t>(*k)];
        if (!ok) break;
        seen[static_cast<std::size_t>(*k)] = true;
        dims.push_back(t->dims[static_cast<std::size_t>(*k)]);
      }
      if (!ok) {
        return failed(Diagnostic(Code::AxisRange, axes->span,
                                 fmt::format("the axes of `{}` are 0 to {}, each once", show(t), static_cast<int>(t->dims.size()) - 1))
                          .at("no permutation of them"));
      }
      return builtinNode(b, {x, axes}, placed(tensorType(t->elem, std::move(dims)), lift), span);
    }
    case Builtin::Pad: {
      MutExpr size = wantInt(a[1], "the size to pad to");
      const std::optional<Dim> extent = dimOrError(size, "the size to pad to");
      if (!extent) return errorExpr(span);
      const Dim& n = *extent;
      const auto axis = leadingAxis(t);
      if (!axis || is(t, TypeKind::Range)) return builtinError(span, x, fmt::format("`pad` takes `T[n]`, found `{}`", show(t)));
      if (!allLeaves(axis->element, [](Elem e) { return e != Elem::Key; }))
        return builtinError(span, x, fmt::format("`pad` fills with zeros, and no key is one: found `{}`", show(t)));
      const auto before = solver_.zonk(axis->extent).constant();
      if (before && n.constant() && *n.constant() < *before) {
        return failed(Diagnostic(Code::ShapeMismatch, span, fmt::format("`pad` cannot make {} elements of {}", *n.constant(), *before))
                          .label(x->span, fmt::format("`{}`", show(t))));
      }
      return builtinNode(b, {x, size}, placed(arrayType(axis->element, n), lift), span);
    }
    default:
      if (!leadingAxis(t) || is(t, TypeKind::Range)) return builtinError(span, x, fmt::format("`{}` takes `T[n]`, found `{}`", name, show(t)));
      return builtinNode(b, {x}, placed(t, lift), span);
  }
}

std::optional<TypeRef> BodyChecker::typeArgument(const Arg& a) {
  const auto* name = ast::tryAs<ast::NameExpr>(a.syntax);
  if (name == nullptr || a.typed) return std::nullopt;
  const NameMeaning m = lookup(name->name, a.scope);
  if (m.kind == NameMeaning::Kind::Type) return m.type;
  if (m.kind == NameMeaning::Kind::Scalar) return scalarType(m.elem);
  if (m.kind == NameMeaning::Kind::Item && m.item.kind == ItemRef::Kind::Struct) {
    ast::NamedType type(name->span);
    type.name = {name->name, name->span};
    return resolveType(type, a.scope);
  }
  return std::nullopt;
}

MutExpr BodyChecker::builtinStatic(Builtin b, std::vector<Arg*>& a, Span span) {
  if (b == Builtin::Size || b == Builtin::Leaves) {
    if (const auto type = typeArgument(*a[0])) return dimExpr(sizeOfType(*type, b == Builtin::Leaves, span), span);
  }
  if (b == Builtin::Ilog2 || b == Builtin::NextPow2) {
    MutExpr n = wantInt(a[0], fmt::format("the argument of `{}`", builtinName(b)));
    if (isError(solver_.head(n->type))) return errorExpr(span);
    Lift lift;
    const TypeRef t = local(n, lift);
    if (const auto d = staticDim(*n); d && d->constant() && *d->constant() <= 0) {
      return numberError(n, fmt::format("`{}` takes a positive number, found {}", builtinName(b), *d->constant()));
    }
    return builtinNode(b, {n}, placed(t, lift), span);
  }
  MutExpr x = tensorArg(a[0]);
  Lift lift;
  const TypeRef t = solver_.zonk(local(x, lift));
  if (isError(t) || lift.failed) return errorExpr(span);
  // A literal is a scalar, whichever type it takes.
  if (isLiteralHole(t) && (b == Builtin::Size || b == Builtin::Leaves)) return dimExpr(Dim(1), span);
  switch (b) {
    case Builtin::ShapeOf:
      if (is(t, TypeKind::Parameter)) return errorExpr(span);
      if (!is(t, TypeKind::Tensor) && !isLiteralHole(t)) return builtinError(span, x, fmt::format("`shape` takes a tensor, found `{}`", show(t)));
      // Sizes are the same wherever the tensor is.
      return builtinNode(b, {x}, tensorType(Elem::I32, {Dim(static_cast<std::int64_t>(isLiteralHole(t) ? 0 : t->dims.size()))}), span);
    case Builtin::Len: {
      if (isScalar(t, Elem::Str)) return builtinNode(b, {x}, placed(intType(), lift), span);
      if (!leadingAxis(t)) {
        Diagnostic d(Code::BuiltinArgument, span, fmt::format("`len` takes `T[n]`, a range or a string, found `{}`", show(t)));
        d.labels.push_back({x->span, fmt::format("`{}`", show(x->type))});
        if (is(t, TypeKind::Sequence)) d.notes.push_back("the elements of a sequence are counted by `count`");
        return failed(std::move(d));
      }
      return builtinNode(b, {x}, placed(intType(), lift), span);
    }
    case Builtin::Leaves: return dimExpr(sizeOfType(t, true, span), span);
    default: {
      if (!isStructured(t) && !is(t, TypeKind::Tensor))
        return builtinError(span, x, fmt::format("`size` takes a run-time value, found `{}`", show(t)));
      if (is(t, TypeKind::Parameter)) return dimExpr(sizeOfType(t, false, span), span);
      return builtinNode(b, {x}, intType(), span);
    }
  }
}

MutExpr BodyChecker::builtinLeaves(Builtin b, std::vector<Arg>& all, Span span) {
  const std::string name = builtinName(b);
  if (all.size() < 2) return failed(Diagnostic(Code::MissingArgument, span, fmt::format("`{}` needs a function and a vector", name)).at("not given"));
  Lift lift;
  std::vector<MutExpr> args;
  std::vector<TypeRef> types;
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i].name)
      return failed(Diagnostic(Code::UnknownArgument, all[i].name->span, fmt::format("`{}` has no parameter `{}`", name, all[i].name->text))
                        .at("its values have no names"));
    MutExpr e = tensorArg(&all[i]);
    types.push_back(solver_.zonk(local(e, lift)));
    if (isError(types.back())) return errorExpr(span);
    args.push_back(e);
  }
  if (lift.failed) return errorExpr(span);
  const TypeRef& x = types[0];
  const auto leaves = leavesOf(x);
  if (!leaves) {
    if (lenient_ && !is(x, TypeKind::Hole)) {
      // What a skolem's leaves are is not known: only the shape of the result is.
      if (b == Builtin::MapLeaves) {
        MutExpr e = builtinNode(b, args, placed(x, lift), span);
        return e;
      }
      return builtinNode(b, args, placed(tensorType(Elem::F32, {sizeOfType(x, true, span)}), lift), span);
    }
    return builtinError(span, args[0], fmt::format("`{}` goes over the leaves of a run-time value, found `{}`", name, show(x)));
  }
  if (leaves->empty() && b == Builtin::EachLeaf) {
    return builtinNode(b, args, placed(tensorType(Elem::F32, {Dim(0)}), lift), span);
  }
  // For each further argument: leaf by leaf, or a row for each leaf.
  std::vector<bool> rows;
  std::vector<std::vector<Leaf>> parts;
  for (std::size_t i = 0; i < types.size(); ++i) {
    solver_.blame(all[i + 1].span);
    if (i == 0 || solver_.unify(types[i], x)) {
      rows.push_back(false);
      const auto own = leavesOf(solver_.zonk(types[i]));
      parts.push_back(*own);
      continue;
    }
    const auto axis = leadingAxis(types[i]);
    if (!axis || !solver_.unifyDims(axis->extent, Dim(static_cast<std::int64_t>(leaves->size())))) {
      return builtinError(
          span, args[i],
          fmt::format("an argument of `{}` is like the first, `{}`, or has {} rows, one for each leaf", name, show(x), leaves->size()));
    }
    rows.push_back(true);
    parts.emplace_back();
  }
  Operands operands;
  TypeRef element;
  for (std::size_t l = 0; l < leaves->size(); ++l) {
    std::vector<TypeRef> params;
    for (std::size_t i = 0; i < types.size(); ++i) params.push_back(rows[i] ? leadingAxis(types[i])->element : parts[i][l].type);
    const Arg& f = all[0];
    const TypeRef wanted = b == Builtin::MapLeaves ? (*leaves)[l].type : nullptr;
    MutExpr fn = f.typed ? callableOf(f.typed, params, wanted, true, f.span) : callable(*f.syntax, f.scope, params, wanted, true, f.span);
    if (isError(solver_.head(fn->type))) return errorExpr(span);
    const TypeRef t = solver_.head(fn->type);
    if (b == Builtin::EachLeaf) {
      TypeRef r = solver_.head(t->element);
      if (isLiteralHole(r)) {
        solver_.unify(r, scalarType(Elem::F32));
        r = solver_.head(r);
      }
      if (!element) {
        element = r;
      } else if (!solver_.unify(r, element)) {
        return builtinError(span, fn,
                            fmt::format("the results of `each_leaf` are stacked: `{}` for the leaf `{}`, `{}` for `{}`", show(element),
                                        leaves->front().path, show(r), (*leaves)[l].path));
      }
      if (!leavesOf(solver_.zonk(r))) {
        const bool isFunction = hasFunction(solver_.zonk(r));
        const std::string what = isFunction ? "functions" : fmt::format("`{}`", show(r));
        return failed(Diagnostic(Code::BuiltinArgument, span, fmt::format("the results of `each_leaf` are stacked, {} cannot be", what))
                          .label(fn->span, fmt::format("gives {}", isFunction ? "a function" : what)));
      }
    }
    operands.push_back(fn);
  }
  operands.insert(operands.end(), args.begin(), args.end());
  const TypeRef result = b == Builtin::MapLeaves ? x : arrayType(solver_.zonk(element), Dim(static_cast<std::int64_t>(leaves->size())));
  return builtinNode(b, std::move(operands), placed(result, lift), span);
}

}  // namespace fedc::check
