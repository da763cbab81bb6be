#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "compiler/driver/pipeline.h"
#include "compiler/driver/replay.h"

// A program that is compiled for a replay has the functions that it has without, in all that calls depend on.
namespace fedc::driver {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> programs() {
  std::vector<std::string> out;
  for (const char* folder : {"/examples", "/tests/programs"}) {
    for (const auto& entry : fs::recursive_directory_iterator(std::string(FEDC_SOURCE_DIR) + folder)) {
      if (entry.path().extension() == ".fed") out.push_back(entry.path().string());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

class ForReplay : public ::testing::TestWithParam<std::string> {};

TEST_P(ForReplay, FunctionsAreCalledAsTheyAreWithout) {
  CompileOptions options;
  Compilation plain;
  const auto checked = checkProgram(plain, GetParam(), options);
  if (!checked || !*checked || !lowerProgram(plain, options)) GTEST_SKIP() << "it has errors";
  options.verify = true;
  const auto traced = compileForReplay(GetParam(), options);
  ASSERT_NE(traced, nullptr);
  const auto& fns = plain.program->module.fns;
  const auto& others = traced->program->module.fns;
  // Behind them are the pieces of client functions, which a replay does without.
  ASSERT_GE(fns.size(), others.size());
  for (const core::Graph& graph : traced->program->graphs)
    for (const core::Phase& phase : graph.phases) EXPECT_TRUE(phase.pieces.empty());
  for (std::size_t f = 0; f < others.size(); ++f) {
    EXPECT_EQ(fns[f].name, others[f].name);
    EXPECT_EQ(fns[f].dimParams.size(), others[f].dimParams.size()) << fns[f].name;
    EXPECT_EQ(fns[f].resultTypes, others[f].resultTypes) << fns[f].name;
    EXPECT_EQ(fns[f].inPlace, others[f].inPlace) << fns[f].name;
    ASSERT_EQ(fns[f].params.size(), others[f].params.size()) << fns[f].name;
    for (std::size_t p = 0; p < fns[f].params.size(); ++p) {
      EXPECT_EQ(fns[f].typeOf(fns[f].params[p]), others[f].typeOf(others[f].params[p])) << fns[f].name;
      EXPECT_EQ(fns[f].vars[fns[f].params[p]].name, others[f].vars[others[f].params[p]].name) << fns[f].name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, ForReplay, ::testing::ValuesIn(programs()), [](const auto& info) {
  std::string name = fs::path(info.param).stem().string();
  return std::to_string(info.index) + "_" + name;
});

}  // namespace
}  // namespace fedc::driver
