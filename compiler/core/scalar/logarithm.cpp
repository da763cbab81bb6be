#include <limits>

#include "compiler/core/scalar/value.h"

// Logarithms. x = 2^k m with sqrt(1/2) <= m < sqrt(2), taken from the bits; then a polynomial (f32) or an atanh series (f64) in f = m - 1.

namespace fedc::core::scalar {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLn2 = 0x1.62e42fefa39efp-1;
constexpr double kLn2Low = 0x1.abc9e3b39803fp-56;

struct Parts {
  /// The exponent, as an integer, and the significand.
  Value k, m;
};

Parts split(Value x) {
  const bool wide = x.elem == Elem::F64;
  const Elem integer = wide ? Elem::I64 : Elem::I32;
  const int mantissa = wide ? 52 : 23;
  const Value sqrtHalf = x.code->constantBits(integer, wide ? 0x3fe6a09e667f3bcdull : 0x3f3504f3ull);
  const Value moved = bitcast(x, integer) - sqrtHalf;
  const Value mask = x.code->constantBits(integer, (1ull << mantissa) - 1);
  return {shr(moved, mantissa), bitcast((moved & mask) + sqrtHalf, x.elem)};
}

/// k ln 2 + log(1 + f).
Value combine(Value k, Value f) {
  const Value kf = convert(k, f.elem);
  if (f.elem == Elem::F64) {
    // log(1 + f) = f - (f^2/2 - s (f^2/2 + R)), s = f / (2 + f); R in s^2: 2^-65.8.
    const Value s = f / (f + 2.0);
    const Value z = s * s;
    const Value r = z * polynomial(z, {0.66666666666666663, 0.40000000000001995, 0.28571428570176916, 0.22222222512490841, 0.18181784585768643,
                                       0.15386762901373172, 0.1325639793962459, 0.13202390545832965});
    const Value h = f * f * 0.5;
    const Value rest = h - fma(s, h + r, kf * kLn2Low);
    return fma(kf, kLn2, f - rest);
  }
  // (log(1 + f) - f) / f^2: 2^-27.3 of log(1 + f).
  const Value q = polynomial(f, {-0.5, 0.333333313, -0.250008225, 0.200012282, -0.166233361, 0.142017201, -0.131603613, 0.127619639, -0.0763449818});
  return fma(kf, kLn2, fma(f * f, q, f));
}

}  // namespace

Value log(Value x) {
  const Parts p = split(x);
  const Value y = combine(p.k, p.m - 1.0);
  // NaN and inf stay; subnormals count as 0.
  const Value finite = select(lt(x, kInfinity), y, x);
  const double least = x.elem == Elem::F64 ? std::numeric_limits<double>::min() : std::numeric_limits<float>::min();
  return select(lt(x, least), select(eq(x, 0.0), -kInfinity, constantLike(x, kNan)), finite);
}

Value log1p(Value x) {
  const bool wide = x.elem == Elem::F64;
  const int mantissa = wide ? 52 : 23, bias = wide ? 1023 : 127;
  const Parts p = split(x + 1.0);
  // f = (1 + x) 2^-k - 1 with one rounding; 4 * 2^-k, because 2^-k itself may be subnormal.
  const Value four = bitcast(shl(static_cast<double>(bias + 2) - p.k, mantissa), x.elem);
  const Value f = fma(x * 0.25, four, fma(four, 0.25, -1.0));
  const Value y = select(lt(abs(x), wide ? 0x1p-60 : 0x1p-30), x, combine(p.k, f));
  const Value finite = select(lt(x, kInfinity), y, x);
  return select(le(x, -1.0), select(eq(x, -1.0), -kInfinity, constantLike(x, kNan)), finite);
}

}  // namespace fedc::core::scalar
