#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fedc {

/// A tensor extent: an integer polynomial over dimension variables, kept in a normal form, so that two extents are the same number for
/// every value of the variables if (for polynomials: exactly if) they compare equal. Variables are small integers; what they mean (a
/// quantified dimension of a signature, a client's row count, a loop's index) belongs to whoever hands them out. Immutable, cheap to copy.
class Dim {
 public:
  using Variable = std::uint32_t;

  /// What a monomial is made of. `Ceildiv`, `Floordiv`, `Min`, `Max` and `NextPow2` stay opaque unless their operands are constant.
  enum class AtomKind : std::uint8_t { Variable, Ceildiv, Floordiv, Min, Max, NextPow2 };
  struct Atom;
  /// coefficient * product of atoms (sorted; repeated for powers).
  struct Term {
    std::int64_t coefficient = 0;
    std::vector<Atom> atoms;
  };

  Dim();
  Dim(std::int64_t constant);
  static Dim variable(Variable v);
  static Dim ceildiv(const Dim& a, const Dim& b);
  static Dim floordiv(const Dim& a, const Dim& b);
  static Dim min(const Dim& a, const Dim& b);
  static Dim max(const Dim& a, const Dim& b);
  static Dim nextPow2(const Dim& a);

  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);
  friend bool operator==(const Dim& a, const Dim& b);
  /// A total order of normal forms, for use as a key. It is not the order of the numbers.
  friend std::strong_ordering operator<=>(const Dim& a, const Dim& b);

  /// Terms in normal form: sorted, no zero coefficients; the constant term has no atoms.
  const std::vector<Term>& terms() const;
  std::optional<std::int64_t> constant() const;
  bool isConstant(std::int64_t value) const;
  /// The variable, if the whole extent is just one variable.
  std::optional<Variable> asVariable() const;
  /// All variables that occur, each once, ascending, also inside opaque atoms.
  std::vector<Variable> variables() const;
  bool mentions(Variable v) const;

  /// Replaces variables; those for which `f` gives nothing stay.
  Dim substitute(const std::function<std::optional<Dim>(Variable)>& f) const;
  /// The number, for given values of all variables. Overflow wraps; callers bound extents before.
  std::int64_t evaluate(const std::function<std::int64_t(Variable)>& value) const;
  /// An upper bound when every variable is non-negative and at most `bound(v)`; nothing if some needed bound is unknown.
  std::optional<std::int64_t> upperBound(const std::function<std::optional<std::int64_t>(Variable)>& bound) const;
  /// An extent that is at least as large where each variable v with `most(v)` lies between 0 and that; it has none of these. Others stay.
  Dim limit(const std::function<std::optional<Dim>(Variable)>& most) const;
  /// If this is `a * v + b` in v with a constant non-zero a and b free of v: the value v must have for the whole to equal `target`.
  std::optional<Dim> solveFor(Variable v, const Dim& target) const;

  std::string print(const std::function<std::string(Variable)>& name) const;
  std::size_t hash() const;

 private:
  struct Node;
  /// Makes extents from terms (dim.cpp).
  friend struct DimFactory;
  explicit Dim(std::vector<Term> terms);
  std::shared_ptr<const Node> node_;
};

struct Dim::Atom {
  AtomKind kind = AtomKind::Variable;
  Variable variable = 0;
  /// One operand (NextPow2) or two.
  std::vector<Dim> operands;
};

}  // namespace fedc
