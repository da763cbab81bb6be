#include <fmt/format.h>

#include "compiler/check/body.h"
#include "compiler/support/bytes_text.h"

/// Making a value fit where a type is wanted, and saying why it does not.
namespace fedc::check {

bool BodyChecker::split(const TypeRef& type, std::optional<Placement>& at, TypeRef& local) {
  const TypeRef t = solver_.head(type);
  if (is(t, TypeKind::Placed)) {
    at = t->placement;
    local = t->element;
    return true;
  }
  if (is(t, TypeKind::Tuple)) {
    std::vector<TypeRef> items;
    std::optional<Placement> all;
    for (const TypeRef& i : t->items) {
      std::optional<Placement> one;
      TypeRef inner;
      if (!split(i, one, inner)) return false;
      if (one && all && (*one == Placement::Server) != (*all == Placement::Server)) return false;
      if (one) all = all && *all == Placement::Clients ? all : one;
      items.push_back(inner);
    }
    at = all;
    local = all ? tupleType(std::move(items)) : t;
    return true;
  }
  at.reset();
  local = t;
  return true;
}

TypeRef BodyChecker::columns(const TypeRef& type) {
  const TypeRef t = solver_.head(type);
  if (!is(t, TypeKind::Array)) return nullptr;
  const TypeRef e = solver_.head(t->element);
  if (!is(e, TypeKind::Tuple)) return nullptr;
  std::vector<TypeRef> items;
  for (const TypeRef& i : e->items) items.push_back(arrayType(solver_.head(i), t->extent));
  return tupleType(std::move(items));
}

TypeRef BodyChecker::fit(const TypeRef& foundType, const TypeRef& wantType, bool& changed) {
  const TypeRef found = solver_.head(foundType);
  const TypeRef want = solver_.head(wantType);
  if (isError(found) || isError(want)) return want;
  const auto plain = [&]() -> TypeRef { return solver_.unify(found, want) ? found : nullptr; };
  if (is(want, TypeKind::Hole)) return plain();

  if (is(want, TypeKind::Placed)) {
    if (is(found, TypeKind::Placed)) {
      if (found->placement == want->placement) {
        const TypeRef inner = fit(found->element, want->element, changed);
        return inner ? placedType(inner, want->placement) : nullptr;
      }
      if (found->placement != Placement::AllClients || want->placement != Placement::Clients) return nullptr;
      const TypeRef inner = fit(found->element, want->element, changed);
      changed = true;
      return inner ? placedType(inner, want->placement) : nullptr;
    }
    std::optional<Placement> at;
    TypeRef local;
    if (!split(found, at, local)) return nullptr;
    if (at && *at != want->placement && !(*at == Placement::AllClients && want->placement == Placement::Clients)) return nullptr;
    const TypeRef inner = fit(local, want->element, changed);
    changed = true;
    return inner ? placedType(inner, want->placement) : nullptr;
  }
  if (is(want, TypeKind::Tuple)) {
    std::vector<TypeRef> items;
    if (is(found, TypeKind::Tuple)) {
      items = found->items;
    } else if (is(found, TypeKind::Placed) && is(solver_.head(found->element), TypeKind::Tuple)) {
      for (const TypeRef& i : solver_.head(found->element)->items) items.push_back(placedType(solver_.head(i), found->placement));
      changed = true;
    } else if (const TypeRef tuple = columns(found)) {
      items = tuple->items;
      changed = true;
    } else {
      return plain();
    }
    if (items.size() != want->items.size()) return plain() ? found : nullptr;
    for (std::size_t i = 0; i < items.size(); ++i) {
      items[i] = fit(items[i], want->items[i], changed);
      if (!items[i]) return nullptr;
    }
    return tupleType(std::move(items));
  }
  if (is(want, TypeKind::Array) && is(found, TypeKind::Tuple)) {
    if (const TypeRef tuple = columns(want); tuple && tuple->items.size() == found->items.size()) {
      std::vector<TypeRef> items;
      for (std::size_t i = 0; i < found->items.size(); ++i) {
        const TypeRef item = fit(found->items[i], tuple->items[i], changed);
        const auto axis = item ? leadingAxis(solver_.zonk(item)) : std::nullopt;
        if (!axis) return nullptr;
        items.push_back(axis->element);
      }
      changed = true;
      return arrayType(tupleType(std::move(items)), want->extent);
    }
  }
  return plain();
}

MutExpr BodyChecker::coerce(MutExpr e, const Expectation& want) {
  const TypeRef found = solver_.head(e->type);
  const TypeRef type = solver_.head(want.type);
  if (isError(found) || isError(type)) {
    // What is open in one is not asked for again.
    solver_.unify(found, type);
    return e;
  }
  if (is(type, TypeKind::Function)) return coerceFunction(e, type, want);
  // The items of a tuple that is written out fit one by one, so that each error has its own place.
  if (e->kind == ExprKind::Tuple && is(type, TypeKind::Tuple) && is(found, TypeKind::Tuple) && found->items.size() == type->items.size()) {
    std::vector<TypeRef> items;
    for (std::size_t i = 0; i < e->operands.size(); ++i) {
      const MutExpr item = coerce(std::const_pointer_cast<Expr>(e->operands[i]), {type->items[i], want.span, want.why});
      e->operands[i] = item;
      items.push_back(item->type);
    }
    e->type = tupleType(std::move(items));
    return e;
  }
  solver_.blame(e->span);
  bool changed = false;
  const TypeRef fitted = [&]() -> TypeRef {
    TypeRef result;
    solver_.attempt([&] {
      changed = false;
      result = fit(found, type, changed);
      return result != nullptr;
    });
    return result;
  }();
  if (!fitted) return mismatch(e, found, want);
  return changed ? placeExpr(e, fitted) : e;
}

void BodyChecker::differenceOfTuples(Diagnostic& d, TypeRef found, TypeRef want) {
  std::string path;
  while (is(found, TypeKind::Tuple) && is(want, TypeKind::Tuple) && found->items.size() == want->items.size()) {
    std::size_t i = 0;
    bool changed = false;
    while (i < found->items.size() && solver_.attempt([&] { return fit(found->items[i], want->items[i], changed) != nullptr; })) ++i;
    if (i == found->items.size()) return;
    path += (path.empty() ? "" : ".") + std::to_string(i);
    const TypeRef a = solver_.zonk(found->items[i]), b = solver_.zonk(want->items[i]);
    found = a;
    want = b;
  }
  if (!path.empty()) d.notes.push_back(fmt::format("they differ at `{}`: found `{}`, expected `{}`", path, show(found), show(want)));
}

MutExpr BodyChecker::mismatch(const MutExpr& given, const TypeRef& foundType, const Expectation& want) {
  // Of a body, the value.
  MutExpr e = given;
  while (e->kind == ExprKind::Block && !e->operands.empty() && e->operands[0]) e = std::const_pointer_cast<Expr>(e->operands[0]);
  const TypeRef found = solver_.zonk(foundType);
  const TypeRef type = solver_.zonk(want.type);
  if (isError(found) || isError(type)) return errorExpr(e->span);
  const auto label = [&](Diagnostic& d) {
    if (want.span.isValid() && want.span != e->span && !want.why.empty()) {
      d.labels.push_back({want.span, want.why});
    } else if (!want.why.empty()) {
      d.notes.push_back(want.why);
    }
  };
  // A value at the wrong place.
  std::optional<Placement> at;
  TypeRef inner = found;
  if (is(found, TypeKind::Placed)) {
    at = found->placement;
    inner = found->element;
  }
  const bool wantPlaced = is(type, TypeKind::Placed);
  if (wantPlaced && e->kind == ExprKind::Tuple && is(found, TypeKind::Tuple)) {
    // Of a tuple that is written out, the item that is elsewhere.
    for (std::size_t i = 0; i < e->operands.size(); ++i) {
      const TypeRef item = found->items[i];
      if (!is(item, TypeKind::Placed) || (item->placement == Placement::Server) == (type->placement == Placement::Server)) continue;
      mismatch(std::const_pointer_cast<Expr>(e->operands[i]), item, {placedType(item->element, type->placement), want.span, want.why});
      return errorExpr(e->span);
    }
  }
  const bool differentPlaces = at && wantPlaced && (*at == Placement::Server) != (type->placement == Placement::Server);
  const bool perClient = at && wantPlaced && *at == Placement::Clients && type->placement == Placement::AllClients;
  if ((at && !wantPlaced && !is(type, TypeKind::Tuple) && !is(type, TypeKind::Function)) || differentPlaces || perClient) {
    Diagnostic d(Code::PlacementMismatch, e->span, "");
    const std::string what = source(e->span);
    // An argument of a function that is passed itself: it stands nowhere.
    const bool isPassed = e->kind == ExprKind::Local && e->local->name != what;
    if (isPassed && wantPlaced) {
      d.message = fmt::format("`{}` is given a value that is {}, but is wanted {}", what, describePlace(*at), describePlace(type->placement));
    } else if (!wantPlaced) {
      d.message = fmt::format("`{}` is {}, an unplaced value is wanted", what, describePlace(*at));
      if (given->kind == ExprKind::Block)
        d.notes.emplace_back(
            "a function without placed types works at one place, with what is passed to it: call the intrinsics outside, and pass what they give");
    } else if (perClient) {
      d.message = fmt::format("`{}` differs from client to client, one value for all clients is wanted", what);
      d.notes.push_back(
          fmt::format("each client's own value is `{}`; one for all of them comes from the server: `federated_broadcast(..)`", show(found)));
    } else {
      d.message = fmt::format("`{}` is {}, but is wanted {}", what, describePlace(*at), describePlace(type->placement));
    }
    d.primaryLabel = fmt::format("`{}`", show(found));
    label(d);
    if (isPassed) return failed(std::move(d));
    if (differentPlaces && *at == Placement::Server && type->placement == Placement::Clients && e->kind == ExprKind::BuiltinCall &&
        e->builtin == Builtin::FederatedSum) {
      d.fix = Fix::replace(e->span, source(e->operands[0]->span), "give the clients' own values, not their sum");
    } else if (differentPlaces && *at == Placement::Server) {
      const auto bytes = bytesOf(solver_.zonk(inner));
      d.fix = Fix::wrap(
          e->span, "federated_broadcast(", ")",
          bytes ? fmt::format("send it to the clients ({} to each, each round)", bytesText(static_cast<double>(*bytes))) : "send it to the clients");
    } else if (differentPlaces) {
      d.notes.emplace_back(kAggregate);
    }
    return failed(std::move(d));
  }
  if (is(found, TypeKind::Hole)) {
    const bool isFloat = solver_.hole(found).kind == HoleKind::Float;
    Diagnostic d(Code::TypeMismatch, e->span, fmt::format("expected `{}`, found {}", show(type), isFloat ? "a number with a point" : "a number"));
    d.primaryLabel = fmt::format("no `{}`", show(type));
    label(d);
    if (isScalar(type, Elem::Key) && !isFloat) d.fix = Fix::wrap(e->span, "key(", ")", "make a key of it");
    if (is(type, TypeKind::Tensor) && !type->dims.empty() && (isFloat ? core::isFloat(type->elem) : core::isNumeric(type->elem)) &&
        !mentionsUnknown(type))
      d.fix = Fix::wrap(e->span, "full(", ")", "fill it with the number");
    return failed(std::move(d));
  }
  if (is(found, TypeKind::Range) && is(type, TypeKind::Range) && found->elem == type->elem) {
    Diagnostic d(Code::ShapeMismatch, e->span,
                 fmt::format("expected a range of {} elements, found one of {}", show(type->extent), show(found->extent)));
    d.primaryLabel = "its size differs";
    label(d);
    return failed(std::move(d));
  }
  const bool sameTensor =
      is(inner, TypeKind::Tensor) && is(type, TypeKind::Tensor) && inner->elem == type->elem && inner->dims.size() == type->dims.size();
  const Clash& clash = solver_.clash();
  const bool clashIsShape = clash.found && clash.expected && is(clash.found, TypeKind::Tensor) && is(clash.expected, TypeKind::Tensor) &&
                            clash.found->elem == clash.expected->elem && clash.found->dims.size() == clash.expected->dims.size();
  Diagnostic d(sameTensor || (!is(type, TypeKind::Tensor) && clashIsShape) ? Code::ShapeMismatch : Code::TypeMismatch, e->span,
               fmt::format("expected `{}`, found `{}`", show(type), show(found)));
  d.primaryLabel = sameTensor ? "its sizes differ" : fmt::format("`{}`", show(found));
  if (clash.path.empty()) differenceOfTuples(d, found, type);
  if (!clash.path.empty() && clash.found && clash.expected)
    d.notes.push_back(fmt::format("they differ at `{}`: found `{}`, expected `{}`", clash.path.substr(clash.path[0] == '.' ? 1 : 0),
                                  show(clash.found), show(clash.expected)));
  const auto isAt = [](const TypeRef& t, bool server) { return t && is(t, TypeKind::Placed) && (t->placement == Placement::Server) == server; };
  if (isAt(clash.found, false) && isAt(clash.expected, true)) d.notes.emplace_back(kAggregate);
  if (is(found, TypeKind::Struct) && is(type, TypeKind::Struct) && found->shown == type->shown && found->name != type->name)
    d.notes.push_back(fmt::format("these are two structs of one name: `{}` and `{}`", found->name, type->name));
  label(d);
  const TypeRef wanted = wantPlaced ? type->element : type;
  if (is(inner, TypeKind::Tensor) && is(wanted, TypeKind::Tensor) && inner->elem != wanted->elem && inner->dims == wanted->dims &&
      (core::isNumeric(inner->elem) || inner->elem == Elem::Bool) && core::isNumeric(wanted->elem)) {
    d.fix = Fix::wrap(e->span, std::string(core::elemName(wanted->elem)) + "(", ")", fmt::format("convert to `{}`", core::elemName(wanted->elem)));
  } else if (is(inner, TypeKind::Sequence) && is(wanted, TypeKind::Tensor)) {
    d.notes.emplace_back(wantPlaced ? "each client has a sequence of values here, one is wanted: reduce it at the client, as by `.sum()`"
                                    : "a sequence is reduced by `.sum()`, `.count()` or `.fold(..)`");
  } else if (const auto axis = leadingAxis(inner); axis && show(axis->element) == show(wanted)) {
    const bool isName = e->kind == ExprKind::Local || e->kind == ExprKind::Field;
    d.notes.push_back(fmt::format("{} holds many of them: `vmap(|x| ..)({})` works on each, and `mean` or `sum` makes one number of what it gives",
                                  isName ? "`" + source(e->span) + "`" : "this", isName ? source(e->span) : ".."));
  } else if (is(inner, TypeKind::Tensor) && inner->dims.empty() && is(wanted, TypeKind::Tensor) && wanted->dims.size() == 1 &&
             wanted->dims[0].isConstant(1)) {
    d.notes.push_back(fmt::format("`{}` is an array with one element, `{}` a number: `[0]` takes the element out", show(wanted), show(inner)));
  } else if ((is(inner, TypeKind::Function) || is(inner, TypeKind::OpenLambda)) && !is(wanted, TypeKind::Function) &&
             !source(e->span).starts_with('|')) {
    d.message = fmt::format("expected `{}`, found the function `{}`", show(type), source(e->span));
    d.primaryLabel = "not called";
    d.notes.push_back(fmt::format("what it gives is wanted: `{}(..)`", source(e->span)));
  } else if (sameTensor && anyDim(found, [](const Dim& x) { return !x.constant(); })) {
    const std::vector<Dim::Variable> unknown = unknownNames(type);
    if (unknown.empty() && !mentionsUnknown(type)) {
      d.notes.push_back(fmt::format("if the sizes agree when the program runs: `{} as {}`", source(e->span), show(type)));
    } else if (wanted->dims.size() == 1 && wanted->dims[0].asVariable() && !unknown.empty()) {
      // `?a` is the size of `a`; it is written by a name that is given to it.
      const std::string of = program_.out.dims[unknown[0]].name.substr(1);
      d.notes.push_back(fmt::format("if the sizes agree when the program runs: `let n = len({});` where `{}` is known, and `{} as {}[n]` here", of,
                                    of, source(e->span), core::elemName(wanted->elem)));
    } else {
      d.notes.emplace_back("if the sizes agree when the program runs: give them names, as by `let n = len(x);`, and write `y as f32[n]`");
    }
  }
  return failed(std::move(d));
}

}  // namespace fedc::check
