#pragma once

#include "compiler/check/typed.h"
#include "compiler/core/graph.h"
#include "compiler/support/diagnostics.h"
#include "compiler/support/policy.h"

/// The rules that docs/policy.md states as theorems, proved before the run.
namespace fedc::transform {

/// What the types of the entry points decide: state and results at the clients. Reports what a policy refuses.
void checkPlacements(const check::TypedProgram& typed, const Policies& policies, DiagnosticSink& sink);

/// What the federated graph decides, straight after pass `cut`: every crossing is an edge of it. Reports what cannot be proved, with the value's way.
void provePolicies(const core::Program& program, const check::TypedProgram& typed, const Policies& policies, DiagnosticSink& sink);

/// A place where the source declassifies a value, once for each place, in the order of the source.
struct Release {
  Span span;
  std::string reason;
  friend auto operator<=>(const Release&, const Release&) = default;
};
std::vector<Release> releasesOf(const core::Program& program);

}  // namespace fedc::transform
