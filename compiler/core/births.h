#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/core/interpret.h"

namespace fedc::core {

/// A run of a loop's body.
struct LoopStep {
  const Stmt* loop = nullptr;
  std::int64_t index = 0;
  std::int64_t trips = 0;
};

/// Where the interpreter is: the loops around the statement, outermost first, and the call that it belongs to.
struct Whereabouts {
  std::vector<LoopStep> steps;
  /// A site of kind Call or Derivative; -1: none.
  int call = -1;
};

/// Keeps track of it, from what a watcher hears.
class Position {
 public:
  const Whereabouts& now() const { return now_; }
  void enter(const Stmt& stmt, std::int64_t index, std::int64_t trips);
  void leave(const Stmt& stmt);
  /// A `trace` without operand.
  void call(const Stmt& trace) { now_.call = static_cast<int>(trace.attrs.site); }

 private:
  Whereabouts now_;
  /// The calls of the blocks around this one.
  std::vector<int> outer_;
};

/// A non-finite element of a result that no operand brought along (docs/replay.md defines it).
struct Birth {
  const Stmt* stmt = nullptr;
  Whereabouts where;
  /// Of the result.
  std::string shape;
  std::int64_t element = 0;
  Literal value;
  /// The operands of the element, where the operation goes element by element.
  std::vector<Literal> operands;
  /// It is a NaN, and its operands are infinities (`inf - inf`), which no operation bore.
  bool ofInfinities = false;
  /// The values with a name that it reached first, in their order: sites.
  std::vector<int> reached;
  static constexpr std::size_t kMostReached = 8;
};

/// Finds where the non-finite values of a function's results were born, while the function is interpreted.
class Births : public Watcher {
 public:
  /// Why a value is not finite: a birth, or a parameter that held it; nothing: a constant of the program.
  struct Cause {
    std::optional<std::size_t> birth, param;
  };

  Births(const Fn& fn, std::span<const Array> params);

  void ran(const Stmt& stmt, std::span<const Array* const> operands, std::span<const Array* const> results) override;
  void traced(const Stmt& trace, const Array* value) override;
  void enter(const Stmt& stmt, std::int64_t index, std::int64_t trips) override;
  void leave(const Stmt& stmt) override { position_.leave(stmt); }
  void copied(std::span<const Var> to, std::span<const Atom> from, bool part) override;

  /// In the order in which they were born.
  const std::vector<Birth>& births() const { return births_; }
  /// Of a result of the function, which is not finite.
  Cause causeOf(const Atom& result) const;
  const Whereabouts& now() const { return position_.now(); }

 private:
  /// What is behind the non-finite elements of a variable: births from kBirths on, in their order, before them parameters.
  using Mark = std::size_t;
  static constexpr Mark kBirths = std::size_t{1} << 32;
  static constexpr Mark kNone = ~std::size_t{0};

  /// Of two causes the birth that was first, else the parameter.
  static Mark earlier(Mark a, Mark b);
  Mark markOf(const Atom& a) const;
  Mark bear(const Stmt& stmt, const Array& result, std::int64_t element, std::vector<Literal> operands, bool ofInfinities);
  Mark elementwise(const Stmt& stmt, std::span<const Array* const> operands, const Array& result, Mark brought);
  Mark whole(const Stmt& stmt, std::span<const Array* const> operands, const Array& result, Mark brought);

  std::unordered_map<Var, Mark> marks_;
  std::vector<Birth> births_;
  Position position_;
};

}  // namespace fedc::core
