#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/random/generator.h"

/// What goes over one client's data.
namespace fedc::random {

/// A sequence made of one in scope: first what chooses and orders its elements, then what changes them. The element may be anything.
Generator::Sequence Generator::sequence(bool batches) {
  const SequenceVariable& from = oneOf(scope_.sequences);
  std::string s = from.name;
  Type element = from.element;
  const auto count = [&] {
    return choices_.chance(75) ? std::to_string(choices_.below(6)) : fmt::format("abs({}) % 5", expression(Type::scalar(Elem::I32)));
  };
  const auto part = [&] { s += fmt::format(".{}({})", oneOf({"take", "skip"}), count()); };
  if (choices_.chance(20)) part();
  if (choices_.chance(30)) {
    s += fmt::format(".shuffle({})", key());
    if (choices_.chance(15)) part();
  }
  if (choices_.chance(15)) {
    s += fmt::format(".repeat({})", 1 + choices_.below(3));
  } else if (choices_.chance(8)) {
    s += fmt::format(".repeat().take({})", choices_.below(9));
  }
  for (int i = 0; i < 2 && choices_.chance(35); ++i) {
    choices_.part([&] {
      const bool outer = scope_.mapped;
      switch (choices_.below(6)) {
        case 0: part(); break;
        case 1:
          scope_.mapped = true;
          s += fmt::format(".filter({})", lambda({element}, [&] { return expression(Type::scalar(Elem::Bool)); }));
          break;
        case 2: {
          scope_.mapped = true;
          const Type to = someType();
          s += fmt::format(".map({})", lambda({element}, [&] { return expression(to); }));
          element = to;
          break;
        }
        case 3:
          s += ".enumerate()";
          element = Type::tuple({Type::scalar(Elem::I32), element});
          break;
        case 4: {
          scope_.mapped = true;
          const Type to = someTensor(someElem(), 1);
          const std::int64_t n = 1 + choices_.below(3);
          s += fmt::format(".flat_map({})", lambda({element}, [&] { return expression(rowsOf(to, n)); }));
          element = to;
          break;
        }
        default: {
          const SequenceVariable& other = oneOf(scope_.sequences);
          s = fmt::format("zip({}, {}{})", s, other.name, choices_.chance(50) ? ".skip(1)" : "");
          element = Type::tuple({element, other.element});
          break;
        }
      }
      scope_.mapped = outer;
    });
  }
  if (batches) s += fmt::format(".batch({})", 1 + choices_.below(5));
  return {s, element};
}

void Generator::sequences(const Type& want, Options& out) {
  const bool numeric = allLeaves(want, core::isNumeric) && want.kind != Type::Kind::Array;
  if (want.kind == Type::Kind::Array) return;
  // Ranges and arrays may stand where a sequence is wanted.
  if (!strict() && numeric) {
    out.emplace_back(1, [=, this] {
      const std::string over = choices_.chance(50) ? fmt::format("(0..{})", choices_.below(5)) : "";
      if (over.empty()) {
        const Type element = someTensor(someElem(), 1);
        const std::string rows = expression(rowsOf(element, oneOf(palette_)));
        return fmt::format("fold({}, {}, {})", rows, let(want, literal(want)), lambda({want, element}, [&] { return expression(want); }));
      }
      scope_.mapped = true;
      const std::string f = lambda({Type::scalar(Elem::I32)}, [&] { return expression(want); });
      scope_.mapped = false;
      return fmt::format("{}.map({}).sum()", over, f);
    });
  }
  if (scope_.sequences.empty() || strict()) return;
  if (want.isScalar(Elem::I32)) out.emplace_back(4, [=, this] { return fmt::format("{}.count()", sequence(choices_.chance(15)).text); });
  if (numeric) {
    out.emplace_back(10, [=, this] {
      const Sequence s = sequence(false);
      scope_.mapped = true;
      const std::string f = lambda({s.element}, [&] { return expression(want); });
      scope_.mapped = false;
      return fmt::format("{}.map({}).sum()", s.text, f);
    });
  }
  out.emplace_back(5, [=, this] {
    const Sequence s = sequence(false);
    const std::string zero = let(want, expression(want));
    return fmt::format("{}.fold({}, {})", s.text, zero, lambda({want, s.element}, [&] { return expression(want); }));
  });
  out.emplace_back(10, [=, this] {
    // A loop over elements or batches.
    return block([&] {
      const std::string v = let(want, expression(want), true);
      const bool batches = choices_.chance(55);
      const bool numbered = choices_.chance(15);
      const Sequence s = sequence(batches);
      const Scope outer = scope_;
      const std::string e = fresh("b");
      const std::string i = numbered ? fresh("j") : "";
      if (numbered) scope_.variables.push_back({i, Type::scalar(Elem::I32), false});
      if (batches) {
        const std::string size = fmt::format("len({})", e);
        scope_.variables.push_back({e, rowsOf(s.element, Size(size)), false});
        scope_.variables.push_back({size, Type::scalar(Elem::I32), false});
      } else {
        scope_.variables.push_back({e, s.element, false});
      }
      const std::string body = block([&] {
        if (!scope_.key.empty() && numbered) {
          const std::string k = fresh("k");
          scope_.statements->push_back(fmt::format("let {} = fold_in({}, {});", k, scope_.key, i));
          scope_.key = k;
        }
        statements(2);
        const auto elem = commonElem(want);
        const bool adds = elem && *elem != Elem::Bool && choices_.chance(60);
        scope_.statements->push_back(fmt::format("{} {} {};", v, adds ? "+=" : "=", expression(want)));
        return std::string();
      });
      scope_ = outer;
      scope_.statements->push_back(numbered ? fmt::format("for ({}, {}) in enumerate({}) {}", i, e, s.text, body)
                                            : fmt::format("for {} in {} {}", e, s.text, body));
      return v;
    });
  });
  out.emplace_back(4, [=, this] {
    // All elements at once, given to a function over their number.
    const Sequence s = sequence(false);
    if (s.element.kind == Type::Kind::Array || hasNames(want) || functionDepth_ >= 3) return leaf(want);
    if (choices_.chance(30)) {
      const std::string all = fresh("c"), size = fmt::format("len({})", all);
      scope_.statements->push_back(fmt::format("let {} = {}.collect();", all, s.text));
      scope_.variables.push_back({all, rowsOf(s.element, Size(size)), false});
      scope_.variables.push_back({size, Type::scalar(Elem::I32), false});
      return expression(want);
    }
    if (choices_.chance(20) && risky_) {
      const Type stated = rowsOf(s.element, 1 + choices_.below(4));
      if (stated.isTensor()) {
        scope_.variables.push_back({let(stated, fmt::format("{}.collect() as {}", s.text, text(stated))), stated, false});
        return expression(want);
      }
    }
    const std::string n = fresh("n");
    return call(makeFunction(want, {rowsOf(s.element, Size(n))}, n), {fmt::format("{}.collect()", s.text)});
  });
}

}  // namespace fedc::random
