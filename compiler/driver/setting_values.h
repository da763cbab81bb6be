#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "compiler/support/expected.h"

/// Values of a run's settings as they are written in `run` blocks and flags.
namespace fedc::driver {

/// A number of bytes: `1048576`, `64k`, `64M`, `1.5G`, with or without `B` or `iB`; powers of 1024.
Expected<std::int64_t> parseBytes(std::string_view text);

/// `all` (nothing) or a number from 1.
Expected<std::optional<std::int64_t>> parseCohortSize(std::string_view text);

/// A whole number from `least` to `most`.
Expected<std::int64_t> parseWhole(std::string_view text, std::int64_t least, std::int64_t most);
/// A number from 0 to 2^64 - 1.
Expected<std::uint64_t> parseSeed(std::string_view text);

}  // namespace fedc::driver
