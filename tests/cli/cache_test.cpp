#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "tests/cli/binary.h"
#include "tests/golden.h"

// What a user sees of the cache of artifacts: nothing but speed.
namespace fedc::tests {
namespace {

using ::testing::HasSubstr;

const std::string kSource = FEDC_SOURCE_DIR;
const std::string kDigits = kSource + "/examples/digits_softmax.fed";

class CacheOfRuns : public testing::Test {
 protected:
  CacheOfRuns() { setenv("FEDC_CACHE", cache_.c_str(), 1); }
  ~CacheOfRuns() override { unsetenv("FEDC_CACHE"); }

  int files() const {
    if (!std::filesystem::exists(cache_)) return 0;
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(cache_)) count += entry.is_regular_file();
    return count;
  }

  const Folder folder_;
  const std::string cache_ = folder_.path("cache");
};

TEST_F(CacheOfRuns, TheSameBitsAndTheSameErrors) {
  const std::string first = folder_.path("first.npz"), second = folder_.path("second.npz"), compiled = folder_.path("compiled.npz");
  ASSERT_EQ(fedc({"run", kDigits, "--rounds", "3", "--save", first}).exitCode, 0);
  EXPECT_EQ(files(), 2);
  ASSERT_EQ(fedc({"run", kDigits, "--rounds", "3", "--save", second}).exitCode, 0);
  ASSERT_EQ(fedc({"run", kDigits, "--rounds", "3", "--save", compiled, "--no-cache"}).exitCode, 0);
  EXPECT_EQ(readFile(first), readFile(second));
  EXPECT_EQ(readFile(first), readFile(compiled));

  const std::string program = folder_.write("half.fed",
                                            "fn main(n: i32) -> i32 {\n"
                                            "  assert(n > 0, \"n is positive\");\n"
                                            "  n / 2\n"
                                            "}\n");
  EXPECT_EQ(fedc({"run", program, "--arg", "n=6"}).out, "3\n");
  EXPECT_EQ(files(), 4);
  const BinaryResult warm = fedc({"run", program, "--arg", "n=0"}), cold = fedc({"run", program, "--arg", "n=0", "--no-cache"});
  EXPECT_EQ(warm.exitCode, 1);
  EXPECT_THAT(warm.err, HasSubstr("half.fed:2"));
  EXPECT_EQ(warm.err, cold.err);
  EXPECT_EQ(fedc({"run", program, "--arg", "n=6", "-p", "x=1"}).exitCode, 1);
  folder_.write("half.fed", "fn main(n: i32) -> i32 { n / 3 }\n");
  EXPECT_EQ(fedc({"run", program, "--arg", "n=6"}).out, "2\n");
}

TEST_F(CacheOfRuns, WhatMustCompileLeavesItAlone) {
  for (const std::string flag : {"--no-cache", "--interpret", "--verify", "--print-after=simplify"})
    EXPECT_EQ(fedc({"run", kDigits, "--rounds", "1", "--no-out", "--clients-per-round", "1", flag}).exitCode, 0) << flag;
  EXPECT_EQ(files(), 0);
}

TEST_F(CacheOfRuns, AFolderThatOthersMayWriteIsNotUsed) {
  std::filesystem::create_directory(cache_);
  chmod(cache_.c_str(), 0777);
  const BinaryResult result = fedc({"run", kDigits, "--rounds", "1", "--no-out"});
  EXPECT_EQ(result.exitCode, 0);
  EXPECT_THAT(result.err, HasSubstr("warning: the cache is not used: `" + cache_ + "` may be written by others"));
  EXPECT_EQ(files(), 0);
  EXPECT_THAT(fedc({"doctor"}).out, HasSubstr("! cache      `" + cache_ + "` may be written by others"));
}

}  // namespace
}  // namespace fedc::tests
