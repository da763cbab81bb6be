#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/kernel/loops.h"

namespace llvm {
class LLVMContext;
class Module;
}  // namespace llvm

namespace fedc::codegen {

/// The kernel as `void symbol(const CallArgs*)`: computes addresses, runs the uniform statements and calls the nests, which are only declared,
/// function number i as `nests[i]`. Flushes denormals between entry and exit.
void emitKernel(llvm::Module& module, const kernel::LoopKernel& kernel, const std::string& symbol, const std::vector<std::string>& nests);

/// A kernel with its nest functions in one module.
std::unique_ptr<llvm::Module> emit(llvm::LLVMContext& context, const kernel::LoopKernel& kernel, const std::string& symbol);

}  // namespace fedc::codegen
