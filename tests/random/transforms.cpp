#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/random/generator.h"

/// Control flow, calls, derivatives, vmap and draws.
namespace fedc::random {

void Generator::control(const Type& want, Options& out) {
  out.emplace_back(2, [=, this] {
    const std::string c = expression(Type::scalar(Elem::Bool));
    const auto arm = [&] { return block([&] { return expression(want); }); };
    const std::string then = arm();
    return fmt::format("(if ({}) {} else {})", c, then, arm());
  });
  out.emplace_back(1, [=, this] {
    // A block that works on a variable of the wanted type.
    return block([&] {
      const std::string v = let(want, expression(want), true);
      statements(2);
      choices_.part([&] { rangeLoop(); });
      return v;
    });
  });
  if (functionDepth_ < 3) {
    if (!hasNames(want)) out.emplace_back(3, [=, this] { return call(someFunction(want)); });
    // A function over a size, which is found from its arguments.
    const auto rows = leading(want);
    if (rows && want.isTensor() && !hasNames(rows->element)) {
      out.emplace_back(2, [=, this] {
        const std::string n = fresh("n");
        const Size size = rows->extent;
        Type result = want;
        result.dims[0] = Size(n);
        std::vector<Type> params = {rowsOf(someTensor(someElem(), 1), Size(n))};
        if (choices_.chance(40)) params.push_back(someType());
        return call(makeFunction(result, params, n), {}, size);
      });
    }
    if (!hasNames(want)) {
      out.emplace_back(1, [=, this] {
        const std::string n = fresh("n");
        const Type element = choices_.chance(40) && !structs_.empty() ? oneOf(structs_).type : someTensor(someElem(), 1);
        const Size size = someSize();
        return call(makeFunction(want, {rowsOf(element, Size(n))}, n), {}, size);
      });
    }
  }
  out.emplace_back(1, [=, this] {
    const std::string c = expression(Type::scalar(Elem::Bool));
    const std::string a = expression(want);
    return fmt::format("{}({}, {}, {})", generic("pick"), c, a, expression(want));
  });
  out.emplace_back(1, [=, this] {
    const Type from = someType();
    const std::string f = lambda({from}, [&] { return expression(want); });
    return fmt::format("{}({}, {})", generic("apply"), f, expression(from));
  });
  out.emplace_back(1, [=, this] { return fmt::format("dbg({})", expression(want)); });
}

/// Of `variable`, one number that depends on it.
std::string Generator::loss(const Type& of, Elem elem, std::string variable) {
  const std::string value = expression(Type::scalar(elem));
  if (commonElem(of) != elem) return value;
  if (choices_.chance(60)) return fmt::format("({} + {})", value, choices_.part([&] { return chain(of, elem, variable); }));
  return choices_.chance(50) ? value : fmt::format("({} + dot({}, {}))", value, variable, variable);
}

void Generator::transforms(const Type& want, Options& out) {
  const auto differentiated = [this](const Make& make) {
    const bool outer = scope_.differentiable;
    scope_.differentiable = true;
    std::string made = make();
    scope_.differentiable = outer;
    return made;
  };
  const auto lossOf = [=, this](const Type& x) {
    const Elem elem = commonElem(x).value_or(Elem::F32) == Elem::F64 ? Elem::F64 : Elem::F32;
    return differentiated([&] {
      return lambda({x}, [&] {
        const std::string variable = scope_.variables.back().name;
        return loss(x, elem, variable);
      });
    });
  };
  const bool vector = isVector(want) && want.kind != Type::Kind::Array && !leafElems(want).empty();
  const auto half = [](Elem e) { return e == Elem::F16 || e == Elem::BF16; };
  const std::vector<Elem> elems = leafElems(want);
  if (vector && std::none_of(elems.begin(), elems.end(), half)) {
    out.emplace_back(4, [=, this] {
      const std::string f = lossOf(want);
      const std::string at = expression(want);
      switch (choices_.below(5)) {
        case 0:
        case 1: return fmt::format("grad({})({})", f, at);
        case 2: return fmt::format("value_and_grad({})({}).1", f, at);
        case 3: return fmt::format("vjp({})({}, {}).1", f, at, number(commonElem(want).value_or(Elem::F32) == Elem::F64 ? Elem::F64 : Elem::F32));
        default: return fmt::format("jvp(grad({}))({}, {}).{}", f, at, expression(want), choices_.below(2));
      }
    });
    out.emplace_back(1, [=, this] {
      // With something beside the loss.
      const Type aux = someTensor(someElem(), 1);
      const Elem elem = commonElem(want).value_or(Elem::F32) == Elem::F64 ? Elem::F64 : Elem::F32;
      const std::string f = differentiated([&] {
        return lambda({want}, [&] {
          const std::string variable = scope_.variables.back().name;
          const std::string value = loss(want, elem, variable);
          return fmt::format("({}, {})", value, expression(aux));
        });
      });
      return fmt::format("grad({})({}).0", f, expression(want));
    });
    out.emplace_back(2, [=, this] {
      // Forward and backward through a function between two vectors.
      const Type other = someTensor(someFloat());
      const bool forward = choices_.chance(50);
      const Type& from = forward ? other : want;
      const Type& to = forward ? want : other;
      const std::string f = differentiated([&] { return lambda({from}, [&] { return expression(to); }); });
      const std::string at = expression(from);
      if (forward) return fmt::format("jvp({})({}, {}).{}", f, at, expression(from), choices_.chance(70) ? 1 : 0);
      return fmt::format("vjp({})({}, {}).1", f, at, expression(to));
    });
    if (want.isScalar()) {
      out.emplace_back(1, [=, this] {
        const Type x = Type::tensor(want.elem, {oneOf(palette_)});
        const std::string f = differentiated([&] { return lambda({x}, [&] { return loss(x, want.elem, scope_.variables.back().name); }); });
        return fmt::format("value_and_grad({})({}).0", f, expression(x));
      });
    }
    out.emplace_back(1, [=, this] {
      const Type from = someType(true);
      const std::string f = lambda({from}, [&] { return expression(want); });
      return fmt::format("checkpoint({})({})", f, expression(from));
    });
  }
  if (want.isScalar() && core::isFloat(want.elem) && core::elemBytes(want.elem) >= 4 && !scope_.differentiable) {
    // Its derivative has none.
    out.emplace_back(1, [=, this] {
      const std::string x = fresh("x");
      return fmt::format("grad(|{}: {}| lgamma({} + 0.5))(abs({}))", x, text(want), x, expression(want));
    });
  }
  const auto rows = leading(want);
  if (rows && want.isTensor() && want.rank() == 1) {
    // An element of each row.
    out.emplace_back(2, [=, this] {
      const Size n = someSize();
      const std::string z = fresh("x"), y = fresh("x");
      const std::string table = expression(Type::tensor(want.elem, {rows->extent, n}));
      return fmt::format("vmap(|{0}: {1}, {2}: i32| {0}[min(max({2}, 0), {3})])({4}, {5})", z, text(Type::tensor(want.elem, {n})), y, n.number - 1,
                         table, expression(Type::tensor(Elem::I32, {rows->extent})));
    });
  }
  if (rows && rows->element.kind != Type::Kind::Array) {
    out.emplace_back(5, [=, this] {
      // Over the rows of one or two arrays, of numbers, with keys of their own.
      std::vector<std::string> arguments;
      std::vector<Type> params;
      std::vector<Variable> found;
      for (const Variable& v : scope_.variables) {
        const auto l = leading(v.type);
        if (l && l->extent == rows->extent && l->element.kind != Type::Kind::Array) found.push_back(v);
      }
      const bool keyed = choices_.chance(20);
      for (std::uint32_t i = 0, n = 1 + choices_.below(2); i < n; ++i) {
        if (!found.empty() && choices_.chance(60)) {
          const Variable v = oneOf(found);
          arguments.push_back(v.name);
          params.push_back(leading(v.type)->element);
        } else if (choices_.chance(20)) {
          arguments.push_back("0.." + rows->extent.text());
          params.push_back(Type::scalar(Elem::I32));
        } else {
          const Type element = someTensor(someElem(), 1);
          params.push_back(element);
          arguments.push_back(expression(rowsOf(element, rows->extent)));
        }
      }
      if (keyed) arguments.push_back(fmt::format("split({}, {})", key(), rows->extent.text()));
      const bool outer = scope_.mapped;
      scope_.mapped = true;
      const std::string f = lambda(params, [&] { return expression(rows->element); }, keyed ? fresh("k") : "");
      scope_.mapped = outer;
      return fmt::format("vmap({})({})", f, fmt::join(arguments, ", "));
    });
  }
}

void Generator::draws(const Type& want, Options& out) {
  if (!want.isTensor()) return;
  std::vector<std::string> sizes;
  for (const Size& s : want.dims) sizes.push_back(s.text());
  const std::string dims = fmt::format("[{}]", fmt::join(sizes, ", "));
  const auto add = [&](std::uint32_t weight, const Make& make) {
    if (!scope_.key.empty() || choices_.chance(10)) out.emplace_back(weight, make);
  };
  if (want.elem == Elem::F32) {
    add(3, [=, this] {
      const std::string name = oneOf({"uniform", "normal", "truncated_normal", "rademacher", "exponential", "gumbel", "laplace"});
      const std::string k = key();
      if (name == "uniform" && choices_.chance(40)) return fmt::format("uniform({}, {}, -1.0, {})", k, dims, number(Elem::F32));
      if (name == "truncated_normal" && choices_.chance(40)) return fmt::format("truncated_normal({}, {}, -1.0, 2.0)", k, dims);
      return fmt::format("{}({}, {})", name, k, dims);
    });
  }
  if (want.elem == Elem::Bool) add(2, [=, this] { return fmt::format("bernoulli({}, {}, {})", key(), oneOf({"0.5", "0.1", "1.0"}), dims); });
  if (want.elem == Elem::I32) {
    add(2, [=, this] {
      if (want.rank() == 1 && choices_.chance(40)) return fmt::format("permutation({}, {})", key(), want.dims[0].text());
      return fmt::format("randint({}, {}, {}, {})", key(), dims, oneOf({"0", "-5"}), oneOf({"10", "1", "100"}));
    });
  }
}

}  // namespace fedc::random
