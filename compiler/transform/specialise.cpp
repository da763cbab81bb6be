#include "compiler/transform/specialise.h"

#include "compiler/transform/specialise/specialiser.h"

namespace fedc::transform {

std::vector<specialise::Entry> specialiseProgram(const check::TypedProgram& typed, core::Module& module, DiagnosticSink& sink, bool trace) {
  return specialise::Specialiser(typed, module, sink, trace).run();
}

std::vector<specialise::Entry> specialiseTests(const check::TypedProgram& typed, const std::string& filter, core::Module& module,
                                               DiagnosticSink& sink) {
  return specialise::Specialiser(typed, module, sink).tests(filter);
}

}  // namespace fedc::transform
