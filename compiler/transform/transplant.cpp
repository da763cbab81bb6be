#include "compiler/transform/transplant.h"

namespace fedc::transform {

namespace {

struct Transplant {
  const core::Fn& from;
  core::Fn& to;
  std::map<core::Var, core::Atom>& vars;
  std::map<Dim::Variable, Dim>& dims;

  Dim dim(const Dim& d) const {
    return d.substitute([&](Dim::Variable v) -> std::optional<Dim> {
      auto found = dims.find(v);
      if (found == dims.end()) return std::nullopt;
      return found->second;
    });
  }
  core::Type type(core::Type t) const {
    for (Dim& d : t.dims) d = dim(d);
    return t;
  }
  core::Atom atom(const core::Atom& a) const { return a.isLiteral ? a : vars.at(a.var); }

  core::Var define(core::Var v) {
    const core::VarInfo& info = from.vars[v];
    core::Var fresh = to.newVar(type(info.type), info.name);
    vars[v] = core::Atom::of(fresh);
    return fresh;
  }
  core::Stmt stmt(const core::Stmt& s) {
    core::Stmt out;
    out.op = s.op;
    out.span = s.span;
    out.attrs = s.attrs;
    for (Dim& d : out.attrs.dims) d = dim(d);
    for (Dim& d : out.attrs.starts) d = dim(d);
    out.attrs.extent = dim(s.attrs.extent);
    for (const core::Atom& a : s.args) out.args.push_back(atom(a));
    if (s.attrs.defines) {
      const core::DimInfo& info = from.dims[*s.attrs.defines];
      Dim::Variable fresh = to.newDim(info.name, info.bound);
      dims[*s.attrs.defines] = Dim::variable(fresh);
      out.attrs.defines = fresh;
    }
    for (const core::Region& r : s.regions) out.regions.push_back(region(r));
    for (core::Var v : s.results) out.results.push_back(define(v));
    return out;
  }
  core::Region region(const core::Region& r) {
    core::Region out;
    for (core::Var v : r.params) out.params.push_back(define(v));
    for (const core::Stmt& s : r.stmts) out.stmts.push_back(stmt(s));
    for (const core::Atom& a : r.yields) out.yields.push_back(atom(a));
    return out;
  }
};

}  // namespace

core::Stmt transplant(const core::Fn& from, const core::Stmt& stmt, core::Fn& to, std::map<core::Var, core::Atom>& vars,
                      std::map<Dim::Variable, Dim>& dims) {
  return Transplant{from, to, vars, dims}.stmt(stmt);
}

}  // namespace fedc::transform
