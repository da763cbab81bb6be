#include <fmt/format.h>

#include "compiler/check/body.h"

/// Typing rules of sequences, random numbers, strings and checks.
namespace fedc::check {

TypeRef BodyChecker::sequenceElement(const TypeRef& type, bool arraysToo) {
  const TypeRef t = solver_.head(type);
  if (is(t, TypeKind::Sequence)) return t->element;
  if (!arraysToo) return nullptr;
  if (const auto axis = leadingAxis(t)) return axis->element;
  return nullptr;
}

MutExpr BodyChecker::builtinSequence(Builtin b, std::vector<Arg*>& a, Span span) {
  const std::string name = builtinName(b);
  const bool arraysToo = b == Builtin::Map || b == Builtin::Fold || b == Builtin::Enumerate || b == Builtin::Zip;
  MutExpr s = inferArg(a[0]);
  Lift lift;
  const TypeRef ts = solver_.head(local(s, lift));
  if (isError(ts) || lift.failed) return errorExpr(span);
  TypeRef e = sequenceElement(ts, arraysToo);
  if (!e) {
    Diagnostic d(Code::BuiltinArgument, span,
                 fmt::format("`{}` takes a sequence{}, found `{}`", name, arraysToo ? ", an array or a range" : "", show(ts)));
    d.labels.push_back({s->span, fmt::format("`{}`", show(s->type))});
    if (leadingAxis(ts) && b == Builtin::Count) d.notes.push_back("the length of an array is `len`");
    if (arraysToo && isScalar(ts) && core::isInteger(ts->elem)) d.fix = Fix::wrap(s->span, "(0..", ")", "count up to it");
    return failed(std::move(d));
  }
  e = solver_.zonk(e);
  const auto runTime = [&](const TypeRef& t, const MutExpr& f) -> bool {
    const TypeRef z = solver_.zonk(t);
    if (!hasFunction(z) && !is(z, TypeKind::Sequence) && !is(z, TypeKind::Range)) return true;
    const std::string what = hasFunction(z) ? "function" : is(z, TypeKind::Sequence) ? "sequence" : "range";
    report(Diagnostic(Code::BuiltinArgument, span, fmt::format("the elements of a sequence are run-time values, not {}s", what))
               .label(f->span, fmt::format("gives a {}", what)));
    return false;
  };
  switch (b) {
    case Builtin::Map: {
      MutExpr f = functionArg(a[1], {e}, nullptr);
      const TypeRef t = solver_.head(f->type);
      if (!is(t, TypeKind::Function) || !runTime(t->element, f)) return errorExpr(span);
      TypeRef r = solver_.head(t->element);
      if (isLiteralHole(r)) {
        solver_.unify(r, solver_.hole(r).kind == HoleKind::Float ? scalarType(Elem::F32) : intType());
        r = solver_.head(r);
      }
      settleWithin(r);
      return builtinNode(b, {s, f}, placed(sequenceType(solver_.zonk(r)), lift), span);
    }
    case Builtin::Filter: {
      MutExpr f = functionArg(a[1], {e}, boolType());
      if (isError(solver_.head(f->type))) return errorExpr(span);
      return builtinNode(b, {s, f}, placed(sequenceType(e), lift), span);
    }
    case Builtin::FlatMap: {
      MutExpr f = functionArg(a[1], {e}, nullptr);
      const TypeRef t = solver_.head(f->type);
      if (!is(t, TypeKind::Function)) return errorExpr(span);
      settleWithin(t->element);
      const TypeRef r = solver_.zonk(t->element);
      const auto axis = leadingAxis(r);
      if (!axis || is(r, TypeKind::Range))
        return builtinError(span, f, fmt::format("the function of `flat_map` gives an array, `F[?]`, found `{}`", show(r)));
      return builtinNode(b, {s, f}, placed(sequenceType(axis->element), lift), span);
    }
    case Builtin::Zip: {
      MutExpr u = inferArg(a[1]);
      const TypeRef tu = solver_.head(local(u, lift));
      if (isError(tu) || lift.failed) return errorExpr(span);
      const TypeRef other = sequenceElement(tu, true);
      if (!other) return builtinError(span, u, fmt::format("`zip` takes two sequences, found `{}`", show(tu)));
      return builtinNode(b, {s, u}, placed(sequenceType(tupleType({e, solver_.zonk(other)})), lift), span);
    }
    case Builtin::Enumerate: return builtinNode(b, {s}, placed(sequenceType(tupleType({intType(), e})), lift), span);
    case Builtin::Take:
    case Builtin::Skip: {
      MutExpr n = wantInt(a[1], fmt::format("the number of `{}`", name));
      local(n, lift);
      if (lift.failed) return errorExpr(span);
      return builtinNode(b, {s, n}, placed(sequenceType(e), lift), span);
    }
    case Builtin::Repeat: {
      MutExpr n = wantInt(a[1], "the number of `repeat`");
      if (n) local(n, lift);
      if (lift.failed) return errorExpr(span);
      return builtinNode(b, {s, n}, placed(sequenceType(e), lift), span);
    }
    case Builtin::Shuffle: {
      MutExpr k = inferArg(a[1], keyType());
      const TypeRef tk = local(k, lift);
      if (lift.failed || isError(tk)) return errorExpr(span);
      if (!solver_.unify(tk, keyType())) return mismatch(k, tk, {keyType(), a[1]->span, "`shuffle` takes a key"});
      return builtinNode(b, {s, k}, placed(sequenceType(e), lift), span);
    }
    case Builtin::Batch: {
      MutExpr n = wantInt(a[1], "the size of a batch");
      const TypeRef tn = local(n, lift);
      if (lift.failed || isError(tn)) return errorExpr(span);
      const auto d = staticDim(*n);
      std::optional<std::int64_t> bound;
      if (d) bound = d->constant() ? d->constant() : program_.bound(*d);
      if (bound && d->constant() && *bound <= 0) return numberError(n, fmt::format("a batch has at least one element, found {}", *bound));
      if (mentionsUnknown(e)) {
        return builtinError(span, s, fmt::format("elements of different sizes (`{}`) cannot be batched: pad them before", show(e)));
      }
      return builtinNode(b, {s, n}, placed(sequenceType(arrayType(e, unknownDim(bound))), lift), span);
    }
    case Builtin::Count: return builtinNode(b, {s}, placed(intType(), lift), span);
    case Builtin::Collect: {
      if (mentionsUnknown(e)) return builtinError(span, s, fmt::format("elements of different sizes (`{}`) cannot be stacked", show(e)));
      return builtinNode(b, {s}, placed(openUnknown(arrayType(e, unknownDim(std::nullopt)), ""), lift), span);
    }
    default: break;
  }
  // fold
  MutExpr zero = inferArg(a[1]);
  const TypeRef tz = solver_.head(local(zero, lift));
  if (isError(tz) || lift.failed) return errorExpr(span);
  MutExpr f = functionArg(a[2], {tz, e}, tz);
  if (isError(solver_.head(f->type))) return errorExpr(span);
  return builtinNode(b, {s, zero, f}, placed(tz, lift), span);
}

MutExpr BodyChecker::builtinSplit(std::vector<Arg*>& a, Span span) {
  MutExpr k = inferArg(a[0]);
  Lift lift;
  const TypeRef t = solver_.head(local(k, lift));
  if (isError(t) || lift.failed) return errorExpr(span);
  if (isScalar(t, Elem::Str)) {
    if (a[1] == nullptr) return failed(Diagnostic(Code::MissingArgument, span, "`split` of a string needs what separates its parts").at("not given"));
    MutExpr by = inferArg(a[1], stringType());
    const TypeRef tb = local(by, lift);
    if (lift.failed || isError(tb)) return errorExpr(span);
    if (!solver_.unify(tb, stringType())) return mismatch(by, tb, {stringType(), a[1]->span, "a string is split at a string"});
    return builtinNode(Builtin::Split, {k, by}, placed(openUnknown(tensorType(Elem::Str, {unknownDim(std::nullopt)}), ""), lift), span);
  }
  if (is(t, TypeKind::Hole)) solver_.unify(t, keyType());
  if (!isScalar(solver_.head(t), Elem::Key)) return builtinError(span, k, fmt::format("`split` takes a key or a string, found `{}`", show(t)));
  MutExpr n = wantInt(a[1], "the number of keys");
  if (n && isError(solver_.head(n->type))) return errorExpr(span);
  const std::optional<Dim> count = n ? dimOrError(n, "the number of keys") : Dim(2);
  if (!count) return errorExpr(span);
  return builtinNode(Builtin::Split, {k, n}, placed(tensorType(Elem::Key, {*count}), lift), span);
}

MutExpr BodyChecker::builtinRandom(Builtin b, std::vector<Arg*>& a, Span span) {
  if (b == Builtin::Split) return builtinSplit(a, span);
  const std::string name = builtinName(b);
  Lift lift;
  if (b == Builtin::KeyOf) {
    MutExpr seed = wantInt(a[0], "the seed of a key");
    const TypeRef t = local(seed, lift);
    if (isError(solver_.head(t)) || lift.failed) return errorExpr(span);
    return builtinNode(b, {seed}, placed(keyType(), lift), span);
  }
  MutExpr k = inferArg(a[0], keyType());
  const TypeRef tk = solver_.head(local(k, lift));
  if (isError(tk) || lift.failed) return errorExpr(span);
  if (!solver_.unify(tk, keyType())) {
    return failed(Diagnostic(Code::TypeMismatch, k->span, fmt::format("`{}` takes a `key` first, found `{}`", name, show(tk)))
                      .at(fmt::format("`{}`", show(k->type)))
                      .note("a program gets its keys as arguments, or makes one with `key(42)`"));
  }
  const auto scalarFloat = [&](Arg* x, const std::string& what) -> MutExpr {
    if (x == nullptr) return nullptr;
    MutExpr e = inferArg(x, scalarType(Elem::F32));
    const TypeRef t = local(e, lift);
    if (isError(solver_.head(t))) return e;
    if (!solver_.unify(t, scalarType(Elem::F32))) return mismatch(e, t, {scalarType(Elem::F32), x->span, what + " is an `f32`"});
    return e;
  };
  switch (b) {
    case Builtin::CloneKey: return builtinNode(b, {k}, placed(keyType(), lift), span);
    case Builtin::FoldIn: {
      MutExpr i = wantInt(a[1], "what is folded into a key");
      const TypeRef t = local(i, lift);
      if (isError(solver_.head(t)) || lift.failed) return errorExpr(span);
      return builtinNode(b, {k, i}, placed(keyType(), lift), span);
    }
    case Builtin::PermutationOf: {
      MutExpr n = wantInt(a[1], "the length of a permutation");
      if (isError(solver_.head(n->type))) return errorExpr(span);
      const std::optional<Dim> d = dimOrError(n, "the length of a permutation");
      if (!d) return errorExpr(span);
      return builtinNode(b, {k, n}, placed(tensorType(Elem::I32, {*d}), lift), span);
    }
    case Builtin::Bernoulli: {
      MutExpr p = scalarFloat(a[1], "the probability");
      MutExpr shape = inferArg(a[2]);
      const auto dims = requireDims(shape, "the shape of `bernoulli`");
      if (!dims || lift.failed) return errorExpr(span);
      return builtinNode(b, {k, p, shape}, placed(tensorType(Elem::Bool, *dims), lift), span);
    }
    case Builtin::Randint: {
      MutExpr shape = inferArg(a[1]);
      const auto dims = requireDims(shape, "the shape of `randint`");
      MutExpr lo = wantInt(a[2], "the lower end");
      MutExpr hi = wantInt(a[3], "the upper end");
      local(lo, lift);
      local(hi, lift);
      if (!dims || lift.failed) return errorExpr(span);
      return builtinNode(b, {k, shape, lo, hi}, placed(tensorType(Elem::I32, *dims), lift), span);
    }
    default: break;
  }
  MutExpr shape = inferArg(a[1]);
  const auto dims = requireDims(shape, fmt::format("the shape of `{}`", name));
  Operands operands{k, shape};
  if (b == Builtin::Uniform || b == Builtin::TruncatedNormal) {
    operands.push_back(scalarFloat(a[2], "the lower end"));
    operands.push_back(scalarFloat(a[3], "the upper end"));
  }
  if (!dims || lift.failed) return errorExpr(span);
  return builtinNode(b, std::move(operands), placed(tensorType(Elem::F32, *dims), lift), span);
}

MutExpr BodyChecker::builtinString(Builtin b, std::vector<Arg*>& a, Span span) {
  MutExpr s = inferArg(a[0], stringType());
  Lift lift;
  const TypeRef t = solver_.head(local(s, lift));
  if (isError(t) || lift.failed) return errorExpr(span);
  if (!isScalar(t, Elem::Str)) return builtinError(span, s, fmt::format("`{}` takes a string, found `{}`", builtinName(b), show(t)));
  if (b == Builtin::Bytes) {
    return builtinNode(b, {s}, placed(openUnknown(tensorType(Elem::U8, {unknownDim(std::nullopt)}), ""), lift), span);
  }
  MutExpr seed = wantInt(a[1], "the seed of a hash");
  const TypeRef ts = local(seed, lift);
  if (isError(solver_.head(ts)) || lift.failed) return errorExpr(span);
  return builtinNode(b, {s, seed}, placed(scalarType(Elem::U64), lift), span);
}

MutExpr BodyChecker::builtinCheck(Builtin b, std::vector<Arg*>& a, std::vector<Arg>& all, Span span) {
  Lift lift;
  if (b == Builtin::Assert) {
    MutExpr c = inferArg(a[0], boolType());
    const TypeRef t = local(c, lift);
    MutExpr why = inferArg(a[1], stringType());
    if (isError(solver_.head(t)) || isError(solver_.head(why->type)) || lift.failed) return errorExpr(span);
    if (!solver_.unify(t, boolType())) return mismatch(c, t, {boolType(), a[0]->span, "`assert` takes a `bool`"});
    if (why->kind != ExprKind::String) {
      return failed(Diagnostic(Code::BuiltinArgument, why->span, "the reason of an `assert` is written out as a string")
                        .at(fmt::format("`{}`", show(why->type))));
    }
    return builtinNode(b, {c, why}, placed(unitType(), lift), span);
  }
  if (b == Builtin::Dbg) {
    MutExpr x = inferArg(a[0]);
    const TypeRef t = local(x, lift);
    if (isError(solver_.head(t)) || lift.failed) return errorExpr(span);
    if (hasFunction(solver_.zonk(t))) return builtinError(span, x, "`dbg` takes run-time values");
    return builtinNode(b, {x}, placed(t, lift), span);
  }
  if (b == Builtin::AssertClose) {
    MutExpr x = inferArg(a[0]);
    MutExpr y = inferArg(a[1], x->type);
    const TypeRef tx = local(x, lift);
    const TypeRef ty = local(y, lift);
    if (isError(solver_.head(tx)) || isError(solver_.head(ty)) || lift.failed) return errorExpr(span);
    if (!solver_.unify(ty, tx)) return mismatch(y, ty, {tx, x->span, fmt::format("is `{}`", show(tx))});
    const TypeRef t = solver_.head(tx);
    const bool shape = isLiteralHole(t) || is(t, TypeKind::Tensor) || isStructured(t);
    if (!shape || (!isLiteralHole(t) && !allLeaves(t, [](Elem e) { return core::isNumeric(e) || e == Elem::Str; })))
      return builtinError(span, x, fmt::format("`assert_close` compares numbers and strings, found `{}`", show(t)));
    MutExpr tolerance = a[2] != nullptr ? checkArg(a[2], scalarType(Elem::F32), "a tolerance is an `f32`") : nullptr;
    return builtinNode(b, {x, y, tolerance}, placed(unitType(), lift), span);
  }
  // clients(a, b, ..)
  if (all.empty()) return failed(Diagnostic(Code::MissingArgument, span, "`clients` takes one value a client").at("none given"));
  Operands operands;
  TypeRef first;
  for (Arg& x : all) {
    if (x.name)
      return failed(Diagnostic(Code::UnknownArgument, x.name->span, fmt::format("`clients` has no parameter `{}`", x.name->text))
                        .at("its values have no names"));
    MutExpr e = inferArg(&x, first);
    const TypeRef t = solver_.head(e->type);
    if (isError(t)) return errorExpr(span);
    if (hasPlacedValue(solver_.zonk(t)) || hasFunction(solver_.zonk(t))) return builtinError(span, e, "`clients` takes unplaced run-time values");
    if (first && !solver_.unify(t, first))
      return mismatch(e, t, {first, operands.front()->span, fmt::format("the first client has `{}`", show(first))});
    if (!first) first = t;
    operands.push_back(e);
  }
  return builtinNode(Builtin::ClientsOf, std::move(operands), placedType(first, Placement::Clients), span);
}

}  // namespace fedc::check
