#include "compiler/transform/reverse.h"

#include <algorithm>
#include <iterator>

#include "compiler/core/internal_error.h"
#include "compiler/core/op_table.h"
#include "compiler/transform/activity.h"
#include "compiler/transform/native.h"
#include "compiler/transform/recompute.h"
#include "compiler/transform/transform_error.h"

namespace fedc::transform {

using core::Atom;
using core::Builder;
using core::Fn;
using core::Literal;
using core::Op;
using core::Region;
using core::Stmt;
using core::Type;
using core::Var;

namespace {

using Status = Expected<void, Diagnostic>;

bool isLiteral(const Atom& a, const Literal& l) { return a.isLiteral && a.literal == l; }

// The sum so far of what reaches a variable from its uses. The first contribution is a rename.
class Cotangents {
 public:
  void add(Builder& build, Var v, const Atom& contribution) {
    auto [entry, isNew] = sums_.emplace(v, contribution);
    if (isNew) return;
    if (entry->second.isLiteral && contribution.isLiteral) entry->second = build.splat(entry->second.literal, build.fn().vars[v].type);
    entry->second = build.add(entry->second, contribution);
  }
  void set(Var v, const Atom& value) { sums_[v] = value; }
  std::optional<Atom> find(Var v) const {
    auto found = sums_.find(v);
    if (found == sums_.end()) return std::nullopt;
    return found->second;
  }
  std::optional<Atom> find(const Atom& a) const { return a.isLiteral ? std::nullopt : find(a.var); }

 private:
  std::unordered_map<Var, Atom> sums_;
};

class Reverse {
 public:
  Reverse(const core::Module& module, Fn& fn, VarSet active, Span site) : module_(module), fn_(fn), active_(std::move(active)), site_(site) {}

  bool active(const Atom& a) const { return !a.isLiteral && active_.contains(a.var); }

  // Appends the reverse of `forward` to `build`; loops and branches of `forward` gain results that the reverse needs.
  Status run(std::vector<Stmt>& forward, Builder& build, Cotangents& ct) {
    for (auto s = forward.rbegin(); s != forward.rend(); ++s) {
      if (std::ranges::none_of(s->results, [&](Var r) { return ct.find(r).has_value(); })) continue;
      build.setSpan(s->span);
      Status status;
      switch (s->op) {
        case Op::Loop: status = loop(*s, build, ct); break;
        case Op::Cond: status = cond(*s, build, ct); break;
        case Op::Checkpoint: status = checkpoint(*s, build, ct); break;
        case Op::NativeMap:
        case Op::NativeCall: status = native(*s, build, ct); break;
        default: status = simple(*s, build, ct); break;
      }
      if (!status) return status;
    }
    return {};
  }

 private:
  // A cotangent as operand of any rule: literals are for elementwise ops on scalars.
  Atom materialise(Builder& build, const Atom& a, Var of, bool isElementwise = false) {
    const Type type = fn_.vars[of].type;
    return a.isLiteral && (type.rank() > 0 || !isElementwise) ? build.splat(a.literal, type) : a;
  }

  Status simple(const Stmt& s, Builder& build, Cotangents& ct) {
    const core::OpRow& row = core::opRow(s.op);
    std::vector<Atom> results;
    for (Var r : s.results) results.push_back(Atom::of(r));
    core::DerivativeContext context{build, s, s.args, results};
    auto wanted = [&](std::size_t i) { return active(s.args[i]) && differentiableOperand(fn_, s, i); };
    auto give = [&](std::size_t i, const Atom& contribution) {
      if (!isLiteral(contribution, Literal::zero(fn_.vars[s.args[i].var].type.elem))) ct.add(build, s.args[i].var, contribution);
    };
    if (const auto* none = std::get_if<core::NoDerivative>(&row.derivative)) {
      for (std::size_t i = 0; i < s.args.size(); ++i)
        if (wanted(i)) return noDerivative(s, none->reason, site_);
      return {};
    }
    if (const auto* rule = std::get_if<core::Rule>(&row.derivative)) {
      std::vector<std::optional<Atom>> cotangents;
      for (Var r : s.results) {
        std::optional<Atom> c = ct.find(r);
        if (c) c = materialise(build, *c, r, core::isElementwise(s.op));
        cotangents.push_back(c);
      }
      std::vector<std::optional<Atom>> contributions = rule->vjp(context, cotangents);
      for (std::size_t i = 0; i < contributions.size(); ++i)
        if (contributions[i] && wanted(i)) give(i, *contributions[i]);
      return {};
    }
    FEDC_REQUIRE(s.results.size() == 1, "rows other than Rule have one result");
    const Atom cotangent = materialise(build, *ct.find(s.results[0]), s.results[0], core::isElementwise(s.op));
    for (std::size_t i = 0; i < s.args.size(); ++i) {
      if (!wanted(i)) continue;
      if (const auto* partials = std::get_if<core::Partials>(&row.derivative)) {
        std::optional<Atom> p = partials->partial(context, static_cast<int>(i));
        if (!p) continue;
        const core::Elem elem = fn_.vars[s.args[i].var].type.elem;
        give(i, isLiteral(*p, Literal::one(elem)) ? cotangent : build.mul(cotangent, *p));
      } else if (const auto* linear = std::get_if<core::Linear>(&row.derivative)) {
        give(i, linear->transpose(context, static_cast<int>(i), cotangent));
      } else if (const auto* bilinear = std::get_if<core::Bilinear>(&row.derivative)) {
        give(i, bilinear->transpose(context, static_cast<int>(i), cotangent));
      } else {
        FEDC_REQUIRE(false, "an active result of an op that is not differentiable");
      }
    }
    return {};
  }

  Status native(const Stmt& s, Builder& build, Cotangents& ct) {
    if (std::ranges::none_of(s.args, [&](const Atom& a) { return active(a); })) return {};
    auto given = nativeCotangents(module_, build, s, materialise(build, *ct.find(s.results[0]), s.results[0]), site_);
    if (!given) return tl::unexpected(given.error());
    for (std::size_t i = 0; i < s.args.size(); ++i)
      if ((*given)[i] && active(s.args[i])) ct.add(build, s.args[i].var, *(*given)[i]);
    return {};
  }

  Status checkpoint(const Stmt& s, Builder& build, Cotangents& ct) {
    // The region is computed again, next to its reverse; nothing inside is saved.
    Substitution renamed;
    std::vector<Stmt> again = clone(fn_, s.regions[0].stmts, renamed);
    removeChecks(again);
    flowForward(fn_, again, active_);
    std::vector<Stmt> backward;
    Builder inner(fn_, backward, s.span);
    for (std::size_t i = 0; i < s.results.size(); ++i) {
      const Atom y = renamed.apply(s.regions[0].yields[i]);
      if (auto c = ct.find(s.results[i]); c && active(y)) ct.add(inner, y.var, *c);
    }
    if (Status status = run(again, inner, ct); !status) return status;
    std::ranges::move(again, std::back_inserter(build.stmts()));
    std::ranges::move(backward, std::back_inserter(build.stmts()));
    return {};
  }

  // Outer variables that get cotangents from inside the regions, in a fixed order.
  std::vector<Var> captures(const Stmt& s, const VarSet& reached) const {
    std::set<Var> found;
    for (const Region& r : s.regions)
      for (Var v : freeNames(fn_, r.stmts, r.yields, r.params).vars)
        if (reached.contains(v) && active_.contains(v)) found.insert(v);
    return {found.begin(), found.end()};
  }

  VarSet reach(const Stmt& s, const Cotangents& ct) const {
    VarSet reached;
    for (Var r : s.results)
      if (ct.find(r)) reached.insert(r);
    flowBackward(fn_, s, active_, reached);
    return reached;
  }

  Status loop(Stmt& s, Builder& build, Cotangents& ct) {
    const VarSet reached = reach(s, ct);
    const std::vector<Var> captured = captures(s, reached);
    Region& body = s.regions[0];
    const std::size_t carries = static_cast<std::size_t>(s.attrs.carries);

    Stmt back;
    back.op = Op::Loop;
    back.span = s.span;
    back.attrs.extent = s.attrs.extent;
    back.attrs.reversed = !s.attrs.reversed;
    const core::DimInfo index = fn_.dims[*s.attrs.defines];
    back.attrs.defines = fn_.newDim(index.name, index.bound);
    Region region;
    std::vector<Stmt> backward;
    Builder inner(fn_, backward, s.span);
    Cotangents innerCt;

    // Carries of the reverse: cotangents of the carries, then one accumulator for each capture, which goes on from what is there.
    std::vector<std::size_t> useful;
    auto carry = [&](const Atom& initial, const Type& type) {
      back.args.push_back(initial);
      region.params.push_back(fn_.newVar(type));
      return region.params.back();
    };
    std::vector<std::pair<Var, Var>> cotangentOfYield;
    for (std::size_t i = 0; i < carries; ++i) {
      if (!active_.contains(body.params[i]) || (!reached.contains(s.results[i]) && !reached.contains(body.params[i]))) continue;
      useful.push_back(i);
      const Type type = fn_.vars[body.params[i]].type;
      Var c = carry(ct.find(s.results[i]).value_or(Atom::of(Literal::zero(type.elem))), type);
      if (active(body.yields[i])) cotangentOfYield.emplace_back(body.yields[i].var, c);
    }
    for (Var v : captured) {
      const Type type = fn_.vars[v].type;
      innerCt.set(v, Atom::of(carry(ct.find(v).value_or(Atom::of(Literal::zero(type.elem))), type)));
    }
    back.attrs.carries = static_cast<int>(back.args.size());
    for (auto [y, c] : cotangentOfYield) innerCt.add(inner, y, Atom::of(c));
    for (std::size_t i = carries; i < s.results.size(); ++i) {
      std::optional<Atom> c = ct.find(s.results[i]);
      const Atom& y = body.yields[i];
      if (!c || !active(y)) continue;
      back.args.push_back(materialise(build, *c, s.results[i]));
      region.params.push_back(fn_.newVar(fn_.vars[y.var].type));
      innerCt.add(inner, y.var, Atom::of(region.params.back()));
    }

    if (Status status = run(body.stmts, inner, innerCt); !status) return status;

    for (std::size_t i : useful)
      region.yields.push_back(innerCt.find(body.params[i]).value_or(Atom::of(Literal::zero(fn_.vars[body.params[i]].type.elem))));
    for (Var v : captured) region.yields.push_back(*innerCt.find(v));
    std::vector<std::size_t> rows;
    for (std::size_t i = carries; i < s.args.size(); ++i) {
      std::optional<Atom> c = innerCt.find(body.params[i]);
      if (!c || !active(s.args[i])) continue;
      rows.push_back(i);
      region.yields.push_back(*c);
    }

    // What the reverse needs of the forward body: saved as further stacks, or computed again.
    Substitution renamed;
    renamed.dims[*s.attrs.defines] = Dim::variable(*back.attrs.defines);
    std::set<Dim::Variable> born{*s.attrs.defines};
    Recompute split = splitForReverse(fn_, body.stmts, backward, region.yields, born);
    for (Var v : split.outside) {
      const std::size_t i = static_cast<std::size_t>(std::ranges::find(body.params, v) - body.params.begin());
      if (i == body.params.size()) continue;
      if (i < carries) {
        split.saved.push_back(v);
        continue;
      }
      back.args.push_back(s.args[i]);
      region.params.push_back(fn_.newVar(fn_.vars[v].type, fn_.vars[v].name));
      renamed.vars[v] = Atom::of(region.params.back());
    }
    for (Var v : split.saved) {
      Type row = fn_.vars[v].type;
      Type stack = row;
      stack.dims.insert(stack.dims.begin(), s.attrs.extent);
      Var stacked = fn_.newVar(stack, fn_.vars[v].name);
      body.yields.push_back(Atom::of(v));
      s.results.push_back(stacked);
      back.args.push_back(Atom::of(stacked));
      region.params.push_back(fn_.newVar(row, fn_.vars[v].name));
      renamed.vars[v] = Atom::of(region.params.back());
    }
    region.stmts = assembleReverse(fn_, body.stmts, split, std::move(backward), renamed);
    for (Atom& y : region.yields) y = renamed.apply(y);

    for (std::size_t i : useful) back.results.push_back(fn_.newVar(fn_.vars[body.params[i]].type));
    for (Var v : captured) back.results.push_back(fn_.newVar(fn_.vars[v].type));
    for (std::size_t i : rows) back.results.push_back(fn_.newVar(fn_.vars[s.args[i].var].type));
    std::size_t next = 0;
    std::vector<std::pair<Var, Var>> gained;
    for (std::size_t i : useful) {
      Var result = back.results[next++];
      if (active(s.args[i])) gained.emplace_back(s.args[i].var, result);
    }
    for (Var v : captured) ct.set(v, Atom::of(back.results[next++]));
    for (std::size_t i : rows) gained.emplace_back(s.args[i].var, back.results[next++]);
    back.regions.push_back(std::move(region));
    build.stmts().push_back(std::move(back));
    for (auto [v, c] : gained) ct.add(build, v, Atom::of(c));
    return {};
  }

  Status cond(Stmt& s, Builder& build, Cotangents& ct) {
    const VarSet reached = reach(s, ct);
    const std::vector<Var> captured = captures(s, reached);
    Stmt back;
    back.op = Op::Cond;
    back.span = s.span;
    back.args = s.args;
    std::vector<std::vector<std::optional<Atom>>> given(2);
    std::vector<Region> regions(2);
    std::vector<Recompute> splits(2);
    std::vector<std::vector<Stmt>> backward(2);
    const std::size_t results = s.results.size();
    std::vector<std::optional<Atom>> cotangents;
    for (Var r : s.results) {
      cotangents.push_back(ct.find(r));
      if (cotangents.back()) cotangents.back() = materialise(build, *cotangents.back(), r);
    }
    for (std::size_t arm = 0; arm < 2; ++arm) {
      Region& body = s.regions[arm];
      Builder inner(fn_, backward[arm], s.span);
      Cotangents innerCt;
      for (std::size_t i = 0; i < results; ++i)
        if (cotangents[i] && active(body.yields[i])) innerCt.add(inner, body.yields[i].var, *cotangents[i]);
      if (Status status = run(body.stmts, inner, innerCt); !status) return status;
      for (Var v : captured) given[arm].push_back(innerCt.find(v));
    }
    std::vector<Var> gained;
    for (std::size_t k = 0; k < captured.size(); ++k) {
      if (!given[0][k] && !given[1][k]) continue;
      const Type type = fn_.vars[captured[k]].type;
      const Atom zero = Atom::of(Literal::zero(type.elem));
      gained.push_back(captured[k]);
      back.results.push_back(fn_.newVar(type));
      for (std::size_t arm = 0; arm < 2; ++arm) regions[arm].yields.push_back(given[arm][k].value_or(zero));
    }
    for (std::size_t arm = 0; arm < 2; ++arm) {
      Region& body = s.regions[arm];
      splits[arm] = splitForReverse(fn_, body.stmts, backward[arm], regions[arm].yields, {});
      Substitution renamed;
      for (Var v : splits[arm].saved) {
        const Type type = fn_.vars[v].type;
        Var kept = fn_.newVar(type, fn_.vars[v].name);
        s.results.push_back(kept);
        body.yields.push_back(Atom::of(v));
        s.regions[1 - arm].yields.push_back(Atom::of(Literal::zero(type.elem)));
        renamed.vars[v] = Atom::of(kept);
      }
      regions[arm].stmts = assembleReverse(fn_, body.stmts, splits[arm], std::move(backward[arm]), renamed);
      for (Atom& y : regions[arm].yields) y = renamed.apply(y);
    }
    if (gained.empty()) return {};
    back.regions = std::move(regions);
    const std::vector<Var> sums = back.results;
    build.stmts().push_back(std::move(back));
    for (std::size_t k = 0; k < gained.size(); ++k) ct.add(build, gained[k], Atom::of(sums[k]));
    return {};
  }

  const core::Module& module_;
  Fn& fn_;
  VarSet active_;
  Span site_;
};

}  // namespace

Expected<std::vector<Atom>, Diagnostic> expandVjp(const core::Module& module, Fn& fn, Stmt vjp, std::vector<Stmt>& out) {
  Region& region = vjp.regions[0];
  const std::size_t inputs = static_cast<std::size_t>(vjp.attrs.carries);
  const std::size_t outputs = region.yields.size() - static_cast<std::size_t>(vjp.attrs.auxiliary);
  FEDC_REQUIRE(vjp.args.size() == inputs + outputs && vjp.results.size() == region.yields.size() + inputs, "the form of vjp");

  // Captured variables are constants here even if they are operands too, so the parameters stay apart until the end.
  VarSet active(region.params.begin(), region.params.end());
  flowForward(fn, region.stmts, active);
  VarSet reached;
  for (std::size_t i = 0; i < outputs; ++i)
    if (!region.yields[i].isLiteral && active.contains(region.yields[i].var)) reached.insert(region.yields[i].var);
  flowBackward(fn, region.stmts, active, reached);
  // Only what lies on a way from an input to an output has a derivative to compute.
  std::erase_if(active, [&](Var v) { return !reached.contains(v); });

  Reverse reverse(module, fn, active, vjp.span);
  std::vector<Stmt> backward;
  Builder build(fn, backward, vjp.span);
  Cotangents ct;
  for (std::size_t i = 0; i < outputs; ++i)
    if (reverse.active(region.yields[i])) ct.add(build, region.yields[i].var, vjp.args[inputs + i]);
  if (Status status = reverse.run(region.stmts, build, ct); !status) return tl::unexpected(status.error());

  std::vector<Atom> results = region.yields;
  for (std::size_t i = 0; i < inputs; ++i) {
    const Type type = fn.vars[region.params[i]].type;
    Atom bar = ct.find(region.params[i]).value_or(Atom::of(Literal::zero(type.elem)));
    if (bar.isLiteral) bar = build.splat(bar.literal, type);
    results.push_back(bar);
  }
  Substitution bind;
  Builder before(fn, out, vjp.span);
  for (std::size_t i = 0; i < inputs; ++i) {
    const Type type = fn.vars[region.params[i]].type;
    const Atom& a = vjp.args[i];
    bind.vars[region.params[i]] = a.isLiteral ? before.splat(a.literal, type) : a;
  }
  substitute(region.stmts, bind);
  substitute(backward, bind);
  for (Atom& r : results) r = bind.apply(r);
  for (std::size_t i = 0; i < region.yields.size(); ++i) {
    const Type type = fn.vars[vjp.results[i]].type;
    // Not every operand may be a literal.
    if (results[i].isLiteral) results[i] = build.splat(results[i].literal, type);
  }
  std::ranges::move(region.stmts, std::back_inserter(out));
  std::ranges::move(backward, std::back_inserter(out));
  return results;
}

}  // namespace fedc::transform
