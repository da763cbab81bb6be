#include "compiler/driver/pipeline.h"
#include "tests/diagnostic_walker.h"

namespace fedc::driver {
namespace {

/// Front end and passes, as the driver runs them. The rows of this stage are one file each.
void lowerAll(const tests::Fixture& fixture, SourceManager& sources, DiagnosticSink& sink) {
  ASSERT_EQ(fixture.files.size(), 1u);
  Compilation compilation;
  const FileId file = compilation.sources.add(fixture.files[0].name, fixture.files[0].text).id();
  if (checkSource(compilation, file, {}) && lowerProgram(compilation, {})) lowerTests(compilation, {}, "");
  sources.add(fixture.files[0].name, fixture.files[0].text);
  for (const Diagnostic& d : compilation.sink.diagnostics()) sink.report(d);
}

class SpecialiseRow : public ::testing::TestWithParam<CodeInfo> {};

TEST_P(SpecialiseRow, ItsOwnProgramsShowIt) { tests::expectRow(GetParam(), lowerAll); }

INSTANTIATE_TEST_SUITE_P(Table, SpecialiseRow, ::testing::ValuesIn(tests::rowsOf(Stage::Specialise)), tests::rowName);

}  // namespace
}  // namespace fedc::driver
