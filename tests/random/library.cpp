#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/random/generator.h"

/// Calls of the standard library, and a few generic functions of the program itself.
namespace fedc::random {

std::string Generator::generic(const char* name) {
  static const std::map<std::string, const char*> kItems = {
      {"pick", "fn pick<T>(c: bool, a: T, b: T) -> T { if c { a } else { b } }"},
      {"swap", "fn swap<A, B>(p: (A, B)) -> (B, A) { (p.1, p.0) }"},
      {"apply", "fn apply<T, U>(f: (T) -> U, x: T) -> U { f(x) }"},
      {"blend", "fn blend<T: vector>(a: T, b: T) -> T { a * 0.25 + b * 0.75 }"},
      {"grown", "fn grown<T: num>(a: T, b: T) -> T { max(a, b) + a * b }"},
      {"centred", "fn centred(x: f32[n]) -> f32[n] { x - sum(x) / f32(max(n, 1)) }"},
      {"linear", "fn linear(x: f32[n], by: f32 = 2.0, plus: f32 = by * 0.25) -> f32[n] { x * by + plus }"},
      {"weight", "fn weight(data: Example*) -> f32 { f32(data.count() + 1) }"},
      {"length", "fn length(data: Example*) -> i32 { data.count() }"},
  };
  const std::string item = kItems.at(name);
  if (std::find(items_.begin(), items_.end(), item) == items_.end()) items_.push_back(item);
  return name;
}

std::string Generator::used(const char* module, const char* name) {
  uses_[module].insert(name);
  return name;
}

void Generator::library(const Type& want, Options& out) {
  const bool single = commonElem(want) == Elem::F32;
  if (isVector(want) && single && want.kind != Type::Kind::Array) {
    // Bound to its type: a literal alone would take one from around the call, and bounds of f32 go with f32.
    out.emplace_back(1, [=, this] {
      const std::string x = let(want, expression(want));
      return fmt::format("clamp({}, {})", x, oneOf({"-1.0, 1.0", "0.0, 0.5", "-1e3, 1e3"}));
    });
    out.emplace_back(1, [=, this] { return fmt::format("{}({})", oneOf({"square", "log2"}), expression(want)); });
    if (!scope_.key.empty()) {
      out.emplace_back(1, [=, this] {
        // Bound to its type, likewise: it is of f32.
        const std::string k = key(), x = let(want, expression(want));
        return fmt::format("{}({}, {})", used("random", "gaussian"), k, x);
      });
    }
    // A step of an optimizer.
    if (!leafElems(want).empty()) {
      out.emplace_back(1, [=, this] {
        const std::string name = oneOf({"sgd", "momentum", "adam"}), o = fresh("o");
        const std::string m = let(want, expression(want)), g = let(want, expression(want));
        used("optim", "Optimizer");
        if (name == "adam") used("optim", "Adam");
        const std::string state = name == "sgd" ? "()" : name == "momentum" ? text(want) : fmt::format("Adam<{}>", text(want));
        scope_.statements->push_back(
            fmt::format("let {}: Optimizer<{}, {}> = {}({});", o, text(want), state, used("optim", name.c_str()), oneOf({"0.1", "1.0", "1e-3"})));
        if (choices_.chance(50)) return fmt::format("{0}.step({1}, {0}.init({1}), {2}).0", o, m, g);
        const std::string next = fresh("p"), after = fresh("p");
        scope_.statements->push_back(fmt::format("let ({}, {}) = {}.step({}, {}.init({}), {});", next, after, o, m, o, m, g));
        return fmt::format("{}.step({}, {}, {}).0", o, next, after, g);
      });
    }
  }
  if (allLeaves(want, core::isNumeric) && want.kind != Type::Kind::Array) {
    out.emplace_back(1, [=, this] {
      const std::string a = expression(want);
      return fmt::format("{}({}, {})", generic("grown"), a, expression(want));
    });
  }
  if (!want.isTensor() || want.elem != Elem::F32) return;
  if (want.rank() >= 1) {
    out.emplace_back(1, [=, this] {
      const std::string a = expression(want);
      return fmt::format("safe_divide({}, {})", a, expression(want));
    });
    if (!scope_.key.empty()) {
      out.emplace_back(1, [=, this] {
        const std::string x = expression(want);
        return fmt::format("{}({}, {}, {})", used("nn", "dropout"), x, oneOf({"0.5", "0.0", "0.1"}), key());
      });
    }
  }
  if (want.rank() == 1) {
    out.emplace_back(1, [=, this] { return fmt::format("{}({})", oneOf({"softmax"}), expression(want)); });
    out.emplace_back(1, [=, this] { return fmt::format("{}({})", generic("centred"), expression(want)); });
    out.emplace_back(1, [=, this] {
      const std::string x = expression(want);
      return fmt::format("{}({}{})", generic("linear"), x, oneOf({"", ", by = 0.5", ", plus = 1.0", ", 3.0, 0.0"}));
    });
    if (want.dims[0].isNumber()) {
      out.emplace_back(1, [=, this] {
        const Size i = oneOf(palette_);
        used("nn", "Dense");
        const std::string dense = fmt::format("Dense<{}, {}>", i.text(), want.dims[0].text()), l = fresh("l");
        if (scope_.key.empty()) {
          scope_.statements->push_back(fmt::format("let {}: {} = Dense {{ w: {}, b: {} }};", l, dense,
                                                   expression(Type::tensor(Elem::F32, {i, want.dims[0]})), expression(want)));
        } else {
          scope_.statements->push_back(fmt::format("let {}: {} = {}({});", l, dense, used("nn", "dense_init"), key()));
        }
        return fmt::format("{}({}, {})", used("nn", "dense"), l, expression(Type::tensor(Elem::F32, {i})));
      });
    }
  }
  if (!want.isScalar()) return;
  out.emplace_back(1, [=, this] { return fmt::format("log_sum_exp({})", expression(Type::tensor(Elem::F32, {someSize()}))); });
  out.emplace_back(2, [=, this] {
    const Size n = someSize();
    const std::string z = expression(Type::tensor(Elem::F32, {n}));
    const bool counted = choices_.chance(40);
    return fmt::format("{}({}, {})", counted ? used("metrics", "accuracy") : used("loss", "softmax_cross_entropy"), z, position(n));
  });
  out.emplace_back(1, [=, this] { return fmt::format("{}({}, {})", used("loss", "sigmoid_cross_entropy"), expression(want), expression(want)); });
  out.emplace_back(1, [=, this] {
    Type of = someType(true);
    if (commonElem(of) != Elem::F32) of = Type::tensor(Elem::F32, {oneOf(palette_)});
    const std::string a = expression(of);
    return fmt::format("{}({}, {})", used("loss", "mean_squared_error"), a, expression(of));
  });
}

}  // namespace fedc::random
