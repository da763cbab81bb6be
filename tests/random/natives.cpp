#include "tests/random/natives.h"

#include <cmath>
#include <iterator>

namespace fedc::random {

namespace {

float eased(float x) { return x / (1 + std::fabs(x)); }
FEDC_ELEMENTWISE1(eased, float, float)

/// Each element's mean with the one at the other end.
// NOLINTNEXTLINE(readability-identifier-naming): the name that FEDC_FUNCTION wants.
void mirrored_fedc(const fedc_input* inputs, const fedc_output* output) {
  const auto* x = static_cast<const float*>(inputs[0].data);
  auto* y = static_cast<float*>(output->data);
  const std::int64_t n = output->dims[0];
  for (std::int64_t i = 0; i < n; ++i) y[i] = 0.5F * x[i] + 0.5F * x[n - 1 - i];
}

constexpr fedc_function kFunctions[] = {FEDC_FUNCTION(eased, "(f32) -> f32"), FEDC_FUNCTION(mirrored, "(f32[n]) -> f32[n]")};

}  // namespace

std::shared_ptr<const driver::Plugins> ownPlugins() {
  static const std::shared_ptr<const driver::Plugins> plugins = driver::Plugins::of("these tests", {kFunctions, std::size(kFunctions)});
  return plugins;
}

}  // namespace fedc::random
