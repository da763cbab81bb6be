#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "compiler/transform/simplify/rules.h"

namespace fedc::transform {
namespace {

// docs/passes.md names every rule, in the row that says whether it may change bits.
TEST(Docs, EveryRuleIsNamed) {
  std::ifstream file(std::string(FEDC_SOURCE_DIR) + "/docs/passes.md");
  ASSERT_TRUE(file.good());
  std::stringstream text;
  text << file.rdbuf();
  const std::string page = text.str();
  const std::size_t inexact = page.find("rules that reassociate");
  ASSERT_NE(inexact, std::string::npos);
  for (const auto table : {constantRules(), identityRules(), shapeRules(), productRules(), linearRules(), fmaRules()}) {
    for (const SimplifyRule& rule : table) {
      const std::size_t at = rule.reassociates ? page.find(rule.name, inexact) : page.find(rule.name);
      EXPECT_NE(at, std::string::npos) << rule.name;
      if (!rule.reassociates) {
        EXPECT_LT(at, inexact) << rule.name;
      }
    }
  }
}

}  // namespace
}  // namespace fedc::transform
