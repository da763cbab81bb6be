#include "compiler/codegen/emit_scalar.h"

#include <llvm/IR/Intrinsics.h>

#include <vector>

#include "compiler/core/internal_error.h"

namespace fedc::codegen {

using core::Elem;
using core::Prim;
using llvm::Intrinsic::ID;

llvm::Type* registerType(llvm::LLVMContext& context, Elem elem) {
  switch (elem) {
    case Elem::Bool: return llvm::Type::getInt1Ty(context);
    case Elem::F32: return llvm::Type::getFloatTy(context);
    case Elem::F64: return llvm::Type::getDoubleTy(context);
    default: return llvm::Type::getIntNTy(context, static_cast<unsigned>(core::elemBytes(elem)) * 8);
  }
}

llvm::Type* memoryType(llvm::LLVMContext& context, Elem elem) {
  return elem == Elem::Bool ? llvm::Type::getInt8Ty(context) : registerType(context, elem);
}

llvm::Type* widen(llvm::Type* type, int width) { return width == 1 ? type : llvm::FixedVectorType::get(type, static_cast<unsigned>(width)); }

llvm::Constant* constantOf(llvm::LLVMContext& context, core::Literal literal, int width) {
  llvm::Type* type = registerType(context, literal.elem);
  llvm::Constant* scalar = nullptr;
  if (literal.elem == Elem::F32) {
    scalar = llvm::ConstantFP::get(context, llvm::APFloat(llvm::APFloat::IEEEsingle(), llvm::APInt(32, literal.bits & 0xffffffffu)));
  } else if (literal.elem == Elem::F64) {
    scalar = llvm::ConstantFP::get(context, llvm::APFloat(llvm::APFloat::IEEEdouble(), llvm::APInt(64, literal.bits)));
  } else if (literal.elem == Elem::Bool) {
    scalar = llvm::ConstantInt::getBool(context, literal.bits != 0);
  } else {
    scalar = llvm::ConstantInt::get(context, llvm::APInt(64, literal.bits).zextOrTrunc(type->getIntegerBitWidth()));
  }
  return width == 1 ? scalar : llvm::ConstantVector::getSplat(llvm::ElementCount::getFixed(static_cast<unsigned>(width)), scalar);
}

namespace {

bool isHalf(Elem e) { return e == Elem::F16 || e == Elem::BF16; }
bool isFloatRegister(Elem e) { return e == Elem::F32 || e == Elem::F64; }

class PrimitiveEmitter {
 public:
  PrimitiveEmitter(Builder& b, int width) : b_(b), width_(width) {}

  /// Keeps logic on bits out of the instruction that selects: LLVM 19 merges the two into a masked VPTERNLOG with the table of another order of
  /// operands (llvm-project issue 157929). Costs no instruction.
  llvm::Value* apart(llvm::Value* v) {
    llvm::Type* type = v->getType();
    if (!type->isVectorTy()) return v;
    if (llvm::isa<llvm::BitCastInst>(v) && type->isFPOrFPVectorTy()) return b_.CreateArithmeticFence(v, type);
    const auto* logic = llvm::dyn_cast<llvm::BinaryOperator>(v);
    const unsigned bits = type->getScalarSizeInBits();
    if (logic == nullptr || !logic->isBitwiseLogicOp() || (bits != 32 && bits != 64)) return v;
    llvm::Type* element = bits == 32 ? b_.getFloatTy() : b_.getDoubleTy();
    llvm::Type* floats = llvm::VectorType::get(element, llvm::cast<llvm::VectorType>(type)->getElementCount());
    return b_.CreateBitCast(b_.CreateArithmeticFence(b_.CreateBitCast(v, floats), floats), type);
  }

  /// Floats that are chosen by a comparison of just these must not become a minimum or maximum instruction: it flushes subnormals, a choice keeps all
  /// bits. With one of them apart no LLVM sees that they are the same. Costs no instruction.
  llvm::Value* select(llvm::Value* condition, llvm::Value* yes, llvm::Value* no) {
    if (llvm::Value*& which = llvm::isa<llvm::Constant>(yes) ? no : yes; which->getType()->isFPOrFPVectorTy() && !llvm::isa<llvm::Constant>(which))
      which = b_.CreateArithmeticFence(which, which->getType());
    return b_.CreateSelect(condition, apart(yes), apart(no));
  }

  llvm::Value* run(Prim prim, Elem elem, Elem from, std::span<llvm::Value* const> args) {
    switch (prim) {
      case Prim::Convert: return convert(args[0], from, elem);
      case Prim::Bitcast: return bitcast(args[0], from, elem);
      case Prim::Select: return select(args[0], args[1], args[2]);
      case Prim::Eq:
      case Prim::Ne:
      case Prim::Lt:
      case Prim::Le:
      case Prim::Gt:
      case Prim::Ge: return compare(prim, elem, args[0], args[1]);
      default: return isFloatRegister(elem) ? floating(prim, args) : integral(prim, elem, args);
    }
  }

 private:
  llvm::Type* type(Elem e) { return widen(registerType(b_.getContext(), e), width_); }
  llvm::Constant* integer(llvm::Type* t, std::int64_t v) { return llvm::ConstantInt::get(t, static_cast<std::uint64_t>(v), true); }
  llvm::Value* unary(ID id, llvm::Value* x) { return b_.CreateUnaryIntrinsic(id, x); }

  llvm::Value* floating(Prim prim, std::span<llvm::Value* const> x) {
    switch (prim) {
      case Prim::Add: return b_.CreateFAdd(x[0], x[1]);
      case Prim::Sub: return b_.CreateFSub(x[0], x[1]);
      case Prim::Mul: return b_.CreateFMul(x[0], x[1]);
      case Prim::Div: return b_.CreateFDiv(x[0], x[1]);
      case Prim::Neg: return b_.CreateFNeg(x[0]);
      case Prim::Fma: return b_.CreateIntrinsic(llvm::Intrinsic::fma, {x[0]->getType()}, {x[0], x[1], x[2]});
      case Prim::Sqrt: return unary(llvm::Intrinsic::sqrt, x[0]);
      case Prim::Floor: return unary(llvm::Intrinsic::floor, x[0]);
      case Prim::Ceil: return unary(llvm::Intrinsic::ceil, x[0]);
      case Prim::RoundEven: return unary(llvm::Intrinsic::roundeven, x[0]);
      case Prim::Trunc: return unary(llvm::Intrinsic::trunc, x[0]);
      case Prim::Abs: return unary(llvm::Intrinsic::fabs, x[0]);
      case Prim::Min: return minimum(x[0], x[1]);
      default: core::internalError("a primitive that floats do not have", __FILE__, __LINE__);
    }
  }

  /// Each select is one minimum instruction, which gives its second operand for a NaN or two zeros; or-ing both orders keeps a NaN a NaN and -0.
  llvm::Value* minimum(llvm::Value* a, llvm::Value* b) {
    llvm::Type* type = a->getType();
    const unsigned bits = type->getScalarSizeInBits();
    llvm::Type* whole = llvm::IntegerType::get(b_.getContext(), bits);
    if (const auto* vector = llvm::dyn_cast<llvm::VectorType>(type)) whole = llvm::VectorType::get(whole, vector->getElementCount());
    llvm::Value* x = b_.CreateSelect(b_.CreateFCmpOLT(a, b), a, b);
    llvm::Value* y = b_.CreateSelect(b_.CreateFCmpOLT(b, a), b, a);
    llvm::Value* both = b_.CreateBitCast(b_.CreateOr(b_.CreateBitCast(x, whole), b_.CreateBitCast(y, whole)), type);
    // Whether LLVM takes that instruction or a comparison and a blend, subnormals end as zeros. A factor that is seen to be 1 would be dropped.
    return b_.CreateFMul(both, b_.CreateArithmeticFence(llvm::ConstantFP::get(type, 1.0), type));
  }

  llvm::Value* integral(Prim prim, Elem elem, std::span<llvm::Value* const> x) {
    llvm::Type* t = x[0]->getType();
    switch (prim) {
      case Prim::Add: return b_.CreateAdd(x[0], x[1]);
      case Prim::Sub: return b_.CreateSub(x[0], x[1]);
      case Prim::Mul: return b_.CreateMul(x[0], x[1]);
      case Prim::Neg: return b_.CreateNeg(x[0]);
      case Prim::Fma: return b_.CreateAdd(b_.CreateMul(x[0], x[1]), x[2]);
      case Prim::Abs: return core::isSigned(elem) ? b_.CreateBinaryIntrinsic(llvm::Intrinsic::abs, x[0], b_.getFalse()) : x[0];
      case Prim::Div:
      case Prim::Rem: return quotient(prim == Prim::Div, core::isSigned(elem), x[0], x[1]);
      case Prim::And: return b_.CreateAnd(x[0], x[1]);
      case Prim::Or: return b_.CreateOr(x[0], x[1]);
      case Prim::Xor: return b_.CreateXor(x[0], x[1]);
      case Prim::Not: return b_.CreateNot(x[0]);
      case Prim::Shl:
      case Prim::Shr: {
        const auto bits = static_cast<std::int64_t>(t->getScalarSizeInBits());
        llvm::Value* inside = b_.CreateICmpULT(x[1], integer(t, bits));
        if (prim == Prim::Shr && core::isSigned(elem)) return b_.CreateAShr(x[0], b_.CreateSelect(inside, x[1], integer(t, bits - 1)));
        llvm::Value* count = b_.CreateSelect(inside, x[1], integer(t, 0));
        llvm::Value* shifted = prim == Prim::Shl ? b_.CreateShl(x[0], count) : b_.CreateLShr(x[0], count);
        return b_.CreateSelect(inside, shifted, integer(t, 0));
      }
      case Prim::MulHigh: {
        const unsigned bits = t->getScalarSizeInBits();
        llvm::Type* wide = widen(llvm::Type::getIntNTy(b_.getContext(), bits * 2), width_);
        llvm::Value* product = b_.CreateMul(b_.CreateZExt(x[0], wide), b_.CreateZExt(x[1], wide));
        return b_.CreateTrunc(b_.CreateLShr(product, integer(wide, bits)), t);
      }
      default: core::internalError("a primitive that integers do not have", __FILE__, __LINE__);
    }
  }

  /// x / 0 = 0 and x rem 0 = 0; MIN / -1 = MIN and MIN rem -1 = 0. The division itself never traps.
  llvm::Value* quotient(bool divide, bool isSigned, llvm::Value* x, llvm::Value* y) {
    llvm::Type* t = x->getType();
    llvm::Value* zero = integer(t, 0);
    llvm::Value* byZero = b_.CreateICmpEQ(y, zero);
    llvm::Value* safe = b_.CreateSelect(byZero, integer(t, 1), y);
    llvm::Value* byMinusOne = nullptr;
    if (isSigned) {
      byMinusOne = b_.CreateICmpEQ(y, integer(t, -1));
      safe = b_.CreateSelect(byMinusOne, integer(t, 1), safe);
    }
    llvm::Value* result = nullptr;
    if (divide) {
      result = isSigned ? b_.CreateSDiv(x, safe) : b_.CreateUDiv(x, safe);
      if (isSigned) result = b_.CreateSelect(byMinusOne, b_.CreateNeg(x), result);
      return b_.CreateSelect(byZero, zero, result);
    }
    // x rem 1 = 0 gives both special cases.
    return isSigned ? b_.CreateSRem(x, safe) : b_.CreateURem(x, safe);
  }

  llvm::Value* compare(Prim prim, Elem elem, llvm::Value* x, llvm::Value* y) {
    using P = llvm::CmpInst::Predicate;
    const int n = static_cast<int>(prim) - static_cast<int>(Prim::Eq);
    static constexpr P kFloat[] = {P::FCMP_OEQ, P::FCMP_UNE, P::FCMP_OLT, P::FCMP_OLE, P::FCMP_OGT, P::FCMP_OGE};
    static constexpr P kSigned[] = {P::ICMP_EQ, P::ICMP_NE, P::ICMP_SLT, P::ICMP_SLE, P::ICMP_SGT, P::ICMP_SGE};
    static constexpr P kUnsigned[] = {P::ICMP_EQ, P::ICMP_NE, P::ICMP_ULT, P::ICMP_ULE, P::ICMP_UGT, P::ICMP_UGE};
    if (isFloatRegister(elem)) return b_.CreateFCmp(kFloat[n], x, y);
    return b_.CreateICmp(core::isSigned(elem) ? kSigned[n] : kUnsigned[n], x, y);
  }

  llvm::Value* bitcast(llvm::Value* x, Elem from, Elem to) {
    if (from == Elem::Bool && to != Elem::Bool) return b_.CreateZExt(x, type(to));
    if (to == Elem::Bool && from != Elem::Bool) return b_.CreateICmpNE(x, integer(x->getType(), 0));
    return b_.CreateBitCast(x, type(to));
  }

  llvm::Value* convert(llvm::Value* x, Elem from, Elem to) {
    if (from == to) return x;
    if (isHalf(from)) {
      llvm::Value* f = from == Elem::BF16
                           ? b_.CreateBitCast(b_.CreateShl(b_.CreateZExt(x, type(Elem::U32)), integer(type(Elem::U32), 16)), type(Elem::F32))
                           : b_.CreateFPExt(b_.CreateBitCast(x, widen(llvm::Type::getHalfTy(b_.getContext()), width_)), type(Elem::F32));
      return convert(f, Elem::F32, to);
    }
    if (isHalf(to)) {
      x = convert(x, from, Elem::F32);
      if (to == Elem::F16) return b_.CreateBitCast(b_.CreateFPTrunc(x, widen(llvm::Type::getHalfTy(b_.getContext()), width_)), type(to));
      return roundToBf16(x);
    }
    if (to == Elem::Bool)
      return isFloatRegister(from) ? b_.CreateFCmpUNE(x, llvm::ConstantFP::get(x->getType(), 0.0)) : b_.CreateICmpNE(x, integer(x->getType(), 0));
    if (from == Elem::Bool) return isFloatRegister(to) ? b_.CreateUIToFP(x, type(to)) : b_.CreateZExt(x, type(to));
    if (isFloatRegister(from) && isFloatRegister(to)) return to == Elem::F64 ? b_.CreateFPExt(x, type(to)) : b_.CreateFPTrunc(x, type(to));
    if (isFloatRegister(from)) {
      const ID id = core::isSigned(to) ? llvm::Intrinsic::fptosi_sat : llvm::Intrinsic::fptoui_sat;
      return b_.CreateIntrinsic(id, {type(to), x->getType()}, {x});
    }
    if (isFloatRegister(to)) return core::isSigned(from) ? b_.CreateSIToFP(x, type(to)) : b_.CreateUIToFP(x, type(to));
    return b_.CreateIntCast(x, type(to), core::isSigned(from));
  }

  /// Round to nearest even on the bits, as core/half.h does; a NaN stays one.
  llvm::Value* roundToBf16(llvm::Value* x) {
    llvm::Type* t = type(Elem::U32);
    llvm::Value* bits = b_.CreateBitCast(x, t);
    llvm::Value* high = b_.CreateLShr(bits, integer(t, 16));
    llvm::Value* odd = b_.CreateAnd(high, integer(t, 1));
    llvm::Value* rounded = b_.CreateLShr(b_.CreateAdd(b_.CreateAdd(bits, integer(t, 0x7fff)), odd), integer(t, 16));
    llvm::Value* quiet = b_.CreateOr(high, integer(t, 0x40));
    llvm::Value* isNan = b_.CreateICmpUGT(b_.CreateAnd(bits, integer(t, 0x7fffffff)), integer(t, 0x7f800000));
    return b_.CreateTrunc(b_.CreateSelect(isNan, quiet, rounded), type(Elem::BF16));
  }

  Builder& b_;
  int width_;
};

}  // namespace

llvm::Value* emitPrimitive(Builder& b, Prim prim, Elem elem, Elem from, std::span<llvm::Value* const> args, int width) {
  return PrimitiveEmitter(b, width).run(prim, elem, from, args);
}

llvm::Value* emitProgram(Builder& b, const core::ScalarProgram& program, std::span<llvm::Value* const> operands, int width) {
  std::vector<llvm::Value*> values;
  values.reserve(program.code.size());
  PrimitiveEmitter emitter(b, width);
  for (const core::ScalarInstr& i : program.code) {
    if (i.prim == Prim::Constant) {
      values.push_back(constantOf(b.getContext(), core::Literal{i.elem, i.imm}, width));
      continue;
    }
    if (i.prim == Prim::Operand) {
      values.push_back(operands[static_cast<std::size_t>(i.a)]);
      continue;
    }
    llvm::Value* args[3] = {nullptr, nullptr, nullptr};
    const int named[3] = {i.a, i.b, i.c};
    for (int k = 0; k < 3; ++k)
      if (named[k] >= 0) args[k] = values[static_cast<std::size_t>(named[k])];
    values.push_back(emitter.run(i.prim, i.elem, i.from, args));
  }
  return values.back();
}

}  // namespace fedc::codegen
