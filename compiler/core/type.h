#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/support/dim.h"

namespace fedc::core {

/// Element types. `Key` is a Threefry-2x32 key: 64 bits, the first word in the high half. `Str` is the number of a string (strings.h).
enum class Elem : std::uint8_t { Bool, I8, I16, I32, I64, U8, U16, U32, U64, BF16, F16, F32, F64, Key, Str };

inline constexpr int kElemCount = 15;

/// As written in Core IR and in Fed: `f32`.
std::string_view elemName(Elem e);
std::optional<Elem> elemFromName(std::string_view name);
/// Bytes of one element in memory (bool is one byte; str is a number of four bytes).
int elemBytes(Elem e);
bool isFloat(Elem e);
bool isSigned(Elem e);
/// Any of i8..u64, not bool.
bool isInteger(Elem e);
bool isNumeric(Elem e);

/// `elem[dims]`; rank 0 is a scalar.
struct Type {
  Elem elem = Elem::F32;
  std::vector<Dim> dims;

  int rank() const { return static_cast<int>(dims.size()); }
  friend bool operator==(const Type&, const Type&) = default;
};

/// A scalar constant: the element's own bits in the low end (f32: its 32 bits; integers two's complement in their width, zero-extended;
/// bool 0 or 1; key its 64 bits; str the number of one of the process's strings).
struct Literal {
  Elem elem = Elem::F32;
  std::uint64_t bits = 0;

  static Literal ofInt(Elem e, std::int64_t value);
  static Literal ofDouble(Elem e, double value);
  static Literal ofBool(bool value);
  static Literal zero(Elem e);
  static Literal one(Elem e);
  double toDouble() const;
  std::int64_t toInt() const;
  friend bool operator==(const Literal&, const Literal&) = default;
};

}  // namespace fedc::core
