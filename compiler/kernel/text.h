#pragma once

#include <string>

#include "compiler/kernel/ir.h"

namespace fedc::kernel {

/// The nests form as text (`fedc emit kernel`), in the syntax of docs/kernel-ir.md. An expression that several places of a nest use is named
/// once, `e = ..`, at the nest's beginning.
std::string print(const Kernel& kernel);
/// One statement with everything in it.
std::string print(const Kernel& kernel, const Statement& statement);

}  // namespace fedc::kernel
