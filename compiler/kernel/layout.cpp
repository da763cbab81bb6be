#include "compiler/kernel/layout.h"

#include <algorithm>

#include "compiler/kernel/nests.h"

namespace fedc::kernel {

namespace {

struct Use {
  /// Some access merges the last extent with others, or a runtime function sees the buffer.
  bool dense = false;
  /// Some store of a nest does not run along the whole last extent.
  bool partial = false;
};

bool isPadded(const Buffer& b) { return b.padLast > 0 && !b.extents.back().isConstant(b.padLast); }

/// The store writes whole rows of the buffer: its last index is an axis over the last extent.
bool runsAlongRows(const Store& s, const Buffer& b, const std::vector<Axis>& axes) {
  const Index& last = s.target.index.back();
  if (last.gather || last.clamp) return false;
  const auto v = last.affine.asVariable();
  return v && std::any_of(axes.begin(), axes.end(), [&](const Axis& a) { return a.var == *v && a.extent == b.extents.back(); });
}

std::vector<Use> usesOf(const Kernel& kernel) {
  std::vector<Use> uses(kernel.buffers.size());
  const auto look = [&](const Access& a) {
    const Buffer& b = kernel.buffers[a.buffer];
    if (a.shape.size() != b.extents.size() && (a.shape.empty() || a.shape.back() != b.extents.back())) uses[a.buffer].dense = true;
  };
  const auto exprs = [&](const std::vector<Expr>& list) {
    for (const Expr& e : list) {
      if (e.kind == Expr::Kind::Load) look(e.access);
    }
  };
  forEachStatement(kernel.body, [&](const Statement& s) {
    if (const auto* n = std::get_if<Nest>(&s.node)) {
      exprs(n->exprs);
      std::vector<Axis> all = n->axes;
      all.insert(all.end(), n->reduceAxes.begin(), n->reduceAxes.end());
      const auto store = [&](const Store& x, const std::vector<Axis>& axes) {
        look(x.target);
        const Buffer& b = kernel.buffers[x.target.buffer];
        if (!b.extents.empty() && !runsAlongRows(x, b, axes)) uses[x.target.buffer].partial = true;
      };
      for (const Store& x : n->stores) store(x, n->axes);
      for (const Store& x : n->each) store(x, all);
    } else if (const auto* c = std::get_if<Scatter>(&s.node)) {
      exprs(c->exprs);
      look(c->store.target);
    } else if (const auto* call = std::get_if<Call>(&s.node)) {
      for (BufferId b : call->buffers) uses[b].dense = true;
    }
  });
  return uses;
}

/// nest zero [i, j] { buffer[i, j] = 0 }
Statement zeroFill(Kernel& kernel, BufferId id) {
  const Buffer& b = kernel.buffers[id];
  Nest n;
  n.name = "zero_" + b.name;
  std::vector<Dim> at;
  for (std::size_t i = 0; i < b.extents.size(); ++i) {
    kernel.ints.push_back(IntInfo{IntInfo::Kind::Axis, std::string(1, static_cast<char>('i' + i)), {}, {}});
    const Int v = static_cast<Int>(kernel.ints.size() - 1);
    n.axes.push_back(Axis{v, b.extents[i]});
    at.push_back(Dim::variable(v));
  }
  ExprWriter w(n.exprs);
  n.stores.push_back(Store{accessOf(id, b.extents, at), w.literal(core::Literal::zero(b.elem))});
  return Statement{std::move(n)};
}

}  // namespace

void layout(Kernel& kernel, LayoutOptions options) {
  const std::vector<Use> uses = usesOf(kernel);
  Block zeros;
  for (BufferId id = 0; id < kernel.buffers.size(); ++id) {
    if (kernel.buffers[id].role == Buffer::Role::Arena) {
      Buffer& b = kernel.buffers[id];
      b.padLast = 0;
      b.slack = 0;
      if (options.padArena && !b.extents.empty()) {
        const auto last = b.extents.back().constant();
        const bool wide = last && *last >= kLeastPadded && core::isFloat(b.elem);
        if (wide && !uses[id].dense && !uses[id].partial) b.padLast = (*last + kLanePadding - 1) / kLanePadding * kLanePadding;
        if (!b.extents.front().constant()) b.slack = kSlack;
      }
    } else if (kernel.buffers[id].role == Buffer::Role::Out && isPadded(kernel.buffers[id]) && uses[id].partial) {
      zeros.push_back(zeroFill(kernel, id));
    }
  }
  kernel.laidOut = true;
  kernel.body.insert(kernel.body.begin(), std::make_move_iterator(zeros.begin()), std::make_move_iterator(zeros.end()));
}

}  // namespace fedc::kernel
