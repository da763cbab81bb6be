/* A function that native_tests has, too, and computes otherwise. */
#include <fedc/plugin.h>

static float cube(float x) { return -x; }
FEDC_ELEMENTWISE1(cube, float, float)
FEDC_PLUGIN(FEDC_FUNCTION(cube, "(f32) -> f32"))
