#pragma once

#include "compiler/core/ir.h"

namespace fedc::kernel::testing {

/// One client's work of FedAvg on digits as Core IR hands it to bufferise (worked-examples.md, A3): shuffle, one epoch of batches of `batch`,
/// softmax regression by SGD, and the accumulation of n * (w - m) in place. Params: a.w, a.b, a.n (accumulators), lr, m.w, m.b, pixels, label,
/// key; results: the accumulators. Dim param: R.
core::Module digitsProgram(int batch = 20, int height = 28, int width = 28, int classes = 10);

}  // namespace fedc::kernel::testing
