#include <xmmintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "compiler/core/half.h"
#include "compiler/core/internal_error.h"
#include "compiler/core/ops/join.h"
#include "compiler/core/ops/layout.h"
#include "compiler/core/scalar.h"

namespace fedc::core {

namespace {

/// How many points an instruction is run over at a time.
constexpr std::int64_t kChunk = 128;

struct alignas(64) Register {
  std::array<std::byte, kChunk * 8> bytes;
};

template <class T>
FEDC_INLINE T divide(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a / b;
  } else {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return static_cast<T>(std::make_unsigned_t<T>(0) - static_cast<std::make_unsigned_t<T>>(a));
    }
    return static_cast<T>(a / b);
  }
}

template <class T>
FEDC_INLINE T remainderOf(T a, T b) {
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) return 0;
  }
  return b == 0 ? T(0) : static_cast<T>(a % b);
}

template <class T>
FEDC_INLINE T shiftedLeft(T a, T b) {
  using U = std::make_unsigned_t<T>;
  constexpr U kWidth = 8 * sizeof(T);
  const U count = static_cast<U>(b);
  return count >= kWidth ? T(0) : static_cast<T>(static_cast<U>(static_cast<std::uint64_t>(static_cast<U>(a)) << count));
}

template <class T>
FEDC_INLINE T shiftedRight(T a, T b) {
  using U = std::make_unsigned_t<T>;
  constexpr U kWidth = 8 * sizeof(T);
  const U count = static_cast<U>(b);
  if (count >= kWidth) return a < 0 ? static_cast<T>(-1) : T(0);
  return static_cast<T>(a >> count);
}

template <class T>
FEDC_INLINE T highHalf(T a, T b) {
  if constexpr (sizeof(T) == 8) {
    __extension__ typedef unsigned __int128 Wide;
    return static_cast<T>((Wide(a) * Wide(b)) >> 64);
  } else {
    return static_cast<T>((static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b)) >> 32);
  }
}

template <class T>
FEDC_SIMD FEDC_INLINE T fused(T a, T b, T c) {
  if constexpr (std::is_same_v<T, float>) {
    return __builtin_fmaf(a, b, c);
  } else {
    return __builtin_fma(a, b, c);
  }
}

/// Rounds as the primitive says; one instruction each.
template <class T>
FEDC_SIMD void roundRow(Prim prim, std::int64_t n, const T* a, T* out) {
  switch (prim) {
    case Prim::Floor:
      for (std::int64_t i = 0; i < n; ++i) out[i] = std::is_same_v<T, float> ? __builtin_floorf(static_cast<float>(a[i])) : __builtin_floor(a[i]);
      return;
    case Prim::Ceil:
      for (std::int64_t i = 0; i < n; ++i) out[i] = std::is_same_v<T, float> ? __builtin_ceilf(static_cast<float>(a[i])) : __builtin_ceil(a[i]);
      return;
    case Prim::Trunc:
      for (std::int64_t i = 0; i < n; ++i) out[i] = std::is_same_v<T, float> ? __builtin_truncf(static_cast<float>(a[i])) : __builtin_trunc(a[i]);
      return;
    default:
      for (std::int64_t i = 0; i < n; ++i) out[i] = std::is_same_v<T, float> ? __builtin_rintf(static_cast<float>(a[i])) : __builtin_rint(a[i]);
      return;
  }
}

template <class To, class From>
FEDC_INLINE To convertOne(From a) {
  if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    constexpr From kLow = static_cast<From>(std::numeric_limits<To>::min());
    // One past the greatest, a power of two, so exact.
    constexpr To kHalf = std::numeric_limits<To>::max() / 2 + 1;
    constexpr From kHigh = static_cast<From>(kHalf) * 2;
    if (std::isnan(a)) return 0;
    if (a < kLow) return std::numeric_limits<To>::min();
    if (a >= kHigh) return std::numeric_limits<To>::max();
    return static_cast<To>(a);
  } else {
    return static_cast<To>(a);
  }
}

template <class To, class From>
FEDC_SIMD void convertRow(std::int64_t n, const From* a, To* out) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = convertOne<To, From>(a[i]);
}

void convertAny(Elem from, Elem to, std::int64_t n, const void* a, void* out) {
  const auto half = [](Elem e) { return e == Elem::F16 || e == Elem::BF16; };
  if (half(from)) {
    FEDC_REQUIRE(to == Elem::F32, "f16 and bf16 are converted to f32 only");
    const auto* x = static_cast<const std::uint16_t*>(a);
    auto* y = static_cast<float*>(out);
    for (std::int64_t i = 0; i < n; ++i) y[i] = from == Elem::F16 ? f16ToFloat(x[i]) : bf16ToFloat(x[i]);
    return;
  }
  if (half(to)) {
    FEDC_REQUIRE(from == Elem::F32, "f16 and bf16 are converted from f32 only");
    const auto* x = static_cast<const float*>(a);
    auto* y = static_cast<std::uint16_t*>(out);
    for (std::int64_t i = 0; i < n; ++i) y[i] = to == Elem::F16 ? floatToF16(x[i]) : floatToBf16(x[i]);
    return;
  }
  withStorage(from, [&](auto x) {
    using From = decltype(x);
    const From* p = static_cast<const From*>(a);
    if (to == Elem::Bool) {
      auto* q = static_cast<std::uint8_t*>(out);
      for (std::int64_t i = 0; i < n; ++i) q[i] = p[i] != From(0) ? 1 : 0;
      return;
    }
    withStorage(to, [&](auto y) { convertRow<decltype(y), From>(n, p, static_cast<decltype(y)*>(out)); });
  });
}

template <class T>
FEDC_SIMD void compareRow(Prim prim, std::int64_t n, const T* a, const T* b, std::uint8_t* out) {
  switch (prim) {
    case Prim::Eq:
      for (std::int64_t i = 0; i < n; ++i) out[i] = a[i] == b[i];
      return;
    case Prim::Ne:
      for (std::int64_t i = 0; i < n; ++i) out[i] = a[i] != b[i];
      return;
    case Prim::Lt:
      for (std::int64_t i = 0; i < n; ++i) out[i] = a[i] < b[i];
      return;
    case Prim::Le:
      for (std::int64_t i = 0; i < n; ++i) out[i] = a[i] <= b[i];
      return;
    case Prim::Gt:
      for (std::int64_t i = 0; i < n; ++i) out[i] = a[i] > b[i];
      return;
    default:
      for (std::int64_t i = 0; i < n; ++i) out[i] = a[i] >= b[i];
      return;
  }
}

template <class T>
FEDC_SIMD void selectRow(std::int64_t n, const std::uint8_t* p, const T* a, const T* b, T* out) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = p[i] != 0 ? a[i] : b[i];
}

template <class T>
FEDC_SIMD void floatRow(Prim prim, std::int64_t n, const T* a, const T* b, const T* c, T* out) {
  switch (prim) {
    case Prim::Add:
      for (std::int64_t i = 0; i < n; ++i) out[i] = a[i] + b[i];
      return;
    case Prim::Sub:
      for (std::int64_t i = 0; i < n; ++i) out[i] = a[i] - b[i];
      return;
    case Prim::Mul:
      for (std::int64_t i = 0; i < n; ++i) out[i] = a[i] * b[i];
      return;
    case Prim::Div:
      for (std::int64_t i = 0; i < n; ++i) out[i] = a[i] / b[i];
      return;
    case Prim::Neg:
      for (std::int64_t i = 0; i < n; ++i) out[i] = -a[i];
      return;
    case Prim::Abs:
      for (std::int64_t i = 0; i < n; ++i) out[i] = std::fabs(a[i]);
      return;
    case Prim::Fma:
      for (std::int64_t i = 0; i < n; ++i) out[i] = fused<T>(a[i], b[i], c[i]);
      return;
    case Prim::Min:
      for (std::int64_t i = 0; i < n; ++i) out[i] = join<ReduceKind::Min, T>(a[i], b[i]);
      return;
    case Prim::Sqrt:
      for (std::int64_t i = 0; i < n; ++i) out[i] = std::sqrt(a[i]);
      return;
    default: return roundRow<T>(prim, n, a, out);
  }
}

template <class T>
FEDC_SIMD void integerRow(Prim prim, std::int64_t n, const T* a, const T* b, T* out) {
  using U = std::make_unsigned_t<T>;
  switch (prim) {
    case Prim::Add:
      for (std::int64_t i = 0; i < n; ++i) out[i] = join<ReduceKind::Sum, T>(a[i], b[i]);
      return;
    case Prim::Sub:
      for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(static_cast<U>(static_cast<U>(a[i]) - static_cast<U>(b[i])));
      return;
    case Prim::Mul:
      for (std::int64_t i = 0; i < n; ++i) out[i] = join<ReduceKind::Prod, T>(a[i], b[i]);
      return;
    case Prim::Div:
      for (std::int64_t i = 0; i < n; ++i) out[i] = divide<T>(a[i], b[i]);
      return;
    case Prim::Rem:
      for (std::int64_t i = 0; i < n; ++i) out[i] = remainderOf<T>(a[i], b[i]);
      return;
    case Prim::Neg:
      for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(static_cast<U>(U(0) - static_cast<U>(a[i])));
      return;
    case Prim::And:
      for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(a[i] & b[i]);
      return;
    case Prim::Or:
      for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(a[i] | b[i]);
      return;
    case Prim::Xor:
      for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(a[i] ^ b[i]);
      return;
    case Prim::Not:
      for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(~a[i]);
      return;
    case Prim::Shl:
      for (std::int64_t i = 0; i < n; ++i) out[i] = shiftedLeft<T>(a[i], b[i]);
      return;
    case Prim::Shr:
      for (std::int64_t i = 0; i < n; ++i) out[i] = shiftedRight<T>(a[i], b[i]);
      return;
    case Prim::MulHigh:
      for (std::int64_t i = 0; i < n; ++i) out[i] = highHalf<T>(a[i], b[i]);
      return;
    default: internalError("a primitive that integers do not have", __FILE__, __LINE__);
  }
}

/// Runs one instruction over n points; `x` are the operands' rows.
void runInstr(const ScalarInstr& instr, std::int64_t n, const std::array<const void*, 3>& x, void* out) {
  switch (instr.prim) {
    case Prim::Convert: return convertAny(instr.from, instr.elem, n, x[0], out);
    case Prim::Bitcast: std::memcpy(out, x[0], static_cast<std::size_t>(n * elemBytes(instr.elem))); return;
    case Prim::Select:
      return withStorage(instr.elem, [&](auto zero) {
        using T = decltype(zero);
        selectRow<T>(n, static_cast<const std::uint8_t*>(x[0]), static_cast<const T*>(x[1]), static_cast<const T*>(x[2]), static_cast<T*>(out));
      });
    default: break;
  }
  if (instr.prim == Prim::Not && instr.elem == Elem::Bool) {
    const auto* a = static_cast<const std::uint8_t*>(x[0]);
    for (std::int64_t i = 0; i < n; ++i) static_cast<std::uint8_t*>(out)[i] = a[i] ^ 1u;
    return;
  }
  const bool comparison = instr.prim >= Prim::Eq && instr.prim <= Prim::Ge;
  withStorage(instr.elem, [&](auto zero) {
    using T = decltype(zero);
    const T* a = static_cast<const T*>(x[0]);
    const T* b = static_cast<const T*>(x[1]);
    if (comparison) {
      compareRow<T>(instr.prim, n, a, b, static_cast<std::uint8_t*>(out));
    } else if constexpr (std::is_floating_point_v<T>) {
      floatRow<T>(instr.prim, n, a, b, static_cast<const T*>(x[2]), static_cast<T*>(out));
    } else {
      integerRow<T>(instr.prim, n, a, b, static_cast<T*>(out));
    }
  });
}

void fill(Elem elem, std::int64_t n, const void* value, void* out) {
  withStorage(elem, [&](auto zero) {
    using T = decltype(zero);
    T v;
    std::memcpy(&v, value, sizeof(T));
    std::fill_n(static_cast<T*>(out), n, v);
  });
}

}  // namespace

void runScalar(const ScalarProgram& program, std::span<const void* const> operands, std::span<const std::int64_t> strides, void* result,
               std::int64_t count) {
  // Kept from call to call: most calls are short.
  thread_local std::vector<Register> registers;
  const std::size_t size = program.code.size();
  if (registers.size() < size) registers.resize(size);
  std::vector<const void*> rows(size);
  const std::int64_t chunk = std::min(kChunk, count);
  for (std::size_t i = 0; i < size; ++i) {
    const ScalarInstr& instr = program.code[i];
    rows[i] = registers[i].bytes.data();
    if (instr.prim == Prim::Constant) fill(instr.elem, chunk, &instr.imm, registers[i].bytes.data());
    if (instr.prim == Prim::Operand && strides[static_cast<std::size_t>(instr.a)] == 0) {
      fill(instr.elem, chunk, operands[static_cast<std::size_t>(instr.a)], registers[i].bytes.data());
    }
  }
  const std::int64_t resultWidth = elemBytes(program.result);
  for (std::int64_t begin = 0; begin < count; begin += kChunk) {
    const std::int64_t n = std::min(kChunk, count - begin);
    for (std::size_t i = 0; i < size; ++i) {
      const ScalarInstr& instr = program.code[i];
      if (instr.prim == Prim::Constant) continue;
      if (instr.prim == Prim::Operand) {
        const std::size_t operand = static_cast<std::size_t>(instr.a);
        const std::int64_t stride = strides[operand];
        if (stride == 0) continue;
        const std::int64_t width = elemBytes(instr.elem);
        const char* from = static_cast<const char*>(operands[operand]) + begin * stride * width;
        if (stride == 1) {
          rows[i] = from;
        } else {
          const std::int64_t shape[] = {n}, one[] = {1};
          copyBlock(static_cast<int>(width), shape, from, std::span(&stride, 1), registers[i].bytes.data(), one);
        }
        continue;
      }
      std::array<const void*, 3> x{};
      const int operandsOf[] = {instr.a, instr.b, instr.c};
      for (std::size_t j = 0; j < 3; ++j) {
        if (operandsOf[j] >= 0) x[j] = rows[static_cast<std::size_t>(operandsOf[j])];
      }
      runInstr(instr, n, x, registers[i].bytes.data());
    }
    std::memmove(static_cast<char*>(result) + begin * resultWidth, rows[size - 1], static_cast<std::size_t>(n * resultWidth));
  }
}

FlushDenormals::FlushDenormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040u); }
FlushDenormals::~FlushDenormals() { _mm_setcsr(saved_); }

Literal evaluate(Op op, std::span<const Literal> operands, Elem result) {
  std::vector<Elem> elems;
  std::vector<const void*> data;
  for (const Literal& l : operands) {
    elems.push_back(l.elem);
    // The bits are in the low end, and this machine is little-endian.
    data.push_back(&l.bits);
  }
  const std::vector<std::int64_t> strides(operands.size(), 0);
  Literal out = Literal::zero(result);
  const FlushDenormals flush;
  runScalar(scalarProgram(op, elems, result), data, strides, &out.bits, 1);
  return out;
}

}  // namespace fedc::core
