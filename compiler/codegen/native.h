#pragma once

#include <memory>
#include <vector>

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

/// Native code for the functions of a module for which `wanted` is true; the result has a callable at the same index, null elsewhere.
/// The error is the machine's (no AVX2, no memory for code), never the program's.
Expected<std::vector<std::shared_ptr<const runtime::Callable>>> compileNative(const core::Module& module, const std::vector<bool>& wanted,
                                                                              const NativeOptions& options = {});

}  // namespace fedc::codegen
