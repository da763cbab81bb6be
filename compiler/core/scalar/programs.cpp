#include <array>
#include <cmath>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "compiler/core/internal_error.h"
#include "compiler/core/op_table.h"
#include "compiler/core/scalar/value.h"

namespace fedc::core {

namespace {

using namespace scalar;

/// The op on operands of at least 32 bits (floats: f32, f64).
Value applyOp(Op op, std::span<const Value> x) {
  const Value a = x[0];
  const Value b = x.size() > 1 ? x[1] : a;
  const bool real = isFloat(a.elem);
  switch (op) {
    case Op::Add: return a + b;
    case Op::Sub: return a - b;
    case Op::Mul: return a * b;
    case Op::Div: return a / b;
    case Op::Rem: return real ? fma(-trunc(a / b), b, a) : rem(a, b);
    case Op::Neg: return -a;
    case Op::Abs:
      if (real) return abs(a);
      return isSigned(a.elem) ? select(lt(a, 0.0), -a, a) : a;
    case Op::Sign:
      if (!isSigned(a.elem)) return select(ne(a, 0.0), 1.0, a);
      return select(gt(a, 0.0), 1.0, select(lt(a, 0.0), -1.0, a));
    case Op::Min: return minimum(a, b);
    case Op::Max: return maximum(a, b);
    case Op::Floor: return floor(a);
    case Op::Ceil: return ceil(a);
    case Op::Round: return roundEven(a);
    case Op::And: return a & b;
    case Op::Or: return a | b;
    case Op::Xor: return a ^ b;
    case Op::Not: return complement(a);
    case Op::Shl: return shiftLeft(a, b);
    case Op::Shr: return shiftRight(a, b);
    case Op::Eq: return eq(a, b);
    case Op::Ne: return ne(a, b);
    case Op::Lt: return lt(a, b);
    case Op::Le: return le(a, b);
    case Op::Gt: return gt(a, b);
    case Op::Ge: return ge(a, b);
    case Op::Fma: return real ? fma(a, b, x[2]) : a * b + x[2];
    case Op::IsFinite: return lt(abs(a), HUGE_VAL);
    case Op::Exp: return exp(a);
    case Op::Expm1: return expm1(a);
    case Op::Log: return log(a);
    case Op::Log1p: return log1p(a);
    case Op::Sqrt: return sqrt(a);
    case Op::Rsqrt: return 1.0 / sqrt(a);
    case Op::Sin: return sin(a);
    case Op::Cos: return cos(a);
    case Op::Tanh: return tanh(a);
    case Op::Sigmoid: return sigmoid(a);
    case Op::Erf: return erf(a);
    case Op::ErfInv: return erfInv(a);
    case Op::Pow: return pow(a, b);
    case Op::Atan2: return atan2(a, b);
    case Op::Lgamma: return lgamma(a);
    case Op::Digamma: return digamma(a);
    default: break;
  }
  internalError("`" + std::string(opName(op)) + "` has no scalar program", __FILE__, __LINE__);
}

bool isHalf(Elem e) { return e == Elem::F16 || e == Elem::BF16; }

/// f16 and bf16 are converted only from and to f32.
Value convertThroughFloat(Value a, Elem to) {
  if (a.elem == to) return a;
  if (isHalf(a.elem)) a = convert(a, Elem::F32);
  if (isHalf(to)) a = convert(a, Elem::F32);
  return convert(a, to);
}

ScalarProgram makeProgram(Op op, std::span<const Elem> operands, Elem result) {
  Code code;
  std::vector<Value> x;
  for (Elem e : operands) x.push_back(code.operand(e));
  switch (op) {
    case Op::StopGradient: return code.finish(x[0]);
    case Op::Select: return code.finish(select(x[0], x[1], x[2]));
    case Op::Bitcast: return code.finish(bitcast(x[0], result));
    case Op::Convert: return code.finish(convertThroughFloat(x[0], result));
    default: break;
  }
  // Keys and strings are only compared: as bits.
  for (Value& v : x) {
    if (v.elem == Elem::Key) v = bitcast(v, Elem::U64);
    if (v.elem == Elem::Str) v = bitcast(v, Elem::U32);
    if (isHalf(v.elem)) v = convert(v, Elem::F32);
  }
  return code.finish(convertThroughFloat(applyOp(op, x), result));
}

}  // namespace

const ScalarProgram& scalarProgram(Op op, std::span<const Elem> operands, Elem result) {
  static std::mutex mutex;
  static std::unordered_map<std::uint64_t, std::unique_ptr<ScalarProgram>> cache;
  FEDC_REQUIRE(isElementwise(op) && operands.size() <= 3 && !operands.empty(), "not an elementwise op");
  std::uint64_t key = static_cast<std::uint64_t>(op) << 8 | static_cast<std::uint64_t>(result);
  for (Elem e : operands) key = key << 8 | (static_cast<std::uint64_t>(e) + 1);
  const std::lock_guard lock(mutex);
  std::unique_ptr<ScalarProgram>& place = cache[key];
  if (!place) place = std::make_unique<ScalarProgram>(makeProgram(op, operands, result));
  return *place;
}

const ScalarProgram& threefryProgram() {
  static const ScalarProgram program = [] {
    Code code;
    const Value key = bitcast(code.operand(Elem::Key), Elem::U64);
    const Value high = code.operand(Elem::U32), low = code.operand(Elem::U32);
    const auto rotate = [](Value x, int by) { return shl(x, by) | shr(x, 32 - by); };
    const Value k0 = convert(shr(key, 32), Elem::U32);
    const Value k1 = convert(key & code.constantBits(Elem::U64, 0xffffffffu), Elem::U32);
    const std::array<Value, 3> schedule = {k0, k1, k0 ^ k1 ^ code.constantBits(Elem::U32, 0x1BD11BDAu)};
    constexpr int kRotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
    Value x0 = high + k0, x1 = low + k1;
    for (std::size_t group = 0; group < 5; ++group) {
      for (int r : kRotations[group % 2]) {
        x0 = x0 + x1;
        x1 = rotate(x1, r) ^ x0;
      }
      x0 = x0 + schedule[(group + 1) % 3];
      x1 = x1 + schedule[(group + 2) % 3] + static_cast<double>(group + 1);
    }
    return code.finish(shl(convert(x0, Elem::U64), 32) | convert(x1, Elem::U64));
  }();
  return program;
}

Op reduceOp(ReduceKind kind) {
  static constexpr Op kOps[] = {Op::Add, Op::Mul, Op::Max, Op::Min, Op::And, Op::Or};
  return kOps[static_cast<int>(kind)];
}

Literal reduceIdentity(ReduceKind kind, Elem elem) {
  switch (kind) {
    case ReduceKind::Sum:
    case ReduceKind::Or: return Literal::zero(elem);
    case ReduceKind::Prod: return Literal::one(elem);
    case ReduceKind::And: return elem == Elem::Bool ? Literal::ofBool(true) : Literal::ofInt(elem, -1);
    case ReduceKind::Max:
    case ReduceKind::Min: break;
  }
  // Saturates to the least and the greatest value of an integer type.
  return Literal::ofDouble(elem, kind == ReduceKind::Max ? -HUGE_VAL : HUGE_VAL);
}

}  // namespace fedc::core
