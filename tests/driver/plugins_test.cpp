#include "compiler/driver/plugins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/driver/pipeline.h"

// Signatures of plugins: how they are read, and what a declaration may say in their place.
namespace fedc::driver {
namespace {

using ::testing::HasSubstr;

TEST(PluginSignatures, AreReadAsFedWritesThem) {
  const auto signature = parseSignature("( f32[n, 2*n + 1] ,i32)->bool[n - 1]");
  ASSERT_TRUE(signature) << signature.error().message;
  ASSERT_EQ(signature->params.size(), 2U);
  EXPECT_EQ(signature->params[0].elem, core::Elem::F32);
  EXPECT_EQ(signature->params[0].dims[1], Dim(2) * Dim::variable(0) + Dim(1));
  EXPECT_EQ(signature->params[1].rank(), 0);
  EXPECT_EQ(signature->result.elem, core::Elem::Bool);
  EXPECT_EQ(signature->result.dims[0], Dim::variable(0) - Dim(1));
  EXPECT_EQ(signature->dims, std::vector<std::string>{"n"});
}

TEST(PluginSignatures, WhatIsNoneIsASentence) {
  const std::pair<const char*, const char*> wrong[] = {
      {"", "expected `(` at character 1"},
      {"(f32", "expected `,` at character 5"},
      {"(f32) f32", "expected `->` at character 7"},
      {"(f33) -> f32", "`f33` is no type of an element"},
      {"(key) -> f32", "`key` is no type of an element"},
      {"(str) -> f32", "`str` is no type of an element"},
      {"(f32[]) -> f32", "expected a size at character 6"},
      {"(f32[n) -> f32", "expected `]`"},
      {"(f32[99999999999999999999]) -> f32", "a number that is no size"},
      {"(f32[2n]) -> f32", "a number that is no size"},
      {"(f32) -> f32 f32", "more than a signature"},
  };
  for (const auto& [text, reason] : wrong) {
    const auto signature = parseSignature(text);
    ASSERT_FALSE(signature) << text;
    EXPECT_THAT(signature.error().message, HasSubstr(reason)) << text;
  }
}

/// Checks a declaration against a function with that signature; the reason, empty if it fits.
std::string differenceOf(const std::string& declaration, const char* signature) {
  const fedc_function function{"f", signature, [](const fedc_input*, const fedc_output*) {}};
  CompileOptions options;
  options.plugins = Plugins::of("test", {&function, 1});
  Compilation compilation;
  const FileId file = compilation.sources.add("f.fed", declaration).id();
  if (checkSource(compilation, file, options)) return "";
  const auto& all = compilation.sink.diagnostics();
  EXPECT_EQ(all.size(), 1U) << declaration;
  return all.front().code == Code::NativeMismatch ? all.front().primaryLabel : all.front().message;
}

TEST(PluginSignatures, ADeclarationMayBeNarrowerInItsSizesAlone) {
  EXPECT_EQ(differenceOf("native fn f(x: f32[n], y: f32[m]) -> f32[n] = \"f\";", "(f32[a], f32[b]) -> f32[a]"), "");
  EXPECT_EQ(differenceOf("native fn f(x: f32[n], y: f32[n]) -> f32[n] = \"f\";", "(f32[a], f32[b]) -> f32[b]"), "");
  EXPECT_EQ(differenceOf("native fn f(x: f32[28], y: f32[n]) -> f32[n + 28] = \"f\";", "(f32[a], f32[b]) -> f32[a + b]"), "");
  EXPECT_EQ(differenceOf("native fn f(x: f32[n], y: f32[m]) -> f32[n] = \"f\";", "(f32[a], f32[a]) -> f32[a]"),
            "parameter 2 is `f32[m]` here and `f32[a]` there");
  EXPECT_EQ(differenceOf("native fn f(x: f32[n]) -> f32[n] = \"f\";", "(f32[28]) -> f32[28]"), "parameter 1 is `f32[n]` here and `f32[28]` there");
  EXPECT_EQ(differenceOf("native fn f(x: f32[n]) -> f32[n] = \"f\";", "(f32[a]) -> f32[b]"), "the result is `f32[n]` here and `f32[b]` there");
  EXPECT_EQ(differenceOf("native fn f(x: f32) -> f32 = \"g\";", "(f32) -> f32"), "no plugin has a function `g`");
}

TEST(Plugins, ATableThatIsDamagedIsRefused) {
  const auto call = [](const fedc_input*, const fedc_output*) {};
  const fedc_function functions[] = {
      {"f", "(f32) -> f32", call}, {"f", "(f32) -> f32", call}, {"g", nullptr, call}, {"", "(f32) -> f32", call}, {"h", "(f32)", call}};
  EXPECT_FALSE(Plugins::of("t", {functions, 1})->isBroken());
  EXPECT_THAT(Plugins::of("t", {functions, 2})->files()[0].problem, HasSubstr("has two functions `f`"));
  for (int i = 2; i < 5; ++i) EXPECT_TRUE(Plugins::of("t", {functions + i, 1})->isBroken()) << i;
  EXPECT_TRUE(Plugins::of("t", {nullptr, 1})->isBroken());
  EXPECT_TRUE(Plugins::of("t", {functions, -1})->isBroken());
}

}  // namespace
}  // namespace fedc::driver
