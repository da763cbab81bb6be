#include <algorithm>

#include <fmt/format.h>

#include "compiler/check/body.h"
#include "compiler/support/limits.h"
#include "compiler/support/suggest.h"

/// Types as they are written, signatures with open parameters, and the sizes that nobody has named.
namespace fedc::check {

namespace {

Elem elemOf(ast::Scalar s) {
  const auto e = core::elemFromName(ast::spelling(s));
  return e ? *e : Elem::F32;
}

}  // namespace

std::string typeKey(const TypeRef& t) {
  const auto list = [](const std::vector<TypeRef>& items) {
    std::string s;
    for (const TypeRef& i : items) s += typeKey(i) + ",";
    return s;
  };
  const auto dims = [](const std::vector<Dim>& ds) {
    std::string s;
    for (const Dim& d : ds) s += d.print([](Dim::Variable v) { return "v" + std::to_string(v); }) + ",";
    return s;
  };
  const std::string kind = std::to_string(static_cast<int>(t->kind));
  switch (t->kind) {
    case TypeKind::Tensor: return fmt::format("{}[{}]", core::elemName(t->elem), dims(t->dims));
    case TypeKind::Tuple: return "(" + list(t->items) + ")";
    case TypeKind::Struct: return t->name + "<" + list(t->typeArgs) + ";" + dims(t->dimArgs) + ">";
    case TypeKind::Array: return "A" + typeKey(t->element) + "[" + dims({t->extent}) + "]";
    case TypeKind::Sequence: return "S" + typeKey(t->element);
    case TypeKind::Function: return "F(" + list(t->items) + ")" + typeKey(t->element);
    case TypeKind::Placed: return "P" + std::to_string(static_cast<int>(t->placement)) + typeKey(t->element);
    case TypeKind::Range: return "R" + std::string(core::elemName(t->elem)) + dims({t->extent});
    default: return "#" + kind + "." + std::to_string(t->id);
  }
}

TypeRef BodyChecker::resolveType(const ast::TypeExpr& t, const ScopeRef& scope) {
  const Nested nested(program_.depth);
  program_.here = t.span;
  switch (t.kind) {
    case ast::TypeKind::Scalar: return scalarType(elemOf(ast::as<ast::ScalarType>(t).scalar));
    case ast::TypeKind::Named: return resolveNamed(ast::as<ast::NamedType>(t), scope);
    case ast::TypeKind::Tuple: {
      std::vector<TypeRef> items;
      for (const ast::TypePtr& e : ast::as<ast::TupleType>(t).elements) items.push_back(resolveType(*e, scope));
      return tupleType(std::move(items));
    }
    case ast::TypeKind::Array: {
      const auto& a = ast::as<ast::ArrayType>(t);
      TypeRef type = resolveType(*a.element, scope);
      const TypeRef inner = solver_.head(type);
      if (hasPlacedValue(inner) || is(inner, TypeKind::Sequence) || is(inner, TypeKind::Function)) {
        report(Diagnostic(is(inner, TypeKind::Placed) ? Code::NestedPlacement : Code::FunctionAtRunTime, a.element->span,
                          fmt::format("an array cannot hold `{}`", show(inner)))
                   .at(is(inner, TypeKind::Sequence)   ? "there is no array of sequences"
                       : is(inner, TypeKind::Function) ? "functions exist at compile time only"
                                                       : "only tuples hold placed values"));
        return errorType();
      }
      bool ok = true;
      for (auto d = a.dimensions.rbegin(); d != a.dimensions.rend(); ++d) {
        const std::optional<Dim> extent = d->isUnknown() ? Dim::variable(kUnknownDim) : resolveDim(*d->value, scope);
        ok = ok && extent;
        if (ok) type = arrayType(type, *extent);
      }
      return ok ? type : errorType();
    }
    case ast::TypeKind::Sequence: {
      const auto& s = ast::as<ast::SequenceType>(t);
      const TypeRef element = resolveType(*s.element, scope);
      const TypeRef inner = solver_.head(element);
      if (is(inner, TypeKind::Sequence) || hasPlacedValue(inner) || is(inner, TypeKind::Function)) {
        report(Diagnostic(is(inner, TypeKind::Placed) ? Code::NestedPlacement : Code::NestedSequence, s.element->span,
                          fmt::format("a sequence cannot hold `{}`", show(inner)))
                   .at(is(inner, TypeKind::Sequence)   ? "there is no sequence of sequences"
                       : is(inner, TypeKind::Function) ? "functions exist at compile time only"
                                                       : "only tuples hold placed values"));
        return errorType();
      }
      return sequenceType(element);
    }
    case ast::TypeKind::Function: {
      const auto& f = ast::as<ast::FunctionType>(t);
      std::vector<TypeRef> params;
      for (const ast::TypePtr& p : f.parameters) params.push_back(resolveType(*p, scope));
      return functionType(std::move(params), resolveType(*f.result, scope));
    }
    case ast::TypeKind::Placed: {
      const auto& p = ast::as<ast::PlacedType>(t);
      return resolvePlaced(*p.inner, p.place == ast::Place::Server ? Placement::Server : Placement::AllClients, t.span, scope);
    }
    case ast::TypeKind::PerClient: return resolvePlaced(*ast::as<ast::PerClientType>(t).inner, Placement::Clients, t.span, scope);
  }
  return errorType();
}

TypeRef BodyChecker::resolvePlaced(const ast::TypeExpr& inner, Placement at, Span span, const ScopeRef& scope) {
  const TypeRef element = resolveType(inner, scope);
  const TypeRef known = solver_.head(element);
  if (hasPlacedValue(known)) {
    report(Diagnostic(Code::NestedPlacement, span, fmt::format("`{}` is placed already", show(known))).at("a placed type stands in no other"));
    return errorType();
  }
  if (hasFunction(known)) {
    report(Diagnostic(Code::FunctionAtRunTime, span, fmt::format("`{}` exists at compile time only", show(known))).at("a function has no placement"));
    return errorType();
  }
  return placedType(element, at);
}

/// What a program writes without a place where a placed type belongs, and is the server's then. Nothing (`()`) is at no place.
bool BodyChecker::isWithoutPlace(const TypeRef& t) const {
  if (isError(t) || isUnit(t) || is(t, TypeKind::Hole) || hasPlacedValue(t) || hasFunction(t)) return false;
  return !is(t, TypeKind::Parameter) || program_.parameters.at(t->id).bounds.count("placed") == 0;
}

TypeRef BodyChecker::resolveNamed(const ast::NamedType& t, const ScopeRef& scope) {
  const StructDecl* decl = nullptr;
  if (t.path.empty()) {
    const NameMeaning m = lookup(t.name.text, scope);
    if (m.kind == NameMeaning::Kind::Type) {
      if (!t.arguments.empty())
        report(Diagnostic(Code::WrongTypeArguments, t.span, fmt::format("`{}` is a type parameter and takes no arguments", t.name.text))
                   .at(fmt::format("{} given", t.arguments.size()))
                   .help(Fix::replace(t.span, t.name.text, "without them")));
      return m.type;
    }
    if (m.kind == NameMeaning::Kind::Item && m.item.kind == ItemRef::Kind::Broken) return errorType();
    if (m.kind == NameMeaning::Kind::Item && m.item.kind == ItemRef::Kind::Struct) decl = m.item.structDecl;
  } else {
    const NameMeaning m = lookup(t.path.front().text, scope);
    if (m.kind == NameMeaning::Kind::Item && m.item.kind == ItemRef::Kind::Broken) return errorType();
    if (t.path.size() == 1 && m.kind == NameMeaning::Kind::Item && m.item.kind == ItemRef::Kind::Module) {
      const ItemRef item = program_.modules.member(*m.item.module, t.name);
      if (item.kind == ItemRef::Kind::Broken) return errorType();
      if (item.kind == ItemRef::Kind::Struct) decl = item.structDecl;
    } else {
      Diagnostic d(Code::UnknownName, t.path.front().span, fmt::format("there is no module `{}` here", t.path.front().text));
      d.primaryLabel = "not found";
      const auto isModule = [](const ItemRef& i) { return i.kind == ItemRef::Kind::Module; };
      if (const auto near = suggest(t.path.front().text, program_.modules.visibleNames(scope->module, isModule))) {
        d.fix = Fix::replace(t.path.front().span, *near, "a similar name exists");
      } else {
        d.notes.push_back(fmt::format("a module is brought in by `use {};`", t.path.front().text));
      }
      report(std::move(d));
      return errorType();
    }
  }
  if (decl == nullptr) {
    std::vector<std::string> names;
    for (const Scope* s = scope.get(); s != nullptr; s = s->parent.get())
      if (s->kind == Scope::Kind::Type) names.push_back(s->name);
    for (std::string& n : program_.modules.visibleNames(scope->module, [](const ItemRef& i) { return i.kind == ItemRef::Kind::Struct; }))
      names.push_back(std::move(n));
    for (int i = 0; i < core::kElemCount; ++i) names.emplace_back(core::elemName(static_cast<Elem>(i)));
    Diagnostic d(Code::UnknownType, t.name.span, fmt::format("there is no type `{}`", t.name.text));
    d.primaryLabel = "not found";
    if (const auto near = suggest(t.name.text, names)) d.fix = Fix::replace(t.name.span, *near, "a similar name exists");
    report(std::move(d));
    return errorType();
  }
  std::vector<TypeRef> types;
  std::vector<Dim> dims;
  const auto& parameters = decl->item->parameters;
  bool ok = t.arguments.size() == parameters.size();
  for (std::size_t i = 0; ok && i < parameters.size(); ++i) {
    const ast::TypeArgument& a = t.arguments[i];
    if (parameters[i].isDimension != (a.dimension != nullptr)) {
      ok = false;
    } else if (a.dimension) {
      const std::optional<Dim> d = resolveDim(*a.dimension, scope);
      if (!d) return errorType();
      dims.push_back(*d);
    } else {
      types.push_back(resolveType(*a.type, scope));
      TypeRef got = solver_.head(types.back());
      const bool mayPlace =
          std::any_of(parameters[i].bounds.begin(), parameters[i].bounds.end(), [](const ast::Name& b) { return b.text == "placed"; });
      if (mayPlace && isWithoutPlace(got)) types.back() = got = placedType(got, Placement::Server);
      if (!mayPlace && hasPlacedValue(got)) {
        report(Diagnostic(Code::NestedPlacement, a.type->span,
                          fmt::format("`{}` is placed, `{}` takes unplaced types", show(got), decl->item->name.text))
                   .at("a struct holds no placed value")
                   .label(parameters[i].name.span, "a parameter for placed types is written `S: placed`"));
        return errorType();
      }
      for (const ast::Name& b : parameters[i].bounds) {
        std::string why;
        if (is(got, TypeKind::Hole) || boundMet(solver_.zonk(got), b.text, why)) continue;
        report(Diagnostic(Code::BoundNotMet, a.type->span,
                          fmt::format("`{}` is `{}` here, which does not meet its bound `{}`", parameters[i].name.text, show(got), b.text))
                   .at(why)
                   .label(b.span, "asked for here"));
        return errorType();
      }
    }
  }
  if (!ok) {
    std::string form;
    for (const ast::TypeParameter& p : parameters) form += (form.empty() ? "" : ", ") + p.name.text;
    Diagnostic d(Code::WrongTypeArguments, t.span,
                 parameters.empty() ? fmt::format("`{}` takes no arguments", decl->item->name.text)
                                    : fmt::format("`{}` is written `{}<{}>`", decl->item->name.text, decl->item->name.text, form));
    d.primaryLabel = fmt::format("{} given", t.arguments.size());
    if (t.arguments.size() == parameters.size()) {
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        const ast::TypeArgument& a = t.arguments[i];
        if (parameters[i].isDimension == (a.dimension != nullptr)) continue;
        d.primary = a.dimension ? a.dimension->span : a.type->span;
        d.primaryLabel =
            fmt::format("`{}` is a {}, this is a {}", parameters[i].name.text, a.dimension ? "type" : "size", a.dimension ? "size" : "type");
        if (ast::tryAs<ast::NameExpr>(a.dimension.get()) != nullptr)
          d.notes.emplace_back("names of types begin with a capital, those of sizes with a small letter");
        break;
      }
    }
    d.labels.push_back({decl->item->name.span, "declared here"});
    report(std::move(d));
    return errorType();
  }
  return structType(*decl, std::move(types), std::move(dims));
}

std::optional<Dim> BodyChecker::resolveDim(const ast::Expr& e, const ScopeRef& scope) {
  if (const auto* i = ast::tryAs<ast::IntExpr>(&e); i != nullptr) {
    if (i->value <= static_cast<std::uint64_t>(kMaxExtent)) return Dim(static_cast<std::int64_t>(i->value));
    report(Diagnostic(Code::SizeNotStatic, e.span, fmt::format("a size is at most {}", kMaxExtent)).at("larger than that"));
    return std::nullopt;
  }
  if (const auto* n = ast::tryAs<ast::NameExpr>(&e)) {
    const NameMeaning m = lookup(n->name, scope);
    if (m.kind == NameMeaning::Kind::Dimension) return m.dim;
  }
  const MutExpr value = infer(e, scope, intType());
  const TypeRef type = solver_.head(value->type);
  if (isError(type)) return std::nullopt;
  const bool isLiteral = is(type, TypeKind::Hole) && solver_.hole(type).kind == HoleKind::Int;
  if (!isLiteral && !(isScalar(type) && core::isInteger(type->elem))) {
    report(Diagnostic(Code::TypeMismatch, e.span, fmt::format("a size is an `i32`, found `{}`", show(type))).at("no integer"));
    return std::nullopt;
  }
  if (isLiteral) solver_.unify(type, intType());
  return dimOrError(value, "a size");
}

TypeRef BodyChecker::structType(const StructDecl& s, std::vector<TypeRef> types, std::vector<Dim> dims) {
  Type t;
  t.kind = TypeKind::Struct;
  t.name = s.qualified;
  t.shown = s.item->name.text;
  t.typeArgs = std::move(types);
  t.dimArgs = std::move(dims);
  const TypeRef bare = makeType(t);
  // Fields of a struct with unknown arguments are worked out when somebody asks for them.
  if (!solver_.known(bare)) return bare;
  const std::string key = typeKey(bare);
  if (const auto it = program_.structTypes.find(key); it != program_.structTypes.end()) return it->second;
  const TypeRef full = rebuildStruct(t);
  if (!isError(full)) program_.structTypes[key] = full;
  return full;
}

TypeRef BodyChecker::rebuildStruct(const Type& given) {
  const StructDecl* s = program_.modules.findStruct(given.name);
  if (s == nullptr) return errorType();
  for (const std::string& open : structsOpen_) {
    if (open != given.name) continue;
    report(Diagnostic(Code::RecursiveStruct, s->item->name.span, fmt::format("struct `{}` contains itself", s->item->name.text))
               .at("a value of this type would have no end"));
    return errorType();
  }
  ScopeRef scope = moduleScope(s->module);
  std::size_t type = 0;
  std::size_t dim = 0;
  for (const ast::TypeParameter& p : s->item->parameters) {
    if (p.isDimension) {
      scope = bindDim(scope, p.name.text, given.dimArgs[dim++]);
    } else {
      scope = bindType(scope, p.name.text, given.typeArgs[type++]);
    }
  }
  Type full = given;
  full.fields.clear();
  structsOpen_.push_back(given.name);
  for (const ast::StructField& f : s->item->fields) {
    TypeRef field = resolveType(*f.type, scope);
    if (mentionsUnknown(field)) {
      report(Diagnostic(Code::UnknownSizeNotAllowed, f.type->span, "a field has no unknown size (`?`)")
                 .at("name the size: a struct takes dimensions as parameters, `struct S<n> { .. }`"));
    }
    if (hasPlacedValue(solver_.head(field))) {
      report(Diagnostic(Code::NestedPlacement, f.type->span, fmt::format("a field cannot be `{}`", show(field)))
                 .at("only tuples hold placed values")
                 .note("the struct as a whole has a place, as in `S@server`; values of two places are a tuple, as in `(A@server, {B}@clients)`"));
      field = errorType();
    }
    full.fields.push_back({f.name.text, field, Span{f.name.span.file, f.name.span.begin, f.type->span.end}});
  }
  structsOpen_.pop_back();
  return makeType(std::move(full));
}

const std::vector<Field>& BodyChecker::fieldsOf(TypeRef& t) {
  if (t->fields.empty()) t = rebuildStruct(*t);
  return t->fields;
}

ScopeRef BodyChecker::signatureScope(const FnDecl& fn, OpenSignature& s) {
  ScopeRef scope = moduleScope(fn.module);
  std::size_t index = 0;
  for (const ast::TypeParameter& p : fn.item->signature.typeParameters)
    if (!p.isDimension) scope = bindType(scope, p.name.text, s.types[index++]);
  for (std::size_t i = 0; i < fn.dims.size(); ++i) scope = bindDim(scope, fn.dims[i].text, s.dims[i]);
  for (std::size_t i = 0; i < s.sizes.size(); ++i)
    if (s.sizes[i]) scope = bindDim(scope, fn.item->signature.parameters[i].name.text, *s.sizes[i]);
  return scope;
}

void BodyChecker::resolveSignature(OpenSignature& s) {
  const ast::Signature& signature = s.fn->item->signature;
  for (const ast::Parameter& p : signature.parameters) s.params.push_back(p.type ? resolveType(*p.type, s.scope) : errorType());
  s.result = signature.result ? resolveType(*signature.result, s.scope) : unitType();
}

OpenSignature BodyChecker::openSignature(const FnDecl& fn, Span use) {
  program_.noteUse(user_, fn.qualified, use);
  OpenSignature s;
  s.fn = &fn;
  const std::string& name = fn.item->signature.name.text;
  for (const ast::TypeParameter& p : fn.item->signature.typeParameters) {
    if (p.isDimension) continue;
    s.types.push_back(solver_.freshHole(HoleKind::Any, use, fmt::format("what `{}` of `{}` is", p.name.text, name)));
    Hole& h = solver_.hole(s.types.back());
    for (const ast::Name& b : p.bounds) {
      h.mayPlace = h.mayPlace || b.text == "placed";
      h.wantsFloat = h.wantsFloat || b.text == "vector";
    }
  }
  for (const ast::Name& d : fn.dims) s.dims.push_back(solver_.freshDim(use, fmt::format("the size `{}` of `{}`", d.text, name)));
  for (std::size_t i = 0; i < fn.isSize.size(); ++i) {
    std::optional<Dim> size;
    if (fn.isSize[i]) size = solver_.freshDim(use, fmt::format("the size `{}` of `{}`", fn.item->signature.parameters[i].name.text, name));
    s.sizes.push_back(size);
  }
  s.scope = signatureScope(fn, s);
  resolveSignature(s);
  return s;
}

void BodyChecker::poison(const OpenSignature& s) {
  const auto give = [&](const TypeRef& t) {
    const TypeRef h = solver_.head(t);
    if (is(h, TypeKind::Hole)) solver_.solveHole(h->id, errorType());
  };
  for (const TypeRef& t : s.types) give(t);
  const auto giveDim = [&](const Dim& d) {
    const auto v = solver_.zonk(d).asVariable();
    if (v && (*v & kDimHoleBit) != 0) solver_.solveDimHole(*v & ~kDimHoleBit, unknownDim(std::nullopt));
  };
  for (const Dim& d : s.dims) giveDim(d);
  for (const auto& d : s.sizes)
    if (d) giveDim(*d);
}

OpenSignature BodyChecker::signatureOf(const FnDecl& fn, const InstanceArgs& args) {
  OpenSignature s;
  s.fn = &fn;
  s.types = args.types;
  s.dims = args.dims;
  for (std::size_t i = 0; i < fn.isSize.size(); ++i) {
    std::optional<Dim> size;
    if (fn.isSize[i]) size = args.values[i] ? *args.values[i] : unknownDim(std::nullopt);
    s.sizes.push_back(size);
  }
  s.scope = signatureScope(fn, s);
  resolveSignature(s);
  return s;
}

Dim BodyChecker::unknownDim(std::optional<std::int64_t> bound) {
  if (!bound) return Dim::variable(kUnknownDim);
  return Dim::variable(program_.newDim("?", bound));
}

bool BodyChecker::mentionsUnknown(const TypeRef& t) const {
  if (is(t, TypeKind::Function) || is(t, TypeKind::Sequence)) return false;
  for (const Dim& d : t->dims)
    if (solver_.isUnknown(d)) return true;
  for (const Dim& d : t->dimArgs)
    if (solver_.isUnknown(d)) return true;
  if (is(t, TypeKind::Array) && solver_.isUnknown(t->extent)) return true;
  for (const TypeRef& i : t->items)
    if (mentionsUnknown(i)) return true;
  return t->element && mentionsUnknown(t->element);
}

TypeRef BodyChecker::openUnknown(const TypeRef& type, const std::string& name, std::vector<Dim::Variable>* born) {
  const TypeRef t = solver_.zonk(type);
  const auto isUnknown = [&](Dim::Variable v) { return (v & kDimHoleBit) == 0 && program_.out.dims[v].name == "?"; };
  const bool any = anyDim(t, [&](const Dim& d) {
    for (const Dim::Variable v : d.variables())
      if (isUnknown(v)) return true;
    return false;
  });
  if (!any) return t;
  return mapDims(
      t,
      [&](const Dim& d) {
        return d.substitute([&](Dim::Variable v) -> std::optional<Dim> {
          if (!isUnknown(v)) return std::nullopt;
          const Dim::Variable fresh = program_.newDim("?" + (name.empty() ? "n" : name), program_.out.dims[v].bound);
          if (born != nullptr) born->push_back(fresh);
          return Dim::variable(fresh);
        });
      },
      [](const Type& part) { return part.kind == TypeKind::Function || part.kind == TypeKind::Sequence; });
}

TypeRef BodyChecker::closeUnknown(const TypeRef& type, const std::vector<Dim::Variable>& born) {
  const TypeRef t = solver_.zonk(type);
  if (born.empty()) return t;
  const auto isBorn = [&](const Dim& d) {
    for (const Dim::Variable v : born)
      if (d.mentions(v)) return true;
    return false;
  };
  return mapDims(t, [&](const Dim& d) { return isBorn(d) ? unknownDim(program_.bound(d)) : d; });
}

std::vector<Dim::Variable> BodyChecker::unknownNames(const TypeRef& type) const {
  std::vector<Dim::Variable> names;
  anyDim(type, [&](const Dim& d) {
    for (const Dim::Variable v : d.variables())
      if ((v & kDimHoleBit) == 0 && program_.out.dims[v].name.starts_with("?") && program_.out.dims[v].name != "?") names.push_back(v);
    return false;
  });
  return names;
}

Dim BodyChecker::sizeOfType(const TypeRef& type, bool leaves, Span span) {
  const std::string what = leaves ? "leaves" : "size";
  const TypeRef t = solver_.zonk(type);
  if (isError(t)) return unknownDim(std::nullopt);
  if (solver_.typesKnown(t)) {
    if (const auto all = leavesOf(t)) return leaves ? Dim(static_cast<std::int64_t>(all->size())) : *sizeOf(t);
    if (is(t, TypeKind::Parameter)) {
      auto& d = program_.parameterSizes[{t->id, what}];
      if (d.isConstant(0)) d = Dim::variable(program_.newDim(fmt::format("{}({})", what, t->shown)));
      return d;
    }
    if (lenient_) return Dim::variable(program_.newDim(fmt::format("{}({})", what, show(t))));
    report(Diagnostic(Code::BuiltinArgument, span, fmt::format("`{}` has no {}", show(t), leaves ? "leaves" : "size"))
               .at("no run-time value has this type"));
    return unknownDim(std::nullopt);
  }
  const Dim hole = solver_.freshDim(span, fmt::format("`{}({})`", what, show(t)));
  later([this, hole, t, leaves, span](bool) {
    if (!solver_.typesKnown(t)) return false;
    solver_.unifyDims(hole, sizeOfType(t, leaves, span));
    return true;
  });
  return hole;
}

bool BodyChecker::boundMet(const TypeRef& t, const std::string& bound, std::string& why) const {
  if (isError(t)) return true;
  if (bound == "placed") return true;
  if (is(t, TypeKind::Parameter)) {
    const auto& has = program_.parameters.at(t->id).bounds;
    if (has.count(bound) != 0 || (bound == "num" && has.count("vector") != 0)) return true;
    if (bound == "tensor" || lenient_) {
      why = fmt::format("`{}` has no bound `{}`", t->shown, bound);
      return has.count(bound) != 0;
    }
  }
  const auto leaves = leavesOf(t);
  if (!leaves) {
    if (anyPart(t, [](const Type& p) { return p.kind == TypeKind::Parameter; })) return true;
    if (is(t, TypeKind::Struct)) {
      for (const Field& f : t->fields)
        if (anyPart(f.type, [](const Type& p) { return p.kind == TypeKind::Parameter; })) return true;
    }
    why = fmt::format("`{}` is no run-time value", program_.print(t));
    return false;
  }
  if (bound == "tensor") {
    if (leaves->size() == 1) return true;
    why = fmt::format("`{}` has {} leaves, a tensor has one", program_.print(t), leaves->size());
    return false;
  }
  for (const Leaf& l : *leaves) {
    const Elem e = l.type->elem;
    const bool ok = bound == "vector" ? core::isFloat(e) : core::isNumeric(e);
    if (ok) continue;
    const std::string leaf = l.path.empty() ? "it" : "its leaf `" + l.path + "`";
    why = fmt::format("{} is `{}`, {}", leaf, program_.print(l.type), bound == "vector" ? "a vector has floats only" : "no number");
    return false;
  }
  if (bound == "ord" && leaves->size() != 1) {
    why = fmt::format("`{}` has {} leaves and no order", program_.print(t), leaves->size());
    return false;
  }
  return true;
}

}  // namespace fedc::check
