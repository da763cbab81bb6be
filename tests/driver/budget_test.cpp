#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/driver/pipeline.h"
#include "compiler/support/render.h"

// What a `budget` allows is compared with bytes that are worked out by hand.
namespace fedc::driver {
namespace {

using ::testing::HasSubstr;

struct Refusal {
  std::string code, at, text;
};

/// The first error of a program with this budget; nothing: it compiles.
std::optional<Refusal> refusal(const std::string& budget, const std::string& program) {
  Compilation compilation;
  const FileId file = compilation.sources.add("main.fed", "budget { " + budget + " }\nstruct Example { x: f32 }\n" + program).id();
  if (checkSource(compilation, file, {}) && lowerProgram(compilation, {})) return std::nullopt;
  const Diagnostic d = compilation.sink.sorted().front();
  return Refusal{std::string(codeInfo(d.code).number), std::string(compilation.sources.text(d.primary)),
                 renderText(compilation.sink, compilation.sources)};
}

const std::string kProcess =
    "struct Model { w: f32[100, 20], b: f32[20] }\n"
    "fn update(d: Example*, m: Model) -> Model { m * f32(d.count()) }\n"
    "fn init(k: key@server) -> Model@server { zeros() }\n"
    "fn next(m: Model@server, data: {Example*}@clients, k: key@server) -> (Model@server, i32@server) {\n"
    "  let here = federated_broadcast(m);\n"
    "  let seen = federated_sum(data.count());\n"
    "  (federated_sum(update(data, here)), seen)\n"
    "}\n"
    "let main = process(init, next);\n";
// The model is 8,080 bytes; the count 4.

TEST(Budget, IsKeptToTheByte) {
  EXPECT_FALSE(refusal("up: 8084 B, down: 8080 B, exchanges: 1", kProcess));
  EXPECT_FALSE(refusal("up: 8.084 kB, down: 7.890625 KiB", kProcess)) << "7.890625 * 1024 = 8080";
  EXPECT_FALSE(refusal("", kProcess));
  const auto up = refusal("up: 8083 B", kProcess);
  ASSERT_TRUE(up);
  EXPECT_EQ(up->code, "E0450");
  EXPECT_EQ(up->at, "federated_sum(update(data, here))");
  EXPECT_THAT(up->text, HasSubstr("8084 bytes go from each client in a round, `budget` allows 8083 B"));
  EXPECT_THAT(up->text, HasSubstr("f32[100, 20]` 8 kB"));
  const auto down = refusal("down: 8079 B", kProcess);
  ASSERT_TRUE(down);
  EXPECT_EQ(down->code, "E0450");
  EXPECT_EQ(down->at, "federated_broadcast(m)");
  EXPECT_THAT(down->text, HasSubstr("8080 bytes go to each client"));
}

TEST(Budget, WhatHasNoNameIsShownByItsSource) {
  const auto down = refusal("down: 7 B",
                            "fn shifted(data: Example*, m: f32) -> f32 { f32(data.count()) - m }\n"
                            "fn main(data: {Example*}@clients) -> f32@server {\n"
                            "  let m = federated_mean(shifted(data, 0.0));\n"
                            "  let n = federated_mean(shifted(data, federated_broadcast(m)));\n"
                            "  federated_max(shifted(data, federated_broadcast(m + n)))\n"
                            "}\n");
  ASSERT_TRUE(down);
  EXPECT_THAT(down->text, HasSubstr("with `federated_broadcast(m + n)`, the limit is passed"));
  EXPECT_THAT(down->text, HasSubstr("`federated_broadcast(m): f32` 4 B"));
}

TEST(Budget, CountsExchanges) {
  const std::string twice =
      "fn total(d: Example*) -> f32 { d.map(|e| e.x).sum() }\n"
      "fn above(d: Example*, m: f32) -> f32 { f32(total(d) > m) }\n"
      "fn main(data: {Example*}@clients) -> f32@server {\n"
      "  let m = federated_broadcast(federated_mean(total(data)));\n"
      "  federated_sum(above(data, m))\n}\n";
  EXPECT_FALSE(refusal("exchanges: 2", twice));
  const auto one = refusal("exchanges: 1", twice);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->code, "E0450");
  EXPECT_THAT(one->text, HasSubstr("a round takes 2 exchanges, `budget` allows 1"));
  EXPECT_EQ(one->at, "federated_broadcast(federated_mean(total(data)))");
  // Both exchanges count.
  EXPECT_FALSE(refusal("up: 12 B, down: 4 B", twice));
  EXPECT_TRUE(refusal("up: 11 B", twice));
}

TEST(Budget, OfALibrarysAlgorithmPointsIntoTheProgram) {
  const auto found =
      refusal("up: 10 B",
              "use fed_avg.{fed_avg};\n"
              "use optim.{sgd};\n"
              "struct Model { w: f32[50] }\n"
              "struct Metrics { seen: f32 }\n"
              "fn loss(m: Model, e: Example) -> f32 { e.x * sum(m.w) }\n"
              "fn metrics(m: Model, e: Example) -> Metrics { Metrics { seen: 1.0 } }\n"
              "let main = fed_avg(init = |_| zeros(), loss = loss, client = sgd(0.1), server = sgd(1.0), batch = 2, metrics = metrics);\n");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->code, "E0450") << found->text;
  EXPECT_THAT(found->at, HasSubstr("fed_avg(")) << found->text;
}

TEST(Budget, MustBeKnown) {
  const auto aggregate = [](const std::string& more) {
    return "fn all(d: Example*) -> f32[?] { d.map(|e| e.x)" + more +
           ".collect() }\n"
           "fn main(data: {Example*}@clients) -> f32@server {\n"
           "  federated_aggregate(all(data), 0.0, accumulate = |a, x| a + sum(x), merge = |a, b| a + b, report = |a| a)\n}\n";
  };
  const auto open = refusal("up: 1 GB", aggregate(""));
  ASSERT_TRUE(open);
  EXPECT_EQ(open->code, "E0451");
  EXPECT_THAT(open->text, HasSubstr("take(n)"));
  EXPECT_FALSE(refusal("down: 0 B, exchanges: 1", aggregate(""))) << "what is not limited may depend on the data";
  // Ten numbers and their length.
  EXPECT_FALSE(refusal("up: 48 B", aggregate(".take(10)")));
  EXPECT_TRUE(refusal("up: 47 B", aggregate(".take(10)")));
}

TEST(Budget, AnExtentCrossesWithoutItsLeaf) {
  const auto length = [](const std::string& work, const std::string& read) {
    return "fn all(d: Example*) -> f32[?] { d.filter(|e| e.x > 0).map(|e| e.x).take(10).collect() }\n"
           "fn pair(d: Example*) -> (f32[?], f32[?]) { let a = all(d); (a, 2 * a) }\n"
           "fn count(d: Example*) -> i32 { len(all(d)) }\n"
           "fn main(data: {Example*}@clients) -> i32@server {\n"
           "  let none = 0;\n"
           "  federated_aggregate(" +
           work + "(data), none, accumulate = |n, x| n + " + read + ", merge = |a, b| a + b)\n}\n";
  };
  const auto found = refusal("up: 7 B", length("all", "len(x)"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->code, "E0450");
  EXPECT_THAT(found->text, HasSubstr("`len(x): i64` 8 B"));
  EXPECT_FALSE(refusal("up: 8 B", length("all", "len(x)")));
  // Both leaves have the same one; a leaf that is read brings it along; and what a client counts is its own value.
  EXPECT_FALSE(refusal("up: 8 B", length("pair", "len(x.0) + len(x.1)")));
  EXPECT_FALSE(refusal("up: 48 B", length("pair", "i32(sum(x.0)) + len(x.1)")));
  EXPECT_FALSE(refusal("up: 4 B", length("count", "x")));
}

TEST(Budget, MistakesOfItsOwn) {
  const std::string library = "fn f(x: f32) -> f32 { x }\n";
  const auto expect = [&](const std::string& budget, const std::string& at, const std::string& text) {
    const auto found = refusal(budget, library);
    ASSERT_TRUE(found) << budget;
    EXPECT_EQ(found->code, "E0128") << found->text;
    EXPECT_EQ(found->at, at) << found->text;
    EXPECT_THAT(found->text, HasSubstr(text));
  };
  expect("upp: 5 B", "upp", "`budget` has no limit `upp`");
  expect("up: 5", "5", "a number of bytes with a unit");
  expect("up: 5 kb", "kb", "`kb` is no unit of bytes");
  expect("up: 5 kb", "kb", "kB");
  expect("up: 5 words", "words", "no unit of bytes");
  expect("up: 5 B, up: 6 B", "up", "limited twice");
  expect("exchanges: 1 B", "B", "without a unit");
  expect("exchanges: 1.5", "1.5", "a whole number");
  const auto negative = refusal("up: -5 B", library);
  ASSERT_TRUE(negative);
  EXPECT_EQ(negative->code, "E0010") << "no number begins with a sign here";
}

}  // namespace
}  // namespace fedc::driver
