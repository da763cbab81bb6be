#pragma once

#include <llvm/IR/Module.h>

#include "compiler/codegen/builder.h"
#include "compiler/kernel/loops.h"

namespace fedc::codegen {

/// Declares a nest function: `void name(ptr noalias align N buffer.., i64 uniform.., [i64 lo, i64 hi,] [ptr noalias site])`, hidden. N is 64, and an
/// element's size where the buffer is only read.
llvm::Function* declareNest(llvm::Module& module, const kernel::NestFunction& function, const std::string& name);
/// Writes its body.
void emitNest(llvm::Function& declared, const kernel::NestFunction& function);

/// Attributes of every function that computes: denormals are flushed, full vectors are wanted.
void setComputeAttributes(llvm::Function& function);

}  // namespace fedc::codegen
