#include <algorithm>
#include <numeric>
#include <set>

#include "compiler/transform/simplify/rules.h"

// Exact: views of views, and ops on what is only repeated.
namespace fedc::transform {

using core::Atom;
using core::Attrs;
using core::Op;
using core::Stmt;
using core::Type;

namespace {

using Result = std::optional<Atom>;

bool isIdentity(const std::vector<int>& permutation) {
  for (std::size_t i = 0; i < permutation.size(); ++i)
    if (permutation[i] != static_cast<int>(i)) return false;
  return true;
}

Result broadcast(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Broadcast) return std::nullopt;
  const Atom& x = s.args[0];
  // A literal that has a name has it because some op wants one.
  if (x.isLiteral) return std::nullopt;
  if (s.attrs.axes.size() == s.attrs.dims.size()) return x;
  const Stmt* d = r.def(x, Op::Broadcast);
  if (d == nullptr) return std::nullopt;
  std::vector<int> axes;
  for (int a : d->attrs.axes) axes.push_back(s.attrs.axes[static_cast<std::size_t>(a)]);
  return r.build.broadcast(d->args[0], s.attrs.dims, axes);
}

Result reshape(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Reshape) return std::nullopt;
  const Atom& x = s.args[0];
  if (r.typeOf(x).dims == s.attrs.dims) return x;
  if (const Stmt* d = r.def(x, Op::Reshape)) return r.build.reshape(d->args[0], s.attrs.dims);
  if (const auto u = r.uniform(x); u && r.typeOf(x).rank() > 0) return r.build.broadcast(*u, s.attrs.dims, {});
  // New extents 1 around a repeated value.
  if (const Stmt* d = r.def(x, Op::Broadcast)) {
    std::vector<Dim> before, after;
    for (const Dim& e : d->attrs.dims)
      if (!e.isConstant(1)) before.push_back(e);
    for (const Dim& e : s.attrs.dims)
      if (!e.isConstant(1)) after.push_back(e);
    const Type source = r.typeOf(d->args[0]);
    if (before != after || std::ranges::any_of(source.dims, [](const Dim& e) { return e.isConstant(1); })) return std::nullopt;
    std::vector<int> place;
    for (std::size_t i = 0; i < s.attrs.dims.size(); ++i)
      if (!s.attrs.dims[i].isConstant(1)) place.push_back(static_cast<int>(i));
    std::vector<int> axes;
    for (int a : d->attrs.axes) {
      int rank = 0;
      for (int i = 0; i < a; ++i) rank += d->attrs.dims[static_cast<std::size_t>(i)].isConstant(1) ? 0 : 1;
      axes.push_back(place[static_cast<std::size_t>(rank)]);
    }
    return r.build.broadcast(d->args[0], s.attrs.dims, axes);
  }
  return std::nullopt;
}

Result transpose(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Transpose) return std::nullopt;
  const Atom& x = s.args[0];
  if (isIdentity(s.attrs.axes)) return x;
  if (const Stmt* d = r.def(x, Op::Transpose)) {
    std::vector<int> axes;
    for (int a : s.attrs.axes) axes.push_back(d->attrs.axes[static_cast<std::size_t>(a)]);
    return r.build.transpose(d->args[0], axes);
  }
  if (const Stmt* d = r.def(x, Op::Broadcast)) {
    std::vector<int> axes;
    for (int a : d->attrs.axes) axes.push_back(static_cast<int>(std::ranges::find(s.attrs.axes, a) - s.attrs.axes.begin()));
    if (std::ranges::is_sorted(axes)) {
      std::vector<Dim> dims;
      for (int a : s.attrs.axes) dims.push_back(d->attrs.dims[static_cast<std::size_t>(a)]);
      return r.build.broadcast(d->args[0], dims, axes);
    }
  }
  // Only extents 1 move: the order of the elements is the same.
  std::vector<int> moved;
  const Type type = r.typeOf(x);
  for (int a : s.attrs.axes)
    if (!type.dims[static_cast<std::size_t>(a)].isConstant(1)) moved.push_back(a);
  if (std::ranges::is_sorted(moved)) return r.build.reshape(x, r.typeOf(Atom::of(s.results[0])).dims);
  return std::nullopt;
}

bool startsAtZero(const std::vector<Dim>& starts) {
  return std::ranges::all_of(starts, [](const Dim& d) { return d.isConstant(0); });
}

bool isDense(const Attrs& attrs) {
  return std::ranges::all_of(attrs.strides, [](std::int64_t s) { return s == 1; });
}

Result slice(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Slice || !isDense(s.attrs)) return std::nullopt;
  const Atom& x = s.args[0];
  const Type type = r.typeOf(x);
  if (startsAtZero(s.attrs.starts) && type.dims == s.attrs.dims) return x;
  if (const Stmt* d = r.def(x, Op::Slice); d != nullptr && isDense(d->attrs)) {
    std::vector<Dim> starts;
    for (std::size_t i = 0; i < s.attrs.starts.size(); ++i) starts.push_back(s.attrs.starts[i] + d->attrs.starts[i]);
    return r.build.slice(d->args[0], starts, s.attrs.dims);
  }
  if (const Stmt* d = r.def(x, Op::Pad); d != nullptr && d->attrs.dims == s.attrs.starts && r.typeOf(d->args[0]).dims == s.attrs.dims)
    return d->args[0];
  if (const Stmt* d = r.def(x, Op::Broadcast)) {
    bool repeatedOnly = true;
    for (int a : d->attrs.axes) {
      const std::size_t i = static_cast<std::size_t>(a);
      repeatedOnly = repeatedOnly && s.attrs.starts[i].isConstant(0) && s.attrs.dims[i] == type.dims[i];
    }
    if (repeatedOnly) return r.build.broadcast(d->args[0], s.attrs.dims, d->attrs.axes);
  }
  if (const Stmt* d = r.def(x, Op::Concat)) {
    const std::size_t axis = static_cast<std::size_t>(d->attrs.axes[0]);
    Dim start(0);
    for (const Atom& part : d->args) {
      const Type p = r.typeOf(part);
      bool same = p.dims == s.attrs.dims && s.attrs.starts[axis] == start;
      for (std::size_t i = 0; i < s.attrs.starts.size(); ++i) same = same && (i == axis || s.attrs.starts[i].isConstant(0));
      if (same) return part;
      start = start + p.dims[axis];
    }
  }
  return std::nullopt;
}

Result copies(Rewriter& r, const Stmt& s) {
  switch (s.op) {
    case Op::Reverse:
      if (const Stmt* d = r.def(s.args[0], Op::Reverse); d != nullptr && d->attrs.axes == s.attrs.axes) return d->args[0];
      if (s.attrs.axes.empty() || r.uniform(s.args[0])) return s.args[0];
      return std::nullopt;
    case Op::Pad:
      if (startsAtZero(s.attrs.dims) && startsAtZero(s.attrs.starts)) return s.args[0];
      if (const auto c = r.constant(s.args[0]); c && s.args[1].isLiteral && s.args[1].literal == *c)
        return r.build.splat(*c, r.typeOf(Atom::of(s.results[0])));
      return std::nullopt;
    case Op::Concat: {
      if (s.args.size() == 1) return s.args[0];
      std::vector<Atom> parts;
      bool changed = false;
      for (const Atom& a : s.args) {
        const Stmt* d = r.def(a, Op::Concat);
        const bool isEmpty = r.typeOf(a).dims[static_cast<std::size_t>(s.attrs.axes[0])].isConstant(0);
        if (d != nullptr && d->attrs.axes == s.attrs.axes && r.isOwn(a)) {
          parts.insert(parts.end(), d->args.begin(), d->args.end());
          changed = true;
        } else if (isEmpty) {
          changed = true;
        } else {
          parts.push_back(a);
        }
      }
      if (!changed || parts.empty()) return std::nullopt;
      return r.build.concat(parts, s.attrs.axes[0]);
    }
    default: return std::nullopt;
  }
}

// Starts known at compile time make a slice.
Result dynamicSlice(Rewriter& r, const Stmt& s) {
  if (s.op != Op::DynamicSlice) return std::nullopt;
  const Type type = r.typeOf(s.args[0]);
  std::vector<Dim> starts;
  for (std::size_t i = 0; i < type.dims.size(); ++i) {
    const Atom& at = s.args[1 + i];
    // A part as large as the axis begins at 0 wherever it is asked for.
    if (type.dims[i] == s.attrs.dims[i]) {
      starts.emplace_back(0);
      continue;
    }
    const auto room = (type.dims[i] - s.attrs.dims[i]).constant();
    if (!at.isLiteral || (!room && at.literal.toInt() != 0)) return std::nullopt;
    starts.emplace_back(room ? std::clamp<std::int64_t>(at.literal.toInt(), 0, *room) : 0);
  }
  return r.build.slice(s.args[0], starts, s.attrs.dims);
}

Result updateSlice(Rewriter& r, const Stmt& s) {
  if (s.op != Op::UpdateSlice || r.typeOf(s.args[0]).dims != r.typeOf(s.args[1]).dims) return std::nullopt;
  return s.args[1];
}

// One element of the last axis for each row.
Result gatherAsPick(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Gather) return std::nullopt;
  const Type data = r.typeOf(s.args[0]);
  const int batch = s.attrs.batch.empty() ? 0 : s.attrs.batch[0], axis = s.attrs.axes[0];
  if (axis != data.rank() - 1 || batch != axis || s.args[1].isLiteral) return std::nullopt;
  std::vector<Dim> rows(data.dims.begin(), data.dims.end() - 1), rest = r.typeOf(s.args[1]).dims;
  rest.erase(rest.begin(), rest.begin() + batch);
  if (batch == 0 || std::ranges::any_of(rest, [](const Dim& d) { return !d.isConstant(1); })) return std::nullopt;
  const Atom index = rest.empty() ? s.args[1] : r.build.reshape(s.args[1], rows);
  const Atom picked = r.build.emit1(Op::Pick, {s.args[0], index});
  return rest.empty() ? picked : r.build.reshape(picked, r.typeOf(Atom::of(s.results[0])).dims);
}

// gather(gather(x, i), j) along the same first axis reads x at i[j].
Result gatherOfGather(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Gather || s.attrs.axes[0] != 0 || s.args[1].isLiteral) return std::nullopt;
  const Stmt* d = r.def(s.args[0], Op::Gather);
  if (d == nullptr || d->attrs.axes[0] != 0 || d->args[1].isLiteral || r.typeOf(d->args[1]).rank() != 1) return std::nullopt;
  return r.build.gather(d->args[0], r.build.gather(d->args[1], s.args[1], 0), 0);
}

// An elementwise op on repeated values is a repeated value.
Result narrow(Rewriter& r, const Stmt& s) {
  if (!core::isElementwise(s.op)) return std::nullopt;
  const Type type = r.typeOf(Atom::of(s.results[0]));
  std::set<int> used;
  bool any = false;
  for (const Atom& a : s.args) {
    if (a.isLiteral) continue;
    const Stmt* d = r.def(a, Op::Broadcast);
    if (d == nullptr) return std::nullopt;
    used.insert(d->attrs.axes.begin(), d->attrs.axes.end());
    any = true;
  }
  if (!any || static_cast<int>(used.size()) == type.rank()) return std::nullopt;
  const std::vector<int> axes(used.begin(), used.end());
  std::vector<Dim> dims;
  for (int a : axes) dims.push_back(type.dims[static_cast<std::size_t>(a)]);
  std::vector<Atom> args;
  for (const Atom& a : s.args) {
    if (a.isLiteral) {
      args.push_back(a);
      continue;
    }
    const Stmt* d = r.def(a, Op::Broadcast);
    std::vector<int> inside;
    for (int x : d->attrs.axes) inside.push_back(static_cast<int>(std::ranges::find(axes, x) - axes.begin()));
    args.push_back(inside.size() == axes.size() ? d->args[0] : r.build.broadcast(d->args[0], dims, inside));
  }
  return r.build.broadcast(r.build.emit1(s.op, args, s.attrs), type.dims, axes);
}

}  // namespace

std::span<const SimplifyRule> shapeRules() {
  static constexpr SimplifyRule kRules[] = {
      {"broadcast", false, broadcast},
      {"reshape", false, reshape},
      {"transpose", false, transpose},
      {"slice", false, slice},
      {"copies", false, copies},
      {"dynamic slice at a constant", false, dynamicSlice},
      {"update of everything", false, updateSlice},
      {"gather as pick", false, gatherAsPick},
      {"gather of gather", false, gatherOfGather},
      {"op on repeated values", false, narrow},
  };
  return kRules;
}

}  // namespace fedc::transform
