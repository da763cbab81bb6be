#include "compiler/kernel/schedule_expr.h"

#include <algorithm>

#include "compiler/core/internal_error.h"

namespace fedc::kernel {

using core::Prim;

std::vector<Dim> accessStrides(const Access& access, const BufferShape& buffer) {
  std::vector<Dim> strides(access.shape.size(), Dim(1));
  for (std::size_t d = access.shape.size(); d-- > 1;) {
    const bool padded = d + 1 == access.shape.size() && buffer.padLast != 0;
    strides[d - 1] = strides[d] * (padded ? Dim(buffer.padLast) : access.shape[d]);
  }
  return strides;
}

namespace {

Dim replace(const Dim& dim, Int var, const Dim& by) {
  return dim.substitute([&](Int v) -> std::optional<Dim> {
    if (v == var) return by;
    return std::nullopt;
  });
}

std::optional<Dim> stepOf(const Dim& dim, Int var) {
  if (!dim.mentions(var)) return Dim(0);
  Dim step = replace(dim, var, Dim::variable(var) + Dim(1)) - dim;
  if (step.mentions(var)) return std::nullopt;
  return step;
}

bool exprMentions(const LocalNest& nest, ExprId id, Int axis) {
  const Expr& e = nest.exprs[static_cast<std::size_t>(id)];
  if (e.dim.mentions(axis)) return true;
  if (e.kind == Expr::Kind::Load)
    for (const Index& i : e.access.index)
      if (i.affine.mentions(axis) || (i.gather && exprMentions(nest, *i.gather, axis))) return true;
  return std::any_of(e.args.begin(), e.args.end(), [&](ExprId a) { return exprMentions(nest, a, axis); });
}

}  // namespace

std::optional<Dim> accessStep(const LocalNest& nest, const Access& access, Int axis) {
  const std::vector<Dim> strides = accessStrides(access, nest.buffers[access.buffer]);
  Dim total = 0;
  for (std::size_t d = 0; d < access.index.size(); ++d) {
    const Index& index = access.index[d];
    if (index.gather && exprMentions(nest, *index.gather, axis)) return std::nullopt;
    if (!index.affine.mentions(axis)) continue;
    if (index.clamp) return std::nullopt;
    std::optional<Dim> step = stepOf(index.affine, axis);
    if (!step) return std::nullopt;
    total = total + *step * strides[d];
  }
  return total;
}

void Lowering::setLanes(std::optional<Int> axis, std::optional<Dim> count, std::optional<Dim> first) {
  laneAxis_ = axis;
  laneCount_ = std::move(count);
  laneFirst_ = std::move(first);
}

std::optional<ValueId> Lowering::tailMask() {
  if (!laneAxis_) return std::nullopt;
  std::optional<ValueId> mask;
  if (laneCount_ && laneCount_->constant().value_or(0) < kLanes) mask = frame_.laneMask(*laneCount_);
  if (laneFirst_) mask = both(mask, frame_.primitive(Prim::Not, Elem::Bool, {frame_.laneMask(*laneFirst_)}, Elem::Bool));
  return mask;
}

void Lowering::countUses(ExprId id, std::vector<int>& uses) const {
  if (uses[static_cast<std::size_t>(id)]++ > 0) return;
  const Expr& e = nest_.exprs[static_cast<std::size_t>(id)];
  for (ExprId a : e.args) countUses(a, uses);
}

void Lowering::enter(const std::vector<ExprId>& roots) {
  memo_.clear();
  uses_.assign(nest_.exprs.size(), 0);
  if (roots.size() > 1)
    for (ExprId r : roots) countUses(r, uses_);
}

ValueId Lowering::lower(ExprId id) {
  if (auto it = memo_.find(id); it != memo_.end()) return it->second;
  ValueId v = lowerUncached(nest_.exprs[static_cast<std::size_t>(id)]);
  if (uses_[static_cast<std::size_t>(id)] > 1) v = frame_.share(v);
  return memo_[id] = v;
}

ValueId Lowering::lowerAs(ExprId id, Elem elem) { return frame_.convert(lower(id), elem); }

std::optional<Dim> Lowering::laneStep(const Dim& dim) const {
  if (!laneAxis_) return Dim(0);
  return stepOf(dim, *laneAxis_);
}

ValueId Lowering::lanesOf(const Dim& dim) {
  if (auto step = laneStep(dim)) return frame_.integer(dim, Elem::I64, *step);
  std::optional<ValueId> sum;
  for (const Dim::Term& term : dim.terms()) {
    Dim scalarFactor = term.coefficient;
    std::optional<ValueId> product;
    for (const Dim::Atom& atom : term.atoms) {
      const ValueId factor = lanesOfAtom(atom);
      product = product ? frame_.primitive(Prim::Mul, Elem::I64, {*product, factor}) : factor;
    }
    ValueId value = frame_.integer(scalarFactor, Elem::I64);
    if (product) value = frame_.primitive(Prim::Mul, Elem::I64, {*product, value});
    sum = sum ? frame_.primitive(Prim::Add, Elem::I64, {*sum, value}) : value;
  }
  return sum ? *sum : frame_.integer(0, Elem::I64);
}

ValueId Lowering::lanesOfAtom(const Dim::Atom& atom) {
  using Kind = Dim::AtomKind;
  if (atom.kind == Kind::Variable) return lanesOf(Dim::variable(atom.variable));
  const ValueId a = lanesOf(atom.operands[0]);
  FEDC_REQUIRE(atom.operands.size() == 2, "a power of two has no lanes");
  const ValueId b = lanesOf(atom.operands[1]);
  auto less = frame_.primitive(Prim::Lt, Elem::Bool, {a, b}, Elem::I64);
  switch (atom.kind) {
    case Kind::Min: return frame_.primitive(Prim::Select, Elem::I64, {less, a, b});
    case Kind::Max: return frame_.primitive(Prim::Select, Elem::I64, {less, b, a});
    default: {
      // Quotient towards minus infinity: the truncated one, one less where signs differ and something remains; ceildiv(a, b) = -floordiv(-a, b).
      const bool up = atom.kind == Kind::Ceildiv;
      const ValueId n = up ? frame_.primitive(Prim::Neg, Elem::I64, {a}) : a;
      const ValueId q = frame_.primitive(Prim::Div, Elem::I64, {n, b});
      const ValueId r = frame_.primitive(Prim::Rem, Elem::I64, {n, b});
      const ValueId zero = frame_.integer(0, Elem::I64);
      const ValueId signs = frame_.primitive(Prim::Lt, Elem::Bool, {frame_.primitive(Prim::Xor, Elem::I64, {r, b}), zero}, Elem::I64);
      const ValueId rest = frame_.primitive(Prim::Ne, Elem::Bool, {r, zero}, Elem::I64);
      const ValueId fix = frame_.primitive(Prim::And, Elem::Bool, {signs, rest}, Elem::Bool);
      const ValueId one = frame_.integer(1, Elem::I64);
      const ValueId f = frame_.primitive(Prim::Select, Elem::I64, {fix, frame_.primitive(Prim::Sub, Elem::I64, {q, one}), q});
      return up ? frame_.primitive(Prim::Neg, Elem::I64, {f}) : f;
    }
  }
}

std::optional<ValueId> Lowering::both(std::optional<ValueId> a, std::optional<ValueId> b) {
  if (!a) return b;
  if (!b) return a;
  return frame_.primitive(Prim::And, Elem::Bool, {*a, *b}, Elem::Bool);
}

Lowering::Address Lowering::address(const Access& access) {
  const BufferShape& buffer = nest_.buffers[access.buffer];
  const std::vector<Dim> strides = accessStrides(access, buffer);
  FEDC_REQUIRE(strides.size() == access.index.size(), "an access has an index for every extent");
  Address result;
  result.buffer = access.buffer;
  std::optional<ValueId> lanes;
  std::optional<ValueId> inside;
  auto addLanes = [&](ValueId coordinate, const Dim& stride) {
    if (!stride.isConstant(1)) coordinate = frame_.primitive(Prim::Mul, Elem::I64, {coordinate, frame_.integer(stride, Elem::I64)});
    lanes = lanes ? frame_.primitive(Prim::Add, Elem::I64, {*lanes, coordinate}) : coordinate;
  };
  const ValueId zero = frame_.integer(0, Elem::I64);
  for (std::size_t d = 0; d < access.index.size(); ++d) {
    const Index& index = access.index[d];
    const Dim& extent = access.shape[d];
    Dim coordinate = index.affine;
    std::optional<ValueId> varying;
    if (index.gather) {
      ValueId loaded = frame_.convert(lower(*index.gather), Elem::I64);
      if (frame_.isLanes(loaded)) {
        varying = frame_.primitive(Prim::Add, Elem::I64, {loaded, lanesOf(coordinate)});
      } else {
        coordinate = coordinate + Dim::variable(frame_.bindValue("g", loaded));
      }
    }
    if (!varying && !laneStep(coordinate)) varying = lanesOf(coordinate);
    if (index.clamp) {
      const Dim last = extent - Dim(1);
      if (!varying && !laneStep(coordinate)->isConstant(0)) varying = lanesOf(coordinate);
      if (varying) {
        const ValueId top = frame_.integer(last, Elem::I64);
        const ValueId low =
            frame_.primitive(Prim::Select, Elem::I64, {frame_.primitive(Prim::Lt, Elem::Bool, {*varying, zero}, Elem::I64), zero, *varying});
        varying = frame_.primitive(Prim::Select, Elem::I64, {frame_.primitive(Prim::Lt, Elem::Bool, {top, low}, Elem::I64), top, low});
      } else {
        const Dim clamped = Dim::max(Dim(0), Dim::min(coordinate, last));
        coordinate = clamped.constant() ? clamped : Dim::variable(frame_.bindValue("c", frame_.integer(clamped, Elem::I64)));
      }
    }
    if (access.zeroOutside) {
      bool certain = false;
      if (auto v = coordinate.asVariable(); v && !varying) {
        auto matches = [&](const Axis& a) { return a.var == *v && a.extent == extent; };
        certain =
            std::any_of(nest_.axes.begin(), nest_.axes.end(), matches) || std::any_of(nest_.reduceAxes.begin(), nest_.reduceAxes.end(), matches);
      }
      if (!certain && index.clamp) {
        // Clamped: inside, unless there is nothing to be inside of.
        certain = extent.constant().value_or(0) > 0;
        if (!certain) inside = both(inside, frame_.primitive(Prim::Lt, Elem::Bool, {zero, frame_.integer(extent, Elem::I64)}, Elem::I64));
      } else if (!certain) {
        if (!varying && laneStep(coordinate)->isConstant(1)) {
          inside = both(inside, frame_.laneMask(extent - coordinate));
          inside = both(inside, frame_.primitive(Prim::Not, Elem::Bool, {frame_.laneMask(Dim(0) - coordinate)}, Elem::Bool));
        } else {
          const ValueId c = varying ? *varying : lanesOf(coordinate);
          inside = both(inside, frame_.primitive(Prim::Ge, Elem::Bool, {c, zero}, Elem::I64));
          inside = both(inside, frame_.primitive(Prim::Lt, Elem::Bool, {c, frame_.integer(extent, Elem::I64)}, Elem::I64));
        }
      }
    }
    if (varying) {
      addLanes(*varying, strides[d]);
    } else {
      result.offset = result.offset + coordinate * strides[d];
    }
  }
  result.mask = inside;
  const Dim step = *laneStep(result.offset);
  if (lanes) {
    if (!step.isConstant(0)) lanes = frame_.primitive(Prim::Add, Elem::I64, {*lanes, frame_.integer(0, Elem::I64, step)});
    result.offsets = lanes;
    result.lanes = true;
  } else if (step.isConstant(1)) {
    result.lanes = true;
    result.contiguous = true;
  } else if (!step.isConstant(0)) {
    result.offsets = frame_.integer(0, Elem::I64, step);
    result.lanes = true;
  }
  if (result.mask) result.mask = frame_.place(*result.mask);
  if (inside && frame_.isLanes(*inside) && !result.lanes) {
    // One address, but it counts only in some lanes: sixteen times the same address, so that the mask has lanes to act on.
    result.offsets = frame_.integer(0, Elem::I64, 0);
    Value splat = frame_.value(*result.offsets);
    splat.lanes = true;
    result.offsets = frame_.add(splat);
    result.lanes = true;
  }
  return result;
}

bool Lowering::laneCoversTail(const Access& access) const {
  if (!laneAxis_ || access.index.empty()) return false;
  const BufferShape& buffer = nest_.buffers[access.buffer];
  const Index& last = access.index.back();
  if (buffer.padLast == 0 || last.gather || last.clamp || access.zeroOutside) return false;
  if (last.affine.asVariable() != laneAxis_) return false;
  auto matches = [&](const Axis& a) { return a.var == *laneAxis_ && a.extent == access.shape.back(); };
  return std::any_of(nest_.axes.begin(), nest_.axes.end(), matches) || std::any_of(nest_.reduceAxes.begin(), nest_.reduceAxes.end(), matches);
}

ValueId Lowering::lowerLoad(const Expr& e) {
  Address a = address(e.access);
  Value load;
  load.kind = Value::Kind::Load;
  load.elem = e.elem;
  load.buffer = a.buffer;
  load.dim = a.offset;
  load.offsets = a.offsets;
  load.mask = a.mask;
  load.lanes = a.lanes;
  if (a.lanes && !laneCoversTail(e.access)) load.mask = both(load.mask, tailMask());
  const ValueId probe = frame_.add(load);
  bool changed = false;
  for (std::optional<ValueId>* part : {&load.offsets, &load.mask}) {
    if (!*part || frame_.samePlace(**part, probe)) continue;
    *part = frame_.place(**part);
    changed = true;
  }
  return changed ? frame_.add(load) : probe;
}

ValueId Lowering::lowerUncached(const Expr& e) {
  switch (e.kind) {
    case Expr::Kind::Literal: return frame_.literal(e.literal);
    case Expr::Kind::Integer: {
      if (core::isInteger(e.elem))
        if (auto step = laneStep(e.dim)) return frame_.integer(e.dim, e.elem, *step);
      return frame_.convert(lanesOf(e.dim), e.elem);
    }
    case Expr::Kind::Load: return lowerLoad(e);
    case Expr::Kind::Accumulator: return accumulator_(e.accumulator);
    case Expr::Kind::Scalar: {
      std::vector<ValueId> args;
      for (ExprId a : e.args) args.push_back(lower(a));
      const ValueId probe = frame_.scalar(e.op, e.elem, args);
      bool changed = false;
      for (ValueId& a : args) {
        if (frame_.samePlace(a, probe)) continue;
        a = frame_.place(a);
        changed = true;
      }
      return changed ? frame_.scalar(e.op, e.elem, args) : probe;
    }
    case Expr::Kind::RandomBits: {
      Value bits;
      bits.kind = Value::Kind::RandomBits;
      bits.elem = e.elem;
      bits.args = {lower(e.args[0]), e.args.size() > 1 ? lower(e.args[1]) : lanesOf(e.dim)};
      return frame_.add(bits);
    }
  }
  return 0;
}

bool Lowering::leavesTail(const Access& target) const {
  const BufferShape& buffer = nest_.buffers[target.buffer];
  if (buffer.padLast == 0 || target.shape.back().isConstant(buffer.padLast) || laneCoversTail(target)) return false;
  // Only who writes the last entry of a row writes what follows it.
  const Index& last = target.index.back();
  if (last.gather) return true;
  Dim top = last.affine;
  for (const Axis& a : nest_.axes) top = replace(top, a.var, a.extent - Dim(1));
  for (const Axis& a : nest_.reduceAxes) top = replace(top, a.var, a.extent - Dim(1));
  return top == target.shape.back() - Dim(1);
}

void Lowering::store(const Access& target, ValueId value) {
  Address a = address(target);
  StoreValue s;
  s.buffer = a.buffer;
  s.offset = a.offset;
  s.offsets = a.offsets;
  s.mask = a.mask;
  s.lanes = a.lanes;
  if (a.lanes) {
    if (std::optional<ValueId> tail = tailMask()) {
      if (laneCoversTail(target)) {
        const Elem elem = nest_.buffers[target.buffer].elem;
        value = frame_.primitive(Prim::Select, elem, {*tail, value, frame_.literal(Literal::zero(elem))});
      } else {
        s.mask = both(s.mask, tail);
      }
    }
  }
  s.value = value;
  frame_.append({s});
}

}  // namespace fedc::kernel
