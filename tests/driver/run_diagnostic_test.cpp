#include "compiler/driver/run_diagnostic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/support/render.h"

namespace fedc::driver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(RunDiagnostic, AFailedCheckIsShownAtItsLine) {
  SourceManager sources;
  const SourceFile& file = sources.add("a.fed", "fn pick(x: f32[3], i: i32) -> f32 {\n  x[i]\n}\n");
  core::Module module;
  module.sites = {{{}, "other"}, {{file.id(), 38, 42}, "index 3 of a size of 3"}};
  runtime::RunError error;
  error.kind = runtime::RunError::Kind::Check;
  error.message = module.sites[1].message;
  error.site = 1;
  error.round = 4;
  error.client = "b";
  const Diagnostic diagnostic = runDiagnostic(error, module);
  EXPECT_EQ(diagnostic.code, Code::CheckFailed);
  EXPECT_EQ(sources.text(diagnostic.primary), "x[i]");
  EXPECT_THAT(diagnostic.notes, ElementsAre("in round 4", "at client `b`"));
  const std::string text = renderText(diagnostic, sources);
  EXPECT_THAT(text, HasSubstr("a.fed:2:3"));
  EXPECT_THAT(text, HasSubstr("at client `b`"));
}

TEST(RunDiagnostic, RoundNoughtIsInit) {
  runtime::RunError error;
  error.kind = runtime::RunError::Kind::Check;
  error.round = 0;
  EXPECT_THAT(runDiagnostic(error, {}).notes, ElementsAre("in `init`"));
}

TEST(RunDiagnostic, WithoutAPlaceThereIsHelpAtLeast) {
  runtime::RunError error;
  error.kind = runtime::RunError::Kind::Data;
  error.message = "`x.h5` is no HDF5 file";
  error.help = "convert it";
  const SourceManager sources;
  const Diagnostic diagnostic = runDiagnostic(error, {});
  EXPECT_EQ(diagnostic.code, Code::DataMismatch);
  EXPECT_FALSE(diagnostic.primary.isValid());
  EXPECT_EQ(renderText(diagnostic, sources), "error[E0502]: `x.h5` is no HDF5 file\nhelp: convert it\n");
}

TEST(RunDiagnostic, ASiteThatIsUnknownIsNoPlace) {
  runtime::RunError error;
  error.kind = runtime::RunError::Kind::Check;
  error.site = 7;
  EXPECT_FALSE(runDiagnostic(error, {}).primary.isValid());
}

TEST(RunDiagnostic, EachKindHasItsCode) {
  using Kind = runtime::RunError::Kind;
  const std::pair<Kind, const char*> kinds[] = {
      {Kind::Check, "E0501"}, {Kind::Data, "E0502"}, {Kind::Option, "E0503"}, {Kind::Weights, "E0504"}, {Kind::Program, "E0505"}};
  for (const auto& [kind, number] : kinds) {
    runtime::RunError error;
    error.kind = kind;
    EXPECT_EQ(codeInfo(runDiagnostic(error, {}).code).number, number);
  }
}

}  // namespace
}  // namespace fedc::driver
