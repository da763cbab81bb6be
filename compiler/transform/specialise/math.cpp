#include <fmt/format.h>

#include "compiler/core/internal_error.h"
#include "compiler/transform/specialise/sequence.h"

namespace fedc::transform::specialise {

using check::Builtin;
using core::Atom;
using core::Elem;
using core::Op;
using core::ReduceKind;

namespace {

Op unaryOp(Builtin b) {
  switch (b) {
    case Builtin::Exp: return Op::Exp;
    case Builtin::Expm1: return Op::Expm1;
    case Builtin::Log: return Op::Log;
    case Builtin::Log1p: return Op::Log1p;
    case Builtin::Sqrt: return Op::Sqrt;
    case Builtin::Rsqrt: return Op::Rsqrt;
    case Builtin::Sin: return Op::Sin;
    case Builtin::Cos: return Op::Cos;
    case Builtin::Tanh: return Op::Tanh;
    case Builtin::Sigmoid: return Op::Sigmoid;
    case Builtin::Erf: return Op::Erf;
    case Builtin::ErfInv: return Op::ErfInv;
    case Builtin::Lgamma: return Op::Lgamma;
    case Builtin::Digamma: return Op::Digamma;
    case Builtin::Abs: return Op::Abs;
    case Builtin::Sign: return Op::Sign;
    case Builtin::Floor: return Op::Floor;
    case Builtin::Ceil: return Op::Ceil;
    case Builtin::Round: return Op::Round;
    case Builtin::IsFinite: return Op::IsFinite;
    case Builtin::Constant: return Op::StopGradient;
    default: break;
  }
  core::internalError("builtin number " + std::to_string(static_cast<int>(b)) + " has no case in unaryOp", __FILE__, __LINE__);
}

std::vector<int> allAxes(const Leaf& l) {
  std::vector<int> axes;
  for (int i = 0; i < l.type.rank(); ++i) axes.push_back(i);
  return axes;
}

}  // namespace

Leaf Specialiser::reduceLeaf(ReduceKind kind, const Leaf& l, std::vector<int> axes, Span span) {
  if (axes.empty()) return l;
  return leaf(builder(span).reduce(kind, useWhole(l, span), std::move(axes)));
}

Leaf Specialiser::total(const Value& v, Span span) {
  std::vector<Leaf> leaves = leavesOf(v);
  if (leaves.empty()) return Value::literal(Literal::ofDouble(Elem::F32, 0)).leaf;
  Leaf sum = reduceLeaf(ReduceKind::Sum, leaves[0], allAxes(leaves[0]), span);
  for (std::size_t i = 1; i < leaves.size(); ++i) {
    sum = elementwise(Op::Add, {sum, reduceLeaf(ReduceKind::Sum, leaves[i], allAxes(leaves[i]), span)}, span);
  }
  return sum;
}

Leaf Specialiser::argReduce(ReduceKind kind, const Leaf& l, int axis, Span span) {
  core::Attrs attrs;
  attrs.reduce = kind;
  attrs.axes = {axis};
  const Dim& extent = l.type.dims[static_cast<std::size_t>(axis)];
  if (extent.isConstant(0)) stop(Code::IndexOutOfRange, span, "there is no largest or smallest of no elements");
  std::vector<Atom> results = builder(span).emit(Op::ArgReduce, {useWhole(l, span)}, attrs);
  const Leaf index = leaf(results[1]);
  if (extent.constant()) return index;
  // Of no elements, 0.
  const Leaf last = number(Dim::max(extent - Dim(1), Dim(0)), index.type.elem, span).leaf;
  return elementwise(Op::Min, {index, broadcastTo(last, index.type.dims, span)}, span);
}

std::vector<Leaf> Specialiser::sortLeaves(const std::vector<Leaf>& operands, int axis, Span span) {
  core::Attrs attrs;
  attrs.axes = {axis};
  std::vector<Atom> atoms;
  for (const Leaf& l : operands) atoms.push_back(useWhole(l, span));
  std::vector<Leaf> out;
  for (const Atom& a : builder(span).emit(Op::Sort, std::move(atoms), attrs)) out.push_back(leaf(a));
  return out;
}

Value Specialiser::reduction(Builtin b, const Value& v, const std::optional<Value>& axis, Span span) {
  if (v.kind == Value::Kind::Sequence) return sumSequence(v, span);
  auto kind = [&] {
    switch (b) {
      case Builtin::Prod: return ReduceKind::Prod;
      case Builtin::Any: return ReduceKind::Or;
      case Builtin::All: return ReduceKind::And;
      case Builtin::Min: return ReduceKind::Min;
      case Builtin::Max: return ReduceKind::Max;
      default: return ReduceKind::Sum;
    }
  }();
  auto divided = [&](const Leaf& sum, const Dim& count) {
    Leaf n = convert(number(count, Elem::I64, span), sum.type.elem, span).leaf;
    return binaryLeaf(check::BinaryOp::Div, sum, n, span);
  };
  if (axis) {
    auto k = constantOf(*axis, span, "`axis`");
    return map(v, [&](const Leaf& l) {
      auto a = k < 0 ? k + l.type.rank() : k;
      if (a < 0 || a >= l.type.rank()) {
        stop(Code::IndexOutOfRange, span, "axis " + std::to_string(k) + " does not exist in a value of rank " + std::to_string(l.type.rank()));
      }
      Leaf r = reduceLeaf(kind, l, {static_cast<int>(a)}, span);
      return b == Builtin::Mean ? divided(r, l.type.dims[static_cast<std::size_t>(a)]) : r;
    });
  }
  if (b == Builtin::Sum || b == Builtin::Mean) {
    Leaf sum = total(v, span);
    if (b == Builtin::Sum) return Value::of(sum);
    Dim count(0);
    for (const Leaf& l : leavesOf(v)) {
      Dim size(1);
      for (const Dim& d : l.type.dims) size = size * d;
      count = count + size;
    }
    return Value::of(divided(sum, count));
  }
  std::vector<Leaf> leaves = leavesOf(v);
  if (leaves.empty()) {
    if (b == Builtin::Prod) return Value::literal(Literal::one(Elem::F32));
    stop(Code::BuiltinArgument, span, fmt::format("`{}` of a value without content", check::builtinName(b)));
  }
  Leaf out = reduceLeaf(kind, leaves[0], allAxes(leaves[0]), span);
  static const std::map<ReduceKind, Op> combine = {
      {ReduceKind::Prod, Op::Mul}, {ReduceKind::Or, Op::Or}, {ReduceKind::And, Op::And}, {ReduceKind::Min, Op::Min}, {ReduceKind::Max, Op::Max}};
  for (std::size_t i = 1; i < leaves.size(); ++i) {
    out = elementwise(combine.at(kind), {out, reduceLeaf(kind, leaves[i], allAxes(leaves[i]), span)}, span);
  }
  return Value::of(out);
}

Value Specialiser::mathBuiltin(Builtin b, const OptionalArgs& args, const check::TypeRef& type, Env& env, Span span) {
  (void)type;
  (void)env;
  auto optional = [&](std::size_t i) { return i < args.size() ? args[i] : std::nullopt; };
  switch (b) {
    case Builtin::Relu:
      // The comparison this way round lets NaN through.
      return map(*args[0], [&](const Leaf& l) {
        Leaf zero = Value::literal(Literal::zero(l.type.elem), l.type).leaf;
        Leaf whole = l;
        if (l.atom.isLiteral) whole = leaf(useWhole(l, span), l.type);
        Leaf below = elementwise(Op::Le, {whole, zero}, span);
        return elementwise(Op::Select, {below, zero, whole}, span);
      });
    case Builtin::Pow:
    case Builtin::Atan2:
      return zip(*args[0], *args[1], span, [&](const Leaf& x, const Leaf& y) {
        Leaf p = x, q = y;
        align(p, q, span);
        return elementwise(b == Builtin::Pow ? Op::Pow : Op::Atan2, {p, q}, span);
      });
    case Builtin::Min:
    case Builtin::Max: {
      auto second = optional(1), axis = optional(2);
      if (!second) return reduction(b, *args[0], axis, span);
      if (auto x = numberOf(*args[0]), y = numberOf(*second); x && y && x->constant() && y->constant()) {
        bool first = b == Builtin::Min ? *x->constant() <= *y->constant() : *x->constant() >= *y->constant();
        return first ? *args[0] : *second;
      }
      return zip(*args[0], *second, span, [&](const Leaf& x, const Leaf& y) {
        Leaf p = x, q = y;
        align(p, q, span);
        Leaf out = elementwise(b == Builtin::Min ? Op::Min : Op::Max, {p, q}, span);
        if (x.number && y.number && out.type.dims.empty())
          out.number = b == Builtin::Min ? Dim::min(*x.number, *y.number) : Dim::max(*x.number, *y.number);
        return out;
      });
    }
    case Builtin::Where: {
      const Leaf condition = args[0]->leaf;
      return zip(*args[1], *args[2], span, [&](const Leaf& x, const Leaf& y) {
        Leaf c = condition, p = x, q = y;
        align(p, q, span);
        align(c, p, span);
        align(c, q, span);
        if (c.atom.isLiteral) return c.atom.literal.bits != 0 ? p : q;
        return elementwise(Op::Select, {c, p, q}, span);
      });
    }
    case Builtin::Sum:
    case Builtin::Prod:
    case Builtin::Mean:
    case Builtin::Any:
    case Builtin::All: return reduction(b, *args[0], optional(1), span);
    case Builtin::Norm:
    case Builtin::Dot: {
      std::vector<Leaf> x = leavesOf(*args[0]), y = leavesOf(b == Builtin::Norm ? *args[0] : *args[1]);
      if (x.empty()) return Value::literal(Literal::ofDouble(Elem::F32, 0));
      std::optional<Leaf> sum;
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (x[i].type.dims != y[i].type.dims) {
          auto name = [&](Dim::Variable v) { return here_.home->fn.dims[v].name; };
          std::string left, right;
          for (const Dim& d : x[i].type.dims) left += (left.empty() ? "" : ", ") + d.print(name);
          for (const Dim& d : y[i].type.dims) right += (right.empty() ? "" : ", ") + d.print(name);
          stop(Code::SizesDiffer, span, "the operands have sizes `[" + left + "]` and `[" + right + "]`");
        }
        std::vector<int> axes = allAxes(x[i]);
        Leaf term = axes.empty() ? binaryLeaf(check::BinaryOp::Mul, x[i], y[i], span)
                                 : leaf(builder(span).contract(useWhole(x[i], span), useWhole(y[i], span), axes, axes));
        sum = sum ? elementwise(Op::Add, {*sum, term}, span) : term;
      }
      if (b == Builtin::Dot) return Value::of(*sum);
      // norm'(0) = 0: the root is taken of 1 there.
      Leaf zero = Value::literal(Literal::zero(sum->type.elem)).leaf, one = Value::literal(Literal::one(sum->type.elem)).leaf;
      Leaf none = elementwise(Op::Eq, {*sum, zero}, span);
      Leaf root = elementwise(Op::Sqrt, {elementwise(Op::Select, {none, one, *sum}, span)}, span);
      return Value::of(elementwise(Op::Select, {none, zero, root}, span));
    }
    case Builtin::Argmax:
    case Builtin::Argmin: {
      Leaf l = args[0]->leaf;
      int axis = 0;
      if (auto given = optional(1)) {
        axis = static_cast<int>(constantOf(*given, span, "`axis`"));
        if (axis < 0) axis += l.type.rank();
      } else if (l.type.rank() > 1) {
        Dim size(1);
        for (const Dim& d : l.type.dims) size = size * d;
        l = reshape(l, {size}, span);
      }
      return Value::of(argReduce(b == Builtin::Argmax ? ReduceKind::Max : ReduceKind::Min, l, axis, span));
    }
    case Builtin::Sort: {
      const std::int64_t axis = optional(1) ? constantOf(*optional(1), span, "`axis`") : 0;
      return map(*args[0], [&](const Leaf& l) { return sortLeaves({l}, static_cast<int>(axis < 0 ? axis + l.type.rank() : axis), span)[0]; });
    }
    case Builtin::Argsort: {
      const Leaf& l = args[0]->leaf;
      Leaf positions = leaf(builder(span).iota(l.type.dims, 0, Elem::I32));
      return Value::of(sortLeaves({l, positions}, 0, span)[1]);
    }
    case Builtin::TopK: {
      const Leaf& l = args[0]->leaf;
      Dim k = dimOf(*args[1], span, "the number of values");
      if (auto kk = k.constant(), n = l.type.dims[0].constant(); kk && n && *kk > *n) {
        stop(Code::IndexOutOfRange, span, "the " + std::to_string(*kk) + " largest of " + std::to_string(*n) + " values were asked for");
      }
      Leaf negated = elementwise(Op::Neg, {leaf(useWhole(l, span), l.type)}, span);
      Leaf positions = leaf(builder(span).iota(l.type.dims, 0, Elem::I32));
      Leaf order = slice(sortLeaves({negated, positions}, 0, span)[1], 0, Dim(0), k, span);
      Leaf values = leaf(builder(span).gather(useWhole(l, span), use(order), 0));
      return Value::tuple({Value::of(values), Value::of(order)});
    }
    case Builtin::Cumsum:
      return map(*args[0], [&](const Leaf& l) {
        core::Attrs attrs;
        attrs.axes = {0};
        attrs.reduce = ReduceKind::Sum;
        return leaf(builder(span).emit1(Op::Cumulative, {useWhole(l, span)}, attrs));
      });
    default:
      return map(*args[0], [&](const Leaf& l) {
        Leaf x = l.atom.isLiteral ? leaf(useWhole(l, span), l.type) : l;
        return elementwise(unaryOp(b), {x}, span);
      });
  }
}

}  // namespace fedc::transform::specialise
