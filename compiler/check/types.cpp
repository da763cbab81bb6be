#include "compiler/check/types.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/core/cost.h"
#include "compiler/support/limits.h"

namespace fedc::check {

TypeRef makeType(Type t) {
  if (t.dims.size() > kMaxRank) throw Overgrown{fmt::format("a tensor has more than {} axes", kMaxRank)};
  t.parts = 1;
  t.depth = 1;
  const auto add = [&](const TypeRef& part) {
    if (!part) return;
    t.parts += part->parts;
    t.depth = std::max(t.depth, part->depth + 1);
    if (t.parts > kMaxTypeParts) throw Overgrown{fmt::format("a type has more than {} parts", kMaxTypeParts)};
    if (t.depth > kMaxTypeDepth) throw Overgrown{fmt::format("types lie within each other more than {} deep", kMaxTypeDepth)};
  };
  for (const TypeRef& item : t.items) add(item);
  add(t.element);
  for (const Field& field : t.fields) add(field.type);
  for (const TypeRef& argument : t.typeArgs) add(argument);
  return std::make_shared<const Type>(std::move(t));
}

namespace {

TypeRef makeKind(TypeKind k) {
  Type t;
  t.kind = k;
  return makeType(std::move(t));
}

}  // namespace

TypeRef errorType() {
  static const TypeRef t = makeKind(TypeKind::Error);
  return t;
}

TypeRef tensorType(Elem elem, std::vector<Dim> dims) {
  Type t;
  t.kind = TypeKind::Tensor;
  t.elem = elem;
  t.dims = std::move(dims);
  return makeType(std::move(t));
}

TypeRef scalarType(Elem elem) {
  static const std::vector<TypeRef> all = [] {
    std::vector<TypeRef> v;
    for (int i = 0; i < core::kElemCount; ++i) v.push_back(tensorType(static_cast<Elem>(i), {}));
    return v;
  }();
  return all[static_cast<std::size_t>(elem)];
}

TypeRef boolType() { return scalarType(Elem::Bool); }
TypeRef intType() { return scalarType(Elem::I32); }
TypeRef stringType() { return scalarType(Elem::Str); }
TypeRef keyType() { return scalarType(Elem::Key); }

TypeRef tupleType(std::vector<TypeRef> items) {
  Type t;
  t.kind = TypeKind::Tuple;
  t.items = std::move(items);
  return makeType(std::move(t));
}

TypeRef unitType() {
  static const TypeRef t = tupleType({});
  return t;
}

TypeRef arrayType(TypeRef element, Dim extent) {
  if (isError(element)) return element;
  if (is(element, TypeKind::Tensor)) {
    std::vector<Dim> dims{std::move(extent)};
    dims.insert(dims.end(), element->dims.begin(), element->dims.end());
    return tensorType(element->elem, std::move(dims));
  }
  Type t;
  t.kind = TypeKind::Array;
  t.element = std::move(element);
  t.extent = std::move(extent);
  return makeType(std::move(t));
}

TypeRef sequenceType(TypeRef element) {
  Type t;
  t.kind = TypeKind::Sequence;
  t.element = std::move(element);
  return makeType(std::move(t));
}

TypeRef functionType(std::vector<TypeRef> params, TypeRef result) {
  Type t;
  t.kind = TypeKind::Function;
  t.items = std::move(params);
  t.element = std::move(result);
  return makeType(std::move(t));
}

TypeRef placedType(TypeRef element, Placement at) {
  if (isError(element)) return element;
  Type t;
  t.kind = TypeKind::Placed;
  t.element = std::move(element);
  t.placement = at;
  return makeType(std::move(t));
}

TypeRef rangeType(Elem elem, Dim extent) {
  Type t;
  t.kind = TypeKind::Range;
  t.elem = elem;
  t.extent = std::move(extent);
  return makeType(std::move(t));
}

TypeRef openLambdaType(std::uint32_t id) {
  Type t;
  t.kind = TypeKind::OpenLambda;
  t.id = id;
  return makeType(std::move(t));
}

bool isScalar(const TypeRef& t) { return is(t, TypeKind::Tensor) && t->dims.empty(); }
bool isScalar(const TypeRef& t, Elem e) { return isScalar(t) && t->elem == e; }
bool isUnit(const TypeRef& t) { return is(t, TypeKind::Tuple) && t->items.empty(); }
bool isTensorOf(const TypeRef& t, bool (*want)(Elem)) { return is(t, TypeKind::Tensor) && want(t->elem); }

bool anyPart(const TypeRef& t, const std::function<bool(const Type&)>& f) {
  if (!t) return false;
  if (f(*t)) return true;
  for (const TypeRef& i : t->items)
    if (anyPart(i, f)) return true;
  if (anyPart(t->element, f)) return true;
  for (const TypeRef& i : t->typeArgs)
    if (anyPart(i, f)) return true;
  return false;
}

bool anyDim(const TypeRef& t, const std::function<bool(const Dim&)>& f) {
  return anyPart(t, [&](const Type& p) {
    for (const Dim& d : p.dims)
      if (f(d)) return true;
    for (const Dim& d : p.dimArgs)
      if (f(d)) return true;
    return (p.kind == TypeKind::Array || p.kind == TypeKind::Range) && f(p.extent);
  });
}

bool hasPlacedValue(const TypeRef& t) {
  if (is(t, TypeKind::Placed)) return true;
  if (!is(t, TypeKind::Tuple)) return false;
  for (const TypeRef& i : t->items)
    if (hasPlacedValue(i)) return true;
  return false;
}

bool hasFunction(const TypeRef& t) {
  switch (t->kind) {
    case TypeKind::Function:
    case TypeKind::OpenLambda: return true;
    case TypeKind::Tuple:
      for (const TypeRef& i : t->items)
        if (hasFunction(i)) return true;
      return false;
    case TypeKind::Struct:
      for (const Field& f : t->fields)
        if (hasFunction(f.type)) return true;
      return false;
    case TypeKind::Array:
    case TypeKind::Placed:
    case TypeKind::Sequence: return hasFunction(t->element);
    default: return false;
  }
}

TypeRef mapDims(const TypeRef& t, const std::function<Dim(const Dim&)>& f, const std::function<bool(const Type&)>& stop) {
  if (!t || (stop && stop(*t))) return t;
  const auto recur = [&](const TypeRef& part) { return mapDims(part, f, stop); };
  switch (t->kind) {
    case TypeKind::Tensor: {
      if (t->dims.empty()) return t;
      std::vector<Dim> dims;
      for (const Dim& d : t->dims) dims.push_back(f(d));
      return tensorType(t->elem, std::move(dims));
    }
    case TypeKind::Array: return arrayType(recur(t->element), f(t->extent));
    case TypeKind::Range: return rangeType(t->elem, f(t->extent));
    case TypeKind::Sequence: return sequenceType(recur(t->element));
    case TypeKind::Placed: return placedType(recur(t->element), t->placement);
    case TypeKind::Tuple: {
      std::vector<TypeRef> items;
      for (const TypeRef& i : t->items) items.push_back(recur(i));
      return tupleType(std::move(items));
    }
    case TypeKind::Function: {
      std::vector<TypeRef> items;
      for (const TypeRef& i : t->items) items.push_back(recur(i));
      return functionType(std::move(items), recur(t->element));
    }
    case TypeKind::Struct: {
      if (t->typeArgs.empty() && t->dimArgs.empty()) return t;
      Type copy = *t;
      for (TypeRef& a : copy.typeArgs) a = recur(a);
      for (Dim& d : copy.dimArgs) d = f(d);
      for (Field& field : copy.fields) field.type = recur(field.type);
      return makeType(std::move(copy));
    }
    default: return t;
  }
}

std::optional<LeadingAxis> leadingAxis(const TypeRef& t) {
  if (is(t, TypeKind::Tensor) && !t->dims.empty()) return LeadingAxis{t->dims.front(), tensorType(t->elem, {t->dims.begin() + 1, t->dims.end()})};
  if (is(t, TypeKind::Array)) return LeadingAxis{t->extent, t->element};
  if (is(t, TypeKind::Range)) return LeadingAxis{t->extent, scalarType(t->elem)};
  return std::nullopt;
}

namespace {

bool collectLeaves(const TypeRef& t, const std::string& path, const std::vector<Dim>& around, std::vector<Leaf>& out) {
  const auto under = [&](const std::string& name) { return path.empty() ? name : path + "." + name; };
  switch (t->kind) {
    case TypeKind::Tensor: {
      std::vector<Dim> dims = around;
      dims.insert(dims.end(), t->dims.begin(), t->dims.end());
      out.push_back({path, tensorType(t->elem, std::move(dims))});
      return true;
    }
    case TypeKind::Tuple:
      for (std::size_t i = 0; i < t->items.size(); ++i)
        if (!collectLeaves(t->items[i], under(std::to_string(i)), around, out)) return false;
      return true;
    case TypeKind::Struct:
      for (const Field& f : t->fields)
        if (!collectLeaves(f.type, under(f.name), around, out)) return false;
      return true;
    case TypeKind::Array: {
      std::vector<Dim> dims = around;
      dims.push_back(t->extent);
      return collectLeaves(t->element, path, dims, out);
    }
    default: return false;
  }
}

}  // namespace

std::optional<std::vector<Leaf>> leavesOf(const TypeRef& t) {
  std::vector<Leaf> out;
  if (!collectLeaves(t, "", {}, out)) return std::nullopt;
  return out;
}

std::optional<Dim> sizeOf(const TypeRef& t) {
  const auto leaves = leavesOf(t);
  if (!leaves) return std::nullopt;
  Dim total = 0;
  for (const Leaf& l : *leaves) {
    Dim n = 1;
    for (const Dim& d : l.type->dims) n = n * d;
    total = total + n;
  }
  return total;
}

std::optional<std::int64_t> bytesOf(const TypeRef& t) {
  const auto leaves = leavesOf(t);
  if (!leaves) return std::nullopt;
  std::int64_t total = 0;
  for (const Leaf& l : *leaves) {
    std::int64_t n = 1;
    for (const Dim& d : l.type->dims) {
      const auto c = d.constant();
      if (!c || __builtin_mul_overflow(n, *c, &n)) return std::nullopt;
    }
    // A tensor has fewer than 2^46 elements.
    if (__builtin_add_overflow(total, core::wireBytes(l.type->elem, n), &total)) return std::nullopt;
  }
  return total;
}

std::string placementName(Placement p) { return p == Placement::Server ? "server" : "clients"; }

std::string printType(const TypeRef& t, const std::function<std::string(Dim::Variable)>& name) {
  const auto recur = [&](const TypeRef& part) { return printType(part, name); };
  const auto list = [&](const std::vector<TypeRef>& items) {
    std::string s;
    for (const TypeRef& i : items) s += (s.empty() ? "" : ", ") + recur(i);
    return s;
  };
  const auto dims = [&](const std::vector<Dim>& d) {
    std::string s;
    for (const Dim& x : d) s += (s.empty() ? "" : ", ") + x.print(name);
    return s;
  };
  switch (t->kind) {
    case TypeKind::Tensor: return std::string(core::elemName(t->elem)) + (t->dims.empty() ? "" : "[" + dims(t->dims) + "]");
    case TypeKind::Tuple: return "(" + list(t->items) + (t->items.size() == 1 ? ",)" : ")");
    case TypeKind::Struct: {
      std::string args = list(t->typeArgs);
      const std::string d = dims(t->dimArgs);
      if (!d.empty()) args += (args.empty() ? "" : ", ") + d;
      return t->shown + (args.empty() ? "" : "<" + args + ">");
    }
    case TypeKind::Array: {
      std::vector<Dim> all{t->extent};
      TypeRef e = t->element;
      for (; is(e, TypeKind::Array); e = e->element) all.push_back(e->extent);
      return recur(e) + "[" + dims(all) + "]";
    }
    case TypeKind::Sequence: return recur(t->element) + "*";
    case TypeKind::Function: return "(" + list(t->items) + ") -> " + recur(t->element);
    case TypeKind::Placed:
      if (t->placement == Placement::Clients) return "{" + recur(t->element) + "}@clients";
      return (is(t->element, TypeKind::Function) ? "(" + recur(t->element) + ")" : recur(t->element)) + "@" + placementName(t->placement);
    case TypeKind::Range: return "range of " + std::string(core::elemName(t->elem));
    case TypeKind::OpenLambda: return "lambda";
    case TypeKind::Parameter: return t->shown;
    case TypeKind::Hole: return "_";
    case TypeKind::Error: return "_";
  }
  return "_";
}

std::string print(const TypeRef& type, const std::vector<DimVarInfo>& dims) {
  return printType(type, [&](Dim::Variable v) {
    if ((v & kDimHoleBit) != 0 || v >= dims.size()) return std::string("_");
    return dims[v].name;
  });
}

}  // namespace fedc::check
