#include "tests/random/type.h"

#include <algorithm>

namespace fedc::random {

Type Type::tensor(Elem elem, std::vector<Size> dims) {
  Type t;
  t.elem = elem;
  t.dims = std::move(dims);
  return t;
}

Type Type::tuple(std::vector<Type> items) {
  Type t;
  t.kind = Kind::Tuple;
  t.items = std::move(items);
  return t;
}

std::string text(const Type& type) {
  switch (type.kind) {
    case Type::Kind::Tensor: {
      std::string out(core::elemName(type.elem));
      for (std::size_t i = 0; i < type.dims.size(); ++i) out += (i == 0 ? "[" : ", ") + type.dims[i].text();
      return type.dims.empty() ? out : out + "]";
    }
    case Type::Kind::Tuple: {
      std::string out = "(";
      for (std::size_t i = 0; i < type.items.size(); ++i) out += (i == 0 ? "" : ", ") + text(type.items[i]);
      return out + (type.items.size() == 1 ? ",)" : ")");
    }
    case Type::Kind::Struct: return type.name;
    case Type::Kind::Array: return text(type.items[0]) + "[" + type.extent.text() + "]";
  }
  return {};
}

namespace {

void addLeaves(const Type& type, std::vector<Elem>& out) {
  if (type.isTensor()) out.push_back(type.elem);
  for (const Type& item : type.items) addLeaves(item, out);
}

}  // namespace

std::vector<Elem> leafElems(const Type& type) {
  std::vector<Elem> out;
  addLeaves(type, out);
  return out;
}

bool allLeaves(const Type& type, bool (*is)(Elem)) {
  const std::vector<Elem> elems = leafElems(type);
  return std::all_of(elems.begin(), elems.end(), is);
}

std::optional<Elem> commonElem(const Type& type) {
  const std::vector<Elem> elems = leafElems(type);
  if (elems.empty() || std::any_of(elems.begin(), elems.end(), [&](Elem e) { return e != elems.front(); })) return std::nullopt;
  return elems.front();
}

Type rowsOf(const Type& type, const Size& n) {
  if (type.isTensor()) {
    Type t = type;
    t.dims.insert(t.dims.begin(), n);
    return t;
  }
  Type t;
  t.kind = Type::Kind::Array;
  t.items = {type};
  t.extent = n;
  return t;
}

std::optional<Leading> leading(const Type& type) {
  if (type.kind == Type::Kind::Array) return Leading{type.items[0], type.extent};
  if (!type.isTensor() || type.dims.empty()) return std::nullopt;
  Leading out{type, type.dims.front()};
  out.element.dims.erase(out.element.dims.begin());
  return out;
}

std::int64_t elements(const Type& type, std::int64_t unknown) {
  const auto count = [&](const Size& s) { return s.isNumber() ? s.number : unknown; };
  if (type.isTensor()) {
    std::int64_t n = 1;
    for (const Size& s : type.dims) n *= count(s);
    return n;
  }
  std::int64_t n = 0;
  for (const Type& item : type.items) n += elements(item, unknown);
  return type.kind == Type::Kind::Array ? n * count(type.extent) : n;
}

Type replaced(Type type, const Size& from, const Size& to) {
  for (Size& s : type.dims)
    if (s == from) s = to;
  if (type.extent == from) type.extent = to;
  // The sizes of a struct's fields are part of what it is.
  if (type.kind == Type::Kind::Struct) return type;
  for (Type& item : type.items) item = replaced(std::move(item), from, to);
  return type;
}

bool mentions(const Type& type, const Size& size) {
  if (std::find(type.dims.begin(), type.dims.end(), size) != type.dims.end()) return true;
  if (type.kind == Type::Kind::Array && type.extent == size) return true;
  if (type.kind == Type::Kind::Struct) return false;
  return std::any_of(type.items.begin(), type.items.end(), [&](const Type& item) { return mentions(item, size); });
}

bool hasNames(const Type& type) {
  if (std::any_of(type.dims.begin(), type.dims.end(), [](const Size& s) { return !s.isNumber(); })) return true;
  if (type.kind == Type::Kind::Array && !type.extent.isNumber()) return true;
  if (type.kind == Type::Kind::Struct) return false;
  return std::any_of(type.items.begin(), type.items.end(), hasNames);
}

}  // namespace fedc::random
