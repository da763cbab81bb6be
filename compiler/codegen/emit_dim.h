#pragma once

#include <map>
#include <optional>
#include <vector>

#include "compiler/codegen/builder.h"
#include "compiler/support/dim.h"

namespace fedc::codegen {

/// Computes extents and indices as i64. Sums are formed from what was bound in outer loops to what was bound in inner ones, so that the
/// invariant part of an address is one value outside the loop.
class DimEmitter {
 public:
  explicit DimEmitter(Builder& b) : b_(b) { known_.emplace_back(); }

  /// Binds a variable to a computed value.
  void bind(Dim::Variable v, llvm::Value* value);
  void bindConstant(Dim::Variable v, std::int64_t value);
  /// Binds a variable to a dim over variables bound before: a polynomial stays symbolic, so that addresses fold.
  void bindDim(Dim::Variable v, const Dim& dim);

  /// The dim with constants and symbolic bindings put in.
  Dim resolve(const Dim& dim) const;
  /// The value of a dim.
  llvm::Value* value(const Dim& dim);
  /// A resolved dim as a value (null: none) plus a constant.
  struct Sum {
    llvm::Value* value = nullptr;
    std::int64_t constant = 0;
  };
  Sum sum(const Dim& resolved);

  /// Values computed inside are forgotten at the end: they do not dominate what follows.
  void enterLoop();
  void leaveLoop();

 private:
  struct Known {
    llvm::Value* value = nullptr;
    int depth = 0;
  };
  Known emit(const Dim& resolved);
  Known emitTerm(const Dim::Term& term);
  Known emitAtom(const Dim::Atom& atom);
  llvm::Value* floorQuotient(llvm::Value* a, const Dim& divisor, llvm::Value* b);

  Builder& b_;
  /// What each variable stands for, over bases: values that never change once made.
  std::vector<Dim> bindings_;
  std::vector<Known> bases_;
  /// What was computed over bases, a map for each loop that is open.
  std::vector<std::map<Dim, Known>> known_;
};

}  // namespace fedc::codegen
