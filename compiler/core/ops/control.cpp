#include <fmt/format.h>

#include "compiler/core/ops/groups.h"
#include "compiler/core/ops/interpret_ops.h"
#include "compiler/support/plural.h"

namespace fedc::core {

namespace {

using Types = std::vector<Type>;

Type stacked(const Dim& n, Type t) {
  t.dims.insert(t.dims.begin(), n);
  return t;
}

/// An operand against the type of its place; literals fit any shape.
Problem fits(const Fn& fn, const Stmt& s, Operands types, std::size_t i, const Type& wanted, std::string_view place) {
  const bool good = types[i] != nullptr ? *types[i] == wanted : elemOf(s, types, i) == wanted.elem;
  if (good) return std::nullopt;
  return problem(s, fmt::format("operand {} is {}, {} is {}", i,
                                types[i] != nullptr ? show(fn, *types[i]) : std::string(elemName(elemOf(s, types, i))), place, show(fn, wanted)));
}

Problem yieldFits(const Fn& fn, const Stmt& s, const Atom& yield, const Type& wanted, std::string_view place) {
  const Type t = typeOfAtom(fn, yield);
  if (yield.isLiteral ? t.elem == wanted.elem : t == wanted) return std::nullopt;
  return problem(s, fmt::format("yields {} for {}, which is {}", show(fn, t), place, show(fn, wanted)));
}

Problem needRegions(const Stmt& s, std::size_t n) {
  if (s.regions.size() == n) return std::nullopt;
  return problem(s, fmt::format("needs {}, has {}", plural(n, "region"), s.regions.size()));
}

Problem inferDim(const Fn& fn, const Stmt& s, Operands types, Types&) {
  if (!s.attrs.defines) return problem(s, "defines no dimension variable");
  if (types.empty()) return std::nullopt;
  const Elem e = elemOf(s, types, 0);
  if ((e != Elem::I32 && e != Elem::I64) || (types[0] != nullptr && types[0]->rank() != 0)) {
    return problem(s, fmt::format("clamps an i32 or i64 scalar, not {}", types[0] != nullptr ? show(fn, *types[0]) : std::string(elemName(e))));
  }
  return std::nullopt;
}

Problem inferDimValue(const Fn&, const Stmt& s, Operands, Types& results) {
  if (!s.attrs.elem || !isNumeric(*s.attrs.elem)) return problem(s, "needs a numeric `elem`");
  results.push_back(Type{*s.attrs.elem, {}});
  return std::nullopt;
}

Problem inferCompact(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (!s.attrs.defines) return problem(s, "defines no dimension variable");
  if (types[0] == nullptr || types[0]->elem != Elem::Bool || types[0]->rank() != 1) return problem(s, "needs a bool vector");
  if (types[0]->dims[0] != s.attrs.extent) return problem(s, fmt::format("`extent` must be {}", show(fn, types[0]->dims[0])));
  results.push_back(Type{Elem::I32, {Dim::variable(*s.attrs.defines)}});
  return std::nullopt;
}

Problem inferLoop(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (auto p = needRegions(s, 1)) return p;
  const Region& body = s.regions[0];
  const std::size_t carries = static_cast<std::size_t>(s.attrs.carries);
  if (s.attrs.carries < 0 || carries > types.size()) return problem(s, "more carries than operands");
  if (body.params.size() != types.size()) return problem(s, fmt::format("{} operands for {} parameters", types.size(), body.params.size()));
  if (body.yields.size() < carries) return problem(s, fmt::format("{} carries, but only {} yields", carries, body.yields.size()));
  for (std::size_t i = 0; i < types.size(); ++i) {
    const Type& param = fn.typeOf(body.params[i]);
    if (i < carries) {
      if (auto p = fits(fn, s, types, i, param, "its carry")) return p;
      if (auto p = yieldFits(fn, s, body.yields[i], param, fmt::format("carry {}", i))) return p;
    } else {
      if (types[i] == nullptr) return problem(s, "a stacked input may not be a literal");
      if (auto p = fits(fn, s, types, i, stacked(s.attrs.extent, param), "its stack")) return p;
    }
  }
  for (std::size_t i = 0; i < body.yields.size(); ++i) {
    results.push_back(i < carries ? fn.typeOf(body.params[i]) : stacked(s.attrs.extent, typeOfAtom(fn, body.yields[i])));
  }
  return std::nullopt;
}

Problem inferCond(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (auto p = needRegions(s, 2)) return p;
  if (elemOf(s, types, 0) != Elem::Bool || (types[0] != nullptr && types[0]->rank() != 0)) return problem(s, "the condition must be a scalar bool");
  const Region& yes = s.regions[0];
  const Region& no = s.regions[1];
  if (!yes.params.empty() || !no.params.empty()) return problem(s, "regions have no parameters");
  if (yes.yields.size() != no.yields.size()) return problem(s, fmt::format("arms yield {} and {} values", yes.yields.size(), no.yields.size()));
  for (std::size_t i = 0; i < yes.yields.size(); ++i) {
    const Atom& typed = yes.yields[i].isLiteral ? no.yields[i] : yes.yields[i];
    const Type t = typeOfAtom(fn, typed);
    if (auto p = yieldFits(fn, s, yes.yields[i], t, "an arm's result")) return p;
    if (auto p = yieldFits(fn, s, no.yields[i], t, "an arm's result")) return p;
    results.push_back(t);
  }
  return std::nullopt;
}

Problem inferCheck(const Fn&, const Stmt& s, Operands types, Types&) {
  if (elemOf(s, types, 0) != Elem::Bool) return problem(s, "the condition must be bool");
  return std::nullopt;
}

Problem inferTrace(const Fn&, const Stmt&, Operands, Types&) { return std::nullopt; }

/// vjp and jvp: attrs.carries differentiated operands, then one operand for each.. (vjp: y, jvp: x).
Problem checkDerivative(const Fn& fn, const Stmt& s, Operands types) {
  if (auto p = needRegions(s, 1)) return p;
  const Region& body = s.regions[0];
  const std::size_t wrt = static_cast<std::size_t>(s.attrs.carries);
  if (s.attrs.carries < 1 || wrt > types.size()) return problem(s, "needs `carries` operands to differentiate by");
  if (body.params.size() != wrt) return problem(s, fmt::format("{} parameters for {} differentiated operands", body.params.size(), wrt));
  if (s.attrs.auxiliary < 0 || static_cast<std::size_t>(s.attrs.auxiliary) > body.yields.size())
    return problem(s, "more auxiliary yields than yields");
  for (std::size_t i = 0; i < wrt; ++i) {
    if (auto p = fits(fn, s, types, i, fn.typeOf(body.params[i]), "its parameter")) return p;
    if (!isFloat(fn.typeOf(body.params[i]).elem)) return problem(s, fmt::format("parameter {} is no float", i));
  }
  return std::nullopt;
}

Problem inferVjp(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (auto p = checkDerivative(fn, s, types)) return p;
  const Region& body = s.regions[0];
  const std::size_t wrt = body.params.size();
  const std::size_t ys = body.yields.size() - static_cast<std::size_t>(s.attrs.auxiliary);
  if (types.size() != wrt + ys) return problem(s, fmt::format("{} cotangents for {} results", types.size() - wrt, ys));
  for (std::size_t i = 0; i < ys; ++i) {
    if (auto p = fits(fn, s, types, wrt + i, typeOfAtom(fn, body.yields[i]), "its result")) return p;
  }
  for (const Atom& y : body.yields) results.push_back(typeOfAtom(fn, y));
  for (Var v : body.params) results.push_back(fn.typeOf(v));
  return std::nullopt;
}

Problem inferJvp(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (auto p = checkDerivative(fn, s, types)) return p;
  const Region& body = s.regions[0];
  const std::size_t wrt = body.params.size();
  if (types.size() != 2 * wrt) return problem(s, fmt::format("{} tangents for {} operands", types.size() - wrt, wrt));
  for (std::size_t i = 0; i < wrt; ++i) {
    if (auto p = fits(fn, s, types, wrt + i, fn.typeOf(body.params[i]), "its operand")) return p;
  }
  for (const Atom& y : body.yields) results.push_back(typeOfAtom(fn, y));
  for (std::size_t i = 0; i + static_cast<std::size_t>(s.attrs.auxiliary) < body.yields.size(); ++i)
    results.push_back(typeOfAtom(fn, body.yields[i]));
  return std::nullopt;
}

Problem inferVmap(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (auto p = needRegions(s, 1)) return p;
  const Region& body = s.regions[0];
  if (body.params.size() != types.size()) return problem(s, fmt::format("{} operands for {} parameters", types.size(), body.params.size()));
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (types[i] == nullptr) return problem(s, "a mapped operand may not be a literal");
    if (auto p = fits(fn, s, types, i, stacked(s.attrs.extent, fn.typeOf(body.params[i])), "its parameter, stacked,")) return p;
  }
  for (const Atom& y : body.yields) results.push_back(stacked(s.attrs.extent, typeOfAtom(fn, y)));
  return std::nullopt;
}

Problem inferCheckpoint(const Fn& fn, const Stmt& s, Operands, Types& results) {
  if (auto p = needRegions(s, 1)) return p;
  if (!s.regions[0].params.empty()) return problem(s, "the region has no parameters");
  for (const Atom& y : s.regions[0].yields) results.push_back(typeOfAtom(fn, y));
  return std::nullopt;
}

}  // namespace

void controlRows(std::vector<OpRow>& rows) {
  using enum AttrField;
  const auto row = [&](Op op, int least, int most, Cost cost, const std::vector<AttrField>& attributes, Lowering lowering, auto infer,
                       std::string_view doc, std::string_view example) {
    rows.push_back(OpRow{.op = op,
                         .minOperands = least,
                         .maxOperands = most,
                         .cost = cost,
                         .attributes = attributes,
                         .infer = infer,
                         .interpret = {},
                         .derivative = {},
                         .batching = {},
                         .lowering = lowering,
                         .doc = doc,
                         .example = example});
  };
  row(Op::DimDef, 0, 1, Cost::Cheap, {Extent, Defines}, Lowering::Uniform, inferDim,
      "Defines a dimension variable: `dim d <= 20 = min(20, R)`, or from a run-time i32 or i64 scalar, clamped to [0, bound]: `dim d <= R = "
      "clamp(k)`.",
      "fn example(N; x: f32[N], k: i32) -> (f32[h], i64) {\n  dim h = ceildiv(N, 2)\n  r: f32[h] = slice{dims [h]; starts [0]}(x)\n"
      "  dim m <= N = clamp(k)\n  v: i64 = dim_value{elem i64; extent m}()\n  return r, v\n}\n");
  row(Op::DimValue, 0, 0, Cost::Cheap, {Elem, Extent}, Lowering::Uniform, inferDimValue, "The number `extent`, as `elem`.",
      "fn example(N;) -> (i64) {\n  r: i64 = dim_value{elem i64; extent 2*N + 1}()\n  return r\n}\n");
  rows.back().interpret = runDimValue;
  row(Op::Compact, 1, 1, Cost::Heavy, {Extent, Defines}, Lowering::Call, inferCompact,
      "compact(mask[n]): the positions at which the mask is true, ascending (i32[m]); `defines` m, which is at most `extent` = n.",
      "fn example(N; mask: bool[N], x: f32[N]) -> (f32) {\n  i: i32[m] = compact{extent N; defines m}(mask)\n  y: f32[m] = gather{axes 0}(x, i)\n"
      "  r: f32 = reduce{kind sum; axes 0; order seq}(y)\n  return r\n}\n");
  rows.back().interpret = runCompact;
  row(Op::Loop, 0, -1, Cost::Heavy, {Extent, Defines, Reversed, Carries}, Lowering::Structural, inferLoop,
      "Runs its body for t = 0 .. T - 1 (`reverse`: T - 1 .. 0): carries go from one run to the next, each run sees row t of every stacked input and "
      "emits row t "
      "of every stacked output.",
      "fn example(N; x: f32[N, 3]) -> (f32[3], f32[N, 3]) {\n  s: f32[3], ys: f32[N, 3] = loop t < N carry (c: f32[3] = 0.0f32) each (row: f32[3] in "
      "x) {\n"
      "    n: f32[3] = add(c, row)\n    next (n) emit (n)\n  }\n  return s, ys\n}\n");
  row(Op::Cond, 1, 1, Cost::Heavy, {}, Lowering::Structural, inferCond,
      "cond(p): the first region's yields if the scalar bool p is true, else the second's.",
      "fn example(N; p: bool, x: f32[N]) -> (f32[N]) {\n  r: f32[N] = cond(p) {\n    a: f32[N] = neg(x)\n    yield a\n  } {\n    yield x\n  }\n  "
      "return r\n}\n");
  row(Op::Check, 1, 1, Cost::Cheap, {AttrField::Site}, Lowering::Uniform, inferCheck,
      "check(c): if an element of c is false, the run fails at `site`; the lowest failing site of all checks counts, nothing stops.",
      "site 0 \"x must be positive\"\nfn example(N; x: f32[N]) -> (f32[N]) {\n  c: bool[N] = ge(x, 0.0f32)\n  check{site 0}(c)\n  return x\n}\n");
  row(Op::Trace, 0, 1, Cost::Heavy, {AttrField::Site}, Lowering::Removed, inferTrace,
      "trace(x): x is what `site` names in the source; without operand: what follows in this block belongs to the call that `site` is. Stands only "
      "in "
      "programs that are compiled for a replay, which are interpreted.",
      "site 0 \"x\"\nfn example(N; x: f32[N]) -> (f32[N]) {\n  trace{site 0}(x)\n  return x\n}\n");
  row(Op::Vjp, 1, -1, Cost::Heavy, {Carries, Auxiliary}, Lowering::Removed, inferVjp,
      "vjp(x.., ct..): the region's results at x, and the vector-Jacobian products of the cotangents by each x; the last `aux` yields are not "
      "differentiated.",
      "fn example(N; x: f32[N]) -> (f32[N]) {\n  y: f32, g: f32[N] = vjp{carries 1}(x, 1.0f32) { u: f32[N] ->\n    v: f32[N] = mul(u, u)\n"
      "    s: f32 = reduce{kind sum; axes 0}(v)\n    yield s\n  }\n  return g\n}\n");
  row(Op::Jvp, 1, -1, Cost::Heavy, {Carries, Auxiliary}, Lowering::Removed, inferJvp,
      "jvp(x.., dx..): the region's results at x, and their directional derivatives along dx; the last `aux` yields are not differentiated.",
      "fn example(N; x: f32[N], d: f32[N]) -> (f32[N]) {\n  y: f32[N], t: f32[N] = jvp{carries 1}(x, d) { u: f32[N] ->\n    v: f32[N] = mul(u, u)\n  "
      "  yield v\n"
      "  }\n  return t\n}\n");
  row(Op::Vmap, 0, -1, Cost::Heavy, {Extent}, Lowering::Removed, inferVmap,
      "vmap(x..): the region for each of the `extent` rows of the operands, its yields stacked; names from outside are the same for every row.",
      "fn example(N; x: f32[N, 3]) -> (f32[N]) {\n  r: f32[N] = vmap{extent N}(x) { row: f32[3] ->\n    s: f32 = reduce{kind sum; axes 0}(row)\n    "
      "yield s\n"
      "  }\n  return r\n}\n");
  row(Op::Checkpoint, 0, 0, Cost::Heavy, {}, Lowering::Removed, inferCheckpoint,
      "The region's yields; reverse mode saves nothing of the region and computes it again.",
      "fn example(N; x: f32[N]) -> (f32[N]) {\n  r: f32[N] = checkpoint() { ->\n    e: f32[N] = exp(x)\n    yield e\n  }\n  return r\n}\n");
}

}  // namespace fedc::core
