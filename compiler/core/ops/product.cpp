#include <fmt/format.h>

#include <algorithm>

#include "compiler/core/ops/groups.h"
#include "compiler/core/ops/interpret_ops.h"

namespace fedc::core {

namespace {

using Types = std::vector<Type>;

Problem inferContract(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (types[0] == nullptr || types[1] == nullptr) return problem(s, "factors may not be literals");
  const Type& a = *types[0];
  const Type& b = *types[1];
  if (a.elem != b.elem) return problem(s, fmt::format("factors are {} and {}", elemName(a.elem), elemName(b.elem)));
  if (!isNumeric(a.elem)) return problem(s, fmt::format("not defined on {}", elemName(a.elem)));
  Elem elem = a.elem;
  if (s.attrs.elem) {
    if (!isNumeric(*s.attrs.elem) || isFloat(*s.attrs.elem) != isFloat(elem)) return problem(s, "`elem` does not fit");
    elem = *s.attrs.elem;
  }
  std::vector<int> left = s.attrs.batch, right = s.attrs.rhsBatch;
  if (left.size() != right.size() || s.attrs.axes.size() != s.attrs.rhsAxes.size()) return problem(s, "axes of both factors must pair");
  left.insert(left.end(), s.attrs.axes.begin(), s.attrs.axes.end());
  right.insert(right.end(), s.attrs.rhsAxes.begin(), s.attrs.rhsAxes.end());
  if (!axesFit(left, a.rank()) || !axesFit(right, b.rank())) return problem(s, "batch and reduced axes must be distinct axes of the factors");
  for (std::size_t i = 0; i < left.size(); ++i) {
    const Dim& x = a.dims[static_cast<std::size_t>(left[i])];
    const Dim& y = b.dims[static_cast<std::size_t>(right[i])];
    if (x != y) {
      return problem(s, fmt::format("axis {} of {} and axis {} of {} differ", left[i], show(fn, a), right[i], show(fn, b)));
    }
  }
  Type t{elem, {}};
  for (int i : s.attrs.batch) t.dims.push_back(a.dims[static_cast<std::size_t>(i)]);
  const auto free = [&](const Type& x, const std::vector<int>& used) {
    for (int i = 0; i < x.rank(); ++i) {
      if (std::find(used.begin(), used.end(), i) == used.end()) t.dims.push_back(x.dims[static_cast<std::size_t>(i)]);
    }
  };
  free(a, left);
  free(b, right);
  if (types.size() > 2 && (elemOf(s, types, 2) != elem || (types[2] != nullptr && types[2]->dims != t.dims))) {
    return problem(s, fmt::format("init must be {}", show(fn, t)));
  }
  results.push_back(std::move(t));
  return std::nullopt;
}

Problem inferSolve(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (types[0] == nullptr || types[1] == nullptr) return problem(s, "operands may not be literals");
  const Type& a = *types[0];
  const Type& b = *types[1];
  const std::size_t rank = a.dims.size();
  bool fits = a.elem == b.elem && (a.elem == Elem::F32 || a.elem == Elem::F64) && rank >= 2 && b.dims.size() == rank;
  for (std::size_t i = 0; fits && i + 1 < rank; ++i) fits = a.dims[i] == b.dims[i];
  fits = fits && a.dims[rank - 1] == a.dims[rank - 2];
  if (!fits) return problem(s, fmt::format("needs [.., n, n] and [.., n, m] of f32 or f64, not {} and {}", show(fn, a), show(fn, b)));
  results.push_back(b);
  return std::nullopt;
}

}  // namespace

void productRows(std::vector<OpRow>& rows) {
  using enum AttrField;
  rows.push_back(OpRow{.op = Op::Contract,
                       .minOperands = 2,
                       .maxOperands = 3,
                       .cost = Cost::Heavy,
                       .attributes = {Axes, RhsAxes, Batch, RhsBatch, AttrField::Elem, AttrField::Order},
                       .infer = inferContract,
                       .interpret = runContract,
                       .derivative = {},
                       .batching = {},
                       .lowering = Lowering::Nest,
                       .doc = "contract(a, b[, init]): sums of a * b by fma over the paired axes `axes` of a and `rhs` of b, for each point of the "
                              "paired batch axes; the "
                              "result's axes are batch, free of a, free of b; `elem` is the accumulator's and the result's type.",
                       .example = "fn example(N; a: f32[2, N, 4], b: f32[2, 4, 3], i: f32[2, N, 3]) -> (f32[2, N, 3]) {\n"
                                  "  r: f32[2, N, 3] = contract{axes 2; rhs 1; batch 0; rhs_batch 0; order seq}(a, b, i)\n  return r\n}\n"});
  rows.push_back(
      OpRow{.op = Op::Solve,
            .minOperands = 2,
            .maxOperands = 2,
            .cost = Cost::Heavy,
            .attributes = {},
            .infer = inferSolve,
            .interpret = runSolve,
            .derivative = {},
            .batching = {},
            .lowering = Lowering::Call,
            .doc = "solve(A, B): X with A X = B for symmetric positive definite A[.., n, n] and B[.., n, m], by Cholesky's factors of A's lower "
                   "half; NaN everywhere if A is not positive definite.",
            .example = "fn example(N; a: f32[3, 3], b: f32[3, N]) -> (f32[3, N]) {\n  t: f32[3, 3] = transpose{axes 1,0}(a)\n"
                       "  s: f32[3, 3] = contract{axes 1; rhs 0; order seq}(a, t)\n  r: f32[3, N] = solve(s, b)\n  return r\n}\n"});
}

}  // namespace fedc::core
