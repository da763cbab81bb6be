#pragma once

#include <memory>
#include <vector>

#include "compiler/codegen/jit.h"
#include "compiler/codegen/target.h"
#include "compiler/core/ir.h"
#include "compiler/kernel/layout.h"
#include "compiler/kernel/plan.h"
#include "compiler/kernel/schedule.h"
#include "compiler/support/expected.h"
#include "runtime/graph/callable.h"

namespace fedc::codegen {

/// Passes 10 to 16 for local functions. Only `target` and `threads` are for users; nothing here changes bits.
struct NativeOptions {
  Target target;
  /// Modules that the code is dealt to, compiled at the same time.
  int threads = 2;
  bool fuse = true;
  kernel::LayoutOptions layout;
  kernel::PlanOptions plan;
  kernel::ScheduleOptions schedule;
};

/// Core IR (ordered, without transforms) to the nests form with layouts and arena: bufferise, fuse, layout, plan.
kernel::Kernel lowerToNests(const core::Module& module, const core::Fn& fn, const NativeOptions& options = {});
/// Further, to the loops form of the target's processor.
kernel::LoopKernel lowerToLoops(const core::Module& module, const core::Fn& fn, const NativeOptions& options = {});

/// Functions as object code, and what callers need to know of each: what a process can link and another keep.
struct NativeImage {
  struct Function {
    /// In the module.
    std::uint32_t index = 0;
    runtime::Signature signature;
    /// Over `dims`, the function's dim parameters in calling order.
    Dim arenaBytes;
    std::vector<Dim::Variable> dims;
  };
  std::vector<Function> functions;
  /// A symbol for each function.
  NativeObjects objects;
};

/// The functions of a module for which `wanted` is true. The error is the machine's (no AVX2), never the program's.
Expected<NativeImage> compileImage(const core::Module& module, const std::vector<bool>& wanted, const NativeOptions& options = {});
/// Links them into this process: of `count` functions a callable for those that are there, null elsewhere. Errors: no memory for code, objects that
/// are none.
Expected<std::vector<std::shared_ptr<const runtime::Callable>>> linkImage(const NativeImage& image, std::size_t count,
                                                                          std::vector<core::NativeFunction> plugins = {});

/// Both: native code for the functions of a module for which `wanted` is true; the result has a callable at the same index, null elsewhere.
/// The error is the machine's (no AVX2, no memory for code), never the program's.
Expected<std::vector<std::shared_ptr<const runtime::Callable>>> compileNative(const core::Module& module, const std::vector<bool>& wanted,
                                                                              const NativeOptions& options = {});

}  // namespace fedc::codegen
