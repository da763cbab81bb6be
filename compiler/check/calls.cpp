#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/check/body.h"
#include "compiler/check/walk.h"
#include "compiler/support/suggest.h"

/// Calls of functions, methods and function values.
namespace fedc::check {

std::vector<Arg> BodyChecker::arguments(const std::vector<ast::Argument>& args, const ScopeRef& scope) {
  std::vector<Arg> out;
  for (const ast::Argument& a : args) {
    Arg x;
    x.span = a.value->span;
    x.name = a.name;
    x.syntax = a.value.get();
    x.scope = scope;
    out.push_back(std::move(x));
  }
  return out;
}

MutExpr BodyChecker::inferCall(const ast::CallExpr& e, const ScopeRef& scope, const TypeRef& hint) {
  std::vector<Arg> args = arguments(e.arguments, scope);
  if (const auto* name = ast::tryAs<ast::NameExpr>(e.callee.get())) {
    if (const auto b = transformNamed(*name, scope)) return inferTransform(*b, e, scope, hint);
    const NameMeaning m = lookup(name->name, scope);
    if (m.kind == NameMeaning::Kind::None) {
      MutExpr x = unknownName(name->name, name->span, scope, false);
      for (Arg& a : args)
        if (a.syntax->kind != ast::ExprKind::Lambda) infer(*a.syntax, scope);
      return x;
    }
    if (m.kind == NameMeaning::Kind::Local || m.kind == NameMeaning::Kind::Dimension || m.kind == NameMeaning::Kind::Type)
      return callValue(infer(*e.callee, scope), args, e.span, hint);
    return callItem(m, name->name, args, e.span, name->span, scope, hint);
  }
  if (const auto* field = ast::tryAs<ast::FieldExpr>(e.callee.get())) return callMethod(e, *field, args, scope, hint);
  if (const auto* inner = ast::tryAs<ast::CallExpr>(e.callee.get())) {
    if (const auto b = transformNamed(*inner->callee, scope)) return callTransformed(*b, *inner, args, e.span, scope);
  }
  return callValue(infer(*e.callee, scope), args, e.span, hint);
}

MutExpr BodyChecker::callMethod(const ast::CallExpr& e, const ast::FieldExpr& callee, std::vector<Arg>& args, const ScopeRef& scope,
                                const TypeRef& hint) {
  if (const ModuleInfo* module = moduleOf(*callee.object, scope)) {
    NameMeaning m;
    m.kind = NameMeaning::Kind::Item;
    m.item = program_.modules.member(*module, callee.name);
    return callItem(m, callee.name.text, args, e.span, callee.name.span, scope, hint);
  }
  MutExpr object = infer(*callee.object, scope);
  if (isError(solver_.head(object->type))) {
    for (Arg& a : args)
      if (a.syntax->kind != ast::ExprKind::Lambda) infer(*a.syntax, scope);
    return errorExpr(e.span);
  }
  if (MutExpr field = tryField(object, callee.name.text, callee.span)) return callValue(field, args, e.span, hint);
  // A function item (never a local) with the object as its first argument.
  NameMeaning m = lookupItem(callee.name.text, scope);
  if (m.kind == NameMeaning::Kind::Item && m.item.kind == ItemRef::Kind::Broken) {
    args.insert(args.begin(), Arg{object->span, std::nullopt, nullptr, scope, object});
    return callValue(errorExpr(callee.name.span), args, e.span, hint);
  }
  if (m.kind == NameMeaning::Kind::Item && m.item.kind != ItemRef::Kind::Function) {
    // `data.batch(batch)`: a param or module-level value of that name is not meant.
    m = {};
    if (const ItemRef item = program_.modules.lookupFunction(scope->module, callee.name.text); item.kind != ItemRef::Kind::None) {
      m.kind = NameMeaning::Kind::Item;
      m.item = item;
    } else if (const auto b = builtinNamed(callee.name.text)) {
      m.kind = NameMeaning::Kind::Builtin;
      m.builtin = *b;
    }
  }
  const bool isFunction = m.kind == NameMeaning::Kind::Builtin || m.kind == NameMeaning::Kind::Scalar ||
                          (m.kind == NameMeaning::Kind::Item && m.item.kind == ItemRef::Kind::Function);
  Arg self;
  self.span = callee.object->span;
  self.typed = object;
  self.scope = scope;
  if (!isFunction) {
    const std::vector<std::string> fields = fieldNames(object->type);
    if (const auto near = suggest(callee.name.text, fields)) {
      return failed(Diagnostic(Code::UnknownField, callee.name.span, fmt::format("`{}` has no field `{}`", show(object->type), callee.name.text))
                        .at("no such field, and no such function")
                        .help(Fix::replace(callee.name.span, *near, "a similar field exists")));
    }
    return unknownName(callee.name.text, callee.name.span, scope, true);
  }
  args.insert(args.begin(), std::move(self));
  return callItem(m, callee.name.text, args, e.span, callee.name.span, scope, hint);
}

MutExpr BodyChecker::callItem(const NameMeaning& m, const std::string& name, std::vector<Arg>& args, Span span, Span nameSpan, const ScopeRef& scope,
                              const TypeRef& hint) {
  if (m.kind == NameMeaning::Kind::Builtin) return callBuiltin(m.builtin, args, span, scope, hint);
  if (m.kind == NameMeaning::Kind::Scalar) return convert(m.elem, args, span, scope);
  switch (m.item.kind) {
    case ItemRef::Kind::Function: return callFunction(*m.item.fn, args, span, hint, scope);
    case ItemRef::Kind::Global: return callValue(globalExpr(*m.item.global, nameSpan), args, span, hint);
    case ItemRef::Kind::Param: return callValue(paramExpr(*m.item.param, nameSpan), args, span, hint);
    case ItemRef::Kind::Broken: return callValue(errorExpr(nameSpan), args, span, hint);
    case ItemRef::Kind::Struct: {
      return failed(Diagnostic(Code::NotAFunction, nameSpan, fmt::format("`{}` is a struct, not a function", name))
                        .at(fmt::format("a value is written `{} {{ .. }}`", name))
                        .label(m.item.span, "declared here"));
    }
    default:
      return failed(Diagnostic(Code::NotAFunction, nameSpan, fmt::format("`{}` is a module, not a function", name))
                        .at(fmt::format("its functions are called as `{}.name(..)`", name)));
  }
}

bool BodyChecker::ready(const Arg& a, const TypeRef& wantType, int round) {
  if (a.syntax == nullptr || a.typed) return true;
  const TypeRef want = solver_.zonk(wantType);
  const auto paramsKnown = [&] {
    if (!is(want, TypeKind::Function)) return false;
    return std::all_of(want->items.begin(), want->items.end(), [&](const TypeRef& p) { return solver_.typesKnown(p); });
  };
  if (isOpenSyntax(*a.syntax, a.scope)) {
    // A generic function can be opened at any time; a lambda needs the types of its parameters.
    const auto* name = ast::tryAs<ast::NameExpr>(a.syntax);
    if (name != nullptr) {
      const NameMeaning m = lookup(name->name, a.scope);
      if (m.kind == NameMeaning::Kind::Item && is(want, TypeKind::Function)) return true;
      if (m.kind == NameMeaning::Kind::Builtin && (m.builtin == Builtin::Zeros || m.builtin == Builtin::Ones) && is(want, TypeKind::Function))
        return true;
    }
    return paramsKnown();
  }
  if (round == 0 && a.syntax->kind == ast::ExprKind::Call) {
    // A call that takes lambdas itself may need what the other arguments say.
    const auto& call = ast::as<ast::CallExpr>(*a.syntax);
    const bool hasLambda =
        std::any_of(call.arguments.begin(), call.arguments.end(), [&](const ast::Argument& x) { return isOpenSyntax(*x.value, a.scope); });
    return !hasLambda;
  }
  return true;
}

MutExpr BodyChecker::checkArg(Arg& a, const CallItem& item, const std::string& callee, bool liftable, Lift& lift) {
  if (!a.typed) a.typed = infer(*a.syntax, a.scope, item.type);
  MutExpr e = a.typed;
  const TypeRef found = solver_.head(e->type);
  if (isError(found)) return e;
  const Expectation want{item.type, item.declaredAt, callee.empty() ? "" : fmt::format("`{}` of `{}` is `{}`", item.param, callee, show(item.type))};
  const TypeRef type = solver_.head(item.type);
  const bool mayHoldPlaced = hasPlacedValue(solver_.zonk(type)) || (is(type, TypeKind::Hole) && solver_.hole(type).mayPlace);
  if (liftable && !mayHoldPlaced && hasPlacedValue(solver_.zonk(found))) {
    // A local function on a placed value: it fits with its own type, and the call is done where the value is.
    const TypeRef inner = local(e, lift);
    if (isError(inner)) return a.typed = errorExpr(a.span);
    a.typed = e;
    solver_.blame(a.span);
    bool changed = false;
    TypeRef fitted;
    solver_.attempt([&] {
      fitted = fit(inner, type, changed);
      return fitted != nullptr;
    });
    if (!fitted) return a.typed = mismatch(e, inner, want);
    if (changed) a.typed = placeExpr(e, placedType(fitted, solver_.head(e->type)->placement));
    return a.typed;
  }
  return a.typed = coerce(e, want);
}

bool BodyChecker::checkArguments(std::vector<CallItem>& items, const std::string& callee, bool liftable, Lift& lift) {
  std::vector<bool> done(items.size(), false);
  // First what stands on its own, then calls that take lambdas, then lambdas as their parameter types become known; what is left is tried
  // in order: `|d| d` needs no type.
  for (int round = 0; round < 2; ++round) {
    for (bool progress = true; progress;) {
      progress = false;
      for (std::size_t i = 0; i < items.size(); ++i) {
        if (done[i] || !ready(*items[i].arg, items[i].type, round)) continue;
        checkArg(*items[i].arg, items[i], callee, liftable, lift);
        done[i] = true;
        progress = true;
        settle();
      }
    }
  }
  const auto anyFailed = [&] {
    return lift.failed ||
           std::any_of(items.begin(), items.end(), [&](const CallItem& i) { return i.arg->typed && isError(solver_.head(i.arg->typed->type)); });
  };
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (done[i]) continue;
    done[i] = true;
    if (anyFailed()) {
      // What this one waits for is wrong, and has been reported.
      items[i].arg->typed = errorExpr(items[i].arg->span);
      continue;
    }
    checkArg(*items[i].arg, items[i], callee, liftable, lift);
    settle();
    // What this one said may be what another waits for.
    for (std::size_t j = i + 1; j < items.size(); ++j) {
      if (done[j] || !ready(*items[j].arg, items[j].type, 1)) continue;
      checkArg(*items[j].arg, items[j], callee, liftable, lift);
      done[j] = true;
    }
  }
  bool ok = true;
  for (const CallItem& i : items) ok = ok && !isError(solver_.head(i.arg->typed->type));
  return ok;
}

void BodyChecker::suggestResult(const TypeRef& result, const TypeRef& hint) {
  if (!hint) return;
  TypeRef want = solver_.head(hint);
  const TypeRef have = solver_.head(result);
  if (is(want, TypeKind::Hole) || isError(want)) return;
  if (is(want, TypeKind::Placed) && !is(have, TypeKind::Placed)) want = solver_.head(want->element);
  if (is(have, TypeKind::Placed) && is(want, TypeKind::Placed) && have->placement != want->placement) {
    solver_.attempt([&] { return solver_.unify(have->element, want->element); });
    return;
  }
  solver_.attempt([&] { return solver_.unify(have, want); });
}

TypeRef BodyChecker::callResult(const TypeRef& result) { return openUnknown(result, ""); }

const FnDecl* BodyChecker::atServer(const FnDecl& fn, std::vector<Arg>& args) {
  struct Twin {
    const char* name;
    const char* atServer;
    /// Its parameters that are values.
    std::vector<std::string_view> values;
  };
  static const Twin kTwins[] = {{"federated_map", "federated_apply", {"x"}}, {"federated_zip", "_federated_zip_at_server", {"a", "b"}}};
  const ast::Signature& signature = fn.item->signature;
  for (const Twin& twin : kTwins) {
    if (fn.qualified != std::string("federated.") + twin.name) continue;
    bool isServers = false;
    for (std::size_t i = 0; i < args.size(); ++i) {
      Arg& a = args[i];
      if (!a.name && i >= signature.parameters.size()) return nullptr;
      const std::string& parameter = a.name ? a.name->text : signature.parameters[i].name.text;
      if (std::find(twin.values.begin(), twin.values.end(), parameter) == twin.values.end()) continue;
      if (!a.typed) a.typed = infer(*a.syntax, a.scope);
      const TypeRef t = solver_.head(a.typed->type);
      if (is(t, TypeKind::Placed) && t->placement != Placement::Server) return nullptr;
      isServers = isServers || is(t, TypeKind::Placed);
    }
    const auto found = fn.module->own.find(twin.atServer);
    return isServers && found != fn.module->own.end() ? found->second.fn : nullptr;
  }
  return nullptr;
}

MutExpr BodyChecker::callFunction(const FnDecl& fn, std::vector<Arg>& args, Span span, const TypeRef& hint, const ScopeRef& scope) {
  if (const FnDecl* twin = atServer(fn, args)) return callFunction(*twin, args, span, hint, scope);
  const ast::Signature& signature = fn.item->signature;
  const std::string& name = signature.name.text;
  const std::size_t n = signature.parameters.size();

  // Which argument goes to which parameter.
  std::vector<Arg*> given(n, nullptr);
  bool ok = true;
  std::size_t position = 0;
  for (Arg& a : args) {
    std::size_t index = n;
    if (a.name) {
      for (std::size_t i = 0; i < n; ++i)
        if (signature.parameters[i].name.text == a.name->text) index = i;
      if (index == n) {
        std::vector<std::string> names;
        for (const ast::Parameter& p : signature.parameters) names.push_back(p.name.text);
        Diagnostic d(Code::UnknownArgument, a.name->span, fmt::format("`{}` has no parameter `{}`", name, a.name->text));
        d.primaryLabel = "no such parameter";
        d.labels.push_back({signature.name.span, "declared here"});
        if (!names.empty()) d.notes.push_back(fmt::format("its parameters are `{}`", fmt::join(names, "`, `")));
        if (const auto near = suggest(a.name->text, names)) d.fix = Fix::replace(a.name->span, *near, "a similar parameter exists");
        report(std::move(d));
        ok = false;
        continue;
      }
    } else {
      index = position++;
      if (index >= n) {
        if (ok) {
          report(Diagnostic(Code::WrongArgumentCount, a.span, fmt::format("`{}` takes {}", name, plural(n, "argument")))
                     .at("one too many")
                     .label(signature.name.span, "declared here"));
        }
        ok = false;
        continue;
      }
    }
    if (given[index] != nullptr) {
      report(Diagnostic(Code::DuplicateArgument, a.name ? a.name->span : a.span,
                        fmt::format("`{}` is given twice", signature.parameters[index].name.text))
                 .at("again here")
                 .label(given[index]->span, "given here already"));
      ok = false;
      continue;
    }
    given[index] = &a;
  }
  std::string missing;
  Span missingAt;
  for (std::size_t i = 0; i < n; ++i) {
    if (given[i] != nullptr || signature.parameters[i].value) continue;
    missing += (missing.empty() ? "`" : ", `") + signature.parameters[i].name.text + "`";
    if (!missingAt.isValid()) missingAt = signature.parameters[i].name.span;
  }
  if (!missing.empty() && ok) {
    report(Diagnostic(Code::MissingArgument, span, fmt::format("`{}` needs {}", name, missing)).at("not given").label(missingAt, "declared here"));
    ok = false;
  }
  if (!ok) {
    for (Arg& a : args)
      if (!a.typed && a.syntax->kind != ast::ExprKind::Lambda) a.typed = infer(*a.syntax, a.scope);
    return errorExpr(span);
  }

  OpenSignature s = openSignature(fn, span);
  if (fn.native != nullptr && fn.native->isElementwise) {
    if (MutExpr mapped = callOnTensors(s, given, span)) return mapped;
  }
  suggestResult(s.result, hint);

  // Defaults are arguments written in the function's own scope, where the parameters before have their values.
  std::vector<std::unique_ptr<Arg>> defaults(n);
  std::vector<std::shared_ptr<Local>> bound(n);
  std::vector<bool> wanted(n, false);
  ScopeRef defaultScope = s.scope;
  std::vector<CallItem> items;
  bool anyDefault = false;
  for (std::size_t i = 0; i < n; ++i) anyDefault = anyDefault || given[i] == nullptr;
  for (std::size_t i = 0; i < n; ++i) {
    const ast::Parameter& p = signature.parameters[i];
    Arg* arg = given[i];
    if (arg == nullptr) {
      defaults[i] = std::make_unique<Arg>();
      arg = defaults[i].get();
      arg->span = span;
      arg->syntax = p.value.get();
      arg->scope = defaultScope;
      anyExpr(*p.value, [&](const ast::Expr& e) {
        const auto* used = ast::tryAs<ast::NameExpr>(&e);
        for (std::size_t j = 0; used != nullptr && j < i; ++j) wanted[j] = wanted[j] || signature.parameters[j].name.text == used->name;
        return false;
      });
    }
    items.push_back({s.params[i], arg, p.name.text, p.type ? p.type->span : p.span});
    if (anyDefault) {
      bound[i] = newLocal(p.name.text, s.params[i], p.name.span);
      defaultScope = bindValue(defaultScope, bound[i]);
    }
  }
  const bool liftable = !fn.federated;
  Lift lift;
  // What is given comes first: it says what the defaults need to know.
  std::vector<CallItem> first;
  std::vector<CallItem> second;
  for (std::size_t i = 0; i < n; ++i) (given[i] != nullptr ? first : second).push_back(items[i]);
  const auto bindGiven = [&] {
    for (std::size_t i = 0; i < n; ++i) {
      if (!bound[i] || !items[i].arg->typed) continue;
      bound[i]->type = items[i].arg->typed->type;
      program_.definitions[bound[i]->id] = items[i].arg->typed;
    }
  };
  bool sized = true;
  const auto sizes = [&] {
    for (std::size_t i = 0; i < n; ++i) {
      if (!s.sizes[i] || !items[i].arg->typed) continue;
      MutExpr& e = items[i].arg->typed;
      const TypeRef t = solver_.head(e->type);
      if (isError(t)) continue;
      if (is(t, TypeKind::Placed)) {
        report(Diagnostic(Code::SizeNotStatic, e->span,
                          fmt::format("`{}` of `{}` is a size and must be unplaced", signature.parameters[i].name.text, name))
                   .at(fmt::format("`{}`", show(t))));
        sized = false;
        continue;
      }
      const std::optional<Dim> d = dimOrError(e, fmt::format("`{}` of `{}`", signature.parameters[i].name.text, name));
      sized = sized && d;
      if (d && !solver_.isUnknown(*d)) solver_.unifyDims(*d, *s.sizes[i]);
    }
  };
  bool fine = true;
  if (second.empty()) {
    fine = checkArguments(first, name, liftable, lift);
  } else {
    // Lambdas that wait for a default's types are rare; defaults that wait for an argument's are the rule.
    std::vector<CallItem> all;
    std::vector<CallItem> late;
    for (CallItem& i : first) (ready(*i.arg, i.type, 0) ? all : late).push_back(i);
    fine = checkArguments(all, name, liftable, lift);
    bindGiven();
    late.insert(late.end(), second.begin(), second.end());
    fine = checkArguments(late, name, liftable, lift) && fine;
    bindGiven();
  }
  sizes();
  if (!fine || !sized || lift.failed) {
    poison(s);
    return errorExpr(span);
  }

  MutExpr callee = make(ExprKind::Function, functionType(s.params, s.result), span);
  MutExpr call = make(ExprKind::Call, errorType(), span);
  call->operands.push_back(callee);
  std::vector<MutExpr> typedArgs;
  std::vector<Stmt> lets;
  for (std::size_t i = 0; i < n; ++i) {
    MutExpr value = items[i].arg->typed;
    typedArgs.push_back(value);
    if (wanted[i]) {
      Stmt let;
      let.kind = Stmt::Kind::Let;
      let.span = value->span;
      let.pattern.kind = Pattern::Kind::Name;
      let.pattern.local = bound[i];
      let.pattern.type = value->type;
      let.pattern.span = value->span;
      let.value = value;
      lets.push_back(std::move(let));
      value = localExpr(bound[i], value->span);
    }
    call->operands.push_back(value);
  }
  TypeRef result = callResult(s.result);
  if (lift.at && hasFunction(solver_.zonk(result))) {
    return failed(Diagnostic(Code::FunctionAtRunTime, span, fmt::format("`{}` gives functions and takes no placed values", name))
                      .at("a function exists at compile time only")
                      .label(lift.first->span, fmt::format("`{}`", show(lift.first->type))));
  }
  call->type = placed(result, lift);
  pending_.push_back({callee, std::move(s), std::move(typedArgs), span});
  if (lets.empty()) return call;
  MutExpr block = make(ExprKind::Block, call->type, span);
  block->stmts = std::move(lets);
  block->operands = {call};
  return block;
}

MutExpr BodyChecker::callValue(const MutExpr& f, std::vector<Arg>& args, Span span, const TypeRef& hint) {
  const TypeRef t = solver_.head(f->type);
  const auto inferAll = [&] {
    for (Arg& a : args)
      if (!a.typed && a.syntax->kind != ast::ExprKind::Lambda) a.typed = infer(*a.syntax, a.scope);
  };
  if (isError(t)) {
    inferAll();
    return errorExpr(span);
  }
  for (const Arg& a : args) {
    if (!a.name) continue;
    inferAll();
    return failed(Diagnostic(Code::UnknownArgument, a.name->span, "the parameters of a function value have no names")
                      .at("named here")
                      .label(f->span, fmt::format("`{}`", show(t))));
  }
  if (is(t, TypeKind::OpenLambda)) {
    const OpenFunction open = program_.openFunctions.at(t->id);
    for (Arg& a : args)
      if (!a.typed) a.typed = infer(*a.syntax, a.scope, nullptr);
    bool anyPlaced = false;
    bool server = false;
    bool clients = false;
    std::vector<TypeRef> full;
    for (Arg& a : args) {
      const TypeRef type = solver_.zonk(a.typed->type);
      if (isError(type)) return errorExpr(span);
      full.push_back(type);
      anyPart(type, [&](const Type& p) {
        if (p.kind == TypeKind::Placed) (p.placement == Placement::Server ? server : clients) = true;
        return p.kind == TypeKind::Function;
      });
      anyPlaced = anyPlaced || hasPlacedValue(type);
    }
    bool annotated = false;
    if (const auto* lambda = ast::tryAs<ast::LambdaExpr>(open.syntax)) {
      for (const ast::LambdaParameter& p : lambda->parameters)
        annotated = annotated || (p.type && (p.type->kind == ast::TypeKind::Placed || p.type->kind == ast::TypeKind::PerClient));
    }
    const bool federated = anyPlaced && (annotated || callsFederated(*open.syntax, open.scope));
    Lift lift;
    std::vector<TypeRef> params;
    if (federated || !anyPlaced) {
      params = full;
    } else {
      for (Arg& a : args) params.push_back(local(a.typed, lift));
      if (lift.failed) return errorExpr(span);
    }
    MutExpr resolved = resolveOpen(f, params, nullptr, false, span);
    const TypeRef type = solver_.head(resolved->type);
    if (!is(type, TypeKind::Function)) return errorExpr(span);
    MutExpr x = make(ExprKind::Call, placed(callResult(type->element), lift), span);
    x->operands = {resolved};
    for (const Arg& a : args) x->operands.push_back(a.typed);
    return x;
  }
  if (!is(t, TypeKind::Function)) {
    inferAll();
    return failed(Diagnostic(Code::NotAFunction, f->span, fmt::format("`{}` is no function", source(f->span))).at(fmt::format("`{}`", show(t))));
  }
  if (t->items.size() != args.size()) {
    inferAll();
    return failed(Diagnostic(Code::WrongArgumentCount, span,
                             fmt::format("this function takes {}, {} given", plural(t->items.size(), "argument"),
                                         args.empty()       ? "none is"
                                         : args.size() == 1 ? "1 is"
                                                            : std::to_string(args.size()) + " are"))
                      .label(f->span, fmt::format("`{}`", show(t))));
  }
  bool federated = hasPlacedValue(solver_.zonk(t->element));
  for (const TypeRef& p : t->items) federated = federated || hasPlacedValue(solver_.zonk(p));
  // A `?` of a parameter takes every size; it is the same size for one call.
  std::vector<CallItem> items;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const TypeRef param = mapDims(
        solver_.zonk(t->items[i]), [&](const Dim& d) { return solver_.isUnknown(d) ? solver_.freshDim(args[i].span, "a size of this argument") : d; },
        [](const Type& p) { return p.kind == TypeKind::Function || p.kind == TypeKind::Sequence; });
    items.push_back({param, &args[i], fmt::format("argument {}", i + 1), Span{}});
  }
  suggestResult(t->element, hint);
  Lift lift;
  const bool fine = checkArguments(items, "", !federated, lift);
  if (!fine || lift.failed) return errorExpr(span);
  const TypeRef result = callResult(t->element);
  if (lift.at && hasFunction(solver_.zonk(result))) {
    return failed(Diagnostic(Code::FunctionAtRunTime, span, "a function that gives functions takes no placed values")
                      .at("a function exists at compile time only")
                      .label(lift.first->span, fmt::format("`{}`", show(lift.first->type))));
  }
  MutExpr x = make(ExprKind::Call, placed(result, lift), span);
  x->operands = {f};
  for (const Arg& a : args) x->operands.push_back(a.typed);
  return x;
}

}  // namespace fedc::check
