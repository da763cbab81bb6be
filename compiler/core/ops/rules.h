#pragma once

#include "compiler/core/op_table.h"

namespace fedc::core {

/// The derivative column of an op's row.
Derivative derivativeOf(Op op);
/// The batching column of an op's row.
Batching batchingOf(Op op);

}  // namespace fedc::core
