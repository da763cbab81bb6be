#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "compiler/support/expected.h"

namespace fedc::runtime {

/// Reads JSON as people write it: `.5` and `5.` are numbers, `nan`, `inf` and `-inf` may stand without quotes. Objects keep their order. Errors: the
/// place where it is no JSON, a key that an object has twice, a number that is larger than any float, values nested more than a hundred deep.
Expected<nlohmann::ordered_json> readJson(std::string_view text);

}  // namespace fedc::runtime
