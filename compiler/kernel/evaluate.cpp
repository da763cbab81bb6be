#include "compiler/kernel/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <set>

#include "compiler/core/internal_error.h"
#include "compiler/core/linalg.h"
#include "compiler/core/native.h"
#include "compiler/core/op_table.h"
#include "compiler/core/scalar.h"
#include "compiler/core/threefry.h"
#include "compiler/kernel/nests.h"

namespace fedc::kernel {

namespace {

constexpr std::int64_t kGuard = 256;

/// A buffer's memory for the values that the kernel's integers have now.
struct Place {
  char* data = nullptr;
  std::vector<std::int64_t> extents;
  std::int64_t reserved = 1;

  std::int64_t rows() const {
    std::int64_t n = 1;
    for (std::size_t i = 0; i + 1 < extents.size(); ++i) n *= extents[i];
    return n;
  }
};

core::ReduceKind reduceKind(Accumulation::Kind k) {
  switch (k) {
    case Accumulation::Kind::Sum: return core::ReduceKind::Sum;
    case Accumulation::Kind::Prod: return core::ReduceKind::Prod;
    case Accumulation::Kind::Max:
    case Accumulation::Kind::ArgMax: return core::ReduceKind::Max;
    case Accumulation::Kind::Min:
    case Accumulation::Kind::ArgMin: return core::ReduceKind::Min;
    case Accumulation::Kind::And: return core::ReduceKind::And;
    case Accumulation::Kind::Or: break;
  }
  return core::ReduceKind::Or;
}

bool isArg(Accumulation::Kind k) { return k == Accumulation::Kind::ArgMax || k == Accumulation::Kind::ArgMin; }

std::uint64_t run(Op op, std::span<const Elem> elems, std::span<const std::uint64_t> values, Elem result) {
  std::vector<const void*> operands;
  for (const std::uint64_t& v : values) operands.push_back(&v);
  const std::vector<std::int64_t> strides(values.size(), 0);
  std::uint64_t out = 0;
  core::runScalar(core::scalarProgram(op, elems, result), operands, strides, &out, 1);
  return out;
}

std::uint64_t run2(Op op, Elem elem, std::uint64_t a, std::uint64_t b, Elem result) {
  const Elem elems[] = {elem, elem};
  const std::uint64_t values[] = {a, b};
  return run(op, elems, values, result);
}

/// One accumulator of a reduction: the value, and for ArgMax and ArgMin the index of the best so far.
struct Partial {
  std::uint64_t value = 0;
  std::int64_t index = -1;
};

class Evaluator {
 public:
  Evaluator(const Kernel& kernel, const core::Fn& fn, std::span<const std::int64_t> dims, std::span<const core::Array> params)
      : kernel_(kernel), fn_(fn), ints_(kernel.ints.size(), 0) {
    FEDC_REQUIRE(dims.size() == kernel.dims.size() && params.size() == fn.params.size(), "a kernel called with too few or too many values");
    for (std::size_t i = 0; i < dims.size(); ++i) ints_[kernel.dims[i]] = dims[i];
    allocate(params);
  }

  Evaluation run() {
    block(kernel_.body);
    checkGuards();
    if (kernel_.laidOut) checkResults();
    Evaluation out;
    std::size_t next = fn_.params.size();
    for (std::size_t i = 0; i < fn_.results.size(); ++i) {
      const auto kept = std::find_if(fn_.inPlace.begin(), fn_.inPlace.end(), [&](const auto& p) { return p.second == static_cast<int>(i); });
      const std::size_t argument = kept != fn_.inPlace.end() ? static_cast<std::size_t>(kept->first) : next++;
      out.results.push_back(unpack(kernel_.arguments[argument]));
    }
    out.failedSite = failedSite_;
    out.violation = violation_;
    return out;
  }

 private:
  std::int64_t number(const Dim& d) const {
    return d.evaluate([this](Int v) { return ints_[v]; });
  }

  void violate(std::string what) {
    if (violation_.empty()) violation_ = std::move(what);
  }

  // Memory.

  std::int64_t capacityBytes(const Buffer& b) const {
    std::int64_t n = 1;
    for (std::size_t i = 0; i < b.extents.size(); ++i) {
      std::int64_t e = number(limitOf(kernel_, b.extents[i]));
      if (i == 0) e += b.slack;
      if (i + 1 == b.extents.size() && b.padLast > 0) e = b.padLast;
      n *= e;
    }
    return n * core::elemBytes(b.elem);
  }

  char* newMemory(std::int64_t bytes) {
    const std::size_t size = static_cast<std::size_t>((bytes + 63) / 64 * 64 + 2 * kGuard);
    memory_.emplace_back(size, static_cast<char>(0xff));
    return memory_.back().data() + kGuard;
  }

  void allocate(std::span<const core::Array> params) {
    memory_.reserve(kernel_.buffers.size() + 1);
    base_.resize(kernel_.buffers.size(), nullptr);
    for (std::size_t i = 0; i < kernel_.arguments.size(); ++i) {
      const Buffer& b = kernel_.buffers[kernel_.arguments[i]];
      base_[kernel_.arguments[i]] = newMemory(capacityBytes(b));
      if (i < params.size()) pack(kernel_.arguments[i], params[i]);
    }
    char* arena = nullptr;
    if (kernel_.arenaBytes) {
      arenaSize_ = number(*kernel_.arenaBytes);
      arena = newMemory(arenaSize_);
    }
    for (std::size_t i = 0; i < kernel_.buffers.size(); ++i) {
      const Buffer& b = kernel_.buffers[i];
      if (base_[i] != nullptr) continue;
      if (!arena) {
        base_[i] = newMemory(capacityBytes(b));
      } else if (b.offset) {
        const std::int64_t offset = number(*b.offset);
        if (offset < 0 || offset + capacityBytes(b) > arenaSize_) violate(fmt::format("`{}` does not fit into the arena", b.name));
        base_[i] = arena + offset;
      }
    }
  }

  void checkGuards() {
    for (const std::vector<char>& m : memory_) {
      for (std::size_t i = 0; i < static_cast<std::size_t>(kGuard); ++i) {
        if (m[i] != static_cast<char>(0xff) || m[m.size() - 1 - i] != static_cast<char>(0xff)) violate("written outside of all memory");
      }
    }
  }

  Place placeOf(BufferId id) const {
    const Buffer& b = kernel_.buffers[id];
    Place p;
    p.data = base_[id];
    FEDC_REQUIRE(p.data != nullptr, "a buffer without memory");
    for (const Dim& d : b.extents) p.extents.push_back(number(d));
    if (!b.extents.empty()) p.reserved = b.padLast > 0 ? b.padLast : p.extents.back();
    return p;
  }

  void pack(BufferId id, const core::Array& a) {
    const Place p = placeOf(id);
    const std::int64_t width = core::elemBytes(kernel_.buffers[id].elem), last = p.extents.empty() ? 1 : p.extents.back();
    const char* from = static_cast<const char*>(a.data());
    for (std::int64_t r = 0; r < p.rows(); ++r) {
      std::memset(p.data + r * p.reserved * width, 0, static_cast<std::size_t>(p.reserved * width));
      if (last > 0) std::memcpy(p.data + r * p.reserved * width, from + r * last * width, static_cast<std::size_t>(last * width));
    }
  }

  core::Array unpack(BufferId id) const {
    const Place p = placeOf(id);
    core::Array a(kernel_.buffers[id].elem, p.extents);
    const std::int64_t width = core::elemBytes(a.elem()), last = p.extents.empty() ? 1 : p.extents.back();
    char* to = static_cast<char*>(a.mutableData());
    for (std::int64_t r = 0; r < p.rows() && last > 0; ++r) {
      std::memcpy(to + r * last * width, p.data + r * p.reserved * width, static_cast<std::size_t>(last * width));
    }
    return a;
  }

  /// The padding behind the row that begins at `row` is zero.
  void checkTail(BufferId id, const Place& p, const char* row) {
    const std::int64_t width = core::elemBytes(kernel_.buffers[id].elem);
    if (std::any_of(row + p.extents.back() * width, row + p.reserved * width, [](char c) { return c != 0; })) {
      violate(fmt::format("padding of `{}` is not zero", kernel_.buffers[id].name));
    }
  }

  /// After `layout`: the padding of every row that was stored to is zero.
  void checkPadding() {
    for (const auto& [id, row] : touched_) checkTail(id, place(id), row);
    touched_.clear();
  }

  /// The padding of all results is zero.
  void checkResults() {
    for (BufferId id : kernel_.arguments) {
      const Place p = placeOf(id);
      if (p.extents.empty() || p.reserved == p.extents.back() || kernel_.buffers[id].role == Buffer::Role::In) continue;
      for (std::int64_t r = 0; r < p.rows(); ++r) checkTail(id, p, p.data + r * p.reserved * core::elemBytes(kernel_.buffers[id].elem));
    }
  }

  // Statements.

  void block(const Block& statements) {
    for (const Statement& s : statements) statement(s);
  }

  void statement(const Statement& s) {
    if (const auto* n = std::get_if<Nest>(&s.node)) {
      nest(*n);
      checkPadding();
    } else if (const auto* c = std::get_if<Scatter>(&s.node)) {
      scatter(*c);
    } else if (const auto* runtime = std::get_if<Call>(&s.node)) {
      call(*runtime);
    } else if (const auto* f = std::get_if<For>(&s.node)) {
      const std::int64_t trips = number(f->extent);
      for (std::int64_t i = 0; i < trips; ++i) {
        ints_[f->var] = f->reversed ? trips - 1 - i : i;
        block(f->body);
      }
    } else if (const auto* i = std::get_if<If>(&s.node)) {
      block(*base_[i->condition] != 0 ? i->then : i->otherwise);
    } else if (const auto* l = std::get_if<Let>(&s.node)) {
      std::int64_t value = number(l->value);
      if (l->buffer) value = std::max<std::int64_t>(0, std::min(loadInteger(kernel_.buffers[*l->buffer].elem, base_[*l->buffer]), value));
      ints_[l->var] = value;
    }
  }

  /// Calls `f` at every point, row-major.
  template <class F>
  void points(const std::vector<Axis>& axes, std::size_t at, const F& f) {
    if (at == axes.size()) return f();
    const std::int64_t n = number(axes[at].extent);
    for (std::int64_t i = 0; i < n; ++i) {
      ints_[axes[at].var] = i;
      points(axes, at + 1, f);
    }
  }

  // Expressions: the current nest's values, valid for the current point.

  void enter(const std::vector<Expr>& exprs) {
    exprs_ = &exprs;
    values_.assign(exprs.size(), 0);
    known_.assign(exprs.size(), 0);
    places_.clear();
    touched_.clear();
  }

  const Place& place(BufferId id) {
    const auto it = places_.find(id);
    return it != places_.end() ? it->second : places_.emplace(id, placeOf(id)).first->second;
  }

  static std::int64_t loadInteger(Elem elem, const char* at) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, at, static_cast<std::size_t>(core::elemBytes(elem)));
    if (elem == Elem::U64 && static_cast<std::int64_t>(bits) < 0) return INT64_MAX;
    return core::Literal{elem, bits}.toInt();
  }

  /// The address, or null if the access is outside and reads as zero.
  char* address(const Access& a) {
    const Place& p = place(a.buffer);
    const Buffer& b = kernel_.buffers[a.buffer];
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < a.index.size(); ++i) {
      const Index& x = a.index[i];
      const bool last = i + 1 == a.index.size();
      const std::int64_t extent = number(a.shape[i]);
      std::int64_t at = number(x.affine);
      if (x.gather) at += loadInteger((*exprs_)[static_cast<std::size_t>(*x.gather)].elem, reinterpret_cast<const char*>(&value(*x.gather)));
      if (x.clamp) at = std::max<std::int64_t>(0, std::min(at, extent - 1));
      if (at < 0 || at >= extent) {
        if (!a.zeroOutside) violate(fmt::format("index {} of extent {} in `{}`", at, extent, b.name));
        return nullptr;
      }
      offset = offset * (last && extent == p.extents.back() ? p.reserved : extent) + at;
    }
    return p.data + offset * core::elemBytes(b.elem);
  }

  const std::uint64_t& value(ExprId id) {
    const std::size_t i = static_cast<std::size_t>(id);
    if (known_[i] != point_) {
      values_[i] = compute((*exprs_)[i]);
      known_[i] = point_;
    }
    return values_[i];
  }

  std::uint64_t compute(const Expr& e) {
    switch (e.kind) {
      case Expr::Kind::Literal: return e.literal.bits;
      case Expr::Kind::Integer: return core::Literal::ofInt(e.elem, number(e.dim)).bits;
      case Expr::Kind::Load: {
        std::uint64_t bits = 0;
        if (const char* at = address(e.access)) std::memcpy(&bits, at, static_cast<std::size_t>(core::elemBytes(e.elem)));
        return bits;
      }
      case Expr::Kind::Accumulator: return accumulators_[static_cast<std::size_t>(e.accumulator)];
      case Expr::Kind::Scalar: {
        std::vector<Elem> elems;
        std::vector<std::uint64_t> operands;
        for (ExprId a : e.args) {
          elems.push_back((*exprs_)[static_cast<std::size_t>(a)].elem);
          operands.push_back(value(a));
        }
        return kernel::run(e.op, elems, operands, e.elem);
      }
      case Expr::Kind::RandomBits: {
        const std::uint64_t counter = e.args.size() > 1 ? value(e.args[1]) : static_cast<std::uint64_t>(number(e.dim));
        return e.elem == Elem::U32 ? core::randomBits(value(e.args[0]), counter) : core::threefry(value(e.args[0]), counter);
      }
    }
    return 0;
  }

  void nextPoint() { ++point_; }

  void storeAll(const std::vector<Store>& stores, const std::vector<Axis>& axes, const std::vector<Axis>& more) {
    // All values are computed before the first is stored.
    std::vector<std::uint64_t> values;
    for (const Store& s : stores) values.push_back(value(s.value));
    for (std::size_t i = 0; i < stores.size(); ++i) {
      const Store& s = stores[i];
      const Buffer& b = kernel_.buffers[s.target.buffer];
      char* at = address(s.target);
      if (at == nullptr) continue;
      const std::int64_t width = core::elemBytes(b.elem);
      std::memcpy(at, &values[i], static_cast<std::size_t>(width));
      // A store along the whole last extent keeps the padding zero.
      const Place& p = place(s.target.buffer);
      if (p.extents.empty() || p.reserved == p.extents.back()) continue;
      if (kernel_.laidOut) touched_.emplace(s.target.buffer, at - (at - p.data) % (p.reserved * width));
      const auto along = s.target.index.back().affine.asVariable();
      const auto covers = [&](const Axis& a) { return along && a.var == *along && number(a.extent) == p.extents.back(); };
      if (!std::any_of(axes.begin(), axes.end(), covers) && !std::any_of(more.begin(), more.end(), covers)) continue;
      if (ints_[*along] == p.extents.back() - 1) std::memset(at + width, 0, static_cast<std::size_t>((p.reserved - p.extents.back()) * width));
    }
  }

  void check(const std::vector<SiteCheck>& checks) {
    for (const SiteCheck& c : checks) {
      if (value(c.condition) == 0) failedSite_ = std::min(failedSite_.value_or(c.site), c.site);
    }
  }

  // Reductions.

  Partial start(const Accumulation& a) const { return Partial{core::reduceIdentity(reduceKind(a.kind), a.elem).bits, -1}; }

  void add(const Accumulation& a, Partial& p, std::int64_t at) {
    if (a.fused) {
      const Expr& product = (*exprs_)[static_cast<std::size_t>(a.value)];
      const Elem elems[] = {a.elem, a.elem, a.elem};
      const std::uint64_t operands[] = {value(product.args[0]), value(product.args[1]), p.value};
      p.value = kernel::run(Op::Fma, elems, operands, a.elem);
    } else if (isArg(a.kind)) {
      best(a, p, Partial{value(a.value), at});
    } else {
      p.value = run2(core::reduceOp(reduceKind(a.kind)), a.elem, p.value, value(a.value), a.elem);
    }
  }

  static bool isNan(Elem elem, std::uint64_t v) { return core::isFloat(elem) && run2(Op::Ne, elem, v, v, Elem::Bool) != 0; }

  static void best(const Accumulation& a, Partial& p, const Partial& q) {
    if (q.index < 0) return;
    if (p.index < 0) {
      p = q;
      return;
    }
    const bool nanP = isNan(a.elem, p.value), nanQ = isNan(a.elem, q.value);
    bool better = run2(a.kind == Accumulation::Kind::ArgMax ? Op::Gt : Op::Lt, a.elem, q.value, p.value, Elem::Bool) != 0;
    if (nanP || nanQ) better = nanQ && (!nanP || q.index < p.index);
    const bool tie = !better && !nanP && !nanQ && q.index < p.index && run2(Op::Eq, a.elem, q.value, p.value, Elem::Bool) != 0;
    if (better || tie) p = q;
  }

  static void join(const Accumulation& a, Partial& p, const Partial& q) {
    if (isArg(a.kind)) return best(a, p, q);
    p.value = run2(core::reduceOp(reduceKind(a.kind)), a.elem, p.value, q.value, a.elem);
  }

  Partial fold(const Accumulation& a, std::array<Partial, 16>& lanes) const {
    for (std::size_t step : {8, 4, 2, 1}) {
      for (std::size_t j = 0; j < step; ++j) join(a, lanes[j], lanes[j + step]);
    }
    return lanes[0];
  }

  void nest(const Nest& n) {
    enter(n.exprs);
    points(n.axes, 0, [&] {
      nextPoint();
      accumulators_.assign(n.accumulations.size(), 0);
      if (!n.reduceAxes.empty()) reduce(n);
      // Loads of the epilogue see what the reduction stored.
      nextPoint();
      check(n.checks);
      storeAll(n.stores, n.axes, {});
    });
  }

  void reduce(const Nest& n) {
    const bool lanes = n.order.kind == Order::Kind::Lanes || n.order.kind == Order::Kind::SplitLanes;
    const bool split = n.order.kind == Order::Kind::SplitSeq || n.order.kind == Order::Kind::SplitLanes;
    const std::size_t count = n.accumulations.size();
    std::int64_t total = 1;
    for (const Axis& a : n.reduceAxes) total *= number(a.extent);
    const std::int64_t parts = split ? n.order.parts : 1, part = (total + parts - 1) / parts;
    // [accumulation][part][lane]
    std::vector<std::vector<std::array<Partial, 16>>> partials(count);
    std::vector<std::uint64_t> inits(count, 0);
    for (std::size_t i = 0; i < count; ++i) {
      const Accumulation& a = n.accumulations[i];
      std::array<Partial, 16> fresh;
      fresh.fill(start(a));
      partials[i].assign(static_cast<std::size_t>(parts), fresh);
      if (a.init) inits[i] = value(*a.init);
      if (a.init && !lanes && !split) partials[i][0][0].value = inits[i];
    }
    std::int64_t at = 0;
    points(n.reduceAxes, 0, [&] {
      nextPoint();
      const std::size_t p = part > 0 ? static_cast<std::size_t>(at / part) : 0;
      const std::size_t lane = lanes ? static_cast<std::size_t>(ints_[n.reduceAxes.back().var] % 16) : 0;
      for (std::size_t i = 0; i < count; ++i) add(n.accumulations[i], partials[i][p][lane], at);
      storeAll(n.each, n.axes, n.reduceAxes);
      ++at;
    });
    for (std::size_t i = 0; i < count; ++i) {
      const Accumulation& a = n.accumulations[i];
      std::vector<Partial> sums;
      for (auto& p : partials[i]) sums.push_back(lanes ? fold(a, p) : p[0]);
      while (sums.size() > 1) {
        std::vector<Partial> up;
        for (std::size_t k = 0; k < sums.size(); k += 2) {
          if (k + 1 < sums.size()) join(a, sums[k], sums[k + 1]);
          up.push_back(sums[k]);
        }
        sums = std::move(up);
      }
      if (a.init && (lanes || split)) join(a, sums[0], Partial{inits[i], -1});
      accumulators_[i] = isArg(a.kind) ? static_cast<std::uint64_t>(std::max<std::int64_t>(sums[0].index, 0)) : sums[0].value;
    }
  }

  void scatter(const Scatter& s) {
    enter(s.exprs);
    const Elem elem = kernel_.buffers[s.store.target.buffer].elem;
    const std::size_t width = static_cast<std::size_t>(core::elemBytes(elem));
    points(s.axes, 0, [&] {
      points(s.updates, 0, [&] {
        nextPoint();
        std::uint64_t v = value(s.store.value), old = 0;
        char* at = address(s.store.target);
        if (at == nullptr) return;
        std::memcpy(&old, at, width);
        if (s.mode == core::ScatterMode::Add) v = run2(Op::Add, elem, old, v, elem);
        std::memcpy(at, &v, width);
      });
    });
  }

  // Calls.

  core::Array arrayOf(BufferId id, std::vector<std::int64_t> shape) const {
    core::Array a(kernel_.buffers[id].elem, std::move(shape));
    std::memcpy(a.mutableData(), base_[id], static_cast<std::size_t>(a.bytes()));
    return a;
  }

  /// Runs the interpreter's own implementation of an op over arrays.
  std::vector<core::Array> interpretOp(Op op, core::Attrs attrs, const std::vector<core::Array>& operands, std::size_t results) {
    core::Fn fn;
    core::Stmt s;
    s.op = op;
    s.attrs = std::move(attrs);
    std::vector<const core::Array*> pointers;
    for (const core::Array& a : operands) {
      core::Type t{a.elem(), {}};
      for (std::int64_t d : a.shape()) t.dims.push_back(Dim(d));
      s.args.push_back(core::Atom::of(fn.newVar(t)));
      pointers.push_back(&a);
    }
    for (std::size_t i = 0; i < results; ++i) s.results.push_back(fn.newVar(fn.typeOf(s.args[std::min(i, s.args.size() - 1)].var)));
    std::vector<core::Array> out;
    core::opRow(op).interpret(fn, s, pointers, {}, out);
    return out;
  }

  /// An op of strings by the interpreter, over arrays in which what is one for all is repeated.
  void strings(const Call& c, const std::vector<std::int64_t>& ints) {
    const std::size_t operands = c.buffers.size() - 1;
    core::Fn fn;
    core::Stmt s;
    FEDC_REQUIRE(core::opFromName(c.symbol, &s.op), "a call that is not known: " + c.symbol);
    if (ints.size() > operands + 1) s.attrs.extent = Dim(ints.back());
    std::vector<core::Array> arrays;
    for (std::size_t i = 0; i < operands; ++i) {
      core::Array all(kernel_.buffers[c.buffers[i]].elem, {ints[0]});
      const core::Array given = arrayOf(c.buffers[i], {ints[i + 1] == 0 ? 1 : ints[0]});
      for (std::int64_t k = 0; k < ints[0]; ++k) all.set(k, given.at(k * ints[i + 1]));
      arrays.push_back(std::move(all));
      s.args.push_back(core::Atom::of(fn.newVar({arrays.back().elem(), {Dim(ints[0])}})));
    }
    std::vector<core::Type> types;
    const auto problem = core::inferTypes(fn, s, types);
    FEDC_REQUIRE(!problem, problem.value_or(""));
    s.results = {fn.newVar(types[0])};
    std::vector<const core::Array*> pointers;
    for (const core::Array& a : arrays) pointers.push_back(&a);
    std::vector<core::Array> out;
    core::opRow(s.op).interpret(fn, s, pointers, {}, out);
    std::memcpy(base_[c.buffers.back()], out[0].data(), static_cast<std::size_t>(out[0].bytes()));
  }

  void call(const Call& c) {
    std::vector<std::int64_t> ints;
    for (const Dim& d : c.ints) ints.push_back(number(d));
    for (BufferId id : c.buffers) {
      const Buffer& b = kernel_.buffers[id];
      if (b.padLast > 0 && !b.extents.back().isConstant(b.padLast)) violate(fmt::format("`{}` of a call is padded", b.name));
    }
    if (c.symbol == "permutation") {
      std::uint64_t key = 0;
      std::memcpy(&key, base_[c.buffers[1]], 8);
      core::randomPermutation(key, ints[0], reinterpret_cast<std::int32_t*>(base_[c.buffers[0]]));
    } else if (c.symbol == "compact") {
      std::int32_t* out = reinterpret_cast<std::int32_t*>(base_[c.buffers[1]]);
      std::int64_t count = 0;
      for (std::int64_t i = 0; i < ints[0]; ++i) {
        if (base_[c.buffers[0]][i] != 0) out[count++] = static_cast<std::int32_t>(i);
      }
      std::memcpy(base_[c.buffers[2]], &count, sizeof count);
    } else if (c.symbol == "solve") {
      const Elem elem = static_cast<Elem>(ints[0]);
      const std::int64_t n = ints[2], k = ints[3], width = core::elemBytes(elem);
      for (std::int64_t b = 0; b < ints[1] && n * k > 0; ++b) {
        core::choleskySolve(elem, n, k, base_[c.buffers[0]] + b * n * n * width, base_[c.buffers[1]] + b * n * k * width,
                            base_[c.buffers[2]] + b * n * k * width, base_[c.buffers[3]]);
      }
    } else if (c.symbol == "sort") {
      const std::size_t m = static_cast<std::size_t>(ints[0]);
      const std::vector<std::int64_t> shape(ints.end() - 3, ints.end());
      std::vector<core::Array> operands;
      for (std::size_t i = 0; i < m; ++i) operands.push_back(arrayOf(c.buffers[i], shape));
      core::Attrs attrs;
      attrs.axes = {1};
      const std::vector<core::Array> sorted = interpretOp(Op::Sort, attrs, operands, m);
      for (std::size_t i = 0; i < m; ++i) std::memcpy(base_[c.buffers[m + i]], sorted[i].data(), static_cast<std::size_t>(sorted[i].bytes()));
    } else if (c.symbol == "native") {
      const core::Native* native = core::findNative(fn_, c.function);
      FEDC_REQUIRE(native != nullptr, "a call of a native function that the function does not have");
      std::vector<core::NativeOperand> operands;
      std::size_t at = 1;
      for (const BufferId b : c.buffers) {
        const auto rank = static_cast<std::size_t>(ints[at]);
        const auto first = ints.begin() + static_cast<std::ptrdiff_t>(at) + 1;
        operands.push_back({base_[b], {first, first + static_cast<std::ptrdiff_t>(rank)}});
        at += rank + 1;
      }
      core::callNative(native->call, operands);
    } else if (c.symbol.starts_with("str_")) {
      strings(c, ints);
    } else {
      FEDC_REQUIRE(false, "a call that is not known: " + c.symbol);
    }
  }

  const Kernel& kernel_;
  const core::Fn& fn_;
  std::vector<std::int64_t> ints_;
  std::vector<std::vector<char>> memory_;
  std::vector<char*> base_;
  std::int64_t arenaSize_ = 0;
  /// Rows of padded buffers that the current nest stored to.
  std::set<std::pair<BufferId, const char*>> touched_;
  std::optional<std::uint32_t> failedSite_;
  std::string violation_;

  const std::vector<Expr>* exprs_ = nullptr;
  std::vector<std::uint64_t> values_;
  std::vector<std::uint64_t> known_;
  std::uint64_t point_ = 0;
  std::map<BufferId, Place> places_;
  std::vector<std::uint64_t> accumulators_;
};

}  // namespace

Evaluation evaluate(const Kernel& kernel, const core::Fn& fn, std::span<const std::int64_t> dims, std::span<const core::Array> params) {
  const core::FlushDenormals flush;
  return Evaluator(kernel, fn, dims, params).run();
}

}  // namespace fedc::kernel
