#include <algorithm>
#include <numeric>

#include "compiler/transform/simplify/rules.h"

// Products and reductions of views: the view goes into the axes. Exact, but for a product over a concat.
namespace fedc::transform {

using core::Atom;
using core::Attrs;
using core::Op;
using core::Stmt;
using core::Type;

namespace {

using Result = std::optional<Atom>;

std::vector<int> freeAxes(int rank, const std::vector<int>& a, const std::vector<int>& b) {
  std::vector<int> free;
  for (int i = 0; i < rank; ++i)
    if (std::ranges::find(a, i) == a.end() && std::ranges::find(b, i) == b.end()) free.push_back(i);
  return free;
}

std::vector<int> through(const std::vector<int>& permutation, const std::vector<int>& axes) {
  std::vector<int> result;
  for (int a : axes) result.push_back(permutation[static_cast<std::size_t>(a)]);
  return result;
}

// contract(transpose(x), y), where the free axes of x keep their order.
Result productOfTransposed(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Contract) return std::nullopt;
  for (std::size_t side = 0; side < 2; ++side) {
    const Stmt* d = r.def(s.args[side], Op::Transpose);
    if (d == nullptr) continue;
    Attrs attrs = s.attrs;
    std::vector<int>& reduced = side == 0 ? attrs.axes : attrs.rhsAxes;
    std::vector<int>& batch = side == 0 ? attrs.batch : attrs.rhsBatch;
    const std::vector<int> free = through(d->attrs.axes, freeAxes(r.typeOf(s.args[side]).rank(), reduced, batch));
    if (!std::ranges::is_sorted(free)) continue;
    reduced = through(d->attrs.axes, reduced);
    batch = through(d->attrs.axes, batch);
    std::vector<Atom> args = s.args;
    args[side] = d->args[0];
    return r.build.emit1(Op::Contract, args, attrs);
  }
  return std::nullopt;
}

// transpose(contract(x, y)) that exchanges the factors' axes is contract(y, x).
Result transposedProduct(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Transpose || !r.isOwn(s.args[0])) return std::nullopt;
  const Stmt* d = r.def(s.args[0], Op::Contract);
  if (d == nullptr || d->args.size() > 2) return std::nullopt;
  const int batch = static_cast<int>(d->attrs.batch.size());
  const int left = r.typeOf(d->args[0]).rank() - batch - static_cast<int>(d->attrs.axes.size());
  const int rank = static_cast<int>(s.attrs.axes.size());
  std::vector<int> wanted, swapped, batchOrder;
  for (int i = 0; i < batch; ++i) {
    if (s.attrs.axes[static_cast<std::size_t>(i)] >= batch) return std::nullopt;
    batchOrder.push_back(s.attrs.axes[static_cast<std::size_t>(i)]);
  }
  wanted = batchOrder;
  swapped = batchOrder;
  for (int i = batch; i < rank; ++i) wanted.push_back(i);
  for (int i = batch + left; i < rank; ++i) swapped.push_back(i);
  for (int i = batch; i < batch + left; ++i) swapped.push_back(i);
  const bool isSwap = s.attrs.axes == swapped;
  if (!isSwap && s.attrs.axes != wanted) return std::nullopt;
  Attrs attrs = d->attrs;
  attrs.batch = through(d->attrs.batch, batchOrder);
  attrs.rhsBatch = through(d->attrs.rhsBatch, batchOrder);
  std::vector<Atom> args = d->args;
  if (isSwap) {
    std::swap(args[0], args[1]);
    std::swap(attrs.axes, attrs.rhsAxes);
    std::swap(attrs.batch, attrs.rhsBatch);
  }
  return r.build.emit1(Op::Contract, args, attrs);
}

Result reductionOfTransposed(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Reduce) return std::nullopt;
  const Stmt* d = r.def(s.args[0], Op::Transpose);
  if (d == nullptr) return std::nullopt;
  if (!std::ranges::is_sorted(through(d->attrs.axes, freeAxes(r.typeOf(s.args[0]).rank(), s.attrs.axes, {})))) return std::nullopt;
  Attrs attrs = s.attrs;
  attrs.axes = through(d->attrs.axes, attrs.axes);
  std::vector<Atom> args = s.args;
  args[0] = d->args[0];
  return r.build.emit1(Op::Reduce, args, attrs);
}

// A part of a product, by axes that belong to one factor alone, is a product of a part of the factor.
Result partOfProduct(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Slice || !r.isOwn(s.args[0])) return std::nullopt;
  const Stmt* d = r.def(s.args[0], Op::Contract);
  if (d == nullptr || d->args.size() > 2) return std::nullopt;
  const Stmt product = *d;
  const std::size_t batch = product.attrs.batch.size();
  std::vector<Atom> args = product.args;
  std::size_t position = batch;
  for (std::size_t i = 0; i < batch; ++i)
    if (s.attrs.dims[i] != r.typeOf(s.args[0]).dims[i]) return std::nullopt;
  for (std::size_t side = 0; side < 2; ++side) {
    const Type type = r.typeOf(args[side]);
    std::vector<Dim> starts(type.dims.size(), Dim(0)), sizes = type.dims;
    std::vector<std::int64_t> strides(type.dims.size(), 1);
    const auto& reduced = side == 0 ? product.attrs.axes : product.attrs.rhsAxes;
    const auto& shared = side == 0 ? product.attrs.batch : product.attrs.rhsBatch;
    for (int axis : freeAxes(type.rank(), reduced, shared)) {
      const std::size_t i = static_cast<std::size_t>(axis);
      starts[i] = s.attrs.starts[position];
      sizes[i] = s.attrs.dims[position];
      if (!s.attrs.strides.empty()) strides[i] = s.attrs.strides[position];
      ++position;
    }
    if (sizes == type.dims) continue;
    Attrs part;
    part.starts = starts;
    part.dims = sizes;
    if (!s.attrs.strides.empty()) part.strides = strides;
    args[side] = r.build.emit1(Op::Slice, {args[side]}, part);
  }
  return r.build.emit1(Op::Contract, args, product.attrs);
}

// A product over concatenated axes is a sum of products, if that saves forming the concat.
Result productOverConcat(Rewriter& r, const Stmt& s) {
  if (s.op != Op::Contract) return std::nullopt;
  for (std::size_t side = 0; side < 2; ++side) {
    const Stmt* d = r.def(s.args[side], Op::Concat);
    if (d == nullptr || !r.isOwn(s.args[side])) continue;
    const std::vector<int>& reduced = side == 0 ? s.attrs.axes : s.attrs.rhsAxes;
    const std::vector<int>& others = side == 0 ? s.attrs.rhsAxes : s.attrs.axes;
    const auto found = std::ranges::find(reduced, d->attrs.axes[0]);
    if (found == reduced.end()) continue;
    const std::size_t axis = static_cast<std::size_t>(others[static_cast<std::size_t>(found - reduced.begin())]);
    const Type other = r.typeOf(s.args[1 - side]);
    std::vector<Dim> starts(other.dims.size(), Dim(0));
    std::optional<Atom> sum;
    if (s.args.size() > 2) sum = s.args[2];
    for (const Atom& part : d->args) {
      std::vector<Dim> sizes = other.dims;
      sizes[axis] = r.typeOf(part).dims[static_cast<std::size_t>(d->attrs.axes[0])];
      std::vector<Atom> args{part, r.build.slice(s.args[1 - side], starts, sizes)};
      if (side == 1) std::swap(args[0], args[1]);
      if (sum) args.push_back(*sum);
      sum = r.build.emit1(Op::Contract, args, s.attrs);
      starts[axis] = starts[axis] + sizes[axis];
    }
    return sum;
  }
  return std::nullopt;
}

}  // namespace

std::span<const SimplifyRule> productRules() {
  static constexpr SimplifyRule kRules[] = {
      {"product of a transposed factor", false, productOfTransposed},
      {"transposed product", false, transposedProduct},
      {"reduction of a transposed operand", false, reductionOfTransposed},
      {"part of a product", false, partOfProduct},
      {"product over concat", true, productOverConcat},
  };
  return kRules;
}

}  // namespace fedc::transform
