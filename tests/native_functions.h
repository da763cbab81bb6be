#pragma once

#include <cstdint>

#include "compiler/core/native.h"
#include "include/fedc/plugin.h"

/// Native functions of the test programs themselves: those that the op table's examples name. A plugin's own are in tests/plugins.
namespace fedc::tests {

inline std::int64_t countOf(const fedc_output& out) {
  std::int64_t n = 1;
  for (std::int64_t i = 0; i < out.rank; ++i) n *= out.dims[i];
  return n;
}

/// half(x) = x / 2
template <class T>
void half(const fedc_input* inputs, const fedc_output* output) {
  for (std::int64_t i = 0; i < countOf(*output); ++i) static_cast<T*>(output->data)[i] = static_cast<const T*>(inputs[0].data)[i] / 2;
}

/// twice(x[n]) = x, x
template <class T>
void twice(const fedc_input* inputs, const fedc_output* output) {
  const std::int64_t n = inputs[0].dims[0];
  for (std::int64_t i = 0; i < countOf(*output); ++i) static_cast<T*>(output->data)[i] = static_cast<const T*>(inputs[0].data)[i % n];
}

/// curved(a, x) = a * x * x
template <class T>
void curved(const fedc_input* inputs, const fedc_output* output) {
  const T* a = static_cast<const T*>(inputs[0].data);
  const T* x = static_cast<const T*>(inputs[1].data);
  for (std::int64_t i = 0; i < countOf(*output); ++i) static_cast<T*>(output->data)[i] = a[i] * x[i] * x[i];
}

/// outer(a[n], b[m])[i, j] = a[i] * b[j]
template <class T>
void outer(const fedc_input* inputs, const fedc_output* output) {
  const T* a = static_cast<const T*>(inputs[0].data);
  const T* b = static_cast<const T*>(inputs[1].data);
  const std::int64_t m = output->dims[1];
  for (std::int64_t i = 0; i < countOf(*output); ++i) static_cast<T*>(output->data)[i] = a[i / m] * b[i % m];
}

/// Binds what the module's native functions are called to the functions above.
inline void bindNatives(core::Module& module) {
  for (core::NativeItem& item : module.natives) {
    core::Native& n = *item.native;
    const bool wide = n.result.elem == core::Elem::F64;
    if (n.symbol == "half") n.call = wide ? half<double> : half<float>;
    if (n.symbol == "curved") n.call = wide ? curved<double> : curved<float>;
    if (n.symbol == "outer") n.call = wide ? outer<double> : outer<float>;
    if (n.symbol == "twice") n.call = wide ? twice<double> : twice<float>;
  }
}

}  // namespace fedc::tests
