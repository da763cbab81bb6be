#include "compiler/core/ops/rules_detail.h"

// Derivatives and batching of shape ops. All are linear: the transpose of a view is a view or a sum.
namespace fedc::core::rules {

namespace {

using Context = DerivativeContext;
using Flags = std::span<const bool>;
using Atoms = std::span<const Atom>;

Linear linear(std::vector<int> operands, std::function<Atom(Context&, int, Atom)> transpose) {
  return Linear{std::move(operands), std::move(transpose)};
}

Atom zeros(Builder& b, const Type& type) { return b.splat(Literal::zero(type.elem), type); }

Atom broadcastTranspose(Context& c, int, Atom ct) {
  const int rank = static_cast<int>(c.stmt.attrs.dims.size());
  const std::vector<int> repeated = axesWithout(rank, c.stmt.attrs.axes);
  return repeated.empty() ? ct : c.build.reduce(ReduceKind::Sum, ct, repeated);
}

// Element i of the result came from start + i·stride: spread the cotangent out by inserting stride-1 zeros, then pad to the operand's size.
Atom sliceTranspose(Context& c, int, Atom ct) {
  const Attrs& at = c.stmt.attrs;
  const Type operand = c.build.typeOf(c.operands[0]);
  const std::size_t rank = operand.dims.size();
  std::vector<Dim> low = at.starts, high(rank), sizes = at.dims;
  const Atom zero = Atom::of(Literal::zero(operand.elem));
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t stride = at.strides.empty() ? 1 : at.strides[i];
    if (stride > 1) {
      std::vector<Dim> split = sizes, none(rank + 1, Dim(0)), gap(rank + 1, Dim(0));
      split.insert(split.begin() + static_cast<std::ptrdiff_t>(i) + 1, Dim(1));
      gap[i + 1] = Dim(stride - 1);
      Atom spread = c.build.reshape(ct, split);
      Attrs pad;
      pad.dims = none;
      pad.starts = gap;
      spread = c.build.emit1(Op::Pad, {spread, zero}, pad);
      sizes[i] = sizes[i] * Dim(stride);
      spread = c.build.reshape(spread, sizes);
      // The last element needs no gap after it.
      sizes[i] = sizes[i] - Dim(stride - 1);
      ct = c.build.slice(spread, std::vector<Dim>(rank, Dim(0)), sizes);
    }
    high[i] = operand.dims[i] - at.starts[i] - sizes[i];
  }
  Attrs pad;
  pad.dims = low;
  pad.starts = high;
  return c.build.emit1(Op::Pad, {ct, zero}, pad);
}

Atom padTranspose(Context& c, int i, Atom ct) {
  const Atom inner = c.build.slice(ct, c.stmt.attrs.dims, c.build.typeOf(c.operands[0]).dims);
  if (i == 0) return inner;
  const auto sum = [&](const Atom& a) {
    const int rank = c.build.typeOf(a).rank();
    return rank == 0 ? a : c.build.reduce(ReduceKind::Sum, a, axesUpTo(rank));
  };
  return c.build.sub(sum(ct), sum(inner));
}

Atom concatTranspose(Context& c, int i, Atom ct) {
  const std::size_t axis = static_cast<std::size_t>(c.stmt.attrs.axes[0]);
  const Type part = c.build.typeOf(c.operands[static_cast<std::size_t>(i)]);
  std::vector<Dim> starts(part.dims.size(), Dim(0));
  for (int k = 0; k < i; ++k) starts[axis] = starts[axis] + c.build.typeOf(c.operands[static_cast<std::size_t>(k)]).dims[axis];
  return c.build.slice(ct, starts, part.dims);
}

std::vector<Atom> startsOf(Context& c, std::size_t first) { return {c.operands.begin() + static_cast<std::ptrdiff_t>(first), c.operands.end()}; }

Atom dynamicSliceTranspose(Context& c, int, Atom ct) {
  std::vector<Atom> args{zeros(c.build, c.build.typeOf(c.operands[0])), ct};
  for (const Atom& s : startsOf(c, 1)) args.push_back(s);
  return c.build.emit1(Op::UpdateSlice, args);
}

Atom updateSliceTranspose(Context& c, int i, Atom ct) {
  const Type part = c.build.typeOf(c.operands[1]);
  std::vector<Atom> args{ct};
  if (i == 0) args.push_back(zeros(c.build, part));
  for (const Atom& s : startsOf(c, 2)) args.push_back(s);
  if (i == 0) return c.build.emit1(Op::UpdateSlice, args);
  Attrs attrs;
  attrs.dims = part.dims;
  return c.build.emit1(Op::DynamicSlice, args, attrs);
}

// A start moved so that `size` elements lie within `extent`, as dynamic_slice and update_slice do it.
Atom clampedStart(Builder& b, const Atom& start, const Dim& extent, const Dim& size) {
  const Elem elem = b.typeOf(start).elem;
  Atom last = b.dimValue(extent - size, elem);
  last = b.broadcastTo(last, b.typeOf(start).dims);
  return b.binary(Op::Max, b.binary(Op::Min, start, last), Atom::of(Literal::zero(elem)));
}

// [n, size]: start and the positions after it, row by row.
Atom positions(Builder& b, const Atom& start, const Dim& extent, const Dim& size, const Dim& n) {
  const Elem elem = b.typeOf(start).elem;
  if (size.isConstant(1)) return b.reshape(start, {n, Dim(1)});
  const Atom first = b.broadcast(clampedStart(b, start, extent, size), {n, size}, {0});
  return b.add(first, b.iota({n, size}, 1, elem));
}

bool isZero(const Atom& a) { return a.isLiteral && a.literal.bits == 0; }

std::vector<Atom> batchDynamicSlice(Builder& b, const Stmt& s, Atoms operands, Flags mapped, const Dim& n) {
  Atom x = operands[0];
  bool isMapped = mapped[0];
  std::vector<Dim> dims = b.typeOf(x).dims;
  if (isMapped) dims.erase(dims.begin());
  const std::size_t rank = dims.size();
  // First the axes whose start is the same for all rows, then one gather for each other axis.
  std::vector<Dim> sizes = dims;
  std::vector<Atom> starts;
  bool trivial = true;
  for (std::size_t k = 0; k < rank; ++k) {
    const bool same = !mapped[1 + k];
    starts.push_back(same ? operands[1 + k] : Atom::of(Literal::ofInt(Elem::I32, 0)));
    if (!same) continue;
    trivial = trivial && isZero(operands[1 + k]) && dims[k] == s.attrs.dims[k];
    sizes[k] = s.attrs.dims[k];
  }
  if (!trivial) {
    Attrs attrs;
    attrs.dims = isMapped ? prepended(n, sizes) : sizes;
    std::vector<Atom> args{x};
    if (isMapped) args.push_back(Atom::of(Literal::ofInt(Elem::I32, 0)));
    args.insert(args.end(), starts.begin(), starts.end());
    x = b.emit1(Op::DynamicSlice, args, attrs);
  }
  for (std::size_t k = 0; k < rank; ++k) {
    if (!mapped[1 + k]) continue;
    const Atom index = positions(b, operands[1 + k], dims[k], s.attrs.dims[k], n);
    const int axis = static_cast<int>(k);
    x = isMapped ? b.gather(x, index, axis + 1, 1) : moveAxis(b, b.gather(x, index, axis), axis, 0);
    isMapped = true;
  }
  return {x};
}

std::vector<Atom> batchUpdateSlice(Builder& b, const Stmt& s, Atoms operands, Flags mapped, const Dim& n) {
  const Atom x = withLeading(b, operands[0], mapped[0], n), u = withLeading(b, operands[1], mapped[1], n);
  const Type xt = b.typeOf(x), ut = b.typeOf(u);
  const std::size_t rank = xt.dims.size() - 1;
  std::size_t varying = 0, trivial = 0, axis = 0;
  for (std::size_t k = 0; k < rank; ++k) {
    if (mapped[2 + k]) {
      ++varying;
      axis = k;
    } else if (isZero(operands[2 + k]) && xt.dims[k + 1] == ut.dims[k + 1]) {
      ++trivial;
    }
  }
  Attrs set;
  set.scatter = ScatterMode::Set;
  set.axes = {1};
  set.batch = {1};
  if (varying == 0) {
    std::vector<Atom> args{x, u, Atom::of(Literal::ofInt(Elem::I32, 0))};
    args.insert(args.end(), operands.begin() + 2, operands.end());
    return b.emit(Op::UpdateSlice, args, s.attrs);
  }
  if (varying == 1 && trivial + 1 == rank) {
    set.axes = {static_cast<int>(axis) + 1};
    return {b.emit1(Op::Scatter, {x, positions(b, operands[2 + axis], xt.dims[axis + 1], ut.dims[axis + 1], n), u}, set)};
  }
  // In general: set single elements by their row-major number.
  std::optional<Atom> number;
  Dim stride(1);
  const std::vector<Dim> shape = ut.dims;
  for (std::size_t k = rank; k-- > 0;) {
    Atom start = operands[2 + k];
    const Elem elem = b.typeOf(start).elem;
    if (start.isLiteral) start = b.splat(start.literal, {elem, {}});
    start = clampedStart(b, start, xt.dims[k + 1], ut.dims[k + 1]);
    if (elem != Elem::I32) start = b.convert(start, Elem::I32);
    const Atom first = mapped[2 + k] ? b.broadcast(start, shape, {0}) : b.broadcastTo(start, shape);
    const Atom at = b.add(first, b.iota(shape, static_cast<int>(k) + 1, Elem::I32));
    const Atom term = b.mul(at, b.broadcastTo(b.dimValue(stride, Elem::I32), shape));
    number = number ? b.add(*number, term) : term;
    stride = stride * xt.dims[k + 1];
  }
  const std::vector<Dim> flat{n, stride}, flatUpdate{n, product({shape.begin() + 1, shape.end()})};
  const Atom result = b.emit1(Op::Scatter, {b.reshape(x, flat), b.reshape(*number, flatUpdate), b.reshape(u, flatUpdate)}, set);
  return {b.reshape(result, xt.dims)};
}

using Rewrite = std::vector<Atom> (*)(Builder&, const Stmt&, Atoms, Flags, const Dim&);
BatchRule rule(Rewrite f) { return BatchRule{f}; }

}  // namespace

Derivative shapeDerivative(Op op) {
  switch (op) {
    case Op::Broadcast: return linear({0}, broadcastTranspose);
    case Op::Reshape: return linear({0}, [](Context& c, int, Atom ct) { return c.build.reshape(ct, c.build.typeOf(c.operands[0]).dims); });
    case Op::Transpose: return linear({0}, [](Context& c, int, Atom ct) { return c.build.transpose(ct, inversePermutation(c.stmt.attrs.axes)); });
    case Op::Slice: return linear({0}, sliceTranspose);
    case Op::Reverse: return linear({0}, [](Context& c, int, Atom ct) { return c.build.emit1(Op::Reverse, {ct}, c.stmt.attrs); });
    case Op::Cross:
      return linear({0}, [](Context& c, int, Atom ct) {
        Attrs back = c.stmt.attrs;
        back.dims = c.build.typeOf(c.operands[0]).dims;
        return c.build.emit1(Op::Cross, {ct}, back);
      });
    case Op::DynamicSlice: return linear({0}, dynamicSliceTranspose);
    case Op::UpdateSlice: return linear({0, 1}, updateSliceTranspose);
    case Op::Pad: return linear({0, 1}, padTranspose);
    // In all operands.
    case Op::Concat: return linear({}, concatTranspose);
    case Op::Iota: return NotDifferentiable{};
    default: noRule(op, "derivative");
  }
}

Batching shapeBatching(Op op) {
  switch (op) {
    case Op::Broadcast:
      return rule([](Builder& b, const Stmt& s, Atoms x, Flags, const Dim& n) -> std::vector<Atom> {
        std::vector<int> axes = shifted(s.attrs.axes);
        axes.insert(axes.begin(), 0);
        return {b.broadcast(x[0], prepended(n, s.attrs.dims), axes)};
      });
    case Op::Reshape:
      return rule(
          [](Builder& b, const Stmt& s, Atoms x, Flags, const Dim& n) -> std::vector<Atom> { return {b.reshape(x[0], prepended(n, s.attrs.dims))}; });
    case Op::Transpose:
      return rule([](Builder& b, const Stmt& s, Atoms x, Flags, const Dim&) -> std::vector<Atom> {
        std::vector<int> axes = shifted(s.attrs.axes);
        axes.insert(axes.begin(), 0);
        return {b.transpose(x[0], axes)};
      });
    case Op::Slice:
      return rule([](Builder& b, const Stmt& s, Atoms x, Flags, const Dim& n) -> std::vector<Atom> {
        Attrs attrs = s.attrs;
        attrs.dims = prepended(n, attrs.dims);
        attrs.starts = prepended(Dim(0), attrs.starts);
        if (!attrs.strides.empty()) attrs.strides.insert(attrs.strides.begin(), 1);
        return b.emit(Op::Slice, {x[0]}, attrs);
      });
    case Op::Reverse:
      return rule([](Builder& b, const Stmt& s, Atoms x, Flags, const Dim&) -> std::vector<Atom> {
        Attrs attrs = s.attrs;
        attrs.axes = shifted(attrs.axes);
        return b.emit(Op::Reverse, {x[0]}, attrs);
      });
    case Op::Cross:
      return rule([](Builder& b, const Stmt& s, Atoms x, Flags, const Dim& n) -> std::vector<Atom> {
        Attrs attrs = s.attrs;
        attrs.dims = prepended(n, attrs.dims);
        return b.emit(Op::Cross, {x[0]}, attrs);
      });
    case Op::Pad:
      return rule([](Builder& b, const Stmt& s, Atoms x, Flags mapped, const Dim& n) -> std::vector<Atom> {
        Attrs attrs = s.attrs;
        attrs.dims = prepended(Dim(0), attrs.dims);
        attrs.starts = prepended(Dim(0), attrs.starts);
        const Atom data = withLeading(b, x[0], mapped[0], n);
        if (!mapped[1]) return b.emit(Op::Pad, {data, x[1]}, attrs);
        // A value for each row: pad with zeros, and take the row's value where the padding is.
        const Type type = b.typeOf(data);
        const Atom padded = b.emit1(Op::Pad, {data, Atom::of(Literal::zero(type.elem))}, attrs);
        const Atom inside = b.emit1(Op::Pad, {b.splat(Literal::ofBool(true), {Elem::Bool, type.dims}), Atom::of(Literal::ofBool(false))}, attrs);
        return {b.select(inside, padded, b.broadcast(x[1], b.typeOf(padded).dims, {0}))};
      });
    case Op::Concat:
      return rule([](Builder& b, const Stmt& s, Atoms x, Flags mapped, const Dim& n) -> std::vector<Atom> {
        std::vector<Atom> parts;
        for (std::size_t i = 0; i < x.size(); ++i) parts.push_back(withLeading(b, x[i], mapped[i], n));
        return {b.concat(parts, s.attrs.axes[0] + 1)};
      });
    case Op::DynamicSlice: return rule(batchDynamicSlice);
    case Op::UpdateSlice: return rule(batchUpdateSlice);
    case Op::Iota: return NoBatch{"it has no operands"};
    default: noRule(op, "batching");
  }
}

}  // namespace fedc::core::rules
