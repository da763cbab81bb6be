#pragma once

#include <cstdint>
#include <set>

#include "compiler/kernel/loops.h"
#include "compiler/kernel/schedule_expr.h"

namespace fedc::kernel {

/// How many points a nest has, times the terms of its reduction; an extent without a bound counts as 1024.
std::int64_t pointsOf(const LocalNest& nest);

/// Makes a function run the steps lo .. hi - 1 of its outermost loop of several steps, if that is one of `parallel` and everything around it may be
/// done by each of several threads (NestFunction::split then counts the steps). Whoever runs the last step also does what stands behind the loop:
/// lanes that are left over, padding. Bits stay, since the steps share nothing. Functions with checks keep their slot to themselves.
void splitLoop(NestFunction& fn, const std::set<Int>& parallel);

}  // namespace fedc::kernel
