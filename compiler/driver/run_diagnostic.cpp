#include "compiler/driver/run_diagnostic.h"

#include <fmt/format.h>

namespace fedc::driver {

namespace {

Code codeOf(runtime::RunError::Kind kind) {
  using Kind = runtime::RunError::Kind;
  switch (kind) {
    case Kind::Option: return Code::OptionMismatch;
    case Kind::Data: return Code::DataMismatch;
    case Kind::TooFew: return Code::TooFewClients;
    case Kind::Check: return Code::CheckFailed;
    case Kind::Weights: return Code::WeightsMismatch;
    case Kind::Program: return Code::NotRunnable;
  }
  return Code::NotRunnable;
}

}  // namespace

Diagnostic runDiagnostic(const runtime::RunError& error, const core::Module& module) {
  Span span = error.span.value_or(Span{});
  if (error.site && *error.site < module.sites.size()) span = module.sites[*error.site].span;
  Diagnostic diagnostic(codeOf(error.kind), span, error.message);
  if (error.round && *error.round > 0) diagnostic.notes.push_back(fmt::format("in round {}", *error.round));
  if (error.round && *error.round == 0) diagnostic.notes.push_back("in `init`");
  if (error.client) diagnostic.notes.push_back(fmt::format("at client `{}`", *error.client));
  if (!error.help.empty()) diagnostic.fix = Fix{error.help, {}};
  return diagnostic;
}

}  // namespace fedc::driver
