#include "compiler/transform/activity.h"

#include <algorithm>

#include "compiler/core/op_table.h"

namespace fedc::transform {

using core::Atom;
using core::Fn;
using core::Op;
using core::Region;
using core::Stmt;
using core::Var;

namespace {

bool contains(const VarSet& set, const Atom& a) { return !a.isLiteral && set.contains(a.var); }

bool isFloatVar(const Fn& fn, Var v) { return core::isFloat(fn.vars[v].type.elem); }

// Region ops whose results are their region's yields: checkpoint, and cond with two of them.
void yieldsToResults(const Stmt& s, VarSet& active) {
  for (const Region& r : s.regions)
    for (std::size_t i = 0; i < s.results.size(); ++i)
      if (contains(active, r.yields[i])) active.insert(s.results[i]);
}

void loopForward(const Fn& fn, const Stmt& s, VarSet& active) {
  const Region& body = s.regions[0];
  const std::size_t carries = static_cast<std::size_t>(s.attrs.carries);
  for (std::size_t i = 0; i < s.args.size(); ++i)
    if (contains(active, s.args[i])) active.insert(body.params[i]);
  for (bool changed = true; changed;) {
    changed = false;
    flowForward(fn, body.stmts, active);
    for (std::size_t i = 0; i < carries; ++i)
      if (contains(active, body.yields[i])) changed = active.insert(body.params[i]).second || changed;
  }
  for (std::size_t i = 0; i < s.results.size(); ++i) {
    const bool on = i < carries ? active.contains(body.params[i]) : contains(active, body.yields[i]);
    if (on) active.insert(s.results[i]);
  }
}

void loopBackward(const Fn& fn, const Stmt& s, const VarSet& active, VarSet& reached) {
  const Region& body = s.regions[0];
  const std::size_t carries = static_cast<std::size_t>(s.attrs.carries);
  auto reach = [&](const Atom& a) { return contains(active, a) && reached.insert(a.var).second; };
  for (std::size_t i = carries; i < s.results.size(); ++i)
    if (reached.contains(s.results[i])) reach(body.yields[i]);
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < carries; ++i) {
      if (!reached.contains(s.results[i]) && !reached.contains(body.params[i])) continue;
      changed = reach(Atom::of(body.params[i])) || changed;
      changed = reach(body.yields[i]) || changed;
    }
    const std::size_t before = reached.size();
    flowBackward(fn, body.stmts, active, reached);
    changed = changed || reached.size() != before;
  }
  for (std::size_t i = 0; i < s.args.size(); ++i)
    if (reached.contains(body.params[i])) reach(s.args[i]);
}

}  // namespace

bool differentiableOperand(const Fn& fn, const Stmt& stmt, std::size_t i) {
  const Atom& a = stmt.args[i];
  if (a.isLiteral || !isFloatVar(fn, a.var)) return false;
  const core::Derivative& d = core::opRow(stmt.op).derivative;
  if (std::holds_alternative<core::NotDifferentiable>(d)) return false;
  if (const auto* linear = std::get_if<core::Linear>(&d))
    return linear->operands.empty() || std::ranges::find(linear->operands, static_cast<int>(i)) != linear->operands.end();
  return true;
}

void flowForward(const Fn& fn, const std::vector<Stmt>& stmts, VarSet& active) {
  for (const Stmt& s : stmts) {
    switch (s.op) {
      case Op::Loop: loopForward(fn, s, active); continue;
      case Op::Cond:
      case Op::Checkpoint:
        for (const Region& r : s.regions) flowForward(fn, r.stmts, active);
        yieldsToResults(s, active);
        continue;
      default: break;
    }
    bool on = false;
    for (std::size_t i = 0; i < s.args.size() && !on; ++i) on = contains(active, s.args[i]) && differentiableOperand(fn, s, i);
    if (!on) continue;
    for (Var r : s.results)
      if (isFloatVar(fn, r)) active.insert(r);
  }
}

void flowBackward(const Fn& fn, const Stmt& s, const VarSet& active, VarSet& reached) {
  switch (s.op) {
    case Op::Loop: loopBackward(fn, s, active, reached); return;
    case Op::Cond:
    case Op::Checkpoint:
      for (const Region& r : s.regions) {
        for (std::size_t i = 0; i < s.results.size(); ++i)
          if (reached.contains(s.results[i]) && contains(active, r.yields[i])) reached.insert(r.yields[i].var);
        flowBackward(fn, r.stmts, active, reached);
      }
      return;
    default: break;
  }
  if (std::ranges::none_of(s.results, [&](Var r) { return reached.contains(r); })) return;
  for (std::size_t i = 0; i < s.args.size(); ++i)
    if (contains(active, s.args[i]) && differentiableOperand(fn, s, i)) reached.insert(s.args[i].var);
}

void flowBackward(const Fn& fn, const std::vector<Stmt>& stmts, const VarSet& active, VarSet& reached) {
  for (auto s = stmts.rbegin(); s != stmts.rend(); ++s) flowBackward(fn, *s, active, reached);
}

}  // namespace fedc::transform
