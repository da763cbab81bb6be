#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "compiler/transform/specialise/sequence.h"

namespace fedc::transform::specialise {

using check::Subscript;
using core::Atom;
using core::Elem;
using core::Op;
using core::Type;

/// What an index expression takes from one axis.
struct Specialiser::Selection {
  Subscript::Kind kind = Subscript::Kind::All;
  /// At: the position. Range: the first. Gather: the index tensor.
  std::optional<Value> at;
  /// Range: the end.
  std::optional<Value> to;
  /// Range: how many, if that is known.
  std::optional<Dim> size;

  bool isRange() const { return kind == Subscript::Kind::Range; }
};

std::vector<Specialiser::Selection> Specialiser::selections(const std::vector<Subscript>& path, std::size_t from, Env& env) {
  std::vector<Selection> out;
  for (std::size_t i = from; i < path.size(); ++i) {
    const Subscript& s = path[i];
    if (s.kind == Subscript::Kind::Field || s.kind == Subscript::Kind::Item) break;
    Selection selection;
    selection.kind = s.kind;
    if (s.at) selection.at = eval(*s.at, env);
    if (s.to) selection.to = eval(*s.to, env);
    if (selection.isRange()) selection.size = knownDim(s.extent, env);
    if (selection.at && selection.at->kind == Value::Kind::Range) {
      selection.kind = Subscript::Kind::Range;
      Value range = *selection.at;
      selection.at = range.items[0];
      selection.to = range.items[1];
    }
    out.push_back(std::move(selection));
  }
  return out;
}

bool Specialiser::checkIndex(const Leaf& i, const Dim& n, bool end, Span span) {
  auto inside = [&](std::int64_t v, std::int64_t size) { return v >= 0 && (end ? v <= size : v < size); };
  if (i.number) {
    auto v = i.number->constant();
    auto size = n.constant();
    if (v && size) {
      if (inside(*v, *size)) return true;
      stop(Code::IndexOutOfRange, span, "index " + std::to_string(*v) + " is out of range for size " + std::to_string(*size));
    }
    if (end && *i.number == n) return true;
    if (v && *v == 0 && end) return true;
    // The index of a loop over exactly this extent.
    if (!end && !i.atom.isLiteral) {
      auto found = loopIndices_.find({i.home, i.atom.var});
      if (found != loopIndices_.end() && found->second == *i.number) {
        if (auto t = found->second.asVariable()) {
          const core::DimInfo& info = here_.home->fn.dims[*t];
          if (info.bound && size && *info.bound < *size) return true;
        }
      }
    }
  }
  Leaf value = convert(Value::of(i), Elem::I64, span).leaf;
  Leaf zero = Value::literal(Literal::ofInt(Elem::I64, 0), value.type).leaf;
  Leaf size = broadcastTo(number(n, Elem::I64, span).leaf, value.type.dims, span);
  Leaf low = elementwise(Op::Le, {zero, value}, span);
  Leaf high = elementwise(end ? Op::Le : Op::Lt, {value, size}, span);
  Leaf both = elementwise(Op::And, {low, high}, span);
  const auto extent = n.constant();
  check(use(both), span, extent ? fmt::format("index out of range: the axis has {}", *extent) : "index out of range");
  return false;
}

/// What a range takes from an axis: elements `from` (or from the run-time `start`) on.
struct Specialiser::Part {
  Dim from;
  std::optional<Leaf> start;
  Dim size;
  /// Known to lie inside; else a check ends the run where it does not.
  bool isInside = true;
};

Specialiser::Part Specialiser::partOf(const Selection& s, const Dim& n, Span span) {
  const bool startsInside = !s.at || checkIndex(s.at->leaf, n, true, span);
  const bool endsInside = !s.to || checkIndex(s.to->leaf, n, true, span);
  const std::optional<Dim> from = s.at ? numberOf(*s.at) : Dim(0), to = s.to ? numberOf(*s.to) : n;
  Part part;
  part.isInside = startsInside && endsInside;
  if (!from || !to) {
    // The start may change while the program runs, the length may not.
    if (!s.size || !s.at) {
      stop(Code::SizeNotKnown, span, "the size of this slice is not known before the run",
           "a slice has ends that are known or sizes of arguments, or ends at a known distance from its start, as in `x[i..i + 3]`");
    }
    part.start = convert(*s.at, Elem::I32, span).leaf;
    part.size = *s.size;
  } else {
    part.from = *from;
    part.size = *to - *from;
  }
  const auto size = part.size.constant();
  if (size && *size < 0) stop(Code::IndexOutOfRange, span, "this slice ends before it starts");
  // Sizes and positions in loops are not negative, nor is what adds them up.
  const bool isSum = std::all_of(part.size.terms().begin(), part.size.terms().end(), [](const Dim::Term& t) {
    return t.coefficient > 0 && std::all_of(t.atoms.begin(), t.atoms.end(), [](const Dim::Atom& a) { return a.kind == Dim::AtomKind::Variable; });
  });
  if (!size && !isSum) {
    check(use(elementwise(Op::Le, {number(Dim(0), Elem::I64, span).leaf, number(part.size, Elem::I64, span).leaf}, span)), span,
          "the slice ends before it starts");
    part.size = Dim::max(part.size, Dim(0));
  }
  return part;
}

Leaf Specialiser::select(const Leaf& l, const std::vector<Selection>& by, Span span) {
  Leaf current = l;
  std::size_t axis = 0;
  for (const Selection& s : by) {
    assert(axis < current.type.dims.size());
    const Dim n = current.type.dims[axis];
    switch (s.kind) {
      case Subscript::Kind::All: ++axis; break;
      case Subscript::Kind::At: {
        const Leaf& i = s.at->leaf;
        const bool isInside = checkIndex(i, n, false, span);
        if (current.atom.isLiteral) {
          std::vector<Dim> dims = current.type.dims;
          dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
          current = Value::literal(current.atom.literal, Type{current.type.elem, dims}).leaf;
          break;
        }
        if (auto number = numberOf(*s.at); number && isInside) {
          // A known position is a view; one that may lie outside is not taken before the check ends the run.
          Leaf one = slice(current, static_cast<int>(axis), *number, Dim(1), span);
          std::vector<Dim> dims = one.type.dims;
          dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
          current = reshape(one, dims, span);
          break;
        }
        Leaf index = convert(*s.at, Elem::I32, span).leaf;
        current = leaf(builder(span).gather(use(current), use(index), static_cast<int>(axis)));
        break;
      }
      case Subscript::Kind::Range: {
        const Part part = partOf(s, n, span);
        if (part.start && current.atom.isLiteral) {
          current.type.dims[axis] = part.size;
          current = Value::literal(current.atom.literal, current.type).leaf;
        } else if (part.start) {
          core::Attrs attrs;
          attrs.dims = current.type.dims;
          attrs.dims[axis] = part.size;
          std::vector<Atom> operands(1 + current.type.dims.size(), Atom::of(Literal::ofInt(Elem::I32, 0)));
          if (!part.isInside) current = reaching(current, static_cast<int>(axis), part.size, span);
          operands[0] = use(current);
          operands[1 + axis] = use(*part.start);
          current = leaf(builder(span).emit1(Op::DynamicSlice, operands, attrs));
        } else {
          const Dim from = part.isInside ? part.from : Dim::max(part.from, Dim(0));
          if (!part.isInside) current = reaching(current, static_cast<int>(axis), from + part.size, span);
          current = slice(current, static_cast<int>(axis), from, part.size, span);
        }
        ++axis;
        break;
      }
      case Subscript::Kind::Gather: {
        checkIndex(s.at->leaf, n, false, span);
        Leaf index = convert(*s.at, Elem::I32, span).leaf;
        std::size_t rank = index.type.dims.size();
        if (current.atom.isLiteral) {
          std::vector<Dim> dims = current.type.dims;
          dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
          dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), index.type.dims.begin(), index.type.dims.end());
          current = Value::literal(current.atom.literal, Type{current.type.elem, dims}).leaf;
        } else {
          current = leaf(builder(span).gather(use(current), useWhole(index, span), static_cast<int>(axis)));
        }
        axis += rank;
        break;
      }
      default: break;
    }
  }
  return current;
}

Leaf Specialiser::selectReplace(const Leaf& l, const std::vector<Selection>& by, const Leaf& with, Span span) {
  const std::size_t rank = l.type.dims.size();
  std::vector<Atom> starts;
  // Of the new part, and what of it there is room for: a check that failed does not keep it from being written.
  std::vector<Dim> dims, room;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const Dim n = l.type.dims[axis];
    if (axis >= by.size() || by[axis].kind == Subscript::Kind::All) {
      starts.push_back(Atom::of(Literal::ofInt(Elem::I32, 0)));
      dims.push_back(n);
      room.push_back(n);
      continue;
    }
    const Selection& s = by[axis];
    if (s.kind == Subscript::Kind::At) {
      checkIndex(s.at->leaf, n, false, span);
      starts.push_back(use(convert(*s.at, Elem::I32, span).leaf));
      dims.push_back(Dim(1));
      room.push_back(n.constant() && *n.constant() > 0 ? Dim(1) : Dim::min(n, Dim(1)));
      continue;
    }
    const Part part = partOf(s, n, span);
    starts.push_back(use(part.start ? *part.start : number(part.from, Elem::I32, span).leaf));
    dims.push_back(part.size);
    room.push_back(part.isInside ? part.size : Dim::min(part.size, part.start ? n : Dim::max(n - Dim::max(part.from, Dim(0)), Dim(0))));
  }
  // The new part has the selected axes only; the single positions come back as axes of 1.
  std::vector<Dim> selected;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    if (axis < by.size() && by[axis].kind == Subscript::Kind::At) continue;
    selected.push_back(dims[axis]);
  }
  Leaf part = reshape(broadcastTo(with, selected, span), dims, span);
  for (std::size_t axis = 0; axis < rank; ++axis) part = slice(part, static_cast<int>(axis), Dim(0), room[axis], span);
  std::vector<Atom> operands{useWhole(l, span), useWhole(part, span)};
  operands.insert(operands.end(), starts.begin(), starts.end());
  return leaf(builder(span).emit1(Op::UpdateSlice, operands));
}

Value Specialiser::index(const Value& v, const std::vector<Subscript>& path, Env& env, Span span) {
  std::vector<Selection> by = selections(path, 0, env);
  Args all{v};
  for (const Selection& s : by) {
    if (s.at) all.push_back(*s.at);
    if (s.to) all.push_back(*s.to);
  }
  Lifted scope(*this, join(all));
  if (v.kind == Value::Kind::Range) {
    notYet(span, "indexing a range");
  }
  // A size out of a list of sizes is still one.
  if (v.kind == Value::Kind::Leaf && by.size() == 1 && by[0].kind == Subscript::Kind::At) {
    const auto i = numberOf(*by[0].at);
    const auto at = i ? i->constant() : std::nullopt;
    if (const auto n = at && *at >= 0 ? numberOf(v, static_cast<std::size_t>(*at)) : std::nullopt) return number(*n, v.leaf.type.elem, span);
  }
  return map(v, [&](const Leaf& l) { return select(l, by, span); });
}

Value Specialiser::replaceAt(const Value& v, const std::vector<Subscript>& path, std::size_t step, const Value& with, Env& env, Span span) {
  if (step == path.size()) {
    if (v.kind == Value::Kind::Leaf && with.kind == Value::Kind::Leaf) return with;
    return with;
  }
  const Subscript& s = path[step];
  if (s.kind == Subscript::Kind::Field || s.kind == Subscript::Kind::Item) {
    Value out = v;
    auto i = static_cast<std::size_t>(s.index);
    out.items[i] = replaceAt(v.items[i], path, step + 1, with, env, span);
    return out;
  }
  std::vector<Selection> by = selections(path, step, env);
  std::size_t next = step + by.size();
  if (next == path.size()) {
    return zip(v, with, span, [&](const Leaf& l, const Leaf& w) { return selectReplace(l, by, w, span); });
  }
  // A field of one element of an array of structs: its column at the same indices.
  Value out = v;
  std::vector<Subscript> rest(path.begin() + static_cast<std::ptrdiff_t>(next), path.end());
  std::vector<Subscript> here(path.begin() + static_cast<std::ptrdiff_t>(step), path.begin() + static_cast<std::ptrdiff_t>(next));
  auto i = static_cast<std::size_t>(rest[0].index);
  std::vector<Subscript> moved = here;
  moved.insert(moved.end(), rest.begin() + 1, rest.end());
  out.items[i] = replaceAt(v.items[i], moved, 0, with, env, span);
  return out;
}

}  // namespace fedc::transform::specialise
