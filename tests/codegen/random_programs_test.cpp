#include "compiler/core/builder.h"
#include "compiler/core/text.h"
#include "tests/codegen/native_support.h"

namespace fedc::testing {
namespace {

using namespace core;

/// A straight-line function of random ops over a few shapes, some of run-time extent.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  Fn run() {
    Fn fn;
    fn.name = "random";
    fn.dimParams = {fn.newDim("N")};
    const Dim n = Dim::variable(fn.dimParams[0]);
    extents_ = {n, Dim(3), Dim(16), Dim(21), Dim(40)};
    std::vector<Atom> values;
    Builder b(fn, fn.body);
    auto param = [&](Type t) {
      fn.params.push_back(fn.newVar(std::move(t)));
      values.push_back(Atom::of(fn.params.back()));
    };
    param({Elem::F32, {n, Dim(21)}});
    param({Elem::F32, {Dim(21), Dim(40)}});
    param({Elem::F32, {Dim(16)}});
    param({Elem::F32, {n}});
    param({Elem::I32, {n}});
    param({Elem::F32, {}});
    for (int k = 0; k < 14; ++k) step(b, values);
    for (std::size_t v = values.size() - 4; v < values.size(); ++v) {
      fn.results.push_back(values[v]);
      fn.resultTypes.push_back(b.typeOf(values[v]));
    }
    return fn;
  }

 private:
  std::size_t draw(std::size_t n) { return random_() % n; }
  Order order() {
    const Order::Kind kinds[] = {Order::Kind::Seq, Order::Kind::Lanes, Order::Kind::Seq, Order::Kind::Lanes, Order::Kind::SplitSeq};
    const Order::Kind k = kinds[draw(5)];
    return {k, k == Order::Kind::SplitSeq ? 3 : 1};
  }

  /// A value of the type's shape: the one given, or broadcast from it.
  void step(Builder& b, std::vector<Atom>& values) {
    const Atom x = values[draw(values.size())];
    const Type t = b.typeOf(x);
    const bool real = t.elem == Elem::F32;
    switch (draw(11)) {
      case 0:
      case 1:
        if (!real) break;
        {
          constexpr Op kOps[] = {Op::Exp, Op::Tanh, Op::Neg, Op::Abs, Op::Sigmoid, Op::Log, Op::Sqrt, Op::Floor};
          values.push_back(b.unary(kOps[draw(8)], x));
        }
        return;
      case 2:
      case 3:
      case 4:
        for (std::size_t tries = 0; tries < 20; ++tries) {
          const Atom y = values[draw(values.size())];
          if (b.typeOf(y) != t) continue;
          constexpr Op kOps[] = {Op::Add, Op::Sub, Op::Mul, Op::Max, Op::Min, Op::Div};
          values.push_back(b.binary(kOps[draw(6)], x, y));
          return;
        }
        break;
      case 5:
        if (t.rank() < 2) {
          std::vector<Dim> dims = t.dims;
          dims.insert(dims.begin(), extents_[draw(extents_.size())]);
          values.push_back(b.broadcastTo(x, dims));
          return;
        }
        break;
      case 6:
        if (t.rank() > 0) {
          Attrs a;
          a.axes = {static_cast<int>(draw(static_cast<std::size_t>(t.rank())))};
          if (t.rank() == 2 && draw(4) == 0) a.axes = {0, 1};
          a.reduce = draw(2) == 0 ? ReduceKind::Sum : ReduceKind::Max;
          a.order = order();
          values.push_back(b.emit1(Op::Reduce, {x}, a));
          return;
        }
        break;
      case 7:
        if (t.rank() == 2) {
          values.push_back(b.transpose(x, {1, 0}));
          return;
        }
        break;
      case 8:
        for (std::size_t tries = 0; tries < 40; ++tries) {
          const Atom y = values[draw(values.size())];
          const Type u = b.typeOf(y);
          if (!real || u.elem != Elem::F32 || t.rank() == 0 || u.rank() == 0) continue;
          const std::size_t i = draw(static_cast<std::size_t>(t.rank())), j = draw(static_cast<std::size_t>(u.rank()));
          if (t.dims[i] != u.dims[j] || t.rank() + u.rank() - 2 > 3) continue;
          Attrs a;
          a.axes = {static_cast<int>(i)};
          a.rhsAxes = {static_cast<int>(j)};
          a.order = order();
          values.push_back(b.emit1(Op::Contract, {x, y}, a));
          return;
        }
        break;
      case 9:
        if (t.rank() > 0 && t.dims[0].constant()) {
          // Indices of both signs: gather clamps.
          values.push_back(b.gather(x, values[4], 0));
          return;
        }
        break;
      default:
        if (real && t.rank() > 0) {
          const Atom positive = b.binary(Op::Gt, x, Atom::of(Literal::ofDouble(Elem::F32, 0)));
          values.push_back(b.select(positive, x, Atom::of(Literal::ofDouble(Elem::F32, 0.5))));
          return;
        }
    }
    step(b, values);
  }

  std::mt19937_64 random_;
  std::vector<Dim> extents_;
};

TEST(RandomPrograms, AreTheSameNatively) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Module module;
    module.fns.push_back(Generator(seed).run());
    VerifyOptions ordered;
    ordered.ordered = true;
    ASSERT_EQ(verify(module, module.fns[0], ordered), std::nullopt) << print(module.fns[0]);
    for (std::int64_t n : {19, 2}) {
      std::vector<Array> params = {randomArray(Elem::F32, {n, 21}, seed, n == 2),    randomArray(Elem::F32, {21, 40}, seed + 1),
                                   randomArray(Elem::F32, {16}, seed + 2, n == 2),   randomArray(Elem::F32, {n}, seed + 3),
                                   randomArray(Elem::I32, {n}, seed + 4, false, 50), randomArray(Elem::F32, {}, seed + 5)};
      expectAgreement(module, 0, {n}, params, n == 19 ? someVariants(seed, 2) : std::vector<Variant>{allVariants()[seed % allVariants().size()]});
      if (HasFailure()) {
        ADD_FAILURE() << print(module.fns[0]);
        return;
      }
    }
  }
}

}  // namespace
}  // namespace fedc::testing
