#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/core/ir.h"
#include "include/fedc/plugin.h"

/// Functions that are not Core IR but a plugin's (docs/native.md).
namespace fedc::core {

/// What a native function takes or gives; its sizes are its statements'.
struct NativeType {
  Elem elem = Elem::F32;
  int rank = 0;
};

/// A native function for concrete sizes. Statements name it by pointer; it is bound to its code before anything runs.
struct Native {
  /// As Fed shows it: `smooth<n = 3>`.
  std::string name;
  /// What plugins call it.
  std::string symbol;
  /// How its derivative is declared: `derivative of smooth(x) = |g| …;`.
  std::string derivativeForm;
  Span span;
  std::vector<NativeType> params;
  NativeType result;
  /// Null until a plugin is loaded.
  fedc_native call = nullptr;
  /// Keeps the plugin loaded.
  std::shared_ptr<const void> plugin;
};

/// A function that a plugin offers.
struct NativeFunction {
  std::string symbol;
  fedc_native call = nullptr;
  std::shared_ptr<const void> plugin;
};
/// What a module's native functions are bound to, each symbol once.
std::vector<NativeFunction> boundFunctions(const Module& module);

/// One operand or the result of a call.
struct NativeOperand {
  void* data = nullptr;
  std::vector<std::int64_t> dims;
};
/// Calls the function; the last operand is the output.
void callNative(fedc_native call, const std::vector<NativeOperand>& operands);

/// Scalars alone: applied element by element.
bool isElementwise(const Native& native);

/// The native function of that symbol that a function calls, or null.
const Native* findNative(const Fn& fn, std::string_view symbol);

}  // namespace fedc::core
