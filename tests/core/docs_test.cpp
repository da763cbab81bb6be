// docs/core-ir.md lists every op as the table has it. With FEDC_UPDATE_DOCS=1 the list is written anew.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "compiler/core/op_table.h"

namespace fedc::core {
namespace {

constexpr std::string_view kBegin = "<!-- ops: begin -->\n", kEnd = "<!-- ops: end -->\n";

std::string attributesOf(const OpRow& row) {
  std::string out;
  for (AttrField f : row.attributes) out += (out.empty() ? "" : " ") + std::string(attrFieldName(f));
  return out;
}

std::string table() {
  static constexpr std::string_view kCosts[] = {"cheap", "transcendental", "heavy"};
  std::string out = "| op | attributes | cost | meaning |\n|---|---|---|---|\n";
  for (const OpRow& row : opTable()) {
    std::string doc;
    for (char c : row.doc) doc += c == '|' ? std::string("\\|") : std::string(1, c);
    out += "| `" + std::string(opName(row.op)) + "` | " + attributesOf(row) + " | " + std::string(kCosts[static_cast<int>(row.cost)]) + " | " + doc +
           " |\n";
  }
  return out;
}

TEST(Docs, CoreIrListsEveryOp) {
  const std::string path = std::string(FEDC_SOURCE_DIR) + "/docs/core-ir.md";
  std::ifstream in(path);
  ASSERT_TRUE(in) << path;
  std::stringstream buffer;
  buffer << in.rdbuf();
  std::string text = buffer.str();
  const std::size_t begin = text.find(kBegin), end = text.find(kEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::size_t from = begin + kBegin.size();
  if (std::getenv("FEDC_UPDATE_DOCS") != nullptr) {
    text.replace(from, end - from, table());
    std::ofstream(path) << text;
    return;
  }
  std::istringstream want(table());
  const std::string listed = text.substr(from, end - from);
  for (std::string line; std::getline(want, line);) {
    EXPECT_NE(listed.find(line + "\n"), std::string::npos) << "missing in " << path << " (FEDC_UPDATE_DOCS=1 writes it):\n" << line;
  }
  EXPECT_EQ(listed.size(), table().size()) << "something is listed that is no op";
}

}  // namespace
}  // namespace fedc::core
