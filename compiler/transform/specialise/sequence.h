#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "compiler/transform/specialise/specialiser.h"

namespace fedc::transform::specialise {

/// A sequence exists at compile time only: how to get its elements from columns. See `Specialiser::Plan` for what it becomes.
struct Sequence {
  enum class Kind : std::uint8_t { Columns, Map, Filter, FlatMap, Zip, Enumerate, Take, Skip, Shuffle, Repeat, Batch };
  Kind kind = Kind::Columns;
  /// Columns: leaves with the rows as leading axis.
  Value columns;
  Dim rows;
  std::vector<std::shared_ptr<const Sequence>> inner;
  std::shared_ptr<const Closure> function;
  /// Take, Skip, Repeat, Batch: how many (Repeat: none if endless). Shuffle: the key.
  std::optional<Value> argument;
  /// Where the data lives.
  Home home;
  Span span;
};

/// Which elements: one, n consecutive ones, or those of an index vector.
struct Specialiser::Rows {
  enum class Kind : std::uint8_t { One, Block, Vector };
  Kind kind = Kind::One;
  /// One: the position. Block: the first. Vector: i32[n].
  Value at;
  Dim size;
};

/// A sequence at one pass: how many elements, and how to fetch some.
struct Specialiser::Plan {
  Dim count;
  /// No end, if `count` is not 0: nothing repeated for ever is still nothing.
  bool endless = false;
  /// How many elements the first `n` are, of those that there are.
  Dim firstOf(const Dim& n) const {
    if (!endless) return n == count ? n : Dim::min(count, n);
    const auto known = count.constant();
    return known && *known > 0 ? n : Dim::min(n, count * n);
  }
  /// One: the element. Block, Vector: the elements with a leading axis.
  std::function<Value(const Rows&)> fetch;
};

}  // namespace fedc::transform::specialise
