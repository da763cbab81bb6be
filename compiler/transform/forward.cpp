#include "compiler/transform/forward.h"

#include <algorithm>
#include <iterator>

#include "compiler/core/internal_error.h"
#include "compiler/core/op_table.h"
#include "compiler/transform/activity.h"
#include "compiler/transform/native.h"
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

class Forward {
 public:
  Forward(const core::Module& module, Fn& fn, VarSet active, Span site) : module_(module), fn_(fn), active_(std::move(active)), site_(site) {}

  bool active(const Atom& a) const { return !a.isLiteral && active_.contains(a.var); }
  void setTangent(Var v, const Atom& t) { tangents_[v] = t; }

  /// Of a value of the variable's type: a literal zero where nothing flows.
  Atom tangent(const Atom& a, core::Elem elem) const {
    if (!a.isLiteral)
      if (auto found = tangents_.find(a.var); found != tangents_.end()) return found->second;
    return Atom::of(Literal::zero(elem));
  }

  Status run(std::vector<Stmt>& stmts, std::vector<Stmt>& out) {
    for (Stmt& s : stmts) {
      const bool on = std::ranges::any_of(s.results, [&](Var r) { return active_.contains(r); });
      if (!on) {
        out.push_back(std::move(s));
        continue;
      }
      Status status;
      switch (s.op) {
        case Op::Loop: status = loop(s, out); break;
        case Op::Cond:
        case Op::Checkpoint: status = branches(s, out); break;
        case Op::NativeMap:
        case Op::NativeCall: status = native(s, out); break;
        default: status = simple(s, out); break;
      }
      if (!status) return status;
    }
    return {};
  }

 private:
  bool hasTangent(const Atom& a) const { return active(a) && tangents_.contains(a.var); }

  // A tangent as operand of any rule: literals are for elementwise ops on scalars.
  Atom materialise(Builder& build, const Atom& a, const Type& type, bool isElementwise = false) const {
    return a.isLiteral && (type.rank() > 0 || !isElementwise) ? build.splat(a.literal, type) : a;
  }

  Status simple(Stmt& s, std::vector<Stmt>& out) {
    out.push_back(s);
    Builder build(fn_, out, s.span);
    const core::OpRow& row = core::opRow(s.op);
    std::vector<Atom> results;
    for (Var r : s.results) results.push_back(Atom::of(r));
    core::DerivativeContext context{build, s, s.args, results};
    std::vector<std::optional<Atom>> tangents(s.args.size());
    bool any = false;
    for (std::size_t i = 0; i < s.args.size(); ++i) {
      if (!hasTangent(s.args[i]) || !differentiableOperand(fn_, s, i)) continue;
      tangents[i] = materialise(build, tangents_.at(s.args[i].var), fn_.vars[s.args[i].var].type, core::isElementwise(s.op));
      any = true;
    }
    if (!any) return {};
    if (const auto* none = std::get_if<core::NoDerivative>(&row.derivative)) return noDerivative(s, none->reason, site_);
    if (const auto* rule = std::get_if<core::Rule>(&row.derivative)) {
      std::vector<std::optional<Atom>> given = rule->jvp(context, tangents);
      for (std::size_t i = 0; i < given.size(); ++i)
        if (given[i]) setTangent(s.results[i], *given[i]);
      return {};
    }
    FEDC_REQUIRE(s.results.size() == 1, "rows other than Rule have one result");
    const Var result = s.results[0];
    if (std::holds_alternative<core::Linear>(row.derivative)) {
      setTangent(result, linear(s, build, tangents));
      return {};
    }
    std::optional<Atom> sum;
    auto give = [&](const Atom& term) { sum = sum ? build.add(*sum, term) : term; };
    for (std::size_t i = 0; i < s.args.size(); ++i) {
      if (!tangents[i]) continue;
      if (const auto* partials = std::get_if<core::Partials>(&row.derivative)) {
        std::optional<Atom> p = partials->partial(context, static_cast<int>(i));
        if (!p) continue;
        const bool isOne = p->isLiteral && p->literal == Literal::one(fn_.vars[result].type.elem);
        give(isOne ? *tangents[i] : build.mul(*tangents[i], *p));
      } else {
        FEDC_REQUIRE(std::holds_alternative<core::Bilinear>(row.derivative), "a derivative of another kind");
        // In operand 0 or 1 alone; the optional start value (operand 2) is linear by itself.
        if (i >= 2) {
          give(*tangents[i]);
          continue;
        }
        std::vector<Atom> args(s.args.begin(), s.args.begin() + 2);
        args[i] = *tangents[i];
        core::Attrs attrs = s.attrs;
        give(build.emit1(s.op, std::move(args), std::move(attrs)));
      }
    }
    if (sum) setTangent(result, *sum);
    return {};
  }

  Status native(const Stmt& s, std::vector<Stmt>& out) {
    out.push_back(s);
    Builder build(fn_, out, s.span);
    std::vector<std::optional<Atom>> tangents(s.args.size());
    bool any = false;
    for (std::size_t i = 0; i < s.args.size(); ++i) {
      if (!hasTangent(s.args[i])) continue;
      tangents[i] = materialise(build, tangents_.at(s.args[i].var), fn_.vars[s.args[i].var].type);
      any = true;
    }
    if (!any) return {};
    auto tangent = nativeTangent(module_, build, s, tangents, site_);
    if (!tangent) return tl::unexpected(tangent.error());
    setTangent(s.results[0], *tangent);
    return {};
  }

  // The op itself on tangents; operands without one are zero.
  Atom linear(const Stmt& s, Builder& build, const std::vector<std::optional<Atom>>& tangents) {
    std::vector<Atom> args = s.args;
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (tangents[i]) {
        args[i] = *tangents[i];
        continue;
      }
      const auto& operands = std::get<core::Linear>(core::opRow(s.op).derivative).operands;
      const bool isLinear = operands.empty() || std::ranges::find(operands, static_cast<int>(i)) != operands.end();
      if (!isLinear) continue;
      const Type type = build.typeOf(args[i]);
      args[i] = materialise(build, Atom::of(Literal::zero(type.elem)), type, core::isElementwise(s.op) || s.args[i].isLiteral);
    }
    return build.emit1(s.op, std::move(args), s.attrs);
  }

  Status loop(Stmt& s, std::vector<Stmt>& out) {
    Region& body = s.regions[0];
    const std::size_t carries = static_cast<std::size_t>(s.attrs.carries);
    const std::vector<Atom> args = s.args;
    const std::vector<Var> params = body.params, results = s.results;
    std::vector<Atom> rowArgs(args.begin() + s.attrs.carries, args.end());
    std::vector<Var> rowParams(params.begin() + s.attrs.carries, params.end());
    std::vector<Var> stacks(results.begin() + s.attrs.carries, results.end());
    Builder before(fn_, out, s.span);
    s.args.resize(carries);
    body.params.resize(carries);
    s.results.resize(carries);
    std::vector<std::size_t> doubled;
    for (std::size_t i = 0; i < carries; ++i) {
      if (!active_.contains(params[i])) continue;
      doubled.push_back(i);
      const Type type = fn_.vars[params[i]].type;
      s.args.push_back(tangent(args[i], type.elem));
      body.params.push_back(fn_.newVar(type));
      s.results.push_back(fn_.newVar(type));
      setTangent(params[i], Atom::of(body.params.back()));
      setTangent(results[i], Atom::of(s.results.back()));
    }
    s.attrs.carries = static_cast<int>(s.args.size());
    s.args.insert(s.args.end(), rowArgs.begin(), rowArgs.end());
    body.params.insert(body.params.end(), rowParams.begin(), rowParams.end());
    for (std::size_t i = 0; i < rowArgs.size(); ++i) {
      if (!hasTangent(rowArgs[i]) || !active_.contains(rowParams[i])) continue;
      s.args.push_back(materialise(before, tangents_.at(rowArgs[i].var), fn_.vars[rowArgs[i].var].type));
      body.params.push_back(fn_.newVar(fn_.vars[rowParams[i]].type));
      setTangent(rowParams[i], Atom::of(body.params.back()));
    }
    std::vector<Stmt> inner;
    if (Status status = run(body.stmts, inner); !status) return status;
    body.stmts = std::move(inner);
    const std::vector<Atom> yields = body.yields;
    body.yields.resize(carries);
    for (std::size_t i : doubled) body.yields.push_back(tangent(yields[i], fn_.vars[params[i]].type.elem));
    for (std::size_t i = 0; i < stacks.size(); ++i) {
      body.yields.push_back(yields[carries + i]);
      s.results.push_back(stacks[i]);
    }
    for (std::size_t i = 0; i < stacks.size(); ++i) {
      const Atom& y = yields[carries + i];
      if (!active_.contains(stacks[i]) || !hasTangent(y)) continue;
      Builder inside(fn_, body.stmts, s.span);
      body.yields.push_back(materialise(inside, tangents_.at(y.var), fn_.vars[y.var].type));
      s.results.push_back(fn_.newVar(fn_.vars[stacks[i]].type));
      setTangent(stacks[i], Atom::of(s.results.back()));
    }
    out.push_back(std::move(s));
    return {};
  }

  // cond and checkpoint: each region also yields the tangents of its yields.
  Status branches(Stmt& s, std::vector<Stmt>& out) {
    for (Region& r : s.regions) {
      std::vector<Stmt> inner;
      if (Status status = run(r.stmts, inner); !status) return status;
      r.stmts = std::move(inner);
    }
    const std::size_t results = s.results.size();
    for (std::size_t i = 0; i < results; ++i) {
      if (!active_.contains(s.results[i])) continue;
      if (std::ranges::none_of(s.regions, [&](const Region& r) { return hasTangent(r.yields[i]); })) continue;
      const Type type = fn_.vars[s.results[i]].type;
      for (Region& r : s.regions) r.yields.push_back(tangent(r.yields[i], type.elem));
      s.results.push_back(fn_.newVar(type));
      setTangent(s.results[i], Atom::of(s.results.back()));
    }
    out.push_back(std::move(s));
    return {};
  }

  const core::Module& module_;
  Fn& fn_;
  VarSet active_;
  Span site_;
  std::unordered_map<Var, Atom> tangents_;
};

}  // namespace

Expected<std::vector<Atom>, Diagnostic> expandJvp(const core::Module& module, Fn& fn, Stmt jvp, std::vector<Stmt>& out) {
  Region& region = jvp.regions[0];
  const std::size_t inputs = static_cast<std::size_t>(jvp.attrs.carries);
  const std::size_t outputs = region.yields.size() - static_cast<std::size_t>(jvp.attrs.auxiliary);
  FEDC_REQUIRE(jvp.args.size() == 2 * inputs && jvp.results.size() == region.yields.size() + outputs, "the form of jvp");

  VarSet active(region.params.begin(), region.params.end());
  flowForward(fn, region.stmts, active);
  VarSet reached;
  for (std::size_t i = 0; i < outputs; ++i)
    if (!region.yields[i].isLiteral && active.contains(region.yields[i].var)) reached.insert(region.yields[i].var);
  flowBackward(fn, region.stmts, active, reached);
  std::erase_if(active, [&](Var v) { return !reached.contains(v); });

  Forward forward(module, fn, active, jvp.span);
  for (std::size_t i = 0; i < inputs; ++i)
    if (active.contains(region.params[i])) forward.setTangent(region.params[i], jvp.args[inputs + i]);
  std::vector<Stmt> stmts;
  if (Status status = forward.run(region.stmts, stmts); !status) return tl::unexpected(status.error());

  std::vector<Atom> results = region.yields;
  for (std::size_t i = 0; i < outputs; ++i) {
    const core::Elem elem = fn.vars[jvp.results[region.yields.size() + i]].type.elem;
    results.push_back(forward.tangent(region.yields[i], elem));
  }
  Builder build(fn, stmts, jvp.span);
  Substitution bind;
  Builder before(fn, out, jvp.span);
  for (std::size_t i = 0; i < inputs; ++i) {
    const Type type = fn.vars[region.params[i]].type;
    const Atom& a = jvp.args[i];
    bind.vars[region.params[i]] = a.isLiteral ? before.splat(a.literal, type) : a;
  }
  substitute(stmts, bind);
  for (std::size_t i = 0; i < results.size(); ++i) {
    results[i] = bind.apply(results[i]);
    const Type type = fn.vars[jvp.results[i]].type;
    // Not every operand may be a literal.
    if (results[i].isLiteral) results[i] = build.splat(results[i].literal, type);
  }
  std::ranges::move(stmts, std::back_inserter(out));
  return results;
}

}  // namespace fedc::transform
