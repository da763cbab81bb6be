#include "compiler/support/elsewhere.h"

namespace fedc {

namespace {

constexpr Elsewhere kTable[] = {
#define FEDC_ELSEWHERE(code, system, text) {Code::code, system, text},
#include "compiler/support/diagnostics/elsewhere.def"
};

}  // namespace

std::span<const Elsewhere> elsewhereTable() { return kTable; }

}  // namespace fedc
