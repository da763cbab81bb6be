#pragma once

#include <cstdint>

#include "runtime/graph/callable.h"
#include "runtime/value/buffer.h"

namespace fedc::runtime {

/// Calls a function with scratch from `arena`, which grows as it must. Gives the lowest failing site or CallArgs::kNoFailure. `team` may be null.
std::int64_t call(const Callable& fn, void* const* buffers, const std::int64_t* dims, Buffer& arena, Team* team);

}  // namespace fedc::runtime
