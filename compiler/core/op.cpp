#include "compiler/core/op.h"

#include <array>

namespace fedc::core {

namespace {
constexpr std::array<std::string_view, kOpCount> kNames = {
#define FEDC_OP(id, name) name,
#include "compiler/core/ops.def"
#undef FEDC_OP
};
}  // namespace

std::string_view opName(Op op) { return kNames[static_cast<std::size_t>(op)]; }

bool opFromName(std::string_view name, Op* op) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] != name) continue;
    *op = static_cast<Op>(i);
    return true;
  }
  return false;
}

}  // namespace fedc::core
