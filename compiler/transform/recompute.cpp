#include "compiler/transform/recompute.h"

#include <algorithm>
#include <iterator>

#include "compiler/core/op_table.h"

namespace fedc::transform {

using core::Atom;
using core::Fn;
using core::Op;
using core::Stmt;
using core::Var;

namespace {

bool isExpensive(Op op) { return op == Op::Loop || op == Op::Cond || op == Op::Checkpoint || core::opRow(op).cost != core::Cost::Cheap; }

}  // namespace

Recompute splitForReverse(const Fn& fn, const std::vector<Stmt>& forward, const std::vector<Stmt>& backward, std::span<const Atom> yields,
                          std::set<Dim::Variable> born) {
  std::unordered_map<Var, std::size_t> defs;
  std::map<Dim::Variable, std::size_t> dimDefs;
  for (std::size_t i = 0; i < forward.size(); ++i) {
    for (Var v : forward[i].results) defs[v] = i;
    const bool definesHere = forward[i].op == Op::DimDef || forward[i].op == Op::Compact;
    if (definesHere && forward[i].attrs.defines) {
      dimDefs[*forward[i].attrs.defines] = i;
      born.insert(*forward[i].attrs.defines);
    }
  }
  Recompute split;
  split.again.assign(forward.size(), false);
  std::set<Var> seen, saved, outside;
  std::vector<FreeNames> work{freeNames(fn, backward, yields)};
  auto again = [&](std::size_t i) {
    if (split.again[i]) return;
    split.again[i] = true;
    work.push_back(freeNames(fn, std::span(&forward[i], 1)));
  };
  while (!work.empty()) {
    FreeNames names = std::move(work.back());
    work.pop_back();
    for (Dim::Variable d : names.dims)
      if (auto def = dimDefs.find(d); def != dimDefs.end()) again(def->second);
    for (Var v : names.vars) {
      if (!seen.insert(v).second) continue;
      auto def = defs.find(v);
      if (def == defs.end()) {
        outside.insert(v);
        continue;
      }
      const auto& dims = fn.vars[v].type.dims;
      const bool rectangular =
          std::ranges::none_of(dims, [&](const Dim& d) { return std::ranges::any_of(born, [&](Dim::Variable b) { return d.mentions(b); }); });
      if (rectangular && isExpensive(forward[def->second].op)) {
        saved.insert(v);
      } else {
        again(def->second);
      }
    }
  }
  split.saved.assign(saved.begin(), saved.end());
  split.outside.assign(outside.begin(), outside.end());
  return split;
}

std::vector<Stmt> assembleReverse(Fn& fn, const std::vector<Stmt>& forward, const Recompute& split, std::vector<Stmt> backward,
                                  Substitution& renamed) {
  std::vector<Stmt> result;
  for (std::size_t i = 0; i < forward.size(); ++i) {
    if (!split.again[i]) continue;
    // What was saved keeps its saved name although its statement may run again for another result.
    const auto saved = renamed.vars;
    result.push_back(clone(fn, forward[i], renamed));
    for (Var v : forward[i].results)
      if (auto kept = saved.find(v); kept != saved.end()) renamed.vars[v] = kept->second;
  }
  removeChecks(result);
  retype(fn, backward, renamed);
  substitute(backward, renamed);
  std::ranges::move(backward, std::back_inserter(result));
  return result;
}

}  // namespace fedc::transform
