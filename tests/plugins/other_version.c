/* A plugin for the header of a later version. */
#include <fedc/plugin.h>
#undef FEDC_PLUGIN_ABI
#define FEDC_PLUGIN_ABI 7u

static float cube(float x) { return x * x * x; }
FEDC_ELEMENTWISE1(cube, float, float)
FEDC_PLUGIN(FEDC_FUNCTION(cube, "(f32) -> f32"))
