#include <cassert>

#include "compiler/transform/specialise/sequence.h"

namespace fedc::transform::specialise {

using check::Builtin;
using core::Atom;
using core::Elem;
using core::Op;
using core::Type;

std::vector<core::SlotInfo> Specialiser::slotsOf(const Value& v, const std::string& prefix) const {
  std::vector<core::SlotInfo> out;
  std::vector<Leaf> leaves = leavesOf(v);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    core::SlotInfo slot;
    slot.name = leaves.size() == 1 ? prefix : prefix + "." + std::to_string(i);
    if (!leaves[i].atom.isLiteral) {
      const HomeFn& home = leaves[i].home.kind == Home::Kind::Static ? static_ : *entry_->homes.at(leaves[i].home);
      const std::string& name = home.fn.vars[leaves[i].atom.var].name;
      if (!name.empty()) slot.name = name;
    }
    slot.type = leaves[i].type;
    slot.place = core::Place::Clients;
    out.push_back(std::move(slot));
  }
  return out;
}

Leaf Specialiser::crossing(const Leaf& l, std::vector<int>& numbers, Span span, std::vector<Dim> dims) {
  core::Attrs attrs;
  numbers.push_back(++entry_->crossings);
  attrs.extent = Dim(numbers.back());
  attrs.dims = std::move(dims);
  Atom x = use(l);
  if (x.isLiteral) x = builder(span).splat(x.literal, l.type);
  const std::string name = here_.home->fn.vars[x.var].name;
  const Leaf crossed = leaf(builder(span).emit1(Op::Cross, {x}, attrs));
  here_.home->fn.vars[crossed.atom.var].name = name;
  return crossed;
}

Value Specialiser::broadcast(const Value& v, Span span) {
  Home home = homeOf(v);
  if (home.kind == Home::Kind::Static) return v;
  for (const Leaf& l : leavesOf(v)) {
    for (const Dim& d : l.type.dims) {
      if (!d.constant())
        stop(Code::SizeNotKnown, span, "what is sent to the clients has a size that is not known before the run",
             "send what is made of it, or state its size: `federated_broadcast(x as f32[100])`");
    }
  }
  InHome scope(*this, Home{Home::Kind::Clients, home.level + 1});
  return map(v, [&](const Leaf& l) {
    const Leaf sent = leaf(use(l), l.type);
    if (!sent.atom.isLiteral) here_.home->sentAt.emplace(sent.atom.var, userSpan(span));
    return sent;
  });
}

Value Specialiser::clientKeys(const Value& v, Span span) {
  (void)span;
  Home home = homeOf(v);
  Leaf key = v.leaf;
  if (home.kind == Home::Kind::Static) {
    home = Home{Home::Kind::Server, 0};
    InHome scope(*this, home);
    key = leaf(useWhole(key, span));
    if (key.atom.isLiteral) {
      // A literal key gets a name at the server, so that it can be folded for each client.
      key = leaf(builder(span).emit1(Op::FoldIn, {key.atom, Atom::of(Literal::ofInt(Elem::I32, 0))}));
    }
  }
  InHome scope(*this, Home{Home::Kind::Clients, home.level + 1});
  Origin origin;
  origin.kind = Origin::Kind::Key;
  origin.from = home;
  origin.var = key.atom.var;
  core::Var p = param(*here_.home, origin, Type{Elem::Key, {}}, "key");
  return Value::of(leaf(Atom::of(p)));
}

Value Specialiser::aggregate(core::UpEdge::Kind kind, const Value& x, const std::function<Value()>& zero,
                             const std::function<Value(const Value&, const Value&)>& accumulate,
                             const std::function<Value(const Value&, const Value&)>& merge, const std::function<Value(const Value&)>& report,
                             Span span) {
  Home home = homeOf(x);
  // A plain argument of `main` is known to the clients of the first exchange.
  const int level = std::max(1, home.level);
  Exchange& exchange = entry_->exchanges[level];
  Aggregation aggregation;
  aggregation.edge.kind = kind;
  aggregation.edge.span = callInOwnFile(span, aggregation.edge.name);
  aggregation.edge.leaves = slotsOf(x, "x");
  aggregation.first = static_cast<int>(exchange.accumulator.size());
  Value sent;
  {
    InHome scope(*this, Home{Home::Kind::Clients, level});
    // The server is told a length, not what a client has computed it from.
    const auto told = [&](const Dim& extent) {
      if (extent.constant() || extent.asVariable()) return extent;
      const auto [at, isNew] = exchange.lengths.try_emplace(extent, extent);
      if (isNew) at->second = namedDim("sent", extent, span);
      return at->second;
    };
    sent = map(x, [&](const Leaf& l) {
      std::vector<Dim> dims = l.type.dims;
      std::transform(dims.begin(), dims.end(), dims.begin(), told);
      return crossing(l, aggregation.edge.crossings, span, std::move(dims));
    });
    const std::vector<Leaf> crossed = leavesOf(sent);
    for (std::size_t i = 0; i < crossed.size(); ++i) aggregation.edge.leaves[i].type = crossed[i].type;
  }

  Value start;
  {
    InHome scope(*this, Home{Home::Kind::Zero, level});
    start = zero();
    for (const Leaf& l : leavesOf(start)) exchange.zero.push_back(leaf(use(l), l.type));
  }
  std::vector<Leaf> leaves = leavesOf(start);
  aggregation.count = static_cast<int>(leaves.size());
  for (const Leaf& l : leaves) {
    for (const Dim& d : l.type.dims) {
      if (!d.constant()) stop(Code::SizeNotKnown, span, "an accumulator has a size that is not known before the run");
    }
  }
  auto names = slotsOf(x, "a");
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    core::SlotInfo slot;
    slot.name = leaves.size() == names.size() && names[i].type == leaves[i].type ? names[i].name
                                                                                 : "a" + std::to_string(aggregation.first + static_cast<int>(i));
    slot.type = leaves[i].type;
    slot.place = core::Place::Server;
    exchange.accumulator.push_back(std::move(slot));
  }
  auto operand = [&](Origin::Kind which) {
    std::vector<Leaf> params;
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      Origin origin;
      origin.kind = which;
      origin.index = aggregation.first + static_cast<int>(i);
      params.push_back(leaf(Atom::of(param(*here_.home, origin, leaves[i].type, exchange.accumulator[static_cast<std::size_t>(origin.index)].name))));
    }
    return withLeaves(start, params);
  };
  auto keep = [&](const Value& v, std::vector<Leaf>& into, const char* what) {
    std::vector<Leaf> after = leavesOf(v);
    if (after.size() != leaves.size()) stop(Code::BranchTypes, span, std::string("`") + what + "` does not give a value like `zero`");
    for (std::size_t i = 0; i < after.size(); ++i) {
      if (!(after[i].type == leaves[i].type)) stop(Code::BranchTypes, span, std::string("`") + what + "` gives a value of another shape than `zero`");
      into.push_back(leaf(use(after[i]), after[i].type));
    }
  };
  {
    InHome scope(*this, Home{Home::Kind::Clients, level});
    Value a = operand(Origin::Kind::Accumulator);
    keep(accumulate(a, sent), exchange.accumulated, "accumulate");
  }
  {
    InHome scope(*this, Home{Home::Kind::Merge, level});
    Value a = operand(Origin::Kind::Accumulator);
    Value b = operand(Origin::Kind::Right);
    keep(merge(a, b), exchange.merged, "merge");
  }
  exchange.aggregations.push_back(std::move(aggregation));
  InHome scope(*this, Home{Home::Kind::Server, level});
  return report(operand(Origin::Kind::Accumulator));
}

Value Specialiser::collect(const Value& x, Span span) {
  Home home = homeOf(x);
  // A plain argument of `main` is known to the clients of the first exchange.
  const int level = std::max(1, home.level);
  Exchange& exchange = entry_->exchanges[level];
  Aggregation aggregation;
  aggregation.edge.kind = core::UpEdge::Kind::Collect;
  aggregation.edge.span = callInOwnFile(span, aggregation.edge.name);
  aggregation.edge.leaves = slotsOf(x, "x");
  aggregation.first = static_cast<int>(exchange.collected.size());
  std::vector<Leaf> leaves = leavesOf(x), stacked;
  aggregation.count = static_cast<int>(leaves.size());
  {
    InHome scope(*this, Home{Home::Kind::Clients, level});
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      for (const Dim& d : leaves[i].type.dims) {
        if (!d.constant())
          stop(Code::SizeNotKnown, span, "a collected value has a size that differs from client to client",
               "take and pad it at the client, as in `pad(xs.take(100).collect(), 100)`");
      }
      exchange.collected.push_back(leaf(use(leaves[i]), leaves[i].type));
      exchange.collectedNames.push_back(aggregation.edge.leaves[i].name);
    }
  }
  InHome scope(*this, Home{Home::Kind::Server, level});
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    Origin origin;
    origin.kind = Origin::Kind::Collected;
    origin.index = aggregation.first + static_cast<int>(i);
    Type type = leaves[i].type;
    type.dims.insert(type.dims.begin(), Dim::variable(kCohort));
    stacked.push_back(leaf(Atom::of(param(*here_.home, origin, type, aggregation.edge.leaves[i].name))));
  }
  exchange.aggregations.push_back(std::move(aggregation));
  return withLeaves(x, stacked);
}

Value Specialiser::selectByKey(const Value& keys, const Value& value, const std::shared_ptr<const Closure>& take, Span span) {
  const Dim& count = keys.leaf.type.dims[0];
  if (!count.constant()) {
    stop(Code::SizeNotKnown, span, "the number of keys must be known before the run",
         "take and pad them, as in `pad(words.take(100).collect(), 100)`");
  }
  const Home from = homeOf(value), asking = homeOf(keys);
  const int level = std::max({1, asking.level, from.kind == Home::Kind::Static ? 1 : from.level + 1});
  InHome scope(*this, Home{Home::Kind::Clients, level});
  SelectByKey selection;
  selection.edge.span = userSpan(span);
  selection.edge.asked = use(keys.leaf);
  selection.edge.keys = slotsOf(keys, "keys");
  // The whole value is at hand where a client's function takes its slices; that only they cross is what the edge says.
  const Value at = map(value, [&](const Leaf& l) {
    if (l.atom.isLiteral || l.home.kind == Home::Kind::Static) return leaf(use(l), l.type);
    Origin origin;
    origin.kind = Origin::Kind::Selected;
    origin.from = l.home;
    origin.var = l.atom.var;
    const std::string name = homeFn(l.home).fn.vars[l.atom.var].name;
    selection.params.push_back(param(*here_.home, origin, l.type, name));
    return leaf(Atom::of(selection.params.back()));
  });
  // The number of keys has a name of its own between the two crossings: pass `cross` makes slices for all of a client's keys, or for one.
  const Dim number = namedDim("keys", count, span);
  const auto renamed = [](const Leaf& l, const Dim& first) {
    std::vector<Dim> dims = l.type.dims;
    dims.front() = first;
    return dims;
  };
  const Value asked = map(keys, [&](const Leaf& l) { return crossing(l, selection.edge.keyCrossings, span, renamed(l, number)); });
  const Value taken = vmapOver(number, {asked}, span, [&](const Args& key) { return callLocal(*take, {at, key[0]}, span); });
  Value slices = map(taken, [&](const Leaf& l) { return crossing(l, selection.edge.sliceCrossings, span, renamed(l, count)); });
  selection.edge.slices = slotsOf(slices, "slices");
  entry_->exchanges[level].selections.push_back(std::move(selection));
  return slices;
}

Value Specialiser::declassify(const std::string& reason, const Value& x, Span span) {
  for (const Leaf& l : leavesOf(x)) {
    if (!l.atom.isLiteral && l.home.kind != Home::Kind::Static) entry_->declassified.push_back({l.home, l.atom.var, span, reason});
  }
  return x;
}

Value Specialiser::federatedBuiltin(Builtin b, const OptionalArgs& args, const check::TypeRef& type, Env& env, Span span) {
  (void)type;
  (void)env;
  auto fn = [&](std::size_t i) { return args[i]->function; };
  switch (b) {
    case Builtin::FederatedBroadcast: return broadcast(*args[0], span);
    case Builtin::FederatedValue: return *args[0];
    case Builtin::FederatedKeys: return clientKeys(*args[0], span);
    case Builtin::FederatedSum: {
      const Value& x = *args[0];
      auto wide = [](Elem e) { return e == Elem::F16 || e == Elem::BF16 ? Elem::F32 : e; };
      auto add = [&](const Value& a, const Value& y) {
        return zip(a, y, span,
                   [&](const Leaf& p, const Leaf& q) { return elementwise(Op::Add, {p, convert(Value::of(q), p.type.elem, span).leaf}, span); });
      };
      auto zero = [&] {
        return map(x, [&](const Leaf& l) { return Value::literal(Literal::zero(wide(l.type.elem)), Type{wide(l.type.elem), l.type.dims}).leaf; });
      };
      auto report = [&](const Value& a) {
        return zip(a, x, span, [&](const Leaf& p, const Leaf& q) { return convert(Value::of(p), q.type.elem, span).leaf; });
      };
      return aggregate(core::UpEdge::Kind::Sum, x, zero, add, add, report, span);
    }
    case Builtin::FederatedAggregate: {
      auto accumulate = fn(2), merge = fn(3);
      auto report = args.size() > 4 && args[4] ? fn(4) : nullptr;
      return aggregate(
          core::UpEdge::Kind::Aggregate, *args[0], [&] { return *args[1]; },
          [&](const Value& a, const Value& x) { return callLocal(*accumulate, {a, x}, span); },
          [&](const Value& x, const Value& y) { return callLocal(*merge, {x, y}, span); },
          [&](const Value& a) { return report ? callLocal(*report, {a}, span) : a; }, span);
    }
    case Builtin::FederatedCollect: return collect(*args[0], span);
    case Builtin::Declassify: return declassify(textOf(*args[0]), *args[1], span);
    case Builtin::FederatedSelect: return selectByKey(*args[0], *args[1], fn(2), span);
    case Builtin::FederatedSecureSum:
    case Builtin::FederatedSecureSumBitwidth:
    case Builtin::FederatedSecureModularSum: return secureSum(b, *args[0], *args[1], span);
    default: notYet(span, "this intrinsic");
  }
}

}  // namespace fedc::transform::specialise
