#include "compiler/core/ops/rules.h"

#include <string>

#include "compiler/core/internal_error.h"
#include "compiler/core/ops/rules_detail.h"

namespace fedc::core {

namespace rules {

void noRule(Op op, std::string_view column) {
  internalError("`" + std::string(opName(op)) + "` has no case for its " + std::string(column) + " in compiler/core/ops/rules_*.cpp", __FILE__,
                __LINE__);
}

}  // namespace rules

using namespace rules;

Derivative derivativeOf(Op op) {
  if (op <= Op::Digamma) return elementwiseDerivative(op);
  if (op <= Op::Concat) return shapeDerivative(op);
  if (op <= Op::Sort) return reduceDerivative(op);
  if (op <= Op::Solve) return productDerivative(op);
  if (op <= Op::Pick) return indexDerivative(op);
  switch (op) {
    // The pass asks the module for what the program declares.
    case Op::NativeMap:
    case Op::NativeCall:
    case Op::Loop:
    case Op::Cond:
    case Op::Vjp:
    case Op::Jvp:
    case Op::Vmap:
    case Op::Checkpoint: return Structural{};
    // Keys, random bits, strings, indices, dimensions: no floats by type.
    case Op::KeySeed:
    case Op::Split:
    case Op::FoldIn:
    case Op::RandomBits:
    case Op::Permutation:
    case Op::StrCompare:
    case Op::StrLength:
    case Op::StrHash:
    case Op::StrCount:
    case Op::StrBytes:
    case Op::StrSplit:
    case Op::DimDef:
    case Op::DimValue:
    case Op::Compact:
    case Op::Check:
    case Op::Trace: return NotDifferentiable{};
    default: noRule(op, "derivative");
  }
}

Batching batchingOf(Op op) {
  if (op <= Op::Digamma) return BatchElementwise{};
  if (op <= Op::Concat) return shapeBatching(op);
  if (op <= Op::Sort) return reduceBatching(op);
  if (op <= Op::Solve) return productBatching(op);
  if (op <= Op::Pick) return indexBatching(op);
  if (op <= Op::Permutation) return randomBatching(op);
  if (op >= Op::StrCompare && op <= Op::StrSplit) return stringBatching(op);
  switch (op) {
    case Op::NativeMap: return BatchElementwise{};
    case Op::NativeCall: return BatchRule{batchByLoop};
    case Op::DimDef: return NoBatch{"the dimension would differ from row to row"};
    case Op::Compact: return NoBatch{"each row would keep another number of elements"};
    case Op::DimValue: return NoBatch{"it has no operands"};
    case Op::Trace: return BatchElementwise{};
    case Op::Loop:
    case Op::Cond:
    case Op::Check:
    case Op::Vjp:
    case Op::Jvp:
    case Op::Vmap:
    case Op::Checkpoint: return BatchStructural{};
    default: noRule(op, "batching");
  }
}

}  // namespace fedc::core
