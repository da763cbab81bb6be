#include "compiler/transform/order.h"

#include <algorithm>

#include "compiler/transform/rewrite.h"

namespace fedc::transform {

using core::Fn;
using core::Op;
using core::Order;
using core::Stmt;
using core::Type;

namespace {

// A free row count is large as a rule.
constexpr double kUnknown = 1024;
constexpr double kRelayoutShare = 0.05;

double extent(const Fn& fn, const Dim& d) {
  const auto bound = d.upperBound([&](Dim::Variable v) { return fn.dims[v].bound; });
  return bound ? static_cast<double>(*bound) : kUnknown;
}

bool contains(const std::vector<int>& axes, int a) { return std::ranges::find(axes, a) != axes.end(); }

Order orderOfReduce(const Fn& fn, Stmt& s) {
  const int last = fn.vars[s.args[0].var].type.rank() - 1;
  if (!contains(s.attrs.axes, last)) return {Order::Kind::Seq};
  // The lanes run over the axis that is listed last.
  std::erase(s.attrs.axes, last);
  s.attrs.axes.push_back(last);
  return {Order::Kind::Lanes};
}

Order orderOfContract(const Fn& fn, Stmt& s) {
  const Type &a = fn.vars[s.args[0].var].type, &b = fn.vars[s.args[1].var].type;
  const int lastA = a.rank() - 1, lastB = b.rank() - 1;
  const auto found = std::ranges::find(s.attrs.axes, lastA);
  if (found == s.attrs.axes.end()) return {Order::Kind::Seq};
  const std::size_t pair = static_cast<std::size_t>(found - s.attrs.axes.begin());
  if (s.attrs.rhsAxes[pair] != lastB) return {Order::Kind::Seq};
  // The result's last axis belongs to the right factor if that one has a free axis, else to the left one; every row of the other factor
  // reuses it, so that relaying it out costs one part in that many.
  const auto rows = [&](const Type& t, const std::vector<int>& reduced, const std::vector<int>& batch) {
    double n = 1;
    for (int i = 0; i < t.rank(); ++i)
      if (!contains(reduced, i) && !contains(batch, i)) n *= extent(fn, t.dims[static_cast<std::size_t>(i)]);
    return n;
  };
  const bool rightIsFree = b.rank() > static_cast<int>(s.attrs.rhsAxes.size() + s.attrs.rhsBatch.size());
  const double reuse = rightIsFree ? rows(a, s.attrs.axes, s.attrs.batch) : 1.0;
  if (1.0 / std::max(reuse, 1.0) < kRelayoutShare) return {Order::Kind::Seq};
  std::rotate(s.attrs.axes.begin() + static_cast<std::ptrdiff_t>(pair), s.attrs.axes.begin() + static_cast<std::ptrdiff_t>(pair) + 1,
              s.attrs.axes.end());
  std::rotate(s.attrs.rhsAxes.begin() + static_cast<std::ptrdiff_t>(pair), s.attrs.rhsAxes.begin() + static_cast<std::ptrdiff_t>(pair) + 1,
              s.attrs.rhsAxes.end());
  return {Order::Kind::Lanes};
}

}  // namespace

void order(core::Module&, Fn& fn) {
  forEachStmt(fn.body, [&](Stmt& s) {
    if (s.op == Op::Reduce) s.attrs.order = orderOfReduce(fn, s);
    if (s.op == Op::Contract) s.attrs.order = orderOfContract(fn, s);
  });
}

}  // namespace fedc::transform
