#include "compiler/transform/differentiate.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "compiler/core/builder.h"
#include "compiler/core/op.h"
#include "compiler/transform/forward.h"
#include "compiler/transform/reverse.h"
#include "compiler/transform/rewrite.h"
#include "compiler/transform/transform_error.h"
#include "compiler/transform/vmap.h"

namespace fedc::transform {

using core::Atom;
using core::Fn;
using core::Op;
using core::Region;
using core::Stmt;

tl::unexpected<Diagnostic> noDerivative(const Stmt& op, std::string_view reason, Span site) {
  const Span place = op.span.isValid() ? op.span : site;
  Diagnostic d(Code::NoDerivative, place, fmt::format("`{}` has no derivative: {}", core::opName(op.op), reason));
  if (site.isValid() && site != place) d.labels.push_back({site, "differentiated here"});
  return tl::unexpected<Diagnostic>(std::move(d));
}

namespace {

class Differentiate {
 public:
  Differentiate(const core::Module& module, Fn& fn) : module_(module), fn_(fn) {}

  Expected<void, Diagnostic> run(std::vector<Stmt>& stmts) {
    std::vector<Stmt> out;
    for (Stmt& s : stmts) {
      substitute(s, names_);
      for (Region& r : s.regions) {
        if (auto inner = run(r.stmts); !inner) return inner;
        for (Atom& y : r.yields) y = names_.apply(y);
      }
      if (s.op != Op::Vjp && s.op != Op::Jvp && s.op != Op::Vmap) {
        out.push_back(std::move(s));
        continue;
      }
      const std::vector<core::Var> results = s.results;
      auto now = s.op == Op::Vjp   ? expandVjp(module_, fn_, std::move(s), out)
                 : s.op == Op::Jvp ? expandJvp(module_, fn_, std::move(s), out)
                                   : expandVmap(fn_, std::move(s), out);
      if (!now) return tl::unexpected(now.error());
      for (std::size_t i = 0; i < results.size(); ++i) names_.vars[results[i]] = (*now)[i];
    }
    stmts = std::move(out);
    return {};
  }

  // What only had a meaning for derivatives: the region of a checkpoint moves out, stop_gradient is the identity.
  void erase(std::vector<Stmt>& stmts) {
    std::vector<Stmt> out;
    for (Stmt& s : stmts) {
      substitute(s, names_);
      for (Region& r : s.regions) {
        erase(r.stmts);
        for (Atom& y : r.yields) y = names_.apply(y);
      }
      // Not every operand may be a literal.
      const auto replace = [&](core::Var result, const Atom& by) {
        names_.vars[result] = by.isLiteral ? core::Builder(fn_, out, s.span).splat(by.literal, fn_.typeOf(result)) : by;
      };
      if (s.op == Op::StopGradient) {
        replace(s.results[0], s.args[0]);
      } else if (s.op == Op::Checkpoint) {
        std::ranges::move(s.regions[0].stmts, std::back_inserter(out));
        for (std::size_t i = 0; i < s.results.size(); ++i) replace(s.results[i], s.regions[0].yields[i]);
      } else {
        out.push_back(std::move(s));
      }
    }
    stmts = std::move(out);
  }

  void finish() {
    for (Atom& r : fn_.results) r = names_.apply(r);
  }

 private:
  const core::Module& module_;
  Fn& fn_;
  Substitution names_;
};

}  // namespace

Expected<void, Diagnostic> differentiate(core::Module& module, Fn& fn) {
  Differentiate pass(module, fn);
  if (auto done = pass.run(fn.body); !done) return done;
  pass.erase(fn.body);
  pass.finish();
  eliminateDead(fn);
  return {};
}

}  // namespace fedc::transform
