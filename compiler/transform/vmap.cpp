#include "compiler/transform/vmap.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <variant>

#include "compiler/core/internal_error.h"
#include "compiler/core/op_table.h"
#include "compiler/transform/activity.h"
#include "compiler/transform/transform_error.h"

namespace fedc::transform {

using core::Atom;
using core::Builder;
using core::Fn;
using core::Op;
using core::Region;
using core::Stmt;
using core::Type;
using core::Var;

namespace {

using Status = Expected<void, Diagnostic>;

bool in(const VarSet& set, const Atom& a) { return !a.isLiteral && set.contains(a.var); }

// Which variables differ from row to row. A carry is mapped if its start or its next value is.
void flowMapped(const std::vector<Stmt>& stmts, VarSet& mapped) {
  for (const Stmt& s : stmts) {
    if (s.op == Op::Loop) {
      const Region& body = s.regions[0];
      const std::size_t carries = static_cast<std::size_t>(s.attrs.carries);
      for (std::size_t i = 0; i < s.args.size(); ++i)
        if (in(mapped, s.args[i])) mapped.insert(body.params[i]);
      for (bool changed = true; changed;) {
        changed = false;
        flowMapped(body.stmts, mapped);
        for (std::size_t i = 0; i < carries; ++i)
          if (in(mapped, body.yields[i])) changed = mapped.insert(body.params[i]).second || changed;
      }
      for (std::size_t i = 0; i < s.results.size(); ++i) {
        const bool on = i < carries ? mapped.contains(body.params[i]) : in(mapped, body.yields[i]);
        if (on) mapped.insert(s.results[i]);
      }
      continue;
    }
    if (s.op == Op::Cond || s.op == Op::Checkpoint) {
      const bool all = s.op == Op::Cond && in(mapped, s.args[0]);
      for (const Region& r : s.regions) {
        flowMapped(r.stmts, mapped);
        for (std::size_t i = 0; i < s.results.size(); ++i)
          if (all || in(mapped, r.yields[i])) mapped.insert(s.results[i]);
      }
      continue;
    }
    if (std::ranges::any_of(s.args, [&](const Atom& a) { return in(mapped, a); })) mapped.insert(s.results.begin(), s.results.end());
  }
}

class Batcher {
 public:
  Batcher(Fn& fn, Dim n) : fn_(fn), n_(std::move(n)) {}

  VarSet mapped;

  void bind(Var v, const Atom& batched) { names_.vars[v] = batched; }

  /// The batched value of a variable of the region (its own if it is not mapped).
  Atom value(const Atom& a) const { return names_.apply(a); }
  bool isMapped(const Atom& a) const { return in(mapped, a); }

  /// With the new leading axis, whether mapped or not. `type`: of one row.
  Atom batched(Builder& build, const Atom& a, const Type& type) {
    const Atom v = value(a);
    if (isMapped(a)) return v;
    std::vector<Dim> dims = type.dims;
    dims.insert(dims.begin(), n_);
    std::vector<int> axes(type.dims.size());
    std::iota(axes.begin(), axes.end(), 1);
    if (v.isLiteral) return build.splat(v.literal, {type.elem, dims});
    return build.broadcast(v, dims, axes);
  }

  Status run(const std::vector<Stmt>& stmts, std::vector<Stmt>& out, std::optional<Atom> mask) {
    for (const Stmt& s : stmts) {
      Status status = one(s, out, mask);
      if (!status) return status;
    }
    return {};
  }

 private:
  Type rowType(Var v) const { return fn_.vars[v].type; }
  Type batchType(Var v) const {
    Type t = fn_.vars[v].type;
    t.dims.insert(t.dims.begin(), n_);
    return t;
  }

  Status one(const Stmt& s, std::vector<Stmt>& out, const std::optional<Atom>& mask) {
    Builder build(fn_, out, s.span);
    switch (s.op) {
      case Op::Check: check(s, build, mask); return {};
      case Op::Loop: return loop(s, build, mask);
      case Op::Cond: return isMapped(s.args[0]) ? bothBranches(s, build, mask) : branches(s, build, mask);
      case Op::Checkpoint: return branches(s, build, mask);
      default: break;
    }
    const bool any = std::ranges::any_of(s.args, [&](const Atom& a) { return isMapped(a); });
    if (!any) {
      Stmt same = s;
      substitute(same, names_);
      out.push_back(std::move(same));
      return {};
    }
    const core::Batching& batching = core::opRow(s.op).batching;
    FEDC_REQUIRE(!std::holds_alternative<core::NoBatch>(batching), "`" + std::string(core::opName(s.op)) + "` is batched where a loop was wanted");
    std::vector<Atom> results;
    if (std::holds_alternative<core::BatchElementwise>(batching)) {
      std::vector<Atom> args;
      for (const Atom& a : s.args) args.push_back(a.isLiteral ? a : batched(build, a, rowType(a.var)));
      results = build.emit(s.op, std::move(args), s.attrs);
    } else {
      const auto& rule = std::get<core::BatchRule>(batching);
      std::vector<Atom> operands;
      // Not std::vector<bool>: the rule takes a span.
      std::unique_ptr<bool[]> flags(new bool[s.args.size()]);
      for (std::size_t i = 0; i < s.args.size(); ++i) {
        operands.push_back(value(s.args[i]));
        flags[i] = isMapped(s.args[i]);
      }
      results = rule.rule(build, s, operands, std::span<const bool>(flags.get(), s.args.size()), n_);
    }
    FEDC_REQUIRE(results.size() == s.results.size(), "a batching rule gives as many results");
    for (std::size_t i = 0; i < results.size(); ++i) bind(s.results[i], results[i]);
    return {};
  }

  void check(const Stmt& s, Builder& build, const std::optional<Atom>& mask) {
    const Atom& condition = s.args[0];
    Atom c = value(condition);
    if (!isMapped(condition) && !mask) {
      build.check(c, s.attrs.site);
      return;
    }
    if (mask) {
      // Rows outside the mask hold.
      const Atom rows = batched(build, condition, build.typeOf(condition));
      const Atom outside = build.unary(Op::Not, *mask);
      const std::vector<Dim> dims = build.typeOf(rows).dims;
      c = build.binary(Op::Or, dims.size() == 1 ? outside : build.broadcast(outside, dims, {0}), rows);
    }
    build.check(c, s.attrs.site);
  }

  Status loop(const Stmt& s, Builder& build, const std::optional<Atom>& mask) {
    const Region& body = s.regions[0];
    const std::size_t carries = static_cast<std::size_t>(s.attrs.carries);
    Stmt loop;
    loop.op = Op::Loop;
    loop.span = s.span;
    loop.attrs = s.attrs;
    loop.regions.resize(1);
    Region& region = loop.regions[0];
    auto param = [&](Var old) {
      const bool on = mapped.contains(old);
      region.params.push_back(on ? fn_.newVar(batchType(old), fn_.vars[old].name) : old);
      if (on) bind(old, Atom::of(region.params.back()));
    };
    for (std::size_t i = 0; i < s.args.size(); ++i) {
      const bool on = mapped.contains(body.params[i]);
      const Type type = rowType(body.params[i]);
      if (i < carries) {
        loop.args.push_back(on ? batched(build, s.args[i], type) : value(s.args[i]));
      } else {
        loop.args.push_back(on ? swapLeading(build, value(s.args[i])) : value(s.args[i]));
      }
      param(body.params[i]);
    }
    if (Status status = run(body.stmts, region.stmts, mask); !status) return status;
    Builder inside(fn_, region.stmts, s.span);
    for (std::size_t i = 0; i < s.results.size(); ++i) {
      const bool on = mapped.contains(s.results[i]);
      const Type type = i < carries ? rowType(body.params[i]) : rowOf(rowType(s.results[i]));
      region.yields.push_back(on ? batched(inside, body.yields[i], type) : value(body.yields[i]));
      if (!on) {
        loop.results.push_back(s.results[i]);
        continue;
      }
      Type result = type;
      result.dims.insert(result.dims.begin(), n_);
      if (i >= carries) result.dims.insert(result.dims.begin(), s.attrs.extent);
      loop.results.push_back(fn_.newVar(result, fn_.vars[s.results[i]].name));
    }
    const std::vector<Var> results = loop.results;
    build.stmts().push_back(std::move(loop));
    for (std::size_t i = 0; i < s.results.size(); ++i) {
      if (!mapped.contains(s.results[i])) continue;
      const Atom r = Atom::of(results[i]);
      bind(s.results[i], i < carries ? r : swapLeading(build, r));
    }
    return {};
  }

  static Type rowOf(Type stack) {
    stack.dims.erase(stack.dims.begin());
    return stack;
  }

  static Atom swapLeading(Builder& build, const Atom& a) {
    std::vector<int> permutation(build.typeOf(a).dims.size());
    std::iota(permutation.begin(), permutation.end(), 0);
    std::swap(permutation[0], permutation[1]);
    return build.transpose(a, permutation);
  }

  // cond on a condition that is the same for all rows, and checkpoint.
  Status branches(const Stmt& s, Builder& build, const std::optional<Atom>& mask) {
    Stmt batchedStmt;
    batchedStmt.op = s.op;
    batchedStmt.span = s.span;
    batchedStmt.attrs = s.attrs;
    for (const Atom& a : s.args) batchedStmt.args.push_back(value(a));
    for (const Region& r : s.regions) {
      Region region;
      if (Status status = run(r.stmts, region.stmts, mask); !status) return status;
      Builder inside(fn_, region.stmts, s.span);
      for (std::size_t i = 0; i < s.results.size(); ++i)
        region.yields.push_back(mapped.contains(s.results[i]) ? batched(inside, r.yields[i], rowType(s.results[i])) : value(r.yields[i]));
      batchedStmt.regions.push_back(std::move(region));
    }
    for (Var v : s.results) {
      if (!mapped.contains(v)) {
        batchedStmt.results.push_back(v);
        continue;
      }
      batchedStmt.results.push_back(fn_.newVar(batchType(v), fn_.vars[v].name));
      bind(v, Atom::of(batchedStmt.results.back()));
    }
    build.stmts().push_back(std::move(batchedStmt));
    return {};
  }

  Status bothBranches(const Stmt& s, Builder& build, const std::optional<Atom>& mask) {
    const Atom p = value(s.args[0]);
    for (std::size_t arm = 0; arm < 2; ++arm) {
      std::optional<Atom> armMask;
      if (hasCheck(s.regions[arm].stmts)) {
        armMask = arm == 0 ? p : build.unary(Op::Not, p);
        if (mask) armMask = build.binary(Op::And, *mask, *armMask);
      }
      if (Status status = run(s.regions[arm].stmts, build.stmts(), armMask); !status) return status;
    }
    for (std::size_t i = 0; i < s.results.size(); ++i) {
      const Type type = rowType(s.results[i]);
      std::vector<Dim> dims = type.dims;
      dims.insert(dims.begin(), n_);
      auto arm = [&](std::size_t a) {
        const Atom& y = s.regions[a].yields[i];
        return y.isLiteral ? y : batched(build, y, type);
      };
      const Atom yes = arm(0), no = arm(1);
      const Atom condition = type.rank() == 0 ? p : build.broadcast(p, dims, {0});
      bind(s.results[i], build.select(condition, yes, no));
    }
    return {};
  }

  Fn& fn_;
  Dim n_;
  Substitution names_;
};

}  // namespace

namespace {

/// Whether rows differ in something that has one value for all rows of an array: an extent.
bool differsInExtents(const std::vector<Stmt>& stmts, const VarSet& mapped) {
  return std::ranges::any_of(stmts, [&](const Stmt& s) {
    const bool cannot = std::holds_alternative<core::NoBatch>(core::opRow(s.op).batching) &&
                        std::ranges::any_of(s.args, [&](const Atom& a) { return in(mapped, a); });
    return cannot || std::ranges::any_of(s.regions, [&](const Region& r) { return differsInExtents(r.stmts, mapped); });
  });
}

/// One row after the other.
std::vector<Atom> asLoop(Fn& fn, Stmt vmap, std::vector<Stmt>& out) {
  Stmt loop;
  loop.op = Op::Loop;
  loop.span = vmap.span;
  loop.attrs.extent = vmap.attrs.extent;
  loop.attrs.defines = fn.newDim("t");
  loop.regions.resize(1);
  Region& body = loop.regions[0];
  Region& region = vmap.regions[0];
  Substitution names;
  Builder before(fn, out, vmap.span);
  for (std::size_t i = 0; i < vmap.args.size(); ++i) {
    const Var row = region.params[i];
    if (vmap.args[i].isLiteral) {
      names.vars[row] = before.splat(vmap.args[i].literal, fn.vars[row].type);
      continue;
    }
    loop.args.push_back(vmap.args[i]);
    body.params.push_back(row);
  }
  body.stmts = std::move(region.stmts);
  for (Stmt& s : body.stmts) substitute(s, names);
  Builder inside(fn, body.stmts, vmap.span);
  std::vector<Atom> results;
  for (std::size_t i = 0; i < region.yields.size(); ++i) {
    const Type stack = fn.vars[vmap.results[i]].type;
    const Atom y = names.apply(region.yields[i]);
    body.yields.push_back(y.isLiteral ? inside.splat(y.literal, {stack.elem, {stack.dims.begin() + 1, stack.dims.end()}}) : y);
    loop.results.push_back(fn.newVar(stack, fn.vars[vmap.results[i]].name));
    results.push_back(Atom::of(loop.results.back()));
  }
  out.push_back(std::move(loop));
  return results;
}

}  // namespace

Expected<std::vector<Atom>, Diagnostic> expandVmap(Fn& fn, Stmt vmap, std::vector<Stmt>& out) {
  const Region& region = vmap.regions[0];
  Batcher batcher(fn, vmap.attrs.extent);
  for (std::size_t i = 0; i < vmap.args.size(); ++i) {
    // A literal is the same for every row.
    if (!vmap.args[i].isLiteral) {
      batcher.mapped.insert(region.params[i]);
      batcher.bind(region.params[i], vmap.args[i]);
      continue;
    }
    const Type row = fn.vars[region.params[i]].type;
    Builder before(fn, out, vmap.span);
    batcher.bind(region.params[i], before.splat(vmap.args[i].literal, row));
  }
  flowMapped(region.stmts, batcher.mapped);
  // Rows have one shape: the checker refuses a function whose result differs.
  if (differsInExtents(region.stmts, batcher.mapped)) return asLoop(fn, std::move(vmap), out);
  if (Status status = batcher.run(region.stmts, out, std::nullopt); !status) return tl::unexpected(status.error());
  std::vector<Atom> results;
  Builder after(fn, out, vmap.span);
  for (std::size_t i = 0; i < region.yields.size(); ++i) {
    Type row = fn.vars[vmap.results[i]].type;
    row.dims.erase(row.dims.begin());
    results.push_back(batcher.batched(after, region.yields[i], row));
  }
  return results;
}

}  // namespace fedc::transform
