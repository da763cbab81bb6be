#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/support/diagnostics.h"
#include "compiler/support/render.h"

namespace fedc::tests {

/// The files of an example in the table of diagnostics: `main.fed` first.
struct Fixture {
  struct File {
    std::string name;
    std::string text;
  };
  std::vector<File> files;
};

/// Cuts an example at its lines `// file: name.fed`; what stands before the first is `main.fed`.
inline Fixture splitFixture(std::string_view program) {
  constexpr std::string_view kMarker = "// file: ";
  Fixture result;
  result.files.push_back({"main.fed", ""});
  for (std::size_t begin = 0; begin < program.size();) {
    const std::size_t end = std::min(program.find('\n', begin), program.size());
    const std::string_view line = program.substr(begin, end - begin);
    if (line.starts_with(kMarker)) {
      result.files.push_back({std::string(line.substr(kMarker.size())), ""});
    } else {
      result.files.back().text += std::string(line) + "\n";
    }
    begin = end + 1;
  }
  return result;
}

/// Runs a front end on an example: adds its files to the sources, reports to the sink.
using FrontEnd = std::function<void(const Fixture&, SourceManager&, DiagnosticSink&)>;

/// The rows of the table that a stage finds, for `::testing::ValuesIn`.
inline std::vector<CodeInfo> rowsOf(Stage stage) {
  std::vector<CodeInfo> result;
  for (const CodeInfo& row : codeTable()) {
    if (row.stage == stage) result.push_back(row);
  }
  return result;
}

/// Names a parametrised test after its row: `E0207_PlacementMismatch`.
inline std::string rowName(const ::testing::TestParamInfo<CodeInfo>& info) {
  return std::string(info.param.number) + "_" + std::string(info.param.name);
}

/// The golden test of a diagnostic is its own row: the wrong program gives exactly this code, at least once and no other; the right
/// program gives nothing.
inline void expectRow(const CodeInfo& row, const FrontEnd& frontEnd) {
  {
    SourceManager sources;
    DiagnosticSink sink;
    frontEnd(splitFixture(row.wrong), sources, sink);
    EXPECT_FALSE(sink.diagnostics().empty()) << "the wrong program of " << row.number << " gives nothing:\n" << row.wrong;
    for (const Diagnostic& diagnostic : sink.diagnostics()) {
      EXPECT_EQ(codeInfo(diagnostic.code).number, row.number) << renderText(diagnostic, sources);
    }
  }
  SourceManager sources;
  DiagnosticSink sink;
  frontEnd(splitFixture(row.right), sources, sink);
  EXPECT_TRUE(sink.diagnostics().empty()) << "the right program of " << row.number << " gives:\n" << renderText(sink, sources);
}

}  // namespace fedc::tests
