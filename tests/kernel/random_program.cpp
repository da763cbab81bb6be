#include "tests/kernel/random_program.h"

#include <algorithm>
#include <random>
#include <set>

#include "compiler/core/builder.h"

namespace fedc::kernel::testing {

using namespace core;

namespace {

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  Module run() {
    Module module;
    module.sites.push_back(Site{{}, "a check"});
    fn_.name = "random";
    const Dim::Variable n = fn_.newDim("N");
    fn_.dimParams = {n};
    extents_ = {Dim(1), Dim(3), Dim(6), Dim(20), Dim::variable(n), Dim::variable(n) + Dim(1)};
    std::vector<Atom> scope;
    const int params = 3 + pick(3);
    for (int i = 0; i < params; ++i) {
      const Elem e = pick(5) == 0 ? Elem::I32 : pick(8) == 0 ? Elem::Bool : Elem::F32;
      fn_.params.push_back(fn_.newVar(Type{e, shape(pick(4))}, "p" + std::to_string(i)));
      scope.push_back(Atom::of(fn_.params.back()));
    }
    Builder b(fn_, fn_.body);
    block(b, scope, 6 + pick(10), 0);
    const int results = 1 + pick(3);
    for (int i = 0; i < results; ++i) {
      // Late values more often.
      const std::size_t from = pick(3) == 0 ? 0 : scope.size() / 2;
      const Atom a = scope[from + static_cast<std::size_t>(pick(static_cast<int>(scope.size() - from)))];
      fn_.results.push_back(a);
      fn_.resultTypes.push_back(b.typeOf(a));
    }
    std::set<std::size_t> given;
    for (std::size_t r = 0; r < fn_.results.size(); ++r) {
      for (std::size_t p = 0; p < fn_.params.size(); ++p) {
        if (given.contains(p) || fn_.typeOf(fn_.params[p]) != fn_.resultTypes[r] || pick(2) == 0) continue;
        given.insert(p);
        fn_.inPlace.emplace_back(static_cast<int>(p), static_cast<int>(r));
        break;
      }
    }
    module.fns.push_back(std::move(fn_));
    return module;
  }

 private:
  int pick(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(std::max(n, 1))); }
  const Dim& extent() { return extents_[static_cast<std::size_t>(pick(static_cast<int>(extents_.size())))]; }
  std::vector<Dim> shape(int rank) {
    std::vector<Dim> s;
    for (int i = 0; i < rank; ++i) s.push_back(extent());
    return s;
  }
  Order order() {
    static constexpr Order::Kind kKinds[] = {Order::Kind::Seq, Order::Kind::Lanes, Order::Kind::SplitSeq, Order::Kind::SplitLanes};
    return Order{kKinds[pick(4)], 1 + pick(4)};
  }

  /// A value in scope for which `good` holds.
  template <class F>
  std::optional<Atom> find(const Builder& b, const std::vector<Atom>& scope, F good) {
    std::vector<Atom> fit;
    for (const Atom& a : scope) {
      if (good(b.typeOf(a))) fit.push_back(a);
    }
    if (fit.empty()) return std::nullopt;
    // Two draws, the later value: chains grow long.
    const int i = std::max(pick(static_cast<int>(fit.size())), pick(static_cast<int>(fit.size())));
    return fit[static_cast<std::size_t>(i)];
  }

  static bool isFloatType(const Type& t) { return t.elem == Elem::F32; }

  /// A float value of a type: found, or made of what there is. By value: new variables move the types.
  Atom ofType(Builder& b, const std::vector<Atom>& scope, Type t) {
    if (const auto a = find(b, scope, [&](const Type& x) { return x == t; }); a && pick(4) != 0) return *a;
    if (t.rank() > 0 && pick(3) != 0) {
      const int axis = pick(t.rank());
      const Dim& d = t.dims[static_cast<std::size_t>(axis)];
      if (const auto a = find(b, scope, [&](const Type& x) { return x.elem == t.elem && x.rank() == 1 && x.dims[0] == d; })) {
        return b.broadcast(*a, t.dims, {axis});
      }
    }
    const Atom start = t.rank() == 0 ? b.emit1(Op::DimValue, {}, dimValue()) : b.iota(t.dims, pick(t.rank()), Elem::I32);
    return t.elem == b.typeOf(start).elem ? start : b.convert(start, t.elem);
  }

  Attrs dimValue() {
    Attrs a;
    a.elem = Elem::I32;
    a.extent = extent();
    return a;
  }

  void block(Builder& b, std::vector<Atom>& scope, int count, int depth) {
    for (int i = 0; i < count; ++i) {
      const std::size_t before = b.stmts().size();
      std::vector<Atom> made = step(b, scope, depth);
      (void)before;
      for (const Atom& a : made) {
        if (!a.isLiteral) scope.push_back(a);
      }
    }
  }

  std::vector<Atom> step(Builder& b, std::vector<Atom>& scope, int depth) {
    const auto x = find(b, scope, isFloatType);
    if (!x) return {ofType(b, scope, Type{Elem::F32, shape(2)})};
    const Type t = b.typeOf(*x);
    const int rank = t.rank();
    switch (pick(depth < 2 ? 24 : 21)) {
      case 0:
      case 1: return {b.unary(std::array{Op::Exp, Op::Tanh, Op::Neg, Op::Abs, Op::Sqrt}[static_cast<std::size_t>(pick(5))], *x)};
      case 2:
      case 3:
      case 4:
      case 5: return {b.binary(std::array{Op::Add, Op::Sub, Op::Mul, Op::Max, Op::Div}[static_cast<std::size_t>(pick(5))], *x, ofType(b, scope, t))};
      case 6: {
        const Atom p = b.binary(Op::Le, *x, Atom::of(Literal::zero(Elem::F32)));
        return {p, b.select(p, Atom::of(Literal::ofDouble(Elem::F32, 0.5)), *x)};
      }
      case 7: {
        if (rank == 0) return {};
        std::vector<int> axes(static_cast<std::size_t>(rank));
        for (int k = 0; k < rank; ++k) axes[static_cast<std::size_t>(k)] = k;
        std::shuffle(axes.begin(), axes.end(), random_);
        return {b.transpose(*x, axes)};
      }
      case 8: return {reshaped(b, *x, t)};
      case 9: {
        if (rank == 0) return {};
        Attrs a;
        a.axes = {pick(rank)};
        return {b.emit1(Op::Reverse, {*x}, a)};
      }
      case 10: return {part(b, *x, t)};
      case 11: {
        if (rank == 0) return {};
        const int axis = pick(rank);
        Type other = t;
        other.dims[static_cast<std::size_t>(axis)] = extent();
        return {b.concat({*x, ofType(b, scope, other)}, axis)};
      }
      case 12: {
        Attrs a;
        for (int k = 0; k < rank; ++k) {
          a.dims.push_back(Dim(pick(3)));
          a.starts.push_back(Dim(pick(3)));
        }
        return {b.emit1(Op::Pad, {*x, Atom::of(Literal::ofDouble(Elem::F32, pick(2)))}, a)};
      }
      case 13:
      case 14: return reduction(b, *x, t);
      case 15:
      case 16: return product(b, scope, *x, t);
      case 17: return indexing(b, scope, *x, t);
      case 18: {
        if (rank == 0) return {};
        Attrs a;
        a.axes = {pick(rank)};
        a.reduce = pick(2) == 0 ? ReduceKind::Sum : ReduceKind::Max;
        a.reversed = pick(2) == 0;
        return {b.emit1(Op::Cumulative, {*x}, a)};
      }
      case 19: {
        if (rank == 0) return {};
        Attrs a;
        a.axes = {pick(rank)};
        a.reduce = pick(2) == 0 ? ReduceKind::Max : ReduceKind::Min;
        return b.emit(Op::ArgReduce, {*x}, a);
      }
      case 20: {
        const Atom p = b.binary(Op::Lt, *x, Atom::of(Literal::ofDouble(Elem::F32, 1e30)));
        if (pick(2) == 0) b.check(p, 0);
        return {p, b.convert(p, Elem::F32)};
      }
      case 21:
      case 22: return loop(b, scope, depth);
      default: return branch(b, scope, depth);
    }
  }

  Atom reshaped(Builder& b, Atom x, const Type& t) {
    Dim all(1);
    for (const Dim& d : t.dims) all = all * d;
    if (pick(3) == 0) return b.reshape(x, {all});
    std::vector<Dim> dims = t.dims;
    if (dims.size() >= 2 && pick(2) == 0) {
      const std::size_t k = static_cast<std::size_t>(pick(static_cast<int>(dims.size()) - 1));
      dims[k] = dims[k] * dims[k + 1];
      dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(k) + 1);
    }
    for (std::size_t k = 0; k < dims.size(); ++k) {
      const auto c = dims[k].constant();
      if (!c || *c % 2 != 0 || pick(2) == 0) continue;
      dims[k] = Dim(*c / 2);
      dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(k) + pick(2), Dim(2));
      break;
    }
    if (pick(4) == 0) dims.push_back(Dim(1));
    return b.reshape(x, dims);
  }

  Atom part(Builder& b, Atom x, const Type& t) {
    Attrs a;
    const bool dynamic = pick(2) == 0;
    std::vector<Atom> args{x};
    for (const Dim& d : t.dims) {
      const auto c = d.constant();
      const Dim size = c && *c > 2 && pick(2) == 0 ? Dim(*c - 2) : d;
      a.dims.push_back(size);
      a.starts.push_back(d - size);
      if (dynamic) args.push_back(pick(2) == 0 ? Atom::of(Literal::ofInt(Elem::I32, pick(4))) : b.emit1(Op::DimValue, {}, dimValue()));
    }
    if (!dynamic) return b.emit1(Op::Slice, {x}, a);
    a.starts.clear();
    return b.emit1(Op::DynamicSlice, args, a);
  }

  std::vector<Atom> reduction(Builder& b, Atom x, const Type& t) {
    if (t.rank() == 0) return {};
    Attrs a;
    for (int k = 0; k < t.rank(); ++k) {
      if (pick(2) == 0) a.axes.push_back(k);
    }
    if (a.axes.empty()) a.axes = {t.rank() - 1};
    if (pick(3) == 0) std::reverse(a.axes.begin(), a.axes.end());
    a.reduce = std::array{ReduceKind::Sum, ReduceKind::Max, ReduceKind::Prod, ReduceKind::Sum}[static_cast<std::size_t>(pick(4))];
    a.order = order();
    const Atom r = b.emit1(Op::Reduce, {x}, a);
    if (t.rank() == static_cast<int>(a.axes.size()) || pick(2) == 0) return {r};
    // As in softmax: the result goes back over the operand.
    std::vector<int> kept;
    for (int k = 0; k < t.rank(); ++k) {
      if (std::find(a.axes.begin(), a.axes.end(), k) == a.axes.end()) kept.push_back(k);
    }
    return {r, b.sub(x, b.broadcast(r, t.dims, kept))};
  }

  std::vector<Atom> product(Builder& b, const std::vector<Atom>& scope, Atom x, const Type& t) {
    if (t.rank() == 0 || t.rank() > 3) return {};
    Attrs a;
    const int reduced = pick(t.rank());
    a.axes = {reduced};
    Type other{Elem::F32, {}};
    if (t.rank() > 1 && pick(3) == 0) {
      const int batch = reduced == 0 ? 1 : 0;
      a.batch = {batch};
      a.rhsBatch = {0};
      other.dims.push_back(t.dims[static_cast<std::size_t>(batch)]);
    }
    a.rhsAxes = {static_cast<int>(other.dims.size())};
    other.dims.push_back(t.dims[static_cast<std::size_t>(reduced)]);
    if (pick(3) != 0) other.dims.push_back(extent());
    a.order = order();
    std::vector<Atom> args{x, ofType(b, scope, other)};
    if (pick(2) == 0) {
      Attrs plain = a;
      const Atom first = b.emit1(Op::Contract, args, plain);
      args.push_back(ofType(b, scope, b.typeOf(first)));
    }
    return {b.emit1(Op::Contract, args, a)};
  }

  std::vector<Atom> indexing(Builder& b, const std::vector<Atom>& scope, Atom x, const Type& t) {
    if (t.rank() == 0) return {};
    const auto i = find(b, scope, [](const Type& y) { return y.elem == Elem::I32 && y.rank() == 1; });
    const Atom at = i ? *i : b.iota({extent()}, 0, Elem::I32);
    const int axis = pick(t.rank());
    const Atom g = b.gather(x, at, axis);
    if (pick(2) == 0) return {g};
    Attrs a;
    a.axes = {axis};
    a.scatter = pick(2) == 0 ? ScatterMode::Add : ScatterMode::Set;
    return {g, b.emit1(Op::Scatter, {x, at, b.unary(Op::Neg, g)}, a)};
  }

  std::vector<Atom> loop(Builder& b, const std::vector<Atom>& scope, int depth) {
    Attrs a;
    a.extent = extent();
    a.defines = fn_.newDim("t" + std::to_string(fn_.dims.size()));
    a.reversed = pick(3) == 0;
    a.carries = 1 + pick(3);
    Region body;
    std::vector<Atom> args, inner = scope;
    for (int k = 0; k < a.carries; ++k) {
      const auto x = find(b, scope, isFloatType);
      args.push_back(*x);
      inner.push_back(Atom::of(b.param(body, b.typeOf(*x))));
    }
    if (const auto s = find(b, scope, [&](const Type& t) { return isFloatType(t) && t.rank() > 0 && t.dims[0] == a.extent; })) {
      Type row = b.typeOf(*s);
      row.dims.erase(row.dims.begin());
      args.push_back(*s);
      inner.push_back(Atom::of(b.param(body, row)));
    }
    Builder in(fn_, body.stmts);
    block(in, inner, 2 + pick(5), depth + 1);
    for (int k = 0; k < a.carries; ++k) body.yields.push_back(ofType(in, inner, fn_.typeOf(body.params[static_cast<std::size_t>(k)])));
    if (pick(2) == 0) {
      if (const auto e = find(in, inner, [](const Type& t) { return isFloatType(t) && t.rank() < 3; })) body.yields.push_back(*e);
    }
    return b.emit(Op::Loop, args, a, {std::move(body)});
  }

  std::vector<Atom> branch(Builder& b, const std::vector<Atom>& scope, int depth) {
    auto p = find(b, scope, [](const Type& t) { return t.elem == Elem::Bool && t.rank() == 0; });
    if (!p) {
      const auto x = find(b, scope, [](const Type& t) { return isFloatType(t) && t.rank() == 0; });
      p = b.binary(Op::Gt, x ? *x : ofType(b, scope, Type{Elem::F32, {}}), Atom::of(Literal::zero(Elem::F32)));
    }
    std::vector<Region> arms(2);
    std::vector<Type> types;
    for (Region& r : arms) {
      std::vector<Atom> inner = scope;
      Builder in(fn_, r.stmts);
      block(in, inner, 1 + pick(3), depth + 1);
      if (types.empty()) {
        const int n = 1 + pick(2);
        for (int k = 0; k < n; ++k) {
          r.yields.push_back(*find(in, inner, isFloatType));
          types.push_back(in.typeOf(r.yields.back()));
        }
      } else {
        for (const Type& t : types) r.yields.push_back(ofType(in, inner, t));
      }
    }
    std::vector<Atom> out = b.emit(Op::Cond, {*p}, {}, std::move(arms));
    return out;
  }

  std::mt19937_64 random_;
  Fn fn_;
  std::vector<Dim> extents_;
};

}  // namespace

Module randomProgram(std::uint64_t seed) { return Generator(seed).run(); }

}  // namespace fedc::kernel::testing
