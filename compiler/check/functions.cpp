#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "compiler/check/body.h"
#include "compiler/check/walk.h"

/// Functions as values: lambdas, generic functions where a type is expected, functions that are checked at each call.
namespace fedc::check {

MutExpr BodyChecker::checkLambda(const ast::LambdaExpr& e, const ScopeRef& scope, const std::vector<TypeRef>& params, const TypeRef& wanted,
                                 bool mayDrop) {
  const TypeRef result = wanted && !isError(solver_.head(wanted)) ? wanted : nullptr;
  if (e.parameters.size() > params.size() || (e.parameters.size() < params.size() && !mayDrop)) {
    return failed(Diagnostic(Code::LambdaParameters, e.span,
                             fmt::format("this lambda has {}, but is given {}", plural(e.parameters.size(), "parameter"), params.size()))
                      .at(fmt::format("{} parameters", e.parameters.size())));
  }
  const std::uint32_t firstLocal = program_.newLocal("", unitType(), e.span, false)->id;
  const auto firstDim = static_cast<Dim::Variable>(program_.out.dims.size());
  ScopeRef inner = lambdaScope(scope);
  auto lambda = std::make_shared<LambdaBody>();
  std::map<std::string, Span> bound;
  for (const ast::LambdaParameter& p : e.parameters) bindsOnce(*p.pattern, bound);
  for (std::size_t i = 0; i < params.size(); ++i) {
    if (i >= e.parameters.size()) {
      lambda->params.push_back(wildcard(openUnknown(params[i], ""), e.span));
      continue;
    }
    const ast::LambdaParameter& p = e.parameters[i];
    const auto* name = ast::tryAs<ast::NamePattern>(p.pattern.get());
    TypeRef type = params[i];
    if (p.type) {
      const TypeRef written = resolveType(*p.type, scope);
      solver_.blame(p.type->span);
      if (!solver_.unify(type, written)) {
        const TypeRef given = solver_.zonk(type);
        Diagnostic d(Code::TypeMismatch, p.type->span, fmt::format("this parameter is given `{}`, not `{}`", show(given), show(written)));
        d.primaryLabel = fmt::format("declared as `{}`", show(written));
        if (solver_.typesKnown(given) && !anyDim(given, [](const Dim& x) { return !x.constant(); }))
          d.fix = Fix::replace(p.type->span, show(given), "the type that it is given");
        report(std::move(d));
        type = errorType();
      } else {
        type = written;
      }
    }
    type = openUnknown(type, name != nullptr ? name->name.text : "");
    lambda->params.push_back(bindPattern(*p.pattern, type, inner, false));
  }
  std::vector<LoopFrame> loops;
  loops.swap(loops_);
  MutExpr body = infer(*e.body, inner, result);
  const TypeRef want = result ? solver_.head(result) : nullptr;
  if (want && !is(want, TypeKind::Hole)) {
    body = coerce(body, {result, e.body->span, fmt::format("the lambda must give `{}`", show(result))});
  }
  loops.swap(loops_);
  // Sizes that began inside (of parameters, of what was bound) mean nothing outside.
  std::vector<Dim::Variable> born;
  for (auto v = firstDim; v < program_.out.dims.size(); ++v) {
    const DimVarInfo& info = program_.out.dims[v];
    if (info.name == "?" || (info.local && *info.local < firstLocal)) continue;
    born.push_back(v);
  }
  const TypeRef given = closeUnknown(body->type, born);
  if (want && is(want, TypeKind::Hole) && !isError(given) && !solver_.unify(given, want)) {
    const bool isPlaced = hasPlacedValue(given);
    body = failed(Diagnostic(isPlaced ? Code::PlacementMismatch : Code::TypeMismatch, e.body->span,
                             isPlaced ? fmt::format("an unplaced value is wanted, found `{}`", show(given))
                                      : fmt::format("the lambda gives `{}` here", show(given)))
                      .at(fmt::format("`{}`", show(given))));
  }
  lambda->body = body;
  lambdas_.push_back(lambda);
  MutExpr x = make(ExprKind::Lambda, functionType(params, want && !is(want, TypeKind::Hole) ? result : given), e.span);
  x->lambda = lambda;
  return x;
}

MutExpr BodyChecker::openFunction(const ast::Expr& e, const ScopeRef& scope, Span span) {
  OpenFunction f;
  f.syntax = &e;
  f.scope = scope;
  f.span = span;
  const std::uint32_t id = program_.newOpenFunction(f);
  MutExpr x = make(ExprKind::Lambda, openLambdaType(id), span);
  x->lambdaId = id;
  return x;
}

MutExpr BodyChecker::functionValue(const FnDecl& fn, Span span) {
  OpenSignature s = openSignature(fn, span);
  MutExpr x = make(ExprKind::Function, functionType(s.params, s.result), span);
  pending_.push_back({x, std::move(s), {}, span});
  return x;
}

MutExpr BodyChecker::etaLambda(const std::vector<TypeRef>& params, Span span, const std::function<MutExpr(std::vector<Arg>&)>& call) {
  auto lambda = std::make_shared<LambdaBody>();
  std::vector<Arg> args;
  for (std::size_t i = 0; i < params.size(); ++i) {
    auto local = newLocal("x" + std::to_string(i), openUnknown(params[i], ""), span);
    Pattern p;
    p.kind = Pattern::Kind::Name;
    p.local = local;
    p.type = local->type;
    p.span = span;
    lambda->params.push_back(std::move(p));
    Arg a;
    a.span = span;
    a.typed = localExpr(local, span);
    args.push_back(std::move(a));
  }
  const MutExpr body = call(args);
  lambda->body = body;
  lambdas_.push_back(lambda);
  MutExpr x = make(ExprKind::Lambda, functionType(params, body->type), span);
  x->lambda = lambda;
  return x;
}

MutExpr BodyChecker::callable(const ast::Expr& e, const ScopeRef& scope, const std::vector<TypeRef>& params, const TypeRef& result, bool mayDrop,
                              Span span) {
  if (const auto* lambda = ast::tryAs<ast::LambdaExpr>(&e)) return checkLambda(*lambda, scope, params, result, mayDrop);
  if (const auto* call = ast::tryAs<ast::CallExpr>(&e)) {
    if (const auto b = transformNamed(*call->callee, scope)) return transformCallable(*b, *call, scope, params, mayDrop);
  }
  NameMeaning m;
  std::string text;
  if (const auto* name = ast::tryAs<ast::NameExpr>(&e)) {
    m = lookup(name->name, scope);
    text = name->name;
  } else if (const auto* field = ast::tryAs<ast::FieldExpr>(&e)) {
    if (const ModuleInfo* module = moduleOf(*field->object, scope)) {
      m.item = program_.modules.member(*module, field->name);
      m.kind = NameMeaning::Kind::Item;
      text = field->name.text;
    }
  }
  const bool isFunction = m.kind == NameMeaning::Kind::Item && m.item.kind == ItemRef::Kind::Function;
  if (!isFunction && m.kind != NameMeaning::Kind::Builtin && m.kind != NameMeaning::Kind::Scalar) {
    MutExpr f = infer(e, scope, functionType(params, result ? result : errorType()));
    return callableOf(f, params, result, mayDrop, span);
  }
  // How many of the parameters the function takes.
  std::size_t required = 0;
  std::size_t most = 1000;
  if (isFunction) {
    const auto& ps = m.item.fn->item->signature.parameters;
    for (const ast::Parameter& p : ps) required += p.value ? 0 : 1;
    most = ps.size();
  } else if (m.kind == NameMeaning::Kind::Builtin) {
    const BuiltinParameters& ps = builtinParameters(m.builtin);
    for (const bool o : ps.optional) required += o ? 0 : 1;
    most = required;
    // `max` of two is as good a function as `max` of one.
    if ((m.builtin == Builtin::Max || m.builtin == Builtin::Min) && params.size() >= 2) most = required = 2;
  } else {
    most = required = 1;
  }
  const std::size_t taken = std::min(most, params.size());
  if (taken < required || (taken < params.size() && !mayDrop)) {
    Diagnostic d(Code::LambdaParameters, span, fmt::format("`{}` has {}, but is given {}", text, plural(required, "parameter"), params.size()));
    d.primaryLabel = "does not fit here";
    if (params.size() == 1 && taken < required) d.notes.push_back(fmt::format("a lambda gives the others: `|x| {}(x, ..)`", text));
    return failed(std::move(d));
  }
  const std::vector<TypeRef> given(params.begin(), params.begin() + static_cast<std::ptrdiff_t>(taken));
  if (isFunction && taken == most) {
    // The plain case: the function itself, with its parameters told by the surroundings.
    MutExpr f;
    std::vector<TypeRef> opened;
    for (const TypeRef& p : given) opened.push_back(openUnknown(p, ""));
    OpenSignature s = openSignature(*m.item.fn, span);
    solver_.blame(span);
    const bool fits = solver_.attempt([&] {
      for (std::size_t i = 0; i < taken; ++i)
        if (!solver_.unify(opened[i], s.params[i])) return false;
      return true;
    });
    if (fits) {
      std::vector<Dim::Variable> born;
      for (const TypeRef& o : opened) std::ranges::copy(unknownNames(o), std::back_inserter(born));
      f = make(ExprKind::Function, functionType(given, closeUnknown(s.result, born)), span);
      pending_.push_back({f, std::move(s), {}, span});
      return f;
    }
    bool placement = false;
    for (const TypeRef& p : given) placement = placement || hasPlacedValue(solver_.zonk(p));
    if (!placement) {
      const Clash clash = solver_.clash();
      std::string all, own;
      for (const TypeRef& p : given) all += fmt::format("{}`{}`", all.empty() ? "" : ", ", show(p));
      for (const ast::Parameter& p : m.item.fn->item->signature.parameters)
        if (p.type) own += fmt::format("{}`{}`", own.empty() ? "" : ", ", source(p.type->span));
      Diagnostic d(Code::TypeMismatch, span, fmt::format("`{}` is given {} here", text, all));
      d.primaryLabel = "it takes " + own;
      d.labels.push_back({m.item.fn->item->signature.name.span, "declared here"});
      if (given.size() > 1 && clash.found && clash.expected)
        d.notes.push_back(fmt::format("found `{}`, expected `{}`", show(clash.found), show(clash.expected)));
      return failed(std::move(d));
    }
  }
  return etaLambda(given, span, [&](std::vector<Arg>& args) {
    MutExpr call = callItem(m, text, args, span, span, scope, result);
    const TypeRef want = result ? solver_.head(result) : nullptr;
    if (!want) return call;
    return coerce(call, {result, span, fmt::format("a function that gives `{}` is wanted", show(result))});
  });
}

MutExpr BodyChecker::callableOf(MutExpr f, const std::vector<TypeRef>& params, const TypeRef& result, bool mayDrop, Span span) {
  const TypeRef t = solver_.head(f->type);
  if (isError(t)) return f;
  if (is(t, TypeKind::OpenLambda)) return resolveOpen(f, params, result, mayDrop, span);
  if (!is(t, TypeKind::Function)) {
    return failed(Diagnostic(Code::NotAFunction, span, fmt::format("a function is wanted, found `{}`", show(t))).at("no function"));
  }
  if (t->items.size() > params.size() || (t->items.size() < params.size() && !mayDrop)) {
    return failed(Diagnostic(Code::LambdaParameters, span,
                             fmt::format("this function has {}, but is given {}", plural(t->items.size(), "parameter"), params.size()))
                      .at(fmt::format("`{}`", show(t))));
  }
  const TypeRef want = functionType({params.begin(), params.begin() + static_cast<std::ptrdiff_t>(t->items.size())}, result ? result : t->element);
  return coerceFunction(f, want, {want, span, fmt::format("a function `{}` is wanted", show(want))});
}

MutExpr BodyChecker::resolveOpen(const MutExpr& f, const std::vector<TypeRef>& params, const TypeRef& result, bool mayDrop, Span span) {
  const std::uint32_t id = solver_.head(f->type)->id;
  const OpenFunction open = program_.openFunctions.at(id);
  std::string key;
  bool cacheable = !result;
  for (const TypeRef& p : params) {
    const TypeRef t = solver_.zonk(p);
    cacheable = cacheable && solver_.known(t);
    key += typeKey(t) + ";";
  }
  key = fmt::format("{}:{}:{}", id, mayDrop, key);
  MutExpr checked;
  if (cacheable) {
    if (const auto it = resolved_.find(key); it != resolved_.end()) checked = it->second;
  }
  if (!checked) {
    for (const std::uint32_t busy : resolving_) {
      if (busy != id) continue;
      return failed(Diagnostic(Code::Recursion, span, "this function calls itself").at("needs itself here").label(open.span, "written here"));
    }
    const auto* written = ast::tryAs<ast::LambdaExpr>(open.syntax);
    if (written != nullptr && (written->parameters.size() > params.size() || (!mayDrop && written->parameters.size() != params.size()))) {
      return failed(Diagnostic(Code::LambdaParameters, span,
                               fmt::format("the lambda has {}, but is given {}", plural(written->parameters.size(), "parameter"),
                                           plural(params.size(), "value")))
                        .at(fmt::format("{} given", params.size()))
                        .label(open.span, plural(written->parameters.size(), "parameter")));
    }
    resolving_.push_back(id);
    checked = [&] {
      if (const auto* lambda = ast::tryAs<ast::LambdaExpr>(open.syntax)) return checkLambda(*lambda, open.scope, params, result, mayDrop);
      return etaLambda(params, span, [&](std::vector<Arg>& args) {
        std::vector<TypeRef> types;
        for (const Arg& a : args) types.push_back(a.typed->type);
        MutExpr inner = callable(*open.syntax, lambdaScope(open.scope), types, result, mayDrop, open.span);
        if (isError(solver_.head(inner->type))) return inner;
        const TypeRef type = solver_.head(inner->type);
        if (is(type, TypeKind::Function) && type->items.size() < args.size()) args.resize(type->items.size());
        return callValue(inner, args, span, result);
      });
    }();
    resolving_.pop_back();
    if (cacheable) resolved_[key] = checked;
  }
  if (checked->kind != ExprKind::Lambda) return checked;
  MutExpr x = make(ExprKind::Resolve, checked->type, span);
  x->operands = {f};
  x->lambda = checked->lambda;
  x->lambdaId = id;
  return x;
}

MutExpr BodyChecker::coerceFunction(MutExpr f, const TypeRef& want, const Expectation& why) {
  const TypeRef found = solver_.head(f->type);
  if (is(found, TypeKind::Hole)) {
    if (solver_.unify(found, want)) return f;
    return mismatch(f, found, why);
  }
  if (is(found, TypeKind::OpenLambda)) return resolveOpen(f, want->items, want->element, true, f->span);
  if (!is(found, TypeKind::Function)) return mismatch(f, found, why);
  if (found->items.size() > want->items.size()) {
    Diagnostic d(Code::TypeMismatch, f->span, fmt::format("expected `{}`, found `{}`", show(want), show(found)));
    d.primaryLabel = fmt::format("takes {}, is given {}", plural(found->items.size(), "value"), want->items.size());
    if (why.span.isValid() && why.span != f->span) d.labels.push_back({why.span, why.why});
    return failed(std::move(d));
  }
  std::vector<Dim::Variable> born;
  solver_.blame(f->span);
  bool changed = false;
  const bool plain = solver_.attempt([&] {
    changed = false;
    for (std::size_t i = 0; i < found->items.size(); ++i)
      if (!solver_.unify(openUnknown(want->items[i], "", &born), found->items[i])) return false;
    const TypeRef result = solver_.head(want->element);
    const TypeRef given = closeUnknown(found->element, born);
    return fit(given, result, changed) != nullptr && !changed;
  });
  if (plain) return f;
  bool placement = hasPlacedValue(solver_.zonk(want->element)) || hasPlacedValue(solver_.zonk(found->element));
  for (const TypeRef& p : want->items) placement = placement || hasPlacedValue(solver_.zonk(p));
  bool tuples = is(solver_.head(want->element), TypeKind::Tuple) || is(solver_.head(want->element), TypeKind::Array);
  if (!placement && !tuples) return mismatch(f, found, {want, why.span, why.why});

  // A local function where a placed one is wanted: each of its calls is lifted.
  const bool simple = f->kind == ExprKind::Local || f->kind == ExprKind::Function || f->kind == ExprKind::Param || f->kind == ExprKind::Global ||
                      f->kind == ExprKind::Lambda || f->kind == ExprKind::Resolve;
  std::shared_ptr<Local> bound;
  MutExpr callee = f;
  if (!simple) {
    bound = newLocal("f", found, f->span);
    callee = localExpr(bound, f->span);
  }
  const std::vector<TypeRef> taken(want->items.begin(), want->items.begin() + static_cast<std::ptrdiff_t>(found->items.size()));
  MutExpr lambda = etaLambda(taken, f->span, [&](std::vector<Arg>& args) {
    MutExpr call = callValue(callee, args, f->span, want->element);
    return coerce(call, {want->element, why.span, why.why});
  });
  if (!bound) return lambda;
  MutExpr block = make(ExprKind::Block, lambda->type, f->span);
  Stmt let;
  let.kind = Stmt::Kind::Let;
  let.span = f->span;
  let.pattern.kind = Pattern::Kind::Name;
  let.pattern.local = bound;
  let.pattern.type = found;
  let.pattern.span = f->span;
  let.value = f;
  block->stmts.push_back(std::move(let));
  block->operands = {lambda};
  return block;
}

bool BodyChecker::isOpenSyntax(const ast::Expr& e, const ScopeRef& scope) const {
  if (const auto* lambda = ast::tryAs<ast::LambdaExpr>(&e)) {
    return std::any_of(lambda->parameters.begin(), lambda->parameters.end(), [](const ast::LambdaParameter& p) { return p.type == nullptr; });
  }
  if (const auto* name = ast::tryAs<ast::NameExpr>(&e)) {
    const NameMeaning m = lookup(name->name, scope);
    if (m.kind == NameMeaning::Kind::Local) return is(solver_.head(m.local->type), TypeKind::OpenLambda);
    if (m.kind == NameMeaning::Kind::Builtin || m.kind == NameMeaning::Kind::Scalar) return true;
    if (m.kind == NameMeaning::Kind::Item && m.item.kind == ItemRef::Kind::Function)
      return !m.item.fn->item->signature.typeParameters.empty() || !m.item.fn->dims.empty();
    return false;
  }
  if (const auto* call = ast::tryAs<ast::CallExpr>(&e)) {
    const auto b = transformNamed(*call->callee, scope);
    if (!b || call->arguments.size() != 1) return false;
    return *b == Builtin::Vmap || *b == Builtin::Jvp || *b == Builtin::Vjp || isOpenSyntax(*call->arguments[0].value, scope);
  }
  return false;
}

bool BodyChecker::callsFederated(const ast::Expr& e, const ScopeRef& scope) const {
  return anyExpr(e, [&](const ast::Expr& part) {
    const auto* call = ast::tryAs<ast::CallExpr>(&part);
    if (call == nullptr) return false;
    std::string name;
    if (const auto* n = ast::tryAs<ast::NameExpr>(call->callee.get())) name = n->name;
    if (const auto* f = ast::tryAs<ast::FieldExpr>(call->callee.get())) name = f->name.text;
    if (name.empty()) return false;
    const NameMeaning m = lookup(name, scope);
    if (m.kind == NameMeaning::Kind::Item && m.item.kind == ItemRef::Kind::Function) return m.item.fn->federated;
    if (m.kind == NameMeaning::Kind::Local) {
      const TypeRef t = solver_.head(m.local->type);
      if (is(t, TypeKind::Function)) {
        for (const TypeRef& p : t->items)
          if (hasPlacedValue(p)) return true;
        return hasPlacedValue(t->element);
      }
      if (is(t, TypeKind::OpenLambda)) {
        const OpenFunction& open = program_.openFunctions.at(t->id);
        return callsFederated(*open.syntax, open.scope);
      }
    }
    return m.kind == NameMeaning::Kind::Builtin && m.builtin >= Builtin::FederatedBroadcast && m.builtin <= Builtin::FederatedKeys;
  });
}

}  // namespace fedc::check
