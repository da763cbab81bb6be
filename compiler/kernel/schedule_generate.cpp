#include <limits>
#include <set>

#include "compiler/core/internal_error.h"
#include "compiler/kernel/schedule_plan.h"
#include "compiler/kernel/schedule_split.h"

namespace fedc::kernel {

using core::Prim;

namespace {

constexpr std::int64_t kNoIndex = std::numeric_limits<std::int32_t>::max();

bool isArg(Accumulation::Kind k) { return k == Accumulation::Kind::ArgMax || k == Accumulation::Kind::ArgMin; }

core::ReduceKind kindOf(Accumulation::Kind k) {
  switch (k) {
    case Accumulation::Kind::Prod: return core::ReduceKind::Prod;
    case Accumulation::Kind::Max:
    case Accumulation::Kind::ArgMax: return core::ReduceKind::Max;
    case Accumulation::Kind::Min:
    case Accumulation::Kind::ArgMin: return core::ReduceKind::Min;
    case Accumulation::Kind::And: return core::ReduceKind::And;
    case Accumulation::Kind::Or: return core::ReduceKind::Or;
    default: return core::ReduceKind::Sum;
  }
}

bool divides(const Dim& extent, std::int64_t by) {
  for (const Dim::Term& t : extent.terms())
    if (t.coefficient % by != 0) return false;
  return true;
}

class Generator {
 public:
  Generator(const LocalNest& nest, const NestPlan& plan) : nest_(nest), plan_(plan), fn_(begin(nest, plan)), frame_(fn_), low_(nest, frame_) {}

  static NestFunction begin(const LocalNest& nest, const NestPlan& plan) {
    NestFunction fn;
    fn.name = nest.name;
    fn.form = plan.describe();
    fn.ints = nest.ints;
    fn.uniforms = nest.uniforms;
    for (const BufferShape& b : nest.buffers) fn.buffers.push_back({b.name, b.elem, b.written});
    return fn;
  }

  NestFunction run() {
    unrollRow_ = frame_.newInt("i");
    unrollCol_ = frame_.newInt("v");
    for (std::size_t a = 0; a < nest_.axes.size(); ++a) {
      const int n = static_cast<int>(a);
      if (n == plan_.row || n == plan_.col || n == plan_.lane) continue;
      frame_.openFor(nest_.axes[a].var, 0, nest_.axes[a].extent, 1);
      parallel_.insert(nest_.axes[a].var);
    }
    if (plan_.lane >= 0 && plan_.lanesOutside) {
      lanes([&] { rows([&] { tile(); }); });
    } else {
      rows([&] {
        if (plan_.lane >= 0) {
          lanes([&] { tile(); });
        } else {
          cols([&] { tile(); });
        }
      });
    }
    frame_.closeTo(1);
    tails();
    frame_.finish();
    return std::move(fn_);
  }

  /// The loops whose steps do not depend on each other.
  const std::set<Int>& parallelLoops() const { return parallel_; }

  NestFunction runScatter(core::ScatterMode mode) {
    unrollRow_ = frame_.newInt("i");
    unrollCol_ = frame_.newInt("v");
    for (const Axis& u : nest_.reduceAxes) frame_.openFor(u.var, 0, u.extent, 1);
    for (std::size_t a = 0; a < nest_.axes.size(); ++a)
      if (static_cast<int>(a) != plan_.lane) frame_.openFor(nest_.axes[a].var, 0, nest_.axes[a].extent, 1);
    auto update = [&] {
      openTile();
      const Store& s = nest_.stores[0];
      low_.enter({});
      const Elem elem = nest_.buffers[s.target.buffer].elem;
      ValueId value = low_.lowerAs(s.value, elem);
      if (mode == core::ScatterMode::Add) {
        Lowering::Address a = low_.address(s.target);
        Value old;
        old.kind = Value::Kind::Load;
        old.elem = elem;
        old.buffer = a.buffer;
        old.dim = a.offset;
        old.offsets = a.offsets;
        old.mask = a.mask;
        old.lanes = a.lanes;
        if (a.lanes && laneCount_ && !a.mask) old.mask = low_.tailMask();
        value = frame_.scalar(Op::Add, elem, {frame_.add(old), value});
      }
      low_.store(s.target, value);
      closeTile();
    };
    if (plan_.lane >= 0) {
      lanes(update);
    } else {
      update();
    }
    frame_.finish();
    return std::move(fn_);
  }

 private:
  const Axis& axis(int n) const { return nest_.axes[static_cast<std::size_t>(n)]; }

  template <class Body>
  void blocks(int axisNumber, std::int64_t step, const char* name, Int& base, const Body& body) {
    if (axisNumber < 0) {
      body();
      return;
    }
    base = frame_.newInt(name);
    parallel_.insert(base);
    frame_.openFor(base, 0, axis(axisNumber).extent, step);
    body();
    frame_.close();
  }

  template <class Body>
  void rows(const Body& body) {
    blocks(plan_.row, plan_.rows, "r", rowBase_, body);
  }

  template <class Body>
  void cols(const Body& body) {
    blocks(plan_.col, plan_.cols, "c", colBase_, body);
  }

  /// Runs body for groups of lanes: whole groups first, then what is left.
  template <class Body>
  void groups(const Dim& extent, std::int64_t vectors, bool knownFew, const Body& body) {
    const std::int64_t width = kLanes * vectors;
    auto run = [&](Dim begin, Dim end, std::int64_t nv, bool partial) {
      vectors_ = nv;
      laneBase_ = frame_.newInt("l");
      if (!inReduceLanes_) parallel_.insert(laneBase_);
      frame_.openFor(laneBase_, std::move(begin), std::move(end), kLanes * nv);
      laneCount_.reset();
      if (partial) laneCount_ = extent;
      body();
      frame_.close();
    };
    if (auto e = extent.constant()) {
      const std::int64_t whole = *e / width * width;
      if (whole > 0) run(0, whole, vectors, false);
      const std::int64_t rest = *e - whole;
      if (rest > 0) run(whole, *e, (rest + kLanes - 1) / kLanes, rest % kLanes != 0);
      return;
    }
    if (knownFew) {
      run(0, extent, 1, true);
      return;
    }
    if (divides(extent, width)) {
      run(0, extent, vectors, false);
      return;
    }
    const Dim whole = Dim::floordiv(extent, Dim(width)) * Dim(width);
    run(0, whole, vectors, false);
    run(whole, extent, 1, true);
  }

  bool isFew(const Dim& extent) const {
    auto b = extent.upperBound([&](Int v) { return nest_.ints[v].bound; });
    return b && *b <= kLanes;
  }

  template <class Body>
  void lanes(const Body& body) {
    const Axis& a = axis(plan_.lane);
    groups(a.extent, plan_.vectors, isFew(a.extent), body);
  }

  void bindBlock(int axisNumber, Int base, Int unroll, std::int64_t count) {
    const Axis& a = axis(axisNumber);
    const Dim at = Dim::variable(base) + Dim::variable(unroll);
    if (divides(a.extent, count)) {
      frame_.bind(a.var, at);
    } else {
      // Beyond the end the last point is computed again: same loads, same values, same places.
      frame_.bind(a.var, Dim::min(at, a.extent - Dim(1)));
    }
  }

  /// Opens the copies of a tile: rows, then vectors or columns.
  void openTile() {
    frame_.openUnroll(unrollRow_, tileRows());
    if (plan_.row >= 0) bindBlock(plan_.row, rowBase_, unrollRow_, plan_.rows);
    frame_.openUnroll(unrollCol_, tileCols());
    if (plan_.col >= 0) bindBlock(plan_.col, colBase_, unrollCol_, plan_.cols);
    if (plan_.lane >= 0) {
      const Int j = axis(plan_.lane).var;
      frame_.bind(j, Dim::variable(laneBase_) + Dim(kLanes) * Dim::variable(unrollCol_));
      low_.setLanes(j, laneCount_ ? std::optional<Dim>(*laneCount_ - Dim::variable(j)) : std::nullopt);
    } else if (!inReduceLanes_) {
      low_.setLanes(std::nullopt);
    }
  }

  void closeTile() {
    frame_.close();
    frame_.close();
  }

  std::int64_t tileRows() const { return plan_.row >= 0 ? plan_.rows : 1; }
  std::int64_t tileCols() const { return plan_.lane >= 0 ? vectors_ : (plan_.col >= 0 ? plan_.cols : 1); }
  bool isTiled() const { return tileRows() * tileCols() > 1; }
  Dim tileIndex() const { return Dim::variable(unrollRow_) * Dim(tileCols()) + Dim::variable(unrollCol_); }

  /// Evaluates all values of a point (and its checks) before storing any of them: copies of a point that is computed twice must read the same.
  void storeAll(const std::vector<Store>& stores, const std::vector<SiteCheck>& checks, const std::vector<Accumulation>* alsoAccumulate) {
    std::vector<ExprId> roots;
    for (const Store& s : stores) roots.push_back(s.value);
    for (const SiteCheck& c : checks) roots.push_back(c.condition);
    if (alsoAccumulate)
      for (const Accumulation& a : *alsoAccumulate) roots.push_back(a.value);
    const bool tiled = isTiled();
    const std::size_t base = frame_.depth();
    std::vector<int> outs;
    if (tiled)
      for (std::size_t s = 0; s < stores.size(); ++s) {
        const Elem elem = nest_.buffers[stores[s].target.buffer].elem;
        const bool lanesHere = plan_.lane >= 0 || inReduceLanes_;
        outs.push_back(frame_.newRegister("o" + std::to_string(s), elem, tileRows() * tileCols(), lanesHere));
        frame_.declare(outs.back());
      }
    openTile();
    low_.enter(roots);
    if (alsoAccumulate)
      for (std::size_t a = 0; a < alsoAccumulate->size(); ++a) accumulate(a);
    std::vector<ValueId> values;
    for (std::size_t s = 0; s < stores.size(); ++s) {
      const Elem elem = nest_.buffers[stores[s].target.buffer].elem;
      ValueId v = frame_.place(low_.lowerAs(stores[s].value, elem));
      if (tiled) {
        frame_.append({SetRegister{outs[s], tileIndex(), v}});
      } else {
        v = stores.size() > 1 ? frame_.share(v) : v;
        values.push_back(v);
      }
    }
    for (const SiteCheck& c : checks) {
      fn_.checks = true;
      frame_.append({RequireTrue{frame_.place(low_.lower(c.condition)), low_.tailMask(), c.site}});
    }
    if (tiled && !stores.empty()) {
      frame_.closeTo(base);
      openTile();
      low_.enter({});
    }
    for (std::size_t s = 0; s < stores.size(); ++s) low_.store(stores[s].target, tiled ? frame_.reg(outs[s], tileIndex()) : values[s]);
    frame_.closeTo(base);
  }

  void accumulate(std::size_t number) {
    const Accumulation& a = nest_.accumulations[number];
    const int r = registers_[number];
    const ValueId old = frame_.reg(r, tileIndex());
    const std::optional<ValueId> mask = plan_.laneReduce ? low_.tailMask() : std::nullopt;
    auto set = [&](int to, ValueId value, ValueId before) {
      if (mask) value = frame_.primitive(Prim::Select, frame_.value(before).elem, {*mask, value, before});
      frame_.append({SetRegister{to, tileIndex(), value}});
    };
    if (isArg(a.kind)) {
      const ValueId v = frame_.share(low_.lowerAs(a.value, a.elem));
      const int ri = indices_[number];
      const ValueId oldIndex = frame_.reg(ri, tileIndex());
      const ValueId here = frame_.convert(indexOfPoint(), Elem::I32);
      // First of all, or strictly better, or the first NaN.
      const Prim better = a.kind == Accumulation::Kind::ArgMax ? Prim::Gt : Prim::Lt;
      ValueId take = frame_.primitive(better, Elem::Bool, {v, old}, a.elem);
      if (core::isFloat(a.elem)) {
        const ValueId nan = frame_.primitive(Prim::Ne, Elem::Bool, {v, v}, a.elem);
        const ValueId clean = frame_.primitive(Prim::Eq, Elem::Bool, {old, old}, a.elem);
        take = frame_.primitive(Prim::Or, Elem::Bool, {take, frame_.primitive(Prim::And, Elem::Bool, {nan, clean}, Elem::Bool)}, Elem::Bool);
      }
      const ValueId none = frame_.literal(Literal::ofInt(Elem::I32, kNoIndex));
      take = frame_.primitive(Prim::Or, Elem::Bool, {take, frame_.primitive(Prim::Eq, Elem::Bool, {oldIndex, none}, Elem::I32)}, Elem::Bool);
      take = frame_.share(take);
      set(ri, frame_.primitive(Prim::Select, Elem::I32, {take, here, oldIndex}), oldIndex);
      set(r, frame_.primitive(Prim::Select, a.elem, {take, v, old}), old);
      return;
    }
    ValueId next;
    const Expr& term = nest_.exprs[static_cast<std::size_t>(a.value)];
    if (a.fused) {
      FEDC_REQUIRE(term.kind == Expr::Kind::Scalar && term.op == Op::Mul && a.kind == Accumulation::Kind::Sum, "only sums of products are fused");
      const ValueId x = frame_.place(low_.lowerAs(term.args[0], a.elem));
      const ValueId y = frame_.place(low_.lowerAs(term.args[1], a.elem));
      next = frame_.scalar(Op::Fma, a.elem, {x, y, old});
    } else {
      next = frame_.scalar(core::reduceOp(kindOf(a.kind)), a.elem, {old, frame_.place(low_.lowerAs(a.value, a.elem))});
    }
    set(r, next, old);
  }

  /// The row-major number of the reduced point.
  ValueId indexOfPoint() {
    Dim index = 0;
    for (const Axis& k : nest_.reduceAxes) index = index * k.extent + Dim::variable(k.var);
    return frame_.integer(index, Elem::I64, inReduceLanes_ ? Dim(1) : Dim(0));
  }

  /// One tile: accumulators, the reduction, the stores.
  void tile() {
    if (nest_.accumulations.empty() && nest_.each.empty()) {
      storeAll(nest_.stores, nest_.checks, nullptr);
      return;
    }
    const bool laneRegisters = plan_.laneReduce || plan_.lane >= 0;
    registers_.clear();
    indices_.assign(nest_.accumulations.size(), -1);
    for (std::size_t n = 0; n < nest_.accumulations.size(); ++n) {
      const Accumulation& a = nest_.accumulations[n];
      registers_.push_back(frame_.newRegister("a" + std::to_string(n), a.elem, tileRows() * tileCols(), laneRegisters));
      frame_.declare(registers_.back());
      if (isArg(a.kind)) {
        indices_[n] = frame_.newRegister("n" + std::to_string(n), Elem::I32, tileRows() * tileCols(), laneRegisters);
        frame_.declare(indices_[n]);
      }
    }
    openTile();
    low_.enter({});
    for (std::size_t n = 0; n < nest_.accumulations.size(); ++n) {
      const Accumulation& a = nest_.accumulations[n];
      const bool starts = a.init && !plan_.laneReduce && !isSplit() && !isArg(a.kind);
      const ValueId v = starts ? frame_.place(low_.lowerAs(*a.init, a.elem)) : frame_.literal(core::reduceIdentity(kindOf(a.kind), a.elem));
      frame_.append({SetRegister{registers_[n], tileIndex(), v}});
      if (isArg(a.kind)) frame_.append({SetRegister{indices_[n], tileIndex(), frame_.literal(Literal::ofInt(Elem::I32, kNoIndex))}});
    }
    closeTile();
    reduce();
    finishAccumulators();
    storeAll(nest_.stores, nest_.checks, nullptr);
  }

  void reduce() {
    if (isSplit()) return reduceInParts();
    const std::size_t base = frame_.depth();
    const std::size_t plain = nest_.reduceAxes.size() - (plan_.laneReduce ? 1 : 0);
    for (std::size_t k = 0; k < plain; ++k) frame_.openFor(nest_.reduceAxes[k].var, 0, nest_.reduceAxes[k].extent, 1);
    if (plan_.laneReduce) {
      const Axis& last = nest_.reduceAxes.back();
      inReduceLanes_ = true;
      groups(last.extent, 1, isFew(last.extent), [&] {
        frame_.bind(last.var, Dim::variable(laneBase_));
        low_.setLanes(last.var, laneCount_ ? std::optional<Dim>(*laneCount_ - Dim::variable(last.var)) : std::nullopt);
        storeAll(nest_.each, {}, &nest_.accumulations);
      });
      inReduceLanes_ = false;
      laneCount_.reset();
      low_.setLanes(std::nullopt);
    } else {
      prefetchRows();
      storeAll(nest_.each, {}, &nest_.accumulations);
    }
    frame_.closeTo(base);
  }

  /// A tile of columns walks down a wide matrix row by row; no hardware follows steps of a page, so a matrix that does not stay in a cache is asked
  /// for in advance.
  void prefetchRows() {
    if (plan_.lane < 0 || nest_.reduceAxes.empty()) return;
    const Axis& k = nest_.reduceAxes.back();
    for (const Accumulation& a : nest_.accumulations) {
      if (!a.fused) continue;
      for (ExprId factor : nest_.exprs[static_cast<std::size_t>(a.value)].args) {
        const Expr& e = nest_.exprs[static_cast<std::size_t>(factor)];
        if (e.kind == Expr::Kind::Load && isFarApart(e.access, k.var)) prefetch(e.access, *accessStep(nest_, e.access, k.var));
      }
    }
  }

  /// Contiguous along the lanes, with a large step from row to row, in a buffer larger than a second-level cache's share.
  bool isFarApart(const Access& access, Int row) const {
    constexpr std::int64_t kLeastStep = 128, kLeastBytes = 512 << 10;
    const auto lanes = accessStep(nest_, access, axis(plan_.lane).var), step = accessStep(nest_, access, row);
    if (!lanes || !lanes->isConstant(1) || !step || step->constant().value_or(0) < kLeastStep) return false;
    std::int64_t elements = 1;
    for (const Dim& d : access.shape) elements *= d.upperBound([&](Int v) { return nest_.ints[v].bound; }).value_or(1);
    return elements * core::elemBytes(nest_.buffers[access.buffer].elem) >= kLeastBytes;
  }

  void prefetch(const Access& access, const Dim& step) {
    constexpr std::int64_t kAhead = 6;
    const std::size_t base = frame_.depth();
    frame_.openUnroll(unrollCol_, tileCols());
    const Int j = axis(plan_.lane).var;
    frame_.bind(j, Dim::variable(laneBase_) + Dim(kLanes) * Dim::variable(unrollCol_));
    low_.setLanes(j);
    low_.enter({});
    const Lowering::Address at = low_.address(access);
    frame_.append({Prefetch{at.buffer, at.offset + Dim(kAhead) * step}});
    frame_.closeTo(base);
  }

  bool isSplit() const { return nest_.order.kind == Order::Kind::SplitSeq || nest_.order.kind == Order::Kind::SplitLanes; }

  /// Orders split(S, inner): each part by itself from the identity, then a pairwise tree; init comes last.
  void reduceInParts() {
    FEDC_REQUIRE(nest_.each.empty(), "a reduction in parts stores nothing on the way");
    const std::int64_t parts = nest_.order.parts, size = tileRows() * tileCols();
    Dim points = 1;
    for (const Axis& k : nest_.reduceAxes) points = points * k.extent;
    const Dim part = Dim::ceildiv(points, Dim(parts));
    parts_.clear();
    for (std::size_t n = 0; n < nest_.accumulations.size(); ++n) {
      FEDC_REQUIRE(!isArg(nest_.accumulations[n].kind), "an index is not found in parts");
      parts_.push_back(frame_.newRegister("p" + std::to_string(n), nest_.accumulations[n].elem, parts * size, plan_.lane >= 0));
      frame_.declare(parts_.back());
    }
    auto eachTile = [&](const auto& set) {
      openTile();
      for (std::size_t n = 0; n < parts_.size(); ++n) set(n);
      closeTile();
    };
    for (std::int64_t p = 0; p < parts; ++p) {
      eachTile([&](std::size_t n) {
        const Accumulation& a = nest_.accumulations[n];
        frame_.append({SetRegister{registers_[n], tileIndex(), frame_.literal(core::reduceIdentity(kindOf(a.kind), a.elem))}});
      });
      const Dim low = Dim::min(points, Dim(p) * part), high = Dim::min(points, Dim(p + 1) * part);
      if (plan_.laneReduce) {
        partInLanes(low, high);
      } else {
        partInOrder(low, high);
      }
      eachTile([&](std::size_t n) {
        ValueId v = frame_.reg(registers_[n], tileIndex());
        if (plan_.laneReduce) v = fold(nest_.accumulations[n], v);
        frame_.append({SetRegister{parts_[n], Dim(p * size) + tileIndex(), v}});
      });
    }
    for (std::int64_t step = 1; step < parts; step *= 2) {
      for (std::int64_t p = 0; p + step < parts; p += 2 * step) {
        eachTile([&](std::size_t n) {
          const Accumulation& a = nest_.accumulations[n];
          const ValueId left = frame_.reg(parts_[n], Dim(p * size) + tileIndex());
          const ValueId right = frame_.reg(parts_[n], Dim((p + step) * size) + tileIndex());
          frame_.append({SetRegister{parts_[n], Dim(p * size) + tileIndex(), frame_.scalar(core::reduceOp(kindOf(a.kind)), a.elem, {left, right})}});
        });
      }
    }
  }

  void partInOrder(const Dim& low, const Dim& high) {
    const std::size_t base = frame_.depth();
    const Int t = frame_.newInt("t");
    frame_.openFor(t, low, high, 1);
    Dim rest = Dim::variable(t);
    for (std::size_t k = nest_.reduceAxes.size(); k-- > 0;) {
      const Axis& axis = nest_.reduceAxes[k];
      const Dim above = k == 0 ? Dim(0) : Dim::floordiv(rest, axis.extent);
      frame_.bind(axis.var, rest - above * axis.extent);
      rest = above;
    }
    storeAll({}, {}, &nest_.accumulations);
    frame_.closeTo(base);
  }

  /// Points low .. high - 1 of the reduced axes in row-major order, lanes by the number along the last one.
  void partInLanes(const Dim& low, const Dim& high) {
    const std::size_t base = frame_.depth();
    const Axis& last = nest_.reduceAxes.back();
    const Int outer = frame_.newInt("t");
    frame_.openFor(outer, Dim::floordiv(low, last.extent), Dim::ceildiv(high, last.extent), 1);
    Dim rest = Dim::variable(outer);
    for (std::size_t k = nest_.reduceAxes.size() - 1; k-- > 0;) {
      const Axis& axis = nest_.reduceAxes[k];
      const Dim above = k == 0 ? Dim(0) : Dim::floordiv(rest, axis.extent);
      frame_.bind(axis.var, rest - above * axis.extent);
      rest = above;
    }
    const Dim before = Dim::variable(outer) * last.extent;
    const Dim first = Dim::max(Dim(0), low - before), end = Dim::min(last.extent, high - before);
    laneBase_ = frame_.newInt("l");
    frame_.openFor(laneBase_, Dim::floordiv(first, Dim(kLanes)) * Dim(kLanes), end, kLanes);
    frame_.bind(last.var, Dim::variable(laneBase_));
    inReduceLanes_ = true;
    low_.setLanes(last.var, end - Dim::variable(last.var), first - Dim::variable(last.var));
    storeAll({}, {}, &nest_.accumulations);
    inReduceLanes_ = false;
    low_.setLanes(std::nullopt);
    frame_.closeTo(base);
  }

  ValueId fold(const Accumulation& a, ValueId lanes) {
    Value fold;
    fold.kind = Value::Kind::Fold;
    fold.elem = a.elem;
    fold.fold = a.kind;
    fold.args = {lanes};
    return frame_.add(fold);
  }

  /// Says what the epilogue reads as accumulators.
  void finishAccumulators() {
    low_.setAccumulator([this](int number) {
      const auto n = static_cast<std::size_t>(number);
      const Accumulation& a = nest_.accumulations[n];
      ValueId v = isSplit() ? frame_.reg(parts_[n], tileIndex()) : frame_.reg(registers_[n], tileIndex());
      if (isArg(a.kind)) {
        ValueId index = frame_.reg(indices_[n], tileIndex());
        if (plan_.laneReduce) {
          Value fold;
          fold.kind = Value::Kind::FoldIndex;
          fold.elem = Elem::I32;
          fold.fold = a.kind;
          fold.args = {v, index};
          index = frame_.add(fold);
        }
        return index;
      }
      if (!plan_.laneReduce && !isSplit()) return v;
      if (!isSplit()) v = fold(a, v);
      if (a.init) v = frame_.scalar(core::reduceOp(kindOf(a.kind)), a.elem, {v, frame_.place(low_.lowerAs(*a.init, a.elem))});
      return frame_.share(v);
    });
  }

  /// Writes the zeros beyond padded rows where the stores did not.
  void tails() {
    auto tail = [&](const Store& s, bool reduced) {
      low_.setLanes(std::nullopt);
      if (plan_.lane >= 0) low_.setLanes(axis(plan_.lane).var);
      if (plan_.laneReduce && reduced) low_.setLanes(nest_.reduceAxes.back().var);
      if (!low_.leavesTail(s.target)) return;
      low_.setLanes(std::nullopt);
      const BufferShape& buffer = nest_.buffers[s.target.buffer];
      Access row = s.target;
      row.index.back() = Index{row.shape.back(), std::nullopt, false};
      auto mentioned = [&](Int v) {
        for (const Index& i : row.index)
          if (i.affine.mentions(v)) return true;
        return false;
      };
      for (const Axis& a : nest_.axes)
        if (mentioned(a.var)) frame_.openFor(a.var, 0, a.extent, 1);
      if (reduced)
        for (const Axis& a : nest_.reduceAxes)
          if (mentioned(a.var)) frame_.openFor(a.var, 0, a.extent, 1);
      low_.enter({});
      Lowering::Address at = low_.address(row);
      StoreValue store;
      store.buffer = at.buffer;
      store.offset = at.offset;
      store.lanes = true;
      store.mask = frame_.laneMask(Dim(buffer.padLast) - row.shape.back());
      store.value = frame_.literal(Literal::zero(buffer.elem));
      frame_.append({store});
      frame_.closeTo(1);
    };
    for (const Store& s : nest_.each) tail(s, true);
    for (const Store& s : nest_.stores) tail(s, false);
  }

  const LocalNest& nest_;
  const NestPlan& plan_;
  NestFunction fn_;
  Frame frame_;
  Lowering low_;
  Int unrollRow_ = 0;
  Int unrollCol_ = 0;
  Int rowBase_ = 0;
  Int colBase_ = 0;
  Int laneBase_ = 0;
  std::int64_t vectors_ = 1;
  std::optional<Dim> laneCount_;
  bool inReduceLanes_ = false;
  std::set<Int> parallel_;
  std::vector<int> registers_;
  std::vector<int> indices_;
  /// The sums of the parts of a split reduction.
  std::vector<int> parts_;
};

}  // namespace

NestFunction generateNest(const LocalNest& nest, const NestPlan& plan, std::int64_t leastSplit) {
  Generator generator(nest, plan);
  NestFunction fn = generator.run();
  if (pointsOf(nest) >= leastSplit) splitLoop(fn, generator.parallelLoops());
  return fn;
}

NestFunction generateScatter(const LocalNest& nest, const NestPlan& plan, core::ScatterMode mode) { return Generator(nest, plan).runScatter(mode); }

}  // namespace fedc::kernel
