#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/core/array.h"
#include "compiler/core/ir.h"
#include "compiler/kernel/ir.h"

namespace fedc::kernel::testing {

/// Values for a function's params: floats around zero (with some exact zeros), small integers in [0, limit), bools, keys; by a fixed generator.
std::vector<core::Array> randomParams(const core::Fn& fn, const std::vector<std::int64_t>& dims, std::uint64_t seed, std::int64_t limit = 6);

/// Interprets the function and runs the kernel by `evaluate`: empty if results and failed checks agree bit for bit and nothing was violated,
/// else what differs.
std::string difference(const core::Fn& fn, const Kernel& kernel, const std::vector<std::int64_t>& dims, const std::vector<core::Array>& params);

/// Every way of lowering the function that must not change bits (fusion rules, padding, sharing): the first difference, with its name.
std::string differenceOfAll(const core::Module& module, const core::Fn& fn, const std::vector<std::int64_t>& dims, std::uint64_t seed = 1,
                            std::int64_t limit = 6);

}  // namespace fedc::kernel::testing
