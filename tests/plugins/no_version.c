/* A shared library without FEDC_PLUGIN. */
float cube(float x) { return x * x * x; }
