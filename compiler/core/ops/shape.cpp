#include <fmt/format.h>

#include "compiler/core/ops/groups.h"
#include "compiler/core/ops/interpret_ops.h"

namespace fedc::core {

namespace {

using Types = std::vector<Type>;

Problem needShape(const Stmt& s, Operands types, std::size_t i) {
  if (types[i] == nullptr) return problem(s, fmt::format("operand {} may not be a literal", i));
  return std::nullopt;
}

bool provablyNegative(const Dim& d) {
  const auto c = d.constant();
  return c && *c < 0;
}

Problem inferBroadcast(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  const std::vector<Dim>& dims = s.attrs.dims;
  const std::vector<Dim> none;
  const std::vector<Dim>& from = types[0] != nullptr ? types[0]->dims : none;
  if (s.attrs.axes.size() != from.size()) return problem(s, fmt::format("{} axes for an operand of rank {}", s.attrs.axes.size(), from.size()));
  int last = -1;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const int a = s.attrs.axes[i];
    if (a <= last || a >= static_cast<int>(dims.size())) return problem(s, "axes must ascend and lie within the result");
    last = a;
    if (from[i] != dims[static_cast<std::size_t>(a)]) {
      return problem(
          s, fmt::format("axis {} has extent {}, the result's axis {} has {}", i, show(fn, from[i]), a, show(fn, dims[static_cast<std::size_t>(a)])));
    }
  }
  results.push_back(Type{elemOf(s, types, 0), dims});
  return std::nullopt;
}

Problem inferReshape(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (auto p = needShape(s, types, 0)) return p;
  Dim before(1), after(1);
  for (const Dim& d : types[0]->dims) before = before * d;
  for (const Dim& d : s.attrs.dims) after = after * d;
  if (before != after) return problem(s, fmt::format("{} elements do not fill {}", show(fn, before), show(fn, Type{types[0]->elem, s.attrs.dims})));
  results.push_back(Type{types[0]->elem, s.attrs.dims});
  return std::nullopt;
}

Problem inferTranspose(const Fn&, const Stmt& s, Operands types, Types& results) {
  if (auto p = needShape(s, types, 0)) return p;
  if (static_cast<int>(s.attrs.axes.size()) != types[0]->rank() || !axesFit(s.attrs.axes, types[0]->rank())) {
    return problem(s, "axes must be a permutation of the operand's");
  }
  Type t{types[0]->elem, {}};
  for (int a : s.attrs.axes) t.dims.push_back(types[0]->dims[static_cast<std::size_t>(a)]);
  results.push_back(std::move(t));
  return std::nullopt;
}

Problem inferSlice(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (auto p = needShape(s, types, 0)) return p;
  const Type& x = *types[0];
  if (s.attrs.dims.size() != x.dims.size() || s.attrs.starts.size() != x.dims.size() ||
      (!s.attrs.strides.empty() && s.attrs.strides.size() != x.dims.size())) {
    return problem(s, "needs a start, a size and a stride for each axis");
  }
  for (std::size_t i = 0; i < x.dims.size(); ++i) {
    const std::int64_t stride = s.attrs.strides.empty() ? 1 : s.attrs.strides[i];
    if (stride < 1) return problem(s, "strides must be positive");
    if (provablyNegative(s.attrs.starts[i]) || provablyNegative(s.attrs.dims[i])) return problem(s, "starts and sizes must not be negative");
    const Dim size = s.attrs.dims[i];
    const Dim end = s.attrs.starts[i] + Dim(stride) * (size - Dim(1)) + Dim(1);
    if (!size.isConstant(0) && provablyNegative(x.dims[i] - end)) {
      return problem(s, fmt::format("axis {} of extent {} ends before {}", i, show(fn, x.dims[i]), show(fn, end)));
    }
  }
  results.push_back(Type{x.elem, s.attrs.dims});
  return std::nullopt;
}

Problem inferReverse(const Fn&, const Stmt& s, Operands types, Types& results) {
  if (auto p = needShape(s, types, 0)) return p;
  if (!axesFit(s.attrs.axes, types[0]->rank())) return problem(s, "axes must be distinct axes of the operand");
  results.push_back(*types[0]);
  return std::nullopt;
}

Problem inferIota(const Fn&, const Stmt& s, Operands, Types& results) {
  if (!s.attrs.elem || !isNumeric(*s.attrs.elem)) return problem(s, "needs a numeric `elem`");
  if (s.attrs.axes.size() != 1 || !axesFit(s.attrs.axes, static_cast<int>(s.attrs.dims.size()))) return problem(s, "needs one axis of the result");
  results.push_back(Type{*s.attrs.elem, s.attrs.dims});
  return std::nullopt;
}

/// Start positions: one integer scalar an axis.
Problem checkStarts(const Fn& fn, const Stmt& s, Operands types, std::size_t first, int rank) {
  if (static_cast<int>(types.size() - first) != rank) return problem(s, fmt::format("needs {} starts", rank));
  for (std::size_t i = first; i < types.size(); ++i) {
    if (!isInteger(elemOf(s, types, i)) || (types[i] != nullptr && types[i]->rank() != 0)) {
      return problem(
          s, fmt::format("a start must be an integer scalar, not {}", types[i] != nullptr ? show(fn, *types[i]) : "a literal of another type"));
    }
  }
  return std::nullopt;
}

Problem inferDynamicSlice(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (auto p = needShape(s, types, 0)) return p;
  if (s.attrs.dims.size() != types[0]->dims.size()) return problem(s, "needs a size for each axis");
  for (std::size_t i = 0; i < s.attrs.dims.size(); ++i) {
    if (provablyNegative(types[0]->dims[i] - s.attrs.dims[i])) {
      return problem(s, fmt::format("{} of {} on axis {}", show(fn, s.attrs.dims[i]), show(fn, types[0]->dims[i]), i));
    }
  }
  if (auto p = checkStarts(fn, s, types, 1, types[0]->rank())) return p;
  results.push_back(Type{types[0]->elem, s.attrs.dims});
  return std::nullopt;
}

Problem inferUpdateSlice(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  for (std::size_t i : {0, 1}) {
    if (auto p = needShape(s, types, i)) return p;
  }
  if (types[0]->elem != types[1]->elem || types[0]->rank() != types[1]->rank()) {
    return problem(s, fmt::format("{} does not go into {}", show(fn, *types[1]), show(fn, *types[0])));
  }
  for (std::size_t i = 0; i < types[0]->dims.size(); ++i) {
    if (provablyNegative(types[0]->dims[i] - types[1]->dims[i])) {
      return problem(s, fmt::format("{} does not go into {}", show(fn, *types[1]), show(fn, *types[0])));
    }
  }
  if (auto p = checkStarts(fn, s, types, 2, types[0]->rank())) return p;
  results.push_back(*types[0]);
  return std::nullopt;
}

Problem inferPad(const Fn&, const Stmt& s, Operands types, Types& results) {
  if (auto p = needShape(s, types, 0)) return p;
  if (elemOf(s, types, 1) != types[0]->elem || (types[1] != nullptr && types[1]->rank() != 0)) {
    return problem(s, "the value must be a scalar of the operand's type");
  }
  if (s.attrs.dims.size() != types[0]->dims.size() || s.attrs.starts.size() != types[0]->dims.size()) {
    return problem(s, "needs a low and a high amount for each axis");
  }
  Type t = *types[0];
  for (std::size_t i = 0; i < t.dims.size(); ++i) {
    if (provablyNegative(s.attrs.dims[i]) || provablyNegative(s.attrs.starts[i])) return problem(s, "amounts must not be negative");
    t.dims[i] = t.dims[i] + s.attrs.dims[i] + s.attrs.starts[i];
  }
  results.push_back(std::move(t));
  return std::nullopt;
}

Problem inferCross(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (auto p = needShape(s, types, 0)) return p;
  if (!s.attrs.extent.constant()) return problem(s, "is numbered by a constant");
  Type t = *types[0];
  if (s.attrs.dims.size() != t.dims.size()) return problem(s, fmt::format("of {} has {} dims", show(fn, *types[0]), s.attrs.dims.size()));
  for (std::size_t i = 0; i < t.dims.size(); ++i) {
    const auto here = t.dims[i].constant(), there = s.attrs.dims[i].constant();
    if (here && there && *here != *there) return problem(s, fmt::format("of {} has an extent of {} there", show(fn, *types[0]), *there));
  }
  t.dims = s.attrs.dims;
  results.push_back(std::move(t));
  return std::nullopt;
}

Problem inferConcat(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (auto p = needShape(s, types, i)) return p;
  }
  if (s.attrs.axes.size() != 1 || !axesFit(s.attrs.axes, types[0]->rank())) return problem(s, "needs one axis of the operands");
  const std::size_t axis = static_cast<std::size_t>(s.attrs.axes[0]);
  Type t = *types[0];
  for (std::size_t i = 1; i < types.size(); ++i) {
    Type same = *types[i];
    if (same.elem == t.elem && same.rank() == t.rank()) same.dims[axis] = t.dims[axis];
    if (same != t) return problem(s, fmt::format("{} and {} differ elsewhere than on axis {}", show(fn, *types[0]), show(fn, *types[i]), axis));
    t.dims[axis] = t.dims[axis] + types[i]->dims[axis];
  }
  results.push_back(std::move(t));
  return std::nullopt;
}

}  // namespace

void shapeRows(std::vector<OpRow>& rows) {
  using enum AttrField;
  const auto view = [&](Op op, int operands, const std::vector<AttrField>& attributes, auto infer, auto run, std::string_view doc,
                        std::string_view example) {
    rows.push_back(OpRow{.op = op,
                         .minOperands = operands,
                         .maxOperands = operands,
                         .cost = Cost::Cheap,
                         .attributes = attributes,
                         .infer = infer,
                         .interpret = run,
                         .derivative = {},
                         .batching = {},
                         .lowering = Lowering::View,
                         .doc = doc,
                         .example = example});
  };
  const auto copy = [&](Op op, int least, int most, const std::vector<AttrField>& attributes, auto infer, auto run, std::string_view doc,
                        std::string_view example) {
    view(op, least, attributes, infer, run, doc, example);
    rows.back().maxOperands = most;
    rows.back().lowering = Lowering::Nest;
  };
  view(Op::Broadcast, 1, {Axes, Dims}, inferBroadcast, runBroadcast,
       "x repeated along new axes: axis i of x is axis axes[i] of the result `dims`; axes ascend.",
       "fn example(N; x: f32[N]) -> (f32[3, N]) {\n  r: f32[3, N] = broadcast{axes 1; dims [3, N]}(x)\n  return r\n}\n");
  view(Op::Reshape, 1, {Dims}, inferReshape, runReshape, "The same elements in row-major order under the shape `dims` of as many elements.",
       "fn example(N; x: f32[N, 4]) -> (f32[2, 2*N]) {\n  r: f32[2, 2*N] = reshape{dims [2, 2*N]}(x)\n  return r\n}\n");
  view(Op::Transpose, 1, {Axes}, inferTranspose, runTranspose, "Axis i of the result is axis axes[i] of x.",
       "fn example(N; x: f32[N, 2, 3]) -> (f32[3, N, 2]) {\n  r: f32[3, N, 2] = transpose{axes 2,0,1}(x)\n  return r\n}\n");
  view(Op::Slice, 1, {Dims, Starts, Strides}, inferSlice, runSlice,
       "Element i of the result on an axis is element starts + i * strides of x; `dims` are the sizes.",
       "fn example(N; x: f32[N + 1, 8]) -> (f32[N, 4]) {\n  r: f32[N, 4] = slice{dims [N, 4]; starts [1, 0]; strides 1,2}(x)\n  return r\n}\n");
  view(Op::Reverse, 1, {Axes}, inferReverse, runReverse, "x with the listed axes run backwards.",
       "fn example(N; x: f32[N, 2]) -> (f32[N, 2]) {\n  r: f32[N, 2] = reverse{axes 0}(x)\n  return r\n}\n");
  view(Op::Cross, 1, {Dims, Extent}, inferCross, runCross,
       "x itself, at the other side: value number `extent` of those that cross between a client and the server. No rewriting looks through it, so "
       "that both sides have the same bits however they are run. `dims` are those of x, but for those that have a name of their own there (the "
       "number of keys that a `federated_select` asks for, the length of what a client sends).",
       "fn example(N; x: f32[N, 2]) -> (f32[N, 2]) {\n  r: f32[N, 2] = cross{dims [N, 2]; extent 1}(x)\n  return r\n}\n");
  view(Op::Iota, 0, {Axes, Dims, Elem}, inferIota, runIota, "Each element is its index on the axis, as `elem`.",
       "fn example(N;) -> (i32[2, N]) {\n  r: i32[2, N] = iota{axes 1; dims [2, N]; elem i32}()\n  return r\n}\n");
  copy(Op::DynamicSlice, 1, -1, {Dims}, inferDynamicSlice, runDynamicSlice,
       "dynamic_slice(x, start..): the part of sizes `dims` that begins at run-time starts (one integer scalar an axis), moved so that it lies "
       "inside x.",
       "fn example(N; x: f32[N, 4], i: i32) -> (f32[2, 4]) {\n  r: f32[2, 4] = dynamic_slice{dims [2, 4]}(x, i, 0i32)\n  return r\n}\n");
  copy(Op::UpdateSlice, 2, -1, {}, inferUpdateSlice, runUpdateSlice,
       "update_slice(x, u, start..): x with u written over the part that begins at the starts, moved so that it lies inside x.",
       "fn example(N; x: f32[N, 4], u: f32[2, 4], i: i32) -> (f32[N, 4]) {\n  r: f32[N, 4] = update_slice(x, u, i, 0i32)\n  return r\n}\n");
  copy(Op::Pad, 2, 2, {Dims, Starts}, inferPad, runPad, "pad(x, value): x with `dims` elements of value before and `starts` after, on each axis.",
       "fn example(N; x: f32[N, 4]) -> (f32[N + 3, 4]) {\n  r: f32[N + 3, 4] = pad{dims [1, 0]; starts [2, 0]}(x, 0.0f32)\n  return r\n}\n");
  copy(Op::Concat, 1, -1, {Axes}, inferConcat, runConcat, "The operands one after the other on the axis.",
       "fn example(N; x: f32[N, 4], y: f32[2, 4]) -> (f32[N + 2, 4]) {\n  r: f32[N + 2, 4] = concat{axes 0}(x, y)\n  return r\n}\n");
}

}  // namespace fedc::core
