#include "compiler/check/keys.h"

namespace fedc::check {

void checkKeys(const TypedProgram&, DiagnosticSink&) {}

}  // namespace fedc::check
