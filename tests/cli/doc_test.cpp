#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "compiler/driver/reference.h"
#include "tests/cli/binary.h"
#include "tests/golden.h"

namespace fedc::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::string doc(const std::string& name) {
  const BinaryResult result = fedc({"doc", name});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  return result.out;
}

TEST(Doc, FunctionsStructsModulesAndWords) {
  EXPECT_THAT(doc("federated_mean"),
              StartsWith("fn federated_mean<T: vector>(x: {T}@clients, weight: {f32}@clients = 1.0) -> T@server\n\n  The weighted mean"));
  EXPECT_THAT(doc("federated_mean"), HasSubstr("in the prelude"));
  EXPECT_THAT(doc("softmax_cross_entropy"), HasSubstr("`use loss.{softmax_cross_entropy};`"));
  EXPECT_THAT(doc("exp"), StartsWith("exp(x: T) -> T\n\n  e to the power x\n"));
  EXPECT_THAT(doc("Dense"), StartsWith("struct Dense<i, o> { w: f32[i, o], b: f32[o] }"));
  EXPECT_THAT(doc("for"), StartsWith("for x in data { … }"));
  EXPECT_EQ(doc("@server"), doc("server"));
  const std::string nn = doc("nn");
  EXPECT_THAT(nn, StartsWith("module nn\n"));
  for (const char* part : {"struct Dense ", "fn     dropout ", "of loss: softmax_cross_entropy, "}) EXPECT_THAT(nn, HasSubstr(part));
}

TEST(Doc, NamesWithAModuleAFolderOrAStruct) {
  EXPECT_EQ(doc("learn.fed_avg"), doc("fed_avg.fed_avg"));
  EXPECT_EQ(doc("nn.softmax_cross_entropy"), doc("softmax_cross_entropy"));
  EXPECT_EQ(doc("Optimizer.step"), doc("Optimizer"));
}

TEST(Doc, SeveralMeaningsAreAllShown) {
  // A module and its function.
  const std::string both = doc("fed_avg");
  EXPECT_THAT(both, HasSubstr("module fed_avg\n"));
  EXPECT_THAT(both, HasSubstr("fn fed_avg<"));
  // A word and a function.
  EXPECT_THAT(doc("key"), HasSubstr("built in"));
  EXPECT_THAT(doc("key"), HasSubstr("a word of the language"));
}

TEST(Doc, ANearMissSuggests) {
  BinaryResult result = fedc({"doc", "federated_maen"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, HasSubstr("did you mean `federated_mean`?"));
  result = fedc({"doc", "nn.dens"});
  EXPECT_THAT(result.err, HasSubstr("did you mean `nn.dense`?"));
  EXPECT_THAT(fedc({"doc", "xyzzyxyzzy"}).err, Not(HasSubstr("did you mean")));
}

TEST(Doc, AUsersFileAndTheModulesBesideIt) {
  const Folder folder;
  folder.write("helper.fed", "/// Twice x.\nfn twice( x:f32 )->f32 { 2 * x }\nfn _hidden() -> f32 { 1 }\n");
  const std::string file = folder.write(
      "mine.fed",
      "// What it is for.\nuse helper.{twice};\n\n\n/// Adds. And more.\nfn plus(a: f32, b: f32) -> f32 { a + b }\nfn plain(a: f32) -> f32 { a }\n");
  BinaryResult result = fedc({"doc", file});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_EQ(result.out, "module mine\n\n  What it is for.\n\n  fn     plus   Adds.\n  fn     plain  (a: f32) -> f32\n\n  " + file + "\n");
  result = fedc({"doc", "plus", "--in", file});
  EXPECT_EQ(result.out, "fn plus(a: f32, b: f32) -> f32\n\n  Adds. And more.\n\n  " + file + ":6\n");
  EXPECT_THAT(fedc({"doc", "twice", "--in", file}).out, StartsWith("fn twice(x: f32) -> f32\n\n  Twice x.\n"));
  EXPECT_THAT(fedc({"doc", "exp", "--in", file}).out, StartsWith("exp("));
  EXPECT_EQ(fedc({"doc", "_hidden", "--in", file}).exitCode, 1);
  result = fedc({"doc", folder.write("wrong.fed", "fn f( {")});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("error[E00"));
  EXPECT_EQ(fedc({"doc", folder.path("missing.fed")}).exitCode, 1);
}

TEST(Doc, SeveralNamesAreShownOneAfterAnother) {
  const BinaryResult result = fedc({"doc", "exp", "log"});
  EXPECT_EQ(result.out, doc("exp") + "\n" + doc("log"));
  EXPECT_EQ(fedc({"doc", "exp", "xyzzyxyzzy"}).exitCode, 1);
}

TEST(Doc, PagesOfAUsersFiles) {
  const Folder folder;
  folder.write("helper.fed", "/// Half of what an [index] is.\nstruct Half { of: f32 }\n");
  const std::string file =
      folder.write("mine.fed",
                   "// Halves & more.\nuse helper.{Half};\n/// As `f32` is, `other(x)`, and `Half`.\n/// Error: none.\n/// Source: <ours>.\n"
                   "fn half(x: f32) -> Half { Half { of: x } }\nfn other(half: f32 = half(1.0).of) -> f32 { half }\nfn _hidden() -> f32 { 1 }\n");
  const BinaryResult result = fedc({"doc", "--markdown", folder.path("md"), "--html", folder.path("html"), file});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_EQ(result.out, folder.path("md") + ": 3 files\n" + folder.path("html") + ": 5 files\n");
  const std::string text = readFile(folder.path("md/mine.md"));
  EXPECT_THAT(text, HasSubstr("# mine\n"));
  EXPECT_THAT(text, HasSubstr("`mine.fed`. Halves & more.\n"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "### half\n\n```\nfn half(x: f32) -> Half\n```\n\nAs `f32` is, [`other(x)`](#other), and [`Half`](helper.md#half).\n\nError: none.\n\n"
          "Source: <ours>.\n\nSee [`Half`](helper.md#half).\n"));
  EXPECT_THAT(text, Not(HasSubstr("_hidden")));
  EXPECT_THAT(readFile(folder.path("md/README.md")), HasSubstr("| [helper](helper.md) |  |\n"));
  const std::string html = readFile(folder.path("html/mine.html"));
  EXPECT_THAT(html, HasSubstr("<pre>fn half(x: f32) -&gt; <a href=\"helper.html#Half\">Half</a></pre>"));
  EXPECT_THAT(html, HasSubstr("<p>Halves &amp; more.</p>"));
  EXPECT_THAT(html, HasSubstr("<p>Source: &lt;ours&gt;.</p>"));
  // The parameter `half` is no link to the function; the call in the default is one.
  EXPECT_THAT(html, HasSubstr("<pre>fn other(half: f32 = half(1.0).of) -&gt; f32</pre>"));
  EXPECT_THAT(readFile(folder.path("html/search.js")), HasSubstr("[\"half\", \"fn\", \"mine\", \"mine.html#half\", "));
}

TEST(Doc, PagesThatCannotBeWritten) {
  const Folder folder;
  const std::string file = folder.write("a.fed", "fn f() -> f32 { 1 }\n");
  folder.write("b/a.fed", "fn g() -> f32 { 1 }\n");
  EXPECT_THAT(fedc({"doc", "--html", folder.path("pages"), file, folder.path("b/a.fed")}).err, HasSubstr("two files are called `a.fed`"));
  EXPECT_THAT(fedc({"doc", "--html", folder.path("pages"), "exp"}).err, HasSubstr("`exp` is no file of Fed"));
  EXPECT_THAT(fedc({"doc", "--html", file, file}).err, HasSubstr("cannot make the folder"));
  EXPECT_EQ(fedc({"doc", "--html", folder.path("pages"), folder.path("missing.fed")}).exitCode, 1);
  EXPECT_EQ(fedc({"doc", "--html", folder.path("pages"), "--in", file}).exitCode, 2);
  // A page that has the index's name.
  EXPECT_EQ(fedc({"doc", "--html", folder.path("own"), folder.write("index.fed", "fn f() -> f32 { 1 }\n")}).exitCode, 0);
  EXPECT_THAT(readFile(folder.path("own/index.html")), HasSubstr("index_.html"));
}

TEST(Doc, EveryPublicNameIsFound) {
  const auto library = driver::readLibrary();
  ASSERT_TRUE(library);
  std::size_t count = 0;
  for (const driver::ModuleReference& module : library->modules) {
    for (const driver::Entry& entry : module.entries) {
      EXPECT_FALSE(entry.doc.empty()) << module.name << "." << entry.name;
      ++count;
    }
  }
  for (const driver::Section& section : driver::builtinReference()) {
    EXPECT_FALSE(section.title.empty());
    EXPECT_FALSE(section.entries.empty()) << section.title;
    count += section.entries.size();
  }
  EXPECT_GT(count, 140u);
  const BinaryResult overview = fedc({"doc"});
  EXPECT_EQ(overview.exitCode, 0);
  for (const driver::ModuleReference& module : library->modules) EXPECT_THAT(overview.out, HasSubstr("  " + module.name + " "));
}

TEST(Doc, EveryWordOfTheGrammarIsExplained) {
  const std::string grammar = readFile(std::string(FEDC_SOURCE_DIR) + "/grammar/Fed.g4");
  std::set<std::string> known;
  for (const driver::Entry& entry : driver::wordReference()) {
    EXPECT_TRUE(known.insert(entry.name).second) << entry.name << " stands twice";
    EXPECT_TRUE(entry.doc.ends_with('.')) << entry.name;
  }
  const std::regex word("'([a-z][a-z0-9]*)'");
  std::size_t count = 0;
  const std::string tokens = grammar.substr(grammar.find("// --- tokens"));
  for (auto it = std::sregex_iterator(tokens.begin(), tokens.end(), word); it != std::sregex_iterator(); ++it) {
    EXPECT_TRUE(known.contains((*it)[1])) << (*it)[1] << " has no row in compiler/syntax/words.def";
    ++count;
  }
  EXPECT_GT(count, 30u);
}

}  // namespace
}  // namespace fedc::tests
