#pragma once

#include <string>
#include <vector>

#include "compiler/codegen/native.h"
#include "compiler/driver/pipeline.h"
#include "compiler/support/expected.h"
#include "runtime/graph/executable.h"

namespace fedc::driver {

/// Machine code for the program's functions, not linked yet. Errors as below.
Expected<codegen::NativeImage> compileImage(const Compilation& compilation, const CompileOptions& options);
/// Links it: functions that can be called.
/// `plugins`: what the code may call; may be null.
Expected<runtime::Executable> linkExecutable(std::shared_ptr<const core::Program> program, const codegen::NativeImage& image, const Plugins* plugins);

struct ExecutableOptions {
  /// The reference interpreter instead of machine code: same bits.
  bool interpret = false;
};

/// Passes 10 and on: from `compilation.program` (`lowerProgram` has succeeded) to functions that can be called. The Error is the machine's (a CPU
/// that we have no code for, no memory for code), never the program's.
Expected<runtime::Executable> compileExecutable(const Compilation& compilation, const CompileOptions& options, const ExecutableOptions& how = {});

/// What `emitNative` prints of every function that a graph names.
enum class NativeStage {
  /// Kernel IR: nests with layouts and arena, then the loops made of them.
  Kernel,
  /// LLVM IR after its passes.
  Llvm,
  Assembly,
};
Expected<std::string> emitNative(const Compilation& compilation, const CompileOptions& options, NativeStage stage);

/// The names that `--print-after` knows, in order: `check`, `specialise`, those of `corePasses`, `cross`, and of the kernels `plan` (nests) and
/// `schedule` (loops).
std::vector<std::string> passNames();

}  // namespace fedc::driver
