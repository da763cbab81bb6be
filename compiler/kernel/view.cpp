#include "compiler/kernel/view.h"

#include <algorithm>

#include "compiler/core/internal_error.h"

namespace fedc::kernel {

namespace {
constexpr Int kFirstCoordinate = 1u << 30;
}  // namespace

Int coordinate(std::size_t d) { return kFirstCoordinate + static_cast<Int>(d); }
bool isCoordinate(Int v) { return v >= kFirstCoordinate; }

std::vector<Dim> coordinates(std::size_t rank) {
  std::vector<Dim> out;
  for (std::size_t d = 0; d < rank; ++d) out.push_back(Dim::variable(coordinate(d)));
  return out;
}

View literalView(core::Type type, Literal value) {
  View v;
  v.type = std::move(type);
  v.root = ExprWriter(v.exprs).literal(value);
  return v;
}

View integerView(Elem elem, std::vector<Dim> dims, Dim value) {
  View v;
  v.type = core::Type{elem, std::move(dims)};
  ExprWriter w(v.exprs);
  if (core::isInteger(elem)) {
    v.root = w.integer(elem, std::move(value));
  } else {
    v.root = w.scalar(Op::Convert, elem, {w.integer(Elem::I64, std::move(value))});
  }
  return v;
}

View bufferView(const Kernel& kernel, BufferId buffer) {
  const Buffer& b = kernel.buffers[buffer];
  View v;
  v.type = core::Type{b.elem, b.extents};
  v.root = ExprWriter(v.exprs).load(b.elem, accessOf(buffer, b.extents, coordinates(b.extents.size())));
  return v;
}

namespace {

/// Gathers inside the index of a gather are one load too many.
bool loadsOnce(const std::vector<Expr>& exprs) {
  for (const Expr& e : exprs) {
    for (const Index& i : e.access.index) {
      if (!i.gather) continue;
      for (const Index& inner : exprs[static_cast<std::size_t>(*i.gather)].access.index) {
        if (inner.gather) return false;
      }
    }
  }
  return true;
}

/// A padded buffer is only seen in shapes that keep its last extent.
bool keepsPadding(const Kernel& kernel, const Access& a) {
  const Buffer& b = kernel.buffers[a.buffer];
  if (b.padLast == 0 || b.extents.back().isConstant(b.padLast)) return true;
  return a.shape.size() == b.extents.size() || a.shape.back() == b.extents.back();
}

}  // namespace

std::optional<View> seenThrough(const Kernel& kernel, const View& view, core::Type type, const std::vector<AxisValue>& map,
                                const std::vector<Expr>& gathers) {
  View out;
  out.type = std::move(type);
  out.exprs = gathers;
  ExprWriter w(out.exprs);
  const auto root = copyExpr(view.exprs, view.root, w, [&](Int v) -> std::optional<AxisValue> {
    if (!isCoordinate(v)) return std::nullopt;
    return map[v - coordinate(0)];
  });
  if (!root) return std::nullopt;
  out.root = *root;
  for (Expr& e : out.exprs) {
    if (e.kind == Expr::Kind::Load && !(makeAffine(e.access, isCoordinate) && keepsPadding(kernel, e.access))) return std::nullopt;
    if (e.kind == Expr::Kind::Integer && !isAffine(e.dim, isCoordinate)) return std::nullopt;
  }
  if (!loadsOnce(out.exprs)) return std::nullopt;
  return out;
}

ExprId readAt(const View& view, const std::vector<Dim>& at, ExprWriter& into) {
  const auto id = copyExpr(view.exprs, view.root, into, [&](Int v) -> std::optional<AxisValue> {
    if (!isCoordinate(v)) return std::nullopt;
    return AxisValue{Index{at[v - coordinate(0)], {}, false}, Dim()};
  });
  FEDC_REQUIRE(id.has_value(), "a view that cannot be read");
  return *id;
}

std::optional<BufferId> wholeBuffer(const Kernel& kernel, const View& view) {
  const Expr& e = view.expr();
  if (e.kind != Expr::Kind::Load || e.access.zeroOutside) return std::nullopt;
  const Buffer& b = kernel.buffers[e.access.buffer];
  if (e.access.shape != b.extents || view.type.dims != b.extents) return std::nullopt;
  for (std::size_t d = 0; d < b.extents.size(); ++d) {
    const Index& i = e.access.index[d];
    if (i.gather || i.clamp || i.affine != Dim::variable(coordinate(d))) return std::nullopt;
  }
  return e.access.buffer;
}

std::optional<Dim> uniformInteger(const View& view) {
  const Expr& e = view.expr();
  if (e.kind == Expr::Kind::Literal && core::isInteger(e.elem)) return Dim(e.literal.toInt());
  if (e.kind != Expr::Kind::Integer) return std::nullopt;
  for (Int v : e.dim.variables()) {
    if (isCoordinate(v)) return std::nullopt;
  }
  return e.dim;
}

std::vector<BufferId> buffersOf(const View& view) {
  std::vector<BufferId> out;
  const ExprId roots[] = {view.root};
  forEachExpr(view.exprs, roots, [&](ExprId id) {
    const Expr& e = view.exprs[static_cast<std::size_t>(id)];
    if (e.kind == Expr::Kind::Load) out.push_back(e.access.buffer);
  });
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace fedc::kernel
