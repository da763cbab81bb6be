#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/core/op.h"
#include "compiler/core/type.h"

namespace fedc::core {

/// The primitives that every machine has with the same bits: the alphabet of scalar programs. Float arithmetic is IEEE, round to nearest
/// even, f32 subnormals flushed (MXCSR on the CPU). A primitive's `elem` is the type it computes in; operands have that type, except where said.
enum class Prim : std::uint8_t {
  /// immediate `imm`, of type elem.
  Constant,
  /// operand number `a` of the program.
  Operand,
  // float and integer (integers wrap).
  Add,
  Sub,
  Mul,
  Div,
  Neg,
  // float: fused a*b+c, square root, rounding.
  Fma,
  Sqrt,
  Floor,
  Ceil,
  RoundEven,
  Trunc,
  Abs,
  /// float: the smaller one; NaN if either is NaN; -0 < 0; a subnormal counts as the zero of its sign and gives it.
  Min,
  // integer: quotient and remainder with x/0 = 0, x rem 0 = 0, MIN/-1 = MIN, MIN rem -1 = 0 (Div covers both); shifts by >= width give 0 or the sign.
  Rem,
  And,
  Or,
  Xor,
  Not,
  Shl,
  Shr,
  /// high half of the unsigned product (u32, u64).
  MulHigh,
  // comparisons of operands of type elem; the result is bool. Float comparisons are ordered (false on NaN) except Ne (true on NaN).
  Eq,
  Ne,
  Lt,
  Le,
  Gt,
  Ge,
  /// a ? b : c, a is bool, b and c have type elem.
  Select,
  /// converts a (type `from`) to elem: float to integer truncates and saturates, NaN gives 0; bool gives 0 or 1; to bool is a != 0.
  Convert,
  /// same width, other type: a (type `from`) to elem.
  Bitcast,
};

/// One instruction; its value is named by its index in the program.
struct ScalarInstr {
  Prim prim = Prim::Constant;
  Elem elem = Elem::F32;
  Elem from = Elem::F32;
  int a = -1, b = -1, c = -1;
  std::uint64_t imm = 0;
};

/// Straight-line program over scalars: what an elementwise op computes at one point. The interpreter runs it over arrays, code generation over
/// vectors of 16 lanes: both get the same bits. The result is the last instruction.
struct ScalarProgram {
  std::vector<Elem> operands;
  Elem result = Elem::F32;
  std::vector<ScalarInstr> code;
};

/// The program of an elementwise op at the given operand types (`result`: for convert and bitcast). Cached; thread-safe.
/// f16 and bf16 compute in f32 and round once. Asserts that the op is elementwise and the types obey its row.
const ScalarProgram& scalarProgram(Op op, std::span<const Elem> operands, Elem result);

/// Threefry-2x32 (20 rounds) as scalar programs, for code generation inside nests:
/// operands (key: key, counter high: u32, counter low: u32) -> u64 whose halves are the two output words.
const ScalarProgram& threefryProgram();

/// What a reduction joins two elements with: add, mul, max, min, and, or.
Op reduceOp(ReduceKind kind);
/// What a reduction starts from: 0, 1, the least, the greatest value (floats: -inf, inf), all ones (bool: true), 0.
Literal reduceIdentity(ReduceKind kind, Elem elem);

/// Runs a program over `count` points. Operand i is an array of its element type with stride `strides[i]` elements (0 = one value for all).
/// The caller has set flush-to-zero (FlushDenormals). No bounds are checked. `result` may be one of the operands if that has stride 1.
void runScalar(const ScalarProgram& program, std::span<const void* const> operands, std::span<const std::int64_t> strides, void* result,
               std::int64_t count);

/// An elementwise op on literals, by the same program as at run time, so that folding changes no bit.
Literal evaluate(Op op, std::span<const Literal> operands, Elem result);

/// Sets flush-to-zero and denormals-are-zero for its lifetime.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned saved_;
};

}  // namespace fedc::core
