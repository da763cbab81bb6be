#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/random/generator.h"

/// Forms that move, join, reduce and multiply tensors.
namespace fedc::random {

namespace {

std::string shapeText(const std::vector<Size>& dims) {
  std::vector<std::string> sizes;
  for (const Size& s : dims) sizes.push_back(s.text());
  return fmt::format("[{}]", fmt::join(sizes, ", "));
}

/// `dims` with another size at an axis.
std::vector<Size> with(std::vector<Size> dims, std::size_t axis, const Size& size) {
  dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), size);
  return dims;
}

}  // namespace

void Generator::shapes(const Type& want, Options& out) {
  // An element of an array of anything.
  if (want.kind != Type::Kind::Array) {
    out.emplace_back(2, [=, this] {
      const Size n = someSize();
      const std::string rows = expression(rowsOf(want, n));
      // An array literal in parentheses, and what else ends otherwise than a name.
      return fmt::format("({})[{}]", rows, position(n));
    });
  }
  const auto rows = leading(want);
  if (rows && rows->element.kind != Type::Kind::Array) {
    if (rows->extent.isNumber()) {
      const std::int64_t n = rows->extent.number;
      out.emplace_back(2, [=, this] {
        // A part of something longer; from a place known before the run, or not.
        const std::int64_t more = choices_.below(3);
        const std::string whole = expression(rowsOf(rows->element, n + more));
        if (choices_.chance(60)) {
          const std::int64_t from = choices_.below(static_cast<std::uint32_t>(more) + 1);
          if (from == 0 && choices_.chance(50)) return fmt::format("({})[..{}]", whole, n);
          return fmt::format("({})[{}..{}]", whole, from, from + n);
        }
        const std::string at = let(Type::scalar(Elem::I32), position(Size(more + 1)));
        return fmt::format("({0})[{1}..{1} + {2}]", whole, at, n);
      });
      if (n >= 2) {
        out.emplace_back(2, [=, this] {
          const std::int64_t left = 1 + choices_.below(static_cast<std::uint32_t>(n) - 1);
          const std::string a = expression(rowsOf(rows->element, left));
          return fmt::format("concat({}, {})", a, expression(rowsOf(rows->element, n - left)));
        });
      }
      if (n >= 1) {
        out.emplace_back(1, [=, this] {
          const std::int64_t less = choices_.below(static_cast<std::uint32_t>(n)) + 1;
          return fmt::format("pad({}, {})", expression(rowsOf(rows->element, less)), n);
        });
      }
      if (n >= 1 && n <= 4) {
        out.emplace_back(2, [=, this] {
          std::vector<std::string> items;
          for (std::int64_t i = 0; i < n; ++i) items.push_back(expression(rows->element));
          const std::string array = fmt::format("[{}]", fmt::join(items, ", "));
          return want.isTensor() && want.elem != Elem::F32 ? let(want, array) : array;
        });
      }
    }
    out.emplace_back(1, [=, this] { return fmt::format("reverse({})", expression(want)); });
    out.emplace_back(2, [=, this] {
      // A gather.
      const Size m = someSize();
      const std::string table = expression(rowsOf(rows->element, m));
      std::string which = expression(Type::tensor(Elem::I32, {rows->extent}));
      if (!risky_ || !choices_.chance(20)) which = fmt::format("min(max({}, 0), {})", which, m.number - 1);
      return fmt::format("({})[{}]", table, which);
    });
  }
  if (!want.isTensor()) return;
  if (want.rank() >= 1) {
    out.emplace_back(1, [=, this] {
      const std::size_t axis = 1 + choices_.below(static_cast<std::uint32_t>(want.rank()));
      const Size n = someSize();
      std::string index;
      for (std::size_t i = 0; i < axis; ++i) index += ":, ";
      return fmt::format("({})[{}{}]", expression(Type::tensor(want.elem, with(want.dims, axis, n))), index, position(n));
    });
    out.emplace_back(1, [=, this] {
      // The same elements in another shape.
      std::vector<Size> dims = want.dims;
      switch (choices_.below(3)) {
        case 0: dims.insert(dims.begin() + choices_.below(static_cast<std::uint32_t>(dims.size()) + 1), Size(1)); break;
        case 1:
          if (!hasNames(want)) {
            dims = {Size(elements(want))};
            break;
          }
          [[fallthrough]];
        default: std::rotate(dims.begin(), dims.begin() + 1, dims.end());
      }
      return fmt::format("reshape({}, {})", expression(Type::tensor(want.elem, dims)), shapeText(want.dims));
    });
    out.emplace_back(1, [=, this] {
      const std::size_t axis = choices_.below(static_cast<std::uint32_t>(want.rank()));
      const Size n = want.dims[axis];
      if (!n.isNumber() || n.number < 2) return leaf(want);
      const std::int64_t left = 1 + choices_.below(static_cast<std::uint32_t>(n.number) - 1);
      Type a = want, b = want;
      a.dims[axis] = left;
      b.dims[axis] = n.number - left;
      const std::string first = expression(a);
      return fmt::format("concat({}, {}, axis = {})", first, expression(b), axis);
    });
  }
  if (want.rank() >= 2) {
    out.emplace_back(2, [=, this] {
      if (want.rank() == 2 || choices_.chance(40)) {
        Type from = want;
        std::reverse(from.dims.begin(), from.dims.end());
        return fmt::format("transpose({})", expression(from));
      }
      std::vector<std::size_t> axes(want.rank());
      for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = i;
      std::rotate(axes.begin(), axes.begin() + 1 + choices_.below(static_cast<std::uint32_t>(axes.size()) - 1), axes.end());
      Type from = want;
      for (std::size_t i = 0; i < axes.size(); ++i) from.dims[axes[i]] = want.dims[i];
      return fmt::format("transpose({}, [{}])", expression(from), fmt::join(axes, ", "));
    });
  }
  if (want.rank() == 1) {
    if (core::isNumeric(want.elem)) out.emplace_back(1, [=, this] { return fmt::format("sort({})", expression(want)); });
    if (want.elem == Elem::I32) {
      out.emplace_back(
          1, [=, this] { return fmt::format("argsort({})", expression(Type::tensor(choices_.chance(40) ? Elem::I32 : Elem::F32, want.dims))); });
    }
    if (want.dims[0].isNumber() && want.dims[0].number >= 1 && core::isNumeric(want.elem)) {
      out.emplace_back(1, [=, this] {
        const bool where = want.elem == Elem::I32 && choices_.chance(60);
        const std::string of = expression(Type::tensor(where ? someFloat() : want.elem, {want.dims[0].number + choices_.below(2)}));
        return fmt::format("top_k({}, {}).{}", of, want.dims[0].text(), where ? 1 : 0);
      });
    }
    // All elements of a value as one row.
    out.emplace_back(1, [=, this] {
      for (const Struct& s : structs_) {
        if (want.dims[0].isNumber() && commonElem(s.type) == want.elem && elements(s.type) == want.dims[0].number)
          return fmt::format("ravel({})", expression(s.type));
      }
      return fmt::format("ravel({})", expression(want));
    });
    if (want.dims[0].isNumber() && want.elem == Elem::F32) {
      out.emplace_back(1, [=, this] {
        for (const Struct& s : structs_) {
          if (commonElem(s.type) == want.elem && static_cast<std::int64_t>(leafElems(s.type).size()) == want.dims[0].number)
            return fmt::format("each_leaf(|x| {}, {})", oneOf({"sum(x)", "norm(x)", "max(x)", "mean(x)"}), expression(s.type));
        }
        return leaf(want);
      });
    }
  } else if (want.rank() == 2 && core::isNumeric(want.elem)) {
    out.emplace_back(1, [=, this] { return fmt::format("sort({}, axis = {})", expression(want), choices_.below(2)); });
  }
  if (want.rank() >= 1 && core::isNumeric(want.elem)) out.emplace_back(1, [=, this] { return fmt::format("cumsum({})", expression(want)); });
}

void Generator::reductions(const Type& want, Options& out) {
  if (!want.isTensor()) {
    // The rows of an array, leaf by leaf.
    if (allLeaves(want, core::isNumeric) && want.kind != Type::Kind::Array) {
      out.emplace_back(
          1, [=, this] { return fmt::format("{}({}, axis = 0)", oneOf({"sum", "max", "min"}), expression(rowsOf(want, oneOf(palette_)))); });
    }
    return;
  }
  const auto name = [this, e = want.elem] {
    if (e == Elem::Bool) return oneOf({"any", "all"});
    return core::isFloat(e) ? oneOf({"sum", "mean", "max", "min", "prod"}) : oneOf({"sum", "max", "min", "prod"});
  };
  if (want.rank() <= 2) {
    out.emplace_back(4, [=, this] {
      const std::size_t axis = choices_.below(static_cast<std::uint32_t>(want.rank()) + 1);
      const std::vector<Size> dims = with(want.dims, axis, someSize());
      if (want.elem == Elem::I32 && choices_.chance(40)) {
        return fmt::format("{}({}, axis = {})", oneOf({"argmax", "argmin"}), expression(Type::tensor(someFloat(), dims)), axis);
      }
      const std::string shown = choices_.chance(20) ? std::to_string(static_cast<int>(axis) - static_cast<int>(dims.size())) : std::to_string(axis);
      return fmt::format("{}({}, axis = {})", name(), expression(Type::tensor(want.elem, dims)), shown);
    });
  }
  if (!want.isScalar()) return;
  out.emplace_back(6, [=, this] { return fmt::format("{}({})", name(), expression(Type::tensor(want.elem, {someSize()}))); });
  out.emplace_back(2, [=, this] { return fmt::format("{}({})", name(), expression(Type::tensor(want.elem, {oneOf(palette_), oneOf(palette_)}))); });
  if (core::isFloat(want.elem)) {
    out.emplace_back(3, [=, this] {
      for (const Struct& s : structs_) {
        if (commonElem(s.type) != want.elem || !choices_.chance(50)) continue;
        if (choices_.chance(30)) return fmt::format("dot({}, {})", expression(s.type), expression(s.type));
        return fmt::format("{}({})", oneOf({"norm", "sum", "mean", "max"}), expression(s.type));
      }
      const Type row = Type::tensor(want.elem, {someSize()});
      if (choices_.chance(40)) return fmt::format("norm({})", expression(row));
      return fmt::format("dot({}, {})", expression(row), expression(row));
    });
  }
  if (want.elem == Elem::I32) {
    out.emplace_back(2, [=, this] {
      return fmt::format("{}({})", oneOf({"argmax", "argmin"}), expression(Type::tensor(choices_.chance(30) ? Elem::I32 : Elem::F32, {someSize()})));
    });
    out.emplace_back(1, [=, this] {
      const Type some = someType();
      switch (choices_.below(6)) {
        case 0: return fmt::format("size({})", expression(some));
        case 1:
          if (some.kind == Type::Kind::Struct && some.literal == some.name && choices_.chance(50)) return fmt::format("leaves({})", some.name);
          return fmt::format("leaves({})", expression(some));
        case 2: return fmt::format("len({})", expression(Type::tensor(Elem::F32, {someSize()})));
        default: return fmt::format("{}({})", oneOf({"ilog2", "next_pow2"}), someSize().text());
      }
    });
  }
}

void Generator::products(const Type& want, Options& out) {
  if (!want.isTensor() || !core::isNumeric(want.elem) || core::elemBytes(want.elem) < 4) return;
  const Elem e = want.elem;
  const auto product = [this, e](std::vector<Size> a, std::vector<Size> b) {
    const std::string left = expression(Type::tensor(e, std::move(a)));
    return fmt::format("({} @ {})", left, expression(Type::tensor(e, std::move(b))));
  };
  if (want.rank() == 0) {
    out.emplace_back(2, [=, this] {
      const Size k = someSize();
      return product({k}, {k});
    });
  }
  if (want.rank() == 1) {
    out.emplace_back(3, [=, this] {
      const Size k = someSize(), n = want.dims[0];
      return choices_.chance(50) ? product({k}, {k, n}) : product({n, k}, {k});
    });
  }
  if (want.rank() == 2) {
    out.emplace_back(4, [=, this] {
      const Size k = someSize();
      return product({want.dims[0], k}, {k, want.dims[1]});
    });
  }
  if (want.rank() == 3) {
    out.emplace_back(3, [=, this] {
      const Size k = oneOf(palette_);
      if (choices_.chance(50)) return product({want.dims[0], want.dims[1], k}, {want.dims[0], k, want.dims[2]});
      return product({want.dims[0], want.dims[1], k}, {k, want.dims[2]});
    });
  }
  if ((e == Elem::F32 || e == Elem::F64) && (want.rank() == 1 || want.rank() == 2) && want.dims[0].isNumber() && want.dims[0].number <= 5) {
    out.emplace_back(1, [=, this] {
      const std::string a = matrix(e, want.dims[0]);
      return fmt::format("solve({}, {})", a, expression(want));
    });
  }
}

/// A symmetric positive definite one.
std::string Generator::matrix(Elem elem, const Size& n) {
  const Type square = Type::tensor(elem, {n, n});
  std::vector<std::string> rows;
  for (std::int64_t i = 0; i < n.number; ++i) {
    std::vector<std::string> row(static_cast<std::size_t>(n.number), "0.0");
    row[static_cast<std::size_t>(i)] = "4.0";
    rows.push_back(fmt::format("[{}]", fmt::join(row, ", ")));
  }
  const std::string diagonal = let(square, fmt::format("[{}]", fmt::join(rows, ", ")));
  const std::string some = let(square, fmt::format("tanh({})", expression(square)));
  return fmt::format("({0} @ transpose({0}) + {1})", some, diagonal);
}

}  // namespace fedc::random
