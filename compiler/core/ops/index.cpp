#include <fmt/format.h>

#include "compiler/core/ops/groups.h"
#include "compiler/core/ops/interpret_ops.h"

namespace fedc::core {

namespace {

using Types = std::vector<Type>;

/// The type of `gather(data, indices)`: data with the axis replaced by the indices' axes after the batch.
Problem gatheredType(const Fn& fn, const Stmt& s, const Type& data, Operands types, std::size_t indices, Type& out) {
  const int batch = s.attrs.batch.empty() ? 0 : s.attrs.batch[0];
  if (s.attrs.axes.size() != 1 || s.attrs.axes[0] < 0 || s.attrs.axes[0] >= data.rank()) return problem(s, "needs one axis of the data");
  const int axis = s.attrs.axes[0];
  if (batch < 0 || batch > axis) return problem(s, "the batch axes must come before the axis");
  if (!isInteger(elemOf(s, types, indices))) return problem(s, "indices must be integers");
  const std::vector<Dim> none;
  const std::vector<Dim>& at = types[indices] != nullptr ? types[indices]->dims : none;
  if (static_cast<int>(at.size()) < batch) return problem(s, "the indices lack batch axes");
  for (int i = 0; i < batch; ++i) {
    const std::size_t k = static_cast<std::size_t>(i);
    if (at[k] != data.dims[k]) return problem(s, fmt::format("batch axis {}: {} and {}", i, show(fn, data.dims[k]), show(fn, at[k])));
  }
  out = Type{data.elem, {data.dims.begin(), data.dims.begin() + axis}};
  out.dims.insert(out.dims.end(), at.begin() + batch, at.end());
  out.dims.insert(out.dims.end(), data.dims.begin() + axis + 1, data.dims.end());
  return std::nullopt;
}

Problem inferGather(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (types[0] == nullptr) return problem(s, "the data may not be a literal");
  Type t;
  if (auto p = gatheredType(fn, s, *types[0], types, 1, t)) return p;
  results.push_back(std::move(t));
  return std::nullopt;
}

Problem inferScatter(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (types[0] == nullptr) return problem(s, "init may not be a literal");
  if (s.attrs.scatter == ScatterMode::Add && !isNumeric(types[0]->elem)) return problem(s, fmt::format("cannot add {}", elemName(types[0]->elem)));
  Type t;
  if (auto p = gatheredType(fn, s, *types[0], types, 1, t)) return p;
  if (elemOf(s, types, 2) != t.elem || (types[2] != nullptr && types[2]->dims != t.dims)) {
    return problem(s, fmt::format("updates must be {}", show(fn, t)));
  }
  results.push_back(*types[0]);
  return std::nullopt;
}

Problem inferPick(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (types[0] == nullptr || types[0]->rank() == 0) return problem(s, "needs data with an axis");
  if (!isInteger(elemOf(s, types, 1))) return problem(s, "indices must be integers");
  Type t{types[0]->elem, {types[0]->dims.begin(), types[0]->dims.end() - 1}};
  if (types[1] != nullptr && types[1]->dims != t.dims) {
    return problem(s, fmt::format("{} does not index the last axis of {}", show(fn, *types[1]), show(fn, *types[0])));
  }
  results.push_back(std::move(t));
  return std::nullopt;
}

}  // namespace

void indexRows(std::vector<OpRow>& rows) {
  using enum AttrField;
  rows.push_back(OpRow{
      .op = Op::Gather,
      .minOperands = 2,
      .maxOperands = 2,
      .cost = Cost::Cheap,
      .attributes = {Axes, Batch},
      .infer = inferGather,
      .interpret = runGather,
      .derivative = {},
      .batching = {},
      .lowering = Lowering::Nest,
      .doc = "gather(data, indices): data with the axis replaced by the axes of indices; the first `batch` axes are shared; an index is clamped.",
      .example = "fn example(N; x: f32[N, 4], i: i32[3]) -> (f32[3, 4]) {\n  r: f32[3, 4] = gather{axes 0}(x, i)\n  return r\n}\n"});
  rows.push_back(OpRow{.op = Op::Scatter,
                       .minOperands = 3,
                       .maxOperands = 3,
                       .cost = Cost::Heavy,
                       .attributes = {Axes, Batch, AttrField::Scatter},
                       .infer = inferScatter,
                       .interpret = runScatter,
                       .derivative = {},
                       .batching = {},
                       .lowering = Lowering::Nest,
                       .doc = "scatter(init, indices, updates): init with each update (the shape of `gather(init, indices)`) added to, or set at, "
                              "the place its index names, in "
                              "the order of the indices; an index is clamped.",
                       .example = "fn example(N; x: f32[N, 4], i: i32[3], u: f32[3, 4]) -> (f32[N, 4]) {\n  r: f32[N, 4] = scatter{axes 0; mode "
                                  "add}(x, i, u)\n  return r\n}\n"});
  rows.push_back(OpRow{.op = Op::Pick,
                       .minOperands = 2,
                       .maxOperands = 2,
                       .cost = Cost::Cheap,
                       .attributes = {},
                       .infer = inferPick,
                       .interpret = runPick,
                       .derivative = {},
                       .batching = {},
                       .lowering = Lowering::Nest,
                       .doc = "pick(x[.., c], i[..]): x[.., i[..]], one element of the last axis each; an index is clamped.",
                       .example = "fn example(N; x: f32[N, 4], i: i32[N]) -> (f32[N]) {\n  r: f32[N] = pick(x, i)\n  return r\n}\n"});
}

}  // namespace fedc::core
