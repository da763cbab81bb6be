#include "compiler/transform/native.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "compiler/core/internal_error.h"
#include "compiler/core/native.h"
#include "compiler/transform/reverse.h"
#include "compiler/transform/rewrite.h"
#include "compiler/transform/transplant.h"
#include "compiler/transform/vmap.h"

namespace fedc::transform {

using core::Atom;
using core::Builder;
using core::Elem;
using core::Fn;
using core::Literal;
using core::Op;
using core::Region;
using core::Stmt;
using core::Type;
using core::Var;

namespace {

using Atoms = Expected<std::vector<Atom>, Diagnostic>;

Expected<const Fn*, Diagnostic> derivativeOf(const core::Module& module, const Stmt& s, Span site) {
  const core::Native& native = *s.attrs.native;
  const auto item = std::ranges::find_if(module.natives, [&](const core::NativeItem& n) { return n.native == s.attrs.native; });
  FEDC_REQUIRE(item != module.natives.end(), "a native function that the module does not have");
  const auto refuse = [&](const std::string& message) {
    const Span place = s.span.isValid() ? s.span : site;
    Diagnostic d(Code::NoDerivative, place, message);
    d.primaryLabel = "its derivative is needed";
    if (site.isValid() && site != place) d.labels.push_back({site, "differentiated here"});
    if (native.span.isValid()) d.labels.push_back({native.span, "declared here"});
    return d;
  };
  if (!item->derivative) {
    Diagnostic d = refuse(fmt::format("the native function `{}` has no derivative", native.name));
    d.notes.push_back(fmt::format("what a plugin computes is not known here; beside its declaration, `{}` says it", native.derivativeForm));
    return tl::unexpected(std::move(d));
  }
  bool isDone = true;
  forEachStmt(item->derivative->body, [&](const Stmt& inner) {
    isDone = isDone && inner.op != Op::Vjp && inner.op != Op::Jvp && inner.op != Op::Vmap && inner.op != Op::Checkpoint;
  });
  if (!isDone) return tl::unexpected(refuse(fmt::format("the derivative of `{}` differentiates `{}` itself", native.name, native.name)));
  return &*item->derivative;
}

/// What the function's sizes are for operands of these types.
std::map<Dim::Variable, Dim> sizesOf(const Fn& d, const std::vector<Type>& types) {
  std::map<Dim::Variable, Dim> dims;
  for (bool found = true; found;) {
    found = false;
    for (std::size_t i = 0; i < types.size(); ++i) {
      const Type& declared = d.typeOf(d.params[i]);
      for (std::size_t axis = 0; axis < declared.dims.size(); ++axis) {
        const Dim partly = declared.dims[axis].substitute([&](Dim::Variable v) {
          const auto known = dims.find(v);
          return known == dims.end() ? std::nullopt : std::optional(known->second);
        });
        for (const Dim::Variable v : declared.dims[axis].variables()) {
          if (dims.contains(v)) continue;
          if (auto solved = partly.solveFor(v, types[i].dims[axis])) {
            dims.emplace(v, *solved);
            found = true;
          }
        }
      }
    }
  }
  FEDC_REQUIRE(std::ranges::all_of(d.dimParams, [&](Dim::Variable v) { return dims.contains(v); }), "a size that no operand tells");
  return dims;
}

/// The function's statements, for these operands, in `stmts`; what it gives.
std::vector<Atom> inlined(const Fn& d, Fn& fn, const std::vector<Atom>& operands, std::vector<Stmt>& stmts) {
  std::vector<Type> types;
  std::map<Var, Atom> vars;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    types.push_back(fn.typeOf(operands[i].var));
    vars[d.params[i]] = operands[i];
  }
  std::map<Dim::Variable, Dim> dims = sizesOf(d, types);
  for (const Stmt& s : d.body) stmts.push_back(transplant(d, s, fn, vars, dims));
  std::vector<Atom> results;
  for (const Atom& r : d.results) results.push_back(r.isLiteral ? r : vars.at(r.var));
  return results;
}

/// A function of scalars on each element of operands of one shape.
Atoms mapped(const Fn& d, Builder& build, const std::vector<Atom>& operands) {
  Fn& fn = build.fn();
  const std::vector<Dim> shape = fn.typeOf(operands[0].var).dims;
  if (shape.empty()) return inlined(d, fn, operands, build.stmts());
  const auto params = [&](std::size_t from) {
    std::vector<Var> out;
    for (const Atom& a : operands)
      out.push_back(fn.newVar(Type{fn.typeOf(a.var).elem, {shape.begin() + static_cast<std::ptrdiff_t>(from), shape.end()}}));
    return out;
  };
  Region region;
  region.params = params(shape.size());
  std::vector<Atom> scalars;
  for (const Var v : region.params) scalars.push_back(Atom::of(v));
  region.yields = inlined(d, fn, scalars, region.stmts);
  // One axis after the other, the innermost first; the outermost has the operands themselves.
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    Stmt map;
    map.op = Op::Vmap;
    map.span = build.span();
    map.attrs.extent = shape[axis];
    const std::vector<Var> rows = axis == 0 ? std::vector<Var>() : params(axis);
    for (const Var v : rows) map.args.push_back(Atom::of(v));
    if (axis == 0) map.args = operands;
    for (const Type& t : d.resultTypes)
      map.results.push_back(fn.newVar(Type{t.elem, {shape.begin() + static_cast<std::ptrdiff_t>(axis), shape.end()}}));
    map.regions.push_back(std::move(region));
    std::vector<Stmt> out;
    auto results = expandVmap(fn, std::move(map), out);
    if (!results) return results;
    region = Region{rows, std::move(out), std::move(*results)};
  }
  std::ranges::move(region.stmts, std::back_inserter(build.stmts()));
  return region.yields;
}

/// By operand: its place among the float operands, which are what derivatives speak of.
std::vector<std::optional<std::size_t>> places(const Fn& fn, const Stmt& s) {
  std::vector<std::optional<std::size_t>> out;
  std::size_t next = 0;
  for (const Atom& a : s.args) out.push_back(core::isFloat(fn.typeOf(a.var).elem) ? std::optional(next++) : std::nullopt);
  return out;
}

Atom converted(Builder& build, const Atom& a, Elem to) { return build.typeOf(a).elem == to ? a : build.convert(a, to); }

}  // namespace

Expected<std::vector<std::optional<Atom>>, Diagnostic> nativeCotangents(const core::Module& module, Builder& build, const Stmt& stmt,
                                                                        const Atom& cotangent, Span site) {
  auto d = derivativeOf(module, stmt, site);
  if (!d) return tl::unexpected(d.error());
  // A scalar's may be a literal.
  const Type type = build.fn().typeOf(stmt.results[0]);
  const Atom given = cotangent.isLiteral ? build.splat(cotangent.literal, type) : cotangent;
  std::vector<std::optional<Atom>> out(stmt.args.size());
  const auto place = places(build.fn(), stmt);
  std::vector<Atom> operands = stmt.args;
  if (stmt.op == Op::NativeCall) {
    operands.push_back(given);
    const std::vector<Atom> results = inlined(**d, build.fn(), operands, build.stmts());
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (!place[i]) continue;
      const Atom& r = results[*place[i]];
      out[i] = r.isLiteral ? build.splat(r.literal, build.fn().typeOf(stmt.args[i].var)) : r;
    }
    return out;
  }
  auto partials = mapped(**d, build, operands);
  if (!partials) return tl::unexpected(partials.error());
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (place[i]) out[i] = converted(build, build.mul(given, (*partials)[*place[i]]), build.fn().typeOf(stmt.args[i].var).elem);
  }
  return out;
}

Expected<Atom, Diagnostic> nativeTangent(const core::Module& module, Builder& build, const Stmt& stmt,
                                         const std::vector<std::optional<Atom>>& tangents, Span site) {
  auto d = derivativeOf(module, stmt, site);
  if (!d) return tl::unexpected(d.error());
  Fn& fn = build.fn();
  const Type type = fn.typeOf(stmt.results[0]);
  const auto place = places(fn, stmt);
  if (stmt.op == Op::NativeMap) {
    auto partials = mapped(**d, build, stmt.args);
    if (!partials) return tl::unexpected(partials.error());
    std::optional<Atom> sum;
    for (std::size_t i = 0; i < tangents.size(); ++i) {
      if (!tangents[i] || !place[i]) continue;
      // The first factor has the shape.
      const Atom t = tangents[i]->isLiteral ? build.splat(tangents[i]->literal, fn.typeOf(stmt.args[i].var)) : *tangents[i];
      const Atom term = build.mul(converted(build, t, type.elem), (*partials)[*place[i]]);
      sum = sum ? build.add(*sum, term) : term;
    }
    FEDC_REQUIRE(sum.has_value(), "a tangent of nothing");
    return *sum;
  }
  // The declared map from the result's cotangent to the operands' is linear: its transpose, at any cotangent, takes tangents forward.
  Stmt vjp;
  vjp.op = Op::Vjp;
  vjp.span = stmt.span;
  vjp.attrs.carries = 1;
  Region region;
  region.params.push_back(fn.newVar(type));
  std::vector<Atom> operands = stmt.args;
  operands.push_back(Atom::of(region.params[0]));
  const std::vector<Atom> results = inlined(**d, fn, operands, region.stmts);
  vjp.args.push_back(build.splat(Literal::zero(type.elem), type));
  for (std::size_t i = 0; i < tangents.size(); ++i) {
    if (!tangents[i] || !place[i]) continue;
    const Type operand = fn.typeOf(stmt.args[i].var);
    region.yields.push_back(results[*place[i]]);
    vjp.args.push_back(tangents[i]->isLiteral ? build.splat(tangents[i]->literal, operand) : *tangents[i]);
    vjp.results.push_back(fn.newVar(operand));
  }
  vjp.results.push_back(fn.newVar(type));
  vjp.regions.push_back(std::move(region));
  auto done = expandVjp(module, fn, std::move(vjp), build.stmts());
  if (!done) return tl::unexpected(done.error());
  return done->back();
}

}  // namespace fedc::transform
