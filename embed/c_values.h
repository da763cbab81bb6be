#pragma once

#include <memory>
#include <string>
#include <vector>

#include "include/fedc/c.h"
#include "include/fedc/fedc.h"

/// Values of the C++ interface under C's structs, which point into them, and the other way round.
namespace fedc::embed {

/// C's view of arrays that stay where they are.
std::vector<fedc_named_array> toC(const NamedArrays& arrays);
/// An array of C by reference. Errors: an element type that is none, a rank without a shape.
Result<NamedArray> fromC(const fedc_named_array& array);
Result<NamedArrays> fromC(const fedc_named_array* arrays, std::size_t count);

std::vector<fedc_leaf> toC(const std::vector<Leaf>& leaves);
fedc_problem toC(const Problem& problem);
/// What a fedc_round points to.
struct RoundParts {
  std::vector<fedc_named_array> report, ofClients;
  std::vector<const char*> ids;
};
/// It points into `round` and `parts`.
fedc_round toC(const Round& round, RoundParts& parts);

}  // namespace fedc::embed
