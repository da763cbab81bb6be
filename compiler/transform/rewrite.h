#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compiler/core/ir.h"

/// What every pass on Core IR needs: renaming, cloning, uses and free variables.
namespace fedc::transform {

/// Replacements of variables and dimension variables. Chains are followed (a variable replaced by one that is replaced itself).
struct Substitution {
  std::unordered_map<core::Var, core::Atom> vars;
  std::map<Dim::Variable, Dim> dims;

  bool empty() const { return vars.empty() && dims.empty(); }
  core::Atom apply(const core::Atom& a) const;
  Dim apply(const Dim& d) const;
  core::Type apply(const core::Type& t) const;
};

/// Replaces operands, dims of attributes and yields, in nested regions too. Definitions and their types stay.
void substitute(core::Stmt& stmt, const Substitution& by);
void substitute(std::vector<core::Stmt>& stmts, const Substitution& by);
void substitute(core::Region& region, const Substitution& by);

/// Applies dims of `by` to the types of everything that the statements define.
void retype(core::Fn& fn, const std::vector<core::Stmt>& stmts, const Substitution& by);

/// Copies with fresh variables and dimension variables for everything defined inside; `by` is applied and extended by what was renamed.
core::Stmt clone(core::Fn& fn, const core::Stmt& stmt, Substitution& by);
std::vector<core::Stmt> clone(core::Fn& fn, const std::vector<core::Stmt>& stmts, Substitution& by);
core::Region clone(core::Fn& fn, const core::Region& region, Substitution& by);

/// Every operand, nested regions and their yields included.
void forEachUse(const core::Stmt& stmt, const std::function<void(core::Var)>& f);
/// Every dimension that an attribute mentions, nested regions included.
void forEachDim(const core::Stmt& stmt, const std::function<void(const Dim&)>& f);
/// Every dim of one statement's attributes, without regions.
void forEachDim(const core::Attrs& attrs, const std::function<void(const Dim&)>& f);
/// Every statement, outer before inner.
void forEachStmt(std::span<const core::Stmt> stmts, const std::function<void(const core::Stmt&)>& f);
void forEachStmt(std::vector<core::Stmt>& stmts, const std::function<void(core::Stmt&)>& f);

/// Variables and dimension variables that the statements (and yields) use but do not define.
struct FreeNames {
  std::set<core::Var> vars;
  std::set<Dim::Variable> dims;
};
FreeNames freeNames(const core::Fn& fn, std::span<const core::Stmt> stmts, std::span<const core::Atom> yields = {},
                    std::span<const core::Var> params = {});

/// The names of extents on both sides of marks that give them another name (Op::Cross): how many keys a `federated_select` asks for, how long a value
/// is that is sent. They stay until pass `cross`, so that slices can be made for all keys, or for one, and the receiver knows no more than a length.
std::set<Dim::Variable> namesAtMarks(const core::Fn& fn);

/// Number of uses of every variable of the function (operands, yields, results).
std::vector<int> useCounts(const core::Fn& fn);

/// Whether the statements contain a `check`, at any depth.
bool hasCheck(const std::vector<core::Stmt>& stmts);
/// Removes `check` and `trace` statements at any depth (from copies of statements that are checked and shown elsewhere).
void removeChecks(std::vector<core::Stmt>& stmts);
/// Whether there are `trace` statements, at any depth; removes them.
bool hasTrace(const std::vector<core::Stmt>& stmts);
void removeTraces(std::vector<core::Stmt>& stmts);

/// Removes what no result, `check`, `trace` or needed dimension depends on; also single carries, stacked inputs, emitted rows and branch results.
/// Exact. True if something went.
bool eliminateDead(core::Fn& fn);

}  // namespace fedc::transform
