#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "compiler/core/cost.h"
#include "compiler/core/strings.h"
#include "compiler/driver/compile.h"
#include "compiler/driver/plugins.h"
#include "compiler/driver/run_diagnostic.h"
#include "compiler/support/render.h"
#include "runtime/graph/executor.h"
#include "tests/driver/federation_file.h"
#include "tests/driver/program_file.h"
#include "tests/golden.h"
#include "tools/fedc/command_line.h"
#include "tools/fedc/number_text.h"
#include "tools/fedc/settings.h"

namespace fedc::tests {
namespace {

/// How a program is run; all must give the same bits.
struct Way {
  const char* name;
  bool interpret;
  int threads;
  /// Every message encoded, counted and decoded.
  bool wire = false;
};
constexpr Way kWays[] = {{"interpreter", true, 1},
                         {"native, 1 thread", false, 1},
                         {"native, 2 threads", false, 2},
                         {"wire, interpreter", true, 1, true},
                         {"wire, native, 2 threads", false, 2, true}};

/// What came of a run: its summary, or the diagnostics.
struct Outcome {
  std::optional<runtime::RunSummary> summary;
  std::vector<Diagnostic> errors;
  /// As a user reads them.
  std::string text;
};

class ProgramRun {
 public:
  explicit ProgramRun(const ProgramFile& file) : file_(file) {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("fedc_programs_{}_{}", getpid(), std::filesystem::path(file.path).stem().string());
    std::filesystem::create_directories(folder_);
    std::vector<std::string> arguments = {"run", file.path};
    arguments.insert(arguments.end(), file.flags.begin(), file.flags.end());
    auto line = cli::parseCommandLine(arguments);
    if (line) line_ = std::move(*line);
    EXPECT_TRUE(line) << line.error().text;
  }
  ~ProgramRun() { std::filesystem::remove_all(folder_); }
  ProgramRun(const ProgramRun&) = delete;
  ProgramRun& operator=(const ProgramRun&) = delete;

  Outcome run(const Way& way) {
    driver::Compilation compilation;
    driver::CompileOptions options;
    options.params = line_.params;
    options.verify = true;
    options.wire = way.wire;
    options.willRun = true;
    std::vector<std::string> plugins;
    for (const std::string& name : line_.plugins) plugins.push_back(std::string(FEDC_PLUGINS_DIR "/") + name);
    if (!plugins.empty()) options.plugins = driver::Plugins::load(plugins);
    for (const std::string& folder : line_.include) options.include.push_back((std::filesystem::path(file_.path).parent_path() / folder).string());
    auto checked = driver::checkProgram(compilation, file_.path, options);
    if (!checked) return failed({}, checked.error().message);
    if (!*checked || !driver::lowerProgram(compilation, options)) {
      return failed(compilation.sink.sorted(), renderText(compilation.sink, compilation.sources));
    }
    const core::Program& program = *compilation.program;
    auto settings = cli::runOptions(line_.run, driver::factsOf(*compilation.typed), file_.path);
    if (!settings) return failed({}, settings.error().message);
    if (auto given = cli::giveArguments(line_.run.arguments, program, *settings); !given) return failed({}, given.error().message);
    settings->serial = way.interpret;
    settings->threads = way.threads;
    writeData(program, *settings);
    auto executable = driver::compileExecutable(compilation, options, {way.interpret});
    if (!executable) return failed({}, executable.error().message);
    auto summary = file_.overNobody ? runOverNobody(*executable, way) : runtime::run(*executable, *settings);
    if (summary) {
      expectBytes(program, *summary, way);
      return {std::move(*summary), {}, ""};
    }
    const Diagnostic diagnostic = driver::runDiagnostic(summary.error(), program.module);
    sourceText_ = std::string(compilation.sources.text(diagnostic.primary));
    return failed({diagnostic}, renderText(diagnostic, compilation.sources));
  }

  /// The program's text at the last run-time error.
  const std::string& sourceText() const { return sourceText_; }

 private:
  /// The graph of `main` with an empty cohort; no inputs.
  static Expected<runtime::RunSummary, runtime::RunError> runOverNobody(const runtime::Executable& executable, const Way& way) {
    const core::Graph& graph = *executable.program->entry("main");
    runtime::RunError error;
    error.kind = runtime::RunError::Kind::Check;
    auto plan = runtime::planGraph(executable, graph);
    if (!plan) return error.message = plan.error().message, tl::unexpected(error);
    auto executor = way.interpret ? runtime::serialExecutor(std::move(*plan))
                                  : runtime::flowExecutor(std::move(*plan), std::make_shared<runtime::Workers>(way.threads));
    auto outputs = executor->run({}, {});
    if (!outputs) {
      error.site = outputs.error().site;
      error.message = executable.program->module.sites[outputs.error().site].message;
      error.round = 1;
      return tl::unexpected(error);
    }
    runtime::RunSummary summary;
    for (std::size_t i = 0; i < outputs->size(); ++i) summary.metrics.push_back({graph.outputs[i].name, (*outputs)[i].array()});
    return summary;
  }

  /// What was counted is what `fedc cost` and budgets say, client by client.
  static void expectBytes(const core::Program& program, const runtime::RunSummary& summary, const Way& way) {
    EXPECT_TRUE(way.wire || summary.wire.empty());
    for (const runtime::WireTotal& total : summary.wire) {
      const core::Graph& graph = *program.entry(total.entry);
      const core::Traffic traffic = core::trafficOf(program, graph, graph.phases[static_cast<std::size_t>(total.exchange - 1)]);
      ASSERT_TRUE(traffic.down.constant());
      // Sizes that the data decides: tests/cli/cost_test.cpp compares these.
      if (!traffic.up.constant()) continue;
      const auto expectTotal = [&](std::int64_t counted, const Dim& fixed, const Dim& strings) {
        SCOPED_TRACE(fmt::format("{}, exchange {}", total.entry, total.exchange));
        const std::int64_t least = *fixed.constant() * total.clients;
        if (strings.isConstant(0)) {
          EXPECT_EQ(counted, least);
        } else {
          // The texts themselves: tests/cli/strings_test.cpp knows them.
          EXPECT_GE(counted, least);
          EXPECT_LE(counted, least + *strings.constant() * core::kMaxStringBytes * total.clients);
        }
      };
      expectTotal(total.down, traffic.down, traffic.downStrings);
      expectTotal(total.up, traffic.up, traffic.upStrings);
    }
  }

  static Outcome failed(std::vector<Diagnostic> errors, std::string text) { return {std::nullopt, std::move(errors), std::move(text)}; }

  void writeData(const core::Program& program, runtime::RunOptions& settings) const {
    const auto write = [&](const std::optional<nlohmann::ordered_json>& data, const char* name, const char* entry, std::string& to) {
      if (!data) return;
      const core::Graph* graph = program.entry(entry);
      to = (folder_ / name).string();
      writeFederation(to, *data, graph == nullptr ? std::vector<core::Column>{} : graph->columns);
    };
    write(file_.data, "data.h5", program.entry("main") != nullptr ? "main" : "next", settings.data);
    write(file_.evalData, "eval.h5", "evaluate", settings.evalData);
  }

  const ProgramFile& file_;
  cli::CommandLine line_;
  std::filesystem::path folder_;
  std::string sourceText_;
};

std::string shown(const std::vector<runtime::NamedArray>& leaves) { return cli::metricsText(leaves, false, 64); }

void expectSameBits(const std::vector<runtime::NamedArray>& a, const std::vector<runtime::NamedArray>& b, const char* what, const char* way) {
  ASSERT_EQ(a.size(), b.size()) << what << ", " << way;
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_TRUE(a[i].value.sameBits(b[i].value)) << what << "." << a[i].name << " differs between " << kWays[0].name << " and " << way << ":\n  "
                                                 << cli::arrayText(a[i].value, 64) << "\n  " << cli::arrayText(b[i].value, 64);
  }
}

core::Literal literalOf(core::Elem elem, const nlohmann::json& value) {
  if (elem == core::Elem::Key) return {elem, std::stoull(value.get<std::string>(), nullptr, 16)};
  if (elem == core::Elem::Bool) return core::Literal::ofBool(value.get<bool>());
  if (elem == core::Elem::Str) return {elem, core::intern(value.get<std::string>())};
  if (!core::isFloat(elem))
    return elem == core::Elem::U64 ? core::Literal{elem, value.get<std::uint64_t>()} : core::Literal::ofInt(elem, value.get<std::int64_t>());
  if (!value.is_string()) return core::Literal::ofDouble(elem, value.get<double>());
  const std::string text = value;
  return core::Literal::ofDouble(elem, text == "nan"    ? NAN
                                       : text == "inf"  ? INFINITY
                                       : text == "-inf" ? -INFINITY
                                                        : throw std::runtime_error("no number: " + text));
}

void expectElements(const core::Array& found, std::size_t axis, std::int64_t& next, const nlohmann::json& expected,
                    const ProgramFile::Expectation& e) {
  if (axis < found.shape().size()) {
    ASSERT_TRUE(expected.is_array() && static_cast<std::int64_t>(expected.size()) == found.shape()[axis])
        << e.leaf << " has the shape of " << cli::arrayText(found, 64) << ", not of " << e.value;
    for (const nlohmann::json& item : expected) expectElements(found, axis + 1, next, item, e);
    return;
  }
  const std::int64_t at = next++;
  ASSERT_FALSE(expected.is_array()) << e.leaf << " is " << cli::arrayText(found, 64) << ", not " << e.value;
  const core::Literal wanted = literalOf(found.elem(), expected);
  if (e.tolerance) {
    EXPECT_NEAR(found.at(at).toDouble(), wanted.toDouble(), *e.tolerance) << e.leaf << " element " << at;
  } else {
    core::Array one = core::Array::scalar(wanted);
    EXPECT_TRUE(one.sameBits(core::Array::scalar(found.at(at)))) << e.leaf << " element " << at << " is " << cli::elementText(found, at) << " ("
                                                                 << fmt::format("{:.9g}", found.at(at).toDouble()) << "), not " << expected;
  }
}

void expectLeaf(const runtime::RunSummary& summary, const ProgramFile::Expectation& e) {
  const auto& leaves = e.where == "metrics"   ? summary.metrics
                       : e.where == "eval"    ? summary.eval
                       : e.where == "clients" ? summary.reports.values
                       : e.where == "state"   ? summary.state
                                              : summary.evalReports.values;
  for (const runtime::NamedArray& leaf : leaves) {
    if (leaf.name != e.leaf) continue;
    std::int64_t next = 0;
    expectElements(leaf.value, 0, next, e.value, e);
    return;
  }
  ADD_FAILURE() << "there is no " << e.where << " leaf `" << e.leaf << "`; there are: " << shown(leaves);
}

void expectFailure(const ProgramFile& file, const Outcome& outcome, const std::string& sourceText) {
  ASSERT_FALSE(outcome.errors.empty()) << (outcome.summary ? "it ran: " + shown(outcome.summary->metrics) : outcome.text);
  const Diagnostic& error = outcome.errors.front();
  EXPECT_EQ(codeInfo(error.code).number, file.failure->code) << outcome.text;
  EXPECT_THAT(error.message + "\n" + error.primaryLabel, ::testing::HasSubstr(file.failure->text)) << outcome.text;
  if (!file.failure->at.empty()) {
    EXPECT_EQ(sourceText, file.failure->at) << outcome.text;
  }
  for (const std::string& note : file.notes) EXPECT_THAT(error.notes, ::testing::Contains(note)) << outcome.text;
}

class Programs : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(Programs, GivesWhatItSays) {
  ProgramFile file;
  ASSERT_NO_THROW(file = readProgramFile(GetParam()));
  ProgramRun run(file);
  std::optional<Outcome> first;
  for (const Way& way : kWays) {
    SCOPED_TRACE(way.name);
    Outcome outcome = run.run(way);
    if (file.failure) {
      expectFailure(file, outcome, run.sourceText());
      EXPECT_EQ((first ? *first : outcome).text, outcome.text);
    } else {
      ASSERT_TRUE(outcome.summary) << outcome.text;
      if (first) {
        expectSameBits(first->summary->metrics, outcome.summary->metrics, "metrics", way.name);
        expectSameBits(first->summary->eval, outcome.summary->eval, "eval", way.name);
        expectSameBits(first->summary->state, outcome.summary->state, "state", way.name);
        expectSameBits(first->summary->reports.values, outcome.summary->reports.values, "clients", way.name);
        expectSameBits(first->summary->evalReports.values, outcome.summary->evalReports.values, "eval_clients", way.name);
      } else {
        for (const ProgramFile::Expectation& e : file.expectations) expectLeaf(*outcome.summary, e);
      }
    }
    if (!first) first = std::move(outcome);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Programs, ::testing::ValuesIn(filesIn(std::filesystem::path(FEDC_SOURCE_DIR) / "tests" / "programs", ".fed")),
                         [](const auto& info) { return testName(info.param.stem().string()); });

}  // namespace
}  // namespace fedc::tests
