#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "compiler/driver/pipeline.h"

namespace fedc::driver {
namespace {

std::string page(const std::string& name) {
  std::ifstream in(std::string(FEDC_SOURCE_DIR) + "/docs/" + name);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// passes.md has a row and a section of every pass or a page instead, command-line.md the names in the order of the pipeline.
TEST(Docs, EveryPassIsNamed) {
  const std::string passes = page("passes.md"), commands = page("command-line.md");
  std::string names = "check specialise";
  for (const CorePass& pass : corePasses()) {
    EXPECT_NE(passes.find("| " + std::string(pass.name) + " | `"), std::string::npos) << pass.name;
    names += " " + std::string(pass.name);
  }
  EXPECT_NE(commands.find(names), std::string::npos) << names;
}

}  // namespace
}  // namespace fedc::driver
