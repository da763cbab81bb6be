#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compiler/core/native.h"
#include "compiler/core/op_table.h"
#include "compiler/core/ops/groups.h"
#include "compiler/core/text.h"
#include "compiler/support/limits.h"

namespace fedc::core {

namespace {

/// Ops that may handle keys: random ones, and those that only move values.
bool mayUseKeys(Op op) {
  switch (op) {
    case Op::Select:
    case Op::StopGradient:
    case Op::Broadcast:
    case Op::Reshape:
    case Op::Transpose:
    case Op::Slice:
    case Op::Reverse:
    case Op::Cross:
    case Op::DynamicSlice:
    case Op::UpdateSlice:
    case Op::Concat:
    case Op::Gather:
    case Op::Scatter:
    case Op::Pick:
    case Op::Split:
    case Op::FoldIn:
    case Op::RandomBits:
    case Op::Permutation:
    case Op::Loop:
    case Op::Cond:
    case Op::Trace:
    case Op::Vmap: return true;
    default: return false;
  }
}

bool isTransform(Op op) { return op == Op::Vjp || op == Op::Jvp || op == Op::Vmap || op == Op::Checkpoint; }

class Verifier {
 public:
  Verifier(const Module& module, const Fn& fn, VerifyOptions options)
      : module_(module), fn_(fn), options_(options), vars_(fn.vars.size(), State::Unseen), dims_(fn.dims.size(), State::Unseen) {}

  Problem run() {
    for (Dim::Variable d : fn_.dimParams) {
      if (auto p = defineDim(d)) return p;
    }
    for (Var v : fn_.params) {
      if (auto p = define(v)) return p;
    }
    if (auto p = stmts(fn_.body)) return p;
    if (fn_.results.size() != fn_.resultTypes.size()) return fmt::format("{} results, {} result types", fn_.results.size(), fn_.resultTypes.size());
    for (std::size_t i = 0; i < fn_.results.size(); ++i) {
      if (auto p = use(fn_.results[i])) return "return: " + *p;
      if (auto p = dimsInScope(fn_.resultTypes[i])) return "return: " + *p;
      const Type t = typeOfAtom(fn_, fn_.results[i]);
      if (fn_.results[i].isLiteral ? t.elem != fn_.resultTypes[i].elem : t != fn_.resultTypes[i]) {
        return fmt::format("return: result {} is {}, not {}", i, show(fn_, t), show(fn_, fn_.resultTypes[i]));
      }
    }
    for (const auto& [param, result] : fn_.inPlace) {
      const bool fits = param >= 0 && result >= 0 && static_cast<std::size_t>(param) < fn_.params.size() &&
                        static_cast<std::size_t>(result) < fn_.results.size() &&
                        fn_.typeOf(fn_.params[static_cast<std::size_t>(param)]) == fn_.resultTypes[static_cast<std::size_t>(result)];
      if (!fits) return fmt::format("inplace: parameter {} cannot become result {}", param, result);
    }
    return std::nullopt;
  }

 private:
  enum class State : std::uint8_t { Unseen, InScope, Left };

  Problem define(Var v) {
    if (v >= vars_.size()) return fmt::format("defines variable {} of {}", v, vars_.size());
    if (vars_[v] != State::Unseen) return fmt::format("defines `{}` a second time", fn_.vars[v].name);
    vars_[v] = State::InScope;
    scope_.push_back(v);
    return dimsInScope(fn_.typeOf(v));
  }

  Problem defineDim(Dim::Variable d) {
    if (d >= dims_.size()) return fmt::format("defines dimension {} of {}", d, dims_.size());
    if (dims_[d] != State::Unseen) return fmt::format("defines dimension `{}` a second time", fn_.dims[d].name);
    dims_[d] = State::InScope;
    dimScope_.push_back(d);
    return std::nullopt;
  }

  Problem use(const Atom& a) const {
    if (a.isLiteral) return std::nullopt;
    if (a.var >= vars_.size()) return fmt::format("uses variable {} of {}", a.var, vars_.size());
    if (vars_[a.var] == State::InScope) return std::nullopt;
    return fmt::format("uses `{}` {}", fn_.vars[a.var].name, vars_[a.var] == State::Left ? "outside of its region" : "before its definition");
  }

  Problem dimsInScope(const Dim& d) const {
    for (Dim::Variable v : d.variables()) {
      if (v >= dims_.size() || dims_[v] != State::InScope) return fmt::format("{} mentions a dimension that is not in scope", show(fn_, d));
    }
    return std::nullopt;
  }
  Problem dimsInScope(const Type& t) const {
    for (const Dim& d : t.dims) {
      if (auto p = dimsInScope(d)) return p;
    }
    return std::nullopt;
  }

  Problem stmts(const std::vector<Stmt>& list) {
    for (const Stmt& s : list) {
      if (auto p = stmt(s)) {
        // The innermost statement is the culprit; outer ones pass the message on.
        if (located_) return p;
        located_ = true;
        return fmt::format("in `{}`: {}", print(fn_, s), *p);
      }
    }
    return std::nullopt;
  }

  Problem stmt(const Stmt& s) {
    for (const Atom& a : s.args) {
      if (auto p = use(a)) return p;
      if (typeOfAtom(fn_, a).elem == Elem::Key && !mayUseKeys(s.op) && !(isTransform(s.op))) return "a key may only be used by random operations";
    }
    for (const auto* list : {&s.attrs.dims, &s.attrs.starts}) {
      for (const Dim& d : *list) {
        if (auto p = dimsInScope(d)) return p;
      }
    }
    if (auto p = dimsInScope(s.attrs.extent)) return p;
    if (options_.transformed && isTransform(s.op)) return "a transform is left after `differentiate`";
    if (s.op == Op::Reduce || s.op == Op::Contract) {
      if (options_.ordered && !s.attrs.order) return "has no order after pass `order`";
      if (!options_.ordered && s.attrs.order) return "has an order before pass `order`";
      if (s.attrs.order && s.attrs.order->parts < 1) return "an order of no parts";
    }
    if ((s.op == Op::Check || s.op == Op::Trace) && s.attrs.site >= module_.sites.size())
      return fmt::format("site {} of {}", s.attrs.site, module_.sites.size());
    if (s.attrs.native) {
      const bool isKnown =
          std::any_of(module_.natives.begin(), module_.natives.end(), [&](const NativeItem& n) { return n.native == s.attrs.native; });
      if (!isKnown) return fmt::format("the module has no native function `{}`", s.attrs.native->name);
    }
    if (auto p = regions(s)) return p;
    if (s.op != Op::Loop && s.attrs.defines) {
      if (auto p = defineDim(*s.attrs.defines)) return p;
    }
    std::vector<Type> types;
    if (auto p = inferTypes(fn_, s, types)) return p;
    if (types.size() != s.results.size()) return fmt::format("{} results instead of {}", s.results.size(), types.size());
    for (std::size_t i = 0; i < types.size(); ++i) {
      if (auto p = define(s.results[i])) return p;
      if (fn_.typeOf(s.results[i]) != types[i])
        return fmt::format("result {} is {}, should be {}", i, show(fn_, fn_.typeOf(s.results[i])), show(fn_, types[i]));
    }
    return std::nullopt;
  }

  Problem regions(const Stmt& s) {
    for (const Region& r : s.regions) {
      const std::size_t vars = scope_.size(), dims = dimScope_.size();
      // Parameters belong to the outside as far as dims go: carries and rows keep one type from run to run.
      for (Var v : r.params) {
        if (auto p = define(v)) return p;
      }
      if (s.op == Op::Loop && s.attrs.defines) {
        if (auto p = defineDim(*s.attrs.defines)) return p;
      }
      if (auto p = stmts(r.stmts)) return p;
      for (const Atom& y : r.yields) {
        if (auto p = use(y)) return "yield: " + *p;
      }
      while (scope_.size() > vars) {
        vars_[scope_.back()] = State::Left;
        scope_.pop_back();
      }
      while (dimScope_.size() > dims) {
        dims_[dimScope_.back()] = State::Left;
        dimScope_.pop_back();
      }
      for (const Atom& y : r.yields) {
        if (auto p = dimsInScope(typeOfAtom(fn_, y))) return "yield: " + *p;
      }
    }
    return std::nullopt;
  }

  const Module& module_;
  const Fn& fn_;
  VerifyOptions options_;
  std::vector<State> vars_, dims_;
  std::vector<Var> scope_;
  std::vector<Dim::Variable> dimScope_;
  bool located_ = false;
};

void collectKeyUses(const Fn& fn, const std::vector<Stmt>& stmts, std::map<Var, Span>& first, std::vector<KeyReuse>& reuses) {
  for (const Stmt& s : stmts) {
    if ((s.op == Op::Split || s.op == Op::Permutation || s.op == Op::RandomBits) && !s.args[0].isLiteral) {
      const auto [place, fresh] = first.emplace(s.args[0].var, s.span);
      if (!fresh) reuses.push_back(KeyReuse{fn.vars[s.args[0].var].name, place->second, s.span});
    }
    if (s.op == Op::Cond && s.regions.size() == 2) {
      // Only one arm runs: both may use the same key.
      std::map<Var, Span> other = first;
      collectKeyUses(fn, s.regions[0].stmts, first, reuses);
      collectKeyUses(fn, s.regions[1].stmts, other, reuses);
      first.merge(other);
      continue;
    }
    for (const Region& r : s.regions) collectKeyUses(fn, r.stmts, first, reuses);
  }
}

}  // namespace

std::optional<std::string> verify(const Module& module, const Fn& fn, VerifyOptions options) {
  try {
    if (auto p = Verifier(module, fn, options).run()) return fmt::format("`{}`: {}", fn.name, *p);
    return std::nullopt;
  } catch (const Overgrown& limit) {
    return fmt::format("`{}`: {}", fn.name, limit.what);
  }
}

std::optional<std::string> verify(const Module& module, VerifyOptions options) {
  for (const NativeItem& item : module.natives) {
    if (!item.derivative) continue;
    if (auto p = verify(module, *item.derivative, options)) return p;
  }
  for (const Fn& fn : module.fns) {
    if (auto p = verify(module, fn, options)) return p;
  }
  return std::nullopt;
}

std::vector<KeyReuse> keyReuses(const Fn& fn) {
  std::map<Var, Span> first;
  std::vector<KeyReuse> reuses;
  collectKeyUses(fn, fn.body, first, reuses);
  return reuses;
}

}  // namespace fedc::core
