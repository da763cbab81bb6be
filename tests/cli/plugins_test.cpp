#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/cli/binary.h"
#include "tests/golden.h"

// What a user sees of native functions: loading, the errors, the cache, runs that go on.
namespace fedc::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string kPlugins = FEDC_PLUGINS_DIR;
const std::string kTests = kPlugins + "/native_tests.so";
constexpr const char* kCube = "native fn cube(x: f32) -> f32 = \"cube\";\n\nfn main(x: f32) -> f32 { cube(x) }\n";

class PluginsOfRuns : public testing::Test {
 protected:
  PluginsOfRuns() { setenv("FEDC_CACHE", folder_.path("cache").c_str(), 1); }
  ~PluginsOfRuns() override { unsetenv("FEDC_CACHE"); }

  const Folder folder_;
  const std::string program_ = folder_.write("cube.fed", kCube);
};

TEST_F(PluginsOfRuns, RunsWithThePluginAndChecksWithout) {
  EXPECT_EQ(fedc({"check", program_}).exitCode, 0);
  EXPECT_EQ(fedc({"check", program_, "--plugin", kTests}).exitCode, 0);
  for (const char* stage : {"typed", "core", "graph", "kernel", "llvm", "asm"}) {
    const BinaryResult emitted = fedc({"emit", stage, program_});
    EXPECT_EQ(emitted.exitCode, 0) << stage << emitted.err;
    EXPECT_THAT(emitted.out, HasSubstr(std::string(stage) == "graph" ? "main" : "cube")) << stage;
  }
  EXPECT_THAT(fedc({"cost", program_}).out, HasSubstr("not counted: what the native functions `cube` compute"));
  for (const std::vector<std::string>& how : {std::vector<std::string>{}, {"--no-cache"}, {"--interpret"}, {"--wire"}, {"--threads", "2"}}) {
    std::vector<std::string> arguments = {"run", program_, "--plugin", kTests, "--arg", "x=2"};
    arguments.insert(arguments.end(), how.begin(), how.end());
    const BinaryResult result = fedc(arguments);
    EXPECT_EQ(result.out, "8.0\n") << result.err;
  }
}

TEST_F(PluginsOfRuns, WhatIsNoPluginIsAnErrorWithAPlace) {
  const auto refused = [&](const std::vector<std::string>& plugins, const std::string& text, const std::string& code) {
    std::vector<std::string> arguments = {"run", program_, "--arg", "x=2"};
    for (const std::string& plugin : plugins) arguments.insert(arguments.end(), {"--plugin", plugin});
    const BinaryResult result = fedc(arguments);
    EXPECT_EQ(result.exitCode, 1) << text;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, AllOf(HasSubstr("error[" + code + "]"), HasSubstr("cube.fed:1:"), HasSubstr(text)));
  };
  refused({}, "the native function `cube` is called, and no plugin is given", "E0520");
  refused({kPlugins + "/nowhere.so"}, "is not there", "E0521");
  refused({kPlugins}, "cannot be read", "E0521");
  refused({kPlugins + "/no_library.so"}, "is no shared library that can be loaded", "E0521");
  refused({kPlugins + "/needs_more.so"}, "nobody_has_this", "E0521");
  refused({kPlugins + "/no_version.so"}, "is no plugin: it has no version", "E0521");
  refused({kPlugins + "/other_version.so"}, "is a plugin of version 7, and this fedc loads those of version 1", "E0521");
  refused({kPlugins + "/damaged.so"}, "the signature of its function `cube`, \"(f33) -> f32\", cannot be read", "E0521");
  refused({kTests, kPlugins + "/second_cube.so"}, "both have a function `cube`", "E0521");
  refused({kPlugins + "/erfinv.so"}, "no plugin has a function `cube`", "E0522");
  // A program that calls none is not run either with what cannot be loaded.
  const std::string plain = folder_.write("plain.fed", "fn main(x: f32) -> f32 { x }\n");
  EXPECT_THAT(fedc({"run", plain, "--arg", "x=2", "--plugin", kPlugins + "/nowhere.so"}).err, HasSubstr("is not there"));
  EXPECT_EQ(fedc({"run", plain, "--arg", "x=2", "--plugin", kTests}).out, "2.0\n");
}

TEST_F(PluginsOfRuns, TypesAreComparedBeforeTheRun) {
  const auto differs = [&](const std::string& declaration, const std::string& text) {
    const BinaryResult result = fedc({"check", folder_.write("types.fed", declaration + "\n"), "--plugin", kTests});
    EXPECT_EQ(result.exitCode, 1) << declaration;
    EXPECT_THAT(result.err, AllOf(HasSubstr("error[E0523]"), HasSubstr(text))) << declaration;
  };
  differs("native fn cube(x: f64) -> f64 = \"cube\";", "parameter 1 is `f64` here and `f32` there");
  differs("native fn cube(x: f32) -> f64 = \"cube\";", "the result is `f64` here and `f32` there");
  differs("native fn cube(x: f32, y: f32) -> f32 = \"cube\";", "it has 2 parameters here and 1 there");
  differs("native fn cube<n>(x: f32[n]) -> f32[n] = \"cube\";", "parameter 1 is `f32[n]` here and `f32` there");
  differs("native fn twice<n>(x: f32[n]) -> f32[n] = \"twice\";", "the result is `f32[n]` here and `f32[2*n]` there");
  differs("native fn outer<n>(a: f32[n], b: f32[3]) -> f32[3, n] = \"outer\";", "the result is `f32[3, n]` here and `f32[n, m]` there");
  // Narrower than the plugin is right.
  EXPECT_EQ(fedc({"check",
                  folder_.write("fits.fed",
                                "native fn sums(x: f32[28]) -> f32[28] = \"running_sum\";\n"
                                "native fn outer<k>(a: f32[k], b: f32[3]) -> f32[k, 3] = \"outer\";\n"),
                  "--plugin", kTests})
                .exitCode,
            0);
}

TEST_F(PluginsOfRuns, ACachedProgramNeverCallsAnotherPlugin) {
  const std::string plugin = folder_.path("own.so");
  const std::vector<std::string> run = {"run", program_, "--plugin", plugin, "--arg", "x=2"};
  fs::copy_file(kTests, plugin);
  EXPECT_EQ(fedc(run).out, "8.0\n");
  EXPECT_EQ(fedc(run).out, "8.0\n");
  fs::copy_file(kPlugins + "/second_cube.so", plugin, fs::copy_options::overwrite_existing);
  EXPECT_EQ(fedc(run).out, "-2.0\n");
  // One of the same name elsewhere, and none.
  EXPECT_EQ(fedc({"run", program_, "--plugin", kTests, "--arg", "x=2"}).out, "8.0\n");
  EXPECT_THAT(fedc({"run", program_, "--arg", "x=2"}).err, HasSubstr("error[E0520]"));
  fs::copy_file(kPlugins + "/other_version.so", plugin, fs::copy_options::overwrite_existing);
  EXPECT_THAT(fedc(run).err, HasSubstr("error[E0521]"));
}

TEST_F(PluginsOfRuns, ARunGoesOnOnlyWithItsPlugin) {
  const std::string plain = folder_.write("digits.fed",
                                          "native fn cube(x: f32) -> f32 = \"cube\";\n"
                                          "struct Example { label: i32 }\n"
                                          "fn init(k: key@server) -> f32@server { 1.0 }\n"
                                          "fn mine(s: f32, data: Example*) -> f32 { cube(s) + f32(data.count()) / 1000 }\n"
                                          "fn next(s: f32@server, data: {Example*}@clients, k: key@server) -> (f32@server, f32@server) {\n"
                                          "  let t = federated_mean(mine(federated_broadcast(s / 2), data));\n"
                                          "  (t, t)\n"
                                          "}\n"
                                          "let main = process(init, next);\n");
  const std::string plugin = folder_.path("own.so"), out = folder_.path("run");
  fs::copy_file(kTests, plugin);
  const std::string data = std::string(FEDC_SOURCE_DIR) + "/examples/data/digits_train.h5";
  const BinaryResult begun = fedc({"run", plain, "--data", data, "--rounds", "2", "--plugin", plugin, "--out", out});
  ASSERT_EQ(begun.exitCode, 0) << begun.err;
  const auto record = nlohmann::json::parse(readFile(out + "/run.json"));
  ASSERT_EQ(record["plugins"].size(), 1U);
  EXPECT_EQ(record["plugins"][0]["path"], plugin);
  EXPECT_EQ(record["plugins"][0]["hash"].get<std::string>().size(), 32U);
  EXPECT_EQ(fedc({"resume", out, "--rounds", "3"}).exitCode, 0);
  // The same run at once gives the same state.
  const std::string whole = folder_.path("whole");
  ASSERT_EQ(fedc({"run", plain, "--data", data, "--rounds", "3", "--plugin", plugin, "--out", whole}).exitCode, 0);
  EXPECT_EQ(readFile(out + "/model.npz"), readFile(whole + "/model.npz"));
  fs::copy_file(kPlugins + "/second_cube.so", plugin, fs::copy_options::overwrite_existing);
  const BinaryResult changed = fedc({"resume", out, "--rounds", "4"});
  EXPECT_EQ(changed.exitCode, 1);
  EXPECT_THAT(changed.err, HasSubstr("cannot go on: a plugin has changed since it began"));
}

TEST_F(PluginsOfRuns, TheExampleAndItsTests) {
  const std::string example = std::string(FEDC_SOURCE_DIR) + "/examples/extend/native_erfinv/erfinv.fed", plugin = kPlugins + "/erfinv.so";
  const BinaryResult tested = fedc({"test", example, "--plugin", plugin});
  EXPECT_EQ(tested.exitCode, 0) << tested.err;
  EXPECT_THAT(tested.out, HasSubstr("3 tests passed"));
  const BinaryResult run = fedc({"run", example, "--plugin", plugin, "--arg", "fraction=[0.1, 0.5, 0.8]"});
  EXPECT_EQ(run.exitCode, 0) << run.err;
  EXPECT_NEAR(std::stod(run.out), -0.14664344399, 1e-5);
  EXPECT_THAT(fedc({"test", example}).err, HasSubstr("error[E0520]"));
}

TEST_F(PluginsOfRuns, DocShowsThem) {
  const std::string file = folder_.write("documented.fed", std::string("/// x * x * x\n") + kCube);
  EXPECT_THAT(fedc({"doc", "cube", "--in", file}).out, AllOf(HasSubstr("native fn cube(x: f32) -> f32"), HasSubstr("x * x * x")));
}

}  // namespace
}  // namespace fedc::tests
