#pragma once

#include <memory>
#include <vector>

#include "compiler/core/graph.h"
#include "runtime/graph/callable.h"

namespace fedc::runtime {

/// A program ready to run: the graphs, and a callable for each function of the module (same index; null where no graph names it).
struct Executable {
  std::shared_ptr<const core::Program> program;
  std::vector<std::shared_ptr<const Callable>> functions;
};

/// Every function by the reference interpreter, all leaves dense.
Executable interpreted(std::shared_ptr<const core::Program> program);

}  // namespace fedc::runtime
