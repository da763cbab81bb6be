#ifndef FEDC_C_H
#define FEDC_C_H

#include <stddef.h>
#include <stdint.h>

#include "fedc/export.h"

/*
 * Fed programs inside another program, in C: docs/embedding.md. A stable ABI: what stands here keeps its meaning and its layout as long as
 * `fedc_abi_version` gives FEDC_ABI_VERSION; functions may be added.
 *
 * - Handles are opaque. What a function named `.._new`, `fedc_compile..`, `fedc_run`, `fedc_evaluate` or an `error` argument gives belongs to the
 * caller until it is given to `.._free`, which accepts NULL. Everything that is reached through a handle lives as long as the handle.
 * - Functions that can fail give NULL or nonzero, and put an error where `error` points, unless that is NULL.
 * - Texts are UTF-8 and end in a zero. What is handed in is copied, but for the elements of arrays.
 * - A program may be used by several threads at once, any other handle by one at a time. No exception leaves a function.
 */
/* NOLINTBEGIN(readability-identifier-naming): the names of C. */
#ifdef __cplusplus
extern "C" {
#endif

#define FEDC_ABI_VERSION 1

/* The FEDC_ABI_VERSION of the library: compare it with the header's before anything else. */
FEDC_API int fedc_abi_version(void);
/* "0.1.0" */
FEDC_API const char* fedc_version(void);

typedef struct fedc_error fedc_error;
typedef struct fedc_compile_options fedc_compile_options;
typedef struct fedc_program fedc_program;
typedef struct fedc_federation fedc_federation;
typedef struct fedc_run_options fedc_run_options;
typedef struct fedc_client_states fedc_client_states;
typedef struct fedc_result fedc_result;
typedef struct fedc_client fedc_client;

/* Types of elements, as Fed names them. A bool is a byte, 0 or 1; bf16 and f16 are 16 bits; a str is a uint32_t, the number of a text
 * (`fedc_string`). */
enum {
  FEDC_BOOL = 0,
  FEDC_I8,
  FEDC_I16,
  FEDC_I32,
  FEDC_I64,
  FEDC_U8,
  FEDC_U16,
  FEDC_U32,
  FEDC_U64,
  FEDC_BF16,
  FEDC_F16,
  FEDC_F32,
  FEDC_F64,
  FEDC_STR = 14
};

/* A dense row-major array of `rank` extents, at an address that is a multiple of the element's size. Rank 0: a scalar; `shape` may be NULL. */
typedef struct fedc_array {
  int32_t element;
  int32_t rank;
  const int64_t* shape;
  const void* data;
} fedc_array;

/* A leaf of a struct with its path, "model.w". A key of Fed's random numbers is a u32[.., 2]. */
typedef struct fedc_named_array {
  const char* name;
  fedc_array value;
} fedc_named_array;

/* The type of a leaf. -1 in the shape: the rows of a client, the size of a cohort. */
typedef struct fedc_leaf {
  const char* name;
  int32_t element;
  int32_t rank;
  const int64_t* shape;
} fedc_leaf;

/* ---- Errors ---- */

enum { FEDC_ERROR_USAGE = 0, FEDC_ERROR_COMPILE = 1, FEDC_ERROR_RUN = 2, FEDC_ERROR_MEMORY = 3 };

/* Something wrong, or a warning. Lines and columns from 1, columns in code points; `line` 0: no place. */
typedef struct fedc_problem {
  /* 0: a warning. */
  int32_t is_error;
  uint32_t line, column, end_line, end_column;
  /* "E0207", for `fedc explain`; may be empty, as may `file`. */
  const char* code;
  const char* message;
  const char* file;
  /* As `fedc` shows it, with the lines of the program, notes and help. */
  const char* text;
} fedc_problem;

FEDC_API void fedc_error_free(fedc_error* error);
FEDC_API int fedc_error_kind(const fedc_error* error);
/* All texts. */
FEDC_API const char* fedc_error_text(const fedc_error* error);
/* At least one. */
FEDC_API size_t fedc_error_count(const fedc_error* error);
FEDC_API const fedc_problem* fedc_error_problem(const fedc_error* error, size_t index);
/* Where in a run: the client, NULL if it is not known; the round, from 1, 0 for `init`, -1 if it is not known. */
FEDC_API const char* fedc_error_client(const fedc_error* error);
FEDC_API int32_t fedc_error_round(const fedc_error* error);

/* ---- Strings ---- */

/* The number by which arrays hold a text of `length` bytes: UTF-8, at most 65,535. The same as long as the process lives, for equal texts; what it is
 * means nothing. 0 is the empty text. A text is kept until the process ends. Nonzero: it is no text. */
FEDC_API int fedc_string(const char* text, size_t length, uint32_t* number, fedc_error** error);
/* The text of a number that `fedc_string` or a result gave, for as long as the process lives, and its length, unless `length` is NULL; it may hold
 * zeros, and does not end in one. NULL: there is no such number. */
FEDC_API const char* fedc_string_text(uint32_t number, size_t* length);

/* ---- Compiling ---- */

FEDC_API fedc_compile_options* fedc_compile_options_new(void);
FEDC_API void fedc_compile_options_free(fedc_compile_options* options);
/* What messages call the source. */
FEDC_API void fedc_compile_options_name(fedc_compile_options* options, const char* name);
/* The value of a `param`, as text: "0.1", "20", "true". */
FEDC_API void fedc_compile_options_param(fedc_compile_options* options, const char* name, const char* value);
/* A module for `use`, as text; a folder with modules. */
FEDC_API void fedc_compile_options_module(fedc_compile_options* options, const char* name, const char* text);
FEDC_API void fedc_compile_options_include(fedc_compile_options* options, const char* folder);
/* A shared library with the program's native functions (docs/native.md). Loading it runs its own initialisation. */
FEDC_API void fedc_compile_options_plugin(fedc_compile_options* options, const char* file);
/* Nonzero: the reference interpreter instead of machine code: the same bits, slowly. */
FEDC_API void fedc_compile_options_interpret(fedc_compile_options* options, int interpret);

/* Compiles a text of `length` bytes. Nothing is read but the text, modules, plugins, and files in include folders. `options` may be NULL. */
FEDC_API fedc_program* fedc_compile(const char* source, size_t length, const fedc_compile_options* options, fedc_error** error);
/* The same for a file, whose modules may lie beside it. */
FEDC_API fedc_program* fedc_compile_file(const char* path, const fedc_compile_options* options, fedc_error** error);
FEDC_API void fedc_program_free(fedc_program* program);

FEDC_API size_t fedc_program_warning_count(const fedc_program* program);
FEDC_API const fedc_problem* fedc_program_warning(const fedc_program* program, size_t index);
/* A process (rounds), or a `main` that runs once. */
FEDC_API int fedc_program_is_process(const fedc_program* program);
FEDC_API int fedc_program_has_evaluate(const fedc_program* program);
/* `main` returns one leaf, no struct or tuple. */
FEDC_API int fedc_program_has_plain_result(const fedc_program* program);

enum {
  /* The type of a row of the data, of rounds and of evaluations. */
  FEDC_LEAVES_FEATURES = 0,
  FEDC_LEAVES_EVAL_FEATURES = 1,
  /* Of `main`. */
  FEDC_LEAVES_ARGUMENTS = 2,
  /* Of a process. */
  FEDC_LEAVES_STATE = 3,
  /* Of a round; the result of `main`. */
  FEDC_LEAVES_REPORT = 4
};
/* Sets `count`; NULL if there are none. */
FEDC_API const fedc_leaf* fedc_program_leaves(const fedc_program* program, int which, size_t* count);

/* ---- Federations ---- */

/* Clients in memory, to be added before it is given to options. */
FEDC_API fedc_federation* fedc_federation_new(void);
FEDC_API void fedc_federation_free(fedc_federation* federation);
/*
 * Adds a client: its features by the names of the program's struct ("pixels"; nested: "position.x"), first extent the rows. Others are not looked at.
 * Names and shapes are copied; elements are not, they must stay until the last run ends. Order plays no part.
 */
FEDC_API int fedc_federation_add(fedc_federation* federation, const char* id, const fedc_named_array* features, size_t count, fedc_error** error);
/*
 * Clients whose data is asked for when it is needed, ahead of time where memory allows, and may be asked for again. `read` is called from several
 * threads at once; it answers with `fedc_client_set` or `fedc_client_fail`. `ids` are copied.
 */
typedef void (*fedc_read)(void* context, const char* id, fedc_client* client);
FEDC_API fedc_federation* fedc_federation_lazy(const char* const* ids, size_t count, fedc_read read, void* context);
/* The client's features; `release` is called with `owner` once their memory is not needed any more, on any thread; may be NULL. */
FEDC_API void fedc_client_set(fedc_client* client, const fedc_named_array* features, size_t count, void (*release)(void* owner), void* owner);
FEDC_API void fedc_client_fail(fedc_client* client, const char* message);
/* A file of federated data, or "synthetic:..". */
FEDC_API fedc_federation* fedc_federation_file(const char* path);

/* ---- Running ---- */

/* A round or an evaluation that is done. */
typedef struct fedc_round {
  /* From 1; an evaluation's is the round before it, 0 if there was none. */
  int32_t round;
  /* Of the whole run. */
  int32_t rounds;
  int64_t clients;
  double seconds;
  const fedc_named_array* report;
  size_t report_count;
  /* What it reports of each client: their ids, and leaves whose first extent they are; none where it reports nothing of them. */
  const char* const* client_ids;
  size_t client_id_count;
  const fedc_named_array* of_clients;
  size_t of_clients_count;
} fedc_round;

/* Called on the thread of `fedc_run`, between rounds. Nonzero ends the run after this round. */
typedef int (*fedc_on_round)(void* context, const fedc_round* round);

/* What is not set is as the program's `run` block has it, else as said at `RunOptions` in fedc/fedc.h. */
FEDC_API fedc_run_options* fedc_run_options_new(void);
FEDC_API void fedc_run_options_free(fedc_run_options* options);
/* Data of rounds, and of evaluations; the handle may be freed, the elements of its arrays must stay. NULL: none. */
FEDC_API void fedc_run_options_data(fedc_run_options* options, const fedc_federation* data);
FEDC_API void fedc_run_options_eval_data(fedc_run_options* options, const fedc_federation* data);
/* "0..30", "id,id", "@file" */
FEDC_API void fedc_run_options_clients(fedc_run_options* options, const char* clients);
FEDC_API void fedc_run_options_eval_clients(fedc_run_options* options, const char* clients);
FEDC_API void fedc_run_options_rounds(fedc_run_options* options, int32_t rounds);
/* -1: all. */
FEDC_API void fedc_run_options_clients_per_round(fedc_run_options* options, int64_t count);
FEDC_API void fedc_run_options_seed(fedc_run_options* options, uint64_t seed);
FEDC_API void fedc_run_options_eval_every(fedc_run_options* options, int32_t rounds);
/* 0: as many as the machine has. */
FEDC_API void fedc_run_options_threads(fedc_run_options* options, int32_t threads);
FEDC_API void fedc_run_options_data_cache(fedc_run_options* options, int64_t bytes);
/* A `param` that is not part of a type. */
FEDC_API void fedc_run_options_param(fedc_run_options* options, const char* name, double value);
/* A leaf of an argument of `main`; of a state to begin with. Elements are not copied. */
FEDC_API int fedc_run_options_argument(fedc_run_options* options, const fedc_named_array* argument, fedc_error** error);
FEDC_API int fedc_run_options_state(fedc_run_options* options, const fedc_named_array* leaf, fedc_error** error);
/* The round that the state belongs behind: the run goes on with the next, to `rounds` in all. */
FEDC_API void fedc_run_options_state_round(fedc_run_options* options, int32_t round);
/* What clients had kept behind that round. NULL: each begins as `init` says. The handle may be freed. */
FEDC_API void fedc_run_options_client_states(fedc_run_options* options, const fedc_client_states* states);
FEDC_API void fedc_run_options_on_round(fedc_run_options* options, fedc_on_round call, void* context);
FEDC_API void fedc_run_options_on_evaluation(fedc_run_options* options, fedc_on_round call, void* context);

/* `options` may be NULL. */
FEDC_API fedc_result* fedc_run(const fedc_program* program, const fedc_run_options* options, fedc_error** error);
/* One evaluation of the state in the options, on their data for evaluation; it is `fedc_result_evaluation(result, 0)`. */
FEDC_API fedc_result* fedc_evaluate(const fedc_program* program, const fedc_run_options* options, fedc_error** error);
FEDC_API void fedc_result_free(fedc_result* result);

enum {
  /* Of a process, after the last round. */
  FEDC_RESULT_STATE = 0,
  /* Of `main`. */
  FEDC_RESULT_VALUE = 1
};
/* Sets `count`; NULL if there are none. */
FEDC_API const fedc_named_array* fedc_result_arrays(const fedc_result* result, int which, size_t* count);
FEDC_API size_t fedc_result_round_count(const fedc_result* result);
FEDC_API const fedc_round* fedc_result_round(const fedc_result* result, size_t index);
FEDC_API size_t fedc_result_evaluation_count(const fedc_result* result);
FEDC_API const fedc_round* fedc_result_evaluation(const fedc_result* result, size_t index);
/* The round that the state belongs behind; whether a callback ended the run before its last round. */
FEDC_API int32_t fedc_result_last_round(const fedc_result* result);
FEDC_API int fedc_result_stopped(const fedc_result* result);
/* What clients keep behind the last round, to go on from; NULL if they keep nothing. The caller frees it. */
FEDC_API fedc_client_states* fedc_result_client_states(const fedc_result* result);
FEDC_API void fedc_client_states_free(fedc_client_states* states);

#ifdef __cplusplus
}
#endif

/* NOLINTEND(readability-identifier-naming) */
#endif
