#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "compiler/support/expected.h"

namespace fedc::runtime {

/// Reads JSON as people write it: `.5` and `5.` are numbers, `nan`, `inf` and `-inf` may stand without quotes. Objects keep their order. Errors: the
/// place where it is no JSON, a key that an object has twice, a number that is larger than any float, values nested more than a hundred deep.
Expected<nlohmann::ordered_json> readJson(std::string_view text);

/// In one line, each float in the fewest digits that give it back: what `dump` writes may have more (0.039999995000000003). Bytes that are no UTF-8
/// are replaced.
std::string writeJson(const nlohmann::ordered_json& value);

}  // namespace fedc::runtime
