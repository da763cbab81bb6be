/* A plugin that cannot be loaded: it calls what nobody has. */
#include <fedc/plugin.h>

float nobody_has_this(float x);
static float cube(float x) { return nobody_has_this(x); }
FEDC_ELEMENTWISE1(cube, float, float)
FEDC_PLUGIN(FEDC_FUNCTION(cube, "(f32) -> f32"))
