#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/core/ir.h"
#include "compiler/core/scalar.h"

namespace fedc::core {

class Array;
class Builder;

enum class Cost : std::uint8_t { Cheap, Transcendental, Heavy };

/// What a derivative rule may use: operands, results and the cotangents (or tangents), and a builder that appends statements.
struct DerivativeContext {
  Builder& build;
  const Stmt& stmt;
  std::span<const Atom> operands;
  std::span<const Atom> results;
};

/// d result / d operand i, as a value of the result's shape, in terms of operands and result. Elementwise ops with one result.
struct Partials {
  std::function<std::optional<Atom>(DerivativeContext&, int operand)> partial;
};
/// Linear jointly in the listed operands: forward mode applies the op itself, reverse mode the transpose (one cotangent per operand).
struct Linear {
  std::vector<int> operands;
  std::function<Atom(DerivativeContext&, int operand, Atom cotangent)> transpose;
};
/// Linear in each of operands 0 and 1 (and in an optional `init` operand 2).
struct Bilinear {
  std::function<Atom(DerivativeContext&, int operand, Atom cotangent)> transpose;
};
/// Anything else: both modes written out. Results without derivative have empty cotangents or tangents.
struct Rule {
  std::function<std::vector<std::optional<Atom>>(DerivativeContext&, std::span<const std::optional<Atom>> cotangents)> vjp;
  std::function<std::vector<std::optional<Atom>>(DerivativeContext&, std::span<const std::optional<Atom>> tangents)> jvp;
};
/// The pass itself knows (loop, cond, transforms).
struct Structural {};
/// The result carries no derivative by its type (integers, bool, keys): silently constant.
struct NotDifferentiable {};
/// An error when differentiated: the reason is shown to the user.
struct NoDerivative {
  std::string_view reason;
};
using Derivative = std::variant<Partials, Linear, Bilinear, Rule, Structural, NotDifferentiable, NoDerivative>;

/// How a statement whose operands gained a leading axis is rewritten. `mapped[i]`: operand i has the new leading axis of size n.
/// Gives the results, each with the new leading axis. Elementwise: operands that are not mapped are broadcast, the op is repeated.
struct BatchElementwise {};
struct BatchRule {
  std::function<std::vector<Atom>(Builder&, const Stmt&, std::span<const Atom> operands, std::span<const bool> mapped, const Dim& n)> rule;
};
struct BatchStructural {};
struct NoBatch {
  std::string_view reason;
};
using Batching = std::variant<BatchElementwise, BatchRule, BatchStructural, NoBatch>;

/// The fields of `Attrs`, under the names by which they are printed.
enum class AttrField : std::uint8_t {
  Axes,
  RhsAxes,
  Batch,
  RhsBatch,
  Dims,
  Starts,
  Strides,
  Elem,
  Reduce,
  Order,
  Scatter,
  Site,
  Extent,
  Defines,
  Reversed,
  Carries,
  Auxiliary,
  Native,
};
inline constexpr int kAttrFieldCount = 18;
std::string_view attrFieldName(AttrField f);

enum class Lowering : std::uint8_t { Scalar, View, Nest, Call, Uniform, Structural, Removed };

/// One row: everything there is to know about an op.
struct OpRow {
  Op op;
  /// Number of operands (min, max); -1: any.
  int minOperands = 0, maxOperands = 0;
  Cost cost = Cost::Cheap;
  /// The attributes it reads; all others must be empty.
  std::vector<AttrField> attributes;
  /// Result types from operand types (a literal operand is a null pointer: it takes the type of its place), or a reason why they do not fit.
  std::function<std::optional<std::string>(const Fn&, const Stmt&, std::span<const Type* const> operands, std::vector<Type>& results)> infer;
  /// Elementwise ops: the program comes from scalarProgram. Others: over arrays, `dims` gives the value of each dimension variable; a literal
  /// operand is an array of rank 0. Empty for elementwise ops and for those that the interpreter itself runs (dim, loop, cond, check, transforms).
  std::function<void(const Fn&, const Stmt&, std::span<const Array* const> operands, std::span<const std::int64_t> dims, std::vector<Array>& results)>
      interpret;
  Derivative derivative;
  Batching batching;
  Lowering lowering = Lowering::Scalar;
  /// One sentence with types and meaning.
  std::string_view doc;
  /// A Core IR function that uses it, as text (read, verified, interpreted by the test that walks the table).
  std::string_view example;
};

const OpRow& opRow(Op op);
/// All rows in the order of ops.def.
std::span<const OpRow> opTable();
bool isElementwise(Op op);
/// The result types of a statement by its op's row (number of operands, unused attributes and all), or a sentence that says why it does not fit.
std::optional<std::string> inferTypes(const Fn& fn, const Stmt& stmt, std::vector<Type>& results);

}  // namespace fedc::core
