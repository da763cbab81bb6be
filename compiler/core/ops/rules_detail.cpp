#include "compiler/core/ops/rules_detail.h"

#include <algorithm>

namespace fedc::core::rules {

std::vector<int> axesWithout(int n, const std::vector<int>& without) {
  std::vector<int> axes;
  for (int i = 0; i < n; ++i)
    if (std::ranges::find(without, i) == without.end()) axes.push_back(i);
  return axes;
}

std::vector<int> inversePermutation(const std::vector<int>& permutation) {
  std::vector<int> inverse(permutation.size());
  for (std::size_t i = 0; i < permutation.size(); ++i) inverse[static_cast<std::size_t>(permutation[i])] = static_cast<int>(i);
  return inverse;
}

Dim product(const std::vector<Dim>& dims) {
  Dim result(1);
  for (const Dim& d : dims) result = result * d;
  return result;
}

Atom moveAxis(Builder& b, const Atom& a, int from, int to) {
  if (from == to) return a;
  std::vector<int> permutation = axesWithout(b.typeOf(a).rank(), {from});
  permutation.insert(permutation.begin() + to, from);
  return b.transpose(a, permutation);
}

Lined lineUp(const Type& type, const std::vector<int>& axes) {
  Lined l;
  l.original = type;
  l.permutation = axesWithout(type.rank(), axes);
  l.kept = static_cast<int>(l.permutation.size());
  l.permutation.insert(l.permutation.end(), axes.begin(), axes.end());
  for (int a : l.permutation) l.moved.push_back(type.dims[static_cast<std::size_t>(a)]);
  l.length = product({l.moved.begin() + l.kept, l.moved.end()});
  return l;
}

std::vector<Dim> Lined::dims() const {
  std::vector<Dim> d(moved.begin(), moved.begin() + kept);
  d.push_back(length);
  return d;
}

Atom Lined::line(Builder& b, const Atom& a) const {
  Atom r = a;
  if (permutation != axesUpTo(original.rank())) r = b.transpose(r, permutation);
  if (dims() != moved) r = b.reshape(r, dims());
  return r;
}

Atom Lined::restore(Builder& b, const Atom& a) const {
  Atom r = a;
  if (dims() != moved) r = b.reshape(r, moved);
  if (permutation != axesUpTo(original.rank())) r = b.transpose(r, inversePermutation(permutation));
  return r;
}

std::vector<int> shifted(const std::vector<int>& axes) {
  std::vector<int> result = axes;
  for (int& a : result) ++a;
  return result;
}

std::vector<Dim> prepended(const Dim& first, const std::vector<Dim>& dims) {
  std::vector<Dim> result{first};
  result.insert(result.end(), dims.begin(), dims.end());
  return result;
}

Atom withLeading(Builder& b, const Atom& a, bool mapped, const Dim& n) {
  if (mapped || a.isLiteral) return a;
  const Type type = b.typeOf(a);
  return b.broadcast(a, prepended(n, type.dims), shifted(axesUpTo(type.rank())));
}

std::vector<Atom> batchByLoop(Builder& b, const Stmt& s, std::span<const Atom> operands, std::span<const bool> mapped, const Dim& n) {
  Fn& fn = b.fn();
  Stmt loop;
  loop.op = Op::Loop;
  loop.span = s.span;
  loop.attrs.extent = n;
  loop.attrs.defines = fn.newDim("t");
  loop.regions.resize(1);
  Region& body = loop.regions[0];
  std::vector<Atom> rows(operands.begin(), operands.end());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!mapped[i]) continue;
    Type row = b.typeOf(rows[i]);
    row.dims.erase(row.dims.begin());
    loop.args.push_back(rows[i]);
    body.params.push_back(fn.newVar(row));
    rows[i] = Atom::of(body.params.back());
  }
  Builder inner(fn, body.stmts, s.span);
  body.yields = inner.emit(s.op, rows, s.attrs);
  std::vector<Atom> results;
  for (const Atom& y : body.yields) {
    Type stack = inner.typeOf(y);
    stack.dims.insert(stack.dims.begin(), n);
    loop.results.push_back(fn.newVar(stack));
    results.push_back(Atom::of(loop.results.back()));
  }
  b.stmts().push_back(std::move(loop));
  return results;
}

}  // namespace fedc::core::rules
