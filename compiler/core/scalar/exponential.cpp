#include "compiler/core/scalar/value.h"

// The exponential family. Coefficients are minimax fits (Remez); the figure beside each is the greatest relative error of the result that
// the fit alone causes. Range reduction: x = n ln 2 + r by adding and subtracting 1.5 * 2^(mantissa bits), which leaves n in the low bits.

namespace fedc::core::scalar {

namespace {

struct Split {
  /// x = n ln 2 + r.
  Value n, r;
  /// 2^(n - offset), by moving n into the exponent.
  Value power;
};

/// `nearest`: |r| <= ln2 / 2, else 0 <= r < ln 2 (up to rounding). n - offset must lie in the exponent's range; the lowest gives 0, the highest inf.
Split split(Value x, bool nearest, int offset) {
  const bool wide = x.elem == Elem::F64;
  const double log2e = 1.4426950408889634;
  const double magic = (wide ? 0x1.8p52 : 0x1.8p23) + (wide ? 1023 : 127) - offset;
  const Value t = nearest ? fma(x, log2e, magic) : fma(x, log2e, -0.5) + magic;
  const Value n = t - magic;
  const double high = wide ? 0x1.62e42fefa39efp-1 : 0x1.62e43p-1;
  const double low = wide ? 0x1.abc9e3b39803fp-56 : -0x1.05c61p-29;
  return {n, fma(n, -low, fma(n, -high, x)), bitcast(shl(bitsOf(t), wide ? 52 : 23), x.elem)};
}

/// x moved into [low, high]; NaN stays.
Value clamp(Value x, double low, double high) {
  const Value below = select(lt(constantLike(x, high), x), high, x);
  return select(gt(constantLike(x, low), below), low, below);
}

/// (e^r - 1 - r) / r^2 on 0 <= r < ln 2: 2^-28.3, 2^-62.2 of e^r.
Value expTail(Value r) {
  if (r.elem == Elem::F64) {
    return polynomial(r, {0.5, 0.16666666666666199, 0.041666666666829798, 0.0083333333307023579, 0.0013888889125407153, 0.0001984125681782742,
                          2.4802048548950075e-05, 2.7546610648211022e-06, 2.7718996707786022e-07, 2.3532050826489802e-08, 2.8820011676744444e-09});
  }
  return polynomial(r, {0.500002265, 0.166631892, 0.0418551005, 0.00786822662, 0.00191260665});
}

/// (e^r - 1 - r) / r^2 on |r| <= ln2 / 2: 2^-31.8, 2^-68 of e^r - 1.
Value expm1Tail(Value r) {
  if (r.elem == Elem::F64) {
    return polynomial(r, {0.5, 0.16666666666666666, 0.041666666666666692, 0.0083333333333333454, 0.0013888888888870219, 0.00019841269841207589,
                          2.4801587353629809e-05, 2.7557319362872936e-06, 2.7557248704548026e-07, 2.505196719381175e-08, 2.0922626186996407e-09,
                          1.6120269743825463e-10});
  }
  return polynomial(r, {0.5, 0.166666672, 0.0416663252, 0.00833322015, 0.00139432098, 0.000199622067});
}

/// (tanh x - x) / x^3 in z = x^2 for |x| <= 0.5625: 2^-29.4, 2^-64.9.
Value tanhTail(Value z) {
  if (z.elem == Elem::F64) {
    return polynomial(z, {-0.33333333333333331, 0.13333333333332911, -0.053968253967935698, 0.021869488524100988, -0.0088632352618159826,
                          0.0035921242304545512, -0.0014557982183480555, 0.00058979160895070311, -0.00023806608628353679, 9.363295710287444e-05,
                          -3.2533478569185787e-05, 7.2046292824198037e-06});
  }
  return polynomial(z, {-0.333333135, 0.133324519, -0.0538374297, 0.0210074577, -0.00617980771});
}

/// x moved to where e^x is 0 below and inf above.
Value clampForExp(Value x) { return x.elem == Elem::F64 ? clamp(x, -709.0, 710.0) : clamp(x, -88.0, 89.0); }

/// e^x with |r| <= ln2 / 2: a little more exact than exp, but inf and 0 already where the power is (from 88.4 and 709.4 up).
Value expBelowOverflow(Value x) {
  const Split s = split(clampForExp(x), true, 0);
  return (fma(s.r * s.r, expm1Tail(s.r), s.r) + 1.0) * s.power;
}

}  // namespace

Value exp(Value x) {
  const Split s = split(clampForExp(x), false, 0);
  return fma(fma(expTail(s.r), s.r, 1.0), s.r, 1.0) * s.power;
}

Value expm1(Value x) {
  const bool wide = x.elem == Elem::F64;
  // Half of the power is used, so that it is finite as long as the result is.
  const Split s = split(clamp(x, wide ? -38.0 : -18.0, wide ? 710.0 : 89.0), true, 1);
  const Value p = fma(s.r * s.r, expm1Tail(s.r), s.r);
  const Value half = fma(s.power, p, s.power - 0.5);
  return select(lt(abs(x), wide ? 0x1p-60 : 0x1p-30), x, half + half);
}

Value sigmoid(Value x) {
  // With e = e^-|x| and y = e / (1 + e): 1 - y on the right, y = e - e y on the left, where the rounding of 1 + e would count twice.
  const Value e = expBelowOverflow(-abs(x));
  const Value y = e / (e + 1.0);
  return select(lt(x, 0.0), fma(-e, y, e), 1.0 - y);
}

Value tanh(Value x) {
  const Value a = abs(x);
  const Value z = a * a;
  const Value small = fma(a * z, tanhTail(z), a);
  const Value large = 1.0 - 2.0 / (expBelowOverflow(a + a) + 1.0);
  return withSign(select(lt(a, 0.5625), small, large), x);
}

}  // namespace fedc::core::scalar
