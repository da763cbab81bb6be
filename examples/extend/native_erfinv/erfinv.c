/* Native functions for erfinv.fed: docs/native.md says how they get there. */
#include <fedc/plugin.h>
#include <math.h>

/* The inverse of erf on [-1, 1]; NaN outside. Winitzki's closed form, then two steps of Newton's method in double. */
static float my_erfinv(float given) {
  const double x = (double)given;
  if (!(x >= -1 && x <= 1)) return NAN;
  if (x == 1 || x == -1) return (float)(x * INFINITY);
  const double a = 0.147, root_pi = 1.7724538509055160;
  const double l = log1p(-x * x), t = 2 / (3.14159265358979324 * a) + l / 2;
  double y = copysign(sqrt(sqrt(t * t - l / a) - t), x);
  for (int step = 0; step < 2; ++step) y -= (erf(y) - x) * root_pi / 2 * exp(y * y);
  return (float)y;
}
FEDC_ELEMENTWISE1(my_erfinv, float, float)

/* A quarter of each neighbour and half of the value itself; nothing beyond the ends. */
static void my_smooth_fedc(const fedc_input* inputs, const fedc_output* output) {
  const float* x = (const float*)inputs[0].data;
  float* y = (float*)output->data;
  const int64_t n = output->dims[0];
  for (int64_t i = 0; i < n; ++i) {
    const float before = i > 0 ? x[i - 1] : 0, after = i + 1 < n ? x[i + 1] : 0;
    y[i] = 0.25F * (before + after) + 0.5F * x[i];
  }
}

FEDC_PLUGIN(
  FEDC_FUNCTION(my_erfinv, "(f32) -> f32"),
  FEDC_FUNCTION(my_smooth, "(f32[n]) -> f32[n]"))
