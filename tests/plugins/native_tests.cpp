// Functions of every kind that tests call (tests/programs/native_*.fed): over scalars of all element types, over whole arrays, with several sizes.
#include <fedc/plugin.h>

#include <cmath>
#include <cstdint>

// NOLINTBEGIN(readability-identifier-naming): the names of C.
namespace {

float cube(float x) { return x * x * x; }
FEDC_ELEMENTWISE1(cube, float, float)

float scaled_sine(float a, float x) { return a * std::sin(x); }
FEDC_ELEMENTWISE2(scaled_sine, float, float, float)

double wide_cube(double x) { return x * x * x; }
FEDC_ELEMENTWISE1(wide_cube, double, double)

float power(float x, std::int32_t n) {
  float y = 1;
  for (std::int32_t i = 0; i < n; ++i) y *= x;
  return y;
}
FEDC_ELEMENTWISE2(power, float, float, std::int32_t)

std::uint8_t is_prime(std::int64_t n) {
  bool found = n > 1;
  for (std::int64_t d = 2; d * d <= n; ++d) found = found && n % d != 0;
  return found ? 1 : 0;
}
FEDC_ELEMENTWISE1(is_prime, std::uint8_t, std::int64_t)

double mixed(std::uint8_t chosen, float a, double b) { return chosen != 0 ? static_cast<double>(a) : b; }
FEDC_ELEMENTWISE3(mixed, double, std::uint8_t, float, double)

std::uint16_t top_bits(std::uint16_t half) { return half & 0xff00; }
FEDC_ELEMENTWISE1(top_bits, std::uint16_t, std::uint16_t)

/// y[i] = sum of x[0..i]
void running_sum_fedc(const fedc_input* inputs, const fedc_output* output) {
  const auto* x = static_cast<const float*>(inputs[0].data);
  auto* y = static_cast<float*>(output->data);
  float sum = 0;
  for (std::int64_t i = 0; i < output->dims[0]; ++i) y[i] = sum += x[i];
}

/// y[i, j] = a[i] * b[j]
void outer_fedc(const fedc_input* inputs, const fedc_output* output) {
  const auto* a = static_cast<const float*>(inputs[0].data);
  const auto* b = static_cast<const float*>(inputs[1].data);
  auto* y = static_cast<float*>(output->data);
  for (std::int64_t i = 0; i < output->dims[0]; ++i) {
    for (std::int64_t j = 0; j < output->dims[1]; ++j) y[i * output->dims[1] + j] = a[i] * b[j];
  }
}

/// x, then x again
void twice_fedc(const fedc_input* inputs, const fedc_output* output) {
  const auto* x = static_cast<const float*>(inputs[0].data);
  auto* y = static_cast<float*>(output->data);
  for (std::int64_t i = 0; i < output->dims[0]; ++i) y[i] = x[i % inputs[0].dims[0]];
}

/// x moved by `by` places to the right, round the end
void rotated_fedc(const fedc_input* inputs, const fedc_output* output) {
  const auto* x = static_cast<const std::int32_t*>(inputs[0].data);
  const std::int64_t n = output->dims[0], by = *static_cast<const std::int32_t*>(inputs[1].data);
  auto* y = static_cast<std::int32_t*>(output->data);
  for (std::int64_t i = 0; i < n; ++i) y[((i + by) % n + n) % n] = x[i];
}

/// The Euclidean norm
void norm_fedc(const fedc_input* inputs, const fedc_output* output) {
  const auto* x = static_cast<const float*>(inputs[0].data);
  double sum = 0;
  for (std::int64_t i = 0; i < inputs[0].dims[0]; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  *static_cast<float*>(output->data) = static_cast<float>(std::sqrt(sum));
}

}  // namespace
// NOLINTEND(readability-identifier-naming)

FEDC_PLUGIN(FEDC_FUNCTION(cube, "(f32) -> f32"), FEDC_FUNCTION(scaled_sine, "(f32, f32) -> f32"), FEDC_FUNCTION(wide_cube, "(f64) -> f64"),
            FEDC_FUNCTION(power, "(f32, i32) -> f32"), FEDC_FUNCTION(is_prime, "(i64) -> bool"), FEDC_FUNCTION(mixed, "(bool, f32, f64) -> f64"),
            FEDC_FUNCTION(top_bits, "(f16) -> f16"), FEDC_FUNCTION(running_sum, "(f32[n]) -> f32[n]"),
            FEDC_FUNCTION(outer, "(f32[n], f32[m]) -> f32[n, m]"), FEDC_FUNCTION(twice, "(f32[n]) -> f32[2*n]"),
            FEDC_FUNCTION(rotated, "(i32[n], i32) -> i32[n]"), FEDC_FUNCTION(norm, "(f32[n]) -> f32"))
