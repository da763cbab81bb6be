#include <algorithm>

#include <fmt/format.h>

#include "compiler/check/body.h"

namespace fedc::check {

MutExpr BodyChecker::checkBlock(const ast::Block& b, ScopeRef scope, const TypeRef& hint, Span span) {
  MutExpr block = make(ExprKind::Block, unitType(), span);
  std::vector<Stmt> stmts;
  for (const ast::StmtPtr& s : b.statements) scope = checkStmt(*s, scope, stmts);
  if (b.result) {
    MutExpr value = infer(*b.result, scope, hint);
    if (stmts.empty()) return value;
    block->type = value->type;
    block->operands = {value};
  }
  block->stmts = std::move(stmts);
  return block;
}

ScopeRef BodyChecker::checkStmt(const ast::Stmt& s, const ScopeRef& scope, std::vector<Stmt>& out) {
  const Mark m = mark();
  switch (s.kind) {
    case ast::StmtKind::Let: {
      const auto& let = ast::as<ast::LetStmt>(s);
      return checkLet(*let.pattern, let.type.get(), *let.value, s.span, false, scope, out);
    }
    case ast::StmtKind::Var: {
      const auto& var = ast::as<ast::VarStmt>(s);
      return checkLet(*var.pattern, var.type.get(), *var.value, s.span, true, scope, out);
    }
    case ast::StmtKind::Assign: checkAssign(ast::as<ast::AssignStmt>(s), scope, out); return scope;
    case ast::StmtKind::For: checkFor(ast::as<ast::ForStmt>(s), scope, out); return scope;
    case ast::StmtKind::Expr: {
      Stmt stmt;
      stmt.kind = Stmt::Kind::Expr;
      stmt.span = s.span;
      const ast::Expr& e = *ast::as<ast::ExprStmt>(s).expr;
      MutExpr value = infer(e, scope, nullptr);
      finish(m);
      TypeRef t = solver_.zonk(value->type);
      if (is(t, TypeKind::Placed)) t = t->element;
      if (!isUnit(t) && !isError(t) && &s != missingResult_) {
        report(Diagnostic(Code::UnusedValue, e.span, fmt::format("this value of type `{}` is not used", show(value->type)))
                   .at("computed and thrown away")
                   .note("without the semicolon it is the value of the block; `let _ = ..;` throws it away on purpose"));
      }
      stmt.value = value;
      out.push_back(std::move(stmt));
      return scope;
    }
  }
  return scope;
}

ScopeRef BodyChecker::checkLet(const ast::Pattern& pattern, const ast::TypeExpr* annotation, const ast::Expr& value, Span span, bool isVar,
                               const ScopeRef& scope, std::vector<Stmt>& out) {
  const Mark m = mark();
  Stmt stmt;
  stmt.kind = isVar ? Stmt::Kind::Var : Stmt::Kind::Let;
  stmt.span = span;
  MutExpr v;
  if (annotation != nullptr) {
    const TypeRef type = resolveType(*annotation, scope);
    if (isVar && mentionsUnknown(type)) {
      report(Diagnostic(Code::UnknownSizeNotAllowed, annotation->span, "a `var` has no unknown size (`?`)").at("name the size"));
    }
    v = check(value, scope, {type, annotation->span, fmt::format("declared as `{}`", show(type))});
  } else {
    v = infer(value, scope, nullptr);
  }
  finish(m);
  const auto* name = ast::tryAs<ast::NamePattern>(&pattern);
  TypeRef type = solver_.zonk(v->type);
  if (is(type, TypeKind::Range) && isVar) {
    report(Diagnostic(Code::FunctionAtRunTime, value.span, "a `var` holds run-time values, this is a range").at("use `let`"));
  }
  type = openUnknown(type, name != nullptr ? name->name.text : "");
  ScopeRef inner = scope;
  std::map<std::string, Span> bound;
  bindsOnce(pattern, bound);
  stmt.pattern = bindPattern(pattern, type, inner, isVar, v);
  if (annotation != nullptr && stmt.pattern.local) program_.typeSpans[stmt.pattern.local->id] = annotation->span;
  stmt.value = v;
  out.push_back(std::move(stmt));
  return inner;
}

void BodyChecker::noteAssigned(const LocalRef& local) {
  for (LoopFrame& f : loops_) {
    if (local->id >= f.before) continue;
    const bool seen = std::any_of(f.assigned.begin(), f.assigned.end(), [&](const LocalRef& l) { return l->id == local->id; });
    if (!seen) f.assigned.push_back(local);
  }
}

BodyChecker::Place BodyChecker::assignTarget(const ast::Expr& e, const ScopeRef& scope, Lift& lift) {
  Place place;
  place.target.span = e.span;
  switch (e.kind) {
    case ast::ExprKind::Name: {
      const auto& name = ast::as<ast::NameExpr>(e);
      const NameMeaning m = lookup(name.name, scope);
      if (m.kind != NameMeaning::Kind::Local) {
        if (m.kind == NameMeaning::Kind::None) {
          unknownName(name.name, e.span, scope, false);
        } else {
          report(Diagnostic(Code::AssignTarget, e.span, fmt::format("`{}` cannot be assigned to", name.name)).at("no `var`"));
        }
        return place;
      }
      if (!m.local->isVar) {
        Diagnostic d(Code::AssignTarget, e.span, fmt::format("`{}` cannot be assigned to: it is no `var`", name.name));
        d.primaryLabel = "assigned here";
        d.labels.push_back({m.local->span, "bound here"});
        const Span at = m.local->span;
        const Span keyword{at.file, at.begin < 4 ? 0 : at.begin - 4, at.begin < 4 ? 0 : at.begin - 1};
        if (program_.sources.text(keyword) == "let") {
          d.fix = Fix::replace(keyword, "var", "what changes is declared by `var`");
        } else {
          d.notes.push_back(fmt::format("`var {0} = {0};` makes one that may change", name.name));
        }
        report(std::move(d));
        return place;
      }
      if (m.captured) {
        report(Diagnostic(Code::AssignTarget, e.span, fmt::format("a lambda cannot assign to `{}`, which is outside of it", name.name))
                   .at("assigned here")
                   .label(m.local->span, "declared outside of the lambda")
                   .note("let the lambda return the new value"));
        return place;
      }
      place.target.local = m.local;
      place.target.type = m.local->type;
      place.value = localExpr(m.local, e.span);
      place.ok = true;
      return place;
    }
    case ast::ExprKind::Wildcard: {
      place.ok = true;
      return place;
    }
    case ast::ExprKind::Field: {
      const auto& f = ast::as<ast::FieldExpr>(e);
      place = assignTarget(*f.object, scope, lift);
      if (!place.ok) return place;
      place.target.span = e.span;
      const MutExpr field = tryField(place.value, f.name.text, e.span);
      if (!field) {
        Diagnostic d(Code::UnknownField, f.name.span, fmt::format("`{}` has no field `{}`", show(place.target.type), f.name.text));
        d.primaryLabel = "no such field";
        report(std::move(d));
        place.ok = false;
        return place;
      }
      Subscript s;
      s.kind = Subscript::Kind::Field;
      s.index = field->index;
      s.span = f.name.span;
      place.target.path.push_back(std::move(s));
      place.target.type = field->type;
      place.value = field;
      return place;
    }
    case ast::ExprKind::TupleField: {
      const auto& f = ast::as<ast::TupleFieldExpr>(e);
      place = assignTarget(*f.object, scope, lift);
      if (!place.ok) return place;
      place.target.span = e.span;
      const MutExpr item = itemOf(place.value, f.index, e.span);
      if (!item) {
        report(Diagnostic(Code::UnknownField, f.indexSpan, fmt::format("`{}` has no item {}", show(place.target.type), f.index)).at("no such item"));
        place.ok = false;
        return place;
      }
      Subscript s;
      s.kind = Subscript::Kind::Item;
      s.index = static_cast<int>(f.index);
      s.span = f.indexSpan;
      place.target.path.push_back(std::move(s));
      place.target.type = item->type;
      place.value = item;
      return place;
    }
    case ast::ExprKind::Index: {
      const auto& x = ast::as<ast::IndexExpr>(e);
      place = assignTarget(*x.object, scope, lift);
      if (!place.ok) return place;
      place.target.span = e.span;
      MutExpr object = place.value;
      Lift own;
      const TypeRef type = solver_.head(local(object, own));
      if (isError(type)) {
        place.ok = false;
        return place;
      }
      MutExpr value = make(ExprKind::Index, errorType(), e.span);
      const TypeRef selected = subscripts(x.items, type, scope, e.span, true, value->subscripts, own);
      if (!selected || own.failed) {
        place.ok = false;
        return place;
      }
      value->operands = {object};
      value->type = placed(selected, own);
      for (const Subscript& s : value->subscripts) place.target.path.push_back(s);
      place.target.type = value->type;
      place.value = value;
      return place;
    }
    default:
      report(Diagnostic(Code::AssignTarget, e.span, "this cannot be assigned to")
                 .at(e.kind == ast::ExprKind::Tuple ? "a tuple in a tuple: assign to its parts one by one"
                                                    : "the left of `=` is a `var`, followed by fields and indices"));
      return place;
  }
}

void BodyChecker::checkAssign(const ast::AssignStmt& s, const ScopeRef& scope, std::vector<Stmt>& out) {
  const Mark m = mark();
  Stmt stmt;
  stmt.kind = Stmt::Kind::Assign;
  stmt.span = s.span;
  std::vector<Place> places;
  Lift lift;
  const auto* tuple = ast::tryAs<ast::TupleExpr>(s.target.get());
  if (tuple != nullptr) {
    for (const ast::ExprPtr& e : tuple->elements) places.push_back(assignTarget(*e, scope, lift));
  } else {
    places.push_back(assignTarget(*s.target, scope, lift));
  }
  bool ok = true;
  for (const Place& p : places) ok = ok && p.ok;
  if (tuple != nullptr && s.op) {
    report(Diagnostic(Code::AssignTarget, s.target->span, fmt::format("`{}` takes one place on the left", source(s.opSpan))).at("this is a tuple"));
    ok = false;
  }
  if (!ok) {
    infer(*s.value, scope, nullptr);
    finish(m);
    return;
  }
  const auto why = [&](const Place& p) { return fmt::format("`{}` is `{}`", source(p.target.span), show(p.target.type)); };
  MutExpr value;
  if (s.op) {
    MutExpr right = infer(*s.value, scope, nullptr);
    static constexpr BinaryOp kOps[] = {BinaryOp::Add,    BinaryOp::Sub,   BinaryOp::Mul,    BinaryOp::Div, BinaryOp::Rem, BinaryOp::MatMul,
                                        BinaryOp::BitAnd, BinaryOp::BitOr, BinaryOp::BitXor, BinaryOp::Shl, BinaryOp::Shr};
    const TypeRef target = solver_.head(places[0].target.type);
    assigned_ = places[0].value.get();
    value = binary(kOps[static_cast<std::size_t>(*s.op)], places[0].value, right, s.span,
                   is(target, TypeKind::Placed) ? std::optional(target->placement) : std::nullopt);
    assigned_ = nullptr;
    value = coerce(value, {places[0].target.type, s.target->span, why(places[0])});
  } else if (tuple == nullptr) {
    value =
        places[0].target.local ? check(*s.value, scope, {places[0].target.type, s.target->span, why(places[0])}) : infer(*s.value, scope, nullptr);
  } else {
    std::vector<TypeRef> items;
    for (const Place& p : places)
      items.push_back(p.target.local ? p.target.type : solver_.freshHole(HoleKind::Any, p.target.span, "the type of what is thrown away"));
    for (std::size_t i = 0; i < places.size(); ++i)
      if (!places[i].target.local) solver_.hole(items[i]).mayPlace = true;
    const TypeRef want = tupleType(std::move(items));
    value = check(*s.value, scope, {want, s.target->span, fmt::format("the left is `{}`", show(want))});
  }
  finish(m);
  for (Place& p : places) {
    if (p.target.local) noteAssigned(p.target.local);
    if (!p.target.type) p.target.type = unitType();
    stmt.targets.push_back(std::move(p.target));
  }
  stmt.value = value;
  out.push_back(std::move(stmt));
}

void BodyChecker::checkFor(const ast::ForStmt& s, const ScopeRef& scope, std::vector<Stmt>& out) {
  const Mark m = mark();
  Stmt stmt;
  stmt.kind = Stmt::Kind::For;
  stmt.span = s.span;
  MutExpr items = infer(*s.items, scope, nullptr);
  finish(m);
  const TypeRef t = solver_.zonk(items->type);
  TypeRef element = errorType();
  if (is(t, TypeKind::Sequence)) {
    element = t->element;
  } else if (const auto axis = leadingAxis(t)) {
    element = axis->element;
  } else if (hasPlacedValue(t)) {
    report(Diagnostic(Code::PlacedCondition, s.items->span, "a `for` in federated code takes an unplaced range or array")
               .at(fmt::format("this is `{}`", show(t)))
               .note("loop inside a local function, which is then called on the placed values"));
  } else if (!isError(t)) {
    Diagnostic d(Code::NotIterable, s.items->span, fmt::format("`for` goes over sequences, arrays and ranges, found `{}`", show(t)));
    d.primaryLabel = "cannot be gone through";
    if (isScalar(t) && core::isInteger(t->elem)) d.fix = Fix::insert(s.items->span.start(), "0..", "count up to it");
    report(std::move(d));
  }
  const auto* name = ast::tryAs<ast::NamePattern>(s.pattern.get());
  element = openUnknown(element, name != nullptr ? name->name.text : "");
  LoopFrame frame;
  // Locals are numbered in the order of their declaration.
  frame.before = program_.newLocal("", unitType(), s.span, false)->id;
  loops_.push_back(frame);
  ScopeRef inner = scope;
  std::map<std::string, Span> bound;
  bindsOnce(*s.pattern, bound);
  stmt.pattern = bindPattern(*s.pattern, element, inner, false);
  const Mark body = mark();
  MutExpr block = checkBlock(s.body, inner, unitType(), s.body.span);
  if (block->kind != ExprKind::Block) {
    MutExpr wrapped = make(ExprKind::Block, block->type, s.body.span);
    wrapped->operands = {block};
    block = wrapped;
  }
  const Span at = s.body.result ? s.body.result->span : s.body.span;
  const TypeRef result = solver_.zonk(block->type);
  if (!isUnit(result) && !isError(result)) {
    report(Diagnostic(Code::UnusedValue, at, fmt::format("the body of a `for` has no value, found `{}`", show(result)))
               .at("thrown away in each step")
               .note("assign to a `var`: `out[i] = ..;` collects, `total += ..;` adds up"));
  }
  finish(body);
  stmt.value = items;
  stmt.body = block;
  stmt.assigned = loops_.back().assigned;
  loops_.pop_back();
  out.push_back(std::move(stmt));
}

}  // namespace fedc::check
