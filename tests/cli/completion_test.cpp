#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <sstream>

#include "tests/cli/binary.h"
#include "tools/fedc/command_line.h"

namespace fedc::tests {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

std::vector<std::string> linesOf(const std::string& command) {
  std::vector<std::string> lines;
  std::FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  EXPECT_EQ(pclose(pipe), 0) << command;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool hasShell(const char* shell) { return std::system((std::string("command -v ") + shell + " > /dev/null").c_str()) == 0; }

/// What bash offers for these words, the last of which is being written.
std::vector<std::string> bash(const std::vector<std::string>& words, const std::string& folder = "/") {
  std::string line;
  for (const std::string& word : words) line += " '" + word + "'";
  const std::string script = "cd " + folder + "; source <(" FEDC_BINARY " completion bash); COMP_WORDS=(fedc" + line +
                             "); COMP_CWORD=" + std::to_string(words.size()) +
                             "; _fedc; for w in \"${COMPREPLY[@]}\"; do printf \"%s\\n\" \"$w\"; done";
  return linesOf("bash -c '" + [&] {
    std::string quoted;
    for (const char c : script) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted;
  }() + "'");
}

TEST(Completion, BashCompletesCommands) {
  EXPECT_THAT(bash({"r"}), ElementsAre("run", "resume", "replay"));
  EXPECT_THAT(bash({""}), Contains("completion"));
  EXPECT_THAT(bash({"data", ""}), ElementsAre("info", "--help"));
  EXPECT_THAT(bash({"--v"}), ElementsAre("--version"));
}

TEST(Completion, BashCompletesFlagsAndTheirValues) {
  EXPECT_THAT(bash({"run", "a.fed", "--eval-"}), ElementsAre("--eval-data", "--eval-clients", "--eval-every"));
  EXPECT_THAT(bash({"run", "--color", "a"}), ElementsAre("auto", "always"));
  EXPECT_THAT(bash({"run", "--color", "=", "a"}), ElementsAre("auto", "always"));
  EXPECT_THAT(bash({"run", "--color", "="}), ElementsAre("auto", "always", "never"));
  EXPECT_THAT(bash({"run", "--rounds", ""}), IsEmpty());
  EXPECT_THAT(bash({"emit", "c"}), ElementsAre("core"));
  EXPECT_THAT(bash({"check", "--print-after", "special"}), ElementsAre("specialise"));
  EXPECT_THAT(bash({"explain", "E020"}), Contains("E0207"));
  EXPECT_THAT(bash({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
  EXPECT_THAT(bash({"fmt", "--c"}), ElementsAre("--check", "--color"));
}

TEST(Completion, BashCompletesFiles) {
  const Folder folder;
  folder.write("one.fed", "");
  folder.write("two words.fed", "");
  folder.write("data.h5", "");
  folder.write("state.npz", "");
  const std::string here = folder.path("");
  EXPECT_THAT(bash({"run", ""}, here), UnorderedElementsAre("one.fed", "two words.fed"));
  EXPECT_THAT(bash({"fmt", "one.fed", "t"}, here), ElementsAre("two words.fed"));
  EXPECT_THAT(bash({"emit", "core", "o"}, here), ElementsAre("one.fed"));
  EXPECT_THAT(bash({"data", "info", ""}, here), ElementsAre("data.h5"));
  EXPECT_THAT(bash({"run", "--init", ""}, here), ElementsAre("state.npz"));
  EXPECT_THAT(bash({"run", "--data", "d"}, here), ElementsAre("data.h5"));
}

/// Whatever the command line takes is in each of the scripts.
TEST(Completion, ScriptsKnowEveryCommandAndFlag) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const BinaryResult result = fedc({"completion", shell});
    EXPECT_EQ(result.exitCode, 0) << result.err;
    for (const cli::CommandInfo& command : cli::commandTable()) {
      EXPECT_THAT(result.out, HasSubstr(command.name.substr(command.name.find(' ') + 1))) << shell;
      for (const cli::FlagInfo& flag : command.flags) {
        for (const std::string& name : flag.names) {
          const bool isFish = std::string(shell) == "fish";
          const std::string shown = !isFish ? name : name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
          EXPECT_THAT(result.out, HasSubstr(shown)) << shell << " " << command.name;
        }
      }
    }
  }
  EXPECT_GE(cli::commandTable().size(), 11u);
  EXPECT_EQ(fedc({"completion", "csh"}).exitCode, 2);
}

class CompletionSyntax : public ::testing::TestWithParam<const char*> {};

TEST_P(CompletionSyntax, IsThatOfTheShell) {
  const std::string shell = GetParam();
  if (!hasShell(GetParam())) GTEST_SKIP() << shell << " is not on this machine";
  const std::string check = FEDC_BINARY " completion " + shell + " > /tmp/fedc_completion_$$ && " + shell +
                            " -n /tmp/fedc_completion_$$; r=$?; rm -f /tmp/fedc_completion_$$; exit $r";
  EXPECT_EQ(std::system(check.c_str()), 0);
}

INSTANTIATE_TEST_SUITE_P(Shells, CompletionSyntax, ::testing::Values("bash", "zsh", "fish"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace fedc::tests
