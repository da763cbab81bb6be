#include "tools/fedc/test_run.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "compiler/driver/compile.h"
#include "compiler/support/plural.h"
#include "compiler/support/render.h"
#include "runtime/graph/executor.h"
#include "runtime/graph/plan.h"
#include "tools/fedc/commands.h"
#include "tools/fedc/number_text.h"

namespace fedc::cli {

namespace {

using core::Array;
using core::Graph;
using Values = std::vector<Array>;

/// Of `assert_close`, where none is written.
constexpr double kTolerance = 1e-6;
/// Numbers of an array that a message shows.
constexpr std::int64_t kShown = 16;

/// How two values of a leaf differ.
struct Difference {
  bool differs = false;
  /// The largest distance, and the element where it is.
  double most = 0;
  std::int64_t at = 0;
};

double distance(core::Literal a, core::Literal b) {
  if (a.elem == core::Elem::Str) return a.bits == b.bits ? 0 : INFINITY;
  const double x = a.toDouble(), y = b.toDouble();
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) && std::isnan(y) ? 0 : INFINITY;
  if (x == y && a.bits != b.bits && !core::isFloat(a.elem)) return 1;
  return x == y ? 0 : std::abs(x - y);
}

Difference compare(const Array& found, const Array& expected, double tolerance) {
  Difference out;
  for (std::int64_t i = 0; i < found.count(); ++i) {
    const double away = distance(found.at(i), expected.at(i));
    const double scale = expected.elem() == core::Elem::Str ? 1 : std::max(1.0, std::abs(expected.at(i).toDouble()));
    out.differs = out.differs || !(away <= tolerance * (std::isfinite(scale) ? scale : 1));
    if (away > out.most) {
      out.most = away;
      out.at = i;
    }
  }
  return out;
}

/// `.w[2, 0]`: where element number `at` of a leaf is.
std::string placeOf(const std::string& leaf, const Array& value, std::int64_t at, bool ofClients) {
  std::vector<std::int64_t> index(value.shape().size());
  for (std::size_t d = index.size(); d-- > 0;) {
    index[d] = at % value.shape()[d];
    at /= value.shape()[d];
  }
  std::string client;
  if (ofClients && !index.empty()) {
    client = fmt::format(" of client {}", index.front());
    index.erase(index.begin());
  }
  const std::string element = index.empty() ? "" : fmt::format("[{}]", fmt::join(index, ", "));
  const std::string path = leaf.empty() ? element : fmt::format(".{}{}", leaf, element);
  return (path.empty() ? "" : fmt::format(" at `{}`", path)) + client;
}

class TestFile {
 public:
  TestFile(const CommandLine& line, const std::string& path, bool colors) : line_(line), path_(path), colors_(colors) {}

  TestReport run() {
    const driver::CompileOptions options = compileOptions(line_, stdout);
    auto checked = driver::checkProgram(compilation_, path_, options);
    if (!checked) return broken(fmt::format("error: {}\n", checked.error().message));
    if (!*checked || !driver::lowerTests(compilation_, options, line_.filter)) return broken("");
    report_.text = renderText(compilation_.sink, compilation_.sources, {colors_});
    if (compilation_.program->graphs.empty()) return std::move(report_);

    std::vector<std::pair<const char*, runtime::Executable>> ways;
    if (line_.way != TestWay::Native) ways.emplace_back("interpreted", runtime::interpreted(compilation_.program));
    if (line_.way != TestWay::Interpret) {
      auto native = driver::compileExecutable(compilation_, options);
      if (!native) return broken(fmt::format("error: {}: {}\n", path_, native.error().message));
      ways.emplace_back("compiled", std::move(*native));
    }
    for (const Graph& graph : compilation_.program->graphs) {
      bool passed = true;
      std::optional<Values> first;
      for (const auto& [how, executable] : ways) {
        auto values = outcome(executable, graph, how);
        passed = values && passed;
        // What one way finds wrong the other need not tell again.
        if (!passed) break;
        if (first) passed = agree(graph, *first, *values);
        if (!first) first = std::move(*values);
      }
      ++(passed ? report_.passed : report_.failed);
    }
    return std::move(report_);
  }

 private:
  TestReport broken(const std::string& text) {
    report_.isBroken = true;
    report_.text += text + renderText(compilation_.sink, compilation_.sources, {colors_});
    return std::move(report_);
  }

  void tell(const Diagnostic& diagnostic) { report_.text += renderText(diagnostic, compilation_.sources, {colors_}); }

  std::string titled(const Graph& graph, const std::string& what) const { return fmt::format("test \"{}\": {}", graph.entry, what); }

  bool fails(const Graph& graph, Span span, const std::string& what) {
    tell(Diagnostic(Code::NotRunnable, span, titled(graph, what)));
    return false;
  }

  std::vector<runtime::Leaf> inputsOf(const Graph& graph) const {
    std::vector<runtime::Leaf> inputs;
    for (const Graph::Input& input : graph.inputs) {
      for (const check::Param& param : compilation_.typed->params) {
        if (input.kind == Graph::Input::Kind::Param && param.name == input.name) inputs.push_back(runtime::Leaf::of(Array::scalar(param.value)));
      }
    }
    return inputs;
  }

  /// Runs a test; nothing if it failed, which is told.
  std::optional<Values> outcome(const runtime::Executable& executable, const Graph& graph, const char* how) {
    auto plan = runtime::planGraph(executable, graph);
    if (!plan) return fails(graph, {}, plan.error().message), std::nullopt;
    std::vector<std::uint32_t> clients(static_cast<std::size_t>(graph.cohort.value_or(0)));
    std::iota(clients.begin(), clients.end(), 0);
    std::vector<runtime::MemoryClient> members;
    for (const std::string& id : runtime::idsByPlace(graph.cohort.value_or(0))) members.push_back({id, {}, 0});
    auto source = runtime::memorySource(std::move(members), {});
    if (!source) return fails(graph, {}, source.error().message), std::nullopt;
    runtime::Cohort cohort;
    cohort.clients = clients;
    cohort.ids = source->get();
    auto executor = runtime::flowExecutor(std::move(*plan), workers_);
    auto outputs = executor->run(inputsOf(graph), cohort);
    if (!outputs) {
      const core::Site& site = compilation_.program->module.sites.at(outputs.error().site);
      Diagnostic diagnostic(Code::CheckFailed, site.span, titled(graph, site.message));
      if (outputs.error().position >= 0) diagnostic.notes.push_back(fmt::format("at client {}", outputs.error().position));
      diagnostic.notes.push_back(how);
      tell(diagnostic);
      return std::nullopt;
    }
    Values values;
    for (const runtime::Leaf& leaf : *outputs) values.push_back(leaf.array());
    bool good = true;
    for (const Graph::Assertion& assertion : graph.assertions) good = holds(graph, assertion, values, how) && good;
    if (!good) return std::nullopt;
    return values;
  }

  bool holds(const Graph& graph, const Graph::Assertion& assertion, const Values& values, const char* how) {
    const std::size_t base = assertion.ofClients ? graph.outputs.size() : 0;
    const double tolerance = assertion.tolerance ? values[*assertion.tolerance].at(0).toDouble() : kTolerance;
    double most = 0;
    std::string where;
    std::vector<std::string> notes;
    for (std::size_t l = 0; l < assertion.found.size(); ++l) {
      const Array &found = values[base + assertion.found[l]], &expected = values[base + assertion.expected[l]];
      const std::string name = assertion.leaves[l].empty() ? "" : fmt::format("`.{}` ", assertion.leaves[l]);
      if (found.shape() != expected.shape()) {
        notes.push_back(fmt::format("{}has the shape [{}], expected [{}]", name, fmt::join(found.shape(), ", "), fmt::join(expected.shape(), ", ")));
        continue;
      }
      const Difference difference = compare(found, expected, tolerance);
      if (!difference.differs) continue;
      if (difference.most >= most) {
        most = difference.most;
        where = placeOf(assertion.leaves[l], found, difference.at, assertion.ofClients);
      }
      const std::string distance = found.elem() == core::Elem::Str ? "" : fmt::format(", largest difference {}", difference.most);
      notes.push_back(fmt::format("{}found {}, expected {}{}", name, arrayText(found, kShown), arrayText(expected, kShown), distance));
    }
    if (notes.empty()) return true;
    Diagnostic diagnostic(Code::ValuesDiffer, assertion.span,
                          titled(graph, most == 0          ? "the values have different shapes"
                                        : std::isinf(most) ? fmt::format("the values{} differ", where)
                                                           : fmt::format("the values differ by {}{}", most, where)));
    diagnostic.notes = std::move(notes);
    diagnostic.notes.push_back(fmt::format("{}; tolerance {}", how, tolerance));
    tell(diagnostic);
    return false;
  }

  /// Both ways must give the same bits.
  bool agree(const Graph& graph, const Values& a, const Values& b) {
    for (const Graph::Assertion& assertion : graph.assertions) {
      const std::size_t base = assertion.ofClients ? graph.outputs.size() : 0;
      for (std::size_t l = 0; l < assertion.found.size(); ++l) {
        for (const std::size_t at : {base + assertion.found[l], base + assertion.expected[l]}) {
          if (!a[at].sameBits(b[at])) {
            return fails(graph, assertion.span,
                         fmt::format("a defect of fedc: interpreted it is {}, compiled {}", arrayText(a[at], kShown), arrayText(b[at], kShown)));
          }
        }
      }
    }
    return true;
  }

  const CommandLine& line_;
  const std::string& path_;
  bool colors_;
  driver::Compilation compilation_;
  std::shared_ptr<runtime::Workers> workers_ = std::make_shared<runtime::Workers>(1);
  TestReport report_;
};

}  // namespace

TestReport runTests(const CommandLine& line, const std::string& path, bool colors) { return TestFile(line, path, colors).run(); }

}  // namespace fedc::cli
