#include <algorithm>

#include "compiler/transform/rewrite.h"

// Dead code elimination: marks backwards from results and checks, then sweeps. A carry of a loop is alive if its result or its value inside is.
namespace fedc::transform {

using core::Atom;
using core::Fn;
using core::Op;
using core::Region;
using core::Stmt;
using core::Var;

namespace {

class Liveness {
 public:
  explicit Liveness(const Fn& fn) : fn_(fn), live_(fn.vars.size(), false), liveDim_(fn.dims.size(), false) {
    index(fn.body, nullptr);
    for (const auto& [stmt, parent] : parent_)
      if (stmt->op == Op::Check || stmt->op == Op::Trace) markStmt(stmt);
    for (const Atom& a : fn.results) mark(a);
    for (const core::Type& t : fn.resultTypes) markDims(t);
    while (!work_.empty()) {
      Var v = work_.back();
      work_.pop_back();
      visit(v);
    }
  }

  bool live(Var v) const { return live_[v]; }
  bool live(const Stmt& s) const { return liveStmts_.contains(&s); }

 private:
  struct Def {
    const Stmt* stmt = nullptr;
    // Position among the statement's results, or among the parameters of its region.
    std::size_t position = 0;
    bool isParam = false;
  };

  void index(const std::vector<Stmt>& stmts, const Stmt* parent) {
    for (const Stmt& s : stmts) {
      parent_[&s] = parent;
      for (std::size_t i = 0; i < s.results.size(); ++i) defs_[s.results[i]] = {&s, i, false};
      if (s.attrs.defines) dimDefs_[*s.attrs.defines] = &s;
      for (const Region& r : s.regions) {
        for (std::size_t i = 0; i < r.params.size(); ++i) defs_[r.params[i]] = {&s, i, true};
        index(r.stmts, &s);
      }
    }
  }

  void mark(const Atom& a) {
    if (a.isLiteral || live_[a.var]) return;
    live_[a.var] = true;
    work_.push_back(a.var);
    markDims(fn_.vars[a.var].type);
  }

  void markDims(const core::Type& t) {
    for (const Dim& d : t.dims) markDim(d);
  }

  void markDim(const Dim& d) {
    for (Dim::Variable v : d.variables()) {
      if (liveDim_[v]) continue;
      liveDim_[v] = true;
      auto def = dimDefs_.find(v);
      if (def != dimDefs_.end()) markStmt(def->second);
    }
  }

  // The statement is needed: what it reads whatever part of its results is.
  void markStmt(const Stmt* s) {
    if (!liveStmts_.insert(s).second) return;
    if (const Stmt* parent = parent_.at(s)) markStmt(parent);
    forEachDim(s->attrs, [&](const Dim& d) { markDim(d); });
    if (s->op == Op::Loop) return;
    for (const Atom& a : s->args) mark(a);
    if (s->op == Op::Cond) return;
    for (const Region& r : s->regions)
      for (const Atom& y : r.yields) mark(y);
  }

  void visit(Var v) {
    auto found = defs_.find(v);
    if (found == defs_.end()) return;
    const auto& [stmt, position, isParam] = found->second;
    markStmt(stmt);
    if (stmt->op == Op::Loop) {
      const std::size_t carries = static_cast<std::size_t>(stmt->attrs.carries);
      if (position < carries) {
        mark(stmt->args[position]);
        mark(stmt->regions[0].yields[position]);
        mark(Atom::of(stmt->regions[0].params[position]));
      } else if (isParam) {
        mark(stmt->args[position]);
      } else {
        mark(stmt->regions[0].yields[position]);
      }
    } else if (stmt->op == Op::Cond && !isParam) {
      for (const Region& r : stmt->regions) mark(r.yields[position]);
    }
  }

  const Fn& fn_;
  std::vector<bool> live_, liveDim_;
  std::vector<Var> work_;
  std::unordered_map<Var, Def> defs_;
  std::unordered_map<Dim::Variable, const Stmt*> dimDefs_;
  std::unordered_map<const Stmt*, const Stmt*> parent_;
  std::unordered_set<const Stmt*> liveStmts_;
};

class Sweep {
 public:
  explicit Sweep(const Liveness& liveness) : alive_(liveness) {}

  void run(std::vector<Stmt>& stmts) {
    // Liveness is keyed by the statements' addresses: decide for all before anything moves.
    std::vector<bool> keep(stmts.size());
    for (std::size_t i = 0; i < stmts.size(); ++i) {
      keep[i] = alive_.live(stmts[i]);
      if (!keep[i]) continue;
      for (Region& r : stmts[i].regions) run(r.stmts);
      if (stmts[i].op == Op::Loop) trimLoop(stmts[i]);
      if (stmts[i].op == Op::Cond) trimCond(stmts[i]);
    }
    std::size_t out = 0;
    for (std::size_t i = 0; i < stmts.size(); ++i) {
      if (!keep[i]) continue;
      if (out != i) stmts[out] = std::move(stmts[i]);
      ++out;
    }
    if (out != stmts.size()) changed_ = true;
    stmts.resize(out);
  }

  bool changed() const { return changed_; }

 private:
  void trimLoop(Stmt& s) {
    Region& body = s.regions[0];
    const std::size_t carries = static_cast<std::size_t>(s.attrs.carries);
    std::vector<Atom> args, yields;
    std::vector<Var> params, results;
    int kept = 0;
    for (std::size_t i = 0; i < carries; ++i) {
      if (!alive_.live(body.params[i]) && !alive_.live(s.results[i])) continue;
      ++kept;
      args.push_back(s.args[i]);
      params.push_back(body.params[i]);
      yields.push_back(body.yields[i]);
      results.push_back(s.results[i]);
    }
    for (std::size_t i = carries; i < s.args.size(); ++i) {
      if (!alive_.live(body.params[i])) continue;
      args.push_back(s.args[i]);
      params.push_back(body.params[i]);
    }
    for (std::size_t i = carries; i < s.results.size(); ++i) {
      if (!alive_.live(s.results[i])) continue;
      yields.push_back(body.yields[i]);
      results.push_back(s.results[i]);
    }
    if (args.size() != s.args.size() || results.size() != s.results.size()) changed_ = true;
    s.attrs.carries = kept;
    s.args = std::move(args);
    s.results = std::move(results);
    body.params = std::move(params);
    body.yields = std::move(yields);
  }

  void trimCond(Stmt& s) {
    std::vector<Var> results;
    std::vector<std::vector<Atom>> yields(s.regions.size());
    for (std::size_t i = 0; i < s.results.size(); ++i) {
      if (!alive_.live(s.results[i])) continue;
      results.push_back(s.results[i]);
      for (std::size_t r = 0; r < s.regions.size(); ++r) yields[r].push_back(s.regions[r].yields[i]);
    }
    if (results.size() != s.results.size()) changed_ = true;
    s.results = std::move(results);
    for (std::size_t r = 0; r < s.regions.size(); ++r) s.regions[r].yields = std::move(yields[r]);
  }

  const Liveness& alive_;
  bool changed_ = false;
};

}  // namespace

bool eliminateDead(Fn& fn) {
  Liveness liveness(fn);
  Sweep sweep(liveness);
  sweep.run(fn.body);
  return sweep.changed();
}

}  // namespace fedc::transform
