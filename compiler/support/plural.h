#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fedc {

/// `1 argument`, `2 arguments`.
inline std::string plural(std::size_t n, std::string_view what) { return std::to_string(n).append(" ").append(what).append(n == 1 ? "" : "s"); }

}  // namespace fedc
