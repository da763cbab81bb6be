#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "compiler/check/check.h"
#include "compiler/transform/specialise/sequence.h"

namespace fedc::transform::specialise {

using check::TypeKind;
using core::Atom;
using core::Elem;
using core::Type;

namespace {

/// A placed part of a result: all of it, or an item of a tuple.
struct PlacedPart {
  check::TypeRef type;
  Value value;
  std::string name;
};

void placedParts(const check::TypeRef& type, const Value& v, const std::string& name, std::vector<PlacedPart>& out) {
  if (type->kind != TypeKind::Tuple || v.kind != Value::Kind::Tuple || v.items.size() != type->items.size()) {
    out.push_back({type, v, name});
    return;
  }
  for (std::size_t i = 0; i < v.items.size(); ++i) {
    placedParts(type->items[i], v.items[i], name.empty() ? std::to_string(i) : name + "." + std::to_string(i), out);
  }
}

bool isAtClients(const check::TypeRef& type) { return isPlaced(type) && type->placement != check::Placement::Server; }

/// Where both places have parts, one that is alone at its place needs no number.
void dropLoneNumbers(std::vector<PlacedPart>& parts) {
  const auto clients = static_cast<std::size_t>(std::count_if(parts.begin(), parts.end(), [](const PlacedPart& p) { return isAtClients(p.type); }));
  if (clients == 0 || clients == parts.size()) return;
  for (PlacedPart& p : parts) {
    if ((isAtClients(p.type) ? clients : parts.size() - clients) == 1) p.name.clear();
  }
}

}  // namespace

Value Specialiser::leafByLeaf(const check::TypeRef& type, const std::string& name, Home home, Span span,
                              const std::function<Leaf(const Type& type, const std::string& path)>& make) {
  std::vector<std::string> names;
  leafNames(type, name, names);
  Env none;
  const Value like = zerosLike(unplaced(type), none, &Literal::zero, span);
  InHome scope(*this, home);
  std::size_t next = 0;
  return map(like, [&](const Leaf& l) { return make(l.type, names[next++]); });
}

/// A sequence whose elements lie in columns.
Value Specialiser::columnsOf(Home home, const Dim& rows, Value columns, Span span) {
  auto s = std::make_shared<Sequence>();
  s->kind = Sequence::Kind::Columns;
  s->home = home;
  s->span = span;
  s->rows = rows;
  s->columns = std::move(columns);
  Value out;
  out.kind = Value::Kind::Sequence;
  out.sequence = s;
  return out;
}

Value Specialiser::inputValue(const check::TypeRef& type, const std::string& name, core::Graph::Input::Kind kind, Span span) {
  if (isAtClients(type)) return clientStateValue(type, name, span);
  const check::TypeRef local = unplaced(type);
  if (local->kind == TypeKind::Tuple && !isPlaced(type)) {
    // (A@server, B@server)
    Args items;
    for (std::size_t i = 0; i < local->items.size(); ++i) {
      items.push_back(inputValue(local->items[i], name.empty() ? std::to_string(i) : name + "." + std::to_string(i), kind, span));
    }
    return Value::tuple(std::move(items));
  }
  const std::string part = kind == core::Graph::Input::Kind::Argument ? name : "";
  return leafByLeaf(local, name, Home{Home::Kind::Server, 0}, span, [&](const Type& t, const std::string& path) {
    return leaf(Atom::of(param(*here_.home, newInput(kind, path, part, t, span), t, leafName(path))));
  });
}

/// What clients keep, as this round finds it. The same for all would not be: who joins late begins with `init`'s value.
Value Specialiser::clientStateValue(const check::TypeRef& type, const std::string& name, Span span) {
  if (type->placement == check::Placement::AllClients) {
    stop(Code::SharedClientState, span, "a part of the state, `" + check::print(type, typed_.dims) + "`, is one value for all clients",
         "what all share is kept at the server (`T@server`), and sent each round; what each client keeps of its own is `{T}@clients`");
  }
  return leafByLeaf(type, name, Home{Home::Kind::Clients, 1}, span, [&](const Type& t, const std::string& path) {
    Origin origin;
    origin.kind = Origin::Kind::State;
    origin.index = static_cast<int>(entry_->clientState.size());
    entry_->clientState.push_back({leafName(path), t, core::Place::Clients});
    return leaf(Atom::of(param(*here_.home, origin, t, entry_->clientState.back().name)));
  });
}

/// What clients keep after this round. All of it leaves the last exchange: what was computed before is carried there.
void Specialiser::keepAtClients(const std::vector<std::pair<std::string, Leaf>>& leaves) {
  int level = 1;
  for (const auto& [l, exchange] : entry_->exchanges) {
    level = std::max(level, l);
    if (entry_->name == "init" && !(exchange.aggregations.empty() && exchange.selections.empty())) {
      stop(Code::InitAsksClients, exchange.aggregations.empty() ? exchange.selections[0].edge.span : exchange.aggregations[0].edge.span,
           "`init` asks clients, and none has joined yet",
           "begin with a value that needs no client, and take what they say in `next`, from the first round on");
    }
  }
  for (const auto& [name, l] : leaves) level = std::max(level, l.home.kind == Home::Kind::Clients ? l.home.level : 0);
  entry_->exchanges[level];
  entry_->clientsLevel = level;
  InHome scope(*this, Home{Home::Kind::Clients, level});
  // `init` is given none.
  const bool begins = entry_->clientState.empty();
  for (const auto& [name, l] : leaves) {
    if (begins) entry_->clientState.push_back({name, l.type, core::Place::Clients});
    entry_->clientResults.push_back(leaf(use(l), l.type));
  }
}

namespace {

/// Where the field at a path of fields is declared; invalid for what is no field.
Span fieldSpan(const check::TypeRef& type, const std::string& path) {
  const std::size_t dot = path.find('.');
  for (const check::Field& field : type->fields) {
    if (field.name == path.substr(0, dot)) return dot == std::string::npos ? field.span : fieldSpan(field.type, path.substr(dot + 1));
  }
  return {};
}

}  // namespace

Value Specialiser::dataValue(const check::TypeRef& type, Span span) {
  if (type->kind == TypeKind::Tuple) {
    Args items;
    for (const check::TypeRef& item : type->items) items.push_back(dataValue(item, span));
    return Value::tuple(std::move(items));
  }
  const check::TypeRef sequence = unplaced(type);
  if (sequence->kind != TypeKind::Sequence) notYet(span, "the clients' data of a process that is no sequence");
  if (!isPlaced(type) || type->placement != check::Placement::Clients) notYet(span, "data of a process that is not at the clients");
  const int argument = entry_->dataTaken++;
  const Dim count = Dim::variable(kRows + static_cast<Dim::Variable>(argument));
  const Home clients{Home::Kind::Clients, 1};
  Value columns = leafByLeaf(sequence->element, "", clients, span, [&](const Type& t, const std::string& path) {
    core::Column column;
    column.argument = argument;
    column.feature = path;
    column.type = t;
    const Span field = fieldSpan(sequence->element, path);
    column.span = field.isValid() ? field : span;
    Origin origin;
    origin.kind = Origin::Kind::Column;
    origin.index = static_cast<int>(entry_->columns.size());
    Type rows = t;
    rows.dims.insert(rows.dims.begin(), count);
    core::Var v = param(*here_.home, origin, rows, column.feature);
    entry_->columns.push_back(std::move(column));
    return leaf(Atom::of(v));
  });
  return columnsOf(clients, count, std::move(columns), span);
}

void Specialiser::results(const std::vector<Given>& given, Span span) {
  using Kind = core::Graph::Output::Kind;
  std::vector<std::pair<Kind, PlacedPart>> parts;
  for (const Given& g : given) {
    std::vector<PlacedPart> own;
    placedParts(g.type, g.value, "", own);
    // The parts of a report are shown apart by place; of `main` they are one result.
    if (g.kind == Kind::Report && entry_->name != "main") dropLoneNumbers(own);
    for (PlacedPart& part : own) parts.emplace_back(g.kind, std::move(part));
  }
  // First what stays at the clients: it may add an exchange, behind which the server's results are made.
  std::vector<std::pair<std::string, Leaf>> kept;
  for (const auto& [kind, part] : parts) {
    if (!isAtClients(part.type)) continue;
    if (kind != Kind::State) {
      clientResult(part.type, part.value, part.name, span);
      continue;
    }
    std::vector<std::string> names;
    leafNames(part.type, part.name, names);
    std::size_t next = 0;
    for (const Leaf& l : leavesOf(part.value)) kept.emplace_back(leafName(names.at(next++)), l);
  }
  if (!kept.empty()) keepAtClients(kept);
  for (const auto& [kind, part] : parts) {
    if (!isAtClients(part.type)) serverResults(part.type, part.value, kind, part.name, span);
  }
}

void Specialiser::serverResults(const check::TypeRef& type, const Value& v, core::Graph::Output::Kind kind, const std::string& prefix, Span span) {
  int last = 0;
  for (const auto& [level, exchange] : entry_->exchanges) last = std::max(last, level);
  std::vector<std::string> names;
  leafNames(type, prefix, names);
  InHome scope(*this, Home{Home::Kind::Server, last});
  std::vector<Leaf> leaves = leavesOf(v);
  if (names.size() != leaves.size()) noResult(type, span);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (!isKnownOutside(leaves[i].type)) {
      stop(Code::SizeNotKnown, span,
           fmt::format("the size of the result{} depends on the data", names[i].empty() ? "" : fmt::format(" `{}`", names[i])),
           "return as much as there can be, and how many they are: `pad(s.take(100).collect(), 100)` and `s.count()`");
    }
  }
  for (std::size_t i = 0; i < leaves.size(); ++i) entry_->results.push_back({kind, leaf(use(leaves[i]), leaves[i].type), leafName(names[i])});
}

std::optional<Entry> Specialiser::runEntry(const std::string& name, const std::function<void()>& body) {
  Entry entry;
  entry.name = name;
  entry_ = &entry;
  here_ = Place{&static_, &static_.fn.body};
  federated_ = true;
  chain_.clear();
  emitted_ = 0;
  loopIndices_.clear();
  const std::size_t known = static_.fn.body.size();
  try {
    body();
    importChecks(known);
  } catch (const Stop&) {
    entry_ = nullptr;
    return std::nullopt;
  } catch (const Overgrown& limit) {
    reportLimit(limit);
    entry_ = nullptr;
    return std::nullopt;
  } catch (const NeedsNumber&) {
    sink_.report(Diagnostic(Code::SizeNotKnown, Span{}, "a size depends on a value that is not known before the run"));
    entry_ = nullptr;
    return std::nullopt;
  }
  entry_ = nullptr;
  return entry;
}

std::vector<Entry> Specialiser::run() {
  std::vector<Entry> out;
  auto add = [&](std::optional<Entry> entry) {
    if (entry) out.push_back(std::move(*entry));
  };
  using Kind = core::Graph::Input::Kind;
  using Output = core::Graph::Output::Kind;
  if (typed_.process) {
    Value process;
    try {
      federated_ = false;
      process = evalGlobal(*typed_.process);
    } catch (const Stop&) {
      return out;
    } catch (const Overgrown& limit) {
      reportLimit(limit);
      return out;
    } catch (const NeedsNumber&) {
      return out;
    }
    const Span span = typed_.process->span;
    auto closure = [&](std::size_t i) -> const Closure& { return function(process.items.at(i), span); };
    auto paramType = [&](std::size_t fn, std::size_t i) { return typed_.processTypes[fn]->items[i]; };
    auto resultType = [&](std::size_t fn) { return typed_.processTypes[fn]->element; };
    // Its parameter's name is the data's.
    auto data = [&](std::size_t fn) {
      const Closure& f = closure(fn);
      const std::vector<check::Pattern>* params = f.instance ? &f.instance->params : f.lambda ? &f.lambda->params : nullptr;
      const check::Pattern none;
      const check::Pattern& p = params != nullptr && params->size() > 1 ? params->at(1) : none;
      declareData(p, paramType(fn, 1), p.local ? p.local->name : "");
      return [this, type = paramType(fn, 1), span] { return dataValue(type, span); };
    };
    auto key = [&] {
      auto k = std::make_shared<check::Type>();
      k->kind = TypeKind::Tensor;
      k->elem = Elem::Key;
      return inputValue(k, "key", Kind::Key, span);
    };
    add(runEntry("init", [&] {
      Value state = call(closure(0), {key()}, span);
      results({{resultType(0), state, Output::State}}, span);
    }));
    add(runEntry("next", [&] {
      const auto columns = data(1);
      Value state = inputValue(paramType(1, 0), "", Kind::State, span);
      Value result = call(closure(1), {state, columns(), key()}, span);
      const auto& types = unplaced(resultType(1))->items;
      results({{types.at(0), result.items.at(0), Output::State}, {types.at(1), result.items.at(1), Output::Report}}, span);
    }));
    if (typed_.hasEvaluate) {
      add(runEntry("evaluate", [&] {
        const auto columns = data(2);
        Value state = inputValue(paramType(2, 0), "", Kind::State, span);
        Value result = call(closure(2), {state, columns()}, span);
        results({{resultType(2), result, Output::Report}}, span);
      }));
    }
  }
  if (typed_.main) {
    add(runEntry("main", [&] {
      Args args;
      const auto typeOf = [](const check::Pattern& p) -> const check::TypeRef& { return p.local ? p.local->type : p.type; };
      const auto nameOf = [](const check::Pattern& p) { return p.local ? p.local->name : std::string("argument"); };
      for (const check::Pattern& p : typed_.main->params) declareData(p, typeOf(p), nameOf(p));
      for (const check::Pattern& p : typed_.main->params) args.push_back(mainArgument(p, typeOf(p), nameOf(p)));
      Closure c;
      c.kind = Closure::Kind::Instance;
      c.instance = typed_.main;
      Value result = call(c, std::move(args), typed_.main->span);
      results({{typed_.main->result, result, Output::Report}}, typed_.main->span);
    }));
  }
  return out;
}

}  // namespace fedc::transform::specialise
