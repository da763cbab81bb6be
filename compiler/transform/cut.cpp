#include "compiler/transform/cut.h"

#include <algorithm>
#include <cassert>
#include <map>
#include <set>

#include "compiler/core/internal_error.h"
#include "compiler/transform/rewrite.h"

namespace fedc::transform {

using core::Atom;
using core::ClientInput;
using core::ClientOutput;
using core::Graph;
using core::Slot;
using specialise::Entry;
using specialise::Exchange;
using specialise::Home;
using specialise::HomeFn;
using specialise::Leaf;
using specialise::Origin;

namespace {

struct Cut {
  Entry& entry;
  core::Module& module;
  Graph graph;
  /// Slots of the entry's inputs and params, of variables that a home exports, of merged accumulators and of stacks.
  std::vector<std::optional<Slot>> inputSlots;
  std::map<std::string, Slot> paramSlots;
  std::map<std::pair<Home, core::Var>, Slot> exported;
  std::map<std::pair<int, int>, Slot> accumulatorSlots;
  std::map<std::pair<int, int>, Slot> collectedSlots;
  /// What each home must hand out, in order.
  std::map<Home, std::vector<core::Var>> exports;
  /// What became of the entry's homes and columns (-1: dropped).
  std::map<Home, int> functions;
  std::vector<int> columnPositions;

  explicit Cut(Entry& e, core::Module& m) : entry(e), module(m) { inputSlots.resize(e.inputs.size()); }

  HomeFn* find(Home home) {
    auto found = entry.homes.find(home);
    return found == entry.homes.end() ? nullptr : found->second.get();
  }

  Slot newSlot(std::string name, core::Type type, core::Place place) { return newSlot({std::move(name), std::move(type), place}); }
  Slot newSlot(core::SlotInfo info) {
    graph.slots.push_back(std::move(info));
    return static_cast<Slot>(graph.slots.size() - 1);
  }

  /// The slot of a server variable; asks its home to export it if it is computed there.
  Slot serverSlot(Home home, core::Var var) {
    HomeFn& fn = *find(home);
    for (std::size_t i = 0; i < fn.fn.params.size(); ++i) {
      if (fn.fn.params[i] == var) return originSlot(home, fn.origins[i], fn.fn.typeOf(var), fn.fn.vars[var].name);
    }
    auto key = std::pair(home, var);
    if (auto found = exported.find(key); found != exported.end()) return found->second;
    Slot slot = newSlot(fn.fn.vars[var].name, fn.fn.typeOf(var), core::Place::Server);
    exported.emplace(key, slot);
    exports[home].push_back(var);
    return slot;
  }

  /// The slot that a parameter of a server function is fed from.
  Slot originSlot(Home home, const Origin& origin, const core::Type& type, const std::string& name) {
    switch (origin.kind) {
      case Origin::Kind::Input: {
        auto i = static_cast<std::size_t>(origin.index);
        if (!inputSlots[i]) inputSlots[i] = newSlot(entry.inputSlots[i]);
        return *inputSlots[i];
      }
      case Origin::Kind::Param: {
        auto found = paramSlots.find(origin.name);
        if (found != paramSlots.end()) return found->second;
        Slot slot = newSlot(origin.name, type, core::Place::Server);
        paramSlots.emplace(origin.name, slot);
        return slot;
      }
      case Origin::Kind::Server: return serverSlot(origin.from, origin.var);
      case Origin::Kind::Accumulator: {
        auto key = std::pair(home.level, origin.index);
        auto found = accumulatorSlots.find(key);
        if (found != accumulatorSlots.end()) return found->second;
        Slot slot = newSlot(name, type, core::Place::Server);
        accumulatorSlots.emplace(key, slot);
        return slot;
      }
      case Origin::Kind::Collected: {
        auto key = std::pair(home.level, origin.index);
        auto found = collectedSlots.find(key);
        if (found != collectedSlots.end()) return found->second;
        Slot slot = newSlot(name, type, core::Place::Server);
        collectedSlots.emplace(key, slot);
        return slot;
      }
      case Origin::Kind::Selected:
      case Origin::Kind::Carry:
      case Origin::Kind::State:
      case Origin::Kind::Column:
      case Origin::Kind::Key:
      case Origin::Kind::Row:
      case Origin::Kind::Right: break;
    }
    core::internalError("not an origin of a server value", __FILE__, __LINE__);
  }

  /// The slot of a client value of an earlier exchange.
  Slot carrySlot(Home home, core::Var var) {
    auto key = std::pair(home, var);
    if (auto found = exported.find(key); found != exported.end()) return found->second;
    HomeFn& fn = *find(home);
    Slot slot = newSlot(fn.fn.vars[var].name, fn.fn.typeOf(var), core::Place::Clients);
    exported.emplace(key, slot);
    exports[home].push_back(var);
    return slot;
  }

  /// The accumulator leaves that checks of a function look at: these stay even if nobody wants the aggregate.
  void checkedLeaves(Home home, std::set<int>& out) {
    const HomeFn* of = find(home);
    if (of == nullptr) return;
    core::Fn fn = of->fn;
    fn.body.insert(fn.body.begin(), of->prologue.begin(), of->prologue.end());
    removeTraces(fn.body);
    fn.results.clear();
    fn.resultTypes.clear();
    eliminateDead(fn);
    const std::vector<int> uses = useCounts(fn);
    for (std::size_t i = 0; i < fn.params.size(); ++i) {
      const Origin& origin = of->origins[i];
      const bool leaf = origin.kind == Origin::Kind::Accumulator || origin.kind == Origin::Kind::Right;
      if (leaf && uses[fn.params[i]] != 0) out.insert(origin.index);
    }
  }

  /// What a function needs without its traces: what a program is given, and what it sends, does not depend on what is shown of it.
  struct Needs {
    std::set<Dim::Variable> sizes;
    bool isEmpty = false;
  };

  /// The sizes that a function is given if it asks for any of them (`lengths`), or in any case.
  std::set<Dim::Variable> sizesOf(Home home, const std::set<Dim::Variable>& asked) const {
    std::set<Dim::Variable> given;
    if (home.kind == Home::Kind::Clients && !entry.columns.empty()) {
      for (std::size_t d = 0; d < entry.data.size(); ++d) given.insert(specialise::kRows + static_cast<Dim::Variable>(d));
    }
    if (home.kind == Home::Kind::Server) {
      for (Dim::Variable d = 0; d < specialise::kLengths + entry.sequences.size(); ++d) given.insert(d);
      if (std::none_of(given.begin(), given.end(), [&](Dim::Variable d) { return asked.contains(d); })) given.clear();
    }
    return given;
  }

  /// Leaves the traces of what the function can compute from what it is given.
  static void keepTraces(core::Fn& fn, const std::set<core::Var>& params, const std::set<Dim::Variable>& sizes) {
    const auto fits = [&](const core::Fn& f) {
      const auto free = freeNames(f, f.body, f.results);
      return std::includes(params.begin(), params.end(), free.vars.begin(), free.vars.end()) &&
             std::includes(sizes.begin(), sizes.end(), free.dims.begin(), free.dims.end());
    };
    // Removes the traces of values that are not wanted, by their places in the function; those of calls, if these are not.
    const auto keepOnly = [](core::Fn& f, bool calls, const auto& wanted) {
      std::size_t place = 0;
      const auto sweep = [&](const auto& self, std::vector<core::Stmt>& stmts) -> void {
        std::erase_if(stmts, [&](core::Stmt& s) {
          if (s.op == core::Op::Trace) return s.args.empty() ? !calls : !wanted(place++);
          for (core::Region& r : s.regions) self(self, r.stmts);
          return false;
        });
      };
      sweep(sweep, f.body);
      eliminateDead(f);
      return place;
    };
    core::Fn all = fn;
    const std::size_t count = keepOnly(all, true, [](std::size_t) { return true; });
    // The mark of a call may stand in a loop that is nothing else, over what is not there.
    for (const bool calls : {true, false}) {
      if (fits(all)) break;
      std::vector<bool> good(count);
      for (std::size_t t = 0; t < count; ++t) {
        core::Fn one = fn;
        keepOnly(one, calls, [&](std::size_t place) { return place == t; });
        good[t] = fits(one);
      }
      all = fn;
      keepOnly(all, calls, [&](std::size_t place) { return good[place]; });
    }
    fn = std::move(all);
  }

  /// Puts the copied statements in front, drops what is dead, and parameters that nobody uses (`keep` says which stay anyway).
  Needs finish(HomeFn& home, const std::function<bool(const Origin&)>& keep = {}) {
    core::Fn& fn = home.fn;
    std::vector<core::Stmt> body = std::move(home.prologue);
    for (core::Stmt& s : fn.body) body.push_back(std::move(s));
    fn.body = std::move(body);
    std::optional<core::Fn> traced;
    if (hasTrace(fn.body)) {
      traced = fn;
      removeTraces(fn.body);
    }
    eliminateDead(fn);
    std::vector<int> uses = useCounts(fn);
    std::vector<core::Var> params;
    std::vector<Origin> origins;
    for (std::size_t i = 0; i < fn.params.size(); ++i) {
      if (uses[fn.params[i]] == 0 && !(keep && keep(home.origins[i]))) continue;
      params.push_back(fn.params[i]);
      origins.push_back(home.origins[i]);
    }
    fn.params = std::move(params);
    home.origins = std::move(origins);
    Needs needs{freeNames(fn, fn.body, fn.results, fn.params).dims, fn.params.empty() && fn.body.empty() && fn.results.empty()};
    for (core::Var p : fn.params) {
      for (const Dim& extent : fn.typeOf(p).dims) {
        for (const Dim::Variable d : extent.variables()) needs.sizes.insert(d);
      }
    }
    if (traced) {
      traced->params = fn.params;
      keepTraces(*traced, {fn.params.begin(), fn.params.end()}, sizesOf(home.home, needs.sizes));
      fn = std::move(*traced);
    }
    return needs;
  }

  int addFn(HomeFn& home, const std::string& name) {
    home.fn.name = entry.name + "." + name;
    module.fns.push_back(std::move(home.fn));
    functions[home.home] = static_cast<int>(module.fns.size() - 1);
    return functions[home.home];
  }

  /// A declassified variable by the names that the graph has for its value.
  void declassify() {
    for (const Entry::Declassified& d : entry.declassified) {
      core::Declassified out{d.span, d.reason, -1, d.var, std::nullopt, std::nullopt};
      if (const auto fn = functions.find(d.home); fn != functions.end()) out.fn = fn->second;
      if (const auto slot = exported.find({d.home, d.var}); slot != exported.end()) out.slot = slot->second;
      for (const auto& [origin, var] : find(d.home)->params) {
        if (var == d.var) sameElsewhere(d.home, origin, out);
      }
      if (out.fn >= 0 || out.slot || out.column) graph.declassified.push_back(std::move(out));
    }
  }

  /// What a parameter is bound to, where anything else of the graph may take it from, too.
  void sameElsewhere(Home home, const Origin& origin, core::Declassified& out) {
    const auto known = [&](const auto& slots, const auto& key) {
      if (const auto found = slots.find(key); found != slots.end()) out.slot = found->second;
    };
    switch (origin.kind) {
      case Origin::Kind::Column: out.column = columnPositions.at(static_cast<std::size_t>(origin.index)); break;
      case Origin::Kind::Carry: known(exported, std::pair(origin.from, origin.var)); break;
      case Origin::Kind::Accumulator:
        if (home.kind == Home::Kind::Server) known(accumulatorSlots, std::pair(home.level, origin.index));
        break;
      case Origin::Kind::Collected: known(collectedSlots, std::pair(home.level, origin.index)); break;
      default: break;
    }
  }

  static void addResult(core::Fn& fn, const Leaf& leaf) {
    fn.results.push_back(leaf.atom);
    fn.resultTypes.push_back(leaf.type);
  }

  core::ServerStep serverStep(int level) {
    Home home{Home::Kind::Server, level};
    core::ServerStep step;
    HomeFn* fn = find(home);
    if (fn == nullptr) return step;
    for (core::Var v : exports[home]) {
      fn->fn.results.push_back(Atom::of(v));
      fn->fn.resultTypes.push_back(fn->fn.typeOf(v));
      step.outputs.push_back(exported.at({home, v}));
    }
    // Literal results of the last step have slots of their own.
    for (auto& [slot, leaf] : literals[level]) {
      addResult(fn->fn, leaf);
      step.outputs.push_back(slot);
    }
    const Needs needs = finish(*fn);
    if (needs.isEmpty) return step;
    for (std::size_t i = 0; i < fn->fn.params.size(); ++i) {
      step.inputs.push_back(originSlot(home, fn->origins[i], fn->fn.typeOf(fn->fn.params[i]), fn->fn.vars[fn->fn.params[i]].name));
    }
    // Any of these lengths may be wanted without a value that has it: `len(federated_collect(x))`, `data.count()`. They are handed over together.
    for (const Dim::Variable d : sizesOf(home, needs.sizes)) fn->fn.dimParams.push_back(d);
    step.fn = addFn(*fn, "server" + std::to_string(level));
    return step;
  }

  std::map<int, std::vector<std::pair<Slot, Leaf>>> literals;

  void phase(int level, core::Phase& phase) {
    Exchange& exchange = entry.exchanges.at(level);
    // An aggregation is kept if the server, or a check, uses any leaf of it.
    std::set<int> checked;
    checkedLeaves({Home::Kind::Clients, level}, checked);
    checkedLeaves({Home::Kind::Merge, level}, checked);
    std::vector<int> kept;
    std::map<int, int> position;
    int stacks = 0;
    const auto keep = [&](const core::UpEdge& edge, int first, int count) {
      phase.up.push_back(edge);
      phase.up.back().first = first;
      phase.up.back().count = count;
    };
    for (const specialise::Aggregation& a : exchange.aggregations) {
      if (a.edge.kind == core::UpEdge::Kind::Collect) {
        // What the server never looks at is not collected.
        core::UpEdge edge = a.edge;
        edge.leaves.clear();
        for (int i = 0; i < a.count; ++i) {
          if (collectedSlots.contains({level, a.first + i})) edge.leaves.push_back(a.edge.leaves[static_cast<std::size_t>(i)]);
        }
        const int used = static_cast<int>(edge.leaves.size());
        if (used != 0) keep(edge, stacks, used);
        stacks += used;
        continue;
      }
      bool used = false;
      for (int i = 0; i < a.count; ++i) used = used || accumulatorSlots.contains({level, a.first + i}) || checked.contains(a.first + i);
      if (!used) continue;
      keep(a.edge, static_cast<int>(kept.size()), a.count);
      for (int i = 0; i < a.count; ++i) {
        position[a.first + i] = static_cast<int>(kept.size());
        kept.push_back(a.first + i);
      }
    }
    for (int i : kept) {
      const core::SlotInfo& info = exchange.accumulator[static_cast<std::size_t>(i)];
      phase.accumulator.push_back(info);
      auto found = accumulatorSlots.find({level, i});
      phase.accumulatorSlots.push_back(found != accumulatorSlots.end() ? found->second : newSlot(info.name, info.type, core::Place::Server));
    }
    auto isKept = [&](const Origin& o) {
      return (o.kind == Origin::Kind::Accumulator || o.kind == Origin::Kind::Right) && position.contains(o.index);
    };
    // Every kept accumulator is a parameter, in order, also where the function ignores its old value.
    auto accumulators = [&](HomeFn& home, Origin::Kind kind) {
      std::vector<core::Var> params;
      std::vector<Origin> origins;
      for (int i : kept) {
        Origin origin;
        origin.kind = kind;
        origin.index = i;
        auto at = std::find(home.origins.begin(), home.origins.end(), origin);
        assert(at != home.origins.end());
        params.push_back(home.fn.params[static_cast<std::size_t>(at - home.origins.begin())]);
        origins.push_back(origin);
      }
      return std::pair(params, origins);
    };
    auto first = [](HomeFn& home, const std::vector<std::pair<std::vector<core::Var>, std::vector<Origin>>>& groups) {
      std::vector<core::Var> params;
      std::vector<Origin> origins;
      for (const auto& [p, o] : groups) {
        params.insert(params.end(), p.begin(), p.end());
        origins.insert(origins.end(), o.begin(), o.end());
      }
      for (std::size_t i = 0; i < home.fn.params.size(); ++i) {
        if (std::find(params.begin(), params.end(), home.fn.params[i]) != params.end()) continue;
        if (home.origins[i].kind == Origin::Kind::Accumulator || home.origins[i].kind == Origin::Kind::Right) continue;
        params.push_back(home.fn.params[i]);
        origins.push_back(home.origins[i]);
      }
      home.fn.params = std::move(params);
      home.origins = std::move(origins);
    };

    // merge(a.., b..)
    if (HomeFn* merge = find({Home::Kind::Merge, level}); merge != nullptr && !kept.empty()) {
      for (int i : kept) addResult(merge->fn, exchange.merged[static_cast<std::size_t>(i)]);
      finish(*merge, isKept);
      first(*merge, {accumulators(*merge, Origin::Kind::Accumulator), accumulators(*merge, Origin::Kind::Right)});
      for (int i = 0; i < static_cast<int>(kept.size()); ++i) merge->fn.inPlace.emplace_back(i, i);
      phase.merge = addFn(*merge, "merge" + std::to_string(level));
    }

    // The clients' work.
    Home clients{Home::Kind::Clients, level};
    HomeFn* work = find(clients);
    assert(work != nullptr);
    for (int i : kept) addResult(work->fn, exchange.accumulated[static_cast<std::size_t>(i)]);
    for (int i = 0; i < static_cast<int>(kept.size()); ++i) {
      ClientOutput out;
      out.kind = ClientOutput::Kind::Accumulator;
      out.index = i;
      phase.clientOutputs.push_back(out);
    }
    for (core::Var v : exports[clients]) {
      work->fn.results.push_back(Atom::of(v));
      work->fn.resultTypes.push_back(work->fn.typeOf(v));
      ClientOutput out;
      out.kind = ClientOutput::Kind::Carry;
      out.slot = exported.at({clients, v});
      phase.clientOutputs.push_back(out);
    }
    for (std::size_t i = 0; i < exchange.collected.size(); ++i) {
      auto stack = collectedSlots.find({level, static_cast<int>(i)});
      if (stack == collectedSlots.end()) continue;
      addResult(work->fn, exchange.collected[i]);
      ClientOutput out;
      out.kind = ClientOutput::Kind::Collect;
      out.slot = newSlot(exchange.collectedNames[i], exchange.collected[i].type, core::Place::Clients);
      out.index = static_cast<int>(phase.collected.size());
      phase.clientOutputs.push_back(out);
      phase.collected.emplace_back(out.slot, stack->second);
    }
    for (std::size_t i = 0; level == entry.clientsLevel && i < entry.clientResults.size(); ++i) {
      addResult(work->fn, entry.clientResults[i]);
      ClientOutput out;
      out.kind = ClientOutput::Kind::State;
      out.index = static_cast<int>(i);
      phase.clientOutputs.push_back(out);
    }
    for (std::size_t i = 0; i < entry.atClients.size(); ++i) {
      const Entry::AtClients& result = entry.atClients[i];
      if (result.leaf.home != clients && !(result.leaf.atom.isLiteral && level == 1)) continue;
      addResult(work->fn, result.leaf);
      ClientOutput out;
      out.kind = ClientOutput::Kind::Carry;
      out.slot = graph.clientResults[i].slot;
      phase.clientOutputs.push_back(out);
    }
    finish(*work, isKept);
    first(*work, {accumulators(*work, Origin::Kind::Accumulator)});
    for (int i = 0; i < static_cast<int>(kept.size()); ++i) work->fn.inPlace.emplace_back(i, i);
    for (const specialise::SelectByKey& s : exchange.selections) {
      const auto isUsed = [&](core::Var v) { return std::find(work->fn.params.begin(), work->fn.params.end(), v) != work->fn.params.end(); };
      if (std::any_of(s.params.begin(), s.params.end(), isUsed)) phase.selects.push_back(s.edge);
    }
    std::set<Slot> down;
    for (std::size_t i = 0; i < work->fn.params.size(); ++i) {
      const Origin& origin = work->origins[i];
      const core::VarInfo& info = work->fn.vars[work->fn.params[i]];
      ClientInput in;
      switch (origin.kind) {
        case Origin::Kind::Accumulator:
          in.kind = ClientInput::Kind::Accumulator;
          in.index = position.at(origin.index);
          break;
        case Origin::Kind::Param:
        case Origin::Kind::Input:
          in.kind = ClientInput::Kind::Down;
          in.slot = originSlot(clients, origin, info.type, info.name);
          break;
        case Origin::Kind::Server:
          in.kind = ClientInput::Kind::Down;
          in.slot = serverSlot(origin.from, origin.var);
          if (down.insert(in.slot).second) {
            phase.down.push_back(in.slot);
            const auto at = work->sentAt.find(work->fn.params[i]);
            phase.downAt.push_back(at != work->sentAt.end() ? at->second : Span{});
          }
          break;
        case Origin::Kind::Selected:
          in.kind = ClientInput::Kind::Down;
          in.slot = serverSlot(origin.from, origin.var);
          break;
        case Origin::Kind::Column:
          in.kind = ClientInput::Kind::Column;
          in.index = origin.index;
          break;
        case Origin::Kind::Key:
        case Origin::Kind::Row:
          in.kind = origin.kind == Origin::Kind::Key ? ClientInput::Kind::Key : ClientInput::Kind::Row;
          in.slot = serverSlot(origin.from, origin.var);
          break;
        case Origin::Kind::State:
          in.kind = ClientInput::Kind::State;
          in.index = origin.index;
          break;
        case Origin::Kind::Carry:
          in.kind = ClientInput::Kind::Carry;
          in.slot = carrySlot(origin.from, origin.var);
          break;
        default: core::internalError("not an origin of a client value", __FILE__, __LINE__);
      }
      phase.clientInputs.push_back(in);
    }
    if (!entry.columns.empty()) {
      for (std::size_t d = 0; d < entry.data.size(); ++d) work->fn.dimParams.push_back(specialise::kRows + static_cast<Dim::Variable>(d));
    }
    phase.client = addFn(*work, "work" + std::to_string(level));

    // zero(): after the clients' work is known, before the server's earlier steps are.
    if (HomeFn* zero = find({Home::Kind::Zero, level}); zero != nullptr) {
      for (int i : kept) addResult(zero->fn, exchange.zero[static_cast<std::size_t>(i)]);
      finish(*zero);
      for (std::size_t i = 0; i < zero->fn.params.size(); ++i) {
        phase.zero.inputs.push_back(
            originSlot(zero->home, zero->origins[i], zero->fn.typeOf(zero->fn.params[i]), zero->fn.vars[zero->fn.params[i]].name));
      }
      phase.zero.fn = addFn(*zero, "zero" + std::to_string(level));
    }
  }

  /// Columns that no client function reads go; one of each data stays, to count rows by.
  void dropColumns() {
    std::vector<bool> used(entry.columns.size(), false);
    for (const core::Phase& p : graph.phases) {
      for (const ClientInput& in : p.clientInputs) {
        if (in.kind == ClientInput::Kind::Column) used[static_cast<std::size_t>(in.index)] = true;
      }
    }
    std::set<int> counted;
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (used[i]) counted.insert(entry.columns[i].argument);
    }
    for (std::size_t i = 0; i < used.size(); ++i) used[i] = counted.insert(entry.columns[i].argument).second || used[i];
    std::vector<int>& position = columnPositions;
    position.assign(used.size(), -1);
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (!used[i]) continue;
      position[i] = static_cast<int>(graph.columns.size());
      graph.columns.push_back(entry.columns[i]);
    }
    for (core::Phase& p : graph.phases) {
      for (ClientInput& in : p.clientInputs) {
        if (in.kind == ClientInput::Kind::Column) in.index = position[static_cast<std::size_t>(in.index)];
      }
    }
  }

  Graph run() {
    graph.entry = entry.name;
    graph.clientState = entry.clientState;
    graph.dims.push_back({"K", std::nullopt});
    for (const std::string& sequence : entry.sequences) graph.dims.push_back({sequence, std::nullopt});
    graph.data = entry.data;
    for (const core::Column& column : entry.columns) {
      if (const auto argument = static_cast<std::size_t>(column.argument); argument < graph.data.size())
        graph.data[argument].features.push_back(column);
    }
    graph.cohort = entry.cohort;
    graph.assertions = entry.assertions;
    // What clients check is checked, also where nothing is aggregated afterwards.
    for (const auto& [home, fn] : entry.homes) {
      if (home.kind == Home::Kind::Clients && hasCheck(fn->fn.body)) entry.exchanges.try_emplace(home.level);
    }
    int last = 0;
    for (const auto& [level, exchange] : entry.exchanges) last = std::max(last, level);
    // The last step of the server's own: behind it clients may still check something.
    int lastServer = last;
    while (lastServer > 0 && find({Home::Kind::Server, lastServer}) == nullptr) --lastServer;
    for (std::size_t i = 0; i < entry.inputs.size(); ++i) {
      const Graph::Input::Kind kind = entry.inputs[i].kind;
      if (kind == Graph::Input::Kind::State || kind == Graph::Input::Kind::Argument || kind == Graph::Input::Kind::ClientArgument ||
          kind == Graph::Input::Kind::Sequence) {
        inputSlots[i] = newSlot(entry.inputSlots[i]);
      }
    }
    for (const Entry::Result& r : entry.results) {
      Graph::Output out;
      out.kind = r.kind;
      out.name = r.name;
      if (r.leaf.atom.isLiteral) {
        out.slot = newSlot(r.name, r.leaf.type, core::Place::Server);
        literals[lastServer].emplace_back(out.slot, r.leaf);
      } else {
        out.slot = serverSlot(r.leaf.home, r.leaf.atom.var);
      }
      graph.outputs.push_back(out);
    }
    for (const Entry::AtClients& r : entry.atClients) {
      graph.clientResults.push_back({newSlot(r.name, r.leaf.type, core::Place::Clients), r.name, r.part, r.allEqual});
    }
    std::vector<core::Phase> phases(static_cast<std::size_t>(last));
    for (int level = last; level >= 1; --level) {
      core::Phase& p = phases[static_cast<std::size_t>(level - 1)];
      p.server = serverStep(level);
      if (entry.exchanges.contains(level)) phase(level, p);
    }
    graph.first = serverStep(0);
    graph.phases = std::move(phases);
    dropColumns();
    declassify();
    for (std::size_t i = 0; i < entry.inputs.size(); ++i) {
      if (!inputSlots[i]) continue;
      Graph::Input in = entry.inputs[i];
      in.slot = *inputSlots[i];
      graph.inputs.push_back(in);
    }
    for (const auto& [name, slot] : paramSlots) {
      Graph::Input in;
      in.kind = Graph::Input::Kind::Param;
      in.slot = slot;
      in.name = name;
      graph.inputs.push_back(in);
    }
    return std::move(graph);
  }
};

}  // namespace

core::Graph cut(specialise::Entry entry, core::Module& module) { return Cut(entry, module).run(); }

}  // namespace fedc::transform
