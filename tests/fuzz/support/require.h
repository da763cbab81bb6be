#pragma once

#include <string_view>

namespace fedc::fuzz {

/// What must hold for every input: says what does not, and ends the process, which is how a fuzzer learns of it.
void require(bool holds, std::string_view what);

}  // namespace fedc::fuzz
