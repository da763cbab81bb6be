#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The strings of this process. An element of type `str` is the number of one: equal text has equal numbers, so strings are compared for equality,
/// moved and stored as 32-bit integers. Numbers depend on the order in which texts came, so nothing that leaves the process may show or depend on
/// them. All functions are thread-safe. A text stays until the process ends.
namespace fedc::core {

using StringId = std::uint32_t;

/// The empty string: what zeroed memory holds.
inline constexpr StringId kEmptyString = 0;

/// A string's greatest length in bytes: what `bytes` and `split` reserve memory for.
inline constexpr std::int64_t kMaxStringBytes = 65535;

/// The number of a text of at most kMaxStringBytes, which is UTF-8 (`stringProblem`).
StringId intern(std::string_view text);

/// The text of a number that `intern` gave; stays where it is.
std::string_view textOf(StringId id);

/// Whether `intern` has given this number.
bool isString(StringId id);

/// Why bytes from outside are no string: too long, or not UTF-8 (with the first bad byte's place). Nothing if they are one.
std::optional<std::string> stringProblem(std::string_view bytes);

/// Below 0, 0 or above 0: by bytes, which is by code points. A prefix comes first.
int compareStrings(StringId x, StringId y);

/// `hash(s, seed)` of docs/core-ir.md.
std::uint64_t hashString(std::string_view text, std::int64_t seed);

/// How many parts `splitString` gives: 1 + the occurrences of `by`, counted from the left without overlap; 1 if `by` is empty.
std::int64_t countParts(std::string_view text, std::string_view by);

/// The first `room` parts of a text between occurrences of `by`, empty ones too; further places get the empty string.
void splitString(std::string_view text, std::string_view by, StringId* parts, std::int64_t room);

/// Quoted, with `\"`, `\\`, `\n`, `\t`, `\r`: how Core and Kernel IR write a text.
std::string quoted(std::string_view text);

}  // namespace fedc::core
