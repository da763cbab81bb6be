#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compiler/check/types.h"
#include "compiler/support/source.h"

/// Unknown types and sizes of the statement being checked, and what is known of them.
namespace fedc::check {

enum class HoleKind : std::uint8_t {
  /// Any type.
  Any,
  /// The type of an integer literal: a numeric scalar.
  Int,
  /// The type of a literal with a point: a float scalar.
  Float,
};

/// An unknown type.
struct Hole {
  HoleKind kind = HoleKind::Any;
  /// May be solved by a placed type (parameters bounded by `placed`).
  bool mayPlace = false;
  /// All leaves must be floats: an integer literal alone becomes f32.
  bool wantsFloat = false;
  /// An operand of shifts or bits: never a float.
  bool wantsInteger = false;
  Span span;
  /// What it is the type of, for messages: `zeros()`.
  std::string what;
  TypeRef solution;

  /// Of a number that is written out: the type that it takes on its own.
  core::Elem own() const { return kind == HoleKind::Float || wantsFloat ? core::Elem::F32 : core::Elem::I32; }
};

struct DimHole {
  Span span;
  std::string what;
  std::optional<Dim> solution;
};

/// Where two types first differ.
struct Clash {
  /// `.0`, `element`; empty at the top.
  std::string path;
  TypeRef found;
  TypeRef expected;
};

class Solver {
 public:
  /// `dims` is the program's table; `rebuild` instantiates a struct's fields for solved arguments.
  Solver(const std::vector<DimVarInfo>& dims, std::function<TypeRef(const Type&)> rebuild, bool lenient)
      : dims_(dims), rebuild_(std::move(rebuild)), lenient_(lenient) {}

  TypeRef freshHole(HoleKind kind, Span span, std::string what);
  Dim freshDim(Span span, std::string what);
  Hole& hole(const TypeRef& t) { return holes_[t->id]; }
  std::size_t holeCount() const { return holes_.size(); }
  std::size_t dimHoleCount() const { return dimHoles_.size(); }
  const Hole& holeAt(std::size_t i) const { return holes_[i]; }
  const DimHole& dimHoleAt(std::size_t i) const { return dimHoles_[i]; }

  /// The type with its outermost constructor known, if it is.
  TypeRef head(TypeRef t) const;
  /// The type with everything filled in that is known.
  TypeRef zonk(const TypeRef& t) const;
  Dim zonk(const Dim& d) const;
  /// Holds no unknown type; sizes may be unknown.
  bool typesKnown(const TypeRef& t) const;
  bool known(const TypeRef& t) const;
  bool known(const Dim& d) const;

  /// Makes `found` fit `expected`: equal, but that a `?` of `expected` takes every size. False if that cannot be; `clash` says where.
  bool unify(const TypeRef& found, const TypeRef& expected);
  bool unifyDims(const Dim& found, const Dim& expected);
  const Clash& clash() const { return clash_; }
  /// Runs `f`; if it gives false, everything that it solved is unknown again.
  bool attempt(const std::function<bool()>& f);

  void solveHole(std::size_t index, TypeRef t);
  void solveDimHole(std::size_t index, Dim d);

  /// Retries size equations that were not linear in one unknown. True if something became known.
  bool retryDims();
  struct DimEquation {
    Dim found;
    Dim expected;
    Span span;
  };
  /// Equations that are known to be false; taken out, with those that hold.
  std::vector<DimEquation> takeEquations();
  /// The place that equations found from now on are blamed on.
  void blame(Span span) { blame_ = span; }

  bool isUnknown(const Dim& d) const;
  /// Counts solutions; a caller that waits for progress compares it.
  std::size_t progress() const { return trail_.size() + retired_; }

 private:
  bool unifyKinds(const TypeRef& a, const TypeRef& b);
  bool unifyList(const std::vector<TypeRef>& a, const std::vector<TypeRef>& b, const char* what);
  bool solve(const TypeRef& hole, const TypeRef& t, bool holeIsFound);
  bool merge(const TypeRef& a, const TypeRef& b);
  bool fail(const TypeRef& found, const TypeRef& expected);
  bool occurs(std::uint32_t id, const TypeRef& t) const;
  bool definitelyDiffer(const Dim& a, const Dim& b) const;
  /// Through one solved hole; throws Overgrown after very many.
  void step() const;

  struct Undo {
    bool isDim = false;
    std::size_t index = 0;
    Hole hole;
  };

  const std::vector<DimVarInfo>& dims_;
  std::function<TypeRef(const Type&)> rebuild_;
  bool lenient_;
  std::vector<Hole> holes_;
  std::vector<DimHole> dimHoles_;
  std::vector<DimEquation> equations_;
  mutable std::size_t steps_ = 0;
  std::vector<Undo> trail_;
  std::size_t retired_ = 0;
  std::size_t depth_ = 0;
  Clash clash_;
  std::string path_;
  Span blame_;
};

}  // namespace fedc::check
