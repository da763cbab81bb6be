#include <limits>

#include "compiler/core/scalar/value.h"

// Error function and its inverse, gamma functions. The gamma functions of f32 compute in f64.

namespace fedc::core::scalar {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kPi = 3.1415926535897931;

/// Horner's rule with two sets of coefficients, the highest first.
template <std::size_t N>
Value eitherPolynomial(Value first, Value x, const double (&a)[N], const double (&b)[N]) {
  Value p = select(first, a[0], constantLike(x, b[0]));
  for (std::size_t i = 1; i < N; ++i) p = fma(p, x, select(first, a[i], constantLike(x, b[i])));
  return p;
}

/// x and the nine numbers after it: their product, and the product's derivative.
struct Rising {
  Value product, derivative;
};
Rising rising(Value x) {
  Rising r{x, constantLike(x, 1.0)};
  for (int i = 1; i < 10; ++i) {
    const Value next = x + static_cast<double>(i);
    r.derivative = fma(r.derivative, next, r.product);
    r.product = r.product * next;
  }
  return r;
}

/// sin(pi x) and cos(pi x) for x < 0; at whole numbers the sine is zero.
struct Turn {
  Value sine, cosine, fraction;
};
Turn halfTurn(Value x) {
  const Value f = x - roundEven(x);
  return {sin(f * kPi), cos(f * kPi), f};
}

Value lgammaWide(Value x) {
  const Value negative = lt(x, 0.0);
  const Value u = select(negative, 1.0 - x, x);
  // Stirling's series from 10 on; below, ten steps of the recurrence.
  const Value low = lt(u, 10.0);
  const Value y = select(low, u + 10.0, u);
  const Value inverse = 1.0 / y;
  const Value series =
      inverse * polynomial(inverse * inverse, {0.08333333333333333, -0.002777777777777778, 0.0007936507936507937, -0.0005952380952380953,
                                               0.0008417508417508417, -0.0019175269175269176, 0.00641025641025641, -0.029550653594771242});
  const Value stirling = fma(y - 0.5, log(y) - 1.0, series + 0.41893853320467274);
  const Value above = select(low, stirling - log(rising(select(low, u, 1.0)).product), stirling);
  // Zero at 1 and 2, exactly.
  const Value exact = select(eq(u, 1.0), 0.0, select(eq(u, 2.0), 0.0, above));
  const Value reflected = log(kPi / abs(halfTurn(x).sine)) - exact;
  return select(eq(abs(x), kInfinity), abs(x), select(negative, reflected, exact));
}

Value digammaWide(Value x) {
  const Value negative = lt(x, 0.0);
  const Value u = select(negative, 1.0 - x, x);
  const Value low = lt(u, 10.0);
  const Value y = select(low, u + 10.0, u);
  const Value inverse = 1.0 / y;
  const Value z = inverse * inverse;
  const Value series = z * polynomial(z, {0.08333333333333333, -0.008333333333333333, 0.003968253968253968, -0.004166666666666667,
                                          0.007575757575757576, -0.021092796092796094, 0.08333333333333333, -0.4432598039215686});
  const Value far = log(y) - fma(inverse, 0.5, series);
  const Rising steps = rising(select(low, u, 1.0));
  const Value above = select(low, far - steps.derivative / steps.product, far);
  const Turn turn = halfTurn(x);
  const Value reflected = above - turn.cosine * kPi / turn.sine;
  const Value whole = eq(turn.fraction, 0.0);
  return select(eq(x, 0.0), kNan, select(negative, select(whole, kNan, reflected), above));
}

/// log x = high + low for finite x > 0, low below 2^-60 of it.
struct Pair {
  Value high, low;
};
Pair logPair(Value x) {
  Code& code = *x.code;
  const Value sqrtHalf = code.constantBits(Elem::I64, 0x3fe6a09e667f3bcdull);
  const Value moved = bitcast(x, Elem::I64) - sqrtHalf;
  const Value k = convert(shr(moved, 52), Elem::F64);
  const Value m = bitcast((moved & code.constantBits(Elem::I64, 0xfffffffffffffull)) + sqrtHalf, Elem::F64);
  // s = (m - 1) / (m + 1) and its rest.
  const Value f = m - 1.0, d = m + 1.0;
  const Value dLow = m - (d - 1.0);
  const Value s = f / d;
  const Value sLow = (fma(-s, d, f) - s * dLow) / d;
  // log m = s (2 + u), u = 2/3 s^2 + 2/5 s^4 + ..; the rest after 2/3: 2^-65.
  const Value z = s * s;
  const Value zLow = fma(s + s, sLow, fma(s, s, -z));
  const Value third = z * 0.66666666666666663;
  const Value thirdLow = fma(zLow, 0.66666666666666663, fma(z, 3.700743415417189e-17, fma(z, constantLike(z, 0.66666666666666663), -third)));
  const Value tail = z * z *
                     polynomial(z, {0.40000000000000002, 0.28571428571038088, 0.22222222370730496, 0.18181796194902994, 0.15386257490293567,
                                    0.13267597102317241, 0.13102980605694864});
  const Value u = third + tail;
  const Value uLow = third - u + tail + thirdLow;
  const Value su = s * u;
  const Value suLow = fma(s, u, -su) + fma(s, uLow, sLow * u);
  // The high part of ln 2 has so few bits that k times it is exact.
  const Value kHigh = k * 0x1.62e42fefa38p-1;
  const Value first = kHigh + (s + s);
  const Value firstLow = kHigh - first + (s + s);
  const Value second = first + su;
  const Value secondLow = first - second + su;
  const Value rest = fma(k, 0x1.ef35793c7673p-45, firstLow + secondLow + (sLow + sLow) + suLow);
  const Value high = second + rest;
  return {high, second - high + rest};
}

/// e^(high + low) for |high| < 800; the power in two factors, so that it overflows and vanishes only if the result does.
Value expPair(Value high, Value low) {
  const Value n = roundEven(high * 1.4426950408889634);
  const Value r = fma(n, -0x1.abc9e3b39803fp-56, fma(n, -0x1.62e42fefa39efp-1, high)) + low;
  const Value q =
      polynomial(r, {0.5, 0.16666666666666682, 0.041666666666666095, 0.0083333333333170355, 0.0013888888889115644, 0.00019841269896383182,
                     2.480158692659266e-05, 2.7557234862350461e-06, 2.755758188693068e-07, 2.5112036741381811e-08, 2.0826614466731751e-09});
  const Value p = fma(r * r, q, r) + 1.0;
  const Value whole = convert(n, Elem::I64), half = shr(whole, 1);
  const auto power = [](Value k) { return bitcast(shl(k + 1023.0, 52), Elem::F64); };
  return p * power(half) * power(whole - half);
}

/// |x|^y for f32, in f64: 2^(y log2 |x|).
Value powerSingle(Value magnitude, Value y) {
  const Value w = convert(magnitude, Elem::F64);
  Code& code = *w.code;
  const Value sqrtHalf = code.constantBits(Elem::I64, 0x3fe6a09e667f3bcdull);
  const Value moved = bitcast(w, Elem::I64) - sqrtHalf;
  const Value m = bitcast((moved & code.constantBits(Elem::I64, 0xfffffffffffffull)) + sqrtHalf, Elem::F64);
  const Value s = (m - 1.0) / (m + 1.0);
  const Value z = s * s;
  // 2^-52 and 2^-39.7.
  const Value l = fma(s,
                      polynomial(z, {2.8853900817779272, 0.96179669392431455, 0.57707801725485219, 0.41219840073003416, 0.3206164799078518,
                                     0.26144131501641282, 0.24295115570490025}),
                      convert(shr(moved, 52), Elem::F64));
  const Value log2 = select(eq(w, 0.0), -kInfinity, select(eq(w, kInfinity), kInfinity, l));
  const Value product = select(eq(log2, 0.0), 0.0, convert(y, Elem::F64) * log2);
  const Value t = select(gt(product, 300.0), 300.0, select(lt(product, -300.0), -300.0, product));
  const Value n = roundEven(t);
  const Value f = t - n;
  const Value p = fma(f,
                      polynomial(f, {0.69314718054120261, 0.2402265069474096, 0.055504109593413675, 0.0096181295593430836, 0.0013333434056948762,
                                     0.00015403097962088321, 1.5314234202726287e-05, 1.3344230266005561e-06}),
                      1.0);
  const Value power = bitcast(shl(convert(n, Elem::I64) + 1023.0, 52), Elem::F64);
  return convert(p * power, Elem::F32);
}

/// |x|^y for f64: the logarithm as a pair.
Value powerDouble(Value x, Value y) {
  const Pair l = logPair(x);
  const Value logarithm = select(eq(x, 0.0), -kInfinity, select(eq(x, kInfinity), kInfinity, l.high));
  const Value one = eq(logarithm, 0.0);
  const Value product = select(one, 0.0, y * logarithm);
  const Value high = select(gt(product, 750.0), 750.0, select(lt(product, -750.0), -750.0, product));
  const Value low = fma(y, l.low, fma(y, logarithm, -product));
  return expPair(high, select(one, 0.0, select(lt(abs(product), 750.0), low, 0.0)));
}

}  // namespace

Value erf(Value x) {
  const bool wide = x.elem == Elem::F64;
  const Value a = abs(x);
  const Value z = a * a;
  // erf(a) / a - 1 in a^2: 2^-31.2, 2^-62.7 of erf.
  const Value near =
      wide ? polynomial(z, {0.12837916709551259, -0.37612638903183748, 0.11283791670954857, -0.026866170645072889, 0.0052239776247808307,
                            -0.00085483269787403366, 0.00012055331036837809, -1.4925593505542952e-05, 1.6460972797427164e-06, -1.6350025034390346e-07,
                            1.4657878695973062e-08, -1.1365661955947948e-09, 5.9452556300747427e-11})
           : polynomial(z, {0.128379166, -0.376126349, 0.112836957, -0.0268593989, 0.00520103239, -0.000814270519, 8.37010448e-05});
  // log erfc(t): 2^-34.3, 2^-66.1 of erf.
  const Value t = select(gt(a, wide ? 6.0 : 4.0), wide ? 6.0 : 4.0, a);
  const Value far =
      wide ? polynomial(t - 2.5,
                        {-7.8068152727272642,     -5.3526807509863907,     -0.94389373352413641,    -0.010858072738522857,  0.0021654768989482613,
                         -0.00042093256164842883, 7.7030805392725411e-05,  -1.2755838309414552e-05, 1.768981944855235e-06,  -1.5597081842960981e-07,
                         -1.2609263835080732e-08, 1.093342512565173e-08,   -3.5113875214604382e-09, 8.4127726338736521e-10, -1.6309521642368766e-10,
                         2.3029214627195452e-11,  -1.2324870574873368e-12, -2.3834139268263108e-13, 2.0119951291140938e-13, -1.2081435323761163e-13,
                         2.2527753439929435e-14})
           : polynomial(t, {0.0001746833, -1.12951493, -0.633346915, -0.108280078, 0.0251194183, -0.00417105993, 0.000434461923, -2.10949893e-05});
  return withSign(select(lt(a, wide ? 1.0 : 0.921875), fma(a, near, a), 1.0 - exp(far)), x);
}

Value erfInv(Value x) {
  Value y = x;
  if (x.elem == Elem::F64) {
    const Value w = -log((1.0 - x) * (x + 1.0));
    const Value near = w - 3.125;
    const Value a =
        polynomial(near, {1.653654562683103,       0.24015818242558948,     -0.0060336708714307059,  -0.00074070253416529672, 0.0001867342080363963,
                          -1.3882523364917006e-05, -1.3654692038928639e-06, 4.2347878042409981e-07,  -2.907036679000066e-08,  -4.1126351669673898e-09,
                          1.051210741390499e-09,   -5.4153725960166504e-11, -1.2974672559941718e-11, 2.6334270864666058e-12,  -8.1608139588898606e-14,
                          -4.0534843887913686e-14, 6.6486151852317252e-15,  2.0100155794307484e-17,  -1.3415864071620784e-16, 1.1197264000328519e-17,
                          1.3222604132635223e-18,  -1.6926772344910161e-19, -4.3241764217626986e-21});
    const Value root = sqrt(w);
    const Value b = polynomial(
        root - 3.25, {3.0838856104922203, 1.0052589676941597, 0.0053709145536025805, -0.00375120850759865, 0.0024914420955120314,
                      -0.0016882755553014508, 0.00095328939063993702, -0.00035503752832308309, 2.403101057091868e-05, 6.8284898000071776e-05,
                      -4.7317716131968709e-05, 1.247515012991285e-05, 2.9218979774145855e-06, -4.0135760099833439e-06, 1.5054582174605754e-06,
                      1.7947526113187905e-08, -2.7774788476340725e-07, 9.0877062929448221e-08, 3.2289791626051149e-09});
    const Value c =
        polynomial(root - 5.0, {4.8499064014085853, 1.0103004648645242, -0.00013871931851217414, -0.0002150301189720964, 7.5995280663474347e-05,
                                -1.9681781136363058e-05, 4.5260343239582006e-06, -9.9297048199011611e-07, 2.2911224108692101e-07,
                                -6.7737295981543425e-08, 2.8926869508936854e-08, -1.4932096218333957e-08, 7.8677008328742556e-09,
                                -3.8051679219891223e-09, 1.3579323269179527e-09, -2.5202769330220143e-10, 9.0965442924344946e-12});
    y = select(lt(w, 6.25), a, select(lt(w, 16.0), b, c));
  } else {
    // Giles, "Approximating the erfinv function" (2010), single precision; the same as JAX's, so that its normal numbers agree.
    const Value w = -log1p(-(x * x));
    const Value near = lt(w, 5.0);
    static constexpr double kNear[] = {2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
                                       -0.00125372503, -0.00417768164, 0.246640727,    1.50140941};
    static constexpr double kFar[] = {-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773,
                                      -0.0076224613,   0.00943887047,  1.00167406,    2.83297682};
    y = eitherPolynomial(near, select(near, w - 2.5, sqrt(w) - 3.0), kNear, kFar);
  }
  return select(eq(abs(x), 1.0), x * kInfinity, y * x);
}

Value pow(Value x, Value y) {
  const Value magnitude = abs(x);
  Value r = x.elem == Elem::F64 ? powerDouble(magnitude, y) : powerSingle(magnitude, y);
  const Value half = y * 0.5;
  const Value whole = eq(floor(y), y);
  const Value odd = select(whole, ne(floor(half), half), whole);
  const Value negative = lt(signedBitsOf(x), 0.0);
  r = select(select(negative, odd, negative), -r, r);
  // A finite negative number to a broken power.
  const Value broken = select(whole, lt(y, y), select(lt(x, 0.0), ne(magnitude, kInfinity), whole));
  r = select(broken, kNan, r);
  r = select(isNan(y), y, select(isNan(x), x, r));
  return select(eq(x, 1.0), 1.0, select(eq(y, 0.0), 1.0, r));
}

Value lgamma(Value x) { return convert(lgammaWide(convert(x, Elem::F64)), x.elem); }

Value digamma(Value x) { return convert(digammaWide(convert(x, Elem::F64)), x.elem); }

}  // namespace fedc::core::scalar
