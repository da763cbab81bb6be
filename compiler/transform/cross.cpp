#include "compiler/transform/cross.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "compiler/transform/pieces.h"
#include "compiler/transform/rewrite.h"

namespace fedc::transform {

using core::Atom;
using core::Fn;
using core::Op;
using core::Phase;
using core::Stmt;
using core::UpEdge;

namespace {

using Numbers = std::vector<int>;
/// The marks that are left, by number, and their types.
using Marks = std::map<int, core::Type>;

/// Keeps the leaves whose marks are left, with the types that these have.
void prune(std::vector<core::SlotInfo>& leaves, Numbers& numbers, const Marks& marks) {
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

/// The names in extents that what is added up is made of, besides the values that cross.
std::set<Dim::Variable> extentsReceived(const Fn& fn, const Phase& phase) {
  std::map<core::Var, const Stmt*> definitions;
  for (const Stmt& s : fn.body)
    for (const core::Var v : s.results) definitions[v] = &s;
  std::set<Dim::Variable> out;
  std::set<const Stmt*> seen;
  std::vector<core::Var> left;
  for (std::size_t i = 0; i < fn.results.size(); ++i) {
    if (phase.clientOutputs[i].kind == core::ClientOutput::Kind::Accumulator && !fn.results[i].isLiteral) left.push_back(fn.results[i].var);
  }
  while (!left.empty()) {
    const auto found = definitions.find(left.back());
    left.pop_back();
    if (found == definitions.end() || found->second->op == Op::Cross || !seen.insert(found->second).second) continue;
    const FreeNames names = freeNames(fn, std::span(found->second, 1));
    left.insert(left.end(), names.vars.begin(), names.vars.end());
    out.insert(names.dims.begin(), names.dims.end());
  }
  return out;
}

/// The extents that go before leaves that are read (core::wireBytes).
std::set<Dim> extentsBefore(const std::vector<UpEdge>& edges, const Marks& marks) {
  std::set<Dim> out;
  for (const UpEdge& up : edges) {
    for (const int number : up.crossings) {
      if (const auto mark = marks.find(number); mark != marks.end()) out.insert(mark->second.dims.begin(), mark->second.dims.end());
    }
  }
  return out;
}

/// Of leaves that nobody reads, the extents that are read: each is sent by itself, once.
std::vector<core::SlotInfo> extentsOf(const UpEdge& up, const Marks& marks, const std::set<Dim::Variable>& received, std::set<Dim>& sent) {
  std::vector<core::SlotInfo> out;
  for (std::size_t i = 0; i < up.crossings.size(); ++i) {
    if (marks.contains(up.crossings[i])) continue;
    for (const Dim& d : up.leaves[i].type.dims) {
      const auto names = d.variables();
      const bool isRead = std::any_of(names.begin(), names.end(), [&](Dim::Variable v) { return received.contains(v); });
      if (isRead && sent.insert(d).second) out.push_back({"len(" + up.leaves[i].name + ")", core::Type{core::Elem::I64, {}}, core::Place::Clients});
    }
  }
  return out;
}

void settle(const Fn& fn, Phase& phase) {
  Marks marks;
  forEachStmt(fn.body, [&](const Stmt& s) {
    if (s.op == Op::Cross) marks.emplace(crossingOf(s), fn.typeOf(s.results[0]));
  });
  const std::set<Dim::Variable> received = extentsReceived(fn, phase);
  std::set<Dim> sent = extentsBefore(phase.up, marks);
  for (UpEdge& up : phase.up) {
    std::vector<core::SlotInfo> extents = extentsOf(up, marks, received, sent);
    prune(up.leaves, up.crossings, marks);
    std::move(extents.begin(), extents.end(), std::back_inserter(up.leaves));
  }
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
  const auto goes = [&](const Stmt& s) { return s.op == Op::Cross && !kept.contains(crossingOf(s)); };
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

/// The lengths that are told the server: names in what clients send. Of leaves that nobody reads, too, and before `settle` forgets these.
std::set<Dim::Variable> lengthsSent(const Phase& phase) {
  std::set<Dim::Variable> out;
  for (const UpEdge& up : phase.up) {
    for (const core::SlotInfo& leaf : up.leaves) {
      for (const Dim& d : leaf.type.dims)
        if (const auto length = d.asVariable()) out.insert(*length);
    }
  }
  return out;
}

/// What the names at marks stand for, but for those that are kept; `keys`, if it is given, for the number of keys of each selection.
Substitution namesAtMarksAre(const Fn& fn, const std::set<Dim::Variable>& kept, std::optional<Dim> keys = {}) {
  const std::set<Dim::Variable> named = namesAtMarks(fn);
  Substitution by;
  for (const Stmt& s : fn.body) {
    if (s.op != Op::DimDef || !s.args.empty() || !named.contains(*s.attrs.defines) || kept.contains(*s.attrs.defines)) continue;
    by.dims[*s.attrs.defines] = keys && s.attrs.extent.constant() ? *keys : s.attrs.extent;
  }
  return by;
}

Fn withoutNames(Fn fn, const Substitution& by) {
  if (by.dims.empty()) return fn;
  std::erase_if(fn.body, [&](const Stmt& s) { return s.op == Op::DimDef && by.dims.contains(*s.attrs.defines); });
  substitute(fn.body, by);
  retype(fn, fn.body, by);
  for (core::Type& t : fn.resultTypes) t = by.apply(t);
  return fn;
}

}  // namespace

Expected<void, Diagnostic> cross(core::Program& program, CutFor cut) {
  for (core::Graph& graph : program.graphs) {
    for (Phase& phase : graph.phases) {
      if (phase.client < 0) continue;
      const auto client = static_cast<std::size_t>(phase.client);
      const Fn named = std::exchange(program.module.fns[client], {});
      const Substitution names = namesAtMarksAre(named, {});
      const std::set<Dim::Variable> lengths = lengthsSent(phase);
      for (UpEdge& up : phase.up)
        for (core::SlotInfo& leaf : up.leaves) leaf.type = names.apply(leaf.type);
      Fn fn = withoutNames(named, names);
      settle(fn, phase);
      removeMarks(fn, marksOf(phase));
      Pieces pieces;
      if (cut == CutFor::Wire) {
        Fn sent = withoutNames(named, namesAtMarksAre(named, lengths));
        removeMarks(sent, marksOf(phase));
        auto made = cutForWire(program, graph, phase, sent, lengths);
        if (!made) return tl::unexpected(std::move(made.error()));
        pieces = std::move(*made);
        phase.wire = std::move(pieces.pieces);
      } else if (cut == CutFor::Selections && !phase.selects.empty()) {
        Fn one = withoutNames(named, namesAtMarksAre(named, {}, Dim(1)));
        removeMarks(one, marksOf(phase));
        pieces = cutAtSelections(program, graph, phase, fn, one);
        phase.pieces = std::move(pieces.pieces);
      }
      removeMarks(fn, {});
      program.module.fns[client] = std::move(fn);
      for (Fn& piece : pieces.fns) {
        removeMarks(piece, {});
        program.module.fns.push_back(std::move(piece));
      }
    }
  }
  return {};
}

}  // namespace fedc::transform
