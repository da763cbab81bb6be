#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "compiler/core/builder.h"
#include "compiler/core/op_table.h"

namespace fedc::transform {

/// What a rule sees beside its statement.
class Rewriter {
 public:
  virtual ~Rewriter() = default;

  core::Fn& fn;
  /// New statements go here, before the statement that is replaced.
  core::Builder& build;

  /// The statement that defines an operand, if it is a plain one (no parameter, no result of a region op).
  virtual const core::Stmt* def(const core::Atom& a) const = 0;
  /// Defined in the statement's own block and used nowhere else, so that replacing its definition costs nothing twice.
  virtual bool isOwn(const core::Atom& a) const = 0;
  /// Whether `v` times the scalar is computed in this block anyway.
  virtual bool isScaled(const core::Atom& v, const core::Atom& scalar) const = 0;

  core::Type typeOf(const core::Atom& a) const { return build.typeOf(a); }
  /// The definition if it is this op.
  const core::Stmt* def(const core::Atom& a, core::Op op) const;
  /// The value, if all elements are one constant.
  std::optional<core::Literal> constant(const core::Atom& a) const;
  bool isConstant(const core::Atom& a, double value) const;
  /// The scalar, if all elements are one scalar: a literal, a scalar variable, or such a thing repeated.
  std::optional<core::Atom> uniform(const core::Atom& a) const;
  /// How many elements, for comparing costs: bounds where they are known, else a guess.
  double size(const core::Type& t) const;
  double size(const core::Atom& a) const { return size(typeOf(a)); }

 protected:
  Rewriter(core::Fn& fn, core::Builder& build) : fn(fn), build(build) {}
};

/// A rewriting: gives the value that replaces the result of the statement (which has one result), or nothing.
struct SimplifyRule {
  std::string_view name;
  /// Bits may change: order of additions, number of roundings, sign of zero.
  bool reassociates = false;
  std::optional<core::Atom> (*apply)(Rewriter&, const core::Stmt&) = nullptr;
};

std::span<const SimplifyRule> constantRules();
std::span<const SimplifyRule> identityRules();
std::span<const SimplifyRule> shapeRules();
std::span<const SimplifyRule> productRules();
/// Scales, sums and starts of linear ops.
std::span<const SimplifyRule> linearRules();
/// fma formation: runs when everything else is done, since it hides sums and products from the other rules.
std::span<const SimplifyRule> fmaRules();

}  // namespace fedc::transform
