#pragma once

#include <string_view>

namespace fedc::core {

/// Prints `what` and where, and aborts: for conditions that only fedc itself can break. Active in every build.
[[noreturn]] void internalError(std::string_view what, const char* file, int line);

}  // namespace fedc::core

#define FEDC_REQUIRE(condition, what)                                        \
  do {                                                                       \
    if (!(condition)) ::fedc::core::internalError(what, __FILE__, __LINE__); \
  } while (false)
