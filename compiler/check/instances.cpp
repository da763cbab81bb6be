#include <fmt/format.h>

#include <string>

#include "compiler/check/body.h"

/// Bodies as wholes: of function instances, module-level `let`s and tests.
namespace fedc::check {

void BodyChecker::checkInstance(const InstanceRequest& request) {
  const FnDecl& fn = *request.fn;
  const ast::Signature& signature = fn.item->signature;
  OpenSignature s = signatureOf(fn, request.args);
  FnInstance& instance = *request.instance;
  ScopeRef scope = s.scope;
  for (std::size_t i = 0; i < signature.parameters.size(); ++i) {
    const ast::Parameter& p = signature.parameters[i];
    std::vector<Dim::Variable> born;
    const TypeRef type = openUnknown(s.params[i], p.name.text, &born);
    instance.dims.insert(instance.dims.end(), born.begin(), born.end());
    Pattern pattern;
    pattern.span = p.name.span;
    pattern.type = type;
    if (p.name.text != "_") {
      auto local = newLocal(p.name.text, type, p.name.span);
      if (p.type) program_.typeSpans[local->id] = p.type->span;
      if (i < request.args.values.size() && request.args.values[i]) {
        const Dim value = *request.args.values[i];
        program_.localDims[local->id] = value;
        if (const auto v = value.asVariable()) program_.out.dims[*v].local = local->id;
      }
      pattern.kind = Pattern::Kind::Name;
      pattern.local = local;
      scope = bindValue(scope, local);
    }
    instance.params.push_back(std::move(pattern));
  }
  instance.result = s.result;
  if (fn.nativeItem != nullptr) return checkNativeInstance(fn, s, instance);
  const Mark m = mark();
  const bool valueMissing = !fn.item->body.result && !isUnit(solver_.head(s.result)) && !isError(solver_.head(s.result));
  const ast::Stmt* last = fn.item->body.statements.empty() ? nullptr : fn.item->body.statements.back().get();
  if (valueMissing && last != nullptr && last->kind == ast::StmtKind::Expr) missingResult_ = last;
  MutExpr body = checkBlock(fn.item->body, scope, s.result, fn.item->body.span);
  const Span at = fn.item->body.result ? fn.item->body.result->span : fn.item->body.span;
  if (valueMissing) {
    const Span end{at.file, at.end > 0 ? at.end - 1 : 0, at.end};
    Diagnostic d(Code::TypeMismatch, signature.result ? signature.result->span : signature.name.span,
                 fmt::format("`{}` must give `{}`, but its body has no value", signature.name.text, show(s.result)));
    d.primaryLabel = "promised here";
    d.labels.push_back({end, "the body ends without an expression"});
    if (missingResult_ != nullptr) {
      const std::string text(program_.sources.text(last->span));
      const Span semicolon{last->span.file, last->span.end - 1, last->span.end};
      if (text.ends_with(';')) d.fix = Fix::remove(semicolon, "without the semicolon it is the value");
    }
    report(std::move(d));
  } else if (!signature.result && fn.item->body.result && !fitsUnit(body->type)) {
    reportUnwrittenResult(signature, at, body->type);
  } else {
    const Span why = signature.result ? signature.result->span : signature.name.span;
    const MutExpr coerced = coerce(
        body, {s.result, why,
               signature.result ? fmt::format("`{}` gives `{}`", signature.name.text, show(s.result)) : "no result is written, so it is `()`"});
    if (coerced->span != body->span || coerced != body) body = coerced;
    if (fn.item->body.result && isError(solver_.head(coerced->type))) body = coerced;
  }
  finish(m);
  finalise();
  instance.body = body;
}

bool BodyChecker::fitsUnit(const TypeRef& type) {
  TypeRef t = solver_.head(type);
  if (is(t, TypeKind::Placed)) t = solver_.head(t->element);
  return isUnit(t) || isError(t) || (is(t, TypeKind::Hole) && !isLiteralHole(t));
}

void BodyChecker::reportUnwrittenResult(const ast::Signature& signature, Span value, const TypeRef& found) {
  const TypeRef type = solver_.zonk(found);
  Diagnostic d(Code::TypeMismatch, value, fmt::format("expected `()`, found `{}`", show(type)));
  d.primaryLabel = fmt::format("`{}`", show(type));
  d.labels.push_back({signature.name.span, "no result is written, so it is `()`"});
  // `f32[?n]` is written `f32[?]`. What a struct is of may have names from elsewhere.
  const std::string written = show(closeUnknown(type, unknownNames(type)));
  if (written.find('<') == std::string::npos) {
    const Span end{signature.span.file, signature.span.end, signature.span.end};
    d.fix = Fix::insert(end, fmt::format(" -> {}", written), "write what it gives");
  }
  report(std::move(d));
}

ExprPtr BodyChecker::checkGlobal(const GlobalDecl& g) {
  const ScopeRef scope = moduleScope(g.module);
  const Mark m = mark();
  MutExpr value;
  if (g.item->type) {
    const TypeRef type = resolveType(*g.item->type, scope);
    value = check(*g.item->value, scope, {type, g.item->type->span, fmt::format("declared as `{}`", show(type))});
  } else {
    value = infer(*g.item->value, scope, nullptr);
  }
  finish(m);
  finalise();
  const TypeRef t = openUnknown(value->type, g.name);
  value->type = t;
  if (isError(t)) return nullptr;
  return value;
}

ExprPtr BodyChecker::checkTest(const ast::TestItem& item, const ModuleInfo* module) {
  const ScopeRef scope = moduleScope(module);
  const Mark m = mark();
  MutExpr body = checkBlock(item.body, scope, unitType(), item.body.span);
  TypeRef t = solver_.zonk(body->type);
  if (is(t, TypeKind::Placed)) t = t->element;
  if (!isUnit(t) && !isError(t)) {
    const Span at = item.body.result ? item.body.result->span : item.body.span;
    report(Diagnostic(Code::UnusedValue, at, fmt::format("this value of type `{}` is not used", show(body->type))).at("a test has no value"));
  }
  finish(m);
  finalise();
  return body;
}

void BodyChecker::checkStruct(const StructDecl& s) {
  std::vector<TypeRef> types;
  std::vector<Dim> dims;
  for (const ast::TypeParameter& p : s.item->parameters) {
    if (p.isDimension) {
      dims.push_back(Dim::variable(program_.newDim(p.name.text)));
    } else {
      std::set<std::string> bounds;
      for (const ast::Name& b : p.bounds) bounds.insert(b.text);
      types.push_back(program_.newParameter(p.name.text, std::move(bounds)));
    }
  }
  structType(s, std::move(types), std::move(dims));
}

}  // namespace fedc::check
