#pragma once

#include <string>

namespace fedc {

/// A bytes count for people: `512 B`, `31.4 kB`, `4.83 MB`; powers of 1000.
std::string bytesText(double bytes);

}  // namespace fedc
