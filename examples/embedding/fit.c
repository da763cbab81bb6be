/* fit.cpp in C: fit_c [FILE] */
#include <fedc/c.h>
#include <stdio.h>

static int failed(fedc_error* error) {
  fputs(fedc_error_text(error), stderr);
  fedc_error_free(error);
  return 1;
}

static int heard(void* context, const fedc_round* round) {
  (void)context;
  if (round->round % 50 == 0) printf("round %d loss %.6f\n", (int)round->round, ((const float*)round->report[0].value.data)[0]);
  return 0;
}

int main(int argc, char** argv) {
  fedc_error* error = NULL;
  if (fedc_abi_version() != FEDC_ABI_VERSION) {
    fputs("another libfedc than this was built for\n", stderr);
    return 1;
  }
  fedc_program* program = fedc_compile_file(argc > 1 ? argv[1] : "fit.fed", NULL, &error);
  if (program == NULL) return failed(error);

  /* Points of y = 2x - 1, a few for each of three clients. The arrays are used where they lie. */
  static const float x[] = {-1, -0.5f, 0, 0.25f, 0.5f, 0.75f, 1, -0.25f, 0.125f};
  static const int64_t rows[] = {3, 2, 4};
  static const char* const ids[] = {"client0", "client1", "client2"};
  float y[9];
  for (int i = 0; i < 9; ++i) y[i] = 2 * x[i] - 1;
  fedc_federation* data = fedc_federation_new();
  for (int client = 0, at = 0; client < 3; at += (int)rows[client++]) {
    const fedc_named_array features[] = {{"x", {FEDC_F32, 1, &rows[client], x + at}}, {"y", {FEDC_F32, 1, &rows[client], y + at}}};
    if (fedc_federation_add(data, ids[client], features, 2, &error) != 0) return failed(error);
  }

  fedc_run_options* options = fedc_run_options_new();
  fedc_run_options_data(options, data);
  fedc_run_options_rounds(options, 200);
  fedc_run_options_on_round(options, heard, NULL);
  fedc_result* result = fedc_run(program, options, &error);
  if (result == NULL) return failed(error);
  size_t count = 0;
  const fedc_named_array* state = fedc_result_arrays(result, FEDC_RESULT_STATE, &count);
  for (size_t i = 0; i < count; ++i) printf("%s %.3f%s", state[i].name, *(const float*)state[i].value.data, i + 1 < count ? " " : "\n");

  fedc_result_free(result);
  fedc_run_options_free(options);
  fedc_federation_free(data);
  fedc_program_free(program);
  return 0;
}
