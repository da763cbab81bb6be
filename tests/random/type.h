#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/core/type.h"

/// The run-time types of Fed, as the generator of random programs sees them.
namespace fedc::random {

using core::Elem;

/// A size in a type: a number, or the name of a dimension.
struct Size {
  std::int64_t number = 1;
  std::string name;

  Size() = default;
  Size(std::int64_t n) : number(n) {}
  explicit Size(std::string n) : number(0), name(std::move(n)) {}
  bool isNumber() const { return name.empty(); }
  std::string text() const { return isNumber() ? std::to_string(number) : name; }
  friend bool operator==(const Size&, const Size&) = default;
};

struct Type {
  enum class Kind : std::uint8_t { Tensor, Tuple, Struct, Array };
  Kind kind = Kind::Tensor;
  Elem elem = Elem::F32;
  std::vector<Size> dims;
  /// Of a tuple and of a struct; the element of an array (a struct or a tuple).
  std::vector<Type> items;
  /// Struct: as in a type (`Pair<f32, i32>`) and as in a literal (`Pair`).
  std::string name, literal;
  std::vector<std::string> fields;
  Size extent;

  static Type scalar(Elem elem) { return tensor(elem, {}); }
  static Type tensor(Elem elem, std::vector<Size> dims);
  static Type tuple(std::vector<Type> items);

  bool isTensor() const { return kind == Kind::Tensor; }
  bool isScalar() const { return isTensor() && dims.empty(); }
  bool isScalar(Elem e) const { return isScalar() && elem == e; }
  std::size_t rank() const { return dims.size(); }
  friend bool operator==(const Type&, const Type&) = default;
};

/// As it is written in Fed.
std::string text(const Type& type);
/// The element types of all leaves.
std::vector<Elem> leafElems(const Type& type);
/// Whether every leaf's element type is so.
bool allLeaves(const Type& type, bool (*is)(Elem));
inline bool isVector(const Type& type) { return allLeaves(type, core::isFloat); }
/// The one element type of all leaves, if there is one.
std::optional<Elem> commonElem(const Type& type);
/// `n` values of a type: `T[n]`.
Type rowsOf(const Type& type, const Size& n);
/// What `T[n]` is of, and n; nothing for a scalar, a tuple, a struct.
struct Leading {
  Type element;
  Size extent;
};
std::optional<Leading> leading(const Type& type);
/// The number of elements of all leaves; a dimension counts `unknown`.
std::int64_t elements(const Type& type, std::int64_t unknown = 4);
/// With one size in place of another, everywhere.
Type replaced(Type type, const Size& from, const Size& to);
bool mentions(const Type& type, const Size& size);
bool hasNames(const Type& type);

}  // namespace fedc::random
