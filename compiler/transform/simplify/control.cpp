#include "compiler/transform/simplify/control.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "compiler/transform/rewrite.h"

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

Atom shaped(Builder& b, const Atom& a, const Type& type) { return a.isLiteral && type.rank() > 0 ? b.splat(a.literal, type) : a; }

// The body once, with the index at 0.
ControlRewrite oneTrip(Builder& b, Stmt& s) {
  ControlRewrite out{"loop of one trip", {}, true};
  Fn& fn = b.fn();
  Region& body = s.regions[0];
  const std::size_t carries = static_cast<std::size_t>(s.attrs.carries);
  Substitution by;
  by.dims[*s.attrs.defines] = Dim(0);
  retype(fn, body.stmts, by);
  for (std::size_t i = 0; i < s.args.size(); ++i) {
    const Type type = fn.vars[body.params[i]].type;
    by.vars[body.params[i]] = i < carries ? shaped(b, s.args[i], type) : b.reshape(s.args[i], type.dims);
  }
  substitute(body, by);
  std::ranges::move(body.stmts, std::back_inserter(b.stmts()));
  for (std::size_t i = 0; i < s.results.size(); ++i) {
    const Type type = fn.vars[s.results[i]].type;
    const Atom y = body.yields[i];
    if (i < carries) {
      out.names.emplace_back(s.results[i], shaped(b, y, type));
    } else {
      out.names.emplace_back(s.results[i], y.isLiteral ? b.splat(y.literal, type) : b.reshape(y, type.dims));
    }
  }
  return out;
}

ControlRewrite noTrip(Builder& b, Stmt& s) {
  ControlRewrite out{"loop of no trip", {}, true};
  for (std::size_t i = 0; i < s.results.size(); ++i) {
    const Type type = b.fn().vars[s.results[i]].type;
    const bool isCarry = i < static_cast<std::size_t>(s.attrs.carries);
    out.names.emplace_back(s.results[i], isCarry ? shaped(b, s.args[i], type) : b.splat(Literal::zero(type.elem), type));
  }
  return out;
}

// Removes carry or stacked input i; for a carry its result and yield go too.
void eraseInput(Stmt& s, std::size_t i) {
  const auto at = [&](auto& v) { v.erase(v.begin() + static_cast<std::ptrdiff_t>(i)); };
  if (i < static_cast<std::size_t>(s.attrs.carries)) {
    at(s.results);
    at(s.regions[0].yields);
    --s.attrs.carries;
  }
  at(s.args);
  at(s.regions[0].params);
}

ControlRewrite loop(Builder& b, Stmt& s) {
  if (s.attrs.extent.isConstant(0)) return noTrip(b, s);
  if (s.attrs.extent.isConstant(1)) return oneTrip(b, s);
  Region& body = s.regions[0];
  const std::size_t carries = static_cast<std::size_t>(s.attrs.carries);
  for (std::size_t i = 0; i < carries; ++i) {
    const Atom& next = body.yields[i];
    if (next != Atom::of(body.params[i]) && next != s.args[i]) continue;
    const Atom value = shaped(b, s.args[i], b.fn().vars[body.params[i]].type);
    ControlRewrite out{"carry that never changes", {{body.params[i], value}, {s.results[i], value}}, false};
    eraseInput(s, i);
    return out;
  }
  for (std::size_t i = carries; i < s.args.size(); ++i) {
    for (std::size_t k = carries; k < i; ++k) {
      if (s.args[i] != s.args[k]) continue;
      ControlRewrite out{"array read twice", {{body.params[i], Atom::of(body.params[k])}}, false};
      eraseInput(s, i);
      return out;
    }
  }
  for (std::size_t i = carries; i < s.results.size(); ++i) {
    for (std::size_t k = carries; k < i; ++k) {
      if (body.yields[i] != body.yields[k]) continue;
      ControlRewrite out{"row emitted twice", {{s.results[i], Atom::of(s.results[k])}}, false};
      s.results.erase(s.results.begin() + static_cast<std::ptrdiff_t>(i));
      body.yields.erase(body.yields.begin() + static_cast<std::ptrdiff_t>(i));
      return out;
    }
  }
  return {};
}

ControlRewrite cond(Builder& b, Stmt& s) {
  if (s.args[0].isLiteral) {
    ControlRewrite out{"branch on a constant", {}, true};
    Region& arm = s.regions[s.args[0].literal.bits != 0 ? 0 : 1];
    std::ranges::move(arm.stmts, std::back_inserter(b.stmts()));
    for (std::size_t i = 0; i < s.results.size(); ++i) out.names.emplace_back(s.results[i], shaped(b, arm.yields[i], b.fn().vars[s.results[i]].type));
    return out;
  }
  for (std::size_t i = 0; i < s.results.size(); ++i) {
    const Atom y = s.regions[0].yields[i];
    if (y != s.regions[1].yields[i]) continue;
    // No name can be defined in both arms, so it comes from outside.
    ControlRewrite out{"same result in both arms", {{s.results[i], shaped(b, y, b.fn().vars[s.results[i]].type)}}, false};
    s.results.erase(s.results.begin() + static_cast<std::ptrdiff_t>(i));
    for (Region& r : s.regions) r.yields.erase(r.yields.begin() + static_cast<std::ptrdiff_t>(i));
    return out;
  }
  return {};
}

}  // namespace

ControlRewrite simplifyControl(Builder& build, Stmt& stmt) {
  if (stmt.op == Op::Loop) return loop(build, stmt);
  if (stmt.op == Op::Cond) return cond(build, stmt);
  return {};
}

bool foldDims(Fn& fn) {
  Substitution by;
  const std::set<Dim::Variable> named = namesAtMarks(fn);
  const auto known = [&](const Stmt& s) -> std::optional<std::int64_t> {
    if (s.op != Op::DimDef || named.contains(*s.attrs.defines)) return std::nullopt;
    const auto extent = by.apply(s.attrs.extent).constant();
    if (!extent) return std::nullopt;
    if (s.args.empty()) return extent;
    if (!s.args[0].isLiteral) return std::nullopt;
    return std::clamp<std::int64_t>(s.args[0].literal.toInt(), 0, *extent);
  };
  forEachStmt(fn.body, [&](const Stmt& s) {
    if (const auto value = known(s)) by.dims[*s.attrs.defines] = Dim(*value);
  });
  if (by.dims.empty()) return false;
  const auto erase = [&](auto&& self, std::vector<Stmt>& stmts) -> void {
    std::erase_if(stmts, [&](const Stmt& s) { return s.op == Op::DimDef && by.dims.contains(*s.attrs.defines); });
    for (Stmt& s : stmts)
      for (Region& r : s.regions) self(self, r.stmts);
  };
  erase(erase, fn.body);
  substitute(fn.body, by);
  retype(fn, fn.body, by);
  for (Type& t : fn.resultTypes) t = by.apply(t);
  return true;
}

}  // namespace fedc::transform
