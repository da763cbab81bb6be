#include "compiler/transform/cross.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "compiler/core/internal_error.h"
#include "compiler/transform/rewrite.h"

namespace fedc::transform {

using core::Atom;
using core::ClientInput;
using core::ClientOutput;
using core::Fn;
using core::Op;
using core::Phase;
using core::Stmt;
using core::UpEdge;
using core::Var;
using core::WireStep;

namespace {

int numberOf(const Stmt& s) { return static_cast<int>(*s.attrs.extent.constant()); }

using Numbers = std::vector<int>;

/// Keeps the leaves whose marks are left, with the types that these have.
void prune(std::vector<core::SlotInfo>& leaves, Numbers& numbers, const std::map<int, core::Type>& marks) {
  // What was not marked (collected values) crosses as it is.
  if (numbers.empty()) return;
  std::vector<core::SlotInfo> keptLeaves;
  Numbers keptNumbers;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const auto mark = marks.find(numbers[i]);
    if (mark == marks.end()) continue;
    leaves[i].type = mark->second;
    keptLeaves.push_back(std::move(leaves[i]));
    keptNumbers.push_back(numbers[i]);
  }
  leaves = std::move(keptLeaves);
  numbers = std::move(keptNumbers);
}

void settle(const Fn& fn, Phase& phase) {
  std::map<int, core::Type> marks;
  forEachStmt(fn.body, [&](const Stmt& s) {
    if (s.op == Op::Cross) marks.emplace(numberOf(s), fn.typeOf(s.results[0]));
  });
  for (UpEdge& up : phase.up) prune(up.leaves, up.crossings, marks);
  for (core::SelectEdge& select : phase.selects) {
    prune(select.keys, select.keyCrossings, marks);
    prune(select.slices, select.sliceCrossings, marks);
  }
  std::erase_if(phase.selects, [](const core::SelectEdge& s) { return s.keys.empty() && s.slices.empty(); });
}

/// The marks of a phase's edges. Others are of edges that are none: both sides have what a constant value is selected from.
std::set<int> marksOf(const Phase& phase) {
  std::set<int> out;
  const auto add = [&](const Numbers& numbers) { out.insert(numbers.begin(), numbers.end()); };
  for (const UpEdge& up : phase.up) add(up.crossings);
  for (const core::SelectEdge& select : phase.selects) {
    add(select.keyCrossings);
    add(select.sliceCrossings);
  }
  return out;
}

void removeMarks(Fn& fn, const std::set<int>& kept) {
  const auto goes = [&](const Stmt& s) { return s.op == Op::Cross && !kept.contains(numberOf(s)); };
  Substitution by;
  forEachStmt(fn.body, [&](const Stmt& s) {
    if (goes(s)) by.vars.emplace(s.results[0], s.args[0]);
  });
  if (by.empty()) return;
  const auto sweep = [&](const auto& self, std::vector<Stmt>& stmts) -> void {
    std::erase_if(stmts, goes);
    for (Stmt& s : stmts)
      for (core::Region& r : s.regions) self(self, r.stmts);
  };
  sweep(sweep, fn.body);
  substitute(fn.body, by);
  for (Atom& r : fn.results) r = by.apply(r);
}

/// Cuts one client function at its marks.
class Splitter {
 public:
  Splitter(core::Program& program, const core::Graph& graph, Phase& phase)
      : program_(program), graph_(graph), phase_(phase), fn_(program.module.fns[static_cast<std::size_t>(phase.client)]) {
    for (std::size_t i = 0; i < fn_.body.size(); ++i) {
      const Stmt& s = fn_.body[i];
      for (const Var v : s.results) definedBy_[v] = i;
      if (s.attrs.defines) dimDefinedBy_[*s.attrs.defines] = i;
      if (s.op == Op::Cross) marks_[numberOf(s)] = i;
    }
    for (std::size_t i = 0; i < fn_.params.size(); ++i) paramAt_[fn_.params[i]] = i;
    sideOfChecks();
  }

  /// Their functions, to be added to the module.
  std::vector<Fn> takeFunctions() { return std::move(made_); }

  /// Makes the steps.
  std::optional<Diagnostic> run() {
    Numbers slices, updates;
    for (std::size_t j = 0; j < phase_.selects.size(); ++j) {
      const core::SelectEdge& select = phase_.selects[j];
      span_ = select.span;
      const std::string number = std::to_string(j + 1);
      if (auto problem = step(WireStep::Side::Client, "ask" + number, slices, select.keyCrossings, {}, {})) return problem;
      if (auto problem =
              step(WireStep::Side::Server, "serve" + number, select.keyCrossings, select.sliceCrossings, {}, checks_[Part{Part::Serve, j}]))
        return problem;
      slices.insert(slices.end(), select.sliceCrossings.begin(), select.sliceCrossings.end());
    }
    for (const UpEdge& up : phase_.up) {
      if (span_.begin == span_.end) span_ = up.span;
      updates.insert(updates.end(), up.crossings.begin(), up.crossings.end());
    }
    std::vector<std::size_t> kept, accumulators;
    for (std::size_t r = 0; r < phase_.clientOutputs.size(); ++r)
      (phase_.clientOutputs[r].kind == ClientOutput::Kind::Accumulator ? accumulators : kept).push_back(r);
    if (auto problem = step(WireStep::Side::Client, "work", slices, updates, kept, checks_[Part{Part::Work, 0}])) return problem;
    if (auto problem = step(WireStep::Side::Server, "receive", updates, {}, accumulators, checks_[Part{Part::Receive, 0}])) return problem;
    phase_.wire = std::move(steps_);
    return std::nullopt;
  }

 private:
  struct Part {
    enum Kind { Serve, Work, Receive };
    Kind kind = Work;
    std::size_t select = 0;
    auto operator<=>(const Part&) const = default;
  };

  /// What a piece of the function needs.
  struct Needs {
    std::set<std::size_t> stmts;
    std::set<std::size_t> params;
    std::set<int> crossed;
    std::set<Dim::Variable> dims;
  };

  void need(Var v, Needs& out) const {
    if (const auto at = definedBy_.find(v); at != definedBy_.end()) return need(at->second, out);
    const auto param = paramAt_.find(v);
    FEDC_REQUIRE(param != paramAt_.end(), "a name from nowhere");
    if (!out.params.insert(param->second).second) return;
    for (const Dim& d : fn_.typeOf(v).dims) needDim(d, out);
  }
  void need(std::size_t stmt, Needs& out) const {
    const Stmt& s = fn_.body[stmt];
    if (s.op == Op::Cross) {
      out.crossed.insert(numberOf(s));
      return;
    }
    if (!out.stmts.insert(stmt).second) return;
    const FreeNames names = freeNames(fn_, std::span(&s, 1));
    for (const Var v : names.vars) need(v, out);
    for (const Dim::Variable d : names.dims) needDim(Dim::variable(d), out);
  }
  void need(const Atom& a, Needs& out) const {
    if (!a.isLiteral) need(a.var, out);
  }
  void needDim(const Dim& dim, Needs& out) const {
    for (const Dim::Variable v : dim.variables()) {
      if (const auto at = dimDefinedBy_.find(v); at != dimDefinedBy_.end()) {
        need(at->second, out);
      } else {
        out.dims.insert(v);
      }
    }
  }

  bool isOfClient(std::size_t param) const {
    const ClientInput::Kind kind = phase_.clientInputs[param].kind;
    return kind == ClientInput::Kind::Column || kind == ClientInput::Kind::Key || kind == ClientInput::Kind::Carry ||
           kind == ClientInput::Kind::State || kind == ClientInput::Kind::Row;
  }
  /// A server value that is not sent whole: only slices of it.
  bool isSelected(std::size_t param) const {
    const ClientInput& in = phase_.clientInputs[param];
    // An argument that all clients have is not sent either.
    if (phase_.selects.empty()) return false;
    if (in.kind != ClientInput::Kind::Down || std::find(phase_.down.begin(), phase_.down.end(), in.slot) != phase_.down.end()) return false;
    return std::none_of(graph_.inputs.begin(), graph_.inputs.end(),
                        [&](const core::Graph::Input& i) { return i.kind == core::Graph::Input::Kind::Param && i.slot == in.slot; });
  }

  /// Each check belongs to the side that has what it looks at.
  void sideOfChecks() {
    std::map<int, std::size_t> keys;
    std::set<int> updates;
    for (std::size_t j = 0; j < phase_.selects.size(); ++j)
      for (const int n : phase_.selects[j].keyCrossings) keys.emplace(n, j);
    for (const UpEdge& up : phase_.up) updates.insert(up.crossings.begin(), up.crossings.end());
    for (std::size_t i = 0; i < fn_.body.size(); ++i) {
      if (!hasCheck({fn_.body[i]})) continue;
      Needs needs;
      need(i, needs);
      Part part;
      for (const std::size_t p : needs.params)
        if (phase_.clientInputs[p].kind == ClientInput::Kind::Accumulator) part.kind = Part::Receive;
      for (const int n : needs.crossed) {
        if (updates.contains(n)) part.kind = Part::Receive;
        if (const auto at = keys.find(n); at != keys.end()) part = {Part::Serve, at->second};
      }
      if (part.kind == Part::Work && std::any_of(needs.params.begin(), needs.params.end(), [&](std::size_t p) { return isSelected(p); }))
        part.kind = Part::Serve;
      checks_[part].push_back(i);
    }
  }

  Diagnostic refused(const std::string& what) const { return Diagnostic(Code::NotYetSupported, span_, what + " cannot be sent by `--wire` yet"); }

  std::optional<Diagnostic> step(WireStep::Side side, const std::string& name, const Numbers& taken, const Numbers& sent,
                                 const std::vector<std::size_t>& results, const std::vector<std::size_t>& checks) {
    Needs needs;
    for (const int n : sent) need(fn_.body[marks_.at(n)].args[0], needs);
    for (const std::size_t r : results) need(fn_.results[r], needs);
    for (const std::size_t i : checks) need(i, needs);
    const bool isServer = side == WireStep::Side::Server;
    for (const std::size_t p : needs.params) {
      if (isServer ? isOfClient(p) : isSelected(p))
        return refused(isServer ? "an aggregate that looks at more of a client than its value"
                                : "a value of which clients select parts, used whole,");
    }
    for (const int n : needs.crossed) {
      if (std::find(taken.begin(), taken.end(), n) == taken.end()) return refused("a value that both sides work on");
    }
    if (isServer && !needs.dims.empty()) return refused("a value whose size depends on the client's data");

    WireStep out;
    out.side = side;
    Fn fn;
    fn.name = fmt::format("{}.{}", fn_.name, name);
    fn.dims = fn_.dims;
    fn.vars = fn_.vars;
    if (!isServer) fn.dimParams = fn_.dimParams;
    const bool gathers = isServer && !results.empty();
    for (std::size_t p = 0; p < fn_.params.size(); ++p) {
      const bool isAccumulator = phase_.clientInputs[p].kind == ClientInput::Kind::Accumulator;
      if (!needs.params.contains(p) && !(gathers && isAccumulator)) continue;
      fn.params.push_back(fn_.params[p]);
      out.inputs.push_back(phase_.clientInputs[p]);
    }
    for (const int n : taken) {
      if (!needs.crossed.contains(n)) continue;
      fn.params.push_back(fn_.body[marks_.at(n)].results[0]);
      out.inputs.push_back({ClientInput::Kind::Crossed, 0, n});
    }
    for (const std::size_t i : needs.stmts) fn.body.push_back(fn_.body[i]);
    for (const int n : sent) {
      const Stmt& mark = fn_.body[marks_.at(n)];
      const core::Type& type = fn_.typeOf(mark.results[0]);
      if (std::any_of(type.dims.begin(), type.dims.end(), [](const Dim& d) { return !d.constant(); }))
        return refused("a value whose size depends on the client's data");
      fn.results.push_back(mark.args[0]);
      fn.resultTypes.push_back(type);
      out.outputs.push_back({ClientOutput::Kind::Crossed, 0, n});
    }
    for (const std::size_t r : results) {
      if (gathers) {
        const auto at = std::find_if(out.inputs.begin(), out.inputs.end(), [&](const ClientInput& in) {
          return in.kind == ClientInput::Kind::Accumulator && in.index == phase_.clientOutputs[r].index;
        });
        fn.inPlace.emplace_back(static_cast<int>(at - out.inputs.begin()), static_cast<int>(fn.results.size()));
      }
      fn.results.push_back(fn_.results[r]);
      fn.resultTypes.push_back(fn_.resultTypes[r]);
      out.outputs.push_back(phase_.clientOutputs[r]);
    }
    // Nothing is aggregated, say.
    if (out.outputs.empty() && fn.body.empty()) return std::nullopt;
    out.fn = static_cast<int>(program_.module.fns.size() + made_.size());
    made_.push_back(std::move(fn));
    steps_.push_back(std::move(out));
    return std::nullopt;
  }

  core::Program& program_;
  const core::Graph& graph_;
  Phase& phase_;
  /// A copy: the module's functions move when more are made.
  const Fn fn_;
  std::map<Var, std::size_t> definedBy_, paramAt_;
  std::map<Dim::Variable, std::size_t> dimDefinedBy_;
  /// By number, the statement.
  std::map<int, std::size_t> marks_;
  std::map<Part, std::vector<std::size_t>> checks_;
  std::vector<WireStep> steps_;
  std::vector<Fn> made_;
  /// What a refusal points at.
  Span span_;
};

}  // namespace

Expected<void, Diagnostic> cross(core::Program& program, bool wire) {
  for (core::Graph& graph : program.graphs) {
    for (Phase& phase : graph.phases) {
      if (phase.client < 0) continue;
      settle(program.module.fns[static_cast<std::size_t>(phase.client)], phase);
      removeMarks(program.module.fns[static_cast<std::size_t>(phase.client)], marksOf(phase));
      if (wire) {
        Splitter splitter(program, graph, phase);
        if (auto problem = splitter.run()) return tl::unexpected(std::move(*problem));
        for (Fn& fn : splitter.takeFunctions()) program.module.fns.push_back(std::move(fn));
      }
      removeMarks(program.module.fns[static_cast<std::size_t>(phase.client)], {});
    }
  }
  return {};
}

}  // namespace fedc::transform
