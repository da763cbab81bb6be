// The elementwise functions against long double references: f32 and f64 over dense sweeps of all magnitudes.

#include <gtest/gtest.h>

#include <bit>
#include <cfloat>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "compiler/core/scalar.h"

namespace fedc::core {
namespace {

using Wide = long double;

Wide digammaReference(Wide x) {
  const Wide pi = acosl(-1.0L);
  if (x <= 0 && std::floor(x) == x) return NAN;
  if (x < 0) return digammaReference(1 - x) - pi / tanl(pi * (x - std::round(x)));
  Wide sum = 0;
  while (x < 40) sum -= 1 / x++;
  const Wide z = 1 / (x * x);
  return sum + logl(x) - 1 / (2 * x) - z * (1.0L / 12 - z * (1.0L / 120 - z * (1.0L / 252 - z * (1.0L / 240 - z * (1.0L / 132)))));
}

Wide erfInvReference(Wide x) {
  if (std::fabs(x) > 1) return NAN;
  if (std::fabs(x) == 1) return x * INFINITY;
  const Wide a = std::fabs(x);
  // Newton on log erfc, which is nearly quadratic.
  Wide y = a < 0.5L ? a * 0.88622692545275801365L : sqrtl(-logl((1 - a) * (1 + a)));
  for (int i = 0; i < 60; ++i) {
    const Wide slope = 2 / sqrtl(acosl(-1.0L)) * expl(-y * y);
    const Wide step = a < 0.5L ? (erfl(y) - a) / slope : -(logl(erfcl(y)) - logl(1 - a)) * erfcl(y) / slope;
    y -= step;
    if (std::fabs(step) < 1e-19L * std::fabs(y)) break;
  }
  return std::copysign(y, x);
}

struct Function {
  Op op;
  std::function<Wide(Wide)> reference;
  /// Greatest error allowed, in units in the last place of f32 and of f64.
  double single, wide;
  /// Arguments beyond these magnitudes are not asked, of f32 and f64.
  double singleReach, wideReach;
};

const std::vector<Function>& functions() {
  static const std::vector<Function> all = {
      {Op::Exp, [](Wide x) { return expl(x); }, 2, 2, HUGE_VAL, HUGE_VAL},
      {Op::Expm1, [](Wide x) { return expm1l(x); }, 2, 2, HUGE_VAL, HUGE_VAL},
      {Op::Log, [](Wide x) { return logl(x); }, 2, 2, HUGE_VAL, HUGE_VAL},
      {Op::Log1p, [](Wide x) { return log1pl(x); }, 2, 2, HUGE_VAL, HUGE_VAL},
      {Op::Sqrt, [](Wide x) { return sqrtl(x); }, 0.5001, 0.5001, HUGE_VAL, HUGE_VAL},
      {Op::Rsqrt, [](Wide x) { return 1 / sqrtl(x); }, 2, 2, HUGE_VAL, HUGE_VAL},
      {Op::Sin, [](Wide x) { return sinl(x); }, 2, 2, HUGE_VAL, 0x1p30},
      {Op::Cos, [](Wide x) { return cosl(x); }, 2, 2, HUGE_VAL, 0x1p30},
      {Op::Tanh, [](Wide x) { return tanhl(x); }, 2, 2, HUGE_VAL, HUGE_VAL},
      {Op::Sigmoid, [](Wide x) { return 1 / (1 + expl(-x)); }, 2, 2, HUGE_VAL, HUGE_VAL},
      {Op::Erf, [](Wide x) { return erfl(x); }, 2, 2, HUGE_VAL, HUGE_VAL},
      {Op::ErfInv, erfInvReference, 5, 6, 0.9, HUGE_VAL},
  };
  return all;
}

template <class T>
std::vector<T> run(Op op, const std::vector<std::vector<T>>& operands) {
  const Elem elem = sizeof(T) == 4 ? Elem::F32 : Elem::F64;
  const std::vector<Elem> elems(operands.size(), elem);
  std::vector<const void*> pointers;
  for (const auto& x : operands) pointers.push_back(x.data());
  const std::vector<std::int64_t> strides(operands.size(), 1);
  std::vector<T> out(operands[0].size());
  const FlushDenormals flush;
  runScalar(scalarProgram(op, elems, elem), pointers, strides, out.data(), static_cast<std::int64_t>(out.size()));
  return out;
}

/// |got - want| in units in the last place of `want`; results below the least normal number count as zero.
template <class T>
double errorInUlps(T got, Wide want) {
  if (std::isnan(want)) return std::isnan(got) ? 0 : HUGE_VAL;
  if (std::isnan(got)) return HUGE_VAL;
  const T nearest = static_cast<T>(want);
  if (std::isinf(nearest) || std::isinf(got)) {
    if (nearest == got) return 0;
    // A rounding of the greatest number to infinity, or the other way round, is one unit.
    return std::fabs(static_cast<Wide>(std::isinf(got) ? nearest : got)) >= std::numeric_limits<T>::max() * 0.9999999L ? 1 : HUGE_VAL;
  }
  if (std::fabs(want) < std::numeric_limits<T>::min() * 1.000001L)
    return std::fabs(got) <= std::numeric_limits<T>::min() * T(1.000001) ? 0 : HUGE_VAL;
  const Wide unit = ldexpl(1.0L, std::ilogb(want) + 1 - std::numeric_limits<T>::digits);
  return static_cast<double>(std::fabs(got - want) / unit);
}

template <class T>
bool flushed(T x) {
  return x != 0 && std::fabs(x) < std::numeric_limits<T>::min();
}

/// Bit patterns evenly over all floats (so: evenly over magnitudes), and dense ones where functions bend.
template <class T>
std::vector<T> arguments(double reach) {
  std::vector<T> out;
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  const Bits step = sizeof(T) == 4 ? Bits(40009) : Bits(0x0000a3b1c4d5e6f7ull);
  for (Bits b = 0; b + step > b; b += step) out.push_back(std::bit_cast<T>(b));
  std::mt19937_64 random(7);
  const auto uniform = [&](double low, double high, int n) {
    std::uniform_real_distribution<double> d(low, high);
    for (int i = 0; i < n; ++i) out.push_back(static_cast<T>(d(random)));
  };
  uniform(-1, 1, 60000);
  uniform(0.9, 1.1, 20000);
  uniform(-10, 10, 60000);
  uniform(-100, 100, 20000);
  uniform(-800, 800, 20000);
  std::erase_if(out, [&](T x) { return flushed(x) || std::isnan(x) || std::fabs(x) > reach; });
  return out;
}

template <class T>
void expectAccurate(const Function& f, double limit, double reach) {
  const std::vector<T> x = arguments<T>(reach);
  const std::vector<T> y = run<T>(f.op, {x});
  double worst = 0;
  T where = 0, got = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double e = errorInUlps(y[i], f.reference(x[i]));
    if (e > worst) {
      worst = e;
      where = x[i];
      got = y[i];
    }
  }
  EXPECT_LE(worst, limit) << opName(f.op) << "(" << std::hexfloat << where << ") = " << got << std::defaultfloat << ", want "
                          << static_cast<double>(f.reference(where));
  ::testing::Test::RecordProperty(std::string(opName(f.op)) + (sizeof(T) == 4 ? "_f32" : "_f64"), std::to_string(worst));
  if (std::getenv("FEDC_SHOW_ULPS") != nullptr) {
    std::printf("%-10s %s %.3f ulp at %a\n", std::string(opName(f.op)).c_str(), sizeof(T) == 4 ? "f32" : "f64", worst, static_cast<double>(where));
  }
}

TEST(ScalarAccuracy, SinglePrecision) {
  for (const Function& f : functions()) expectAccurate<float>(f, f.single, f.singleReach);
}

TEST(ScalarAccuracy, DoublePrecision) {
  for (const Function& f : functions()) expectAccurate<double>(f, f.wide, f.wideReach);
}

/// The error relative to `scale` where the function itself crosses zero.
template <class T>
void expectClose(Op op, const std::function<Wide(Wide)>& reference, double low, double high, double limit, double floor) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> d(low, high);
  std::vector<T> x;
  for (int i = 0; i < 100000; ++i) x.push_back(static_cast<T>(d(random)));
  const std::vector<T> y = run<T>(op, {x});
  double worst = 0, where = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Wide want = reference(x[i]);
    const Wide scale = std::max<Wide>(std::fabs(want), floor);
    const double e = static_cast<double>(std::fabs(y[i] - want) / (scale * std::numeric_limits<T>::epsilon()));
    if (!(e <= worst)) {
      worst = e;
      where = x[i];
    }
  }
  EXPECT_LE(worst, limit) << opName(op) << " at " << where;
  if (std::getenv("FEDC_SHOW_ULPS") != nullptr) {
    std::printf("%-10s %s %.3f eps at %.17g\n", std::string(opName(op)).c_str(), sizeof(T) == 4 ? "f32" : "f64", worst, where);
  }
}

/// Near 1 the rounding of x^2 decides, in JAX's formula as in ours.
TEST(ScalarAccuracy, InverseErrorFunctionNearOne) { expectClose<float>(Op::ErfInv, erfInvReference, 0.9, 0.999999, 70, 0); }

TEST(ScalarAccuracy, GammaFunctions) {
  const auto logGamma = [](Wide x) { return lgammal(x); };
  expectClose<float>(Op::Lgamma, logGamma, 0, 4, 2, 0);
  expectClose<float>(Op::Lgamma, logGamma, 0, 100, 2, 0);
  expectClose<float>(Op::Lgamma, logGamma, -20, 0, 2, 1e-3);
  expectClose<double>(Op::Lgamma, logGamma, 0, 100, 40, 1);
  expectClose<double>(Op::Lgamma, logGamma, -20, 0, 100, 1);
  expectClose<float>(Op::Digamma, digammaReference, 0, 100, 2, 0);
  expectClose<float>(Op::Digamma, digammaReference, -20, 0, 2, 1e-3);
  expectClose<double>(Op::Digamma, digammaReference, 0, 100, 20, 1);
}

template <class T>
void expectAccuratePairs(Op op, const std::function<Wide(Wide, Wide)>& reference, const std::vector<T>& x, const std::vector<T>& y, double limit) {
  const std::vector<T> z = run<T>(op, {x, y});
  double worst = 0;
  std::size_t where = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double e = errorInUlps(z[i], reference(x[i], y[i]));
    if (e > worst) {
      worst = e;
      where = i;
    }
  }
  EXPECT_LE(worst, limit) << opName(op) << "(" << x[where] << ", " << y[where] << ") = " << z[where] << ", want "
                          << static_cast<double>(reference(x[where], y[where]));
  if (std::getenv("FEDC_SHOW_ULPS") != nullptr) {
    std::printf("%-10s %s %.3f ulp at (%g, %g)\n", std::string(opName(op)).c_str(), sizeof(T) == 4 ? "f32" : "f64", worst, double(x[where]),
                double(y[where]));
  }
}

template <class T>
void sweepPairs() {
  std::mt19937_64 random(3);
  std::vector<T> x, y;
  const auto add = [&](double xLow, double xHigh, double yLow, double yHigh, bool logarithmic) {
    std::uniform_real_distribution<double> a(xLow, xHigh), b(yLow, yHigh);
    for (int i = 0; i < 50000; ++i) {
      x.push_back(static_cast<T>(logarithmic ? std::exp2(a(random)) : a(random)));
      y.push_back(static_cast<T>(b(random)));
    }
  };
  add(-100, 100, -3, 3, true);
  add(-1, 1, -200, 200, true);
  add(-0.01, 0.01, -20000, 20000, true);
  add(-10, 10, -10, 10, false);
  const std::size_t n = x.size();
  // Negative numbers to whole powers.
  for (std::size_t i = 0; i < n; i += 7) {
    x.push_back(-std::fabs(x[i]));
    y.push_back(std::round(y[i]));
  }
  expectAccuratePairs<T>(Op::Pow, [](Wide a, Wide b) { return powl(a, b); }, x, y, 2);
  for (std::size_t i = 0; i < n; i += 3) x[i] = -x[i];
  for (std::size_t i = 0; i < n; i += 5) y[i] = std::ldexp(y[i], static_cast<int>(i % 200) - 100);
  expectAccuratePairs<T>(Op::Atan2, [](Wide a, Wide b) { return atan2l(a, b); }, x, y, 2);
}

TEST(ScalarAccuracy, PowAndAtan2) {
  sweepPairs<float>();
  sweepPairs<double>();
}

}  // namespace
}  // namespace fedc::core
