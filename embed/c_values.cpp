#include "embed/c_values.h"

#include <fmt/format.h>

namespace fedc::embed {

std::vector<fedc_named_array> toC(const NamedArrays& arrays) {
  std::vector<fedc_named_array> out;
  out.reserve(arrays.size());
  for (const NamedArray& array : arrays) {
    out.push_back({array.name.c_str(),
                   {static_cast<std::int32_t>(array.value.element), static_cast<std::int32_t>(array.value.shape.size()), array.value.shape.data(),
                    array.value.data}});
  }
  return out;
}

Result<NamedArray> fromC(const fedc_named_array& array) {
  const std::string name = array.name == nullptr ? "" : array.name;
  if (array.value.element < FEDC_BOOL || (array.value.element > FEDC_F64 && array.value.element != FEDC_STR))
    return Failure::of(fmt::format("`{}` has the element type {}, which is none", name, array.value.element));
  if (array.value.rank < 0 || (array.value.rank > 0 && array.value.shape == nullptr))
    return Failure::of(fmt::format("`{}` has the rank {}, but no shape", name, array.value.rank));
  NamedArray out{name, {}};
  out.value.element = static_cast<ElementType>(array.value.element);
  out.value.shape.assign(array.value.shape, array.value.shape + array.value.rank);
  out.value.data = array.value.data;
  return out;
}

Result<NamedArrays> fromC(const fedc_named_array* arrays, std::size_t count) {
  NamedArrays out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto array = fromC(arrays[i]);
    if (!array) return array.error();
    out.push_back(std::move(*array));
  }
  return out;
}

std::vector<fedc_leaf> toC(const std::vector<Leaf>& leaves) {
  std::vector<fedc_leaf> out;
  out.reserve(leaves.size());
  for (const Leaf& leaf : leaves) {
    out.push_back({leaf.name.c_str(), static_cast<std::int32_t>(leaf.element), static_cast<std::int32_t>(leaf.shape.size()), leaf.shape.data()});
  }
  return out;
}

fedc_problem toC(const Problem& problem) {
  return {problem.isError ? 1 : 0, problem.line,         problem.column,      problem.endLine, problem.endColumn, problem.code.c_str(),
          problem.message.c_str(), problem.file.c_str(), problem.text.c_str()};
}

fedc_round toC(const Round& round, RoundParts& parts) {
  parts = {toC(round.report), toC(round.ofClients), {}};
  for (const std::string& id : round.clientIds) parts.ids.push_back(id.c_str());
  return {round.round,         round.rounds,     round.clients,    round.seconds,          parts.report.data(),
          parts.report.size(), parts.ids.data(), parts.ids.size(), parts.ofClients.data(), parts.ofClients.size()};
}

}  // namespace fedc::embed
