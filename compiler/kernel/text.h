#pragma once

#include <string>
#include <string_view>

#include "compiler/kernel/ir.h"
#include "compiler/support/expected.h"

namespace fedc::kernel {

/// The nests form as text (`fedc emit kernel`), in the syntax of docs/kernel-ir.md. An expression that several places of a nest use is named
/// once, `e = ..`, at the nest's beginning.
std::string print(const Kernel& kernel);
/// A number with its type, exactly: two that differ in a bit differ in text.
std::string print(core::Literal literal);
/// One statement with everything in it.
std::string print(const Kernel& kernel, const Statement& statement);

/// Reads what `print` wrote: printing the result gives the same text. The error is a sentence with line and column. Anything that can be written
/// can be read; `verify` says whether it makes sense.
Expected<Kernel, std::string> read(std::string_view text);

}  // namespace fedc::kernel
