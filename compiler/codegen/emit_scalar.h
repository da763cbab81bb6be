#pragma once

#include <span>

#include "compiler/codegen/builder.h"
#include "compiler/core/scalar.h"

namespace fedc::codegen {

/// The type of an element in registers: bool is i1, the 16-bit floats are their bits (i16), keys are i64.
llvm::Type* registerType(llvm::LLVMContext& context, core::Elem elem);
/// The same in memory: bool is i8.
llvm::Type* memoryType(llvm::LLVMContext& context, core::Elem elem);
/// `width` lanes of it; 1 is a scalar.
llvm::Type* widen(llvm::Type* type, int width);
llvm::Constant* constantOf(llvm::LLVMContext& context, core::Literal literal, int width);

/// One primitive over scalars or vectors of `width` lanes; `elem` and `from` as in core::ScalarInstr.
llvm::Value* emitPrimitive(Builder& b, core::Prim prim, core::Elem elem, core::Elem from, std::span<llvm::Value* const> args, int width);

/// A scalar program over operands of `width` lanes.
llvm::Value* emitProgram(Builder& b, const core::ScalarProgram& program, std::span<llvm::Value* const> operands, int width);

}  // namespace fedc::codegen
