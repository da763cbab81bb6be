#include <gtest/gtest.h>

#include "compiler/support/render.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/print.h"
#include "tests/golden.h"

namespace fedc {
namespace {

namespace fs = std::filesystem;

void expectParses(const fs::path& path) {
  SourceManager sources;
  DiagnosticSink sink;
  const SourceFile& file = sources.add(path.filename().string(), tests::readFile(path));
  const auto module = syntax::parse(file, sink);
  EXPECT_TRUE(sink.diagnostics().empty()) << renderText(sink, sources);
  EXPECT_FALSE(module->items.empty()) << path;
  // A second parse prints the same.
  EXPECT_EQ(syntax::print(*module), syntax::print(*syntax::parse(file, sink)));
}

TEST(Programs, TheDesignsProgramsParse) {
  const fs::path folder = "/work/shared/design/programs";
  const auto files = tests::filesIn(folder, ".fed");
  if (files.empty()) GTEST_SKIP() << folder << " is not on this machine";
  for (const fs::path& file : files) expectParses(file);
}

TEST(Programs, EveryProgramOfTheProjectParses) {
  const fs::path root = FEDC_SOURCE_DIR;
  std::size_t count = 0;
  for (const char* folder : {"stdlib", "examples", "bench", "tests/programs"}) {
    if (!fs::is_directory(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() != ".fed") continue;
      expectParses(entry.path());
      ++count;
    }
  }
  EXPECT_GT(count, 0u);
}

}  // namespace
}  // namespace fedc
