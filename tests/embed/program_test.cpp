#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "fedc/fedc.h"
#include "tests/embed/programs.h"

namespace fedc::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Three clients whose rows are small whole numbers, so that every order of a sum gives the same bits. The floats lie at odd addresses (of four
/// bytes).
class Sums : public testing::Test {
 protected:
  Sums() {
    for (std::size_t i = 0; i < 12; ++i) floats_[1 + i] = static_cast<float>(i + 1);
  }

  Federation federation() {
    Federation all = Federation::inMemory();
    all.add("c", client(3, 1)).add("a", client(0, 1)).add("b", client(1, 2));
    return all;
  }
  NamedArrays client(std::size_t row, std::int64_t rows) {
    return {{"flag", {ElementType::Bool, {rows}, flags_ + row, nullptr}},
            {"x", Array::of(std::span<const float>(floats_ + 1 + 3 * row, static_cast<std::size_t>(3 * rows)), {rows, 3})}};
  }
  static Program program(const CompileOptions& options = {}) {
    auto compiled = compile(kSums, options);
    if (!compiled) throw std::runtime_error(compiled.error().text());
    return *compiled;
  }
  static std::vector<float> floats(const NamedArrays& arrays, std::string_view name) {
    const Array* array = find(arrays, name);
    if (array == nullptr) throw std::runtime_error("no such leaf");
    const auto values = array->as<float>();
    return {values.begin(), values.end()};
  }

  alignas(64) float floats_[16] = {};
  bool flags_[4] = {true, false, true, true};
};

TEST_F(Sums, RunsOnArraysWhereTheyLie) {
  RunOptions options;
  options.data = federation();
  options.clientsPerRound = RunOptions::kAllClients;
  const auto result = program().run(options);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_THAT(floats(result->state, "total"), ElementsAre(44, 52, 60));
  EXPECT_THAT(find(result->state, "rows")->as<std::int32_t>(), ElementsAre(8));
  ASSERT_EQ(result->rounds.size(), 2u);
  EXPECT_EQ(result->rounds[1].round, 2);
  EXPECT_EQ(result->rounds[1].clients, 3);
  EXPECT_THAT(floats(result->rounds[0].report, "mean"), ElementsAre(5.5F, 6.5F, 7.5F));
  EXPECT_THAT(find(result->rounds[0].report, "flags")->as<std::int32_t>(), ElementsAre(3));
  EXPECT_EQ(result->lastRound, 2);
  EXPECT_FALSE(result->stopped);
}

TEST_F(Sums, TheInterpreterAndAnyThreadsGiveTheSame) {
  CompileOptions interpreted;
  interpreted.interpret = true;
  for (const int threads : {1, 2, 3}) {
    RunOptions options;
    options.data = federation();
    options.threads = threads;
    const auto native = program().run(options), other = program(interpreted).run(options);
    ASSERT_TRUE(native && other);
    EXPECT_EQ(floats(native->state, "total"), floats(other->state, "total"));
    EXPECT_EQ(native->rounds[0].clients, 2) << "clients_per_round of the run block";
  }
}

TEST_F(Sums, ParamsAreOfTheProgramOrOfTheRun) {
  CompileOptions wide;
  wide.params = {{"width", "4"}, {"scale", "3"}};
  EXPECT_EQ(program(wide).features()[0].shape, std::vector<std::int64_t>{4});

  RunOptions options;
  options.data = federation();
  options.clientsPerRound = RunOptions::kAllClients;
  options.rounds = 1;
  options.params = {{"scale", 10}};
  const auto result = program().run(options);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_THAT(floats(result->state, "total"), ElementsAre(220, 260, 300));

  options.params = {{"width", 4}};
  EXPECT_THAT(program().run(options).error().text(), HasSubstr("param `width` is compiled in"));
  options.params = {{"scal", 4}};
  EXPECT_THAT(program().run(options).error().text(), HasSubstr("did you mean `scale`?"));
}

TEST_F(Sums, EvaluatesAfterRoundsAndAlone) {
  RunOptions options;
  options.data = federation();
  options.evalData = Federation::inMemory();
  options.evalData.add("e", client(0, 2));
  options.clientsPerRound = RunOptions::kAllClients;
  options.evalEvery = 1;
  std::vector<int> heard;
  options.onEvaluation = [&](const Round& round) { return heard.push_back(round.round), true; };
  const auto result = program().run(options);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_THAT(heard, ElementsAre(1, 2));
  ASSERT_EQ(result->evaluations.size(), 2u);
  EXPECT_THAT(result->evaluations[1].report[0].value.as<float>(), ElementsAre(44 + 52 + 60 + 2));

  const auto alone = program().evaluate(result->state, options);
  ASSERT_TRUE(alone) << alone.error().text();
  EXPECT_THAT(alone->report[0].value.as<float>(), ElementsAre(44 + 52 + 60 + 2));
  options.evalData = {};
  EXPECT_THAT(program().evaluate(result->state, options).error().text(), HasSubstr("no data is given to evaluate on"));
  EXPECT_THAT(program().evaluate({}, options).error().text(), HasSubstr("no state"));
}

TEST_F(Sums, AStateGoesOnWithTheSameBits) {
  RunOptions options;
  options.data = federation();
  options.rounds = 5;
  const auto whole = program().run(options);
  ASSERT_TRUE(whole);
  options.rounds = 2;
  const auto first = program().run(options);
  ASSERT_TRUE(first);
  options.rounds = 5;
  options.state = first->state;
  options.stateRound = first->lastRound;
  const auto rest = program().run(options);
  ASSERT_TRUE(rest) << rest.error().text();
  EXPECT_EQ(rest->rounds.front().round, 3);
  EXPECT_EQ(floats(rest->state, "total"), floats(whole->state, "total"));

  options.stateRound = 6;
  EXPECT_THAT(program().run(options).error().text(), HasSubstr("cannot go on behind round 6"));
  options.stateRound = 0;
  options.state[0].value = Array::scalar(1.5);
  EXPECT_THAT(program().run(options).error().text(), HasSubstr("in `the state given` is `f64`, the program's state has"));
}

TEST_F(Sums, ACallbackEndsTheRun) {
  RunOptions options;
  options.data = federation();
  options.rounds = 100;
  options.onRound = [](const Round& round) { return round.round < 3; };
  const auto result = program().run(options);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->stopped);
  EXPECT_EQ(result->lastRound, 3);
  EXPECT_EQ(result->rounds.size(), 3u);
}

TEST_F(Sums, LazyClientsAreReadWhenTheyAreNeeded) {
  std::atomic<int> reads = 0;
  std::weak_ptr<const std::vector<float>> kept;
  RunOptions options;
  options.clientsPerRound = RunOptions::kAllClients;
  options.data = Federation::lazy({"b", "a"}, [&](const std::string& id) -> Result<NamedArrays> {
    ++reads;
    Array x = Array::copyOf<float>({1, 2, id == "a" ? 3.0F : 4.0F}, {1, 3});
    return NamedArrays{{"x", x}, {"flag", Array::scalar(true)}};
  });
  EXPECT_THAT(program().run(options).error().text(), HasSubstr("feature `flag` of client `a` is one value"));

  reads = 0;
  options.data = Federation::lazy({"b", "a"}, [&](const std::string& id) -> Result<NamedArrays> {
    ++reads;
    auto flag = std::make_shared<bool>(true);
    return NamedArrays{{"x", Array::copyOf<float>({1, 2, id == "a" ? 3.0F : 4.0F}, {1, 3})}, {"flag", {ElementType::Bool, {1}, flag.get(), flag}}};
  });
  const auto result = program().run(options);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_THAT(floats(result->state, "total"), ElementsAre(4, 8, 14));
  EXPECT_EQ(reads, 2) << "each client is kept for the second round";

  options.data = Federation::lazy({"a"}, [](const std::string&) -> Result<NamedArrays> { return Failure::of("the disk is gone"); });
  const auto failed = program().run(options);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().text(), HasSubstr("client `a` cannot be read: the disk is gone"));
}

TEST_F(Sums, DataThatDoesNotFitIsNamed) {
  const auto said = [&](NamedArrays features) {
    RunOptions options;
    options.data = Federation::inMemory();
    options.data.add("eve", std::move(features));
    options.clientsPerRound = RunOptions::kAllClients;
    const auto result = program().run(options);
    return result ? std::string("nothing") : result.error().text();
  };
  static const double doubles[3] = {};
  const Array x = client(0, 1)[1].value, flag = client(0, 1)[0].value;
  EXPECT_THAT(said({{"x", Array::of<double>(doubles, {1, 3})}, {"flag", flag}}),
              HasSubstr("feature `x` of client `eve` is `f64[3]` in the data, `f32[3]` in the program"));
  EXPECT_THAT(said({{"x", {ElementType::F32, {3, 1}, x.data, nullptr}}, {"flag", flag}}),
              HasSubstr("is `f32[1]` in the data, `f32[3]` in the program"));
  EXPECT_THAT(said({{"x", x}, {"flags", flag}}), HasSubstr("client `eve` has no feature `flag`, it has `x`, `flags`"));
  EXPECT_THAT(said({}), HasSubstr("client `eve` has no feature `x`: it has none"));
  EXPECT_THAT(said({{"x", x}, {"flag", {ElementType::Bool, {2}, flags_, nullptr}}}), HasSubstr("differ in length: `x` has 1 rows, `flag` has 2"));
  EXPECT_THAT(said({{"x", {ElementType::F32, {1, 3}, reinterpret_cast<const char*>(x.data) + 1, nullptr}}, {"flag", flag}}),
              HasSubstr("is not aligned to its elements"));
  EXPECT_THAT(said({{"x", {ElementType::F32, {1, 3}, nullptr, nullptr}}, {"flag", flag}}), HasSubstr("has no data"));
  static const unsigned char two[1] = {2};
  EXPECT_THAT(said({{"x", x}, {"flag", {ElementType::Bool, {1}, two, nullptr}}}), HasSubstr("has a byte 2 where a bool is 0 or 1"));

  RunOptions twice;
  twice.data = federation();
  twice.data.add("a", client(0, 1));
  EXPECT_THAT(program().run(twice).error().text(), HasSubstr("client `a` is given twice"));
}

TEST_F(Sums, EmptyClientsAndNobody) {
  RunOptions options;
  options.data = federation();
  options.data.add("nothing", {{"x", {ElementType::F32, {0, 3}, nullptr, nullptr}}, {"flag", {ElementType::Bool, {0}, nullptr, nullptr}}});
  options.clientsPerRound = RunOptions::kAllClients;
  const auto result = program().run(options);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_THAT(floats(result->state, "total"), ElementsAre(44, 52, 60));

  options.data = Federation::inMemory();
  const auto nobody = program().run(options);
  ASSERT_TRUE(nobody) << nobody.error().text();
  EXPECT_THAT(floats(nobody->state, "total"), ElementsAre(0, 0, 0));
}

TEST_F(Sums, ManyThreadsRunOneProgram) {
  const Program shared = program();
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      RunOptions options;
      options.data = federation();
      options.clientsPerRound = RunOptions::kAllClients;
      const auto result = shared.run(options);
      if (result && floats(result->state, "total") == std::vector<float>{44, 52, 60}) ++good;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 4);
}

TEST(Compile, WrongProgramsAreProblemsWithPlaces) {
  CompileOptions options;
  options.name = "wrong.fed";
  const auto result = compile("fn main() -> f32@server { 1 + true }\nfn other() -> f32 { y }\n", options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, Failure::Kind::Compile);
  ASSERT_EQ(result.error().problems.size(), 2u);
  const Problem& second = result.error().problems[1];
  EXPECT_TRUE(second.isError);
  EXPECT_EQ(second.code.front(), 'E');
  EXPECT_EQ(second.file, "wrong.fed");
  EXPECT_EQ(second.line, 2u);
  EXPECT_EQ(second.column, 21u);
  EXPECT_EQ(second.endColumn, 22u);
  EXPECT_THAT(second.text, HasSubstr("fn other() -> f32 { y }"));
}

TEST(Compile, ModulesAreTextsOrFiles) {
  CompileOptions options;
  const std::string_view source = "use mine.{twice};\nfn main(x: f32@server) -> f32@server { twice(x) }\n";
  EXPECT_FALSE(compile(source, options));
  options.modules = {{"mine", "fn twice(x: f32) -> f32 { 2 * x }\n"}};
  const auto inside = compile(source, options);
  ASSERT_TRUE(inside) << inside.error().text();
  EXPECT_TRUE(inside->hasPlainResult());
  RunOptions run;
  run.arguments = {{"x", Array::scalar(4.0F)}};
  EXPECT_THAT(inside->run(run)->value[0].value.as<float>(), ElementsAre(8));

  const std::string folder = testing::TempDir();
  std::ofstream(folder + "/mine_too.fed") << "fn thrice(x: f32) -> f32 { 3 * x }\n";
  std::ofstream(folder + "/uses.fed") << "use mine.{twice};\nuse mine_too.{thrice};\nfn main(x: f32@server) -> f32@server { twice(thrice(x)) }\n";
  const auto file = compileFile(folder + "/uses.fed", options);
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_THAT(file->run(run)->value[0].value.as<float>(), ElementsAre(24));
  options.modules.clear();
  options.include = {folder};
  const auto included = compile("use mine_too.{thrice};\nfn main(x: f32@server) -> f32@server { thrice(x) }\n", options);
  ASSERT_TRUE(included) << included.error().text();

  EXPECT_THAT(compileFile(folder + "/nowhere.fed").error().text(), HasSubstr("nowhere.fed"));
}

TEST(Compile, ALibraryHasNothingToRun) {
  const auto library = compile("fn f(x: f32) -> f32 { x }\n");
  ASSERT_TRUE(library);
  EXPECT_THAT(library->run().error().text(), HasSubstr("the program has nothing to run"));
}

TEST(Main, TakesArgumentsByLeaf) {
  const auto program = compile(kMain);
  ASSERT_TRUE(program) << program.error().text();
  EXPECT_FALSE(program->isProcess());
  ASSERT_EQ(program->arguments().size(), 3u);
  EXPECT_EQ(program->arguments()[0].name, "p.x");
  EXPECT_EQ(program->arguments()[2].element, ElementType::I32);
  RunOptions options;
  options.arguments = {{"p.x", Array::scalar(1.5F)}, {"p.y", Array::scalar(2.0F)}, {"row", Array::copyOf<std::int32_t>({3, -4}, {2})}};
  const auto result = program->run(options);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_THAT(find(result->value, "sum")->as<float>(), ElementsAre(3.5F));
  EXPECT_THAT(find(result->value, "row")->as<std::int32_t>(), ElementsAre(6, -8));

  options.arguments[2].name = "rows";
  EXPECT_THAT(program->run(options).error().text(), HasSubstr("argument `row` of `main` has no value"));
  options.arguments.push_back({"row", Array::copyOf<std::int32_t>({3, -4}, {2})});
  EXPECT_THAT(program->run(options).error().text(), HasSubstr("`main` has no argument `rows`; did you mean `row`?"));
  options.arguments = {{"p.x", Array::scalar(1.5)}};
  EXPECT_THAT(program->run(options).error().text(), HasSubstr("argument `p.x` of `main` is `f64`, the program has `f32`"));
}

TEST(Main, AFailedCheckNamesClientAndLine) {
  const auto program = compile(
      "fn f(data: f32*) -> f32 { assert(data.count() > 1, \"too few\"); data.sum() }\n"
      "fn main(data: {f32*}@clients) -> f32@server { federated_sum(f(data)) }\n");
  ASSERT_TRUE(program) << program.error().text();
  RunOptions options;
  options.data = Federation::inMemory();
  options.data.add("a", {{"", Array::copyOf<float>({1, 2}, {2})}}).add("b", {{"anything", Array::copyOf<float>({1}, {1})}});
  const auto result = program->run(options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, Failure::Kind::Run);
  EXPECT_EQ(result.error().client, "b");
  EXPECT_EQ(result.error().problems[0].line, 1u);
  EXPECT_THAT(result.error().text(), HasSubstr("too few"));
}

TEST(Values, KeysArePairsOfWords) {
  const auto program = compile(
      "fn init(k: key@server) -> key@server { k }\n"
      "fn next(s: key@server, data: {f32*}@clients) -> (key@server, f32@server) {\n"
      "  let [a, b] = split(s);\n"
      "  (a, uniform(b, []) + federated_sum(data.sum()))\n"
      "}\n"
      "let main = process(init, next);\n");
  ASSERT_TRUE(program) << program.error().text();
  ASSERT_EQ(program->state().size(), 1u);
  EXPECT_EQ(program->state()[0].element, ElementType::U32);
  EXPECT_EQ(program->state()[0].shape, std::vector<std::int64_t>{2});
  RunOptions options;
  options.data.add("a", {{"", Array::copyOf<float>({1}, {1})}});
  options.rounds = 3;
  const auto whole = program->run(options);
  ASSERT_TRUE(whole) << whole.error().text();
  options.rounds = 1;
  const auto first = program->run(options);
  options.rounds = 3;
  options.state = first->state;
  options.stateRound = 1;
  const auto rest = program->run(options);
  ASSERT_TRUE(rest) << rest.error().text();
  const auto words = whole->state[0].value.as<std::uint32_t>(), again = rest->state[0].value.as<std::uint32_t>();
  EXPECT_TRUE(std::equal(words.begin(), words.end(), again.begin(), again.end()));
}

TEST(ClientState, IsGoneOnFromAsOftenAsOneLikes) {
  const auto program = compile(
      "fn init(k: key@server) -> (f32@server, {f32}@clients) { (federated_value(0.0, server), federated_value(1.0, clients)) }\n"
      "fn next(s: (f32@server, {f32}@clients), data: {f32*}@clients) -> ((f32@server, {f32}@clients), f32@server) {\n"
      "  let kept = s.1 * 2 + data.sum();\n"
      "  ((s.0, kept), federated_sum(kept))\n"
      "}\n"
      "let main = process(init, next);\n");
  ASSERT_TRUE(program) << program.error().text();
  RunOptions options;
  for (int c = 0; c < 40; ++c) options.data.add("client" + std::to_string(c), {{"", Array::copyOf<float>({static_cast<float>(c)}, {1})}});
  options.clientsPerRound = 7;
  options.rounds = 9;
  const auto reports = [](const RunResult& result) {
    std::vector<float> out;
    for (const Round& round : result.rounds) out.push_back(round.report[0].value.as<float>()[0]);
    return out;
  };
  const auto whole = program->run(options);
  ASSERT_TRUE(whole) << whole.error().text();
  options.rounds = 5;
  const auto first = program->run(options);
  ASSERT_TRUE(first) << first.error().text();
  options.rounds = 9;
  options.state = first->state;
  options.stateRound = 5;
  EXPECT_THAT(program->run(options).error().text(), HasSubstr("give `clientStates` of the same result"));
  options.clientStates = first->clientStates;
  for (int again = 0; again < 2; ++again) {
    const auto rest = program->run(options);
    ASSERT_TRUE(rest) << rest.error().text();
    std::vector<float> both = reports(*first), later = reports(*rest);
    both.insert(both.end(), later.begin(), later.end());
    EXPECT_EQ(both, reports(*whole));
  }
}

TEST(Plugins, AreLoadedIfTheyAreNamed) {
  constexpr std::string_view kCube = "native fn cube(x: f32) -> f32 = \"cube\";\nfn main(x: f32[2]) -> f32[2] { cube(x) }\n";
  CompileOptions options;
  const auto none = compile(kCube, options);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().problems.front().code, "E0520");
  options.plugins = {std::string(FEDC_PLUGINS_DIR) + "/other_version.so"};
  const auto other = compile(kCube, options);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().problems.front().code, "E0521");
  options.plugins = {std::string(FEDC_PLUGINS_DIR) + "/native_tests.so"};
  for (const bool interpret : {false, true}) {
    options.interpret = interpret;
    const auto program = compile(kCube, options);
    ASSERT_TRUE(program) << program.error().text();
    RunOptions run;
    run.arguments = {{"x", Array::copyOf(std::vector<float>{2, -3}, {2})}};
    const auto result = program->run(run);
    ASSERT_TRUE(result) << result.error().text();
    EXPECT_THAT(result->value.front().value.as<float>(), ElementsAre(8, -27));
  }
}

TEST(Strings, GoInAndComeOutByNumber) {
  const auto program = compile(
      "struct Row { name: str }\n"
      "fn longer(a: str, b: str) -> str { if len(a) > len(b) { a } else { b } }\n"
      "fn longest(data: Row*) -> str { data.fold(\"\", |best, r| longer(best, r.name)) }\n"
      "fn main(data: {Row*}@clients, x: str@server) -> (str, str[2])@server {\n"
      "  both(federated_aggregate(longest(data), \"\", longer, longer), x)\n}\n"
      "fn both(best: str, x: str) -> (str, str[2]) { (best, [x, best]) }\n",
      {});
  ASSERT_TRUE(program) << program.error().text();
  const auto number = [](std::string_view text) { return *stringNumber(text); };
  const std::vector<std::uint32_t> names = {number("one"), number("zwei"), number("longest of all")}, given = {number("given")};
  RunOptions options;
  options.data = Federation::inMemory();
  options.data.add("a", {{"name", {ElementType::Str, {2}, names.data(), nullptr}}}).add("b", {{"name", {ElementType::Str, {1}, &names[2], nullptr}}});
  options.arguments = {{"x", {ElementType::Str, {}, given.data(), nullptr}}};
  const auto result = program->run(options);
  ASSERT_TRUE(result) << result.error().text();
  const auto textAt = [&](std::size_t leaf, std::size_t i) {
    return stringText(static_cast<const std::uint32_t*>(result->value[leaf].value.data)[i]);
  };
  EXPECT_EQ(result->value[0].value.element, ElementType::Str);
  EXPECT_EQ(textAt(0, 0), "longest of all");
  EXPECT_EQ(textAt(1, 0), "given");
  EXPECT_EQ(textAt(1, 1), "longest of all");

  // Equal texts, equal numbers; what is no string.
  EXPECT_EQ(number("zwei"), names[1]);
  EXPECT_EQ(number(""), 0U);
  EXPECT_THAT(stringNumber("\xff").error().text(), HasSubstr("not UTF-8"));
  EXPECT_EQ(stringText(4'000'000'000U), "");
  const std::uint32_t none = 4'000'000'000U;
  options.arguments = {{"x", {ElementType::Str, {}, &none, nullptr}}};
  EXPECT_THAT(program->run(options).error().text(), HasSubstr("has 4000000000 where the number of a string is wanted"));
  options.arguments = {{"x", {static_cast<ElementType>(13), {}, &none, nullptr}}};
  EXPECT_THAT(program->run(options).error().text(), HasSubstr("no element type"));
}

}  // namespace
}  // namespace fedc::tests
