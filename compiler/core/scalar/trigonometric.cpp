#include <limits>

#include "compiler/core/scalar/value.h"

// Sine, cosine, arc tangent. An argument is reduced to r in [-pi/4, pi/4] and a quadrant.

namespace fedc::core::scalar {

namespace {

struct Reduced {
  Value r;
  /// The quadrant, a whole number (f64) of which the lowest two bits count.
  Value quadrant;
};

/// f32, in f64: quarter turns x * 2/pi. Multiples of 4 change nothing, so for |x| >= 2^E, which is a multiple of 2^(E - 23), the bits of 2/pi
/// from 2^(25 - E) up are left out (Payne and Hanek 1983): the product stays below 2^48 and keeps its fraction for every f32.
Reduced reduceSingle(Value x) {
  const Value w = convert(x, Elem::F64);
  const Value a = abs(w);
  struct Bucket {
    /// 2^E, and 106 bits of 2/pi without those above.
    double from, high, low;
  };
  static constexpr Bucket kBuckets[] = {
      {0.0, 0x1.45f306dc9c883p-1, -0x1.6b01ec5417056p-55},       {0x1p45, 0x1.b727220a94fe1p-23, 0x1.d5f47d4d37703p-78},
      {0x1p65, 0x1.1054a7f09d5f4p-42, 0x1.f534ddc0db629p-96},    {0x1p85, 0x1.3f84eafa3ea6ap-61, -0x1.11f924eb53362p-115},
      {0x1p105, 0x1.5f47d4d377037p-82, -0x1.3ad4cd8778df8p-137},
  };
  Value high = constantLike(w, kBuckets[0].high), low = constantLike(w, kBuckets[0].low);
  for (std::size_t b = 1; b < std::size(kBuckets); ++b) {
    const Value reached = ge(a, kBuckets[b].from);
    high = select(reached, kBuckets[b].high, high);
    low = select(reached, kBuckets[b].low, low);
  }
  const Value n = roundEven(w * high);
  const Value turns = fma(w, low, fma(w, high, -n));
  return {convert(turns * 1.5707963267948966, Elem::F32), n};
}

/// f64: three parts of pi/2 (Cody and Waite), good for |x| <= 2^30; beyond, NaN.
Reduced reduceDouble(Value x) {
  const Value in = select(le(abs(x), 0x1p30), x, std::numeric_limits<double>::quiet_NaN());
  const Value n = roundEven(in * 0.63661977236758138);
  const Value r = fma(n, -0x1.921fb54442d18p+0, in);
  return {fma(n, 0x1.f1976b7ed8fbcp-110, fma(n, -0x1.1a62633145c07p-54, r)), n};
}

/// The sine of x + turn * pi/2.
Value sineOf(Value x, int turn) {
  const Reduced a = x.elem == Elem::F64 ? reduceDouble(x) : reduceSingle(x);
  const Value r = a.r;
  const Value z = r * r;
  // (sin r - r) / r^3: 2^-27.9, 2^-57.9 of sin; (cos r - 1 + r^2/2) / r^4: 2^-33, 2^-63.9 of cos.
  const Value sine = r.elem == Elem::F64 ? polynomial(z, {-0.1666666666666663, 0.0083333333333220905, -0.00019841269829566239, 2.7557313613012433e-06,
                                                          -2.5050746408854693e-08, 1.5896149303200107e-10})
                                         : polynomial(z, {-0.166666552, 0.00833215937, -0.000195151209});
  const Value cosine = r.elem == Elem::F64 ? polynomial(z, {0.041666666666666595, -0.0013888888888873017, 2.4801587288825832e-05,
                                                            -2.7557314171625909e-07, 2.0875699773684808e-09, -1.1358479931683702e-11})
                                           : polynomial(z, {0.0416666456, -0.00138873141, 2.44329713e-05});
  const Value s = fma(r * z, sine, r);
  // 1 - z/2 loses what its rounding cut off; it goes back in with the rest.
  const Value one = fma(z, -0.5, 1.0);
  const Value lost = fma(z, -0.5, 1.0 - one);
  const Value c = one + fma(z * z, cosine, lost);
  const Value q = convert(a.quadrant - floor(a.quadrant * 0.25) * 4.0, Elem::I32) + static_cast<double>(turn);
  const Value odd = ne(q & q.code->constant(Elem::I32, 1), 0.0);
  const Value y = select(odd, c, s);
  const Value negative = ne(q & q.code->constant(Elem::I32, 2), 0.0);
  return select(negative, -y, y);
}

}  // namespace

Value sin(Value x) { return select(eq(x, 0.0), x, sineOf(x, 0)); }

Value cos(Value x) { return sineOf(x, 1); }

Value atan2(Value y, Value x) {
  const bool wide = x.elem == Elem::F64;
  Value ax = abs(x), ay = abs(y);
  // The sum below must not overflow, the quotient not lose a subnormal divisor.
  const Value big = ge(maximum(ax, ay), wide ? 0x1p1000 : 0x1p100);
  const Value scale = select(big, 0x1p-30, constantLike(x, 1.0));
  ax = ax * scale;
  ay = ay * scale;
  const Value greater = select(gt(ay, ax), ay, ax), less = select(gt(ay, ax), ax, ay);
  // Equal ones are pi/4 (inf/inf too) but for two zeros.
  const Value same = eq(less, greater);
  const Value zero = constantLike(x, 0.0);
  Value angle = zero;
  if (wide) {
    // atan(t) = pi/4 + atan((t - 1) / (t + 1)) beyond tan(pi/8).
    const Value far = gt(less, greater * 0.41421356237309503);
    const Value t = select(same, 0.0, select(far, less - greater, less) / select(far, less + greater, greater));
    const Value z = t * t;
    // (atan t - t) / t^3 for |t| <= tan(pi/8): 2^-64.1.
    const Value tail = polynomial(
        z, {-0.33333333333333326, 0.19999999999997603, -0.14285714285380013, 0.11111111087697831, -0.090909081278035361, 0.076922823924640352,
            -0.06666221508168349, 0.058769717883961466, -0.052180905260716365, 0.045023027271392062, -0.033446053701780699, 0.01516687805982257});
    const Value quarter = select(same, ne(greater, 0.0), far);
    angle = fma(t * z, tail, t + select(quarter, 0x1.1a62633145c07p-55, zero)) + select(quarter, 0x1.921fb54442d18p-1, zero);
  } else {
    const Value t = select(same, select(eq(greater, 0.0), zero, constantLike(x, 1.0)), less / greater);
    const Value z = t * t;
    // (atan t - t) / t^3 for t <= 1: 2^-28.5.
    const Value tail = polynomial(
        z, {-0.333332986, 0.199985489, -0.142642424, 0.109521851, -0.0840344876, 0.0579575524, -0.0311777983, 0.0109145762, -0.00179361447});
    angle = fma(t * z, tail, t);
  }
  // high + low is pi/2, then pi.
  const double high = wide ? 0x1.921fb54442d18p+0 : 0x1.921fb6p+0, low = wide ? 0x1.1a62633145c07p-54 : -0x1.777a5cp-25;
  angle = select(gt(ay, ax), high - (angle - low), angle);
  const Value left = lt(signedBitsOf(x), 0.0);
  angle = select(left, 2 * high - (angle - 2 * low), angle);
  return select(isNan(x), x, select(isNan(y), y, withSign(angle, y)));
}

}  // namespace fedc::core::scalar
