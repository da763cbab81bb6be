#ifndef FEDC_PLUGIN_H
#define FEDC_PLUGIN_H

/* Native functions of Fed programs, in a shared library that `fedc run --plugin FILE.so` loads: docs/native.md. C11 or C++17; this file is all that a
 * plugin needs, and nothing is linked.
 *
 *   static float half(float x) { return x / 2; }
 *   FEDC_ELEMENTWISE1(half, float, float)
 *   FEDC_PLUGIN(FEDC_FUNCTION(half, "(f32) -> f32"))
 *
 * Every function is pure: what it writes depends on nothing but its inputs, bit for bit. Any number of threads may call it at once. It does not throw
 * and leaves the floating-point environment as it found it (subnormals are flushed to zero). */

#include <stdint.h>

/* NOLINTBEGIN(readability-identifier-naming): the names of C. */

#ifdef __cplusplus
extern "C" {
#endif

/* The version of what stands here. A plugin of another version is refused before any of its functions is called. */
#define FEDC_PLUGIN_ABI 1u

/* The most inputs of a function. */
#define FEDC_PLUGIN_MAX_INPUTS 16

/* Dense arrays, row-major, aligned to their elements; a scalar has rank 0. Elements: bool is a byte, 0 or 1; i8 .. u64, f32 and f64 are C's types;
 * f16 and bf16 are the 16 bits of their value. An extent may be 0; then `data` points to nothing. */
typedef struct fedc_input {
  const void* data;
  const int64_t* dims;
  int64_t rank;
} fedc_input;

typedef struct fedc_output {
  void* data;
  const int64_t* dims;
  int64_t rank;
} fedc_output;

/* Writes every element of the output. A function of scalars alone is elementwise: it is given arrays of rank 1 and one length, and each element of
 * the output depends on the inputs' elements at its place. Inputs and output do not overlap. */
typedef void (*fedc_native)(const fedc_input* inputs, const fedc_output* output);

typedef struct fedc_function {
  /* What a program calls it: `native fn f(…) -> … = "name";`. */
  const char* name;
  /* The types, as Fed writes them: `(f32[n], i32) -> f32[n]`. A size in lower case is any size, the same wherever it stands; sizes may be sums and
   * products of such. */
  const char* signature;
  fedc_native call;
} fedc_function;

typedef struct fedc_table {
  const fedc_function* functions;
  int64_t count;
} fedc_table;

#ifdef __cplusplus
}
#define FEDC_PLUGIN_EXTERN extern "C"
#else
#define FEDC_PLUGIN_EXTERN extern
#endif

#if defined(__GNUC__)
#define FEDC_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define FEDC_PLUGIN_EXPORT
#endif

/* The function `name` of the plugin, whose calling form is `name_fedc`. */
#define FEDC_FUNCTION(name, signature) {#name, signature, name##_fedc}

/* Stands once in a plugin: its version and its functions, each a FEDC_FUNCTION. */
#define FEDC_PLUGIN(...)                                                    \
  FEDC_PLUGIN_EXTERN FEDC_PLUGIN_EXPORT const uint32_t fedc_plugin_abi;     \
  FEDC_PLUGIN_EXTERN FEDC_PLUGIN_EXPORT const fedc_table fedc_plugin_table; \
  static const fedc_function fedc_plugin_functions[] = {__VA_ARGS__};       \
  const uint32_t fedc_plugin_abi = FEDC_PLUGIN_ABI;                         \
  const fedc_table fedc_plugin_table = {fedc_plugin_functions, (int64_t)(sizeof fedc_plugin_functions / sizeof fedc_plugin_functions[0])};

/* The calling form of a C function over scalars: its name, the C types of its result and of its parameters. */
#define FEDC_ELEMENTWISE1(name, R, A)                                            \
  static void name##_fedc(const fedc_input* inputs, const fedc_output* output) { \
    const A* a = (const A*)inputs[0].data;                                       \
    R* y = (R*)output->data;                                                     \
    for (int64_t i = 0; i < output->dims[0]; ++i) y[i] = name(a[i]);             \
  }
#define FEDC_ELEMENTWISE2(name, R, A, B)                                         \
  static void name##_fedc(const fedc_input* inputs, const fedc_output* output) { \
    const A* a = (const A*)inputs[0].data;                                       \
    const B* b = (const B*)inputs[1].data;                                       \
    R* y = (R*)output->data;                                                     \
    for (int64_t i = 0; i < output->dims[0]; ++i) y[i] = name(a[i], b[i]);       \
  }
#define FEDC_ELEMENTWISE3(name, R, A, B, C)                                      \
  static void name##_fedc(const fedc_input* inputs, const fedc_output* output) { \
    const A* a = (const A*)inputs[0].data;                                       \
    const B* b = (const B*)inputs[1].data;                                       \
    const C* c = (const C*)inputs[2].data;                                       \
    R* y = (R*)output->data;                                                     \
    for (int64_t i = 0; i < output->dims[0]; ++i) y[i] = name(a[i], b[i], c[i]); \
  }

/* NOLINTEND(readability-identifier-naming) */

#endif
