#include <algorithm>

#include "compiler/transform/specialise/sequence.h"

/// What `main` is given besides the clients' data, and what stays at the clients when an entry point ends.
namespace fedc::transform::specialise {

using check::Placement;
using check::TypeKind;
using core::Atom;
using core::Elem;
using core::Type;
using Input = core::Graph::Input;

namespace {

bool isKey(const check::TypeRef& type) { return type->kind == TypeKind::Tensor && type->elem == Elem::Key && type->dims.empty(); }

/// Item i of a parameter of several: its pattern, where it is taken apart, and what it is called.
const check::Pattern& itemOf(const check::Pattern& p, std::size_t i) {
  return p.kind == check::Pattern::Kind::Tuple && i < p.items.size() ? p.items[i] : p;
}
std::string itemName(const check::Pattern& p, std::size_t i, const std::string& name) {
  const check::Pattern& part = itemOf(p, i);
  if (&part != &p && part.local) return part.local->name;
  return name.empty() ? std::to_string(i) : name + "." + std::to_string(i);
}

bool hasPlaced(const check::TypeRef& type) {
  return type->kind == TypeKind::Tuple &&
         std::any_of(type->items.begin(), type->items.end(), [](const check::TypeRef& t) { return isPlaced(t) || hasPlaced(t); });
}

}  // namespace

/// Before any function of the entry is begun: which of its parameters are the clients' data, which are sequences at the server.
void Specialiser::declareData(const check::Pattern& p, const check::TypeRef& type, const std::string& name) {
  if (type->kind == TypeKind::Tuple) {
    for (std::size_t i = 0; i < type->items.size(); ++i) declareData(itemOf(p, i), type->items[i], itemName(p, i, name));
    return;
  }
  if (unplaced(type)->kind != TypeKind::Sequence) return;
  if (isPlaced(type) && type->placement == Placement::Clients) {
    entry_->data.push_back({name, p.span});
  } else {
    entry_->sequences.push_back(name);
  }
}

Value Specialiser::mainArgument(const check::Pattern& p, const check::TypeRef& type, const std::string& name) {
  const check::TypeRef local = unplaced(type);
  if (!isPlaced(type) && hasPlaced(type)) {
    Args items;
    for (std::size_t i = 0; i < type->items.size(); ++i) items.push_back(mainArgument(itemOf(p, i), type->items[i], itemName(p, i, name)));
    return Value::tuple(std::move(items));
  }
  const bool atClients = isPlaced(type) && type->placement == Placement::Clients;
  const bool atAllClients = isPlaced(type) && type->placement == Placement::AllClients;
  if (local->kind == TypeKind::Sequence) {
    if (atAllClients)
      stop(Code::NotYetSupported, p.span, "a sequence that is the same at all clients cannot be given", "`{T*}@clients` is one of each client's own");
    return atClients ? dataValue(type, p.span) : serverSequence(type, name, p.span);
  }
  if (isKey(local)) {
    const Value key = inputValue(local, name, Input::Kind::Key, p.span);
    return atClients ? clientKeys(key, p.span) : atAllClients ? broadcast(key, p.span) : key;
  }
  if (atClients) return clientArgument(type, name, p.span);
  if (atAllClients) return sharedArgument(type, name, p.span);
  return inputValue(type, name, Input::Kind::Argument, p.span);
}

/// A new input of the entry and its origin; names count from the argument's.
Origin Specialiser::newInput(Input::Kind kind, const std::string& name, const std::string& part, Type type, Span span, core::Place place) {
  Input input;
  input.kind = kind;
  input.name = leafName(name);
  input.span = span;
  input.part = part;
  Origin origin;
  origin.kind = Origin::Kind::Input;
  origin.index = static_cast<int>(entry_->inputs.size());
  entry_->inputs.push_back(std::move(input));
  entry_->inputSlots.push_back({entry_->inputs.back().name, std::move(type), place});
  return origin;
}

Value Specialiser::clientArgument(const check::TypeRef& type, const std::string& name, Span span) {
  const Value stacked = leafByLeaf(type, name, Home{Home::Kind::Server, 0}, span, [&](Type all, const std::string& path) {
    all.dims.insert(all.dims.begin(), Dim::variable(kCohort));
    return leaf(Atom::of(param(*here_.home, newInput(Input::Kind::ClientArgument, path, name, all, span), all, leafName(path))));
  });
  return ownRows(stacked);
}

/// At each client its own entry of what the server holds for all of them, stacked.
Value Specialiser::ownRows(const Value& stacked) {
  return map(stacked, [&](const Leaf& l) {
    InHome scope(*this, Home{Home::Kind::Clients, l.home.level + 1});
    Origin origin;
    origin.kind = Origin::Kind::Row;
    origin.from = l.home;
    origin.var = l.atom.var;
    Type own = l.type;
    own.dims.erase(own.dims.begin());
    return leaf(Atom::of(param(*here_.home, origin, own, homeFn(l.home).fn.vars[l.atom.var].name)));
  });
}

/// The same at all clients without being sent: it is part of the call, as a param is.
Value Specialiser::sharedArgument(const check::TypeRef& type, const std::string& name, Span span) {
  return leafByLeaf(type, name, Home{Home::Kind::Clients, 1}, span, [&](const Type& t, const std::string& path) {
    const Origin given = newInput(Input::Kind::Argument, path, name, t, span, core::Place::AllClients);
    return leaf(Atom::of(param(*here_.home, given, t, leafName(path))));
  });
}

Value Specialiser::serverSequence(const check::TypeRef& type, const std::string& name, Span span) {
  const auto which = std::find(entry_->sequences.begin(), entry_->sequences.end(), name);
  const Dim length = Dim::variable(kLengths + static_cast<Dim::Variable>(which - entry_->sequences.begin()));
  const Home server{Home::Kind::Server, 0};
  Value columns = leafByLeaf(unplaced(type)->element, name, server, span, [&](Type rows, const std::string& path) {
    rows.dims.insert(rows.dims.begin(), length);
    return leaf(Atom::of(param(*here_.home, newInput(Input::Kind::Sequence, path, name, rows, span), rows, leafName(path))));
  });
  return columnsOf(server, length, std::move(columns), span);
}

void Specialiser::clientResult(const check::TypeRef& type, const Value& v, const std::string& part, Span span) {
  std::vector<std::string> names;
  leafNames(type, part, names);
  const std::vector<Leaf> leaves = leavesOf(v);
  if (names.size() != leaves.size()) noResult(type, span);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const Leaf& l = leaves[i];
    for (const Dim& d : l.type.dims) {
      if (!d.constant()) {
        stop(Code::SizeNotKnown, span, "a result at the clients has a size that differs from client to client",
             "return as much as there can be, and how many they are: `pad(s.take(100).collect(), 100)` and `s.count()`");
      }
    }
    const int level = l.home.kind == Home::Kind::Clients ? l.home.level : 1;
    // The exchange that its clients work in, with the server's step after it.
    entry_->exchanges[level];
    homeFn(Home{Home::Kind::Server, level});
    InHome scope(*this, Home{Home::Kind::Clients, level});
    entry_->atClients.push_back({leaf(use(l), l.type), leafName(names[i]), part, type->placement == Placement::AllClients});
  }
}

}  // namespace fedc::transform::specialise
