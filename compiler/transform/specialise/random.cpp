#include <bit>
#include <cmath>
#include <limits>

#include "compiler/transform/specialise/sequence.h"

namespace fedc::transform::specialise {

using check::Builtin;
using core::Elem;
using core::Op;
using core::Type;

// The draws follow jax.random (0.5 and later, partitionable Threefry), so that runs can be held against JAX's.

Leaf Specialiser::bits(const Leaf& key, std::vector<Dim> dims, Span span) {
  core::Attrs attrs;
  attrs.dims = std::move(dims);
  return leaf(builder(span).emit1(Op::RandomBits, {use(key)}, attrs));
}

Leaf Specialiser::foldIn(const Leaf& key, const Leaf& data, Span span) { return leaf(builder(span).emit1(Op::FoldIn, {use(key), use(data)})); }

Leaf Specialiser::uniform(const Leaf& key, std::vector<Dim> dims, const Leaf& lo, const Leaf& hi, Span span) {
  auto u32 = [&](std::uint32_t v, const Type& like) { return Value::literal(Literal::ofInt(Elem::U32, v), Type{Elem::U32, like.dims}).leaf; };
  Leaf raw = bits(key, std::move(dims), span);
  Leaf mantissa = elementwise(Op::Or, {elementwise(Op::Shr, {raw, u32(9, raw.type)}, span), u32(0x3f800000U, raw.type)}, span);
  core::Attrs attrs;
  attrs.elem = Elem::F32;
  Leaf in12 = leaf(builder(span).emit1(Op::Bitcast, {use(mantissa)}, attrs));
  Leaf one = Value::literal(Literal::ofDouble(Elem::F32, 1), in12.type).leaf;
  Leaf unit = elementwise(Op::Sub, {in12, one}, span);
  const bool plain = lo.atom.isLiteral && hi.atom.isLiteral && lo.atom.literal.toDouble() == 0 && hi.atom.literal.toDouble() == 1;
  if (plain) return unit;
  Leaf width = binaryLeaf(check::BinaryOp::Sub, hi, lo, span);
  width = broadcastTo(width, unit.type.dims, span);
  Leaf low = broadcastTo(lo, unit.type.dims, span);
  Leaf scaled = elementwise(Op::Add, {elementwise(Op::Mul, {unit, width}, span), low}, span);
  return elementwise(Op::Max, {scaled, low}, span);
}

Value Specialiser::randomBuiltin(Builtin b, const OptionalArgs& args, const check::TypeRef& type, Env& env, Span span) {
  (void)type;
  (void)env;
  auto optional = [&](std::size_t i) { return i < args.size() ? args[i] : std::nullopt; };
  auto dims = [&](std::size_t i) { return optional(i) ? dimsOf(*args[i], span) : std::vector<Dim>{}; };
  auto f32 = [&](double v) { return Value::literal(Literal::ofDouble(Elem::F32, v)).leaf; };
  const Leaf& key = args[0]->leaf;
  if (key.type.elem == Elem::Str) return stringBuiltin(b, args, span);
  switch (b) {
    case Builtin::KeyOf: {
      Leaf seed = convert(*args[0], Elem::I64, span).leaf;
      return Value::of(leaf(builder(span).emit1(Op::KeySeed, {use(seed)})));
    }
    case Builtin::Split: {
      core::Attrs attrs;
      attrs.extent = optional(1) ? dimOf(*args[1], span, "the number of keys") : Dim(2);
      return Value::of(leaf(builder(span).emit1(Op::Split, {use(key)}, attrs)));
    }
    case Builtin::FoldIn: {
      const Leaf& i = args[1]->leaf;
      if (key.type.dims != i.type.dims) {
        Leaf k = key, d = convert(*args[1], Elem::I32, span).leaf;
        align(k, d, span);
        return Value::of(foldIn(k, d, span));
      }
      return Value::of(foldIn(key, convert(*args[1], Elem::I32, span).leaf, span));
    }
    case Builtin::CloneKey: return *args[0];
    case Builtin::Uniform: {
      Leaf lo = optional(2) ? convert(*args[2], Elem::F32, span).leaf : f32(0), hi = optional(3) ? convert(*args[3], Elem::F32, span).leaf : f32(1);
      return Value::of(uniform(key, dims(1), lo, hi, span));
    }
    case Builtin::Normal: {
      Leaf u = uniform(key, dims(1), f32(std::nextafter(-1.0F, 0.0F)), f32(1), span);
      Leaf z = elementwise(Op::ErfInv, {u}, span);
      return Value::of(binaryLeaf(check::BinaryOp::Mul, f32(static_cast<float>(std::sqrt(2.0))), z, span));
    }
    case Builtin::TruncatedNormal: {
      Leaf lo = optional(2) ? convert(*args[2], Elem::F32, span).leaf : f32(-2), hi = optional(3) ? convert(*args[3], Elem::F32, span).leaf : f32(2);
      Leaf root2 = f32(static_cast<float>(std::sqrt(2.0)));
      auto bound = [&](const Leaf& x) {
        Leaf scaled = binaryLeaf(check::BinaryOp::Div, x, root2, span);
        return elementwise(Op::Erf, {leaf(scaled.atom, scaled.type)}, span);
      };
      Leaf u = uniform(key, dims(1), bound(lo), bound(hi), span);
      Leaf z = binaryLeaf(check::BinaryOp::Mul, root2, elementwise(Op::ErfInv, {u}, span), span);
      // One step inside the bounds, so that rounding never leaves them.
      auto inside = [&](const Leaf& x, bool up) {
        if (x.atom.isLiteral) {
          auto v = static_cast<float>(x.atom.literal.toDouble());
          float limit = up ? std::numeric_limits<float>::infinity() : -std::numeric_limits<float>::infinity();
          return f32(std::nextafter(v, limit));
        }
        return x;
      };
      Leaf low = broadcastTo(inside(lo, true), z.type.dims, span), high = broadcastTo(inside(hi, false), z.type.dims, span);
      return Value::of(elementwise(Op::Min, {elementwise(Op::Max, {z, low}, span), high}, span));
    }
    case Builtin::Bernoulli: {
      Leaf u = uniform(key, dims(2), f32(0), f32(1), span);
      Leaf p = broadcastTo(convert(*args[1], Elem::F32, span).leaf, u.type.dims, span);
      return Value::of(elementwise(Op::Lt, {u, p}, span));
    }
    case Builtin::Rademacher: {
      Leaf u = uniform(key, dims(1), f32(0), f32(1), span);
      Leaf below = elementwise(Op::Lt, {u, Value::literal(Literal::ofDouble(Elem::F32, 0.5), u.type).leaf}, span);
      return Value::of(elementwise(
          Op::Select,
          {below, Value::literal(Literal::ofDouble(Elem::F32, 1), u.type).leaf, Value::literal(Literal::ofDouble(Elem::F32, -1), u.type).leaf},
          span));
    }
    case Builtin::Randint: {
      // Two draws make a number that is even for any span up to 2^32.
      core::Attrs attrs;
      attrs.extent = Dim(2);
      Value keys = Value::of(leaf(builder(span).emit1(Op::Split, {use(key)}, attrs)));
      std::vector<Dim> shape = dims(1);
      auto at = [&](std::int64_t i) { return row(keys, Value::literal(Literal::ofInt(Elem::I32, i)), span).leaf; };
      Leaf high = bits(at(0), shape, span), low = bits(at(1), shape, span);
      Leaf lo = convert(*args[2], Elem::I32, span).leaf, hi = convert(*args[3], Elem::I32, span).leaf;
      Leaf width = convert(Value::of(binaryLeaf(check::BinaryOp::Sub, hi, lo, span)), Elem::U32, span).leaf;
      // As JAX: of no numbers the first.
      const Leaf none = binaryLeaf(check::BinaryOp::Le, hi, lo, span), one = Value::literal(Literal::ofInt(Elem::U32, 1)).leaf;
      if (none.atom.isLiteral) {
        if (none.atom.literal.bits != 0) width = one;
      } else {
        width = elementwise(Op::Select, {none, one, width}, span);
      }
      auto rem = [&](const Leaf& x, const Leaf& y) {
        Leaf p = x, q = y;
        align(p, q, span);
        return elementwise(Op::Rem, {p, q}, span);
      };
      auto mul = [&](const Leaf& x, const Leaf& y) { return binaryLeaf(check::BinaryOp::Mul, x, y, span); };
      Leaf half = Value::literal(Literal::ofInt(Elem::U32, 65536)).leaf;
      Leaf widthValue = width.atom.isLiteral ? leaf(builder(span).splat(width.atom.literal, width.type)) : width;
      Leaf m = rem(half, widthValue);
      Leaf multiplier = rem(mul(m, m), widthValue);
      Leaf offset = binaryLeaf(check::BinaryOp::Add, mul(rem(high, widthValue), multiplier), rem(low, widthValue), span);
      offset = rem(offset, widthValue);
      return Value::of(binaryLeaf(check::BinaryOp::Add, convert(Value::of(offset), Elem::I32, span).leaf, lo, span));
    }
    case Builtin::PermutationOf: {
      core::Attrs attrs;
      attrs.extent = dimOf(*args[1], span, "the size of a permutation");
      return Value::of(leaf(builder(span).emit1(Op::Permutation, {use(key)}, attrs)));
    }
    case Builtin::Exponential: {
      Leaf u = uniform(key, dims(1), f32(0), f32(1), span);
      return Value::of(elementwise(Op::Neg, {elementwise(Op::Log1p, {elementwise(Op::Neg, {u}, span)}, span)}, span));
    }
    case Builtin::Gumbel: {
      Leaf u = uniform(key, dims(1), f32(std::numeric_limits<float>::min()), f32(1), span);
      Leaf inner = elementwise(Op::Neg, {elementwise(Op::Log, {u}, span)}, span);
      return Value::of(elementwise(Op::Neg, {elementwise(Op::Log, {inner}, span)}, span));
    }
    case Builtin::Laplace: {
      Leaf u = uniform(key, dims(1), f32(-1.0F + std::numeric_limits<float>::epsilon() / 2), f32(1), span);
      Leaf magnitude = elementwise(Op::Log1p, {elementwise(Op::Neg, {elementwise(Op::Abs, {u}, span)}, span)}, span);
      return Value::of(elementwise(Op::Mul, {elementwise(Op::Sign, {u}, span), magnitude}, span));
    }
    default: notYet(span, "this draw");
  }
}

}  // namespace fedc::transform::specialise
