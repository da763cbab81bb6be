#include <algorithm>

#include "compiler/core/ops/rules_detail.h"

// Derivatives and batching of products: the transpose of a contraction is a contraction.
namespace fedc::core::rules {

namespace {

using Context = DerivativeContext;
using Given = std::span<const std::optional<Atom>>;
using Result = std::vector<std::optional<Atom>>;
using Flags = std::span<const bool>;
using Atoms = std::span<const Atom>;

std::vector<int> joined(std::vector<int> a, const std::vector<int>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<int> range(std::size_t from, std::size_t count) {
  std::vector<int> r(count);
  std::iota(r.begin(), r.end(), static_cast<int>(from));
  return r;
}

// result[batch, free lhs, free rhs] = sum lhs * rhs. The cotangent of one factor is the cotangent of the result contracted with the other
// factor over that one's free axes; what comes out as [batch, free, reduced] or [batch, reduced, free] is put into the factor's own order.
Atom contractTranspose(Context& c, int i, Atom ct) {
  if (i == 2) return ct;
  Builder& b = c.build;
  const Attrs& at = c.stmt.attrs;
  const Type left = b.typeOf(c.operands[0]), right = b.typeOf(c.operands[1]);
  const std::size_t batch = at.batch.size();
  const std::vector<int> leftFree = axesWithout(left.rank(), joined(at.batch, at.axes));
  const std::vector<int> rightFree = axesWithout(right.rank(), joined(at.rhsBatch, at.rhsAxes));
  if (b.typeOf(ct).elem != left.elem) ct = b.convert(ct, left.elem);
  // For each axis of what comes out: the axis of the factor that it is.
  std::vector<int> axisOf;
  Atom out;
  const auto reducedOf = [](const std::vector<int>& mine, const std::vector<int>& others) {
    // The other factor's reduced axes come out ascending.
    std::vector<int> order = others;
    std::ranges::sort(order);
    std::vector<int> result;
    for (int o : order) result.push_back(mine[static_cast<std::size_t>(std::ranges::find(others, o) - others.begin())]);
    return result;
  };
  if (i == 0) {
    out = b.contract(ct, c.operands[1], range(batch + leftFree.size(), rightFree.size()), rightFree, range(0, batch), at.rhsBatch);
    axisOf = joined(joined(at.batch, leftFree), reducedOf(at.axes, at.rhsAxes));
  } else {
    out = b.contract(c.operands[0], ct, leftFree, range(batch, leftFree.size()), at.batch, range(0, batch));
    axisOf = joined(joined(at.rhsBatch, reducedOf(at.rhsAxes, at.axes)), rightFree);
  }
  const std::vector<int> permutation = inversePermutation(axisOf);
  return permutation == axesUpTo(static_cast<int>(permutation.size())) ? out : b.transpose(out, permutation);
}

// A X = B: with G = solve(A, ct), the cotangent of B is G, that of A is -G Xᵀ (A taken as symmetric, as the op does).
Rule solveRule() {
  Rule rule;
  rule.vjp = [](Context& c, Given ct) -> Result {
    if (!ct[0]) return {std::nullopt, std::nullopt};
    Builder& b = c.build;
    const int rank = b.typeOf(*ct[0]).rank();
    const Atom g = b.emit1(Op::Solve, {c.operands[0], *ct[0]});
    const std::vector<int> batch = axesUpTo(rank - 2);
    const Atom a = b.neg(b.contract(g, c.results[0], {rank - 1}, {rank - 1}, batch, batch));
    return {a, g};
  };
  rule.jvp = [](Context& c, Given t) -> Result {
    Builder& b = c.build;
    const int rank = b.typeOf(c.results[0]).rank();
    const std::vector<int> batch = axesUpTo(rank - 2);
    std::optional<Atom> rhs = t[1];
    if (t[0]) {
      const Atom part = b.contract(*t[0], c.results[0], {rank - 1}, {rank - 2}, batch, batch);
      rhs = rhs ? b.sub(*rhs, part) : b.neg(part);
    }
    if (!rhs) return {std::nullopt};
    return {b.emit1(Op::Solve, {c.operands[0], *rhs})};
  };
  return rule;
}

std::vector<Atom> batchContract(Builder& b, const Stmt& s, Atoms x, Flags mapped, const Dim& n) {
  Attrs attrs = s.attrs;
  const std::size_t batch = attrs.batch.size();
  // If only the start differs from row to row, the left factor is repeated: the sum of each row begins at its start.
  const bool left = mapped[0] || !mapped[1], right = mapped[1];
  std::vector<Atom> args{left ? withLeading(b, x[0], mapped[0], n) : x[0], x[1]};
  // Where the new axis comes out.
  int position = 0;
  if (left) {
    attrs.batch = shifted(attrs.batch);
    attrs.axes = shifted(attrs.axes);
  }
  if (right) {
    attrs.rhsBatch = shifted(attrs.rhsBatch);
    attrs.rhsAxes = shifted(attrs.rhsAxes);
  }
  if (left && right) {
    attrs.batch.insert(attrs.batch.begin(), 0);
    attrs.rhsBatch.insert(attrs.rhsBatch.begin(), 0);
  } else if (left) {
    position = static_cast<int>(batch);
  } else {
    const int leftFree = b.typeOf(x[0]).rank() - static_cast<int>(batch + attrs.axes.size());
    position = static_cast<int>(batch) + leftFree;
  }
  if (x.size() > 2) args.push_back(x[2].isLiteral ? x[2] : moveAxis(b, withLeading(b, x[2], mapped[2], n), 0, position));
  return {moveAxis(b, b.emit1(Op::Contract, args, attrs), position, 0)};
}

}  // namespace

Derivative productDerivative(Op op) {
  if (op == Op::Contract) return Bilinear{contractTranspose};
  return solveRule();
}

Batching productBatching(Op op) {
  if (op == Op::Contract) return BatchRule{batchContract};
  // solve takes leading axes, the same for both operands.
  return BatchRule{[](Builder& b, const Stmt& s, Atoms x, Flags mapped, const Dim& n) -> std::vector<Atom> {
    return b.emit(s.op, {withLeading(b, x[0], mapped[0], n), withLeading(b, x[1], mapped[1], n)}, s.attrs);
  }};
}

}  // namespace fedc::core::rules
