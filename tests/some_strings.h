#pragma once

#include <cstdint>
#include <iterator>
#include <string_view>

#include "compiler/core/strings.h"
#include "compiler/core/type.h"

namespace fedc::testing {

/// Texts that are alike in one way or another: empty, prefixes of each other, parts to split at, more bytes than letters, long.
inline constexpr std::string_view kSomeStrings[] = {"",     "a",
                                                    "b",    "ab",
                                                    "a b",  "aa",
                                                    "aaa",  " a",
                                                    "b ",   "to be or not",
                                                    "zoë",  "é",
                                                    "\x01", "the quick brown fox jumps over the lazy dog, again and again and again"};

/// String number n of these, around.
inline core::Literal someString(std::uint64_t n) { return {core::Elem::Str, core::intern(kSomeStrings[n % std::size(kSomeStrings)])}; }

}  // namespace fedc::testing
