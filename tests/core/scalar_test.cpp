// The scalar meaning of the cheap ops: special values, wrap-around, conversions, subnormals.

#include "compiler/core/scalar.h"

#include <cmath>
#include <limits>

#include "compiler/core/builder.h"
#include "compiler/core/half.h"
#include "tests/core/support.h"

namespace fedc::core {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
const float kNan = std::numeric_limits<float>::quiet_NaN();

Array apply(Op op, const std::vector<Array>& operands, Elem result) {
  std::vector<Elem> elems;
  std::vector<const void*> pointers;
  std::vector<std::int64_t> strides;
  std::int64_t n = 1;
  for (const Array& a : operands) {
    elems.push_back(a.elem());
    pointers.push_back(a.data());
    strides.push_back(a.count() == 1 ? 0 : 1);
    n = std::max(n, a.count());
  }
  Array out(result, {n});
  const FlushDenormals flush;
  runScalar(scalarProgram(op, elems, result), pointers, strides, out.mutableData(), n);
  return out;
}

template <class T>
std::vector<T> binary(Op op, std::vector<T> a, std::vector<T> b) {
  return valuesOf<T>(apply(op, {arrayOf(a), arrayOf(b)}, elemOfType<T>()));
}

/// Compares bits, so that -0 and 0 differ; NaN is NaN.
void expectSame(const std::vector<float>& got, const std::vector<float>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (std::isnan(want[i])) {
      EXPECT_TRUE(std::isnan(got[i])) << i << ": " << got[i];
    } else {
      EXPECT_EQ(std::bit_cast<std::uint32_t>(got[i]), std::bit_cast<std::uint32_t>(want[i])) << i << ": " << got[i] << " " << want[i];
    }
  }
}

TEST(Scalar, MinimumAndMaximum) {
  const std::vector<float> a = {1, -0.0f, 0.0f, kNan, 3, kInf, -kInf, -1}, b = {2, 0.0f, -0.0f, 3, kNan, 1, 1, -2};
  expectSame(binary<float>(Op::Min, a, b), {1, -0.0f, -0.0f, kNan, kNan, 1, -kInf, -2});
  expectSame(binary<float>(Op::Max, a, b), {2, 0.0f, 0.0f, kNan, kNan, kInf, 1, -1});
  EXPECT_EQ(binary<std::uint8_t>(Op::Max, {200, 3}, {100, 4}), (std::vector<std::uint8_t>{200, 4}));
  EXPECT_EQ(binary<std::int8_t>(Op::Min, {-128, 3}, {100, 4}), (std::vector<std::int8_t>{-128, 3}));
}

TEST(Scalar, IntegersWrapAndDivideByZeroIsZero) {
  constexpr std::int32_t kMin = std::numeric_limits<std::int32_t>::min(), kMax = std::numeric_limits<std::int32_t>::max();
  EXPECT_EQ(binary<std::int32_t>(Op::Add, {kMax, 1}, {1, 2}), (std::vector<std::int32_t>{kMin, 3}));
  EXPECT_EQ(binary<std::int32_t>(Op::Mul, {kMax, 65536}, {2, 65536}), (std::vector<std::int32_t>{-2, 0}));
  EXPECT_EQ(binary<std::int32_t>(Op::Div, {7, -7, 7, 5, kMin}, {2, 2, -2, 0, -1}), (std::vector<std::int32_t>{3, -3, -3, 0, kMin}));
  EXPECT_EQ(binary<std::int32_t>(Op::Rem, {7, -7, 7, 5, kMin}, {2, 2, -2, 0, -1}), (std::vector<std::int32_t>{1, -1, 1, 0, 0}));
  EXPECT_EQ(valuesOf<std::int32_t>(apply(Op::Abs, {arrayOf<std::int32_t>({kMin, -3, 3})}, Elem::I32)), (std::vector<std::int32_t>{kMin, 3, 3}));
  EXPECT_EQ(valuesOf<std::int32_t>(apply(Op::Neg, {arrayOf<std::int32_t>({kMin, -3, 3})}, Elem::I32)), (std::vector<std::int32_t>{kMin, 3, -3}));
  EXPECT_EQ(binary<std::uint8_t>(Op::Sub, {1}, {2}), std::vector<std::uint8_t>{255});
  EXPECT_EQ(binary<std::int8_t>(Op::Div, {-128}, {-1}), std::vector<std::int8_t>{-128});
  EXPECT_EQ(valuesOf<std::int32_t>(apply(Op::Sign, {arrayOf<std::int32_t>({-5, 0, 9})}, Elem::I32)), (std::vector<std::int32_t>{-1, 0, 1}));
}

TEST(Scalar, ShiftsBeyondTheWidth) {
  EXPECT_EQ(binary<std::int32_t>(Op::Shl, {1, 1, -1, 1}, {31, 32, 4, -1}),
            (std::vector<std::int32_t>{std::numeric_limits<std::int32_t>::min(), 0, -16, 0}));
  EXPECT_EQ(binary<std::int32_t>(Op::Shr, {-8, -8, 8, 8}, {1, 40, 1, 32}), (std::vector<std::int32_t>{-4, -1, 4, 0}));
  EXPECT_EQ(binary<std::uint32_t>(Op::Shr, {0x80000000u, 0x80000000u}, {31, 32}), (std::vector<std::uint32_t>{1, 0}));
  EXPECT_EQ(binary<std::int8_t>(Op::Shl, {1, 1}, {7, 8}), (std::vector<std::int8_t>{-128, 0}));
}

TEST(Scalar, FloatRemainderHasTheSignOfTheDividend) {
  expectSame(binary<float>(Op::Rem, {5.5f, -5.5f, 5.5f, 1}, {2, 2, -2, 0}), {1.5f, -1.5f, 1.5f, kNan});
}

TEST(Scalar, RoundingSignAndFinite) {
  const Array x = arrayOf<float>({2.5f, -2.5f, 3.5f, -0.25f, kInf, kNan, 8388609.0f});
  expectSame(valuesOf<float>(apply(Op::Round, {x}, Elem::F32)), {2, -2, 4, -0.0f, kInf, kNan, 8388609.0f});
  expectSame(valuesOf<float>(apply(Op::Floor, {x}, Elem::F32)), {2, -3, 3, -1, kInf, kNan, 8388609.0f});
  expectSame(valuesOf<float>(apply(Op::Ceil, {x}, Elem::F32)), {3, -2, 4, -0.0f, kInf, kNan, 8388609.0f});
  expectSame(valuesOf<float>(apply(Op::Sign, {arrayOf<float>({-3, -0.0f, 0, 7, kNan})}, Elem::F32)), {-1, -0.0f, 0, 1, kNan});
  EXPECT_EQ(valuesOf<std::uint8_t>(apply(Op::IsFinite, {x}, Elem::Bool)), (std::vector<std::uint8_t>{1, 1, 1, 1, 0, 0, 1}));
}

TEST(Scalar, ComparisonsWithNan) {
  const Array a = arrayOf<float>({1, kNan, -0.0f}), b = arrayOf<float>({1, kNan, 0});
  EXPECT_EQ(valuesOf<std::uint8_t>(apply(Op::Eq, {a, b}, Elem::Bool)), (std::vector<std::uint8_t>{1, 0, 1}));
  EXPECT_EQ(valuesOf<std::uint8_t>(apply(Op::Ne, {a, b}, Elem::Bool)), (std::vector<std::uint8_t>{0, 1, 0}));
  EXPECT_EQ(valuesOf<std::uint8_t>(apply(Op::Ge, {a, b}, Elem::Bool)), (std::vector<std::uint8_t>{1, 0, 1}));
  EXPECT_EQ(valuesOf<std::uint8_t>(apply(Op::Lt, {a, b}, Elem::Bool)), (std::vector<std::uint8_t>{0, 0, 0}));
}

TEST(Scalar, FloatToIntegerTruncatesAndSaturates) {
  const Array x = arrayOf<float>({1.9f, -1.9f, 3e9f, -3e9f, kNan, kInf, -kInf, 300});
  EXPECT_EQ(valuesOf<std::int32_t>(apply(Op::Convert, {x}, Elem::I32)),
            (std::vector<std::int32_t>{1, -1, INT32_MAX, INT32_MIN, 0, INT32_MAX, INT32_MIN, 300}));
  EXPECT_EQ(valuesOf<std::uint8_t>(apply(Op::Convert, {x}, Elem::U8)), (std::vector<std::uint8_t>{1, 0, 255, 0, 0, 255, 0, 255}));
  EXPECT_EQ(valuesOf<std::uint32_t>(apply(Op::Convert, {x}, Elem::U32)), (std::vector<std::uint32_t>{1, 0, 3000000000u, 0, 0, UINT32_MAX, 0, 300}));
  EXPECT_EQ(valuesOf<std::int64_t>(apply(Op::Convert, {arrayOf<double>({9.3e18, -9.3e18, 9007199254740993.0})}, Elem::I64)),
            (std::vector<std::int64_t>{INT64_MAX, INT64_MIN, 9007199254740992}));
  EXPECT_EQ(valuesOf<std::uint64_t>(apply(Op::Convert, {arrayOf<double>({1.9e19, -1, 1e19})}, Elem::U64)),
            (std::vector<std::uint64_t>{UINT64_MAX, 0, 10000000000000000000ull}));
}

TEST(Scalar, OtherConversions) {
  EXPECT_EQ(valuesOf<float>(apply(Op::Convert, {arrayOf<bool>({true, false, true})}, Elem::F32)), (std::vector<float>{1, 0, 1}));
  EXPECT_EQ(valuesOf<std::uint8_t>(apply(Op::Convert, {arrayOf<float>({0, -0.0f, 0.5f, kNan})}, Elem::Bool)),
            (std::vector<std::uint8_t>{0, 0, 1, 1}));
  EXPECT_EQ(valuesOf<std::int8_t>(apply(Op::Convert, {arrayOf<std::int32_t>({257, -129})}, Elem::I8)), (std::vector<std::int8_t>{1, 127}));
  EXPECT_EQ(valuesOf<float>(apply(Op::Convert, {arrayOf<std::uint64_t>({1ull << 63})}, Elem::F32)), (std::vector<float>{9223372036854775808.0f}));
  EXPECT_EQ(valuesOf<float>(apply(Op::Convert, {arrayOf<std::int32_t>({16777217, 16777219})}, Elem::F32)), (std::vector<float>{16777216, 16777220}));
  const Array bits = apply(Op::Bitcast, {arrayOf<float>({-1.5f})}, Elem::U32);
  EXPECT_EQ(valuesOf<std::uint32_t>(bits), std::vector<std::uint32_t>{0xbfc00000u});
}

TEST(Scalar, SubnormalsAreZero) {
  const float tiny = std::numeric_limits<float>::denorm_min(), least = std::numeric_limits<float>::min();
  expectSame(binary<float>(Op::Add, {tiny, least}, {tiny, -least * 1.5f}), {0, -0.0f});
  expectSame(binary<float>(Op::Mul, {least, tiny}, {0.5f, 1e38f}), {0, 0});
  EXPECT_EQ(valuesOf<std::uint8_t>(apply(Op::Eq, {arrayOf<float>({tiny}), arrayOf<float>({0})}, Elem::Bool)), std::vector<std::uint8_t>{1});
  expectSame(valuesOf<float>(apply(Op::Log, {arrayOf<float>({tiny})}, Elem::F32)), {-kInf});
}

TEST(Scalar, FunctionsAtSpecialValues) {
  const auto at = [](Op op, std::vector<float> x) { return valuesOf<float>(apply(op, {arrayOf(x)}, Elem::F32)); };
  expectSame(at(Op::Exp, {0, -0.0f, kInf, -kInf, kNan, 88.72f, 88.73f, -87.4f}), {1, 1, kInf, 0, kNan, at(Op::Exp, {88.72f})[0], kInf, 0});
  EXPECT_TRUE(std::isfinite(at(Op::Exp, {88.72f})[0]));
  expectSame(at(Op::Expm1, {0, -0.0f, kInf, -kInf, kNan}), {0, -0.0f, kInf, -1, kNan});
  expectSame(at(Op::Log, {1, 0, -0.0f, -1, kInf, kNan}), {0, -kInf, -kInf, kNan, kInf, kNan});
  expectSame(at(Op::Log1p, {0, -0.0f, -1, -2, kInf, kNan}), {0, -0.0f, -kInf, kNan, kInf, kNan});
  expectSame(at(Op::Sqrt, {0, -0.0f, 4, -1, kInf, kNan}), {0, -0.0f, 2, kNan, kInf, kNan});
  expectSame(at(Op::Rsqrt, {0, 4, kInf, -1}), {kInf, 0.5f, 0, kNan});
  expectSame(at(Op::Sin, {0, -0.0f, kInf, kNan}), {0, -0.0f, kNan, kNan});
  expectSame(at(Op::Cos, {0, -0.0f, -kInf, kNan}), {1, 1, kNan, kNan});
  expectSame(at(Op::Tanh, {0, -0.0f, kInf, -kInf, kNan, 20}), {0, -0.0f, 1, -1, kNan, 1});
  expectSame(at(Op::Sigmoid, {0, kInf, -kInf, kNan, -200, 200}), {0.5f, 1, 0, kNan, 0, 1});
  expectSame(at(Op::Erf, {0, -0.0f, kInf, -kInf, kNan, 5}), {0, -0.0f, 1, -1, kNan, 1});
  expectSame(at(Op::ErfInv, {0, -0.0f, 1, -1, 1.5f, kNan}), {0, -0.0f, kInf, -kInf, kNan, kNan});
  expectSame(at(Op::Lgamma, {1, 2, 0, -1, -7, kInf, -kInf, kNan}), {0, 0, kInf, kInf, kInf, kInf, kInf, kNan});
  expectSame(at(Op::Digamma, {0, -1, kInf, kNan}), {kNan, kNan, kInf, kNan});
}

TEST(Scalar, PowAndAtan2LikeIeee) {
  const std::vector<float> values = {0.0f, -0.0f, 1, -1, 2, -2, 0.5f, -0.5f, 3, -3, 2.5f, kInf, -kInf, kNan, 1e30f, -1e30f, 16777217.0f};
  std::vector<float> x, y, power, angle;
  for (float a : values) {
    for (float b : values) {
      x.push_back(a);
      y.push_back(b);
      power.push_back(static_cast<float>(std::pow(static_cast<double>(a), static_cast<double>(b))));
      angle.push_back(static_cast<float>(std::atan2(static_cast<double>(a), static_cast<double>(b))));
    }
  }
  const auto p = binary<float>(Op::Pow, x, y), t = binary<float>(Op::Atan2, x, y);
  const std::vector<double> xs(x.begin(), x.end()), ys(y.begin(), y.end());
  const auto wideP = binary<double>(Op::Pow, xs, ys), wideT = binary<double>(Op::Atan2, xs, ys);
  const auto close = [](double got, double want, double eps) {
    if (std::isnan(want)) return std::isnan(got);
    if (want == 0 || std::isinf(want)) return got == want && std::signbit(got) == std::signbit(want);
    return std::fabs(got - want) <= eps * std::fabs(want);
  };
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::fabs(power[i]) > std::numeric_limits<float>::min() || power[i] == 0) {
      EXPECT_TRUE(close(p[i], power[i], 2.4e-7)) << "pow(" << x[i] << ", " << y[i] << ") = " << p[i] << ", not " << power[i];
    }
    EXPECT_TRUE(close(wideP[i], std::pow(xs[i], ys[i]), 4.5e-16)) << "pow(" << x[i] << ", " << y[i] << ") = " << wideP[i];
    EXPECT_TRUE(close(t[i], angle[i], 2.4e-7)) << "atan2(" << x[i] << ", " << y[i] << ") = " << t[i] << ", not " << angle[i];
    EXPECT_TRUE(close(wideT[i], std::atan2(xs[i], ys[i]), 4.5e-16)) << "atan2(" << x[i] << ", " << y[i] << ") = " << wideT[i];
  }
}

TEST(Scalar, HalvesConvertExactlyAndRoundOnce) {
  for (std::uint32_t h = 0; h < 65536; ++h) {
    const auto bits = static_cast<std::uint16_t>(h);
    const float f = f16ToFloat(bits), b = bf16ToFloat(bits);
    if (std::isnan(f)) {
      ASSERT_GT(floatToF16(f) & 0x7fff, 0x7c00);
    } else {
      ASSERT_EQ(floatToF16(f), bits);
    }
    if (!std::isnan(b)) {
      ASSERT_EQ(floatToBf16(b), bits);
    }
  }
  // Ties go to even; half of the least subnormal is a tie with zero.
  EXPECT_EQ(floatToF16(1.0f + 0x1p-11f), 0x3c00);
  EXPECT_EQ(floatToF16(1.0f + 3 * 0x1p-11f), 0x3c02);
  EXPECT_EQ(floatToF16(0x1p-25f), 0);
  EXPECT_EQ(floatToF16(0x1.8p-25f), 1);
  EXPECT_EQ(floatToF16(65519.9f), 0x7bff);
  EXPECT_EQ(floatToF16(65520.0f), 0x7c00);
  EXPECT_EQ(floatToBf16(1.0f + 0x1p-8f), 0x3f80);
  EXPECT_EQ(floatToBf16(1.0f + 3 * 0x1p-8f), 0x3f82);
  // A double just above a tie of f16 is not rounded to it through f32 first.
  EXPECT_EQ(Literal::ofDouble(Elem::F16, 1.0 + 0x1p-11 + 0x1p-40).bits, 0x3c01u);
}

TEST(Scalar, LongArraysAndSplats) {
  std::vector<float> a(1000), b(1000);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i), b[i] = a[i] * 3 + 1;
  const Array r = apply(Op::Fma, {arrayOf(a), arrayOf<float>({3}), arrayOf<float>({1})}, Elem::F32);
  EXPECT_EQ(valuesOf<float>(r), b);
}

TEST(Literal, RoundTrips) {
  EXPECT_EQ(Literal::ofInt(Elem::I8, -1).bits, 0xffu);
  EXPECT_EQ(Literal::ofInt(Elem::I8, -1).toInt(), -1);
  EXPECT_EQ(Literal::ofInt(Elem::U8, -1).toInt(), 255);
  EXPECT_EQ(Literal::ofDouble(Elem::I32, 1e20).toInt(), INT32_MAX);
  EXPECT_EQ(Literal::ofInt(Elem::BF16, 3).toDouble(), 3.0);
  EXPECT_EQ(Literal::one(Elem::F64).toDouble(), 1.0);
  EXPECT_EQ(reduceIdentity(ReduceKind::Max, Elem::I16).toInt(), -32768);
  EXPECT_EQ(reduceIdentity(ReduceKind::Min, Elem::U64).bits, UINT64_MAX);
  EXPECT_EQ(reduceIdentity(ReduceKind::And, Elem::Bool).bits, 1u);
}

}  // namespace
}  // namespace fedc::core
