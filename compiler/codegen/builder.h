#pragma once

#include <llvm/IR/ConstantFolder.h>
#include <llvm/IR/IRBuilder.h>

namespace fedc::codegen {

/// Folds constants, but not what computes with floats: whether subnormals are flushed is an attribute of the function, which a folder is not told.
/// LLVM's passes are, and fold the rest.
class Folder final : public llvm::IRBuilderFolder {
  using Constant = llvm::Constant;
  using Value = llvm::Value;
  static bool isFloat(const Value* v) { return v->getType()->isFPOrFPVectorTy(); }

 public:
  Value* FoldBinOp(llvm::Instruction::BinaryOps op, Value* a, Value* b) const override { return isFloat(a) ? nullptr : usual_.FoldBinOp(op, a, b); }
  Value* FoldExactBinOp(llvm::Instruction::BinaryOps op, Value* a, Value* b, bool isExact) const override {
    return usual_.FoldExactBinOp(op, a, b, isExact);
  }
  Value* FoldNoWrapBinOp(llvm::Instruction::BinaryOps op, Value* a, Value* b, bool hasNuw, bool hasNsw) const override {
    return usual_.FoldNoWrapBinOp(op, a, b, hasNuw, hasNsw);
  }
  Value* FoldBinOpFMF(llvm::Instruction::BinaryOps op, Value* a, Value* b, llvm::FastMathFlags) const override { return FoldBinOp(op, a, b); }
  /// The only one is `fneg`, which changes a sign.
  Value* FoldUnOpFMF(llvm::Instruction::UnaryOps op, Value* a, llvm::FastMathFlags flags) const override { return usual_.FoldUnOpFMF(op, a, flags); }
  Value* FoldCmp(llvm::CmpInst::Predicate p, Value* a, Value* b) const override { return isFloat(a) ? nullptr : usual_.FoldCmp(p, a, b); }
  Value* FoldGEP(llvm::Type* type, Value* at, llvm::ArrayRef<Value*> indices, llvm::GEPNoWrapFlags flags) const override {
    return usual_.FoldGEP(type, at, indices, flags);
  }
  Value* FoldSelect(Value* c, Value* a, Value* b) const override { return usual_.FoldSelect(c, a, b); }
  Value* FoldExtractValue(Value* of, llvm::ArrayRef<unsigned> at) const override { return usual_.FoldExtractValue(of, at); }
  Value* FoldInsertValue(Value* into, Value* v, llvm::ArrayRef<unsigned> at) const override { return usual_.FoldInsertValue(into, v, at); }
  Value* FoldExtractElement(Value* of, Value* at) const override { return usual_.FoldExtractElement(of, at); }
  Value* FoldInsertElement(Value* into, Value* v, Value* at) const override { return usual_.FoldInsertElement(into, v, at); }
  Value* FoldShuffleVector(Value* a, Value* b, llvm::ArrayRef<int> mask) const override { return usual_.FoldShuffleVector(a, b, mask); }
  Value* FoldCast(llvm::Instruction::CastOps op, Value* v, llvm::Type* to) const override {
    return isFloat(v) && to->isFPOrFPVectorTy() ? nullptr : usual_.FoldCast(op, v, to);
  }
  Value* FoldBinaryIntrinsic(llvm::Intrinsic::ID, Value*, Value*, llvm::Type*, llvm::Instruction*) const override { return nullptr; }
  Constant* CreatePointerCast(Constant* c, llvm::Type* to) const override { return usual_.CreatePointerCast(c, to); }
  Constant* CreatePointerBitCastOrAddrSpaceCast(Constant* c, llvm::Type* to) const override {
    return usual_.CreatePointerBitCastOrAddrSpaceCast(c, to);
  }

 private:
  llvm::ConstantFolder usual_;
};

using Builder = llvm::IRBuilder<Folder>;

}  // namespace fedc::codegen
