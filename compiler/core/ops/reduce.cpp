#include <fmt/format.h>

#include <algorithm>

#include "compiler/core/ops/groups.h"
#include "compiler/core/ops/interpret_ops.h"

namespace fedc::core {

namespace {

using Types = std::vector<Type>;

/// The operand's type without the reduced axes.
Type withoutAxes(const Type& t, std::span<const int> axes, Elem elem) {
  Type r{elem, {}};
  for (int i = 0; i < t.rank(); ++i) {
    if (std::find(axes.begin(), axes.end(), i) == axes.end()) r.dims.push_back(t.dims[static_cast<std::size_t>(i)]);
  }
  return r;
}

Problem checkReduction(const Stmt& s, Operands types) {
  if (types[0] == nullptr) return problem(s, "the operand may not be a literal");
  if (!s.attrs.reduce) return problem(s, "needs `kind`");
  const Elem e = types[0]->elem;
  const bool logical = *s.attrs.reduce == ReduceKind::And || *s.attrs.reduce == ReduceKind::Or;
  if (logical ? !(e == Elem::Bool || isInteger(e)) : !isNumeric(e)) return problem(s, fmt::format("not defined on {}", elemName(e)));
  if (s.attrs.axes.empty() || !axesFit(s.attrs.axes, types[0]->rank())) return problem(s, "needs distinct axes of the operand");
  return std::nullopt;
}

Problem inferReduce(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (auto p = checkReduction(s, types)) return p;
  Elem elem = types[0]->elem;
  if (s.attrs.elem) {
    const bool additive = *s.attrs.reduce == ReduceKind::Sum || *s.attrs.reduce == ReduceKind::Prod;
    if (!additive || !isNumeric(*s.attrs.elem) || isFloat(*s.attrs.elem) != isFloat(elem)) return problem(s, "`elem` does not fit");
    elem = *s.attrs.elem;
  }
  Type t = withoutAxes(*types[0], s.attrs.axes, elem);
  if (types.size() > 1) {
    if (elemOf(s, types, 1) != elem || (types[1] != nullptr && types[1]->dims != t.dims)) {
      return problem(s, fmt::format("init must be {}", show(fn, t)));
    }
  }
  results.push_back(std::move(t));
  return std::nullopt;
}

Problem inferArgReduce(const Fn&, const Stmt& s, Operands types, Types& results) {
  if (auto p = checkReduction(s, types)) return p;
  if (*s.attrs.reduce != ReduceKind::Max && *s.attrs.reduce != ReduceKind::Min) return problem(s, "`kind` must be max or min");
  results.push_back(withoutAxes(*types[0], s.attrs.axes, types[0]->elem));
  results.push_back(withoutAxes(*types[0], s.attrs.axes, Elem::I32));
  return std::nullopt;
}

Problem inferCumulative(const Fn&, const Stmt& s, Operands types, Types& results) {
  if (auto p = checkReduction(s, types)) return p;
  if (s.attrs.axes.size() != 1) return problem(s, "needs one axis");
  results.push_back(*types[0]);
  return std::nullopt;
}

Problem inferSort(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  for (const Type* t : types) {
    if (t == nullptr) return problem(s, "operands may not be literals");
    if (t->dims != types[0]->dims) return problem(s, fmt::format("operands have shapes {} and {}", show(fn, *types[0]), show(fn, *t)));
  }
  if (!isNumeric(types[0]->elem) && types[0]->elem != Elem::Bool && types[0]->elem != Elem::Str)
    return problem(s, fmt::format("cannot order {}", elemName(types[0]->elem)));
  if (s.attrs.axes.size() != 1 || !axesFit(s.attrs.axes, types[0]->rank())) return problem(s, "needs one axis of the operands");
  for (const Type* t : types) results.push_back(*t);
  return std::nullopt;
}

}  // namespace

void reduceRows(std::vector<OpRow>& rows) {
  using enum AttrField;
  rows.push_back(OpRow{.op = Op::Reduce,
                       .minOperands = 1,
                       .maxOperands = 2,
                       .cost = Cost::Heavy,
                       .attributes = {AttrField::Reduce, Axes, AttrField::Elem, AttrField::Order},
                       .infer = inferReduce,
                       .interpret = runReduce,
                       .derivative = {},
                       .batching = {},
                       .lowering = Lowering::Nest,
                       .doc = "reduce(x[, init]): x without the reduced axes, its elements joined by `kind` in the order `order`, with init if there "
                              "is one; `elem` is the "
                              "accumulator's and the result's type.",
                       .example =
                           "fn example(N; x: f32[N, 40], i: f32[N]) -> (f32[N], f32) {\n  r: f32[N] = reduce{kind sum; axes 1; order lanes}(x, i)\n"
                           "  m: f32 = reduce{kind max; axes 0; order seq}(r)\n  return r, m\n}\n"});
  rows.push_back(OpRow{.op = Op::ArgReduce,
                       .minOperands = 1,
                       .maxOperands = 1,
                       .cost = Cost::Heavy,
                       .attributes = {AttrField::Reduce, Axes},
                       .infer = inferArgReduce,
                       .interpret = runArgReduce,
                       .derivative = {},
                       .batching = {},
                       .lowering = Lowering::Nest,
                       .doc = "The first greatest (least) element over the axes, a NaN before all, and its row-major index among them (i32).",
                       .example = "fn example(N; x: f32[N, 4]) -> (f32[N], i32[N]) {\n  v: f32[N], i: i32[N] = arg_reduce{kind max; axes 1}(x)\n"
                                  "  return v, i\n}\n"});
  rows.push_back(
      OpRow{.op = Op::Cumulative,
            .minOperands = 1,
            .maxOperands = 1,
            .cost = Cost::Heavy,
            .attributes = {AttrField::Reduce, Axes, Reversed},
            .infer = inferCumulative,
            .interpret = runCumulative,
            .derivative = {},
            .batching = {},
            .lowering = Lowering::Nest,
            .doc = "Element i is the elements 0..i of the axis joined by `kind` from the first on; `reversed`: the elements i.. from the last on.",
            .example = "fn example(N; x: f32[N, 4]) -> (f32[N, 4]) {\n  r: f32[N, 4] = cumulative{kind sum; axes 0; reversed}(x)\n  return r\n}\n"});
  rows.push_back(
      OpRow{.op = Op::Sort,
            .minOperands = 1,
            .maxOperands = -1,
            .cost = Cost::Heavy,
            .attributes = {Axes},
            .infer = inferSort,
            .interpret = runSort,
            .derivative = {},
            .batching = {},
            .lowering = Lowering::Call,
            .doc = "sort(keys, values..): all operands in the ascending order of the keys along the axis; stable; NaN last.",
            .example = "fn example(N; k: f32[N], v: i32[N]) -> (f32[N], i32[N]) {\n  a: f32[N], b: i32[N] = sort{axes 0}(k, v)\n  return a, b\n}\n"});
}

}  // namespace fedc::core
