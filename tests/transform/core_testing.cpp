#include "tests/transform/core_testing.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "compiler/transform/differentiate.h"
#include "compiler/transform/hoist.h"
#include "compiler/transform/order.h"
#include "compiler/transform/rewrite.h"
#include "compiler/transform/simplify.h"
#include "compiler/transform/streams.h"
#include "tests/native_functions.h"
#include "tests/some_strings.h"

namespace fedc::transform {

using core::Array;
using core::Atom;
using core::Elem;
using core::Fn;
using core::Literal;
using core::Module;
using core::Op;
using core::Region;
using core::Stmt;
using core::Type;
using core::Var;

Module readModule(std::string_view text) {
  auto module = core::read(text);
  if (!module) {
    ADD_FAILURE() << module.error() << "\n" << text;
    return {};
  }
  tests::bindNatives(*module);
  return std::move(*module);
}

std::string replaceWord(std::string text, std::string_view word, std::string_view with) {
  const auto isWord = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
    // A literal's type follows its digits: `0.0f32`.
    const bool begins = at == 0 || !isWord(text[at - 1]) || std::isdigit(static_cast<unsigned char>(text[at - 1])) != 0;
    const bool ends = at + word.size() == text.size() || !isWord(text[at + word.size()]);
    if (begins && ends) {
      text.replace(at, word.size(), with);
      at += with.size();
    } else {
      ++at;
    }
  }
  return text;
}

void expectVerified(const Module& module, const Fn& fn, core::VerifyOptions options, std::string_view what) {
  const auto violation = core::verify(module, fn, options);
  EXPECT_FALSE(violation.has_value()) << "after " << what << ": " << violation.value_or("") << "\n" << core::print(fn);
}

std::vector<std::int64_t> shapeOf(const Fn& fn, const Type& type, std::span<const std::int64_t> dims) {
  std::vector<std::int64_t> shape;
  for (const Dim& d : type.dims) {
    shape.push_back(d.evaluate([&](Dim::Variable v) {
      for (std::size_t i = 0; i < fn.dimParams.size(); ++i)
        if (fn.dimParams[i] == v) return dims[i];
      ADD_FAILURE() << "a parameter's type has a dim that is no parameter";
      return std::int64_t{0};
    }));
  }
  return shape;
}

Array randomFloats(Elem elem, std::vector<std::int64_t> shape, std::mt19937_64& random) {
  Array a(elem, std::move(shape));
  std::uniform_real_distribution<double> values(0.25, 0.85);
  for (std::int64_t i = 0; i < a.count(); ++i) a.set(i, Literal::ofDouble(elem, values(random)));
  return a;
}

std::vector<Array> randomOperands(const Fn& fn, std::span<const std::int64_t> dims, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Array> operands;
  for (Var p : fn.params) {
    const Type& type = fn.vars[p].type;
    if (core::isFloat(type.elem)) {
      operands.push_back(randomFloats(type.elem, shapeOf(fn, type, dims), random));
      continue;
    }
    Array a(type.elem, shapeOf(fn, type, dims));
    for (std::int64_t i = 0; i < a.count(); ++i) {
      if (type.elem == Elem::Bool) {
        a.set(i, Literal::ofBool(random() % 2 != 0));
      } else if (type.elem == Elem::Key) {
        a.set(i, Literal{Elem::Key, random()});
      } else if (type.elem == Elem::Str) {
        a.set(i, testing::someString(random()));
      } else {
        a.set(i, Literal::ofInt(type.elem, static_cast<std::int64_t>(random() % 3)));
      }
    }
    operands.push_back(std::move(a));
  }
  return operands;
}

std::vector<std::size_t> floatParams(const Fn& fn) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < fn.params.size(); ++i)
    if (core::isFloat(fn.vars[fn.params[i]].type.elem)) found.push_back(i);
  return found;
}

std::vector<std::size_t> floatResults(const Fn& fn) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < fn.resultTypes.size(); ++i)
    if (core::isFloat(fn.resultTypes[i].elem)) found.push_back(i);
  return found;
}

namespace {

// The body of `fn` as a region whose parameters stand for `params`; results: the float ones first, the others auxiliary.
Region regionOf(Fn& fn, const std::vector<std::size_t>& params, std::size_t* auxiliary) {
  Substitution renamed;
  Region region;
  for (std::size_t i : params) {
    const Var old = fn.params[i];
    region.params.push_back(fn.newVar(fn.vars[old].type, fn.vars[old].name));
    renamed.vars[old] = Atom::of(region.params.back());
  }
  region.stmts = clone(fn, fn.body, renamed);
  for (int pass = 0; pass < 2; ++pass) {
    for (std::size_t i = 0; i < fn.results.size(); ++i) {
      const bool isFloat = core::isFloat(fn.resultTypes[i].elem);
      if (isFloat == (pass == 0)) region.yields.push_back(renamed.apply(fn.results[i]));
      if (!isFloat && pass == 1) ++*auxiliary;
    }
  }
  return region;
}

Var addParam(Fn& fn, const Type& type) {
  fn.params.push_back(fn.newVar(type));
  return fn.params.back();
}

void finish(Fn& fn, Stmt stmt, std::vector<Type> types, std::size_t results) {
  for (const Type& t : types) stmt.results.push_back(fn.newVar(t));
  fn.results.clear();
  fn.resultTypes.clear();
  for (std::size_t i = 0; i < types.size(); ++i) {
    // What is auxiliary is not returned.
    if (!core::isFloat(types[i].elem) && results != 0) continue;
    fn.results.push_back(Atom::of(stmt.results[i]));
    fn.resultTypes.push_back(types[i]);
  }
  fn.inPlace.clear();
  fn.body.clear();
  fn.body.push_back(std::move(stmt));
}

}  // namespace

Fn withVjp(const Fn& original) {
  Fn fn = original;
  const std::vector<std::size_t> wrt = floatParams(fn), ys = floatResults(fn);
  Stmt s;
  s.op = Op::Vjp;
  s.attrs.carries = static_cast<int>(wrt.size());
  std::size_t auxiliary = 0;
  s.regions.push_back(regionOf(fn, wrt, &auxiliary));
  s.attrs.auxiliary = static_cast<int>(auxiliary);
  std::vector<Type> types;
  for (std::size_t i : ys) types.push_back(fn.resultTypes[i]);
  for (std::size_t i = 0; i < fn.resultTypes.size(); ++i)
    if (!core::isFloat(fn.resultTypes[i].elem)) types.push_back(fn.resultTypes[i]);
  for (std::size_t i : wrt) {
    s.args.push_back(Atom::of(fn.params[i]));
    types.push_back(fn.vars[fn.params[i]].type);
  }
  for (std::size_t i : ys) s.args.push_back(Atom::of(addParam(fn, fn.resultTypes[i])));
  finish(fn, std::move(s), types, 1);
  return fn;
}

Fn withJvp(const Fn& original) {
  Fn fn = original;
  const std::vector<std::size_t> wrt = floatParams(fn), ys = floatResults(fn);
  Stmt s;
  s.op = Op::Jvp;
  s.attrs.carries = static_cast<int>(wrt.size());
  std::size_t auxiliary = 0;
  s.regions.push_back(regionOf(fn, wrt, &auxiliary));
  s.attrs.auxiliary = static_cast<int>(auxiliary);
  std::vector<Type> types;
  for (std::size_t i : ys) types.push_back(fn.resultTypes[i]);
  for (std::size_t i = 0; i < fn.resultTypes.size(); ++i)
    if (!core::isFloat(fn.resultTypes[i].elem)) types.push_back(fn.resultTypes[i]);
  for (std::size_t i : ys) types.push_back(fn.resultTypes[i]);
  for (std::size_t i : wrt) s.args.push_back(Atom::of(fn.params[i]));
  for (std::size_t i : wrt) s.args.push_back(Atom::of(addParam(fn, fn.vars[fn.params[i]].type)));
  finish(fn, std::move(s), types, 1);
  return fn;
}

Fn withVmap(const Fn& original, const std::vector<bool>& mapped, std::int64_t n) {
  Fn fn = original;
  Stmt s;
  s.op = Op::Vmap;
  s.attrs.extent = Dim(n);
  Region region;
  Substitution renamed;
  for (std::size_t i = 0; i < fn.params.size(); ++i) {
    if (!mapped[i]) continue;
    const Var old = fn.params[i];
    Type type = fn.vars[old].type;
    region.params.push_back(fn.newVar(type));
    renamed.vars[old] = Atom::of(region.params.back());
    type.dims.insert(type.dims.begin(), Dim(n));
    fn.params[i] = fn.newVar(type);
    s.args.push_back(Atom::of(fn.params[i]));
  }
  region.stmts = clone(fn, fn.body, renamed);
  std::vector<Type> types;
  for (std::size_t i = 0; i < fn.results.size(); ++i) {
    region.yields.push_back(renamed.apply(fn.results[i]));
    types.push_back(fn.resultTypes[i]);
    types.back().dims.insert(types.back().dims.begin(), Dim(n));
  }
  s.regions.push_back(std::move(region));
  finish(fn, std::move(s), types, 0);
  return fn;
}

Array rowOf(const Array& a, std::int64_t i) {
  Array row(a.elem(), {a.shape().begin() + 1, a.shape().end()});
  for (std::int64_t k = 0; k < row.count(); ++k) row.set(k, a.at(i * row.count() + k));
  return row;
}

Array stackOf(const std::vector<Array>& rows) {
  std::vector<std::int64_t> shape = rows.at(0).shape();
  shape.insert(shape.begin(), static_cast<std::int64_t>(rows.size()));
  Array a(rows[0].elem(), shape);
  std::int64_t at = 0;
  for (const Array& r : rows)
    for (std::int64_t k = 0; k < r.count(); ++k) a.set(at++, r.at(k));
  return a;
}

double dot(const Array& x, const Array& y) {
  double sum = 0;
  for (std::int64_t i = 0; i < x.count(); ++i) sum += x.at(i).toDouble() * y.at(i).toDouble();
  return sum;
}

Array moved(const Array& x, const Array& v, double h) {
  Array r(x.elem(), x.shape());
  for (std::int64_t i = 0; i < x.count(); ++i) r.set(i, Literal::ofDouble(x.elem(), x.at(i).toDouble() + h * v.at(i).toDouble()));
  return r;
}

double distance(const Array& x, const Array& y) {
  if (x.shape() != y.shape() || x.elem() != y.elem()) return std::numeric_limits<double>::infinity();
  double worst = 0;
  for (std::int64_t i = 0; i < x.count(); ++i) {
    const double a = x.at(i).toDouble(), b = y.at(i).toDouble();
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    const double d = std::abs(a - b) / std::max(1.0, std::abs(a));
    worst = std::isnan(d) ? std::numeric_limits<double>::infinity() : std::max(worst, d);
  }
  return worst;
}

int countOps(const Fn& fn, Op op) {
  int n = 0;
  forEachStmt(fn.body, [&](const Stmt& s) { n += s.op == op ? 1 : 0; });
  return n;
}

void expectDerivatives(const Module& module, const Fn& fn, const std::vector<std::int64_t>& dims, double tolerance) {
  Module own = module;
  const std::vector<std::size_t> wrt = floatParams(fn), ys = floatResults(fn);
  ASSERT_FALSE(wrt.empty());
  ASSERT_FALSE(ys.empty());
  Fn plain = fn, reverse = withVjp(fn), forward = withJvp(fn);
  for (Fn* f : {&plain, &reverse, &forward}) {
    expectVerified(own, *f, {}, "building");
    const auto done = differentiate(own, *f);
    ASSERT_TRUE(done.has_value()) << done.error().message << "\n" << core::print(*f);
    expectVerified(own, *f, {.transformed = true}, "differentiate");
  }
  if (::testing::Test::HasFailure()) return;
  const auto results = [&](const Fn& f, const std::vector<Array>& operands) { return core::interpret(f, dims, operands).results; };
  // f32 on the way limits what a difference can tell.
  bool coarse = false;
  for (const core::VarInfo& v : fn.vars) coarse = coarse || v.type.elem == Elem::F32;
  const double h = coarse ? 1e-2 : 1e-5;
  std::mt19937_64 random(11);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const std::vector<Array> operands = randomOperands(fn, dims, seed), values = results(plain, operands);
    // One random direction and one random cotangent meet in one number, in three ways.
    std::vector<Array> tangents, cotangents, vjpOperands = operands, jvpOperands = operands, plus = operands, minus = operands;
    for (std::size_t i : wrt) {
      tangents.push_back(randomFloats(operands[i].elem(), operands[i].shape(), random));
      jvpOperands.push_back(tangents.back());
      plus[i] = moved(operands[i], tangents.back(), h);
      minus[i] = moved(operands[i], tangents.back(), -h);
    }
    for (std::size_t i : ys) {
      cotangents.push_back(randomFloats(values[i].elem(), values[i].shape(), random));
      vjpOperands.push_back(cotangents.back());
    }
    const std::vector<Array> up = results(plain, plus), down = results(plain, minus);
    const std::vector<Array> gradients = results(reverse, vjpOperands), pushed = results(forward, jvpOperands);
    ASSERT_EQ(gradients.size(), ys.size() + wrt.size());
    ASSERT_EQ(pushed.size(), 2 * ys.size());
    double byDifference = 0, byReverse = 0, byForward = 0, size = 0;
    for (std::size_t k = 0; k < ys.size(); ++k) {
      byDifference += (dot(up[ys[k]], cotangents[k]) - dot(down[ys[k]], cotangents[k])) / (2 * h);
      byForward += dot(pushed[ys.size() + k], cotangents[k]);
      EXPECT_TRUE(gradients[k].sameBits(values[ys[k]])) << "the value changes";
      EXPECT_TRUE(pushed[k].sameBits(values[ys[k]])) << "the value changes";
    }
    for (std::size_t k = 0; k < wrt.size(); ++k) {
      const double part = dot(gradients[ys.size() + k], tangents[k]);
      byReverse += part;
      size += std::abs(part);
    }
    const double scale = std::max({size, std::abs(byDifference), 1e-3});
    EXPECT_NEAR(byReverse, byForward, (coarse ? 1e-5 : 1e-11) * scale) << "duality\n" << core::print(reverse);
    EXPECT_NEAR(byReverse, byDifference, (coarse ? 1e-3 : tolerance) * scale) << "finite difference\n" << core::print(reverse);
  }
}

void runMiddle(Module& module, Fn& fn) {
  streams(module, fn);
  expectVerified(module, fn, {}, "streams");
  const auto done = differentiate(module, fn);
  ASSERT_TRUE(done.has_value()) << done.error().message;
  expectVerified(module, fn, {.transformed = true}, "differentiate");
  simplify(module, fn);
  expectVerified(module, fn, {.transformed = true}, "simplify");
  hoist(module, fn);
  expectVerified(module, fn, {.transformed = true}, "hoist");
  order(module, fn);
  expectVerified(module, fn, {.ordered = true, .transformed = true}, "order");
}

}  // namespace fedc::transform
