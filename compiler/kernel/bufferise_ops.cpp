#include <algorithm>
#include <numeric>

#include "compiler/core/internal_error.h"
#include "compiler/core/native.h"
#include "compiler/core/op_table.h"
#include "compiler/kernel/bufferiser.h"

// Pass bufferise: the lowering of each op that is not control.
namespace fedc::kernel {

namespace {

AxisValue plain(const Dim& d) { return AxisValue{Index{d, {}, false}, {}}; }

std::vector<AxisValue> plainAll(const std::vector<Dim>& dims) {
  std::vector<AxisValue> out;
  for (const Dim& d : dims) out.push_back(plain(d));
  return out;
}

Elem computeElem(Elem e) { return e == Elem::F16 || e == Elem::BF16 ? Elem::F32 : e; }

Accumulation::Kind accumulationOf(core::ReduceKind k) {
  switch (k) {
    case core::ReduceKind::Sum: return Accumulation::Kind::Sum;
    case core::ReduceKind::Prod: return Accumulation::Kind::Prod;
    case core::ReduceKind::Max: return Accumulation::Kind::Max;
    case core::ReduceKind::Min: return Accumulation::Kind::Min;
    case core::ReduceKind::And: return Accumulation::Kind::And;
    case core::ReduceKind::Or: break;
  }
  return Accumulation::Kind::Or;
}

bool contains(const std::vector<int>& v, int x) { return std::find(v.begin(), v.end(), x) != v.end(); }

std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace

void Bufferiser::statement(const core::Stmt& s) {
  if (core::isElementwise(s.op)) return elementwise(s);
  switch (s.op) {
    case Op::Broadcast: return broadcast(s);
    case Op::Reshape: return reshape(s);
    case Op::Transpose: return transpose(s);
    case Op::Slice: return slice(s);
    case Op::Reverse: return reverse(s);
    case Op::Cross: return define(s.results[0], viewOf(s.args[0], typeOf(s)));
    case Op::Iota: return iota(s);
    case Op::DynamicSlice: return dynamicSlice(s);
    case Op::UpdateSlice: return updateSlice(s);
    case Op::Pad: return pad(s);
    case Op::Concat: return concat(s);
    case Op::Reduce: return reduce(s);
    case Op::ArgReduce: return argReduce(s);
    case Op::Cumulative: return cumulative(s);
    case Op::Sort: return sort(s);
    case Op::Contract: return contract(s);
    case Op::Solve: return solve(s);
    case Op::Gather: return gather(s);
    case Op::Scatter: return scatter(s);
    case Op::Pick: return pick(s);
    case Op::KeySeed: return keySeed(s);
    case Op::Split: return split(s);
    case Op::FoldIn: return foldIn(s);
    case Op::RandomBits: return randomBits(s);
    case Op::Permutation: return permutation(s);
    case Op::NativeMap:
    case Op::NativeCall: return native(s);
    case Op::StrCompare:
    case Op::StrLength:
    case Op::StrHash:
    case Op::StrCount:
    case Op::StrBytes:
    case Op::StrSplit: return strings(s);
    case Op::DimDef: return dimension(s);
    case Op::DimValue: return dimValue(s);
    case Op::Compact: return compact(s);
    case Op::Loop: return loop(s);
    case Op::Cond: return cond(s);
    case Op::Check: return check(s);
    default: FEDC_REQUIRE(false, "`" + std::string(core::opName(s.op)) + "` has no lowering in bufferise_ops.cpp, or belongs to a pass before it");
  }
}

bool Bufferiser::fits(const Dim& value, const core::Type& type) const {
  // A size that is known only in the run is one that memory holds.
  constexpr std::int64_t kLargest = std::int64_t{1} << 27;
  const auto ofSizes = [&](Int) { return std::optional(kLargest); };
  const auto bound = [&](Int v) -> std::optional<std::int64_t> {
    if (isCoordinate(v)) {
      for (std::size_t d = 0; d < type.dims.size(); ++d) {
        if (v == coordinate(d)) return type.dims[d].upperBound(ofSizes);
      }
      return std::nullopt;
    }
    const IntInfo& info = kernel_.ints[v];
    if (info.bound) return info.bound;
    return info.kind == IntInfo::Kind::Param ? std::optional(kLargest) : info.limit ? info.limit->upperBound(ofSizes) : std::nullopt;
  };
  // Of i64 a bit is left, for differences.
  const std::int64_t most = type.elem == Elem::I32 ? INT32_MAX : INT64_MAX / 2;
  for (const Dim::Term& t : value.terms()) {
    if (t.coefficient < -most || t.coefficient > most) return false;
  }
  const auto high = value.upperBound(bound), low = (Dim(0) - value).upperBound(bound);
  return high && low && *high <= most && *low <= most;
}

bool Bufferiser::integerArithmetic(const core::Stmt& s) {
  // Index arithmetic stays an index: sums and products of numbers that the kernel's control knows. Both wrap alike once converted; which of two is
  // smaller, and what a wider type holds, is the same only of what does not wrap.
  const core::Type& type = typeOf(s);
  if (type.elem != Elem::I32 && type.elem != Elem::I64) return false;
  std::vector<Dim> x;
  for (const core::Atom& a : s.args) {
    const View v = viewOf(a, type);
    const Expr& e = v.expr();
    if (e.kind == Expr::Kind::Integer && (e.elem == Elem::I32 || e.elem == Elem::I64)) {
      x.push_back(e.dim);
    } else if (e.kind == Expr::Kind::Literal && core::isInteger(e.elem)) {
      x.push_back(Dim(e.literal.toInt()));
    } else {
      return false;
    }
  }
  Dim value;
  switch (s.op) {
    case Op::Add: value = x[0] + x[1]; break;
    case Op::Sub: value = x[0] - x[1]; break;
    case Op::Neg: value = Dim(-1) * x[0]; break;
    case Op::Mul: value = x[0] * x[1]; break;
    case Op::Convert:
      if (const core::Atom& a = s.args[0]; type.elem == Elem::I64 && !a.isLiteral && !fits(x[0], valueOf(a.var).type)) return false;
      value = x[0];
      break;
    case Op::Min:
    case Op::Max:
      if (!fits(x[0], type) || !fits(x[1], type)) return false;
      value = s.op == Op::Min ? Dim::min(x[0], x[1]) : Dim::max(x[0], x[1]);
      break;
    default: return false;
  }
  if (!isAffine(value, isCoordinate)) return false;
  define(s.results[0], integerView(type.elem, type.dims, value));
  return true;
}

void Bufferiser::elementwise(const core::Stmt& s) {
  if (s.op == Op::StopGradient) return define(s.results[0], viewOf(s.args[0], typeOf(s)));
  if (integerArithmetic(s)) return;
  const core::Type& type = typeOf(s);
  const BufferId out = result(s);
  NestDraft d;
  const std::vector<Dim> p = addAxes(d, type.dims);
  std::vector<ExprId> args;
  for (const core::Atom& a : s.args) args.push_back(a.isLiteral ? d.write.literal(a.literal) : readAt(valueOf(a.var), p, d.write));
  store(d, out, p, d.write.scalar(s.op, type.elem, std::move(args)));
  finish(d, kernel_.buffers[out].name);
}

void Bufferiser::broadcast(const core::Stmt& s) {
  const core::Type& type = typeOf(s);
  if (s.args[0].isLiteral) return define(s.results[0], literalView(type, s.args[0].literal));
  const std::vector<Dim> c = coordinates(type.dims.size());
  std::vector<AxisValue> map;
  for (int a : s.attrs.axes) map.push_back(plain(c[at(a)]));
  define(s.results[0], seen(valueOf(s.args[0].var), type, map));
}

void Bufferiser::reshape(const core::Stmt& s) {
  const core::Type& type = typeOf(s);
  const View& x = valueOf(s.args[0].var);
  const std::vector<Dim> index = reshapeIndex(x.type.dims, type.dims, coordinates(type.dims.size()));
  if (auto v = seenThrough(kernel_, x, type, plainAll(index))) return define(s.results[0], std::move(*v));
  // A copy whose axes are the operand's: the result seen in the operand's shape.
  const BufferId out = result(s);
  NestDraft d;
  const std::vector<Dim> p = addAxes(d, x.type.dims);
  Access target = accessOf(out, type.dims, reshapeIndex(type.dims, x.type.dims, p));
  const bool fits = makeAffine(target, [&](Int v) { return kernel_.ints[v].kind == IntInfo::Kind::Axis; });
  FEDC_REQUIRE(fits, "a reshape that is not affine");
  d.nest.stores.push_back(Store{std::move(target), readAt(x, p, d.write)});
  finish(d, "reshape_" + kernel_.buffers[out].name);
}

void Bufferiser::transpose(const core::Stmt& s) {
  const core::Type& type = typeOf(s);
  const std::vector<Dim> c = coordinates(type.dims.size());
  std::vector<AxisValue> map(c.size());
  for (std::size_t i = 0; i < c.size(); ++i) map[at(s.attrs.axes[i])] = plain(c[i]);
  define(s.results[0], seen(valueOf(s.args[0].var), type, map));
}

void Bufferiser::slice(const core::Stmt& s) {
  const core::Type& type = typeOf(s);
  std::vector<Dim> index = coordinates(type.dims.size());
  for (std::size_t i = 0; i < index.size(); ++i) {
    index[i] = s.attrs.starts[i] + Dim(s.attrs.strides.empty() ? 1 : s.attrs.strides[i]) * index[i];
  }
  define(s.results[0], seen(valueOf(s.args[0].var), type, plainAll(index)));
}

void Bufferiser::reverse(const core::Stmt& s) {
  const core::Type& type = typeOf(s);
  std::vector<Dim> index = coordinates(type.dims.size());
  for (int a : s.attrs.axes) index[at(a)] = type.dims[at(a)] - Dim(1) - index[at(a)];
  define(s.results[0], seen(valueOf(s.args[0].var), type, plainAll(index)));
}

void Bufferiser::iota(const core::Stmt& s) {
  const core::Type& type = typeOf(s);
  define(s.results[0], integerView(type.elem, type.dims, Dim::variable(coordinate(at(s.attrs.axes[0])))));
}

Dim Bufferiser::clampedScalar(const core::Atom& a, const Dim& most, Int var, bool fresh) {
  const View v = viewOf(a, core::Type{a.isLiteral ? a.literal.elem : fn_.typeOf(a.var).elem, {}});
  if (const auto known = uniformInteger(v)) {
    if (fresh && facts_.nonNegative(*known) && facts_.nonNegative(most - *known)) return *known;
    let(var, Dim::max(Dim(0), Dim::min(*known, most)));
  } else {
    auto buffer = wholeBuffer(kernel_, v);
    if (!buffer) buffer = wholeBuffer(kernel_, materialised(v, "scalar"));
    let(var, most, buffer);
  }
  return Dim::variable(var);
}

Dim Bufferiser::startOf(const core::Atom& a, const Dim& size, const Dim& extent) {
  if (size == extent) return Dim(0);
  return clampedScalar(a, extent - size, newInt(IntInfo{IntInfo::Kind::Let, "start" + std::to_string(kernel_.ints.size()), {}, {}}), true);
}

void Bufferiser::dynamicSlice(const core::Stmt& s) {
  const core::Type& type = typeOf(s);
  const View x = valueOf(s.args[0].var);
  std::vector<Dim> index = coordinates(type.dims.size());
  for (std::size_t i = 0; i < index.size(); ++i) index[i] = startOf(s.args[i + 1], type.dims[i], x.type.dims[i]) + index[i];
  define(s.results[0], seen(x, type, plainAll(index)));
}

void Bufferiser::updateSlice(const core::Stmt& s) {
  const View x = valueOf(s.args[0].var);
  View u = valueOf(s.args[1].var);
  readBefore(s.args[0].var, {&u});
  std::vector<Dim> starts;
  for (std::size_t i = 0; i < u.type.dims.size(); ++i) starts.push_back(startOf(s.args[i + 2], u.type.dims[i], x.type.dims[i]));
  const BufferId out = result(s);
  copy(Target{out, {}}, x);
  NestDraft d;
  std::vector<Dim> p = addAxes(d, u.type.dims);
  const ExprId value = readAt(u, p, d.write);
  for (std::size_t i = 0; i < p.size(); ++i) p[i] = starts[i] + p[i];
  store(d, out, p, value);
  finish(d, "update_" + kernel_.buffers[out].name);
}

void Bufferiser::pad(const core::Stmt& s) {
  const View x = valueOf(s.args[0].var);
  const core::Type& type = typeOf(s);
  View value = viewOf(s.args[1], core::Type{type.elem, {}});
  value = seen(value, type, {});
  const BufferId out = result(s);
  copy(Target{out, {}}, value);
  NestDraft d;
  std::vector<Dim> p = addAxes(d, x.type.dims);
  const ExprId inner = readAt(x, p, d.write);
  for (std::size_t i = 0; i < p.size(); ++i) p[i] = s.attrs.dims[i] + p[i];
  store(d, out, p, inner);
  finish(d, "pad_" + kernel_.buffers[out].name);
}

void Bufferiser::concat(const core::Stmt& s) {
  const std::size_t axis = at(s.attrs.axes[0]);
  const BufferId out = result(s);
  Dim offset;
  for (const core::Atom& a : s.args) {
    const View& part = valueOf(a.var);
    NestDraft d;
    std::vector<Dim> p = addAxes(d, part.type.dims);
    const ExprId value = readAt(part, p, d.write);
    p[axis] = offset + p[axis];
    store(d, out, p, value);
    finish(d, "concat_" + kernel_.buffers[out].name);
    offset = offset + part.type.dims[axis];
  }
}

void Bufferiser::reduce(const core::Stmt& s) {
  const View x = valueOf(s.args[0].var);
  const core::Type& type = typeOf(s);
  const Elem elem = computeElem(type.elem);
  const BufferId out = result(s);
  NestDraft d;
  const std::vector<Dim> kept = addAxes(d, type.dims);
  std::vector<Dim> reducedExtents;
  for (int a : s.attrs.axes) reducedExtents.push_back(x.type.dims[at(a)]);
  const std::vector<Dim> reduced = addAxes(d, reducedExtents, true);
  std::vector<Dim> p(x.type.dims.size());
  for (std::size_t i = 0; i < reduced.size(); ++i) p[at(s.attrs.axes[i])] = reduced[i];
  for (std::size_t i = 0, k = 0; i < p.size(); ++i) {
    if (!contains(s.attrs.axes, static_cast<int>(i))) p[i] = kept[k++];
  }
  Accumulation acc;
  acc.kind = accumulationOf(*s.attrs.reduce);
  acc.elem = elem;
  acc.value = converted(d, readAt(x, p, d.write), elem);
  if (s.args.size() > 1) acc.init = converted(d, readAt(viewOf(s.args[1], type), kept, d.write), elem);
  d.nest.order = s.attrs.order.value_or(Order{});
  d.nest.accumulations.push_back(acc);
  store(d, out, kept, converted(d, d.write.accumulator(elem, 0), type.elem));
  finish(d, kernel_.buffers[out].name);
}

void Bufferiser::argReduce(const core::Stmt& s) {
  // The operand with the reduced axes last, as one: the index of the best is the accumulator, the value is picked by it (a sum of bits that a
  // maximum would not keep: -0 among zeros, the payload of a NaN).
  View x = valueOf(s.args[0].var);
  std::vector<int> order;
  for (int i = 0; i < x.type.rank(); ++i) {
    if (!contains(s.attrs.axes, i)) order.push_back(i);
  }
  const std::size_t kept = order.size();
  order.insert(order.end(), s.attrs.axes.begin(), s.attrs.axes.end());
  const std::vector<Dim> c = coordinates(order.size());
  std::vector<AxisValue> map(order.size());
  core::Type arranged{x.type.elem, {}};
  for (std::size_t i = 0; i < order.size(); ++i) {
    map[at(order[i])] = plain(c[i]);
    arranged.dims.push_back(x.type.dims[at(order[i])]);
  }
  x = seen(x, arranged, map);
  core::Type flat = typeOf(s, 0);
  Dim n(1);
  for (std::size_t i = kept; i < order.size(); ++i) n = n * arranged.dims[i];
  flat.dims.push_back(n);
  x = seen(x, flat, plainAll(reshapeIndex(arranged.dims, flat.dims, coordinates(kept + 1))));

  const BufferId place = result(s, 1);
  NestDraft d;
  std::vector<Dim> p = addAxes(d, typeOf(s, 0).dims);
  const std::vector<Dim> out = p;
  p.push_back(addAxes(d, {n}, true)[0]);
  Accumulation acc;
  acc.kind = *s.attrs.reduce == core::ReduceKind::Max ? Accumulation::Kind::ArgMax : Accumulation::Kind::ArgMin;
  acc.elem = computeElem(x.type.elem);
  acc.value = converted(d, readAt(x, p, d.write), acc.elem);
  d.nest.accumulations.push_back(acc);
  store(d, place, out, d.write.accumulator(Elem::I32, 0));
  finish(d, kernel_.buffers[place].name);

  std::vector<Expr> gathers;
  ExprWriter w(gathers);
  Index best;
  best.gather = readAt(valueOf(s.results[1]), coordinates(kept), w);
  best.clamp = true;
  define(s.results[0], gathered(x, kept, best, plainAll(coordinates(kept)), typeOf(s, 0), gathers));
}

void Bufferiser::cumulative(const core::Stmt& s) {
  const View x = valueOf(s.args[0].var);
  const core::Type& type = typeOf(s);
  const std::size_t axis = at(s.attrs.axes[0]);
  const Elem elem = computeElem(type.elem);
  const BufferId out = result(s);
  core::Type row{elem, type.dims};
  row.dims.erase(row.dims.begin() + s.attrs.axes[0]);
  const BufferId acc = newBuffer(row, kernel_.buffers[out].name + "_sum");
  copy(Target{acc, {}}, literalView(row, core::Literal::zero(elem)));

  const Int t = newInt(IntInfo{IntInfo::Kind::Loop, "t" + std::to_string(s.results[0]), {}, {}});
  describeInt(kernel_, t, IntInfo::Kind::Loop, type.dims[axis] - Dim(1));
  For loop{t, type.dims[axis], s.attrs.reversed, {}};
  Block* outside = block_;
  block_ = &loop.body;
  NestDraft d;
  const std::vector<Dim> p = addAxes(d, row.dims);
  std::vector<Dim> place = p;
  place.insert(place.begin() + s.attrs.axes[0], Dim::variable(t));
  const ExprId term = converted(d, readAt(x, place, d.write), elem);
  const ExprId before = d.write.load(elem, accessOf(acc, row.dims, p));
  const ExprId joined = d.write.scalar(core::reduceOp(*s.attrs.reduce), elem, {before, term});
  const Dim first = s.attrs.reversed ? type.dims[axis] - Dim(1) : Dim(0);
  const ExprId isFirst = d.write.scalar(Op::Eq, Elem::Bool, {d.write.integer(Elem::I64, Dim::variable(t)), d.write.integer(Elem::I64, first)});
  const ExprId sum = d.write.scalar(Op::Select, elem, {isFirst, term, joined});
  store(d, acc, p, sum);
  store(d, out, place, converted(d, sum, type.elem));
  finish(d, kernel_.buffers[out].name);
  block_ = outside;
  block_->push_back(Statement{std::move(loop)});
}

void Bufferiser::sort(const core::Stmt& s) {
  const std::size_t axis = at(s.attrs.axes[0]);
  Call call;
  call.symbol = "sort";
  for (std::size_t i = 0; i < s.args.size(); ++i) call.buffers.push_back(denseBuffer(valueOf(s.args[i].var), "sorted"));
  for (std::size_t i = 0; i < s.results.size(); ++i) call.buffers.push_back(result(s, i));
  const std::vector<Dim>& dims = typeOf(s, 0).dims;
  call.buffers.push_back(newBuffer(core::Type{Elem::I64, {Dim(2) * dims[axis]}}, "scratch"));
  call.ints = {Dim(static_cast<std::int64_t>(s.args.size())), Dim(1)};
  for (std::size_t i = 0; i < s.args.size(); ++i) call.ints.push_back(Dim(static_cast<std::int64_t>(typeOf(s, i).elem)));
  Dim outer(1), inner(1);
  for (std::size_t i = 0; i < axis; ++i) outer = outer * dims[i];
  for (std::size_t i = axis + 1; i < dims.size(); ++i) inner = inner * dims[i];
  call.ints.insert(call.ints.end(), {outer, dims[axis], inner});
  block_->push_back(Statement{std::move(call)});
}

void Bufferiser::contract(const core::Stmt& s) {
  const View x = valueOf(s.args[0].var), y = valueOf(s.args[1].var);
  const core::Type& type = typeOf(s);
  const Elem elem = computeElem(type.elem);
  const BufferId out = result(s);
  NestDraft d;
  const std::vector<Dim> kept = addAxes(d, type.dims);
  std::vector<Dim> reducedExtents;
  for (int a : s.attrs.axes) reducedExtents.push_back(x.type.dims[at(a)]);
  const std::vector<Dim> reduced = addAxes(d, reducedExtents, true);
  std::vector<Dim> left(x.type.dims.size()), right(y.type.dims.size());
  std::size_t next = 0;
  for (std::size_t i = 0; i < s.attrs.batch.size(); ++i) left[at(s.attrs.batch[i])] = right[at(s.attrs.rhsBatch[i])] = kept[next++];
  for (std::size_t i = 0; i < reduced.size(); ++i) left[at(s.attrs.axes[i])] = right[at(s.attrs.rhsAxes[i])] = reduced[i];
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!contains(s.attrs.batch, static_cast<int>(i)) && !contains(s.attrs.axes, static_cast<int>(i))) left[i] = kept[next++];
  }
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (!contains(s.attrs.rhsBatch, static_cast<int>(i)) && !contains(s.attrs.rhsAxes, static_cast<int>(i))) right[i] = kept[next++];
  }
  const ExprId a = converted(d, readAt(x, left, d.write), elem), b = converted(d, readAt(y, right, d.write), elem);
  std::optional<ExprId> init;
  if (s.args.size() > 2) init = converted(d, readAt(viewOf(s.args[2], type), kept, d.write), elem);
  ExprId value;
  if (reduced.empty()) {
    // No sum: one fused multiply-add from the start of its accumulator.
    const bool seq = s.attrs.order.value_or(Order{}).kind == Order::Kind::Seq;
    const ExprId start = init && seq ? *init : d.write.literal(core::Literal::zero(elem));
    value = d.write.scalar(Op::Fma, elem, {a, b, start});
    if (init && !seq) value = d.write.scalar(Op::Add, elem, {value, *init});
  } else {
    Accumulation acc;
    acc.elem = elem;
    acc.value = d.write.scalar(Op::Mul, elem, {a, b});
    acc.fused = true;
    acc.init = init;
    d.nest.order = s.attrs.order.value_or(Order{});
    d.nest.accumulations.push_back(acc);
    value = d.write.accumulator(elem, 0);
  }
  store(d, out, kept, converted(d, value, type.elem));
  finish(d, kernel_.buffers[out].name);
}

void Bufferiser::solve(const core::Stmt& s) {
  const core::Type& type = typeOf(s);
  const std::size_t rank = type.dims.size();
  const BufferId a = denseBuffer(valueOf(s.args[0].var), "matrix"), b = denseBuffer(valueOf(s.args[1].var), "rhs");
  const BufferId out = result(s);
  const Dim n = type.dims[rank - 2], k = type.dims[rank - 1];
  Dim batch(1);
  for (std::size_t i = 0; i + 2 < rank; ++i) batch = batch * type.dims[i];
  const BufferId scratch = newBuffer(core::Type{type.elem, {n * n}}, "scratch");
  block_->push_back(Statement{Call{"solve", {}, {a, b, out, scratch}, {Dim(static_cast<std::int64_t>(type.elem)), batch, n, k}}});
}

Index Bufferiser::indexAt(const core::Atom& indices, const std::vector<Dim>& p, const std::vector<Dim>& extents, const Dim& extent,
                          ExprWriter& into) {
  const Dim last = extent - Dim(1);
  if (indices.isLiteral) return Index{Dim::max(Dim(0), Dim::min(Dim(indices.literal.toInt()), last)), {}, false};
  View v = valueOf(indices.var);
  const auto loads = [](const View& view) {
    const Expr& e = view.expr();
    if (e.kind == Expr::Kind::Integer) return true;
    return e.kind == Expr::Kind::Load &&
           std::none_of(e.access.index.begin(), e.access.index.end(), [](const Index& i) { return i.gather.has_value(); });
  };
  if (!loads(v)) v = materialised(v, "index");
  if (v.expr().kind == Expr::Kind::Integer) {
    std::vector<Expr> scratch;
    ExprWriter w(scratch);
    const Dim at = w[readAt(v, p, w)].dim;
    Facts inside = facts_;
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (const auto c = p[i].asVariable()) inside.addRange(*c, extents[i]);
    }
    return Index{at, {}, !inside.within(at, extent)};
  }
  return Index{Dim(0), readAt(v, p, into), true};
}

View Bufferiser::gathered(const View& data, std::size_t axis, const Index& index, std::vector<AxisValue> map, const core::Type& type,
                          const std::vector<Expr>& gathers) {
  map.insert(map.begin() + static_cast<std::ptrdiff_t>(axis), AxisValue{index, data.type.dims[axis]});
  return seen(data, type, map, gathers);
}

void Bufferiser::gather(const core::Stmt& s) {
  const View data = valueOf(s.args[0].var);
  const core::Type& type = typeOf(s);
  const std::size_t axis = at(s.attrs.axes[0]), batch = s.attrs.batch.empty() ? 0 : at(s.attrs.batch[0]);
  const std::vector<Dim> c = coordinates(type.dims.size());
  const std::size_t places = s.args[1].isLiteral ? 0 : valueOf(s.args[1].var).type.dims.size() - batch;
  std::vector<Dim> p(c.begin(), c.begin() + static_cast<std::ptrdiff_t>(batch)),
      extents(type.dims.begin(), type.dims.begin() + static_cast<std::ptrdiff_t>(batch));
  for (std::size_t i = 0; i < places; ++i) {
    p.push_back(c[axis + i]);
    extents.push_back(type.dims[axis + i]);
  }
  std::vector<Expr> gathers;
  ExprWriter w(gathers);
  const Index index = indexAt(s.args[1], p, extents, data.type.dims[axis], w);
  std::vector<AxisValue> map;
  for (std::size_t i = 0; i < c.size(); ++i) {
    if (i < axis || i >= axis + places) map.push_back(plain(c[i]));
  }
  define(s.results[0], gathered(data, axis, index, std::move(map), type, gathers));
}

void Bufferiser::pick(const core::Stmt& s) {
  const View data = valueOf(s.args[0].var);
  const core::Type& type = typeOf(s);
  const std::vector<Dim> c = coordinates(type.dims.size());
  std::vector<Expr> gathers;
  ExprWriter w(gathers);
  const Index index = indexAt(s.args[1], c, type.dims, data.type.dims.back(), w);
  define(s.results[0], gathered(data, c.size(), index, plainAll(c), type, gathers));
}

void Bufferiser::scatter(const core::Stmt& s) {
  const View init = valueOf(s.args[0].var);
  const core::Type& type = typeOf(s);
  const std::size_t axis = at(s.attrs.axes[0]), batch = s.attrs.batch.empty() ? 0 : at(s.attrs.batch[0]);
  std::vector<Dim> places;
  if (!s.args[1].isLiteral) {
    const std::vector<Dim>& d = valueOf(s.args[1].var).type.dims;
    places.assign(d.begin() + static_cast<std::ptrdiff_t>(batch), d.end());
  }
  // A nest of the axes and then the updates: the integers and expressions of the scatter are made with it.
  NestDraft d;
  std::vector<Dim> free;
  for (std::size_t i = 0; i < type.dims.size(); ++i) {
    if (i != axis) free.push_back(type.dims[i]);
  }
  const std::vector<Dim> f = addAxes(d, free);
  const std::vector<Dim> u = addAxes(d, places, true);
  if (!facts_.nonNegative(type.dims[axis] - Dim(1))) {
    // An axis without elements takes no updates.
    if (u.empty()) addAxes(d, {Dim(1)}, true);
    Dim& trips = d.nest.reduceAxes[0].extent;
    trips = Dim::min(trips, trips * type.dims[axis]);
  }
  std::vector<Dim> p(f.begin(), f.begin() + static_cast<std::ptrdiff_t>(batch)),
      extents(type.dims.begin(), type.dims.begin() + static_cast<std::ptrdiff_t>(batch));
  p.insert(p.end(), u.begin(), u.end());
  extents.insert(extents.end(), places.begin(), places.end());
  core::Type updates{type.elem, {type.dims.begin(), type.dims.begin() + static_cast<std::ptrdiff_t>(axis)}};
  updates.dims.insert(updates.dims.end(), places.begin(), places.end());
  updates.dims.insert(updates.dims.end(), type.dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1, type.dims.end());
  std::vector<Dim> q(f.begin(), f.begin() + static_cast<std::ptrdiff_t>(axis));
  q.insert(q.end(), u.begin(), u.end());
  q.insert(q.end(), f.begin() + static_cast<std::ptrdiff_t>(axis), f.end());

  const Index index = indexAt(s.args[1], p, extents, type.dims[axis], d.write);
  View values = viewOf(s.args[2], updates);
  readBefore(s.args[0].var, {&values});
  const BufferId out = result(s);
  copy(Target{out, {}}, init);
  Scatter scatter;
  scatter.name = kernel_.buffers[out].name;
  scatter.axes = d.nest.axes;
  scatter.updates = d.nest.reduceAxes;
  scatter.mode = s.attrs.scatter;
  scatter.store.value = readAt(values, q, d.write);
  scatter.store.target = accessOf(out, type.dims, f.empty() ? std::vector<Dim>{} : f);
  scatter.store.target.index.insert(scatter.store.target.index.begin() + static_cast<std::ptrdiff_t>(axis), index);
  scatter.exprs = std::move(d.nest.exprs);
  block_->push_back(Statement{std::move(scatter)});
}

void Bufferiser::keySeed(const core::Stmt& s) {
  const core::Type& type = typeOf(s);
  const BufferId out = result(s);
  NestDraft d;
  const std::vector<Dim> p = addAxes(d, type.dims);
  store(d, out, p, d.write.scalar(Op::Bitcast, Elem::Key, {readAt(viewOf(s.args[0], core::Type{Elem::I64, type.dims}), p, d.write)}));
  finish(d, kernel_.buffers[out].name);
}

void Bufferiser::split(const core::Stmt& s) {
  const core::Type& type = typeOf(s);
  const BufferId out = result(s);
  NestDraft d;
  const std::vector<Dim> p = addAxes(d, type.dims);
  core::Type keys{Elem::Key, {type.dims.begin(), type.dims.end() - 1}};
  Expr e;
  e.kind = Expr::Kind::RandomBits;
  e.elem = Elem::Key;
  e.args = {readAt(viewOf(s.args[0], keys), {p.begin(), p.end() - 1}, d.write)};
  e.dim = p.back();
  store(d, out, p, d.write.add(std::move(e)));
  finish(d, kernel_.buffers[out].name);
}

void Bufferiser::foldIn(const core::Stmt& s) {
  const core::Type& type = typeOf(s);
  const BufferId out = result(s);
  NestDraft d;
  const std::vector<Dim> p = addAxes(d, type.dims);
  const Elem given = s.args[1].isLiteral ? s.args[1].literal.elem : fn_.typeOf(s.args[1].var).elem;
  Expr e;
  e.kind = Expr::Kind::RandomBits;
  e.elem = Elem::Key;
  e.args = {readAt(viewOf(s.args[0], type), p, d.write), readAt(viewOf(s.args[1], core::Type{given, type.dims}), p, d.write)};
  if (given != Elem::U32) e.args[1] = d.write.scalar(Op::Bitcast, Elem::U32, {e.args[1]});
  store(d, out, p, d.write.add(std::move(e)));
  finish(d, kernel_.buffers[out].name);
}

void Bufferiser::randomBits(const core::Stmt& s) {
  const core::Type& type = typeOf(s);
  const std::size_t keyRank = type.dims.size() - s.attrs.dims.size();
  const BufferId out = result(s);
  NestDraft d;
  const std::vector<Dim> p = addAxes(d, type.dims);
  Expr e;
  e.kind = Expr::Kind::RandomBits;
  e.elem = Elem::U32;
  core::Type keys{Elem::Key, {type.dims.begin(), type.dims.begin() + static_cast<std::ptrdiff_t>(keyRank)}};
  e.args = {readAt(viewOf(s.args[0], keys), {p.begin(), p.begin() + static_cast<std::ptrdiff_t>(keyRank)}, d.write)};
  for (std::size_t i = keyRank; i < p.size(); ++i) e.dim = e.dim * type.dims[i] + p[i];
  store(d, out, p, d.write.add(std::move(e)));
  finish(d, kernel_.buffers[out].name);
}

void Bufferiser::permutation(const core::Stmt& s) {
  const core::Type& type = typeOf(s);
  const Dim n = type.dims.back();
  const core::Type keys{Elem::Key, {type.dims.begin(), type.dims.end() - 1}};
  const View key = viewOf(s.args[0], keys);
  const BufferId scratch = newBuffer(core::Type{Elem::U64, {Dim(2) * n}}, "scratch");
  if (keys.dims.empty()) {
    const BufferId k = denseBuffer(key, "key");
    const BufferId out = result(s);
    block_->push_back(Statement{Call{"permutation", {}, {out, k, scratch}, {n}}});
    return;
  }
  // One call a key, then its row is copied.
  const BufferId one = newBuffer(core::Type{Elem::Key, {}}, "key"), row = newBuffer(core::Type{Elem::I32, {n}}, "row");
  const BufferId out = result(s);
  std::vector<For> loops;
  std::vector<Dim> p;
  for (const Dim& e : keys.dims) {
    const Int t = newInt(IntInfo{IntInfo::Kind::Loop, "t" + std::to_string(kernel_.ints.size()), {}, {}});
    describeInt(kernel_, t, IntInfo::Kind::Loop, e - Dim(1));
    loops.push_back(For{t, e, false, {}});
    p.push_back(Dim::variable(t));
  }
  Block* outside = block_;
  block_ = &loops.back().body;
  NestDraft d;
  store(d, one, {}, readAt(key, p, d.write));
  finish(d, "key");
  block_->push_back(Statement{Call{"permutation", {}, {row, one, scratch}, {n}}});
  copy(Target{out, p}, bufferView(kernel_, row));
  for (std::size_t i = loops.size(); i-- > 1;) loops[i - 1].body.push_back(Statement{std::move(loops[i])});
  block_ = outside;
  block_->push_back(Statement{std::move(loops[0])});
}

void Bufferiser::native(const core::Stmt& s) {
  Call call;
  call.symbol = "native";
  call.function = s.attrs.native->symbol;
  call.ints.emplace_back(static_cast<std::int64_t>(s.args.size()));
  const auto shape = [&](const core::Type& type) {
    // Element by element it is one row of them all.
    std::vector<Dim> dims = type.dims;
    if (s.op == Op::NativeMap) {
      Dim count(1);
      for (const Dim& d : type.dims) count = count * d;
      dims = {count};
    }
    call.ints.emplace_back(static_cast<std::int64_t>(dims.size()));
    call.ints.insert(call.ints.end(), dims.begin(), dims.end());
  };
  for (const core::Atom& a : s.args) {
    const View& x = valueOf(a.var);
    BufferId b = denseBuffer(x, "native");
    // Inputs do not overlap.
    if (std::find(call.buffers.begin(), call.buffers.end(), b) != call.buffers.end()) b = *wholeBuffer(kernel_, materialised(x, "native"));
    call.buffers.push_back(b);
    shape(fn_.typeOf(a.var));
  }
  call.buffers.push_back(result(s));
  shape(typeOf(s));
  block_->push_back(Statement{std::move(call)});
}

void Bufferiser::strings(const core::Stmt& s) {
  const bool widens = s.op == Op::StrBytes || s.op == Op::StrSplit;
  const std::vector<Dim>& dims = typeOf(s).dims;
  Dim n(1);
  for (std::size_t i = 0; i + (widens ? 1 : 0) < dims.size(); ++i) n = n * dims[i];
  Call call{std::string(core::opName(s.op)), {}, {}, {n}};
  for (const core::Atom& a : s.args) {
    // A literal is one element for all: a step of 0.
    const View operand = a.isLiteral ? literalView(core::Type{a.literal.elem, {}}, a.literal) : valueOf(a.var);
    call.buffers.push_back(denseBuffer(operand, "operand"));
    call.ints.push_back(Dim(a.isLiteral ? 0 : 1));
  }
  if (widens) call.ints.push_back(dims.back());
  call.buffers.push_back(result(s));
  block_->push_back(Statement{std::move(call)});
}

void Bufferiser::dimension(const core::Stmt& s) {
  const Int var = *s.attrs.defines;
  if (s.args.empty()) return let(var, s.attrs.extent);
  clampedScalar(s.args[0], s.attrs.extent, var, false);
}

void Bufferiser::dimValue(const core::Stmt& s) { define(s.results[0], integerView(typeOf(s).elem, {}, s.attrs.extent)); }

void Bufferiser::compact(const core::Stmt& s) {
  const Dim n = s.attrs.extent;
  const BufferId mask = denseBuffer(valueOf(s.args[0].var), "mask");
  const BufferId out = newBuffer(core::Type{Elem::I32, {n}}, "positions"), count = newBuffer(core::Type{Elem::I64, {}}, "count");
  block_->push_back(Statement{Call{"compact", {}, {mask, out, count}, {n}}});
  let(*s.attrs.defines, n, count);
  const auto v = seenThrough(kernel_, bufferView(kernel_, out), typeOf(s), plainAll(coordinates(1)));
  define(s.results[0], *v);
}

void Bufferiser::check(const core::Stmt& s) {
  NestDraft d;
  ExprId condition;
  if (s.args[0].isLiteral) {
    if (s.args[0].literal.bits != 0) return;
    condition = d.write.literal(s.args[0].literal);
  } else {
    const View& c = valueOf(s.args[0].var);
    condition = readAt(c, addAxes(d, c.type.dims), d.write);
  }
  d.nest.checks.push_back(SiteCheck{condition, s.attrs.site});
  finish(d, "check");
}

}  // namespace fedc::kernel
