#pragma once

#include <string>

#include "compiler/kernel/schedule.h"

namespace fedc::codegen {

/// Which processor to compile for. Bits do not depend on it.
struct Target {
  enum class Features : std::uint8_t { Host, Avx2, Avx512 };
  Features features = Features::Host;
  /// The back end's effort: 0, 1, 2 or 3.
  int level = 2;
  /// Checks the loops form and the LLVM IR before they are used. For tests.
  bool verify = false;
};

/// Its features resolved: Host becomes Avx512 or Avx2.
Target::Features resolvedFeatures(Target::Features features);
/// What schedules need to know about it.
kernel::Machine machineOf(const Target& target);
/// The processor's name as LLVM knows it (`sapphirerapids`), its features (`+avx2,-sse4a,..`), and LLVM's version.
std::string hostProcessor();
std::string hostFeatures();
std::string llvmVersion();
/// True if this processor runs it (x86-64-v3, or AVX-512 F, DQ, BW, VL besides).
bool hostRuns(Target::Features features);

}  // namespace fedc::codegen
