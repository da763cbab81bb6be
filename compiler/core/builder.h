#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "compiler/core/ir.h"

namespace fedc::core {

/// Appends statements to a list of statements of a function, inferring result types by the op table. The convenience functions fold nothing:
/// they emit exactly one statement unless said otherwise.
class Builder {
 public:
  Builder(Fn& fn, std::vector<Stmt>& into, Span span = {});

  Fn& fn() { return fn_; }
  Span span() const { return span_; }
  void setSpan(Span span) { span_ = span; }
  std::vector<Stmt>& stmts() { return *into_; }

  /// The type of an operand; a literal has a scalar type.
  Type typeOf(const Atom& a) const;

  /// Emits `op{attrs}(args)`; the results' types come from the row's `infer`; asserts that they fit.
  std::vector<Atom> emit(Op op, std::vector<Atom> args, Attrs attrs = {}, std::vector<Region> regions = {});
  /// The same for the many ops with one result. `shape`: the result's dims where every operand is a literal.
  Atom emit1(Op op, std::vector<Atom> args, Attrs attrs = {});

  // Elementwise; operands of one shape, literals splat. If one operand is a scalar variable and the other is not, it is broadcast first.
  Atom add(Atom a, Atom b);
  Atom sub(Atom a, Atom b);
  Atom mul(Atom a, Atom b);
  Atom div(Atom a, Atom b);
  Atom neg(Atom a);
  Atom unary(Op op, Atom a);
  Atom binary(Op op, Atom a, Atom b);
  Atom select(Atom p, Atom a, Atom b);
  Atom convert(Atom a, Elem to);
  Atom splat(Literal value, const Type& type);

  // Shape.
  Atom broadcast(Atom a, std::vector<Dim> dims, std::vector<int> axes);
  /// `a` repeated along new leading axes (or all axes, for a scalar) so that it has `dims`.
  Atom broadcastTo(Atom a, const std::vector<Dim>& dims);
  Atom reshape(Atom a, std::vector<Dim> dims);
  Atom transpose(Atom a, std::vector<int> permutation);
  Atom slice(Atom a, std::vector<Dim> starts, std::vector<Dim> sizes);
  Atom concat(std::vector<Atom> parts, int axis);
  Atom iota(std::vector<Dim> dims, int axis, Elem elem);

  Atom reduce(ReduceKind kind, Atom a, std::vector<int> axes);
  Atom contract(Atom a, Atom b, std::vector<int> lhsAxes, std::vector<int> rhsAxes, std::vector<int> lhsBatch = {}, std::vector<int> rhsBatch = {});
  Atom gather(Atom data, Atom indices, int axis, int batch = 0);
  Atom dimValue(const Dim& d, Elem elem);
  void check(Atom condition, std::uint32_t site);

  /// A fresh region whose statements are written by a nested builder.
  Var param(Region& region, Type type, std::string name = {});

 private:
  Fn& fn_;
  std::vector<Stmt>* into_;
  Span span_;
};

}  // namespace fedc::core
