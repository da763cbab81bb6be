#pragma once

#include <memory>
#include <string>

#include "compiler/kernel/loops.h"

namespace llvm {
class LLVMContext;
class Module;
}  // namespace llvm

namespace fedc::codegen {

/// Loops to LLVM IR: one internal function a nest, and the kernel `void symbol(const CallArgs*)` that computes addresses, runs the uniform
/// statements and calls the nests. Flushes denormals between entry and exit.
std::unique_ptr<llvm::Module> emit(llvm::LLVMContext& context, const kernel::LoopKernel& kernel, const std::string& symbol);

}  // namespace fedc::codegen
