#include <fmt/format.h>

#include "compiler/check/body.h"
#include "compiler/support/limits.h"
#include "compiler/support/suggest.h"

/// Literals, tuples, arrays, `if`, fields and indices.
namespace fedc::check {

MutExpr BodyChecker::infer(const ast::Expr& e, const ScopeRef& scope, const TypeRef& hint) {
  const Nested nested(program_.depth);
  program_.here = e.span;
  return inferKind(e, scope, hint);
}

MutExpr BodyChecker::check(const ast::Expr& e, const ScopeRef& scope, const Expectation& want) { return coerce(infer(e, scope, want.type), want); }

MutExpr BodyChecker::inferKind(const ast::Expr& e, const ScopeRef& scope, const TypeRef& hint) {
  switch (e.kind) {
    case ast::ExprKind::Int:
    case ast::ExprKind::Float:
    case ast::ExprKind::Bool:
    case ast::ExprKind::String: return literal(e, hint);
    case ast::ExprKind::Name: return inferName(ast::as<ast::NameExpr>(e), scope, hint);
    case ast::ExprKind::Wildcard:
      return failed(Diagnostic(Code::NotAValue, e.span, "`_` is no value").at("stands only on the left of an assignment and in patterns"));
    case ast::ExprKind::Tuple: return inferTuple(ast::as<ast::TupleExpr>(e), scope, hint);
    case ast::ExprKind::Array: return inferArray(ast::as<ast::ArrayExpr>(e), scope, hint);
    case ast::ExprKind::Struct: return inferStruct(ast::as<ast::StructExpr>(e), scope, hint);
    case ast::ExprKind::Block: return checkBlock(ast::as<ast::BlockExpr>(e).block, scope, hint, e.span);
    case ast::ExprKind::If: return inferIf(ast::as<ast::IfExpr>(e), scope, hint);
    case ast::ExprKind::Lambda: {
      const auto& lambda = ast::as<ast::LambdaExpr>(e);
      const TypeRef want = hint ? solver_.head(hint) : nullptr;
      if (want && is(want, TypeKind::Function) && want->items.size() >= lambda.parameters.size())
        return checkLambda(lambda, scope, want->items, want->element, true);
      bool annotated = true;
      for (const ast::LambdaParameter& p : lambda.parameters) annotated = annotated && p.type != nullptr;
      if (annotated) {
        std::vector<TypeRef> params;
        for (const ast::LambdaParameter& p : lambda.parameters) params.push_back(resolveType(*p.type, scope));
        return checkLambda(lambda, scope, params, nullptr, false);
      }
      return openFunction(e, scope, e.span);
    }
    case ast::ExprKind::Call: return inferCall(ast::as<ast::CallExpr>(e), scope, hint);
    case ast::ExprKind::Field: return inferField(ast::as<ast::FieldExpr>(e), scope, hint);
    case ast::ExprKind::TupleField: return inferTupleField(ast::as<ast::TupleFieldExpr>(e), scope);
    case ast::ExprKind::Index: return inferIndex(ast::as<ast::IndexExpr>(e), scope);
    case ast::ExprKind::Unary: return inferUnary(ast::as<ast::UnaryExpr>(e), scope, hint);
    case ast::ExprKind::Binary: return inferBinary(ast::as<ast::BinaryExpr>(e), scope, placementOf(hint));
    case ast::ExprKind::Range: return inferRange(ast::as<ast::RangeExpr>(e), scope);
    case ast::ExprKind::As: return inferAs(ast::as<ast::AsExpr>(e), scope);
  }
  return errorExpr(e.span);
}

MutExpr BodyChecker::literal(const ast::Expr& e, const TypeRef&) {
  if (const auto* i = ast::tryAs<ast::IntExpr>(&e)) {
    MutExpr x = make(ExprKind::Literal, solver_.freshHole(HoleKind::Int, e.span, "the type of this number"), e.span);
    const bool isBig = i->value > 0x7fffffffffffffffull;
    x->literal = core::Literal{isBig ? Elem::U64 : Elem::I64, i->value};
    return x;
  }
  if (const auto* f = ast::tryAs<ast::FloatExpr>(&e)) {
    MutExpr x = make(ExprKind::Literal, solver_.freshHole(HoleKind::Float, e.span, "the type of this number"), e.span);
    x->literal = core::Literal::ofDouble(Elem::F64, f->value);
    return x;
  }
  if (const auto* b = ast::tryAs<ast::BoolExpr>(&e)) {
    MutExpr x = make(ExprKind::Literal, boolType(), e.span);
    x->literal = core::Literal::ofBool(b->value);
    return x;
  }
  MutExpr x = make(ExprKind::String, stringType(), e.span);
  x->text = ast::as<ast::StringExpr>(e).value;
  return x;
}

MutExpr BodyChecker::inferTuple(const ast::TupleExpr& e, const ScopeRef& scope, const TypeRef& hint) {
  TypeRef want = hint ? solver_.head(hint) : nullptr;
  std::vector<TypeRef> hints(e.elements.size());
  if (want && is(want, TypeKind::Placed)) {
    const TypeRef inner = solver_.head(want->element);
    if (is(inner, TypeKind::Tuple) && inner->items.size() == e.elements.size())
      for (std::size_t i = 0; i < hints.size(); ++i) hints[i] = placedType(inner->items[i], want->placement);
  } else if (want && is(want, TypeKind::Tuple) && want->items.size() == e.elements.size()) {
    hints = want->items;
  } else if (want && is(want, TypeKind::Array)) {
    const TypeRef inner = solver_.head(want->element);
    if (is(inner, TypeKind::Tuple) && inner->items.size() == e.elements.size())
      for (std::size_t i = 0; i < hints.size(); ++i) hints[i] = arrayType(inner->items[i], want->extent);
  }
  std::vector<MutExpr> items;
  std::vector<TypeRef> types;
  for (std::size_t i = 0; i < e.elements.size(); ++i) {
    items.push_back(infer(*e.elements[i], scope, hints[i]));
    types.push_back(items.back()->type);
  }
  MutExpr x = make(ExprKind::Tuple, tupleType(std::move(types)), e.span);
  x->operands.assign(items.begin(), items.end());
  return x;
}

MutExpr BodyChecker::inferArray(const ast::ArrayExpr& e, const ScopeRef& scope, const TypeRef& hint) {
  TypeRef element;
  const TypeRef want = hint ? solver_.head(hint) : nullptr;
  TypeRef wantLocal = want && is(want, TypeKind::Placed) ? solver_.head(want->element) : want;
  if (wantLocal) {
    if (const auto axis = leadingAxis(wantLocal)) element = axis->element;
  }
  if (e.elements.empty()) {
    // `[]` is a shape of rank 0 where a shape is wanted.
    if (!element) element = intType();
    return make(ExprKind::Array, arrayType(element, Dim(0)), e.span);
  }
  Lift lift;
  std::vector<MutExpr> items;
  for (const ast::ExprPtr& item : e.elements) {
    MutExpr x = infer(*item, scope, element);
    TypeRef t = solver_.head(local(x, lift));
    if (is(t, TypeKind::Function) || is(t, TypeKind::OpenLambda) || is(t, TypeKind::Sequence)) {
      return failed(Diagnostic(Code::FunctionAtRunTime, item->span, "an array holds run-time values only").at(fmt::format("this is `{}`", show(t))));
    }
    if (!element || items.empty()) {
      if (element && solver_.unify(t, element)) t = element;
      element = t;
    } else if (!solver_.unify(t, element)) {
      return mismatch(x, t, {element, items.front()->span, fmt::format("the first element is `{}`", show(element))});
    }
    items.push_back(x);
  }
  MutExpr x = make(ExprKind::Array, placed(arrayType(solver_.zonk(element), Dim(static_cast<std::int64_t>(items.size()))), lift), e.span);
  x->operands.assign(items.begin(), items.end());
  return lift.failed ? errorExpr(e.span) : x;
}

MutExpr BodyChecker::inferIf(const ast::IfExpr& e, const ScopeRef& scope, const TypeRef& hint) {
  struct Arm {
    MutExpr condition;
    MutExpr value;
    Span span;
  };
  std::vector<Arm> arms;
  TypeRef result = e.otherwise ? hint : unitType();
  Span resultSpan;
  const auto arm = [&](const ast::Block& block) {
    MutExpr value = checkBlock(block, scope, result, block.span);
    const Span at = block.result ? block.result->span : block.span;
    if (hasFunction(solver_.zonk(value->type)) && !isError(value->type)) {
      value = failed(
          Diagnostic(Code::FunctionAtRunTime, at, "an `if` cannot choose between functions").at(fmt::format("this is `{}`", show(value->type))));
    }
    if (!e.otherwise) {
      value = coerce(value, {unitType(), e.span, "an `if` without `else` has no value"});
    } else if (!resultSpan.isValid()) {
      // The first branch says what the others must be, unless the surroundings do.
      if (!result || is(solver_.head(result), TypeKind::Hole)) {
        if (result) solver_.attempt([&] { return solver_.unify(value->type, result); });
        result = value->type;
      } else {
        bool changed = false;
        if (!fit(value->type, result, changed)) result = value->type;
      }
      resultSpan = at;
    }
    return value;
  };
  for (const ast::IfBranch& b : e.branches) {
    MutExpr condition = infer(*b.condition, scope, boolType());
    const TypeRef t = solver_.zonk(condition->type);
    if (hasPlacedValue(t)) {
      condition =
          failed(Diagnostic(Code::PlacedCondition, b.condition->span, "the condition of an `if` in federated code must be unplaced")
                     .at(fmt::format("this is `{}`", show(t)))
                     .note("write a function of plain values around this `if`, as in `fn chosen(x: f32, ..) { if x < 1 { .. } else { .. } }`, and "
                           "call it with the placed ones"));
    } else {
      condition = coerce(condition, {boolType(), b.condition->span, "a condition is a `bool`"});
    }
    arms.push_back({condition, arm(b.block), b.block.result ? b.block.result->span : b.block.span});
  }
  MutExpr otherwise;
  if (e.otherwise) {
    otherwise = arm(*e.otherwise);
    // A literal in the first branch has taken its type by now; an unplaced branch follows a placed one.
    TypeRef joined = result;
    if (hasPlacedValue(solver_.zonk(otherwise->type)) && !hasPlacedValue(solver_.zonk(result))) joined = otherwise->type;
    for (Arm& a : arms) a.value = coerce(a.value, {joined, resultSpan, fmt::format("this branch is `{}`", show(joined))});
    otherwise = coerce(otherwise, {joined, resultSpan, fmt::format("this branch is `{}`", show(joined))});
    result = joined;
  }
  MutExpr x = otherwise;
  for (auto a = arms.rbegin(); a != arms.rend(); ++a) {
    MutExpr branch = make(ExprKind::If, result, e.span);
    branch->operands = {a->condition, a->value};
    if (x) branch->operands.push_back(x);
    x = branch;
  }
  return x;
}

std::vector<std::string> BodyChecker::fieldNames(const TypeRef& type) {
  std::vector<std::string> names;
  TypeRef t = solver_.head(type);
  if (is(t, TypeKind::Placed)) t = solver_.head(t->element);
  while (is(t, TypeKind::Array)) t = solver_.head(t->element);
  if (is(t, TypeKind::Struct))
    for (const Field& f : fieldsOf(t)) names.push_back(f.name);
  return names;
}

MutExpr BodyChecker::tryField(const MutExpr& object, const std::string& name, Span span) {
  TypeRef t = solver_.head(object->type);
  std::optional<Placement> at;
  if (is(t, TypeKind::Placed)) {
    at = t->placement;
    t = solver_.head(t->element);
  }
  // A field of `T[n]` is the column of all n.
  std::vector<Dim> around;
  while (is(t, TypeKind::Array)) {
    around.push_back(t->extent);
    t = solver_.head(t->element);
  }
  if (!is(t, TypeKind::Struct)) return nullptr;
  const std::vector<Field>& fields = fieldsOf(t);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name != name) continue;
    TypeRef type = fields[i].type;
    for (auto d = around.rbegin(); d != around.rend(); ++d) type = arrayType(solver_.head(type), *d);
    if (at) type = placedType(type, *at);
    return fieldExpr(object, static_cast<int>(i), type, span);
  }
  return nullptr;
}

MutExpr BodyChecker::inferField(const ast::FieldExpr& e, const ScopeRef& scope, const TypeRef& hint) {
  if (const ModuleInfo* module = moduleOf(*e.object, scope)) return itemExpr(program_.modules.member(*module, e.name), e, scope, hint);
  MutExpr object = infer(*e.object, scope);
  const TypeRef t = solver_.head(object->type);
  if (isError(t)) return errorExpr(e.span);
  if (MutExpr field = tryField(object, e.name.text, e.span)) return field;
  if (is(t, TypeKind::Hole)) {
    return failed(Diagnostic(Code::CannotInfer, e.object->span, fmt::format("the type of `{}` must be known here", source(e.object->span)))
                      .at(fmt::format("to look for its field `{}`", e.name.text))
                      .note("give it a name and a type: `let x: T = ...;`"));
  }
  const std::vector<std::string> names = fieldNames(t);
  Diagnostic d(Code::UnknownField, e.name.span, fmt::format("`{}` has no field `{}`", show(t), e.name.text));
  d.primaryLabel = "no such field";
  if (const auto near = suggest(e.name.text, names)) {
    d.fix = Fix::replace(e.name.span, *near, "a similar field exists");
  } else if (!names.empty()) {
    std::string all;
    for (const std::string& n : names) all += (all.empty() ? "`" : ", `") + n + "`";
    d.notes.push_back("its fields are " + all);
  }
  return failed(std::move(d));
}

MutExpr BodyChecker::itemOf(const MutExpr& object, std::uint32_t index, Span span) {
  TypeRef t = solver_.head(object->type);
  std::optional<Placement> at;
  if (is(t, TypeKind::Placed)) {
    at = t->placement;
    t = solver_.head(t->element);
  }
  std::vector<Dim> around;
  while (is(t, TypeKind::Array)) {
    around.push_back(t->extent);
    t = solver_.head(t->element);
  }
  if (!is(t, TypeKind::Tuple) || index >= t->items.size()) return nullptr;
  TypeRef type = t->items[index];
  for (auto d = around.rbegin(); d != around.rend(); ++d) type = arrayType(solver_.head(type), *d);
  if (at) type = placedType(type, *at);
  MutExpr x = make(ExprKind::Item, type, span);
  x->operands = {object};
  x->index = static_cast<int>(index);
  return x;
}

MutExpr BodyChecker::inferTupleField(const ast::TupleFieldExpr& e, const ScopeRef& scope) {
  MutExpr object = infer(*e.object, scope);
  if (isError(solver_.head(object->type))) return errorExpr(e.span);
  if (MutExpr item = itemOf(object, e.index, e.span)) return item;
  return failed(Diagnostic(Code::UnknownField, e.indexSpan, fmt::format("`{}` has no item {}", show(object->type), e.index))
                    .at("no such item")
                    .label(e.object->span, fmt::format("this is `{}`", show(object->type))));
}

std::optional<Dim> BodyChecker::sliceExtent(const MutExpr& low, const MutExpr& high, const Dim& extent, Span span) {
  const std::optional<Dim> from = low ? dimOrError(low, "where a slice begins") : Dim(0);
  const std::optional<Dim> to = high ? dimOrError(high, "where a slice ends") : extent;
  if (!from || !to) return std::nullopt;
  const Dim n = *to - *from;
  const auto c = n.constant();
  const auto begin = from->constant();
  const auto end = to->constant();
  const auto all = solver_.zonk(extent).constant();
  if ((c && *c < 0) || (begin && *begin < 0) || (end && all && *end > *all)) {
    report(Diagnostic(Code::IndexType, span, fmt::format("the slice {}..{} does not lie in 0..{}", show(*from), show(*to), show(extent)))
               .at(fmt::format("this axis has {} elements", show(extent))));
    return std::nullopt;
  }
  return n;
}

TypeRef BodyChecker::subscripts(const std::vector<ast::IndexItem>& items, const TypeRef& object, const ScopeRef& scope, Span span, bool forAssignment,
                                std::vector<Subscript>& out, Lift& lift) {
  TypeRef rest = object;
  std::vector<Dim> kept;
  bool gathered = false;
  for (const ast::IndexItem& item : items) {
    const auto axis = leadingAxis(solver_.head(rest));
    if (!axis || is(solver_.head(rest), TypeKind::Range)) {
      Diagnostic d(Code::IndexType, item.span, fmt::format("`{}` has no axis for this index", show(object)));
      d.primaryLabel = out.empty() ? "cannot be indexed" : fmt::format("only {}", out.size() == 1 ? "1 axis" : std::to_string(out.size()) + " axes");
      const TypeRef whole = solver_.head(object);
      if (is(whole, TypeKind::Sequence))
        d.notes.emplace_back("a sequence is gone through by `map`, `fold` or `for`; `.collect()` makes an array of it");
      if (is(whole, TypeKind::Struct)) d.notes.emplace_back("its fields are taken by their names");
      report(std::move(d));
      return nullptr;
    }
    Subscript s;
    s.span = item.span;
    rest = axis->element;
    if (item.isAll()) {
      s.kind = Subscript::Kind::All;
      kept.push_back(axis->extent);
      out.push_back(std::move(s));
      continue;
    }
    if (const auto* range = ast::tryAs<ast::RangeExpr>(item.value.get())) {
      s.kind = Subscript::Kind::Range;
      const auto side = [&](const ast::ExprPtr& e) -> MutExpr {
        if (!e) return nullptr;
        MutExpr x = infer(*e, scope, intType());
        const TypeRef t = solver_.head(x->type);
        if (is(t, TypeKind::Placed))
          return failed(Diagnostic(Code::SizeNotStatic, e->span, "the ends of a slice are unplaced integers").at(fmt::format("`{}`", show(t))));
        return coerce(x, {intType(), e->span, "the ends of a slice are `i32`"});
      };
      const MutExpr low = side(range->low);
      const MutExpr high = side(range->high);
      s.at = low;
      s.to = high;
      const std::optional<Dim> extent = sliceExtent(low, high, axis->extent, item.span);
      if (!extent) return nullptr;
      s.extent = *extent;
      kept.push_back(s.extent);
      out.push_back(std::move(s));
      continue;
    }
    // One integer or a tensor of them: what is called is not told which.
    MutExpr at = infer(*item.value, scope, nullptr);
    settleAlone(at);
    TypeRef t = solver_.head(local(at, lift));
    if (isError(t)) return nullptr;
    if (is(t, TypeKind::Hole) && isLiteralHole(t)) {
      if (!solver_.unify(t, intType())) {
        mismatch(at, t, {intType(), item.span, "an index is an integer"});
        return nullptr;
      }
      t = intType();
      const auto n = solver_.zonk(axis->extent).constant();
      const auto i = staticDim(*at);
      if (n && i && i->constant() && (*i->constant() < 0 || *i->constant() >= *n)) {
        Diagnostic d(Code::IndexType, item.span, fmt::format("index {} is out of range", *i->constant()));
        d.primaryLabel = *n == 0   ? "this axis is empty"
                         : *n == 1 ? "this axis has the index 0 only"
                                   : fmt::format("this axis has the indices 0 to {}", *n - 1);
        if (*i->constant() < 0 && *i->constant() + *n >= 0)
          d.fix = Fix::replace(item.span, std::to_string(*i->constant() + *n), "positions are not counted from the end");
        report(std::move(d));
        return nullptr;
      }
    }
    if (is(t, TypeKind::Parameter)) {
      // A skolem of numbers may be an integer.
      s.kind = Subscript::Kind::At;
      s.at = at;
      out.push_back(std::move(s));
      continue;
    }
    if (!is(t, TypeKind::Tensor) || !core::isInteger(t->elem)) {
      Diagnostic d(Code::IndexType, item.span, fmt::format("an index is an integer, a range, `:` or an integer tensor, found `{}`", show(t)));
      d.primaryLabel = "cannot index";
      if (is(t, TypeKind::Tensor) && core::isFloat(t->elem) && t->dims.size() == 1)
        d.notes.emplace_back("if this is a one-hot row, `argmax(..)` gives the index of its one");
      report(std::move(d));
      return nullptr;
    }
    if (t->elem != Elem::I32 && t->elem != Elem::I64) {
      const Elem wide = t->elem == Elem::U32 || t->elem == Elem::U64 ? Elem::I64 : Elem::I32;
      Lift own;
      TypeRef type = tensorType(wide, t->dims);
      if (is(solver_.head(at->type), TypeKind::Placed)) type = placedType(type, solver_.head(at->type)->placement);
      MutExpr c = make(ExprKind::Convert, type, at->span);
      c->operands = {at};
      at = c;
    }
    s.at = at;
    if (t->dims.empty()) {
      s.kind = Subscript::Kind::At;
    } else {
      if (forAssignment) {
        report(Diagnostic(Code::IndexType, item.span, "an assignment takes single indices and ranges")
                   .at("this is a tensor of indices")
                   .note("assign element by element in a `for`"));
        return nullptr;
      }
      if (gathered) {
        report(Diagnostic(Code::IndexType, item.span, "only one index may be a tensor").at("this is the second"));
        return nullptr;
      }
      gathered = true;
      s.kind = Subscript::Kind::Gather;
      kept.insert(kept.end(), t->dims.begin(), t->dims.end());
    }
    out.push_back(std::move(s));
  }
  (void)span;
  TypeRef type = solver_.head(rest);
  for (auto d = kept.rbegin(); d != kept.rend(); ++d) type = arrayType(type, solver_.zonk(*d));
  return type;
}

MutExpr BodyChecker::inferIndex(const ast::IndexExpr& e, const ScopeRef& scope) {
  MutExpr object = infer(*e.object, scope);
  Lift lift;
  const TypeRef type = solver_.head(local(object, lift));
  if (isError(type)) {
    for (const ast::IndexItem& i : e.items)
      if (i.value && i.value->kind != ast::ExprKind::Range) infer(*i.value, scope, intType());
    return errorExpr(e.span);
  }
  if (is(type, TypeKind::Parameter)) {
    return failed(Diagnostic(Code::IndexType, e.object->span, fmt::format("`{}` cannot be indexed", show(type))).at("nothing is known of its shape"));
  }
  MutExpr x = make(ExprKind::Index, errorType(), e.span);
  x->operands = {object};
  const TypeRef selected = subscripts(e.items, type, scope, e.span, false, x->subscripts, lift);
  if (!selected || lift.failed) return errorExpr(e.span);
  x->operands[0] = object;
  x->type = placed(selected, lift);
  return x;
}

MutExpr BodyChecker::inferRange(const ast::RangeExpr& e, const ScopeRef& scope) {
  if (!e.low || !e.high) return failed(Diagnostic(Code::IndexType, e.span, "a range without an end stands in an index only").at("write both ends"));
  MutExpr low = infer(*e.low, scope);
  MutExpr high = infer(*e.high, scope, low->type);
  Lift lift;
  const TypeRef a = solver_.head(local(low, lift));
  const TypeRef b = solver_.head(local(high, lift));
  if (isError(a) || isError(b)) return errorExpr(e.span);
  if (lift.at) {
    return failed(Diagnostic(Code::PlacedCondition, e.span, "the ends of a range must be unplaced")
                      .at("a placed number is not known here")
                      .note("loop inside a local function, which is then called on the placed values"));
  }
  if (!solver_.unify(b, a)) return mismatch(high, b, {a, low->span, fmt::format("the range begins with `{}`", show(a))});
  TypeRef t = solver_.head(a);
  if (isLiteralHole(t)) {
    solver_.unify(t, intType());
    t = solver_.head(t);
  }
  if (!isScalar(t) || !core::isInteger(t->elem)) {
    // A number that is written out has the type of the other end.
    const bool isHigh = low->kind == ExprKind::Literal && high->kind != ExprKind::Literal;
    return mismatch(isHigh ? high : low, t, {intType(), e.span, "the ends of a range are integers"});
  }
  const auto from = staticDim(*low);
  const auto to = staticDim(*high);
  const Dim extent = from && to ? *to - *from : unknownDim(std::nullopt);
  MutExpr x = make(ExprKind::Range, rangeType(t->elem, extent), e.span);
  x->operands = {low, high};
  return x;
}

MutExpr BodyChecker::inferAs(const ast::AsExpr& e, const ScopeRef& scope) {
  const TypeRef want = resolveType(*e.type, scope);
  MutExpr value = infer(*e.value, scope);
  const TypeRef found = solver_.zonk(value->type);
  if (isError(found) || isError(want)) return errorExpr(e.span);
  // Only sizes may differ: compare with all of them forgotten.
  const auto forget = [&](const TypeRef& t) { return mapDims(t, [](const Dim&) { return Dim::variable(kUnknownDim); }); };
  std::optional<Placement> at;
  TypeRef inner = found;
  TypeRef target = solver_.zonk(want);
  if (is(found, TypeKind::Placed) && !is(target, TypeKind::Placed)) {
    at = found->placement;
    inner = found->element;
  }
  if (!solver_.attempt([&] { return solver_.unify(forget(inner), forget(target)); })) {
    Diagnostic d(Code::TypeMismatch, e.span, fmt::format("`as` changes sizes only: `{}` is no `{}`", show(found), show(want)));
    d.labels.push_back({e.value->span, fmt::format("this is `{}`", show(found))});
    const bool isNumber = isLiteralHole(inner) || (isScalar(inner) && (core::isNumeric(inner->elem) || inner->elem == Elem::Bool));
    if (isNumber && isScalar(target) && core::isNumeric(target->elem)) {
      d.fix = Fix::replace(e.span, fmt::format("{}({})", core::elemName(target->elem), program_.sources.text(e.value->span)),
                           "numbers are converted by the name of their type");
    } else {
      d.notes.emplace_back("numbers are converted by the name of their type, as in `f32(x)`");
    }
    return failed(std::move(d));
  }
  // Constants that differ can never agree.
  bool conflict = false;
  std::vector<Dim> a;
  std::vector<Dim> b;
  anyDim(inner, [&](const Dim& d) { return a.push_back(d), false; });
  anyDim(target, [&](const Dim& d) { return b.push_back(d), false; });
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
    conflict = conflict || (a[i].constant() && b[i].constant() && *a[i].constant() != *b[i].constant());
  if (conflict) {
    return failed(Diagnostic(Code::ShapeMismatch, e.span, fmt::format("`{}` can never be `{}`", show(found), show(want))).at("sizes differ"));
  }
  TypeRef type = openUnknown(target, "");
  if (at) type = placedType(type, *at);
  MutExpr x = make(ExprKind::As, type, e.span);
  x->operands = {value};
  return x;
}

}  // namespace fedc::check
