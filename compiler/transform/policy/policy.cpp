#include "compiler/transform/policy.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/check/check.h"
#include "compiler/transform/policy/graph_facts.h"

namespace fedc::transform {

using check::Placement;
using check::TypeKind;
using check::TypeRef;

namespace {

using policy::Finding;
using policy::GraphFacts;
using policy::Names;
using policy::Problem;

/// What is said of parts of a type that are at the clients: `{f32}@clients`; nothing if there are none. A sequence is data, not a result.
std::optional<std::string> atClients(const TypeRef& type, const std::vector<check::DimVarInfo>& dims) {
  if (!type) return std::nullopt;
  if (type->kind == TypeKind::Placed) {
    if (type->placement == Placement::Server) return std::nullopt;
    const std::string inner = check::print(type->element, dims);
    return type->placement == Placement::Clients ? "{" + inner + "}@clients" : inner + "@clients";
  }
  if (type->kind != TypeKind::Tuple) return std::nullopt;
  for (const TypeRef& item : type->items) {
    if (auto found = atClients(item, dims)) return found;
  }
  return std::nullopt;
}

/// The name under which the user called it, without its module.
std::string shownName(const core::UpEdge& edge) {
  const std::string name = edge.name.substr(edge.name.find_last_of('.') + 1);
  return name.empty() || name == "lambda" ? std::string(policy::intrinsicOf(edge.kind)) : name;
}

Diagnostic diagnosticOf(const Finding& f, const std::string& what) {
  const Span primary = f.edge != nullptr ? f.edge->span : f.select->span;
  switch (f.problem) {
    case Problem::NotASum: {
      Diagnostic d(Code::NotASum, primary, fmt::format("`{}` brings more than a sum of the clients' values to the server", what));
      d.primaryLabel = "not proven to be a sum";
      if (f.at.isValid() && f.at.file == primary.file && !(f.at == primary))
        d.labels.push_back({f.at, f.inMerge ? "this does not add the two accumulators" : "this adds nothing to the accumulator"});
      return d;
    }
    case Problem::Collected:
      return Diagnostic(Code::ValuesCollected, primary, fmt::format("`{}` brings each client's value to the server", what))
          .at("all values come out here")
          .note("work on the values at the clients, and add up what comes of it: `federated_sum`, `federated_mean`");
    case Problem::OneClient: {
      Diagnostic d(Code::OneClientChosen, primary, fmt::format("`{}` may hold the value of one client alone", what));
      d.primaryLabel = "the values of chosen clients come out here";
      if (f.at.isValid() && f.at.file == primary.file && !(f.at == primary)) d.labels.push_back({f.at, "a client is told from the others here"});
      return d;
    }
    case Problem::NotSecure:
      return Diagnostic(Code::NotSecure, primary, fmt::format("`{}` brings clients' values to the server without a secure sum", what))
          .at("in the open")
          .note(
              "the secure sums are `federated_secure_sum`, `federated_secure_sum_bitwidth` and `federated_secure_modular_sum` for integers, and "
              "`federated_quantized_sum` of module `secure` for floats");
    case Problem::Keys:
      return Diagnostic(Code::KeysDisclosed, primary, "the keys of `federated_select` tell the server of the client's data")
          .at("the keys go up")
          .note("what a client looks up in all of the value, after a `federated_broadcast`, nobody learns");
  }
  return {Code::NotASum, primary, {}};
}

}  // namespace

void checkPlacements(const check::TypedProgram& typed, const Policies& policies, DiagnosticSink& sink) {
  const bool refusesResults = policies.contains(Policy::AggregateOnly) || policies.contains(Policy::Secure);
  const auto result = [&](const TypeRef& type, std::string_view function, Span span) {
    const auto found = refusesResults ? atClients(type, typed.dims) : std::nullopt;
    if (!found) return;
    sink.report(Diagnostic(Code::ClientResult, span, fmt::format("`{}` gives one value per client, `{}`", function, *found))
                    .at("a client's own value comes out")
                    .note("sum it up: `federated_sum`, `federated_mean`"));
  };
  if (typed.process) {
    const Span span = typed.process->span;
    const TypeRef& next = typed.processTypes.at(1);
    if (policies.contains(Policy::NoClientState)) {
      if (const auto found = atClients(next->items.at(0), typed.dims)) {
        sink.report(Diagnostic(Code::StateAtClients, span, fmt::format("the process keeps state at its clients, `{}`", *found))
                        .at("part of its state is at the clients")
                        .note("what a client is to know in a later round can be computed again from its data and what the server sends"));
      }
    }
    const TypeRef both = next->element->kind == TypeKind::Placed ? next->element->element : next->element;
    // Behind the state everything is a result.
    for (std::size_t i = 1; both->kind == TypeKind::Tuple && i < both->items.size(); ++i) result(both->items[i], "next", span);
    if (typed.hasEvaluate) result(typed.processTypes.at(2)->element, "evaluate", span);
  }
  if (typed.main) result(typed.main->result, "main", typed.main->span);
}

void provePolicies(const core::Program& program, const check::TypedProgram& typed, const Policies& policies, DiagnosticSink& sink) {
  if (!policies.contains(Policy::AggregateOnly) && !policies.contains(Policy::Secure)) return;
  // What clients were told apart by in one round may be used in any later one.
  policy::StateFacts state;
  for (std::optional<policy::StateFacts> before; before != state;) {
    before = state;
    for (const core::Graph& graph : program.graphs) GraphFacts(program, graph, policies, state);
  }
  std::optional<Names> names;
  for (const core::Graph& graph : program.graphs) {
    const GraphFacts facts(program, graph, policies, state);
    for (const Finding& finding : facts.findings()) {
      if (!names) names.emplace(typed);
      const std::string what = finding.edge != nullptr ? shownName(*finding.edge) : "federated_select";
      Diagnostic d = diagnosticOf(finding, what);
      names->show(facts.way(finding), what, d);
      d.notes.push_back(finding.problem == Problem::Keys ? "what may be known all the same is said in the source: `declassify(\"reason\", keys)`"
                                                         : "what may be known all the same is said in the source: `declassify(\"reason\", …)`");
      sink.report(std::move(d));
    }
  }
}

std::vector<Release> releasesOf(const core::Program& program) {
  std::set<Release> all;
  for (const core::Graph& graph : program.graphs) {
    for (const core::Declassified& d : graph.declassified) all.insert({d.span, d.reason});
  }
  return {all.begin(), all.end()};
}

}  // namespace fedc::transform
