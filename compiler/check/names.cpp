#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include <fmt/format.h>

#include "compiler/check/body.h"
#include "compiler/check/foreign_names.h"
#include "compiler/support/suggest.h"

namespace fedc::check {

namespace {

constexpr std::array<const char*, 128> kBuiltinNames = {
#define FEDC_BUILTIN(id, name, group, signature, doc) name,
#include "compiler/check/builtins.def"
};

std::vector<std::string> scalarNames() {
  std::vector<std::string> names;
  for (int i = 0; i < core::kElemCount; ++i)
    if (core::isNumeric(static_cast<Elem>(i)) || static_cast<Elem>(i) == Elem::Bool) names.emplace_back(core::elemName(static_cast<Elem>(i)));
  return names;
}

}  // namespace

const char* builtinSignature(Builtin b) {
  static constexpr const char* kSignatures[] = {
#define FEDC_BUILTIN(id, name, group, signature, doc) signature,
#include "compiler/check/builtins.def"
  };
  return kSignatures[static_cast<std::size_t>(b)];
}

const char* builtinName(Builtin b) { return kBuiltinNames[static_cast<std::size_t>(b)]; }

std::optional<Builtin> builtinNamed(const std::string& name) {
  static const std::map<std::string, Builtin> table = [] {
    std::map<std::string, Builtin> m;
    for (std::size_t i = 0; i < kBuiltinNames.size() && kBuiltinNames[i] != nullptr; ++i) m.emplace(kBuiltinNames[i], static_cast<Builtin>(i));
    return m;
  }();
  const auto it = table.find(name);
  if (it == table.end()) return std::nullopt;
  return it->second;
}

BodyChecker::NameMeaning BodyChecker::lookupItem(const std::string& name, const ScopeRef& scope) const {
  NameMeaning m;
  const ItemRef item = program_.modules.lookup(scope->module, name);
  if (item.kind != ItemRef::Kind::None) {
    m.kind = NameMeaning::Kind::Item;
    m.item = item;
    return m;
  }
  if (const auto b = builtinNamed(name)) {
    m.kind = NameMeaning::Kind::Builtin;
    m.builtin = *b;
    return m;
  }
  if (const auto e = core::elemFromName(name); e && *e != Elem::Key && *e != Elem::Str) {
    m.kind = NameMeaning::Kind::Scalar;
    m.elem = *e;
  }
  return m;
}

BodyChecker::NameMeaning BodyChecker::lookup(const std::string& name, const ScopeRef& scope) const {
  bool captured = false;
  for (const Scope* s = scope.get(); s != nullptr; s = s->parent.get()) {
    if (s->kind == Scope::Kind::Lambda) captured = true;
    if (s->kind == Scope::Kind::Module || s->kind == Scope::Kind::Lambda || s->name != name) continue;
    NameMeaning m;
    m.captured = captured;
    if (s->kind == Scope::Kind::Value) {
      m.kind = NameMeaning::Kind::Local;
      m.local = s->local;
    } else if (s->kind == Scope::Kind::Type) {
      m.kind = NameMeaning::Kind::Type;
      m.type = s->type;
    } else {
      m.kind = NameMeaning::Kind::Dimension;
      m.dim = s->dim;
    }
    return m;
  }
  return lookupItem(name, scope);
}

const ModuleInfo* BodyChecker::moduleOf(const ast::Expr& e, const ScopeRef& scope) const {
  const auto* n = ast::tryAs<ast::NameExpr>(&e);
  if (n == nullptr) return nullptr;
  const NameMeaning m = lookup(n->name, scope);
  if (m.kind != NameMeaning::Kind::Item || m.item.kind != ItemRef::Kind::Module) return nullptr;
  return m.item.module;
}

MutExpr BodyChecker::unknownName(const std::string& name, Span span, const ScopeRef& scope, bool functionsOnly) {
  std::vector<std::string> names;
  if (!functionsOnly) {
    for (const Scope* s = scope.get(); s != nullptr; s = s->parent.get())
      if (s->kind != Scope::Kind::Module && s->kind != Scope::Kind::Lambda && s->name[0] != '<') names.push_back(s->name);
  }
  for (std::string& n :
       program_.modules.visibleNames(scope->module, [&](const ItemRef& i) { return !functionsOnly || i.kind == ItemRef::Kind::Function; }))
    names.push_back(std::move(n));
  for (const char* b : kBuiltinNames)
    if (b != nullptr) names.emplace_back(b);
  for (std::string& n : scalarNames()) names.push_back(std::move(n));
  // A struct is no value.
  if (std::islower(static_cast<unsigned char>(name[0])) != 0)
    std::erase_if(names, [](const std::string& n) { return std::isupper(static_cast<unsigned char>(n[0])) != 0; });
  Diagnostic d(Code::UnknownName, span,
               functionsOnly ? fmt::format("there is no field and no function `{}`", name) : fmt::format("there is no `{}` here", name));
  d.primaryLabel = "not found";
  // Perhaps a module has it and is not used, or is not even read yet.
  const auto withIt = [&]() -> std::optional<std::string> {
    if (name[0] == '_') return std::nullopt;
    for (const auto& m : program_.modules.all())
      if (!m->name.empty() && m->own.contains(name)) return m->name;
    const auto& moduleWith = program_.options().moduleWith;
    return moduleWith ? moduleWith(name) : std::nullopt;
  };
  if (const ForeignName* foreign = foreignName(name)) {
    d.notes.emplace_back(foreign->note);
    if (!foreign->replacement.empty()) d.fix = Fix::replace(span, std::string(foreign->replacement), "what it is called here");
  } else if (const auto module = withIt()) {
    d.notes.push_back(fmt::format("module `{}` has one: `use {}.{{{}}};`", *module, *module, name));
  } else if (const auto near = suggest(name, names)) {
    d.fix = Fix::replace(span, *near, "a similar name exists");
  }
  return failed(std::move(d));
}

MutExpr BodyChecker::paramExpr(const ParamDecl& p, Span span) {
  // A module's own param has no place in the program; that it exists at all was reported where it is declared.
  if (p.index >= program_.out.params.size()) return errorExpr(span);
  const Param& param = program_.out.params[p.index];
  MutExpr e = make(ExprKind::Param, scalarType(param.elem), span);
  e->name = param.name;
  return e;
}

MutExpr BodyChecker::globalExpr(GlobalDecl& g, Span span) {
  const auto value = program_.global(g, span, user_);
  if (!value) return errorExpr(span);
  MutExpr e = make(ExprKind::Global, value->type, span);
  e->global = value;
  return e;
}

MutExpr BodyChecker::itemExpr(const ItemRef& item, const ast::Expr& syntax, const ScopeRef& scope, const TypeRef& hint) {
  const Span span = syntax.span;
  switch (item.kind) {
    case ItemRef::Kind::Function: {
      const ast::Signature& s = item.fn->item->signature;
      const bool isGeneric = !s.typeParameters.empty() || !item.fn->dims.empty();
      const TypeRef want = hint ? solver_.head(hint) : nullptr;
      const bool hasDefaults = !s.parameters.empty() && s.parameters.back().value != nullptr;
      if (want && is(want, TypeKind::Function)) return callable(syntax, scope, want->items, nullptr, true, span);
      if (isGeneric || hasDefaults || (want && is(want, TypeKind::Hole) && isGeneric)) return openFunction(syntax, scope, span);
      return functionValue(*item.fn, span);
    }
    case ItemRef::Kind::Global: return globalExpr(*item.global, span);
    case ItemRef::Kind::Broken: return errorExpr(span);
    case ItemRef::Kind::Param: return paramExpr(*item.param, span);
    case ItemRef::Kind::Struct:
      return failed(Diagnostic(Code::NotAValue, span, fmt::format("`{}` is a struct, not a value", source(span)))
                        .at(fmt::format("a value is written `{} {{ .. }}`", source(span)))
                        .label(item.span, "declared here"));
    default:
      return failed(
          Diagnostic(Code::NotAValue, span, fmt::format("`{}` is a module, not a value", source(span))).at("followed by `.name`, it would be one"));
  }
}

MutExpr BodyChecker::inferName(const ast::NameExpr& e, const ScopeRef& scope, const TypeRef& hint) {
  const NameMeaning m = lookup(e.name, scope);
  switch (m.kind) {
    case NameMeaning::Kind::Local: {
      if (m.captured && hasPlacedValue(solver_.zonk(m.local->type))) {
        return failed(Diagnostic(Code::CapturedPlaced, e.span, fmt::format("`{}` is a placed value and is used inside a lambda", e.name))
                          .at("captured here")
                          .label(m.local->span, fmt::format("`{}` is `{}`", e.name, show(m.local->type)))
                          .note("a function value captures no placed value: pass it as an argument"));
      }
      return localExpr(m.local, e.span);
    }
    case NameMeaning::Kind::Dimension: return dimExpr(m.dim, e.span);
    case NameMeaning::Kind::Type:
      return failed(Diagnostic(Code::NotAValue, e.span, fmt::format("`{}` is a type, not a value", e.name)).at("a value is wanted here"));
    case NameMeaning::Kind::Item: return itemExpr(m.item, e, scope, hint);
    case NameMeaning::Kind::Builtin:
    case NameMeaning::Kind::Scalar: {
      const TypeRef want = hint ? solver_.head(hint) : nullptr;
      if (want && is(want, TypeKind::Function)) return callable(e, scope, want->items, want->element, true, e.span);
      return openFunction(e, scope, e.span);
    }
    case NameMeaning::Kind::None: break;
  }
  if (e.name == "server" || e.name == "clients") {
    return failed(Diagnostic(Code::NotAValue, e.span, fmt::format("`{}` is a placement, not a value", e.name))
                      .at("stands in types (`f32@server`) and as the last argument of `federated_value`"));
  }
  return unknownName(e.name, e.span, scope, false);
}

}  // namespace fedc::check
