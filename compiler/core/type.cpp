#include "compiler/core/type.h"

#include <bit>
#include <cmath>

#include "compiler/core/half.h"

namespace fedc::core {

namespace {

struct ElemRow {
  std::string_view name;
  int bytes;
  bool isFloat, isSigned, isInteger;
};

constexpr ElemRow kElems[kElemCount] = {
    {"bool", 1, false, false, false}, {"i8", 1, false, true, true},    {"i16", 2, false, true, true},   {"i32", 4, false, true, true},
    {"i64", 8, false, true, true},    {"u8", 1, false, false, true},   {"u16", 2, false, false, true},  {"u32", 4, false, false, true},
    {"u64", 8, false, false, true},   {"bf16", 2, true, true, false},  {"f16", 2, true, true, false},   {"f32", 4, true, true, false},
    {"f64", 8, true, true, false},    {"key", 8, false, false, false}, {"str", 4, false, false, false},
};

const ElemRow& row(Elem e) { return kElems[static_cast<int>(e)]; }

std::uint64_t maskOf(Elem e) { return elemBytes(e) == 8 ? ~0ull : (1ull << (8 * elemBytes(e))) - 1; }

/// A float whose rounding to 16 bits equals that of the double: rounds to odd.
float roundToOdd(double value) {
  const float nearest = static_cast<float>(value);
  if (std::isnan(value) || std::isinf(nearest) || static_cast<double>(nearest) == value) return nearest;
  const float truncated = std::fabs(static_cast<double>(nearest)) > std::fabs(value) ? std::nextafterf(nearest, 0.0f) : nearest;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(truncated) | 1u);
}

}  // namespace

std::string_view elemName(Elem e) { return row(e).name; }

std::optional<Elem> elemFromName(std::string_view name) {
  for (int i = 0; i < kElemCount; ++i) {
    if (kElems[i].name == name) return static_cast<Elem>(i);
  }
  return std::nullopt;
}

int elemBytes(Elem e) { return row(e).bytes; }
bool isFloat(Elem e) { return row(e).isFloat; }
bool isSigned(Elem e) { return row(e).isSigned; }
bool isInteger(Elem e) { return row(e).isInteger; }
bool isNumeric(Elem e) { return row(e).isFloat || row(e).isInteger; }

Literal Literal::ofInt(Elem e, std::int64_t value) {
  if (isFloat(e)) {
    // From i64 directly: through double, f32 would round twice.
    if (e == Elem::F32) return {e, std::bit_cast<std::uint32_t>(static_cast<float>(value))};
    return ofDouble(e, static_cast<double>(value));
  }
  if (e == Elem::Bool) return ofBool(value != 0);
  return {e, static_cast<std::uint64_t>(value) & maskOf(e)};
}

Literal Literal::ofDouble(Elem e, double value) {
  switch (e) {
    case Elem::F64: return {e, std::bit_cast<std::uint64_t>(value)};
    case Elem::F32: return {e, std::bit_cast<std::uint32_t>(static_cast<float>(value))};
    case Elem::BF16: return {e, floatToBf16(roundToOdd(value))};
    case Elem::F16: return {e, floatToF16(roundToOdd(value))};
    default: break;
  }
  if (e == Elem::Bool) return ofBool(value != 0.0);
  if (std::isnan(value)) return zero(e);
  // Truncates and saturates, as `convert` does.
  const int bits = 8 * elemBytes(e);
  if (isSigned(e)) {
    const double limit = std::ldexp(1.0, bits - 1);
    if (value >= limit) return {e, maskOf(e) >> 1};
    if (value < -limit) return {e, (maskOf(e) >> 1) + 1};
    return ofInt(e, static_cast<std::int64_t>(value));
  }
  if (value <= 0.0) return zero(e);
  if (value >= std::ldexp(1.0, bits)) return {e, maskOf(e)};
  return {e, static_cast<std::uint64_t>(value)};
}

Literal Literal::ofBool(bool value) { return {Elem::Bool, value ? 1u : 0u}; }
Literal Literal::zero(Elem e) { return {e, 0}; }
Literal Literal::one(Elem e) { return ofInt(e, 1); }

double Literal::toDouble() const {
  switch (elem) {
    case Elem::F64: return std::bit_cast<double>(bits);
    case Elem::F32: return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    case Elem::BF16: return bf16ToFloat(static_cast<std::uint16_t>(bits));
    case Elem::F16: return f16ToFloat(static_cast<std::uint16_t>(bits));
    default: return elem == Elem::U64 ? static_cast<double>(bits) : static_cast<double>(toInt());
  }
}

std::int64_t Literal::toInt() const {
  if (isFloat(elem)) return ofDouble(Elem::I64, toDouble()).toInt();
  if (!isSigned(elem)) return static_cast<std::int64_t>(bits);
  const int shift = 64 - 8 * elemBytes(elem);
  return static_cast<std::int64_t>(bits << shift) >> shift;
}

}  // namespace fedc::core
