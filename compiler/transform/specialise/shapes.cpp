#include <bit>
#include <cassert>
#include <cmath>

#include "compiler/core/scalar.h"
#include "compiler/transform/specialise/sequence.h"

namespace fedc::transform::specialise {

using check::Builtin;
using core::Atom;
using core::Elem;
using core::Op;
using core::Type;

std::vector<Dim> Specialiser::dimsOf(const Value& v, Span span) {
  std::vector<Dim> dims;
  if (v.kind == Value::Kind::Leaf) {
    dims.push_back(dimOf(v, span, "a size"));
  }
  for (const Value& item : v.items) dims.push_back(dimOf(item, span, "a size"));
  for (const Dim& d : dims) {
    if (d.constant() && *d.constant() < 0) stop(Code::IndexOutOfRange, span, "a size is negative: " + std::to_string(*d.constant()));
  }
  return dims;
}

Leaf Specialiser::reshape(const Leaf& l, std::vector<Dim> dims, Span span) {
  if (l.type.dims == dims) return l;
  Dim before(1), after(1);
  for (const Dim& d : l.type.dims) before = before * d;
  for (const Dim& d : dims) after = after * d;
  if (!(before == after)) {
    auto name = [&](Dim::Variable v) { return here_.home->fn.dims[v].name; };
    stop(Code::SizesDiffer, span, "a value of `" + before.print(name) + "` elements cannot have a shape of `" + after.print(name) + "` elements");
  }
  if (l.atom.isLiteral) return Value::literal(l.atom.literal, Type{l.type.elem, std::move(dims)}).leaf;
  return leaf(builder(span).reshape(use(l), std::move(dims)));
}

Value Specialiser::stacked(const Args& items, Span span) {
  Lifted scope(*this, join(items));
  std::vector<std::vector<Leaf>> rows;
  for (const Value& item : items) rows.push_back(leavesOf(item));
  std::vector<Leaf> joined;
  for (std::size_t l = 0; l < rows[0].size(); ++l) {
    std::vector<Leaf> parts;
    for (auto& r : rows) {
      std::vector<Dim> dims = r[l].type.dims;
      dims.insert(dims.begin(), Dim(1));
      parts.push_back(reshape(r[l], dims, span));
    }
    joined.push_back(concat(std::move(parts), 0, span));
  }
  if (joined.empty()) return items[0];
  for (const Value& item : items) {
    const auto n = numberOf(item);
    if (!n) {
      joined[0].numbers.clear();
      break;
    }
    joined[0].numbers.push_back(*n);
  }
  return withLeaves(items[0], joined);
}

Leaf Specialiser::ravel(const Value& v, Span span) {
  std::vector<Leaf> parts;
  for (const Leaf& l : leavesOf(v)) {
    Dim size(1);
    for (const Dim& d : l.type.dims) size = size * d;
    parts.push_back(reshape(l, {size}, span));
  }
  if (parts.empty()) return Value::literal(Literal::zero(Elem::F32), Type{Elem::F32, {Dim(0)}}).leaf;
  return concat(std::move(parts), 0, span);
}

Leaf Specialiser::concat(std::vector<Leaf> parts, int axis, Span span) {
  if (parts.size() == 1) return parts[0];
  bool same = true;
  for (const Leaf& l : parts) same = same && l.atom.isLiteral && l.atom.literal == parts[0].atom.literal;
  if (same) {
    Type type = parts[0].type;
    auto& extent = type.dims[static_cast<std::size_t>(axis)];
    extent = Dim(0);
    for (const Leaf& l : parts) extent = extent + l.type.dims[static_cast<std::size_t>(axis)];
    return Value::literal(parts[0].atom.literal, type).leaf;
  }
  std::vector<Atom> atoms;
  for (const Leaf& l : parts) atoms.push_back(useWhole(l, span));
  return leaf(builder(span).concat(std::move(atoms), axis));
}

Leaf Specialiser::slice(const Leaf& l, int axis, const Dim& start, const Dim& size, Span span) {
  std::vector<Dim> sizes = l.type.dims, starts(sizes.size(), Dim(0));
  auto a = static_cast<std::size_t>(axis);
  if (start.isConstant(0) && size == sizes[a]) return l;
  sizes[a] = size;
  starts[a] = start;
  if (l.atom.isLiteral) return Value::literal(l.atom.literal, Type{l.type.elem, sizes}).leaf;
  return leaf(builder(span).slice(use(l), starts, sizes));
}

Leaf Specialiser::reaching(const Leaf& l, int axis, const Dim& end, Span span) {
  const Dim& have = l.type.dims[static_cast<std::size_t>(axis)];
  const auto missing = (end - have).constant();
  // Keys are not padded.
  if ((missing && *missing <= 0) || l.type.elem == Elem::Key) return l;
  if (l.atom.isLiteral) {
    Type type = l.type;
    type.dims[static_cast<std::size_t>(axis)] = have + Dim::max(end - have, Dim(0));
    return Value::literal(l.atom.literal, type).leaf;
  }
  core::Attrs attrs;
  attrs.dims.assign(l.type.dims.size(), Dim(0));
  attrs.starts = attrs.dims;
  attrs.starts[static_cast<std::size_t>(axis)] = Dim::max(end - have, Dim(0));
  return leaf(builder(span).emit1(Op::Pad, {useWhole(l, span), Atom::of(Literal::zero(l.type.elem))}, attrs));
}

Value Specialiser::row(const Value& v, const Value& index, Span span) {
  return map(v, [&](const Leaf& l) {
    std::vector<Dim> dims(l.type.dims.begin() + 1, l.type.dims.end());
    if (l.atom.isLiteral) return Value::literal(l.atom.literal, Type{l.type.elem, dims}).leaf;
    if (auto n = numberOf(index); n && n->constant()) return reshape(slice(l, 0, *n, Dim(1), span), dims, span);
    return leaf(builder(span).gather(use(l), use(index.leaf), 0));
  });
}

Value Specialiser::shapeBuiltin(Builtin b, const OptionalArgs& args, const check::TypeRef& type, Env& env, Span span) {
  auto optional = [&](std::size_t i) { return i < args.size() ? args[i] : std::nullopt; };
  switch (b) {
    case Builtin::Zeros:
    case Builtin::Ones: {
      auto make = b == Builtin::Zeros ? &Literal::zero : &Literal::one;
      if (auto shape = optional(0)) return Value::literal(make(type->elem), Type{type->elem, dimsOf(*shape, span)});
      return zerosLike(type, env, make, span);
    }
    case Builtin::Highest: return zerosLike(type, env, [](Elem e) { return core::reduceIdentity(core::ReduceKind::Min, e); }, span);
    case Builtin::Lowest: return zerosLike(type, env, [](Elem e) { return core::reduceIdentity(core::ReduceKind::Max, e); }, span);
    case Builtin::Full: {
      Value like = zerosLike(type, env, &Literal::zero, span);
      return map(like, [&](const Leaf& l) { return broadcastTo(convert(*args[0], l.type.elem, span).leaf, l.type.dims, span); });
    }
    case Builtin::Reshape: {
      std::vector<Dim> dims = dimsOf(*args[1], span);
      return map(*args[0], [&](const Leaf& l) { return reshape(l, dims, span); });
    }
    case Builtin::Ravel: return Value::of(ravel(*args[0], span));
    case Builtin::Unravel: {
      Value like = zerosLike(type, env, &Literal::zero, span);
      Dim at(0);
      return map(like, [&](const Leaf& l) {
        Dim size(1);
        for (const Dim& d : l.type.dims) size = size * d;
        Leaf part = reshape(slice(args[0]->leaf, 0, at, size, span), l.type.dims, span);
        at = at + size;
        return part;
      });
    }
    case Builtin::Transpose: {
      const Leaf& l = args[0]->leaf;
      std::vector<int> order;
      if (auto axes = optional(1)) {
        for (const Value& a : axes->items) order.push_back(static_cast<int>(constantOf(a, span, "an axis")));
      } else {
        for (int i = l.type.rank(); i-- > 0;) order.push_back(i);
      }
      if (l.atom.isLiteral) {
        std::vector<Dim> dims;
        for (int a : order) dims.push_back(l.type.dims[static_cast<std::size_t>(a)]);
        return Value::literal(l.atom.literal, Type{l.type.elem, dims});
      }
      return Value::of(leaf(builder(span).transpose(use(l), order)));
    }
    case Builtin::Concat: {
      // Parts, then the axis; one array of parts is joined along its rows.
      Args parts;
      int axis = 0;
      std::size_t last = args.size();
      if (last > 1 && args[last - 1] && args[last - 1]->kind == Value::Kind::Leaf && args[last - 1]->leaf.type.dims.empty()) {
        axis = static_cast<int>(constantOf(*args[last - 1], span, "`axis`"));
        --last;
      } else if (last > 1 && !args[last - 1]) {
        --last;
      }
      for (std::size_t i = 0; i < last; ++i) parts.push_back(*args[i]);
      std::vector<std::vector<Leaf>> leaves;
      for (const Value& p : parts) leaves.push_back(leavesOf(p));
      std::vector<Leaf> joined;
      for (std::size_t l = 0; l < leaves[0].size(); ++l) {
        std::vector<Leaf> column;
        for (auto& p : leaves) column.push_back(p[l]);
        const int along = axis < 0 ? axis + static_cast<int>(column[0].type.rank()) : axis;
        joined.push_back(concat(std::move(column), along, span));
      }
      return withLeaves(parts[0], joined);
    }
    case Builtin::Pad: {
      Dim size = dimOf(*args[1], span, "the size to pad to");
      return map(*args[0], [&](const Leaf& l) {
        const Dim& n = l.type.dims[0];
        Dim more = size - n;
        if (more.isConstant(0)) return l;
        if (more.constant() && *more.constant() < 0)
          stop(Code::SizesDiffer, span,
               "padding to " + std::to_string(*size.constant()) + " cannot shorten " + std::to_string(*n.constant()) + " elements");
        core::Attrs attrs;
        attrs.dims.assign(l.type.dims.size(), Dim(0));
        attrs.starts.assign(l.type.dims.size(), Dim(0));
        attrs.starts[0] = more;
        return leaf(builder(span).emit1(Op::Pad, {useWhole(l, span), Atom::of(Literal::zero(l.type.elem))}, attrs));
      });
    }
    case Builtin::Reverse:
      return map(*args[0], [&](const Leaf& l) {
        if (l.atom.isLiteral) return l;
        core::Attrs attrs;
        attrs.axes = {0};
        return leaf(builder(span).emit1(Op::Reverse, {use(l)}, attrs));
      });
    case Builtin::ShapeOf: {
      const std::vector<Leaf> leaves = leavesOf(*args[0]);
      if (leaves.empty()) stop(Code::NotYetSupported, span, "the shape of a value without content cannot be compiled yet");
      Args sizes;
      for (const Dim& d : leaves[0].type.dims) sizes.push_back(number(d, Elem::I32, span));
      return sizes.empty() ? zerosLike(type, env, &Literal::zero, span) : stacked(sizes, span);
    }
    case Builtin::Size: {
      Dim size(0);
      for (const Leaf& l : leavesOf(*args[0])) {
        Dim n(1);
        for (const Dim& d : l.type.dims) n = n * d;
        size = size + n;
      }
      return number(size, Elem::I32, span);
    }
    case Builtin::Len: {
      if (args[0]->kind == Value::Kind::Range) return binary(check::BinaryOp::Sub, args[0]->items[1], args[0]->items[0], span);
      if (args[0]->kind == Value::Kind::Leaf && args[0]->leaf.type == Type{Elem::Str, {}}) return stringBuiltin(b, args, span);
      std::vector<Leaf> leaves = leavesOf(*args[0]);
      if (leaves.empty() || leaves[0].type.dims.empty())
        stop(Code::NotYetSupported, span, "the length of values without content cannot be compiled yet");
      return number(leaves[0].type.dims[0], Elem::I32, span);
    }
    case Builtin::Leaves: return Value::literal(Literal::ofInt(Elem::I32, static_cast<std::int64_t>(leavesOf(*args[0]).size())));
    case Builtin::Ilog2:
    case Builtin::NextPow2: {
      auto n = constantOf(*args[0], span, b == Builtin::Ilog2 ? "the argument of `ilog2`" : "the argument of `next_pow2`");
      if (n < 1) stop(Code::IndexOutOfRange, span, "a logarithm needs a positive number, found " + std::to_string(n));
      auto u = static_cast<std::uint64_t>(n);
      return Value::literal(Literal::ofInt(Elem::I32, b == Builtin::Ilog2 ? 63 - std::countl_zero(u) : static_cast<std::int64_t>(std::bit_ceil(u))));
    }
    case Builtin::Solve: {
      const Leaf &a = args[0]->leaf, &y = args[1]->leaf;
      bool vector = y.type.rank() == 1;
      Leaf right = vector ? reshape(y, {y.type.dims[0], Dim(1)}, span) : y;
      Leaf x = leaf(builder(span).emit1(Op::Solve, {useWhole(a, span), useWhole(right, span)}));
      return Value::of(vector ? reshape(x, y.type.dims, span) : x);
    }
    case Builtin::Conv2d: notYet(span, "`conv2d`");
    case Builtin::MaxPool: notYet(span, "`max_pool`");
    default: notYet(span, "this function");
  }
}

}  // namespace fedc::transform::specialise
