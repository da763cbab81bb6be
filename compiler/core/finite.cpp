#include "compiler/core/finite.h"

#include <algorithm>

namespace fedc::core {

namespace {

/// The bits of a float's exponent: all of them set in infinities and NaNs.
std::uint64_t exponentOf(Elem elem) {
  switch (elem) {
    case Elem::F64: return 0x7ff0000000000000U;
    case Elem::F32: return 0x7f800000U;
    case Elem::F16: return 0x7c00U;
    case Elem::BF16: return 0x7f80U;
    default: return 0;
  }
}

/// Blocks without branches inside, for vectors.
template <class Bits>
std::int64_t firstOf(const void* data, std::int64_t count, Bits exponent) {
  constexpr std::int64_t kBlock = 1024;
  const Bits* bits = static_cast<const Bits*>(data);
  for (std::int64_t from = 0; from < count; from += kBlock) {
    const std::int64_t to = std::min(count, from + kBlock);
    unsigned any = 0;
    for (std::int64_t i = from; i < to; ++i) any |= static_cast<unsigned>((bits[i] & exponent) == exponent);
    if (any == 0) continue;
    for (std::int64_t i = from; i < to; ++i) {
      if ((bits[i] & exponent) == exponent) return i;
    }
  }
  return -1;
}

}  // namespace

std::int64_t firstNonFinite(Elem elem, const void* data, std::int64_t count) {
  const std::uint64_t exponent = exponentOf(elem);
  if (exponent == 0) return -1;
  switch (elemBytes(elem)) {
    case 8: return firstOf<std::uint64_t>(data, count, exponent);
    case 4: return firstOf<std::uint32_t>(data, count, static_cast<std::uint32_t>(exponent));
    default: return firstOf<std::uint16_t>(data, count, static_cast<std::uint16_t>(exponent));
  }
}

bool isFinite(Literal value) {
  const std::uint64_t exponent = exponentOf(value.elem);
  return exponent == 0 || (value.bits & exponent) != exponent;
}

bool isNan(Literal value) {
  const std::uint64_t exponent = exponentOf(value.elem);
  // An infinity has no bit below the exponent's.
  const std::uint64_t below = exponent == 0 ? 0 : (exponent & (~exponent + 1)) - 1;
  return !isFinite(value) && (value.bits & below) != 0;
}

bool hasNan(const Array& array) {
  for (std::int64_t i = firstNonFinite(array); i >= 0 && i < array.count(); ++i) {
    if (isNan(array.at(i))) return true;
  }
  return false;
}

int nonFiniteKind(const Array& array) {
  if (isFinite(array)) return -1;
  return hasNan(array) ? 1 : 0;
}

}  // namespace fedc::core
