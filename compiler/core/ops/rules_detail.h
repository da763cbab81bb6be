#pragma once

#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include "compiler/core/builder.h"
#include "compiler/core/op_table.h"

/// Shared by the files of the derivative and batching columns, one pair of functions for each group of ops.
namespace fedc::core::rules {

Derivative elementwiseDerivative(Op op);
Derivative shapeDerivative(Op op);
Derivative reduceDerivative(Op op);
Derivative productDerivative(Op op);
Derivative indexDerivative(Op op);

Batching shapeBatching(Op op);
Batching reduceBatching(Op op);
Batching productBatching(Op op);
Batching indexBatching(Op op);
Batching randomBatching(Op op);
Batching stringBatching(Op op);

/// A row without a case in the switch of its group: stops and names the op.
[[noreturn]] void noRule(Op op, std::string_view column);

/// A float constant of the atom's element type.
inline Atom constant(Builder& b, const Atom& like, double value) { return Atom::of(Literal::ofDouble(b.typeOf(like).elem, value)); }

/// The axes 0 .. n-1, and those of them not in `without`.
inline std::vector<int> axesUpTo(int n) {
  std::vector<int> axes(static_cast<std::size_t>(n));
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}
std::vector<int> axesWithout(int n, const std::vector<int>& without);
std::vector<int> inversePermutation(const std::vector<int>& permutation);

/// All dims' product.
Dim product(const std::vector<Dim>& dims);

/// Moves axis `from` to position `to`; no statement if it is there.
Atom moveAxis(Builder& b, const Atom& a, int from, int to);

/// `a`, with `axes` moved to the end in the order given and merged into one last axis: the form in which many rules are short. `restore` is the
/// way back for anything of that form.
struct Lined {
  Type original;
  std::vector<int> permutation;
  /// Dims with the axes moved, before merging.
  std::vector<Dim> moved;
  int kept = 0;
  Dim length;

  Atom line(Builder& b, const Atom& a) const;
  Atom restore(Builder& b, const Atom& a) const;
  /// The kept dims, then the merged one.
  std::vector<Dim> dims() const;
};
Lined lineUp(const Type& type, const std::vector<int>& axes);

/// The operand with the new leading axis: as it is if mapped (or a literal, which has any shape), else repeated n times.
Atom withLeading(Builder& b, const Atom& a, bool mapped, const Dim& n);

/// The op row by row: one loop of n steps. For ops without a batched form of their own.
std::vector<Atom> batchByLoop(Builder& b, const Stmt& s, std::span<const Atom> operands, std::span<const bool> mapped, const Dim& n);

/// The axes moved up by one, and dims with a new first one: attributes of a batched statement.
std::vector<int> shifted(const std::vector<int>& axes);
std::vector<Dim> prepended(const Dim& first, const std::vector<Dim>& dims);

}  // namespace fedc::core::rules
