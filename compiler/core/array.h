#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "compiler/core/type.h"

namespace fedc::core {

/// A dense row-major array on the host, 64-byte aligned; the interpreter's value, and how data, models and results cross module borders.
/// Copies share memory; `mutableData` makes it unique first.
class Array {
 public:
  Array() = default;
  Array(Elem elem, std::vector<std::int64_t> shape);
  /// Views memory owned by somebody else; `keepAlive` is released with the last copy.
  static Array view(Elem elem, std::vector<std::int64_t> shape, const void* data, std::shared_ptr<const void> keepAlive);
  static Array scalar(Literal value);
  static Array splat(Literal value, std::vector<std::int64_t> shape);

  Elem elem() const { return elem_; }
  const std::vector<std::int64_t>& shape() const { return shape_; }
  std::int64_t count() const;
  std::int64_t bytes() const;
  const void* data() const { return data_; }
  void* mutableData();
  template <class T>
  std::span<const T> as() const {
    return {static_cast<const T*>(data_), static_cast<std::size_t>(count())};
  }
  template <class T>
  std::span<T> asMutable() {
    return {static_cast<T*>(mutableData()), static_cast<std::size_t>(count())};
  }
  Literal at(std::int64_t flat) const;
  void set(std::int64_t flat, Literal value);
  /// The same elements, row-major, under another shape of as many elements; shares memory.
  Array reshaped(std::vector<std::int64_t> shape) const;
  /// Row t along the first axis; shares memory.
  Array row(std::int64_t t) const;
  /// Same element type, shape and bits; any two NaNs count as the same (no machine fixes a NaN's payload and sign).
  bool sameBits(const Array& other) const;

 private:
  Elem elem_ = Elem::F32;
  std::vector<std::int64_t> shape_;
  std::shared_ptr<const void> owner_;
  const void* data_ = nullptr;
  bool borrowed_ = false;
};

}  // namespace fedc::core
