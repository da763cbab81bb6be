#include "compiler/core/scalar/value.h"

#include "compiler/core/internal_error.h"

namespace fedc::core::scalar {

Value Code::intern(ScalarInstr instr, Elem result) {
  const auto key = std::make_tuple(instr.prim, instr.elem, instr.from, instr.a, instr.b, instr.c, instr.imm);
  const auto [place, fresh] = known_.emplace(key, static_cast<int>(code_.size()));
  if (fresh) code_.push_back(instr);
  return Value{this, place->second, result};
}

Value Code::operand(Elem elem) {
  ScalarInstr i;
  i.prim = Prim::Operand;
  i.elem = elem;
  i.a = static_cast<int>(operands_.size());
  operands_.push_back(elem);
  return intern(i, elem);
}

Value Code::constantBits(Elem elem, std::uint64_t bits) {
  ScalarInstr i;
  i.prim = Prim::Constant;
  i.elem = elem;
  i.imm = bits;
  return intern(i, elem);
}

Value Code::constant(Elem elem, double value) { return constantBits(elem, Literal::ofDouble(elem, value).bits); }

Value Code::append(Prim prim, Elem elem, Elem result, std::initializer_list<Value> operands, Elem from) {
  ScalarInstr i;
  i.prim = prim;
  i.elem = elem;
  i.from = from;
  int* const places[] = {&i.a, &i.b, &i.c};
  std::size_t n = 0;
  for (const Value& v : operands) *places[n++] = v.index;
  return intern(i, result);
}

ScalarProgram Code::finish(Value result) const {
  // Operands of instructions name earlier ones, so one backward walk finds what is needed; operand instructions stay only if used.
  std::vector<int> place(code_.size(), -1);
  std::vector<bool> needed(code_.size(), false);
  needed[static_cast<std::size_t>(result.index)] = true;
  const auto isLeaf = [](const ScalarInstr& i) { return i.prim == Prim::Constant || i.prim == Prim::Operand; };
  for (std::size_t i = code_.size(); i-- > 0;) {
    if (!needed[i] || isLeaf(code_[i])) continue;
    for (int x : {code_[i].a, code_[i].b, code_[i].c}) {
      if (x >= 0) needed[static_cast<std::size_t>(x)] = true;
    }
  }
  ScalarProgram p;
  p.operands = operands_;
  p.result = result.elem;
  for (std::size_t i = 0; i < code_.size(); ++i) {
    if (!needed[i]) continue;
    ScalarInstr instr = code_[i];
    if (!isLeaf(instr)) {
      for (int* x : {&instr.a, &instr.b, &instr.c}) {
        if (*x >= 0) *x = place[static_cast<std::size_t>(*x)];
      }
    }
    place[i] = static_cast<int>(p.code.size());
    p.code.push_back(instr);
  }
  return p;
}

namespace {

void requireSame(const Value& a, const Value& b) { FEDC_REQUIRE(a.elem == b.elem, "a scalar program mixes types"); }

Value binary(Prim prim, Value a, Value b) {
  requireSame(a, b);
  return a.code->append(prim, a.elem, a.elem, {a, b});
}

Value unary(Prim prim, Value a) { return a.code->append(prim, a.elem, a.elem, {a}); }

Value compare(Prim prim, Value a, Value b) {
  requireSame(a, b);
  return a.code->append(prim, a.elem, Elem::Bool, {a, b});
}

}  // namespace

Value constantLike(Value like, double value) { return like.code->constant(like.elem, value); }

Value operator+(Value a, Value b) { return binary(Prim::Add, a, b); }
Value operator-(Value a, Value b) { return binary(Prim::Sub, a, b); }
Value operator*(Value a, Value b) { return binary(Prim::Mul, a, b); }
Value operator/(Value a, Value b) { return binary(Prim::Div, a, b); }
Value operator+(Value a, double b) { return a + constantLike(a, b); }
Value operator-(Value a, double b) { return a - constantLike(a, b); }
Value operator*(Value a, double b) { return a * constantLike(a, b); }
Value operator-(double a, Value b) { return constantLike(b, a) - b; }
Value operator/(double a, Value b) { return constantLike(b, a) / b; }
Value operator-(Value a) { return unary(Prim::Neg, a); }
Value operator&(Value a, Value b) { return binary(Prim::And, a, b); }
Value operator|(Value a, Value b) { return binary(Prim::Or, a, b); }
Value operator^(Value a, Value b) { return binary(Prim::Xor, a, b); }
Value rem(Value a, Value b) { return binary(Prim::Rem, a, b); }
Value complement(Value a) { return unary(Prim::Not, a); }
Value shiftLeft(Value a, Value count) { return binary(Prim::Shl, a, count); }
Value shiftRight(Value a, Value count) { return binary(Prim::Shr, a, count); }
Value shl(Value a, int count) { return shiftLeft(a, constantLike(a, count)); }
Value shr(Value a, int count) { return shiftRight(a, constantLike(a, count)); }
Value mulHigh(Value a, Value b) { return binary(Prim::MulHigh, a, b); }

Value fma(Value a, Value b, Value c) {
  requireSame(a, b);
  requireSame(a, c);
  return a.code->append(Prim::Fma, a.elem, a.elem, {a, b, c});
}
Value fma(Value a, double b, Value c) { return fma(a, constantLike(a, b), c); }
Value fma(Value a, Value b, double c) { return fma(a, b, constantLike(a, c)); }
Value fma(Value a, double b, double c) { return fma(a, constantLike(a, b), constantLike(a, c)); }

Value sqrt(Value a) { return unary(Prim::Sqrt, a); }
Value abs(Value a) { return unary(Prim::Abs, a); }
Value floor(Value a) { return unary(Prim::Floor, a); }
Value ceil(Value a) { return unary(Prim::Ceil, a); }
Value roundEven(Value a) { return unary(Prim::RoundEven, a); }
Value trunc(Value a) { return unary(Prim::Trunc, a); }
Value eq(Value a, Value b) { return compare(Prim::Eq, a, b); }
Value ne(Value a, Value b) { return compare(Prim::Ne, a, b); }
Value lt(Value a, Value b) { return compare(Prim::Lt, a, b); }
Value le(Value a, Value b) { return compare(Prim::Le, a, b); }
Value gt(Value a, Value b) { return compare(Prim::Gt, a, b); }
Value ge(Value a, Value b) { return compare(Prim::Ge, a, b); }
Value eq(Value a, double b) { return eq(a, constantLike(a, b)); }
Value ne(Value a, double b) { return ne(a, constantLike(a, b)); }
Value lt(Value a, double b) { return lt(a, constantLike(a, b)); }
Value le(Value a, double b) { return le(a, constantLike(a, b)); }
Value gt(Value a, double b) { return gt(a, constantLike(a, b)); }
Value ge(Value a, double b) { return ge(a, constantLike(a, b)); }
Value isNan(Value a) { return ne(a, a); }

Value select(Value p, Value a, Value b) {
  requireSame(a, b);
  return a.code->append(Prim::Select, a.elem, a.elem, {p, a, b});
}
Value select(Value p, double a, Value b) { return select(p, constantLike(b, a), b); }
Value select(Value p, Value a, double b) { return select(p, a, constantLike(a, b)); }

Value convert(Value a, Elem to) { return a.elem == to ? a : a.code->append(Prim::Convert, to, to, {a}, a.elem); }
Value bitcast(Value a, Elem to) { return a.elem == to ? a : a.code->append(Prim::Bitcast, to, to, {a}, a.elem); }

Value bitsOf(Value a) { return bitcast(a, elemBytes(a.elem) == 8 ? Elem::U64 : Elem::U32); }
Value signedBitsOf(Value a) { return bitcast(a, elemBytes(a.elem) == 8 ? Elem::I64 : Elem::I32); }

Value minimum(Value a, Value b) { return isFloat(a.elem) ? binary(Prim::Min, a, b) : select(lt(b, a), b, a); }

Value maximum(Value a, Value b) {
  if (!isFloat(a.elem)) return select(lt(a, b), b, a);
  return -minimum(-a, -b);
}

Value withSign(Value a, Value b) {
  const std::uint64_t sign = 1ull << (8 * elemBytes(a.elem) - 1);
  const Value mask = a.code->constantBits(elemBytes(a.elem) == 8 ? Elem::U64 : Elem::U32, sign);
  return bitcast(bitsOf(abs(a)) | (bitsOf(b) & mask), a.elem);
}

Value polynomial(Value x, std::span<const double> coefficients) {
  Value p = constantLike(x, coefficients.back());
  for (std::size_t i = coefficients.size() - 1; i-- > 0;) p = fma(p, x, coefficients[i]);
  return p;
}
Value polynomial(Value x, std::initializer_list<double> coefficients) { return polynomial(x, std::span(coefficients.begin(), coefficients.size())); }

}  // namespace fedc::core::scalar
