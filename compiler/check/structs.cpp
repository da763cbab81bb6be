#include <algorithm>

#include <fmt/format.h>

#include "compiler/check/body.h"
#include "compiler/support/suggest.h"

/// Struct literals and updates.
namespace fedc::check {

const StructDecl* BodyChecker::structNamed(const std::vector<ast::Name>& path, const ast::Name& name, const ScopeRef& scope) {
  ItemRef item;
  if (path.empty()) {
    const NameMeaning m = lookup(name.text, scope);
    if (m.kind == NameMeaning::Kind::Item) item = m.item;
  } else if (path.size() == 1) {
    const NameMeaning m = lookup(path[0].text, scope);
    if (m.kind == NameMeaning::Kind::Item && m.item.kind == ItemRef::Kind::Module) item = program_.modules.member(*m.item.module, name);
  }
  if (item.kind == ItemRef::Kind::Struct) return item.structDecl;
  if (item.kind == ItemRef::Kind::Broken) return nullptr;
  std::vector<std::string> names = program_.modules.visibleNames(scope->module, [](const ItemRef& i) { return i.kind == ItemRef::Kind::Struct; });
  Diagnostic d(Code::UnknownType, name.span, fmt::format("there is no struct `{}`", name.text));
  d.primaryLabel = "not found";
  if (const auto near = suggest(name.text, names)) d.fix = Fix::replace(name.span, *near, "a similar name exists");
  report(std::move(d));
  return nullptr;
}

MutExpr BodyChecker::inferStruct(const ast::StructExpr& e, const ScopeRef& scope, const TypeRef& hint) {
  const StructDecl* decl = structNamed(e.path, e.name, scope);
  if (decl == nullptr) {
    for (const ast::FieldValue& f : e.fields)
      if (f.value) infer(*f.value, scope);
    return errorExpr(e.span);
  }
  if (e.base) return inferUpdate(e, scope, *decl, hint);

  // Open the struct's parameters, let the surroundings say what they can, then check the fields like arguments.
  std::vector<TypeRef> types;
  std::vector<Dim> dims;
  for (const ast::TypeParameter& p : decl->item->parameters) {
    if (p.isDimension) {
      dims.push_back(solver_.freshDim(e.name.span, fmt::format("the size `{}` of `{}`", p.name.text, e.name.text)));
    } else {
      types.push_back(solver_.freshHole(HoleKind::Any, e.name.span, fmt::format("what `{}` of `{}` is", p.name.text, e.name.text)));
      for (const ast::Name& b : p.bounds) solver_.hole(types.back()).mayPlace |= b.text == "placed";
    }
  }
  TypeRef type = structType(*decl, types, dims);
  suggestResult(type, hint);
  TypeRef full = type;
  const std::vector<Field> fields = fieldsOf(full);

  std::vector<Arg> args(fields.size());
  std::vector<bool> given(fields.size(), false);
  bool ok = true;
  for (const ast::FieldValue& f : e.fields) {
    const auto it = std::find_if(fields.begin(), fields.end(), [&](const Field& x) { return x.name == f.name.text; });
    if (it == fields.end()) {
      std::vector<std::string> names;
      for (const Field& x : fields) names.push_back(x.name);
      Diagnostic d(Code::UnknownField, f.name.span, fmt::format("struct `{}` has no field `{}`", e.name.text, f.name.text));
      d.primaryLabel = "no such field";
      d.labels.push_back({decl->item->name.span, "declared here"});
      if (const auto near = suggest(f.name.text, names)) d.fix = Fix::replace(f.name.span, *near, "a similar field exists");
      report(std::move(d));
      if (f.value) infer(*f.value, scope);
      ok = false;
      continue;
    }
    const auto index = static_cast<std::size_t>(it - fields.begin());
    if (given[index]) {
      report(Diagnostic(Code::DuplicateArgument, f.name.span, fmt::format("field `{}` is given twice", f.name.text)).at("again here"));
      ok = false;
      continue;
    }
    given[index] = true;
    Arg& a = args[index];
    a.scope = scope;
    if (f.value) {
      a.syntax = f.value.get();
      a.span = f.value->span;
    } else {
      a.span = f.name.span;
      a.syntax = program_.nameExpr(f.name);
    }
  }
  std::string missing;
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (!given[i]) missing += (missing.empty() ? "`" : ", `") + fields[i].name + "`";
  if (!missing.empty() && ok) {
    report(Diagnostic(Code::MissingField, e.name.span, fmt::format("struct `{}` needs {}", e.name.text, missing))
               .at("not all fields are given")
               .label(decl->item->name.span, "declared here"));
    ok = false;
  }
  std::vector<CallItem> items;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!given[i]) continue;
    items.push_back({fields[i].type, &args[i], fields[i].name, decl->item->fields[i].name.span});
  }
  Lift lift;
  lift.isStruct = true;
  if (hint && is(hint, TypeKind::Placed)) lift.wanted = hint->placement;
  ok = checkArguments(items, e.name.text, true, lift) && ok;
  if (!ok || lift.failed) {
    OpenSignature open;
    open.types = types;
    open.dims = dims;
    poison(open);
    return errorExpr(e.span);
  }
  MutExpr x = make(ExprKind::Struct, type, e.span);
  for (Arg& a : args) x->operands.push_back(a.typed);
  if (lift.at) {
    bool functions = false;
    for (const Field& f : fields) functions = functions || hasFunction(solver_.zonk(f.type));
    if (functions) {
      return failed(Diagnostic(Code::FunctionAtRunTime, e.span, fmt::format("`{}` holds functions and cannot hold placed values", e.name.text))
                        .at("exists at compile time only")
                        .label(lift.first->span, fmt::format("`{}`", show(lift.first->type))));
    }
    x->type = placedType(type, *lift.at);
  }
  return x;
}

MutExpr BodyChecker::inferUpdate(const ast::StructExpr& e, const ScopeRef& scope, const StructDecl& decl, const TypeRef& hint) {
  MutExpr base = infer(*e.base, scope, hint);
  Lift lift;
  TypeRef type = solver_.head(local(base, lift));
  if (isError(type)) return errorExpr(e.span);
  if (!is(type, TypeKind::Struct) || type->name != decl.qualified) {
    return failed(Diagnostic(Code::TypeMismatch, e.base->span, fmt::format("expected `{}`, found `{}`", e.name.text, show(type)))
                      .at("the fields that are not given come from here"));
  }
  const std::vector<Field> fields = fieldsOf(type);
  MutExpr x = make(ExprKind::Update, errorType(), e.span);
  std::vector<MutExpr> values;
  for (const ast::FieldValue& f : e.fields) {
    const auto it = std::find_if(fields.begin(), fields.end(), [&](const Field& y) { return y.name == f.name.text; });
    if (it == fields.end()) {
      std::vector<std::string> names;
      for (const Field& y : fields) names.push_back(y.name);
      Diagnostic d(Code::UnknownField, f.name.span, fmt::format("struct `{}` has no field `{}`", e.name.text, f.name.text));
      d.primaryLabel = "no such field";
      if (const auto near = suggest(f.name.text, names)) d.fix = Fix::replace(f.name.span, *near, "a similar field exists");
      return failed(std::move(d));
    }
    const auto index = static_cast<int>(it - fields.begin());
    for (const int seen : x->fieldIndices) {
      if (seen != index) continue;
      return failed(Diagnostic(Code::DuplicateArgument, f.name.span, fmt::format("field `{}` is given twice", f.name.text)).at("again here"));
    }
    Arg a;
    a.scope = scope;
    a.span = f.value ? f.value->span : f.name.span;
    a.syntax = f.value ? f.value.get() : program_.nameExpr(f.name);
    CallItem item{it->type, &a, f.name.text, decl.item->fields[static_cast<std::size_t>(index)].name.span};
    values.push_back(checkArg(a, item, e.name.text, true, lift));
    x->fieldIndices.push_back(index);
  }
  x->operands.push_back(base);
  for (MutExpr& v : values) x->operands.push_back(v);
  x->type = placed(type, lift);
  return lift.failed ? errorExpr(e.span) : x;
}

}  // namespace fedc::check
