#include "compiler/core/internal_error.h"

#include <cstdio>
#include <cstdlib>

namespace fedc::core {

void internalError(std::string_view what, const char* file, int line) {
  std::fprintf(stderr, "fedc: internal error: %.*s (%s:%d)\n", static_cast<int>(what.size()), what.data(), file, line);
  std::abort();
}

}  // namespace fedc::core
