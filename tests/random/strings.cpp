#include <fmt/format.h>

#include "tests/random/generator.h"

/// Numbers and truths about strings. What texts there are is written out; which of them it is, is decided in the run.
namespace fedc::random {

std::string Generator::someText(int depth) {
  const auto literal = [this] {
    return oneOf({R"("")", R"("a")", R"("to be or not to be")", R"(" a  b ")", R"("zoë")", R"("ab")", R"("a b")", R"("abababa")"});
  };
  const Type truth = Type::tensor(Elem::Bool, {});
  switch (depth > 0 ? choices_.below(6) : 0) {
    case 3: {
      const std::string c = expression(truth), a = someText(depth - 1);
      return fmt::format("(if ({}) {{ {} }} else {{ {} }})", c, a, someText(depth - 1));
    }
    case 4: {
      const std::string c = expression(truth), a = someText(depth - 1);
      return fmt::format("where({}, {}, {})", c, a, someText(depth - 1));
    }
    case 5: return fmt::format("split({}, {})[0]", someText(depth - 1), separator());
    default: return literal();
  }
}

std::string Generator::separator() { return oneOf({R"(" ")", R"("a")", R"("ab")", R"("b ")"}); }

void Generator::strings(const Type& want, Options& out) {
  constexpr int kDepth = 2;
  if (!want.isTensor() || !want.dims.empty()) return;
  if (want.elem == Elem::Bool) {
    out.emplace_back(1, [this] {
      const std::string a = someText(kDepth), op = oneOf({"==", "!=", "<", "<=", ">", ">="});
      return fmt::format("({} {} {})", a, op, someText(kDepth));
    });
  } else if (want.elem == Elem::I32) {
    out.emplace_back(scope_.mapped ? 3 : 1, [this] {
      const std::string of = someText(kDepth);
      switch (choices_.below(4)) {
        case 1: return fmt::format("len(split({}, {}))", of, separator());
        case 2: return fmt::format("sum(i32(bytes({})))", of);
        case 3: return fmt::format("i32(hash({}, {}) % 1000)", of, oneOf({"0", "7", "(-1)"}));
        default: return fmt::format("len({})", of);
      }
    });
  }
}

}  // namespace fedc::random
