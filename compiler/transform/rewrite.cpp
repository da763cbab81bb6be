#include "compiler/transform/rewrite.h"

#include <algorithm>

namespace fedc::transform {

using core::Atom;
using core::Attrs;
using core::Fn;
using core::Op;
using core::Region;
using core::Stmt;
using core::Type;
using core::Var;

Atom Substitution::apply(const Atom& a) const {
  Atom current = a;
  while (!current.isLiteral) {
    auto found = vars.find(current.var);
    if (found == vars.end()) break;
    current = found->second;
  }
  return current;
}

Dim Substitution::apply(const Dim& d) const {
  if (dims.empty()) return d;
  return d.substitute([&](Dim::Variable v) -> std::optional<Dim> {
    auto found = dims.find(v);
    if (found == dims.end()) return std::nullopt;
    return found->second;
  });
}

Type Substitution::apply(const Type& t) const {
  Type result = t;
  for (Dim& d : result.dims) d = apply(d);
  return result;
}

namespace {

void substituteAttrs(Attrs& attrs, const Substitution& by) {
  if (by.dims.empty()) return;
  for (Dim& d : attrs.dims) d = by.apply(d);
  for (Dim& d : attrs.starts) d = by.apply(d);
  attrs.extent = by.apply(attrs.extent);
}

}  // namespace

void substitute(Region& region, const Substitution& by) {
  substitute(region.stmts, by);
  for (Atom& y : region.yields) y = by.apply(y);
}

void substitute(Stmt& stmt, const Substitution& by) {
  if (by.empty()) return;
  for (Atom& a : stmt.args) a = by.apply(a);
  substituteAttrs(stmt.attrs, by);
  for (Region& r : stmt.regions) substitute(r, by);
}

void substitute(std::vector<Stmt>& stmts, const Substitution& by) {
  if (by.empty()) return;
  for (Stmt& s : stmts) substitute(s, by);
}

void retype(Fn& fn, const std::vector<Stmt>& stmts, const Substitution& by) {
  if (by.dims.empty()) return;
  forEachStmt(stmts, [&](const Stmt& s) {
    for (Var v : s.results) fn.vars[v].type = by.apply(fn.vars[v].type);
    for (const Region& r : s.regions)
      for (Var v : r.params) fn.vars[v].type = by.apply(fn.vars[v].type);
  });
}

Region clone(Fn& fn, const Region& region, Substitution& by) {
  Region copy;
  for (Var p : region.params) {
    Var fresh = fn.newVar(by.apply(fn.vars[p].type), fn.vars[p].name);
    by.vars[p] = Atom::of(fresh);
    copy.params.push_back(fresh);
  }
  copy.stmts = clone(fn, region.stmts, by);
  for (const Atom& y : region.yields) copy.yields.push_back(by.apply(y));
  return copy;
}

Stmt clone(Fn& fn, const Stmt& stmt, Substitution& by) {
  Stmt copy;
  copy.op = stmt.op;
  copy.span = stmt.span;
  copy.attrs = stmt.attrs;
  substituteAttrs(copy.attrs, by);
  if (stmt.attrs.defines) {
    const core::DimInfo info = fn.dims[*stmt.attrs.defines];
    Dim::Variable fresh = fn.newDim(info.name, info.bound);
    by.dims[*stmt.attrs.defines] = Dim::variable(fresh);
    copy.attrs.defines = fresh;
  }
  for (const Atom& a : stmt.args) copy.args.push_back(by.apply(a));
  for (const Region& r : stmt.regions) copy.regions.push_back(clone(fn, r, by));
  for (Var v : stmt.results) {
    Type type = by.apply(fn.vars[v].type);
    Var fresh = fn.newVar(std::move(type), fn.vars[v].name);
    by.vars[v] = Atom::of(fresh);
    copy.results.push_back(fresh);
  }
  return copy;
}

std::vector<Stmt> clone(Fn& fn, const std::vector<Stmt>& stmts, Substitution& by) {
  std::vector<Stmt> copy;
  copy.reserve(stmts.size());
  for (const Stmt& s : stmts) copy.push_back(clone(fn, s, by));
  return copy;
}

void forEachUse(const Stmt& stmt, const std::function<void(Var)>& f) {
  for (const Atom& a : stmt.args)
    if (!a.isLiteral) f(a.var);
  for (const Region& r : stmt.regions) {
    for (const Stmt& s : r.stmts) forEachUse(s, f);
    for (const Atom& y : r.yields)
      if (!y.isLiteral) f(y.var);
  }
}

void forEachDim(const Attrs& attrs, const std::function<void(const Dim&)>& f) {
  for (const Dim& d : attrs.dims) f(d);
  for (const Dim& d : attrs.starts) f(d);
  f(attrs.extent);
}

void forEachDim(const Stmt& stmt, const std::function<void(const Dim&)>& f) {
  forEachDim(stmt.attrs, f);
  for (const Region& r : stmt.regions)
    for (const Stmt& s : r.stmts) forEachDim(s, f);
}

void forEachStmt(std::span<const Stmt> stmts, const std::function<void(const Stmt&)>& f) {
  for (const Stmt& s : stmts) {
    f(s);
    for (const Region& r : s.regions) forEachStmt(r.stmts, f);
  }
}

void forEachStmt(std::vector<Stmt>& stmts, const std::function<void(Stmt&)>& f) {
  for (Stmt& s : stmts) {
    f(s);
    for (Region& r : s.regions) forEachStmt(r.stmts, f);
  }
}

FreeNames freeNames(const Fn& fn, std::span<const Stmt> stmts, std::span<const Atom> yields, std::span<const Var> params) {
  std::unordered_set<Var> defined(params.begin(), params.end());
  std::set<Dim::Variable> definedDims;
  FreeNames free;
  forEachStmt(stmts, [&](const Stmt& s) {
    defined.insert(s.results.begin(), s.results.end());
    for (const Region& r : s.regions) defined.insert(r.params.begin(), r.params.end());
    if (s.attrs.defines) definedDims.insert(*s.attrs.defines);
  });
  auto useDim = [&](const Dim& d) {
    for (Dim::Variable v : d.variables())
      if (!definedDims.contains(v)) free.dims.insert(v);
  };
  auto use = [&](Var v) {
    if (!defined.contains(v)) free.vars.insert(v);
  };
  for (const Stmt& s : stmts) {
    forEachUse(s, use);
    forEachDim(s, useDim);
  }
  forEachStmt(stmts, [&](const Stmt& s) {
    for (Var v : s.results)
      for (const Dim& d : fn.vars[v].type.dims) useDim(d);
    for (const Region& r : s.regions)
      for (Var v : r.params)
        for (const Dim& d : fn.vars[v].type.dims) useDim(d);
  });
  for (const Atom& y : yields)
    if (!y.isLiteral) use(y.var);
  return free;
}

std::set<Dim::Variable> namesAtMarks(const Fn& fn) {
  std::set<Dim::Variable> out;
  forEachStmt(fn.body, [&](const Stmt& s) {
    if (s.op != core::Op::Cross) return;
    const std::vector<Dim>& here = fn.typeOf(s.args[0].var).dims;
    for (std::size_t i = 0; i < here.size(); ++i) {
      if (here[i] == s.attrs.dims[i]) continue;
      for (const Dim& d : {here[i], s.attrs.dims[i]})
        for (const Dim::Variable v : d.variables()) out.insert(v);
    }
  });
  return out;
}

std::vector<int> useCounts(const Fn& fn) {
  std::vector<int> counts(fn.vars.size(), 0);
  for (const Stmt& s : fn.body) forEachUse(s, [&](Var v) { ++counts[v]; });
  for (const Atom& r : fn.results)
    if (!r.isLiteral) ++counts[r.var];
  return counts;
}

bool hasCheck(const std::vector<Stmt>& stmts) {
  bool found = false;
  forEachStmt(stmts, [&](const Stmt& s) { found = found || s.op == Op::Check; });
  return found;
}

void removeChecks(std::vector<Stmt>& stmts) {
  std::erase_if(stmts, [](const Stmt& s) { return s.op == Op::Check || s.op == Op::Trace; });
  for (Stmt& s : stmts)
    for (Region& r : s.regions) removeChecks(r.stmts);
}

bool hasTrace(const std::vector<Stmt>& stmts) {
  bool found = false;
  forEachStmt(stmts, [&](const Stmt& s) { found = found || s.op == Op::Trace; });
  return found;
}

void removeTraces(std::vector<Stmt>& stmts) {
  std::erase_if(stmts, [](const Stmt& s) { return s.op == Op::Trace; });
  for (Stmt& s : stmts)
    for (Region& r : s.regions) removeTraces(r.stmts);
}

}  // namespace fedc::transform
