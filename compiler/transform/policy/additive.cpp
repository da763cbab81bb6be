#include "compiler/transform/policy/additive.h"

#include <algorithm>
#include <functional>

namespace fedc::transform::policy {

using core::Atom;
using core::Op;
using core::Stmt;
using core::Var;

namespace {

/// What counts as the accumulator: the parameter itself, a loop's carry, or one part of it.
using IsHeld = std::function<bool(const Atom&)>;

/// How far two expressions for an index are compared.
constexpr int kDeepest = 32;

struct Additive {
  const FnFacts& facts;
  /// Where it is no sum: the first place that is found.
  Span failed;

  bool fail(Span at) {
    if (!failed.isValid()) failed = at;
    return false;
  }

  bool isFree(const Atom& a) const { return !facts.of(a).has(Fact::Held); }
  bool isFree(const Dim& d) const { return !facts.of(d).has(Fact::Held); }

  /// The same value, for sure: an index that the source writes twice is computed twice.
  bool isSame(const Atom& a, const Atom& b, int depth = 0) const {
    if (a == b) return true;
    if (a.isLiteral || b.isLiteral) return a.isLiteral && b.isLiteral && a.literal.toInt() == b.literal.toInt();
    const Stmt* x = facts.definition(a.var);
    const Stmt* y = facts.definition(b.var);
    if (x == nullptr || y == nullptr || depth > kDeepest || x->op != y->op || !x->regions.empty() || x->results.size() != 1) return false;
    const core::Attrs &p = x->attrs, &q = y->attrs;
    if (p.defines || q.defines || p.axes != q.axes || p.rhsAxes != q.rhsAxes || p.batch != q.batch || p.rhsBatch != q.rhsBatch || p.dims != q.dims ||
        p.starts != q.starts || p.strides != q.strides || p.elem != q.elem || p.reduce != q.reduce || p.extent != q.extent ||
        p.reversed != q.reversed || p.scatter != q.scatter || x->args.size() != y->args.size())
      return false;
    for (std::size_t i = 0; i < x->args.size(); ++i) {
      if (!isSame(x->args[i], y->args[i], depth + 1)) return false;
    }
    return true;
  }

  /// Where a part begins: a known polynomial, or a value.
  struct Start {
    std::optional<Dim> known;
    Atom value;
  };
  Start startAt(const Atom& a) const {
    if (a.isLiteral) return {Dim(a.literal.toInt()), {}};
    const Stmt* s = facts.definition(a.var);
    if (s != nullptr && s->op == Op::DimValue) return {s->attrs.extent, {}};
    return {std::nullopt, a};
  }
  bool isSame(const Start& a, const Start& b) const {
    if (a.known || b.known) return a.known && b.known && *a.known == *b.known;
    return isSame(a.value, b.value);
  }

  /// A part of `base`: where it begins on each axis, and how long it is.
  struct Part {
    std::vector<Start> starts;
    std::vector<Dim> sizes;
    /// The axes that are left.
    std::vector<std::size_t> axes;
  };
  std::optional<Part> partOf(const Atom& a, Var base) const {
    if (a.isLiteral) return std::nullopt;
    if (a.var == base) {
      Part whole;
      for (const Dim& d : facts.fn().typeOf(base).dims) {
        whole.axes.push_back(whole.starts.size());
        whole.starts.push_back({Dim(0), {}});
        whole.sizes.push_back(d);
      }
      return whole;
    }
    const Stmt* s = facts.definition(a.var);
    if (s == nullptr || s->args.empty()) return std::nullopt;
    std::optional<Part> part = partOf(s->args[0], base);
    if (!part) return std::nullopt;
    // Of a part only whole axes are cut further.
    const auto isWhole = [&](std::size_t axis) {
      const Start& start = part->starts[axis];
      return start.known && start.known->isConstant(0) && part->sizes[axis] == facts.fn().typeOf(base).dims[axis];
    };
    switch (s->op) {
      case Op::Reshape: {
        if (!isPartwise(*s)) return std::nullopt;
        std::vector<std::size_t> left;
        for (const std::size_t axis : part->axes)
          if (!part->sizes[axis].isConstant(1)) left.push_back(axis);
        // A later step addresses the axes by number: none may be left out unless none follows.
        part->axes = left.size() == facts.fn().typeOf(a.var).dims.size() ? left : std::vector<std::size_t>{};
        return part;
      }
      case Op::Slice:
        if (std::any_of(s->attrs.strides.begin(), s->attrs.strides.end(), [](std::int64_t by) { return by != 1; })) return std::nullopt;
        if (part->axes.size() != s->attrs.starts.size()) return std::nullopt;
        for (std::size_t i = 0; i < part->axes.size(); ++i) {
          const std::size_t axis = part->axes[i];
          if (s->attrs.dims[i] == part->sizes[axis]) continue;
          if (!isWhole(axis)) return std::nullopt;
          part->starts[axis] = {s->attrs.starts[i], {}};
          part->sizes[axis] = s->attrs.dims[i];
        }
        return part;
      case Op::DynamicSlice:
        if (part->axes.size() + 1 != s->args.size()) return std::nullopt;
        for (std::size_t i = 0; i < part->axes.size(); ++i) {
          const std::size_t axis = part->axes[i];
          if (s->attrs.dims[i] == part->sizes[axis]) continue;
          if (!isWhole(axis)) return std::nullopt;
          part->starts[axis] = startAt(s->args[i + 1]);
          part->sizes[axis] = s->attrs.dims[i];
        }
        return part;
      case Op::Gather: {
        // One row: an index without axes.
        if (s->attrs.axes.size() != 1 || (!s->attrs.batch.empty() && s->attrs.batch[0] != 0)) return std::nullopt;
        const auto at = static_cast<std::size_t>(s->attrs.axes[0]);
        const bool isScalar = s->args[1].isLiteral || facts.fn().typeOf(s->args[1].var).rank() == 0;
        if (!isScalar || at >= part->axes.size() || !isWhole(part->axes[at])) return std::nullopt;
        part->starts[part->axes[at]] = startAt(s->args[1]);
        part->sizes[part->axes[at]] = Dim(1);
        part->axes.erase(part->axes.begin() + static_cast<std::ptrdiff_t>(at));
        return part;
      }
      default: return std::nullopt;
    }
  }

  /// `update_slice(base, u, ..)` adds to its part if u is that part plus something.
  bool addsToPart(const Stmt& s, const IsHeld& held) {
    const Atom& base = s.args[0];
    if (base.isLiteral) return fail(s.span);
    const core::Type& update = facts.fn().typeOf(s.args[1].isLiteral ? s.results[0] : s.args[1].var);
    const IsHeld part = [&](const Atom& a) {
      const std::optional<Part> p = partOf(a, base.var);
      if (!p || p->sizes != update.dims) return false;
      for (std::size_t i = 0; i < p->starts.size(); ++i) {
        if (!isSame(p->starts[i], startAt(s.args[i + 2]))) return false;
      }
      return true;
    };
    if (!std::all_of(update.dims.begin(), update.dims.end(), [&](const Dim& d) { return isFree(d); })) return fail(s.span);
    if (!std::all_of(s.args.begin() + 2, s.args.end(), [&](const Atom& a) { return isFree(a); })) return fail(s.span);
    return adds(base, held) && adds(s.args[1], part);
  }

  bool addsTerm(const Atom& a, const Atom& b, const IsHeld& held, Span span) {
    if (isFree(b)) return adds(a, held);
    if (isFree(a)) return adds(b, held);
    return fail(span);
  }

  bool adds(const Atom& a, const IsHeld& held) {
    if (held(a)) return true;
    if (a.isLiteral) return fail({});
    const Stmt* s = facts.definition(a.var);
    if (s == nullptr) return fail({});
    const auto result = static_cast<std::size_t>(std::find(s->results.begin(), s->results.end(), a.var) - s->results.begin());
    switch (s->op) {
      case Op::Add: return addsTerm(s->args[0], s->args[1], held, s->span);
      case Op::Sub: return isFree(s->args[1]) ? adds(s->args[0], held) : fail(s->span);
      case Op::Fma: return isFree(s->args[0]) && isFree(s->args[1]) ? adds(s->args[2], held) : fail(s->span);
      case Op::Select: return isFree(s->args[0]) ? adds(s->args[1], held) && adds(s->args[2], held) : fail(s->span);
      case Op::Reshape: return isPartwise(*s) ? adds(s->args[0], held) : fail(s->span);
      case Op::UpdateSlice: return addsToPart(*s, held);
      case Op::Scatter: {
        if (s->attrs.scatter != core::ScatterMode::Add) return fail(s->span);
        return isFree(s->args[1]) && isFree(s->args[2]) ? adds(s->args[0], held) : fail(s->span);
      }
      case Op::Cond: {
        if (!isFree(s->args[0])) return fail(s->span);
        return adds(s->regions[0].yields[result], held) && adds(s->regions[1].yields[result], held);
      }
      case Op::Checkpoint: return adds(s->regions[0].yields[result], held);
      case Op::Vmap: {
        const core::Region& r = s->regions[0];
        const IsHeld row = [&](const Atom& x) {
          if (x.isLiteral) return false;
          const auto at = std::find(r.params.begin(), r.params.end(), x.var);
          return at != r.params.end() && held(s->args[static_cast<std::size_t>(at - r.params.begin())]);
        };
        return adds(r.yields[result], row);
      }
      case Op::Loop: {
        const core::Region& r = s->regions[0];
        if (result >= static_cast<std::size_t>(s->attrs.carries) || !isFree(s->attrs.extent)) return fail(s->span);
        const IsHeld carry = [&](const Atom& x) { return !x.isLiteral && x.var == r.params[result]; };
        return adds(s->args[result], held) && adds(r.yields[result], carry);
      }
      default: return fail(s->span);
    }
  }

  /// A reshape that leaves every element with its axes: only ones come and go.
  bool isPartwise(const Stmt& s) const {
    if (s.args[0].isLiteral) return false;
    std::vector<Dim> before, after;
    for (const Dim& d : facts.fn().typeOf(s.args[0].var).dims)
      if (!d.isConstant(1)) before.push_back(d);
    for (const Dim& d : facts.fn().typeOf(s.results[0]).dims)
      if (!d.isConstant(1)) after.push_back(d);
    return before == after;
  }
};

}  // namespace

std::optional<NotAdded> notAdded(const FnFacts& facts, const Atom& result, Var accumulator) {
  Additive additive{facts, {}};
  if (additive.adds(result, [&](const Atom& a) { return !a.isLiteral && a.var == accumulator; })) return std::nullopt;
  return NotAdded{additive.failed};
}

bool isPlainSum(const FnFacts& facts, const Atom& result, Var left, Var right) {
  if (result.isLiteral) return false;
  const Stmt* s = facts.definition(result.var);
  if (s == nullptr || s->op != Op::Add || s->args[0].isLiteral || s->args[1].isLiteral) return false;
  const Var a = s->args[0].var, b = s->args[1].var;
  return (a == left && b == right) || (a == right && b == left);
}

}  // namespace fedc::transform::policy
