/* A plugin whose signature nobody can read. */
#include <fedc/plugin.h>

static float cube(float x) { return x * x * x; }
FEDC_ELEMENTWISE1(cube, float, float)
FEDC_PLUGIN(FEDC_FUNCTION(cube, "(f33) -> f32"))
