#include "compiler/transform/simplify.h"

#include <algorithm>
#include <deque>
#include <iterator>

#include "compiler/core/internal_error.h"
#include "compiler/transform/rewrite.h"
#include "compiler/transform/simplify/control.h"
#include "compiler/transform/simplify/equal_statements.h"
#include "compiler/transform/simplify/rules.h"

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

const Stmt* Rewriter::def(const Atom& a, Op op) const {
  const Stmt* d = def(a);
  return d != nullptr && d->op == op ? d : nullptr;
}

std::optional<Literal> Rewriter::constant(const Atom& a) const {
  const auto u = uniform(a);
  return u && u->isLiteral ? std::optional(u->literal) : std::nullopt;
}

bool Rewriter::isConstant(const Atom& a, double value) const {
  const auto c = constant(a);
  return c && core::isNumeric(c->elem) && c->toDouble() == value;
}

std::optional<Atom> Rewriter::uniform(const Atom& a) const {
  if (a.isLiteral) return a;
  if (const Stmt* d = def(a, Op::Broadcast)) return uniform(d->args[0]);
  return typeOf(a).rank() == 0 ? std::optional(a) : std::nullopt;
}

double Rewriter::size(const Type& t) const {
  constexpr double kUnknown = 256;
  double size = 1;
  for (const Dim& d : t.dims) {
    const auto bound = d.upperBound([&](Dim::Variable v) { return fn.dims[v].bound; });
    size *= bound ? static_cast<double>(*bound) : kUnknown;
  }
  return size;
}

namespace {

// Variables, and the scalars that they are multiplied with in their own block.
using Scaled = std::unordered_map<Var, std::vector<Atom>>;

void collectScaled(const Fn& fn, const std::vector<Stmt>& stmts, std::span<const Var> params, std::unordered_map<Var, Atom>& repeated,
                   Scaled& scaled) {
  std::unordered_set<Var> here(params.begin(), params.end());
  const auto scalar = [&](const Atom& a) -> std::optional<Atom> {
    if (a.isLiteral || fn.vars[a.var].type.rank() == 0) return a;
    auto found = repeated.find(a.var);
    return found == repeated.end() ? std::nullopt : std::optional(found->second);
  };
  for (const Stmt& s : stmts) {
    for (const Region& r : s.regions) collectScaled(fn, r.stmts, r.params, repeated, scaled);
    if (s.op == Op::Broadcast)
      if (const auto source = scalar(s.args[0])) repeated[s.results[0]] = *source;
    if (s.op == Op::Mul) {
      for (std::size_t i = 0; i < 2; ++i) {
        const auto by = scalar(s.args[i]);
        const Atom& v = s.args[1 - i];
        if (by && !v.isLiteral && here.contains(v.var)) scaled[v.var].push_back(*by);
      }
    }
    here.insert(s.results.begin(), s.results.end());
  }
}

// One walk over a function: every statement meets every rule until none applies.
class Sweep final : public Rewriter {
 public:
  Sweep(Fn& function, SimplifyReport& report, std::vector<std::span<const SimplifyRule>> tables, bool exactOnly)
      : Rewriter(function, scratch_), scratch_(function, fresh_), report_(report), tables_(std::move(tables)), exactOnly_(exactOnly) {
    uses_ = useCounts(function);
    std::unordered_map<Var, Atom> repeated;
    if (!exactOnly) collectScaled(function, function.body, function.params, repeated, scaled_);
  }

  void run() {
    equal_.open();
    for (Var p : fn.params) block_[p] = current_;
    fn.body = block(std::move(fn.body));
    equal_.close();
    for (Atom& r : fn.results) r = names_.apply(r);
  }

  bool changed() const { return changed_; }

  const Stmt* def(const Atom& a) const override {
    if (a.isLiteral) return nullptr;
    auto found = defs_.find(a.var);
    return found == defs_.end() ? nullptr : found->second;
  }
  bool isOwn(const Atom& a) const override {
    if (a.isLiteral || a.var >= uses_.size() || uses_[a.var] != 1) return false;
    auto found = block_.find(a.var);
    return found != block_.end() && found->second == current_;
  }
  bool isScaled(const Atom& v, const Atom& scalar) const override {
    if (v.isLiteral) return false;
    auto found = block_.find(v.var);
    if (found == block_.end() || found->second != current_) return false;
    auto by = scaled_.find(v.var);
    return by != scaled_.end() && std::ranges::find(by->second, scalar) != by->second.end();
  }

 private:
  std::vector<Stmt> block(std::vector<Stmt> stmts) {
    std::deque<Stmt> work(std::make_move_iterator(stmts.begin()), std::make_move_iterator(stmts.end()));
    std::vector<Stmt> out;
    while (!work.empty()) {
      Stmt s = std::move(work.front());
      work.pop_front();
      substitute(s, names_);
      if (!s.regions.empty()) {
        region(std::move(s), work, out);
        continue;
      }
      if (s.op == Op::Check) {
        if (const auto c = constant(s.args[0]); c && c->bits != 0) {
          changed_ = true;
          continue;
        }
      }
      if (rewrite(s, work)) continue;
      if (nameLiterals(s, work)) continue;
      if (const Stmt* same = equal_.find(s)) {
        for (std::size_t i = 0; i < s.results.size(); ++i) names_.vars[s.results[i]] = Atom::of(same->results[i]);
        ++report_.fired["equal statements"];
        changed_ = true;
        continue;
      }
      keep(s);
      out.push_back(std::move(s));
    }
    return out;
  }

  // A scalar that became a literal where the op wants a variable (a factor of a product) gets a name again: the statements go back to work.
  bool nameLiterals(const Stmt& s, std::deque<Stmt>& work) {
    if (core::isElementwise(s.op) || s.op == Op::Broadcast || std::ranges::none_of(s.args, &Atom::isLiteral)) return false;
    std::vector<Type> types;
    if (!core::inferTypes(fn, s, types)) return false;
    Stmt named = s;
    fresh_.clear();
    scratch_.setSpan(s.span);
    for (Atom& a : named.args) {
      if (a.isLiteral) a = scratch_.splat(a.literal, {a.literal.elem, {}});
    }
    if (core::inferTypes(fn, named, types)) return false;
    work.push_front(std::move(named));
    work.insert(work.begin(), std::make_move_iterator(fresh_.begin()), std::make_move_iterator(fresh_.end()));
    fresh_.clear();
    return true;
  }

  void keep(const Stmt& s) {
    store_.push_back(s);
    const Stmt* kept = &store_.back();
    for (Var v : s.results) {
      defs_[v] = kept;
      block_[v] = current_;
    }
    equal_.insert(kept);
  }

  bool rewrite(const Stmt& s, std::deque<Stmt>& work) {
    if (s.results.size() != 1) return false;
    const Type type = fn.vars[s.results[0]].type;
    scratch_.setSpan(s.span);
    for (std::span<const SimplifyRule> table : tables_) {
      for (const SimplifyRule& rule : table) {
        if (rule.reassociates && exactOnly_) continue;
        fresh_.clear();
        std::optional<Atom> now = rule.apply(*this, s);
        if (!now) continue;
        if (now->isLiteral && type.rank() > 0) {
          const Literal value = now->literal;
          // A splat that stays as it is would be found again.
          if (s.op == Op::Broadcast) continue;
          now = scratch_.splat(value, type);
        }
        FEDC_REQUIRE(now->isLiteral ? now->literal.elem == type.elem : typeOf(*now) == type, rule.name);
        if (!now->isLiteral && !fn.vars[s.results[0]].name.empty() && fn.vars[now->var].name.empty())
          fn.vars[now->var].name = fn.vars[s.results[0]].name;
        names_.vars[s.results[0]] = *now;
        work.insert(work.begin(), std::make_move_iterator(fresh_.begin()), std::make_move_iterator(fresh_.end()));
        fresh_.clear();
        ++report_.fired[rule.name];
        report_.reassociated = report_.reassociated || rule.reassociates;
        changed_ = true;
        return true;
      }
    }
    return false;
  }

  // loop and cond: the rules on the statement itself, then its regions.
  void region(Stmt s, std::deque<Stmt>& work, std::vector<Stmt>& out) {
    std::vector<Stmt> before;
    Builder build(fn, before, s.span);
    ControlRewrite control = simplifyControl(build, s);
    if (control.rule.data() != nullptr) {
      changed_ = true;
      ++report_.fired[control.rule];
      for (const auto& [v, now] : control.names) names_.vars[v] = now;
      if (!control.gone) before.push_back(std::move(s));
      work.insert(work.begin(), std::make_move_iterator(before.begin()), std::make_move_iterator(before.end()));
      return;
    }
    const int outer = current_;
    for (Region& r : s.regions) {
      current_ = ++blocks_;
      for (Var p : r.params) block_[p] = current_;
      equal_.open();
      r.stmts = block(std::move(r.stmts));
      equal_.close();
      for (Atom& y : r.yields) y = names_.apply(y);
    }
    current_ = outer;
    for (Var v : s.results) block_[v] = current_;
    out.push_back(std::move(s));
  }

  std::vector<Stmt> fresh_;
  Builder scratch_;
  SimplifyReport& report_;
  std::vector<std::span<const SimplifyRule>> tables_;
  bool exactOnly_;
  Scaled scaled_;
  std::vector<int> uses_;
  Substitution names_;
  // Definitions as they were kept; addresses are stable.
  std::deque<Stmt> store_;
  std::unordered_map<Var, const Stmt*> defs_;
  std::unordered_map<Var, int> block_;
  EqualStatements equal_;
  int current_ = 0, blocks_ = 0;
  bool changed_ = false;
};

void fixpoint(Fn& fn, SimplifyReport& report, const std::vector<std::span<const SimplifyRule>>& tables, bool exactOnly) {
  // Every rule makes the program smaller or moves work to smaller values; the limit is against a rule that does not.
  constexpr int kMostSweeps = 200;
  for (int i = 0; i < kMostSweeps; ++i) {
    bool changed = foldDims(fn);
    Sweep sweep(fn, report, tables, exactOnly);
    sweep.run();
    changed = sweep.changed() || changed;
    changed = eliminateDead(fn) || changed;
    if (!changed) return;
  }
  FEDC_REQUIRE(false, "simplify finds no fixed point");
}

}  // namespace

SimplifyReport simplifyReported(Fn& fn, bool exactOnly) {
  SimplifyReport report;
  fixpoint(fn, report, {constantRules(), identityRules(), shapeRules(), productRules(), linearRules()}, exactOnly);
  if (!exactOnly) fixpoint(fn, report, {constantRules(), identityRules(), shapeRules(), productRules(), linearRules(), fmaRules()}, exactOnly);
  return report;
}

void simplify(core::Module&, Fn& fn) { simplifyReported(fn); }

}  // namespace fedc::transform
