#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/binary.h"

// What cannot be written to standard output, by any command.
namespace fedc::tests {
namespace {

using ::testing::HasSubstr;

const std::string kSource = FEDC_SOURCE_DIR;

TEST(Output, WhatCannotBeWrittenIsAnErrorOfEveryCommand) {
  const Folder folder;
  const std::string program = folder.write("a.fed", "fn main(x: f32) -> f32 { x }\n\ntest \"one\" { assert_close(1.0, 1.0); }\n"),
                    ugly = folder.write("ugly.fed", "fn   main() -> f32 { 1 }\n"), digits = kSource + "/examples/data/digits_test.h5";
  const std::vector<std::vector<std::string>> lines = {{"--version"},
                                                       {"--help"},
                                                       {"run", "--help"},
                                                       {"run", program, "--arg", "x=1"},
                                                       {"run", program, "--arg", "x=1", "--json"},
                                                       {"check", program},
                                                       {"check", program, "--print-after", "all", "--error-format", "json"},
                                                       {"test", program},
                                                       {"cost", program},
                                                       {"emit", "core", program},
                                                       {"emit", "ast", program},
                                                       {"fmt", "--check", ugly},
                                                       {"explain", "E0503"},
                                                       {"doc"},
                                                       {"doc", "exp"},
                                                       {"doc", "--man"},
                                                       {"data", "info", digits},
                                                       {"doctor"},
                                                       {"new", folder.path("fresh")},
                                                       {"completion", "bash"}};
  for (const std::vector<std::string>& line : lines) {
    const BinaryResult result = fedcInto("/dev/full", line);
    EXPECT_EQ(result.exitCode, 1) << line.front() << " " << line.back();
    EXPECT_THAT(result.err, HasSubstr("the output could not be written: No space left on device")) << line.front() << " " << line.back();
  }
}

TEST(Output, ProgressThatNobodyCanReadEndsNoRun) {
  constexpr int kStandardError = 2;
  const BinaryResult result = fedcInto("/dev/full", {"run", kSource + "/examples/digits_softmax.fed", "--rounds", "2", "--no-out"}, kStandardError);
  EXPECT_EQ(result.exitCode, 0);
  EXPECT_THAT(result.out, HasSubstr("rounds     2"));
}

}  // namespace
}  // namespace fedc::tests
