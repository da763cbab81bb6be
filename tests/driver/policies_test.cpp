#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "compiler/core/text.h"
#include "compiler/driver/pipeline.h"
#include "compiler/support/render.h"

// docs/policy.md: the programs of tests/policy, each with the code and the line of every refusal in a comment.

namespace fedc::driver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> programsIn(const std::string& folder) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(FEDC_SOURCE_DIR) + "/" + folder)) {
    if (entry.path().extension() == ".fed") found.push_back(entry.path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string textOf(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Code by line, as the comments `// error E0440` say it.
std::multimap<int, std::string> wanted(const std::string& text) {
  std::multimap<int, std::string> out;
  std::istringstream in(text);
  const std::regex mark("// error (E[0-9]{4})");
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    std::smatch match;
    if (std::regex_search(line, match, mark)) out.emplace(number, match[1]);
  }
  return out;
}

struct Outcome {
  std::multimap<int, std::string> errors;
  std::string shown;
  std::vector<Diagnostic> diagnostics;
  std::string core;
  std::vector<transform::Release> releases;
};

Outcome compiled(Compilation& compilation, FileId file, const CompileOptions& options) {
  Outcome out;
  if (checkSource(compilation, file, options) && lowerProgram(compilation, options)) out.core = core::print(compilation.program->module);
  for (const Diagnostic& d : compilation.sink.sorted()) {
    const int line = d.primary.isValid() ? static_cast<int>(compilation.sources.file(d.primary.file).line(d.primary.begin)) : 0;
    out.errors.emplace(line, std::string(codeInfo(d.code).number));
    out.diagnostics.push_back(d);
  }
  out.shown = renderText(compilation.sink, compilation.sources);
  out.releases = compilation.releases;
  return out;
}

Outcome outcomeOf(const std::string& path, const Policies& policies = {}) {
  Compilation compilation;
  CompileOptions options;
  options.policies = policies;
  const auto file = compilation.sources.load(path);
  EXPECT_TRUE(file.has_value()) << path;
  return compiled(compilation, (*file)->id(), options);
}

Outcome outcomeOfText(const std::string& text, const Policies& policies) {
  Compilation compilation;
  CompileOptions options;
  options.policies = policies;
  return compiled(compilation, compilation.sources.add("main.fed", text).id(), options);
}

TEST(Policies, ThereAreProgramsOfBothKinds) {
  EXPECT_GE(programsIn("tests/policy/leaking").size(), 20U);
  EXPECT_GE(programsIn("tests/policy/clean").size(), 20U);
}

TEST(Policies, WhatLeaksIsRefusedAtItsLineWithItsWay) {
  for (const std::string& path : programsIn("tests/policy/leaking")) {
    SCOPED_TRACE(path);
    const std::string text = textOf(path);
    EXPECT_TRUE(text.starts_with("// leaks: "));
    const auto errors = wanted(text);
    EXPECT_FALSE(errors.empty());
    const Outcome outcome = outcomeOf(path);
    EXPECT_EQ(outcome.errors, errors) << outcome.shown;
    for (const Diagnostic& d : outcome.diagnostics) {
      // What the types say has no way.
      if (d.code == Code::ClientResult || d.code == Code::StateAtClients) continue;
      const bool hasWay =
          std::any_of(d.notes.begin(), d.notes.end(), [](const std::string& note) { return note.starts_with("the way of the value: "); });
      EXPECT_TRUE(hasWay) << outcome.shown;
    }
    // The policy is what refuses it.
    EXPECT_THAT(outcomeOfText(std::regex_replace(text, std::regex("\npolicy [a-z_]+;"), ""), {}).errors,
                ::testing::AnyOf(IsEmpty(), ElementsAre(::testing::Pair(::testing::_, "E0401"))));
  }
}

TEST(Policies, WhatIsCleanPasses) {
  for (const std::string& path : programsIn("tests/policy/clean")) {
    SCOPED_TRACE(path);
    const std::string text = textOf(path);
    EXPECT_TRUE(text.starts_with("// clean: "));
    EXPECT_THAT(text, HasSubstr("\npolicy "));
    const Outcome outcome = outcomeOf(path);
    EXPECT_THAT(outcome.errors, IsEmpty()) << outcome.shown;
  }
}

TEST(Policies, TheExamplesAreCleanButForThoseThatAskForSingleValues) {
  const std::map<std::string, std::set<std::string>> single = {
      {"digit_counts.fed", {"E0440"}}, {"evaluation.fed", {"E0441"}},  {"min_of_max.fed", {"E0440"}},
      {"select.fed", {"E0442"}},       {"word_counts.fed", {"E0440"}},
  };
  for (const std::string& path : programsIn("examples")) {
    SCOPED_TRACE(path);
    const auto known = single.find(std::filesystem::path(path).filename().string());
    const Outcome outcome = outcomeOf(path, {Policy::AggregateOnly, Policy::NoClientState});
    std::set<std::string> codes;
    for (const auto& [line, code] : outcome.errors) codes.insert(code);
    EXPECT_EQ(codes, known == single.end() ? std::set<std::string>{} : known->second) << outcome.shown;
  }
}

constexpr const char* kMaximum = R"(struct Example { x: f32 }

fn worst(data: Example*) -> f32 {
  let values = data.map(|e| e.x);
  max(values.map(|x| x * x).take(100).sum(), 0.0)
}

fn main(data: {Example*}@clients) -> f32@server {
  let mine = worst(data);
  let shown = RELEASE;
  shown + 1
}
)";

std::string maximum(const std::string& release) { return std::regex_replace(kMaximum, std::regex("RELEASE"), release); }

TEST(Policies, TheWayNamesWhatTheValueGoesThrough) {
  const Outcome outcome = outcomeOfText(maximum("federated_max(mine)"), {Policy::AggregateOnly});
  ASSERT_EQ(outcome.diagnostics.size(), 1U);
  EXPECT_THAT(outcome.shown, HasSubstr("the way of the value: `x` of the clients' data → `worst` → `mine` → `federated_max`")) << outcome.shown;
  EXPECT_THAT(outcome.shown, HasSubstr("the clients' data comes in here"));
}

TEST(Policies, ADeclassifiedValueIsListedAndChangesNoBit) {
  const Outcome plain = outcomeOfText(maximum("federated_max(mine)"), {});
  ASSERT_FALSE(plain.core.empty());
  for (const char* release : {"declassify(\"why\", federated_max(mine))", "federated_max(declassify(\"why\", mine))"}) {
    SCOPED_TRACE(release);
    const Outcome said = outcomeOfText(maximum(release), {Policy::AggregateOnly});
    EXPECT_THAT(said.errors, IsEmpty()) << said.shown;
    ASSERT_EQ(said.releases.size(), 1U);
    EXPECT_EQ(said.releases[0].reason, "why");
    // Sites differ in their places only, which are not printed.
    EXPECT_EQ(said.core, plain.core);
  }
}

TEST(Policies, WhatIsSaidOfOneValueIsNotSaidOfAnother) {
  const Outcome outcome = outcomeOfText(maximum("declassify(\"why\", federated_max(mine)) + federated_min(mine)"), {Policy::AggregateOnly});
  ASSERT_EQ(outcome.diagnostics.size(), 1U) << outcome.shown;
  EXPECT_THAT(outcome.diagnostics[0].message, HasSubstr("`federated_min`"));
  // Of a part of it it is not enough.
  const Outcome part = outcomeOfText(maximum("{ let m = federated_max(mine); m * declassify(\"why\", m + 1) }"), {Policy::AggregateOnly});
  EXPECT_EQ(part.errors.size(), 1U) << part.shown;
}

TEST(Policies, WhatNobodyReadsDoesNotCross) {
  const Outcome outcome = outcomeOfText(maximum("{ let _ = federated_collect(mine); federated_sum(mine) }"), {Policy::AggregateOnly});
  EXPECT_THAT(outcome.errors, IsEmpty()) << outcome.shown;
  // A check reads it.
  const Outcome checked =
      outcomeOfText(maximum("{ let m = federated_max(mine); let seen = |m| { assert(m < 5.0, \"large\"); 0.0 }; federated_sum(mine) + seen(m) }"),
                    {Policy::AggregateOnly});
  EXPECT_EQ(checked.errors.size(), 1U) << checked.shown;
}

TEST(Policies, SingleValuesInTheStateAreRemembered) {
  const Outcome outcome = outcomeOfText(R"(struct Example { x: f32 }

fn part(data: Example*, most: f32) -> f32 {
  let x = data.map(|e| e.x).sum();
  if x == most { x } else { 0.0 }
}

fn init(k: key@server) -> f32@server { 0.0 }
fn next(most: f32@server, data: {Example*}@clients, k: key@server) -> (f32@server, f32@server) {
  let total = |data| data.map(|e| e.x).sum();
  let of_largest = federated_sum(part(data, federated_broadcast(most)));
  (declassify("why", federated_max(total(data))), of_largest)
}

let main = process(init, next);
)",
                                        {Policy::AggregateOnly});
  EXPECT_THAT(outcome.errors, ElementsAre(::testing::Pair(11, "E0443"))) << outcome.shown;
}

std::string aggregated(const std::string& accumulate) {
  return R"(struct Example { x: f32 }

struct Acc { n: i32, v: f32[4] }

fn step(a: Acc, x: f32) -> Acc {
  var n = a.n;
  var v = a.v;
  )" + accumulate +
         R"(
  Acc { n, v }
}

fn main(data: {Example*}@clients) -> Acc@server {
  let total = |data| data.map(|e| e.x).sum();
  let none: Acc = zeros();
  federated_aggregate(total(data), none, accumulate = step, merge = |a, b| a + b)
}
)";
}

TEST(Policies, WhatAddsIsASum) {
  for (const char* accumulate : {
           "n += 1; v += x;",
           "n = n - 2 + i32(x); v = x + v;",
           "v[2] += x; n += 1;",
           "for i in 0..4 { v[i] += x; }",
           "for i in 0..4 { if x > f32(i) { v[i] += x; } }",
           "v[1..3] -= [x, 2 * x];",
           "v = if x > 0 { v + x } else { v };",
           "v = where(x > 0, v + x, v - x);",
           "for _ in 0..i32(x) { v += x; n += 1; }",
           "v = vmap(|r| r + x)(v);",
       }) {
    const Outcome outcome = outcomeOfText(aggregated(accumulate), {Policy::AggregateOnly});
    EXPECT_THAT(outcome.errors, IsEmpty()) << accumulate << "\n" << outcome.shown;
  }
}

TEST(Policies, WhatLooksAtTheAccumulatorIsNoSum) {
  for (const char* accumulate : {
           "v[min(n, 3)] += x; n += 1;",
           "v[0] = x;",
           "v[0] = v[1] + x;",
           "v = where(v > x, v, v + x);",
           "if n == 0 { v += x; } n += 1;",
           "for _ in 0..n { v += x; } n += 1;",
           "v += x * v[0];",
           "v = max(v, v + x);",
           "v = x - v;",
           "v = sort(v + x);",
           "v = concat(v[1..4], [x]);",
           "v += x * declassify(\"it is public\", v[0]);",
           "v[0] += x + f32(n);",
           "for i in 0..3 { v[i] = v[i + 1] + x; }",
       }) {
    const Outcome outcome = outcomeOfText(aggregated(accumulate), {Policy::AggregateOnly});
    EXPECT_THAT(outcome.errors, ElementsAre(::testing::Pair(15, "E0440"))) << accumulate << "\n" << outcome.shown;
  }
}

TEST(Policies, OfALibraryFunctionTheCallIsShown) {
  const Outcome outcome = outcomeOfText(R"(use fed_avg.{fed_avg};
use optim.{sgd};

struct Example { x: f32 }

let main = fed_avg(
  init = |_| 0.0,
  loss = |m, e: Example| (m - e.x) * (m - e.x),
  client = sgd(0.1),
  server = sgd(1.0),
  batch = 10,
);
)",
                                        {Policy::Secure});
  ASSERT_FALSE(outcome.diagnostics.empty());
  EXPECT_EQ(outcome.errors.begin()->second, "E0445");
  EXPECT_GT(outcome.errors.begin()->first, 0);
}

}  // namespace
}  // namespace fedc::driver
