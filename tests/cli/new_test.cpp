#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "tests/cli/binary.h"
#include "tests/golden.h"

namespace fedc::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(New, MakesAProjectThatRunsWhereverItIs) {
  const Folder folder;
  const BinaryResult made = fedc({"new", folder.path("flowers")});
  ASSERT_EQ(made.exitCode, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("fedc run flowers.fed"));
  EXPECT_EQ(readFile(folder.path("flowers/.gitignore")), "runs/\n");
  fs::rename(folder.path("flowers"), folder.path("elsewhere"));
  const std::string program = folder.path("elsewhere/flowers.fed");
  EXPECT_EQ(fedc({"fmt", "--check", program}).exitCode, 0) << "it is laid out";
  EXPECT_EQ(fedc({"check", program, "--data", folder.path("elsewhere/data/train.h5")}).exitCode, 0);
  const BinaryResult run = fedc({"run", program});
  EXPECT_EQ(run.exitCode, 0) << run.err;
  std::smatch accuracy;
  ASSERT_TRUE(std::regex_search(run.out, accuracy, std::regex("\n +20 .* ([0-9.]+)\n"))) << run.out;
  EXPECT_GT(std::stod(accuracy[1]), 0.8) << "it learns";
}

TEST(New, TheSameProjectEveryTime) {
  const Folder folder;
  ASSERT_EQ(fedc({"new", folder.path("a/one")}).exitCode, 0);
  ASSERT_EQ(fedc({"new", folder.path("b/one")}).exitCode, 0);
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path("a"))) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(readFile(entry.path()), readFile(folder.path("b") / fs::relative(entry.path(), folder.path("a")))) << entry.path();
    ++count;
  }
  EXPECT_EQ(count, 5u);
}

/// Every command of the README that needs no more than the project.
TEST(New, TheCommandsOfItsReadmeWork) {
  const Folder folder;
  ASSERT_EQ(fedc({"new", folder.path("flowers")}).exitCode, 0);
  const std::string readme = readFile(folder.path("flowers/README.md"));
  EXPECT_EQ(readme.find("NAME"), readme.find("doc NAME")) << "the name is filled in";
  const std::regex command("(^|\n)fedc ([^\n]*?)   ");
  std::size_t count = 0;
  for (auto it = std::sregex_iterator(readme.begin(), readme.end(), command); it != std::sregex_iterator(); ++it) {
    const std::string line = "cd " + folder.path("flowers") + " && " + FEDC_BINARY + " " + (*it)[2].str() + " > out 2>&1";
    EXPECT_EQ(std::system(line.c_str()), 0) << line << "\n" << readFile(folder.path("flowers/out"));
    ++count;
  }
  EXPECT_EQ(count, 8u);
}

TEST(New, NothingIsEverOverwritten) {
  const Folder folder;
  fs::create_directories(folder.path("full"));
  folder.write("full/mine.txt", "mine");
  folder.write("file", "mine");
  for (const char* name : {"full", "file"}) {
    const BinaryResult result = fedc({"new", folder.path(name)});
    EXPECT_EQ(result.exitCode, 1);
    EXPECT_THAT(result.err, HasSubstr("is there already"));
    EXPECT_THAT(result.out, IsEmpty());
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path("full")), {}), 1);
  EXPECT_EQ(readFile(folder.path("file")), "mine");
  fs::create_directories(folder.path("empty"));
  EXPECT_EQ(fedc({"new", folder.path("empty")}).exitCode, 0);
}

/// No file may be longer than 20 kB, as on a disk that is full.
TEST(New, OnAFullDiskNothingIsLeft) {
  const Folder folder;
  for (const bool isThere : {false, true}) {
    const std::string project = folder.path("project");
    if (isThere) fs::create_directories(project);
    const BinaryResult full = fedcOnAFullDisk({"new", project}, 20000);
    EXPECT_EQ(full.exitCode, 1);
    EXPECT_EQ(full.err, "error: cannot write `" + project + "/data/train.h5`: File too large\n");
    EXPECT_EQ(fs::exists(project), isThere);
    EXPECT_TRUE(!isThere || fs::is_empty(project));
  }
}

TEST(New, NamesThatCannotBeAreRefusedWithTheReason) {
  const Folder folder;
  const std::pair<const char*, const char*> names[] = {{"3d", "begins with a small letter"},
                                                       {"Flowers", "begins with a small letter"},
                                                       {"a-b", "ASCII letters"},
                                                       {"a b", "ASCII letters"},
                                                       {"for", "word of the language"},
                                                       {"f32", "word of the language"},
                                                       {"nn", "library has a module"},
                                                       {"..", "no folder of its own"}};
  for (const auto& [name, reason] : names) {
    const BinaryResult result = fedc({"new", folder.path(name)});
    EXPECT_EQ(result.exitCode, 1) << name;
    EXPECT_THAT(result.err, HasSubstr(reason));
  }
  EXPECT_TRUE(fs::is_empty(folder.path("")));
  EXPECT_EQ(fedc({"new"}).exitCode, 2);
}

}  // namespace
}  // namespace fedc::tests
