#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/binary.h"

// `--arg`: what is read, and what is said of what is not.
namespace fedc::tests {
namespace {

using ::testing::HasSubstr;

const std::string kModel =
    "struct Model { w: f32[2], t: (i32, f64), b: f32 }\n"
    "fn main(x: f32, n: u8, m: Model) -> (f32, u8, Model) { (x, n, m) }\n";

class ArgumentTexts : public ::testing::Test {
 protected:
  /// `fedc run` with these arguments.
  BinaryResult run(const std::string& source, const std::vector<std::string>& arguments) {
    std::vector<std::string> words = {"run", folder_.write("a.fed", source)};
    for (const std::string& argument : arguments) words.insert(words.end(), {"--arg", argument});
    return fedc(words);
  }
  std::string error(const std::string& source, const std::vector<std::string>& arguments) {
    const BinaryResult result = run(source, arguments);
    EXPECT_EQ(result.exitCode, 1) << result.out;
    EXPECT_THAT(result.err, HasSubstr("error[E0503]: "));
    return result.err;
  }
  std::string modelError(const std::vector<std::string>& ofModel) {
    std::vector<std::string> all = {"x=1", "n=1"};
    all.insert(all.end(), ofModel.begin(), ofModel.end());
    return error(kModel, all);
  }

  Folder folder_;
};

TEST_F(ArgumentTexts, WhatDoesNotFitIsShownWhole) {
  EXPECT_THAT(error(kModel, {"x=[1]"}), HasSubstr("--arg x: x is [1], which is no `f32`"));
  EXPECT_THAT(error(kModel, {"n=[1, 2]"}), HasSubstr("--arg n: n is [1,2], which is no `u8`"));
  EXPECT_THAT(error(kModel, {"x=one"}), HasSubstr("--arg x: `one` is no JSON; a value of type `f32` is wanted"));
  EXPECT_THAT(error(kModel, {"x=1e39"}), HasSubstr("x is 1e+39, which is larger than any `f32`"));
  EXPECT_THAT(modelError({R"(m={"w":[1,2],"t":[1,1e400],"b":0})"}), HasSubstr("--arg m: `1e400` is larger than any float"));
}

TEST_F(ArgumentTexts, WhatIsNoJsonSaysWhere) {
  EXPECT_THAT(modelError({R"(m={"w":[1,2},"b":0})"}), HasSubstr(R"(--arg m: `{"w":[1,2},"b":0}` is no JSON: at character 10, `},"b":0}`)"));
  // Characters, not bytes, and of the text as it was given.
  EXPECT_THAT(modelError({R"(m={"é":nan,"w":.5,,})"}), HasSubstr("is no JSON: at character 17, `,}`"));
  EXPECT_THAT(modelError({R"(m={"w":[1,2])"}), HasSubstr("is no JSON: it ends too early"));
  EXPECT_THAT(modelError({"m=" + std::string(101, '[')}), HasSubstr("its values are nested more than 100 deep"));
}

TEST_F(ArgumentTexts, AResultThatIsNotFiniteReadsBack) {
  const std::string source = "fn main(x: f32, y: f32[3], z: (f64, f32)) -> (f32, f32[3], (f64, f32)) { (x, y, z) }\n";
  const BinaryResult first = run(source, {"x=-inf", "y=[nan, inf, -inf]", "z=[inf, nan]"});
  EXPECT_EQ(first.out, R"(["-inf",["nan","inf","-inf"],["inf","nan"]])"
                       "\n")
      << first.err;
  EXPECT_EQ(run(source, {R"(x="-inf")", R"(y=["nan","inf","-inf"])", R"(z=["inf","nan"])"}).out, first.out);
}

TEST_F(ArgumentTexts, PartsOfAValue) {
  const BinaryResult parts = run(kModel, {"x=1", "n=1", "m.w=[1, 2]", "m.t=[3, 4]", "m.b=5"});
  EXPECT_EQ(parts.out, R"([1.0,1,{"w":[1.0,2.0],"t":[3,4.0],"b":5.0}])"
                       "\n")
      << parts.err;
  EXPECT_EQ(run(kModel, {"x=1", "n=1", "m.w=[1, 2]", "m.t.0=3", "m.t.1=4", "m.b=5"}).out, parts.out);
  EXPECT_THAT(modelError({"m.w=[1, 2]", "m.t=[3, 4]"}), HasSubstr("argument `m.b` of `main` has no value\nhelp: `--arg m.b=VALUE`"));
  EXPECT_THAT(modelError({"m.u=[3, 4]"}), HasSubstr("it has x, n, m, m.w, m.t, m.t.0, m.t.1, m.b"));
}

// Its items are placed apart.
TEST_F(ArgumentTexts, ATupleIsAList) {
  const std::string source = "fn main(z: ((f64, f32), {i32}@clients)) -> ((f64, f32), {i32}@clients) { (z.0, z.1) }\n";
  const std::string value = "[[1.5,\"inf\"],[7,8]]";
  EXPECT_EQ(run(source, {"z=" + value}).out, value + "\n");
  EXPECT_EQ(run(source, {"z.0=[1.5, inf]", "z.1=[7, 8]"}).out, value + "\n");
  EXPECT_THAT(error(source, {"z=[[1, 2]]"}), HasSubstr("--arg z: z has 1 entries where 2 are wanted"));
  EXPECT_THAT(error(source, {"z=" + value, "z.1=[7, 8]"}), HasSubstr("--arg z.1: `--arg z` gives it, too"));
}

TEST_F(ArgumentTexts, NothingIsGivenTwice) {
  const std::string whole = R"(m={"w":[1,2],"t":[3,4],"b":5})";
  EXPECT_THAT(modelError({whole, "m.b=6"}), HasSubstr("--arg m.b: `--arg m` gives it, too; leave out one of the two"));
  EXPECT_THAT(modelError({"m.t=[1, 2]", "m.t.1=6"}), HasSubstr("--arg m.t.1: `--arg m.t` gives it, too"));
  EXPECT_THAT(modelError({R"(m={"w":[1,2],"t":[3,4],"b":5,"b":6})"}), HasSubstr("--arg m: the key `b` is there twice"));
  EXPECT_THAT(error("fn main(x: {f32}@clients) -> f32@server { federated_sum(x) }\n", {R"(x={"a":1,"a":2})"}),
              HasSubstr("--arg x: the key `a` is there twice"));
}

TEST_F(ArgumentTexts, DataHasWhatIsDeclared) {
  const std::string example = "struct Example { x: f32, y: i32 }\nfn main(data: {Example*}@clients) -> i32@server { federated_sum(";
  for (const std::string uses : {"data.count()", "data.map(|e| e.y).sum()"}) {
    const std::string source = example + uses + ") }\n";
    EXPECT_EQ(run(source, {R"(data=[[{"x":0.5,"y":1}]])"}).out, "1\n") << uses;
    EXPECT_THAT(error(source, {R"(data=[[{"y":1}]])"}), HasSubstr("data[0][0] lacks `x`")) << uses;
    EXPECT_THAT(error(source, {R"(data=[[{"x":0.5}]])"}), HasSubstr("data[0][0] lacks `y`")) << uses;
    EXPECT_THAT(error(source, {R"(data=[[{"x":0.5,"y":1,"z":1}]])"}), HasSubstr("data[0][0] has `z`, which is none of `x`, `y`")) << uses;
  }
  EXPECT_THAT(error("fn main(d: {f32*}@clients) -> f32@server { federated_sum(d.sum()) }\n", {}), HasSubstr("small data also as `--arg d=[[…], …]`"));
  EXPECT_THAT(error("fn main(d: f32*@server) -> f32@server { d.sum() }\n", {}), HasSubstr("small data also as `--arg d=[…]`"));
}

}  // namespace
}  // namespace fedc::tests
