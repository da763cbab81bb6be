#include "compiler/transform/policy/graph_facts.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/transform/policy/additive.h"

namespace fedc::transform::policy {

using core::Atom;
using core::ClientInput;
using core::ClientOutput;
using core::Graph;
using core::Phase;
using core::Slot;
using core::UpEdge;
using core::Var;

namespace {

constexpr std::array kClientFacts = {Fact::Data,  Fact::State,      Fact::Draw,        Fact::FixedDraw,
                                     Fact::Named, Fact::TrueOfName, Fact::FalseOfName, Fact::Chosen};

bool isSecure(UpEdge::Kind kind) {
  return kind == UpEdge::Kind::SecureSum || kind == UpEdge::Kind::SecureSumBitwidth || kind == UpEdge::Kind::SecureModularSum;
}

/// The first fact that makes a value a client's own.
std::optional<Fact> ownFact(const Facts& facts) {
  for (const Fact f : kClientFacts)
    if (facts.has(f)) return f;
  return std::nullopt;
}

/// What stays known of a client's value that it keeps, from round to round.
Bits keptOf(const Facts& facts) {
  Bits kept = facts.bits & (kChoice | kLingering | bit(Fact::Sum));
  // What the client's data goes into is another value in each round; a draw that is kept as it is is the same in all of them.
  if (facts.has(Fact::Data)) return kept;
  if (facts.has(Fact::FixedDraw) || (facts.has(Fact::Draw) && facts.has(Fact::State))) return kept | Fact::FixedDraw;
  return facts.has(Fact::Draw) ? kept | Fact::Draw : kept;
}

Bits bitsOf(const std::map<std::string, Bits>& state, const std::string& leaf) {
  const auto found = state.find(leaf);
  return found == state.end() ? 0 : found->second;
}

}  // namespace

std::string_view intrinsicOf(UpEdge::Kind kind) {
  switch (kind) {
    case UpEdge::Kind::Sum: return "federated_sum";
    case UpEdge::Kind::Aggregate: return "federated_aggregate";
    case UpEdge::Kind::Collect: return "federated_collect";
    case UpEdge::Kind::SecureSum: return "federated_secure_sum";
    case UpEdge::Kind::SecureSumBitwidth: return "federated_secure_sum_bitwidth";
    case UpEdge::Kind::SecureModularSum: return "federated_secure_modular_sum";
  }
  return "an aggregation";
}

GraphFacts::GraphFacts(const core::Program& program, const Graph& graph, const Policies& policies, StateFacts& state)
    : program_(program), graph_(graph), policies_(policies), state_(state) {
  for (const core::Declassified& d : graph.declassified) {
    if (d.fn >= 0) facts(d.fn).declassify(d.var);
    if (d.slot) declassifiedSlots_.insert(*d.slot);
    if (d.column) declassifiedColumns_.insert(*d.column);
  }
  for (const Graph::Input& in : graph.inputs) {
    Facts known;
    if (in.kind == Graph::Input::Kind::Key) known.bits = bit(Fact::RunKey);
    if (in.kind == Graph::Input::Kind::State) known.bits = bitsOf(state.server, in.name);
    slots_[in.slot] = known;
  }
  serverStep(graph.first);
  for (std::size_t i = 0; i < graph.phases.size(); ++i) phase(graph.phases[i], static_cast<int>(i));
  for (const Graph::Output& out : graph.outputs) {
    const Facts known = slot(out.slot);
    disclose(known);
    if (out.kind == Graph::Output::Kind::State) state_.server[out.name] |= known.bits & (Fact::Single | Fact::Sum);
  }
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const int id = static_cast<int>(i);
    // One that is used by a check alone is no output, and tells all the same.
    if (disclosed_.contains(id) || !released_.contains(id)) findings_.push_back(pending_[i]);
  }
  std::stable_sort(findings_.begin(), findings_.end(), [](const Finding& a, const Finding& b) { return a.phase < b.phase; });
}

FnFacts& GraphFacts::facts(int fn) {
  auto& found = fns_[fn];
  if (found == nullptr) found = std::make_unique<FnFacts>(program_.module.fns[static_cast<std::size_t>(fn)]);
  return *found;
}

Facts GraphFacts::slot(Slot s) const {
  const auto found = slots_.find(s);
  return found == slots_.end() ? Facts{} : found->second;
}

void GraphFacts::setSlot(Slot slot, Facts facts, int fn, const Atom& from) {
  if (declassifiedSlots_.contains(slot)) {
    released_.insert(facts.edges.begin(), facts.edges.end());
    facts.edges.clear();
    facts.bits &= Fact::RunKey | Fact::Single | Fact::Sum;
  }
  slots_[slot] = std::move(facts);
  if (!from.isLiteral && fn >= 0) makers_[slot] = {fn, from.var};
}

void GraphFacts::serverStep(const core::ServerStep& step) {
  if (step.fn < 0) return;
  FnFacts& known = facts(step.fn);
  const core::Fn& fn = known.fn();
  for (std::size_t i = 0; i < step.inputs.size(); ++i) known.setParam(fn.params[i], slot(step.inputs[i]));
  known.run();
  released_.insert(known.released().begin(), known.released().end());
  for (std::size_t i = 0; i < step.outputs.size(); ++i) setSlot(step.outputs[i], known.of(fn.results[i]), step.fn, fn.results[i]);
}

Facts GraphFacts::clientInput(const ClientInput& in) const {
  Facts known;
  switch (in.kind) {
    case ClientInput::Kind::Accumulator: known.bits = bit(Fact::Held); break;
    case ClientInput::Kind::Column:
      if (!declassifiedColumns_.contains(in.index)) known.bits = Fact::Data | Fact::Read;
      break;
    case ClientInput::Kind::Key: known.bits = bit(slot(in.slot).has(Fact::RunKey) ? Fact::Draw : Fact::FixedDraw); break;
    case ClientInput::Kind::State:
      known.bits = Fact::State | Fact::Read | bitsOf(state_.clients, graph_.clientState[static_cast<std::size_t>(in.index)].name);
      known.chosenAnew = 0;
      break;
    case ClientInput::Kind::Row: known.bits = Fact::Data | Fact::Read; break;
    case ClientInput::Kind::Down:
    case ClientInput::Kind::Carry: known = slot(in.slot); break;
    // Of steps that pass `cross` makes, which comes later.
    case ClientInput::Kind::Crossed: break;
  }
  return known;
}

void GraphFacts::phase(const Phase& p, int number) {
  for (const Slot s : p.down) disclose(slot(s));
  for (const Slot s : p.zero.inputs) disclose(slot(s));
  FnFacts& work = facts(p.client);
  const core::Fn& fn = work.fn();
  for (std::size_t i = 0; i < p.clientInputs.size(); ++i) {
    const ClientInput& in = p.clientInputs[i];
    if (in.kind == ClientInput::Kind::Down || in.kind == ClientInput::Kind::Key) disclose(slot(in.slot));
    work.setParam(fn.params[i], clientInput(in));
  }
  Facts rows;
  rows.bits = Fact::Data | Fact::Read;
  for (const Dim::Variable d : fn.dimParams) work.setDim(d, rows);
  work.run();
  for (std::size_t i = 0; i < p.clientOutputs.size(); ++i) {
    const ClientOutput& out = p.clientOutputs[i];
    if (out.kind == ClientOutput::Kind::Carry) setSlot(out.slot, work.of(fn.results[i]), p.client, fn.results[i]);
    if (out.kind == ClientOutput::Kind::State)
      state_.clients[graph_.clientState[static_cast<std::size_t>(out.index)].name] |= keptOf(work.of(fn.results[i]));
  }
  if (p.merge >= 0) {
    FnFacts& merge = facts(p.merge);
    Facts held;
    held.bits = bit(Fact::Held);
    for (const Var v : merge.fn().params) merge.setParam(v, held);
    merge.run();
  }
  for (const core::SelectEdge& e : p.selects) select(p, e, number);
  for (const UpEdge& e : p.up) edge(p, e, number);
  serverStep(p.server);
}

void GraphFacts::select(const Phase& p, const core::SelectEdge& e, int number) {
  Finding finding;
  finding.problem = Problem::Keys;
  finding.phase = number;
  finding.select = &e;
  if (!e.asked.isLiteral) {
    const FnFacts& work = *fns_.at(p.client);
    const core::Fn& fn = work.fn();
    const bool isThere = work.definition(e.asked.var) != nullptr || std::find(fn.params.begin(), fn.params.end(), e.asked.var) != fn.params.end();
    const Facts known = work.of(e.asked);
    // Keys that are drawn tell nothing of the data.
    if (isThere && !known.any(kClient & ~bit(Fact::Draw))) return;
    if (isThere) finding.var = e.asked.var;
    if (const auto own = ownFact(known)) finding.fact = *own;
    findings_.push_back(finding);
  }
}

std::optional<Finding> GraphFacts::problemOf(const Phase& p, const UpEdge& e, const std::vector<Atom>& leaves) const {
  const FnFacts& work = *fns_.at(p.client);
  Finding finding;
  finding.edge = &e;
  bool isOwn = false;
  for (const Atom& leaf : leaves) {
    const auto own = ownFact(work.of(leaf));
    if (!own || (isOwn && *own >= finding.fact)) continue;
    isOwn = true;
    finding.var = leaf.var;
    finding.fact = *own;
  }
  if (!isOwn) return std::nullopt;
  const auto found = [&](Problem problem) {
    finding.problem = problem;
    return finding;
  };
  if (policies_.contains(Policy::AggregateOnly)) {
    if (e.kind == UpEdge::Kind::Collect) return found(Problem::Collected);
    for (std::size_t i = 0; !isSecure(e.kind) && i < leaves.size(); ++i) {
      const auto position = e.first + static_cast<int>(i);
      const auto held = std::find_if(p.clientInputs.begin(), p.clientInputs.end(),
                                     [&](const ClientInput& in) { return in.kind == ClientInput::Kind::Accumulator && in.index == position; });
      const auto other = notAdded(work, leaves[i], work.fn().params[static_cast<std::size_t>(held - p.clientInputs.begin())]);
      const auto size = p.accumulator.size();
      const FnFacts& merge = *fns_.at(p.merge);
      const auto at = static_cast<std::size_t>(position);
      if (other) {
        finding.at = other->span;
      } else if (isPlainSum(merge, merge.fn().results[at], merge.fn().params[at], merge.fn().params[size + at])) {
        continue;
      } else if (const Atom& merged = merge.fn().results[at]; !merged.isLiteral && merge.definition(merged.var) != nullptr) {
        finding.at = merge.definition(merged.var)->span;
        finding.inMerge = true;
      }
      return found(Problem::NotASum);
    }
    for (const Atom& leaf : leaves) {
      const Facts known = work.of(leaf);
      if (!known.any(Fact::Chosen | Fact::Placed) || !known.any(kContent)) continue;
      finding.var = leaf.var;
      finding.fact = known.has(Fact::Data) ? Fact::Data : Fact::State;
      // Where a client is told from the others.
      Var v = leaf.var;
      for (Fact f = known.has(Fact::Chosen) ? Fact::Chosen : Fact::Placed; const Why* why = work.why(v, f);) {
        finding.at = why->span;
        if (!why->from || why->fact == Fact::Name || why->fact == Fact::Data || why->fact == Fact::State) break;
        v = *why->from;
        f = why->fact;
      }
      return found(Problem::OneClient);
    }
  }
  if (policies_.contains(Policy::Secure) && !isSecure(e.kind)) return found(Problem::NotSecure);
  return std::nullopt;
}

void GraphFacts::edge(const Phase& p, const UpEdge& e, int number) {
  const FnFacts& work = *fns_.at(p.client);
  std::vector<Atom> leaves;
  std::vector<Slot> arrives;
  for (std::size_t i = 0; i < p.clientOutputs.size(); ++i) {
    const ClientOutput& out = p.clientOutputs[i];
    const auto wanted = e.kind == UpEdge::Kind::Collect ? ClientOutput::Kind::Collect : ClientOutput::Kind::Accumulator;
    if (out.kind != wanted || out.index < e.first || out.index >= e.first + e.count) continue;
    leaves.push_back(work.fn().results[i]);
    const auto at = static_cast<std::size_t>(out.index);
    arrives.push_back(e.kind == UpEdge::Kind::Collect ? p.collected[at].second : p.accumulatorSlots[at]);
  }
  Facts after;
  after.bits = bit(Fact::Sum);
  if (auto finding = problemOf(p, e, leaves)) {
    finding->phase = number;
    after.bits = bit(Fact::Single);
    after.edges.insert(static_cast<int>(pending_.size()));
    pending_.push_back(*finding);
  }
  for (const Slot s : arrives) setSlot(s, after, -1, {});
}

Way GraphFacts::way(const Finding& finding) const {
  Way way;
  way.start = "a client's value";
  if (!finding.var) return way;
  int fn = graph_.phases[static_cast<std::size_t>(finding.phase)].client;
  Var var = *finding.var;
  Fact fact = finding.fact;
  const auto begin = [&](std::string start, Span from = {}) {
    way.start = std::move(start);
    way.from = from;
  };
  // Facts form no circle; a bound all the same.
  for (int i = 0; i < 100000; ++i) {
    const FnFacts& known = *fns_.at(fn);
    if (const Why* why = known.why(var, fact)) {
      if (why->span.isValid()) way.steps.push_back(why->span);
      if (why->from) {
        var = *why->from;
        fact = why->fact;
        continue;
      }
      const auto own = ownFact(known.of(var));
      if (own && *own != fact) {
        fact = *own;
        continue;
      }
      begin("the number of a client's examples");
      break;
    }
    const Phase* phase = nullptr;
    for (const Phase& p : graph_.phases)
      if (p.client == fn) phase = &p;
    const auto& params = known.fn().params;
    const auto at = static_cast<std::size_t>(std::find(params.begin(), params.end(), var) - params.begin());
    if (phase == nullptr || at >= params.size()) break;
    const ClientInput& in = phase->clientInputs[at];
    if (in.kind == ClientInput::Kind::Column) {
      const core::Column& column = graph_.columns[static_cast<std::size_t>(in.index)];
      begin(column.feature.empty() ? "the clients' data" : fmt::format("`{}` of the clients' data", column.feature), column.span);
    } else if (in.kind == ClientInput::Kind::Key) {
      begin("the client's key");
    } else if (in.kind == ClientInput::Kind::State) {
      begin("the client's state");
    } else if (const auto maker = makers_.find(in.slot); in.kind == ClientInput::Kind::Carry && maker != makers_.end()) {
      std::tie(fn, var) = maker->second;
      continue;
    }
    break;
  }
  std::reverse(way.steps.begin(), way.steps.end());
  return way;
}

}  // namespace fedc::transform::policy
