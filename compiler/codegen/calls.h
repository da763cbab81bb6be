#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fedc::codegen {

/// A runtime function called by kernels: whole buffers, dense, and integers; never throws, never allocates (but for what a plugin does).
using RuntimeFunction = void (*)(void* const* buffers, const std::int64_t* ints) noexcept;

/// A row of the table calls.def.
struct RuntimeCall {
  std::string_view name;
  /// `(buffers; integers)` in calling order.
  std::string_view arguments;
  std::string_view doc;
  RuntimeFunction function = nullptr;
};

/// What a kernel calls to share the steps of a nest with its team (runtime::Team::run), under kTeamSymbol.
using TeamFunction = void (*)(void* team, void (*range)(const void* context, std::int64_t lo, std::int64_t hi), const void* context,
                              std::int64_t extent) noexcept;
inline constexpr const char* kTeamSymbol = "fedc_team";
/// A plugin's function `name` is `fedc_native.name` to kernels.
inline constexpr const char* kNativePrefix = "fedc_native.";
TeamFunction teamFunction();

/// The symbol of a constant `i32` that holds a string's number, which another process gives another one: code refers to texts by it.
std::string stringSymbol(std::string_view text);

/// All rows of calls.def.
std::span<const RuntimeCall> runtimeCalls();
/// The row of that name, or null.
const RuntimeCall* findRuntimeCall(std::string_view name);

}  // namespace fedc::codegen
