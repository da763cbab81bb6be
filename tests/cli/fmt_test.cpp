#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/cli/binary.h"
#include "tests/golden.h"

namespace fedc::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kUgly = "fn main( )->f32{1.0}";
constexpr const char* kTidy = "fn main() -> f32 { 1.0 }\n";

TEST(Fmt, FilesAreLaidOutInPlace) {
  const Folder folder;
  const std::string ugly = folder.write("ugly.fed", kUgly);
  const std::string tidy = folder.write("tidy.fed", kTidy);
  fs::permissions(ugly, fs::perms::owner_read | fs::perms::owner_write | fs::perms::owner_exec);
  const auto before = fs::last_write_time(tidy);
  const BinaryResult result = fedc({"fmt", ugly, tidy});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out + result.err, IsEmpty());
  EXPECT_EQ(readFile(ugly), kTidy);
  EXPECT_EQ(readFile(tidy), kTidy);
  EXPECT_EQ(fs::last_write_time(tidy), before) << "what is laid out already is not written";
  EXPECT_NE(fs::status(ugly).permissions() & fs::perms::owner_exec, fs::perms::none);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path("")), {}), 2) << "nothing else is left";
}

TEST(Fmt, ThroughALinkItsFileIsWritten) {
  const Folder folder;
  const std::string file = folder.write("file.fed", kUgly);
  fs::create_symlink(file, folder.path("link.fed"));
  EXPECT_EQ(fedc({"fmt", folder.path("link.fed")}).exitCode, 0);
  EXPECT_TRUE(fs::is_symlink(folder.path("link.fed")));
  EXPECT_EQ(readFile(file), kTidy);
}

TEST(Fmt, CheckListsWhatWouldChangeAndWritesNothing) {
  const Folder folder;
  const std::string ugly = folder.write("ugly.fed", kUgly);
  const std::string tidy = folder.write("tidy.fed", kTidy);
  const BinaryResult result = fedc({"fmt", "--check", ugly, tidy});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_EQ(result.out, ugly + "\n");
  EXPECT_EQ(readFile(ugly), kUgly);
  EXPECT_EQ(fedc({"fmt", tidy, "--check"}).exitCode, 0);
}

TEST(Fmt, SyntaxErrorsAreReportedAndTheFileStays) {
  const Folder folder;
  const std::string wrong = folder.write("wrong.fed", "fn main( { 1 }\n");
  const std::string ugly = folder.write("ugly.fed", kUgly);
  BinaryResult result = fedc({"fmt", wrong, ugly});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("error[E00"));
  EXPECT_EQ(readFile(wrong), "fn main( { 1 }\n");
  EXPECT_EQ(readFile(ugly), kTidy) << "the others are laid out all the same";
  result = fedc({"fmt", folder.path("missing.fed")});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("missing.fed"));
  EXPECT_EQ(fedc({"fmt"}).exitCode, 2);
}

TEST(Fmt, StandardInputGoesToStandardOutput) {
  const Folder folder;
  const std::string ugly = folder.write("ugly.fed", kUgly);
  const std::string command = std::string(FEDC_BINARY) + " fmt - < " + ugly + " > " + folder.path("out");
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(readFile(folder.path("out")), kTidy);
}

TEST(Fmt, ShippedProgramsAreLaidOut) {
  std::vector<std::string> arguments = {"fmt", "--check"};
  for (const char* name : {"stdlib", "examples", "bench"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(FEDC_SOURCE_DIR) / name)) {
      if (entry.path().extension() == ".fed") arguments.push_back(entry.path().string());
    }
  }
  ASSERT_GT(arguments.size(), 20u);
  const BinaryResult result = fedc(arguments);
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out, IsEmpty()) << "`make format` lays them out";
}

}  // namespace
}  // namespace fedc::tests
