#include "compiler/transform/specialise/value.h"

#include <algorithm>
#include <cassert>
#include <set>

namespace fedc::transform::specialise {

Value Value::of(Leaf leaf) {
  Value v;
  v.kind = Kind::Leaf;
  v.leaf = std::move(leaf);
  return v;
}

Value Value::literal(core::Literal literal) { return Value::literal(literal, core::Type{literal.elem, {}}); }

Value Value::literal(core::Literal literal, core::Type type) {
  Leaf leaf;
  leaf.atom = core::Atom::of(literal);
  // A size is no u64 of 2^63 or more.
  const bool isSize = core::isInteger(literal.elem) && (literal.elem != core::Elem::U64 || literal.toInt() >= 0);
  if (type.dims.empty() && isSize) leaf.number = Dim(literal.toInt());
  leaf.type = std::move(type);
  return Value::of(std::move(leaf));
}

Value Value::tuple(std::vector<Value> items) {
  Value v;
  v.kind = Kind::Tuple;
  v.items = std::move(items);
  return v;
}

void Env::bind(std::uint32_t local, Value value) {
  auto node = std::make_shared<Node>();
  node->id = local;
  node->value = std::move(value);
  node->next = std::move(head_);
  head_ = std::move(node);
}

void Env::bindDim(Dim::Variable v, Dim value) {
  auto node = std::make_shared<Node>();
  node->isDim = true;
  node->id = v;
  node->dim = std::move(value);
  node->next = std::move(head_);
  head_ = std::move(node);
}

const Value* Env::find(std::uint32_t local) const {
  for (const Node* n = head_.get(); n != nullptr; n = n->next.get()) {
    if (!n->isDim && n->id == local) return &n->value;
  }
  return nullptr;
}

std::optional<Dim> Env::findDim(Dim::Variable v) const {
  for (const Node* n = head_.get(); n != nullptr; n = n->next.get()) {
    if (n->isDim && n->id == v) return n->dim;
  }
  return std::nullopt;
}

std::vector<std::uint32_t> Env::changedSince(const Env& before) const {
  std::vector<std::uint32_t> changed;
  for (const Node* n = head_.get(); n != before.head_.get(); n = n->next.get()) {
    assert(n != nullptr && "the other environment is no earlier state of this one");
    if (!n->isDim && before.find(n->id) != nullptr) changed.push_back(n->id);
  }
  std::sort(changed.begin(), changed.end());
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  return changed;
}

void leavesOf(const Value& value, std::vector<Leaf>& out) {
  if (value.kind == Value::Kind::Leaf) {
    out.push_back(value.leaf);
    return;
  }
  for (const Value& item : value.items) leavesOf(item, out);
}

std::vector<Leaf> leavesOf(const Value& value) {
  std::vector<Leaf> out;
  leavesOf(value, out);
  return out;
}

namespace {

Value replaceLeaves(const Value& like, const std::vector<Leaf>& leaves, std::size_t& next) {
  if (like.kind == Value::Kind::Leaf) {
    assert(next < leaves.size());
    return Value::of(leaves[next++]);
  }
  Value v = like;
  for (Value& item : v.items) item = replaceLeaves(item, leaves, next);
  return v;
}

}  // namespace

Value withLeaves(const Value& like, const std::vector<Leaf>& leaves) {
  std::size_t next = 0;
  Value v = replaceLeaves(like, leaves, next);
  assert(next == leaves.size());
  return v;
}

void leafNames(const check::TypeRef& type, const std::string& prefix, std::vector<std::string>& out) {
  using check::TypeKind;
  const std::string dot = prefix.empty() ? "" : prefix + ".";
  switch (type->kind) {
    case TypeKind::Placed:
    case TypeKind::Array:
    case TypeKind::Sequence: leafNames(type->element, prefix, out); return;
    case TypeKind::Tuple:
      for (std::size_t i = 0; i < type->items.size(); ++i) leafNames(type->items[i], dot + std::to_string(i), out);
      return;
    case TypeKind::Struct:
      for (const check::Field& f : type->fields) leafNames(f.type, dot + f.name, out);
      return;
    case TypeKind::Range:
      out.push_back(dot + "first");
      out.push_back(dot + "end");
      return;
    case TypeKind::Function:
    case TypeKind::OpenLambda: return;
    default: out.push_back(prefix); return;
  }
}

std::string leafName(const std::string& path) { return path.empty() ? "value" : path; }

check::TypeRef unplaced(const check::TypeRef& type) { return isPlaced(type) ? type->element : type; }

bool isPlaced(const check::TypeRef& type) { return type != nullptr && type->kind == check::TypeKind::Placed; }

}  // namespace fedc::transform::specialise
