#pragma once

#include <string>
#include <vector>

#include "compiler/kernel/ir.h"

namespace fedc::kernel {

/// Which rules may be used; none changes bits. `decisions`, if given, receives one line for each fusion done.
struct FuseOptions {
  /// P: a cheap elementwise producer is computed in its readers.
  bool inlineProducers = true;
  /// E: an elementwise consumer becomes the epilogue of the nest it reads, a producer of a row reduction is stored by the reduction (`each`).
  bool epilogues = true;
  /// M: independent nests over equal axes become one.
  bool merge = true;
  /// Results are written over operands that nobody needs afterwards.
  bool reuse = true;
  std::vector<std::string>* decisions = nullptr;
};

/// Joins nests so that intermediate values stay in registers. Every step keeps the invariants N1 to N8, or is not done.
///
/// P applies to producers that have one reader or cost fewer than 8 scalar operations a point, never into the reduction of a product, and only
/// if all readers take it. E and M apply to nests whose axes have equal extents and between which nothing stands.
void fuse(Kernel& kernel, const FuseOptions& options = {});

}  // namespace fedc::kernel
