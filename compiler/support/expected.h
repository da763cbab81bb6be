#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace fedc {

/// What went wrong where no place in a source file can be named (files, data, the system). In the style of diagnostics:
/// lower-case start, no full stop, code in backticks.
struct Error {
  std::string message;
};

/// A value, or why there is none: for everything that a user can cause and that is no `Diagnostic`.
template <class T, class E = Error>
using Expected = tl::expected<T, E>;

/// `return fail("...")` from a function that returns an `Expected`.
inline tl::unexpected<Error> fail(std::string message) { return tl::unexpected<Error>(Error{std::move(message)}); }

}  // namespace fedc
