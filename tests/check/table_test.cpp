#include <sstream>

#include "tests/check/support.h"

namespace fedc {
namespace {

/// `// fedc check main.fed -p name=value` in the first line sets params.
check::CheckOptions optionsOf(const std::string& text) {
  check::CheckOptions options;
  std::istringstream line(text.substr(0, text.find('\n')));
  std::string word;
  bool param = false;
  while (line >> word) {
    if (param) options.params[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    param = word == "-p";
  }
  return options;
}

void checkAll(const tests::Fixture& fixture, SourceManager& sources, DiagnosticSink& sink) {
  tests::Modules modules(sources);
  std::optional<FileId> main;
  for (const auto& file : fixture.files) {
    const FileId id = modules.add(file.name, file.text);
    if (!main) main = id;
  }
  check::check(sources, *main, [&](const std::string& n, FileId f) { return modules.find(n, f); }, optionsOf(fixture.files[0].text), sink);
}

class CheckRow : public ::testing::TestWithParam<CodeInfo> {};

TEST_P(CheckRow, ItsOwnProgramsShowIt) { tests::expectRow(GetParam(), checkAll); }

INSTANTIATE_TEST_SUITE_P(Table, CheckRow, ::testing::ValuesIn(tests::rowsOf(Stage::Check)), tests::rowName);

}  // namespace
}  // namespace fedc
