#include "compiler/transform/order.h"

#include <algorithm>

#include "compiler/transform/rewrite.h"

namespace fedc::transform {

using core::Fn;
using core::Op;
using core::Order;
using core::Stmt;

namespace {

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
  const int lastA = fn.vars[s.args[0].var].type.rank() - 1, lastB = fn.vars[s.args[1].var].type.rank() - 1;
  const auto found = std::ranges::find(s.attrs.axes, lastA);
  if (found == s.attrs.axes.end()) return {Order::Kind::Seq};
  const auto pair = found - s.attrs.axes.begin();
  if (s.attrs.rhsAxes[static_cast<std::size_t>(pair)] != lastB) return {Order::Kind::Seq};
  // The lanes run over the pair that is listed last.
  for (std::vector<int>* axes : {&s.attrs.axes, &s.attrs.rhsAxes}) std::rotate(axes->begin() + pair, axes->begin() + pair + 1, axes->end());
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
