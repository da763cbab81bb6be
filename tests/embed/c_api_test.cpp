#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <mutex>

#include "fedc/c.h"
#include "tests/embed/programs.h"

namespace fedc::tests {
namespace {

using testing::HasSubstr;

const float kRows[6] = {1, 2, 3, 4, 5, 6};
const std::uint8_t kFlags[2] = {1, 0};
const std::int64_t kTwoByThree[2] = {2, 3}, kTwo[1] = {2};

fedc_program* sums(fedc_error** error) { return fedc_compile(kSums.data(), kSums.size(), nullptr, error); }

TEST(CInterface, HasTheVersionOfItsHeader) {
  EXPECT_EQ(fedc_abi_version(), FEDC_ABI_VERSION);
  EXPECT_STREQ(fedc_version(), FEDC_VERSION);
}

TEST(CInterface, RunsRounds) {
  fedc_error* error = nullptr;
  fedc_program* program = sums(&error);
  ASSERT_NE(program, nullptr);
  EXPECT_EQ(error, nullptr);
  EXPECT_EQ(fedc_program_is_process(program), 1);
  std::size_t count = 0;
  const fedc_leaf* state = fedc_program_leaves(program, FEDC_LEAVES_STATE, &count);
  ASSERT_EQ(count, 2u);
  EXPECT_STREQ(state[0].name, "total");
  EXPECT_EQ(state[0].rank, 1);
  EXPECT_EQ(state[0].shape[0], 3);
  EXPECT_EQ(fedc_program_leaves(program, 17, &count), nullptr);

  fedc_federation* data = fedc_federation_new();
  const fedc_named_array features[2] = {{"x", {FEDC_F32, 2, kTwoByThree, kRows}}, {"flag", {FEDC_BOOL, 1, kTwo, kFlags}}};
  EXPECT_EQ(fedc_federation_add(data, "a", features, 2, &error), 0);
  EXPECT_EQ(fedc_federation_add(data, "b", features, 2, nullptr), 0);
  fedc_run_options* options = fedc_run_options_new();
  fedc_run_options_data(options, data);
  fedc_federation_free(data);
  fedc_run_options_rounds(options, 4);
  int heard = 0;
  fedc_run_options_on_round(
      options,
      [](void* context, const fedc_round* round) {
        ++*static_cast<int*>(context);
        EXPECT_EQ(round->report_count, 3u);
        return round->round == 3 ? 1 : 0;
      },
      &heard);
  fedc_result* result = fedc_run(program, options, &error);
  ASSERT_NE(result, nullptr) << fedc_error_text(error);
  EXPECT_EQ(heard, 3);
  EXPECT_EQ(fedc_result_stopped(result), 1);
  EXPECT_EQ(fedc_result_last_round(result), 3);
  EXPECT_EQ(fedc_result_round_count(result), 3u);
  EXPECT_EQ(fedc_result_round(result, 3), nullptr);
  const fedc_round* round = fedc_result_round(result, 0);
  EXPECT_EQ(round->clients, 2);
  EXPECT_STREQ(round->report[0].name, "mean");
  EXPECT_EQ(static_cast<const float*>(round->report[0].value.data)[0], 2.5F);
  const fedc_named_array* arrays = fedc_result_arrays(result, FEDC_RESULT_STATE, &count);
  ASSERT_EQ(count, 2u);
  EXPECT_EQ(static_cast<const float*>(arrays[0].value.data)[2], 54);
  EXPECT_EQ(fedc_result_arrays(result, FEDC_RESULT_VALUE, &count), nullptr);
  fedc_result_free(result);
  fedc_run_options_free(options);
  fedc_program_free(program);
}

TEST(CInterface, LazyClientsAreReleased) {
  struct Context {
    std::mutex mutex;
    int given = 0, released = 0;
  } context;
  const char* ids[2] = {"a", "b"};
  fedc_federation* data = fedc_federation_lazy(
      ids, 2,
      [](void* to, const char* id, fedc_client* client) {
        auto& c = *static_cast<Context*>(to);
        const std::lock_guard lock(c.mutex);
        if (std::strcmp(id, "b") == 0 && c.given > 100) return fedc_client_fail(client, "too often");
        ++c.given;
        const fedc_named_array features[2] = {{"x", {FEDC_F32, 2, kTwoByThree, kRows}}, {"flag", {FEDC_BOOL, 1, kTwo, kFlags}}};
        fedc_client_set(
            client, features, 2,
            [](void* owner) {
              auto& c = *static_cast<Context*>(owner);
              const std::lock_guard lock(c.mutex);
              ++c.released;
            },
            to);
      },
      &context);
  fedc_program* program = sums(nullptr);
  fedc_run_options* options = fedc_run_options_new();
  fedc_run_options_data(options, data);
  fedc_federation_free(data);
  fedc_result* result = fedc_run(program, options, nullptr);
  ASSERT_NE(result, nullptr);
  fedc_result_free(result);
  fedc_run_options_free(options);
  fedc_program_free(program);
  EXPECT_GE(context.given, 2);
  EXPECT_EQ(context.given, context.released);
}

TEST(CInterface, ErrorsHaveCodePlaceAndText) {
  fedc_error* error = nullptr;
  const char* source = "fn main() -> f32@server { x }";
  EXPECT_EQ(fedc_compile(source, std::strlen(source), nullptr, &error), nullptr);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(fedc_error_kind(error), FEDC_ERROR_COMPILE);
  ASSERT_EQ(fedc_error_count(error), 1u);
  const fedc_problem* problem = fedc_error_problem(error, 0);
  EXPECT_EQ(problem->is_error, 1);
  EXPECT_EQ(problem->code[0], 'E');
  EXPECT_EQ(problem->line, 1u);
  EXPECT_EQ(problem->column, 27u);
  EXPECT_STREQ(problem->file, "<source>");
  EXPECT_THAT(fedc_error_text(error), HasSubstr("fn main()"));
  EXPECT_EQ(fedc_error_problem(error, 1), nullptr);
  EXPECT_EQ(fedc_error_client(error), nullptr);
  EXPECT_EQ(fedc_error_round(error), -1);
  fedc_error_free(error);
  EXPECT_EQ(fedc_compile(source, std::strlen(source), nullptr, nullptr), nullptr);
}

TEST(CInterface, WrongArraysAreRefused) {
  fedc_error* error = nullptr;
  fedc_federation* data = fedc_federation_new();
  const fedc_named_array strange[1] = {{"x", {99, 1, kTwo, kRows}}};
  EXPECT_NE(fedc_federation_add(data, "a", strange, 1, &error), 0);
  EXPECT_EQ(fedc_error_kind(error), FEDC_ERROR_USAGE);
  EXPECT_THAT(fedc_error_text(error), HasSubstr("element type 99"));
  fedc_error_free(error);
  const fedc_named_array shapeless[1] = {{"x", {FEDC_F32, 2, nullptr, kRows}}};
  EXPECT_NE(fedc_federation_add(data, "a", shapeless, 1, &error), 0);
  fedc_error_free(error);
  fedc_federation_free(data);
  data = fedc_federation_file("nowhere.h5");
  EXPECT_NE(fedc_federation_add(data, "a", nullptr, 0, &error), 0);
  EXPECT_THAT(fedc_error_text(error), HasSubstr("in memory only"));
  fedc_error_free(error);

  fedc_program* program = sums(nullptr);
  fedc_run_options* options = fedc_run_options_new();
  fedc_run_options_data(options, data);
  EXPECT_EQ(fedc_run(program, options, &error), nullptr);
  fedc_error_free(error);
  fedc_federation_free(data);
  data = fedc_federation_file("nowhere.h5");
  fedc_run_options_data(options, data);
  EXPECT_EQ(fedc_run(program, options, &error), nullptr);
  EXPECT_EQ(fedc_error_kind(error), FEDC_ERROR_RUN);
  EXPECT_THAT(fedc_error_text(error), HasSubstr("nowhere.h5"));
  fedc_error_free(error);
  fedc_federation_free(data);
  fedc_run_options_free(options);
  fedc_program_free(program);
  fedc_program_free(nullptr);
  fedc_error_free(nullptr);
}

TEST(CInterface, EvaluatesAState) {
  fedc_program* program = sums(nullptr);
  fedc_run_options* options = fedc_run_options_new();
  fedc_federation* data = fedc_federation_new();
  const fedc_named_array features[2] = {{"x", {FEDC_F32, 2, kTwoByThree, kRows}}, {"flag", {FEDC_BOOL, 1, kTwo, kFlags}}};
  fedc_federation_add(data, "a", features, 2, nullptr);
  fedc_run_options_eval_data(options, data);
  const std::int64_t three[1] = {3};
  const std::int32_t rows = 9;
  const fedc_named_array total = {"total", {FEDC_F32, 1, three, kRows}}, count = {"rows", {FEDC_I32, 0, nullptr, &rows}};
  EXPECT_EQ(fedc_run_options_state(options, &total, nullptr), 0);
  EXPECT_EQ(fedc_run_options_state(options, &count, nullptr), 0);
  fedc_error* error = nullptr;
  fedc_result* result = fedc_evaluate(program, options, &error);
  ASSERT_NE(result, nullptr) << fedc_error_text(error);
  EXPECT_EQ(fedc_result_evaluation_count(result), 1u);
  EXPECT_EQ(*static_cast<const float*>(fedc_result_evaluation(result, 0)->report[0].value.data), 8);
  fedc_result_free(result);
  fedc_federation_free(data);
  fedc_run_options_free(options);
  fedc_program_free(program);
}

TEST(CApi, StringsHaveNumbers) {
  std::uint32_t a = 7, b = 7;
  fedc_error* error = nullptr;
  EXPECT_EQ(fedc_string("with\0zero", 9, &a, &error), 0);
  EXPECT_EQ(fedc_string("with\0zero", 9, &b, nullptr), 0);
  EXPECT_EQ(a, b);
  std::size_t length = 0;
  EXPECT_EQ(std::string(fedc_string_text(a, &length), 9), std::string("with\0zero", 9));
  EXPECT_EQ(length, 9U);
  EXPECT_STREQ(fedc_string_text(0, nullptr), "");
  EXPECT_EQ(fedc_string_text(4000000000U, &length), nullptr);
  EXPECT_NE(fedc_string("\xc3", 1, &a, &error), 0);
  ASSERT_NE(error, nullptr);
  EXPECT_THAT(fedc_error_text(error), HasSubstr("not UTF-8"));
  fedc_error_free(error);
}

}  // namespace
}  // namespace fedc::tests
