// What the fuzzers begin with, and what they have found, in every build.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "tests/fuzz/support/files.h"

namespace fedc::fuzz {

#define FEDC_FUZZ_TARGET(name) bool name(std::string_view input);
#include "targets.inc"
#undef FEDC_FUZZ_TARGET

namespace {

namespace fs = std::filesystem;

struct Target {
  const char* name;
  bool (*run)(std::string_view);
};

constexpr Target kTargets[] = {
#define FEDC_FUZZ_TARGET(name) {#name, name},
#include "targets.inc"
#undef FEDC_FUZZ_TARGET
};

std::vector<fs::path> inputs(const char* kind, const char* target) {
  const fs::path folder = fs::path(FEDC_SOURCE_DIR) / "tests" / "fuzz" / kind / target;
  std::vector<fs::path> paths;
  if (fs::is_directory(folder)) {
    for (const auto& entry : fs::directory_iterator(folder)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

class Replay : public testing::TestWithParam<Target> {};

/// A corpus that is refused as a whole, or accepted, leaves half of a target unseen.
TEST_P(Replay, Corpus) {
  int accepted = 0, refused = 0;
  for (const fs::path& path : inputs("corpus", GetParam().name)) {
    SCOPED_TRACE(path.string());
    ++(GetParam().run(readFile(path)) ? accepted : refused);
  }
  EXPECT_GT(accepted, 0);
  EXPECT_GT(refused, 0);
}

TEST_P(Replay, Regressions) {
  for (const fs::path& path : inputs("regressions", GetParam().name)) {
    SCOPED_TRACE(path.string());
    GetParam().run(readFile(path));
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Replay, testing::ValuesIn(kTargets), [](const auto& info) { return std::string(info.param.name); });

/// A folder whose target was renamed would be forgotten.
TEST(Replay, EveryFolderHasItsTarget) {
  for (const char* kind : {"corpus", "regressions"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(FEDC_SOURCE_DIR) / "tests" / "fuzz" / kind)) {
      const std::string name = entry.path().filename().string();
      EXPECT_TRUE(std::any_of(std::begin(kTargets), std::end(kTargets), [&](const Target& t) { return name == t.name; })) << entry.path();
    }
  }
}

}  // namespace
}  // namespace fedc::fuzz
