#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "compiler/core/interpret.h"
#include "compiler/core/text.h"

namespace fedc::core {

template <class T>
constexpr Elem elemOfType() {
  if constexpr (std::is_same_v<T, float>) return Elem::F32;
  if constexpr (std::is_same_v<T, double>) return Elem::F64;
  if constexpr (std::is_same_v<T, bool>) return Elem::Bool;
  if constexpr (std::is_same_v<T, std::int8_t>) return Elem::I8;
  if constexpr (std::is_same_v<T, std::int32_t>) return Elem::I32;
  if constexpr (std::is_same_v<T, std::int64_t>) return Elem::I64;
  if constexpr (std::is_same_v<T, std::uint8_t>) return Elem::U8;
  if constexpr (std::is_same_v<T, std::uint32_t>) return Elem::U32;
  if constexpr (std::is_same_v<T, std::uint64_t>) return Elem::U64;
}

/// An array of the given shape (by default a vector) with these elements.
template <class T>
Array arrayOf(const std::vector<T>& values, std::vector<std::int64_t> shape = {-1}) {
  if (shape == std::vector<std::int64_t>{-1}) shape = {static_cast<std::int64_t>(values.size())};
  Array a(elemOfType<T>(), std::move(shape));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      a.set(static_cast<std::int64_t>(i), Literal::ofDouble(a.elem(), values[i]));
    } else {
      a.set(static_cast<std::int64_t>(i), Literal::ofInt(a.elem(), static_cast<std::int64_t>(values[i])));
    }
  }
  return a;
}

inline Array keyOf(std::uint64_t bits) { return Array::scalar(Literal{Elem::Key, bits}); }

template <class T>
std::vector<T> valuesOf(const Array& a) {
  const auto view = a.as<T>();
  return {view.begin(), view.end()};
}

/// Reads one function (with its sites), verifies it and runs it.
inline InterpretResult runText(std::string_view text, std::vector<std::int64_t> dims, std::vector<Array> params) {
  const auto module = read(text);
  if (!module) {
    ADD_FAILURE() << module.error();
    return {};
  }
  const bool ordered = text.find("order ") != std::string_view::npos;
  EXPECT_EQ(verify(*module, VerifyOptions{ordered, true}), std::nullopt);
  return interpret(module->fns[0], dims, params);
}

}  // namespace fedc::core
