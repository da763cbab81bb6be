#include "compiler/codegen/calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "compiler/core/strings.h"
#include "compiler/core/threefry.h"
#include "compiler/core/type.h"
#include "include/fedc/plugin.h"
#include "runtime/graph/callable.h"

namespace fedc::codegen {
namespace {

using core::Elem;
using ::testing::ElementsAre;

constexpr std::int64_t number(Elem e) { return static_cast<std::int64_t>(e); }

void permutes() {
  // The interpreter's is held against JAX in the tests of core.
  for (const std::int64_t n : {0, 1, 2, 7, 24, 25, 300}) {
    std::vector<std::int32_t> out(static_cast<std::size_t>(n) + 1, -7);
    std::uint64_t key = 0x0123456789abcdefU + static_cast<std::uint64_t>(n);
    std::vector<std::uint64_t> scratch(static_cast<std::size_t>(2 * n));
    void* buffers[] = {out.data(), &key, scratch.data()};
    findRuntimeCall("permutation")->function(buffers, &n);
    std::vector<std::int32_t> want(static_cast<std::size_t>(n) + 1, -7);
    core::randomPermutation(key, n, want.data());
    EXPECT_EQ(out, want) << n;
    EXPECT_EQ(out.back(), -7) << "written beyond the end";
  }
}

void sorts() {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  // Two columns of five (outer 1, inner 2), two operands, the first of which is the key.
  std::vector<float> keys = {3, 1, nan, -0.0F, -inf, 0, inf, 1, 3, nan}, sortedKeys(10);
  std::vector<std::int32_t> values = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, sortedValues(10);
  std::vector<std::int64_t> scratch(10);
  void* buffers[] = {keys.data(), values.data(), sortedKeys.data(), sortedValues.data(), scratch.data()};
  const std::int64_t ints[] = {2, 1, number(Elem::F32), number(Elem::I32), 1, 5, 2};
  findRuntimeCall("sort")->function(buffers, ints);
  // First column: 3 nan -inf inf 3; second: 1 -0 0 1 nan. Stable, zeros equal, NaN last.
  EXPECT_THAT(sortedValues, ElementsAre(4, 3, 0, 5, 8, 1, 6, 7, 2, 9));
}

void compacts() {
  for (const std::int64_t n : {0, 6}) {
    bool mask[] = {true, false, false, true, true, false};
    std::vector<std::int32_t> out(7, -7);
    std::int64_t count = -1;
    void* buffers[] = {mask, out.data(), &count};
    findRuntimeCall("compact")->function(buffers, &n);
    if (n == 0) {
      EXPECT_EQ(count, 0);
      EXPECT_EQ(out[0], -7);
    } else {
      EXPECT_EQ(count, 3);
      EXPECT_THAT(out, ElementsAre(0, 3, 4, 0, 0, 0, -7));
    }
  }
}

void solves() {
  // Two systems; the second matrix is not positive definite.
  std::vector<double> a = {4, 2, 2, 3, 1, 2, 2, 1}, b = {2, 1, 1, 1}, x(4, 7), scratch(4);
  void* buffers[] = {a.data(), b.data(), x.data(), scratch.data()};
  const std::int64_t ints[] = {number(Elem::F64), 2, 2, 1};
  findRuntimeCall("solve")->function(buffers, ints);
  EXPECT_NEAR(x[0], 0.5, 1e-15);
  EXPECT_NEAR(x[1], 0.0, 1e-15);
  EXPECT_TRUE(std::isnan(x[2]) && std::isnan(x[3]));
}

/// out[i] = a[i] + 10 * b, with the extents that it was given checked.
void weighted(const fedc_input* inputs, const fedc_output* output) {
  EXPECT_EQ(inputs[0].rank, 2);
  EXPECT_EQ(inputs[0].dims[0], 3);
  EXPECT_EQ(inputs[0].dims[1], 1);
  EXPECT_EQ(inputs[1].rank, 0);
  ASSERT_EQ(output->rank, 1);
  for (std::int64_t i = 0; i < output->dims[0]; ++i)
    static_cast<float*>(output->data)[i] = static_cast<const float*>(inputs[0].data)[i] + 10 * *static_cast<const float*>(inputs[1].data);
}

void callsPlugins() {
  std::vector<float> a = {1, 2, 3}, b = {4}, out(4, -7);
  void* buffers[] = {reinterpret_cast<void*>(&weighted), a.data(), b.data(), out.data()};
  const std::int64_t ints[] = {2, 2, 3, 1, 0, 1, 3};
  findRuntimeCall("native")->function(buffers, ints);
  EXPECT_THAT(out, ElementsAre(41, 42, 43, -7));
}

struct Strings {
  std::vector<core::StringId> ids;
  explicit Strings(std::initializer_list<std::string_view> texts) {
    for (const std::string_view t : texts) ids.push_back(core::intern(t));
  }
};

template <class Out>
std::vector<Out> called(std::string_view name, std::vector<void*> operands, std::size_t results, std::vector<std::int64_t> ints) {
  std::vector<Out> out(results, Out(77));
  operands.push_back(out.data());
  findRuntimeCall(name)->function(operands.data(), ints.data());
  return out;
}

void compares() {
  Strings x{"a", "ab", "", "é", "b"}, y{"ab", "a", "", "z", "b"};
  EXPECT_THAT(called<std::int32_t>("str_compare", {x.ids.data(), y.ids.data()}, 6, {5, 1, 1}), ElementsAre(-1, 1, 0, 1, 0, 77));
  EXPECT_THAT(called<std::int32_t>("str_compare", {x.ids.data(), y.ids.data()}, 5, {5, 1, 0}), ElementsAre(-1, 0, -1, 1, 1));
}

void measures() {
  Strings x{"", "abc", "zoë"};
  EXPECT_THAT(called<std::int32_t>("str_length", {x.ids.data()}, 3, {3, 1}), ElementsAre(0, 3, 4));
}

void hashes() {
  Strings x{"", "a", "foobar"};
  std::int64_t seed = 0;
  // Worked out with Python from the definition in docs/core-ir.md.
  EXPECT_THAT(called<std::uint64_t>("str_hash", {x.ids.data(), &seed}, 3, {3, 1, 0}),
              ElementsAre(0xefd01f60ba992926U, 0x82a2a958a9bece5bU, 0x2c22194922d1672bU));
  seed = -3;
  EXPECT_THAT(called<std::uint64_t>("str_hash", {x.ids.data(), &seed}, 3, {3, 1, 0}),
              ElementsAre(0xa44fc3a1a5de6b0fU, 0x04e2c24cadde3b8dU, 0x420968770d61799cU));
}

void counts() {
  Strings x{"", "a,b,,c,", "aaa", "abc"}, by{",", ",", "aa", ""};
  EXPECT_THAT(called<std::int32_t>("str_count", {x.ids.data(), by.ids.data()}, 4, {4, 1, 1}), ElementsAre(1, 5, 2, 1));
}

void givesBytes() {
  Strings x{"", "abcd", "é"};
  EXPECT_THAT(called<std::uint8_t>("str_bytes", {x.ids.data()}, 10, {3, 1, 3}), ElementsAre(0, 0, 0, 'a', 'b', 'c', 0xc3, 0xa9, 0, 77));
}

void splits() {
  Strings x{"a,b,,c,", "aaa"}, by{",", "aa"}, want{"a", "b", "", "c", "", "", "", "a", "", "", "", ""};
  EXPECT_EQ(called<core::StringId>("str_split", {x.ids.data(), by.ids.data()}, 12, {2, 1, 1, 6}), want.ids);
}

/// Every row of calls.def has its test here.
TEST(RuntimeCalls, EachDoesWhatItSays) {
  const std::map<std::string, std::function<void()>> tests = {{"permutation", permutes}, {"sort", sorts},      {"compact", compacts},
                                                              {"native", callsPlugins},  {"solve", solves},    {"str_compare", compares},
                                                              {"str_length", measures},  {"str_hash", hashes}, {"str_count", counts},
                                                              {"str_bytes", givesBytes}, {"str_split", splits}};
  for (const RuntimeCall& c : runtimeCalls()) {
    SCOPED_TRACE(c.name);
    EXPECT_FALSE(c.arguments.empty());
    EXPECT_FALSE(c.doc.empty());
    EXPECT_EQ(findRuntimeCall(c.name), &c);
    const auto test = tests.find(std::string(c.name));
    ASSERT_NE(test, tests.end()) << "`" << c.name << "` has no test";
    test->second();
  }
  EXPECT_EQ(findRuntimeCall("nothing"), nullptr);
}

TEST(RuntimeCalls, ATeamGetsTheWholeRange) {
  struct Recorder final : runtime::Team {
    void run(void (*nest)(const void*, std::int64_t, std::int64_t), const void* context, std::int64_t extent) noexcept override {
      nest(context, 0, extent);
    }
  } team;
  std::int64_t seen = 0;
  const std::int64_t* context = &seen;
  teamFunction()(
      &team, [](const void* c, std::int64_t lo, std::int64_t hi) { *const_cast<std::int64_t*>(static_cast<const std::int64_t*>(c)) = hi - lo; },
      context, 12);
  EXPECT_EQ(seen, 12);
}

}  // namespace
}  // namespace fedc::codegen
