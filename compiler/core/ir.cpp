#include "compiler/core/ir.h"

#include "compiler/core/graph.h"

namespace fedc::core {

Var Fn::newVar(Type type, std::string name) {
  vars.push_back(VarInfo{std::move(type), std::move(name)});
  return static_cast<Var>(vars.size() - 1);
}

Dim::Variable Fn::newDim(std::string name, std::optional<std::int64_t> bound) {
  dims.push_back(DimInfo{std::move(name), bound});
  return static_cast<Dim::Variable>(dims.size() - 1);
}

std::vector<Slot> keysOf(const Phase& phase) {
  std::vector<Slot> keys;
  for (const ClientInput& input : phase.clientInputs) {
    if (input.kind == ClientInput::Kind::Key && std::find(keys.begin(), keys.end(), input.slot) == keys.end()) keys.push_back(input.slot);
  }
  return keys;
}

const Graph* Program::entry(const std::string& name) const {
  for (const Graph& g : graphs) {
    if (g.entry == name) return &g;
  }
  return nullptr;
}

}  // namespace fedc::core
