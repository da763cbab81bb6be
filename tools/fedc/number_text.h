#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/support/bytes_text.h"
#include "runtime/value/named_array.h"

namespace fedc::cli {

/// A duration for people, three digits: `412 us`, `3.21 ms`, `12.4 s`, `3 min 07 s`, `2 h 05 min`.
std::string durationText(double seconds);

using fedc::bytesText;

/// A number for people: four significant digits, `nan`, `inf`.
std::string numberText(double number);

/// One element for people: floats with four significant digits, `nan`, `inf`; integers and bools in full; a key as 16 hexadecimal digits.
std::string elementText(const core::Array& value, std::int64_t flat);

/// An array for people: a scalar as its element, up to `most` elements in (nested) brackets, a larger one as its type `f32[784, 10]`.
std::string arrayText(const core::Array& value, std::int64_t most);

/// `loss 0.3124  accuracy 0.9103`; `scalars`: only what has rank 0. A value without a name of its own is shown as `value`.
std::string metricsText(const std::vector<runtime::NamedArray>& metrics, bool scalars, std::int64_t most = 16);

}  // namespace fedc::cli
