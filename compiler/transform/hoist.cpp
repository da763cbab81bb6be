#include "compiler/transform/hoist.h"

#include <algorithm>
#include <iterator>

#include "compiler/core/op_table.h"
#include "compiler/transform/rewrite.h"

namespace fedc::transform {

using core::Fn;
using core::Op;
using core::Region;
using core::Stmt;
using core::Var;

namespace {

bool isWorthMoving(const Fn& fn, const Stmt& s) {
  if (s.op == Op::DimDef) return false;
  if (core::opRow(s.op).cost != core::Cost::Cheap) return true;
  return std::ranges::all_of(s.results, [&](Var v) { return fn.vars[v].type.rank() == 0; });
}

// Moves the invariant statements of one loop's body to the end of `out`.
void hoistFrom(const Fn& fn, Stmt& loop, std::vector<Stmt>& out) {
  Region& body = loop.regions[0];
  std::unordered_map<Var, std::size_t> defs;
  std::map<Dim::Variable, std::size_t> dimDefs;
  std::unordered_set<Var> varying(body.params.begin(), body.params.end());
  std::set<Dim::Variable> varyingDims{*loop.attrs.defines};
  const std::size_t count = body.stmts.size();
  std::vector<bool> invariant(count, false), moves(count, false);
  std::vector<FreeNames> names;
  for (std::size_t i = 0; i < count; ++i) {
    const Stmt& s = body.stmts[i];
    names.push_back(freeNames(fn, std::span(&s, 1)));
    invariant[i] = s.op != Op::Check && !std::ranges::any_of(s.regions, [](const Region& r) { return hasCheck(r.stmts); }) &&
                   std::ranges::none_of(names[i].vars, [&](Var v) { return varying.contains(v); }) &&
                   std::ranges::none_of(names[i].dims, [&](Dim::Variable d) { return varyingDims.contains(d); });
    const bool definesDim = s.attrs.defines && (s.op == Op::DimDef || s.op == Op::Compact);
    if (!invariant[i]) {
      varying.insert(s.results.begin(), s.results.end());
      if (definesDim) varyingDims.insert(*s.attrs.defines);
      continue;
    }
    for (Var v : s.results) defs[v] = i;
    if (definesDim) dimDefs[*s.attrs.defines] = i;
  }
  const auto move = [&](auto&& self, std::size_t i) -> void {
    if (moves[i]) return;
    moves[i] = true;
    for (Var v : names[i].vars)
      if (auto d = defs.find(v); d != defs.end()) self(self, d->second);
    for (Dim::Variable v : names[i].dims)
      if (auto d = dimDefs.find(v); d != dimDefs.end()) self(self, d->second);
  };
  for (std::size_t i = 0; i < count; ++i)
    if (invariant[i] && isWorthMoving(fn, body.stmts[i])) move(move, i);
  std::vector<Stmt> rest;
  for (std::size_t i = 0; i < count; ++i) (moves[i] ? out : rest).push_back(std::move(body.stmts[i]));
  body.stmts = std::move(rest);
}

void walk(const Fn& fn, std::vector<Stmt>& stmts) {
  std::vector<Stmt> out;
  for (Stmt& s : stmts) {
    // Inner loops first, so that what leaves them can go on outwards.
    for (Region& r : s.regions) walk(fn, r.stmts);
    if (s.op == Op::Loop) hoistFrom(fn, s, out);
    out.push_back(std::move(s));
  }
  stmts = std::move(out);
}

}  // namespace

void hoist(core::Module&, Fn& fn) { walk(fn, fn.body); }

}  // namespace fedc::transform
