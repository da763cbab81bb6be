#pragma once

#include <map>
#include <tuple>

#include "compiler/core/scalar.h"

namespace fedc::core::scalar {

class Code;

/// A value of a scalar program under construction; operators append instructions. Both operands of an operator have one type; a double
/// stands for a constant of the other's type (rounded to it).
struct Value {
  Code* code = nullptr;
  int index = -1;
  Elem elem = Elem::F32;
};

/// Collects instructions; equal ones are kept once.
class Code {
 public:
  Value operand(Elem elem);
  Value constant(Elem elem, double value);
  Value constantBits(Elem elem, std::uint64_t bits);
  Value append(Prim prim, Elem elem, Elem result, std::initializer_list<Value> operands, Elem from = Elem::F32);
  /// The program that computes `result`; instructions it does not need are left out.
  ScalarProgram finish(Value result) const;

 private:
  Value intern(ScalarInstr instr, Elem result);
  std::vector<Elem> operands_;
  std::vector<ScalarInstr> code_;
  std::map<std::tuple<Prim, Elem, Elem, int, int, int, std::uint64_t>, int> known_;
};

Value operator+(Value a, Value b);
Value operator-(Value a, Value b);
Value operator*(Value a, Value b);
Value operator/(Value a, Value b);
Value operator+(Value a, double b);
Value operator-(Value a, double b);
Value operator*(Value a, double b);
Value operator-(double a, Value b);
Value operator/(double a, Value b);
Value operator-(Value a);
Value operator&(Value a, Value b);
Value operator|(Value a, Value b);
Value operator^(Value a, Value b);
Value rem(Value a, Value b);
Value complement(Value a);
Value shl(Value a, int count);
Value shr(Value a, int count);
Value shiftLeft(Value a, Value count);
Value shiftRight(Value a, Value count);
Value mulHigh(Value a, Value b);
Value fma(Value a, Value b, Value c);
Value fma(Value a, double b, Value c);
Value fma(Value a, Value b, double c);
Value fma(Value a, double b, double c);
Value sqrt(Value a);
Value abs(Value a);
Value floor(Value a);
Value ceil(Value a);
Value roundEven(Value a);
Value trunc(Value a);
Value eq(Value a, Value b);
Value ne(Value a, Value b);
Value lt(Value a, Value b);
Value le(Value a, Value b);
Value gt(Value a, Value b);
Value ge(Value a, Value b);
Value eq(Value a, double b);
Value ne(Value a, double b);
Value lt(Value a, double b);
Value le(Value a, double b);
Value gt(Value a, double b);
Value ge(Value a, double b);
Value isNan(Value a);
Value select(Value p, Value a, Value b);
Value select(Value p, double a, Value b);
Value select(Value p, Value a, double b);
Value convert(Value a, Elem to);
Value bitcast(Value a, Elem to);
/// The smaller and the greater one, NaN if either is NaN, -0 < 0.
Value minimum(Value a, Value b);
Value maximum(Value a, Value b);
/// A constant of the type of `like`.
Value constantLike(Value like, double value);
/// The bits of a float as the unsigned (signed) integer of its width, and back.
Value bitsOf(Value a);
Value signedBitsOf(Value a);
/// |a| with the sign of b.
Value withSign(Value a, Value b);
/// c[0] + c[1] x + ..., by Horner's rule over fma.
Value polynomial(Value x, std::initializer_list<double> coefficients);
Value polynomial(Value x, std::span<const double> coefficients);

// The functions, on f32 or f64; one file a family.
Value exp(Value x);
Value expm1(Value x);
Value log(Value x);
Value log1p(Value x);
Value tanh(Value x);
Value sigmoid(Value x);
Value sin(Value x);
Value cos(Value x);
Value erf(Value x);
Value erfInv(Value x);
Value pow(Value x, Value y);
Value atan2(Value y, Value x);
Value lgamma(Value x);
Value digamma(Value x);

}  // namespace fedc::core::scalar
