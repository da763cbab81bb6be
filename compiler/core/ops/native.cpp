#include "compiler/core/native.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "compiler/core/internal_error.h"
#include "compiler/core/ops/groups.h"
#include "compiler/core/ops/interpret_ops.h"

namespace fedc::core {

bool isElementwise(const Native& native) {
  return native.result.rank == 0 && std::all_of(native.params.begin(), native.params.end(), [](const NativeType& t) { return t.rank == 0; });
}

std::vector<NativeFunction> boundFunctions(const Module& module) {
  std::vector<NativeFunction> out;
  for (const NativeItem& item : module.natives) {
    const Native& n = *item.native;
    const bool isThere = std::any_of(out.begin(), out.end(), [&](const NativeFunction& f) { return f.symbol == n.symbol; });
    if (n.call != nullptr && !isThere) out.push_back({n.symbol, n.call, n.plugin});
  }
  return out;
}

void callNative(fedc_native call, const std::vector<NativeOperand>& operands) {
  FEDC_REQUIRE(call != nullptr, "a native function that no plugin was asked for");
  FEDC_REQUIRE(!operands.empty() && operands.size() <= FEDC_PLUGIN_MAX_INPUTS + 1, "a native function with too many inputs");
  std::array<fedc_input, FEDC_PLUGIN_MAX_INPUTS> inputs{};
  for (std::size_t i = 0; i + 1 < operands.size(); ++i)
    inputs[i] = {operands[i].data, operands[i].dims.data(), static_cast<std::int64_t>(operands[i].dims.size())};
  const NativeOperand& last = operands.back();
  const fedc_output output{last.data, last.dims.data(), static_cast<std::int64_t>(last.dims.size())};
  call(inputs.data(), &output);
}

const Native* findNative(const Fn& fn, std::string_view symbol) {
  const std::function<const Native*(const std::vector<Stmt>&)> in = [&](const std::vector<Stmt>& stmts) -> const Native* {
    for (const Stmt& s : stmts) {
      if (s.attrs.native && s.attrs.native->symbol == symbol) return s.attrs.native.get();
      for (const Region& r : s.regions) {
        if (const Native* found = in(r.stmts)) return found;
      }
    }
    return nullptr;
  };
  return in(fn.body);
}

namespace {

/// The operands are what the function takes; none is a literal, which has no shape.
Problem operandsFit(const Fn& fn, const Stmt& s, Operands types) {
  if (s.attrs.native == nullptr) return problem(s, "names no native function");
  const Native& native = *s.attrs.native;
  if (native.params.size() != s.args.size()) return problem(s, fmt::format("`{}` takes {} operands", native.name, native.params.size()));
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (types[i] == nullptr) return problem(s, "an operand is a literal");
    if (types[i]->elem != native.params[i].elem || (s.op == Op::NativeCall && types[i]->rank() != native.params[i].rank))
      return problem(s, fmt::format("operand {} of `{}` is {}", i, native.name, show(fn, *types[i])));
  }
  return std::nullopt;
}

Problem inferNativeMap(const Fn& fn, const Stmt& s, Operands types, std::vector<Type>& results) {
  if (auto p = operandsFit(fn, s, types)) return p;
  if (!isElementwise(*s.attrs.native)) return problem(s, fmt::format("`{}` is no function of scalars", s.attrs.native->name));
  for (const Type* t : types) {
    if (t->dims != types[0]->dims) return problem(s, fmt::format("operands have shapes {} and {}", show(fn, *types[0]), show(fn, *t)));
  }
  results.push_back(Type{s.attrs.native->result.elem, types[0]->dims});
  return std::nullopt;
}

Problem inferNativeCall(const Fn& fn, const Stmt& s, Operands types, std::vector<Type>& results) {
  if (auto p = operandsFit(fn, s, types)) return p;
  if (s.attrs.native->result.rank != static_cast<int>(s.attrs.dims.size()))
    return problem(s, fmt::format("the result of `{}` has {} axes", s.attrs.native->name, s.attrs.native->result.rank));
  results.push_back(Type{s.attrs.native->result.elem, s.attrs.dims});
  return std::nullopt;
}

}  // namespace

void runNative(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  Array out = resultArray(fn, s, 0, dims);
  std::vector<NativeOperand> given;
  for (const Array* a : operands) given.push_back({const_cast<void*>(a->data()), a->shape()});
  given.push_back({out.mutableData(), out.shape()});
  if (s.op == Op::NativeMap) {
    for (NativeOperand& o : given) o.dims = {out.count()};
  }
  callNative(s.attrs.native->call, given);
  results.push_back(std::move(out));
}

void nativeRows(std::vector<OpRow>& rows) {
  const auto row = [&](Op op, const std::vector<AttrField>& attributes, auto infer, std::string_view doc, std::string_view example) {
    rows.push_back(OpRow{.op = op,
                         .minOperands = 1,
                         .maxOperands = FEDC_PLUGIN_MAX_INPUTS,
                         .cost = Cost::Heavy,
                         .attributes = attributes,
                         .infer = infer,
                         .interpret = runNative,
                         .derivative = {},
                         .batching = {},
                         .lowering = Lowering::Call,
                         .doc = doc,
                         .example = example});
  };
  row(Op::NativeMap, {AttrField::Native}, inferNativeMap, "A plugin's function of scalars, element by element.",
      "native \"half\" = \"half\"(f32 0) -> f32 0 derivative fn d(; x: f32) -> (f32) {\n  return 0.5f32\n}\n"
      "fn example(N; x: f32[2, N]) -> (f32[2, N]) {\n  r: f32[2, N] = native_map{native \"half\"}(x)\n  return r\n}\n");
  row(Op::NativeCall, {AttrField::Dims, AttrField::Native}, inferNativeCall, "A plugin's function over whole arrays; `dims` is the result's shape.",
      "native \"twice\" = \"twice\"(f32 1) -> f32 1 derivative fn d(N; x: f32[N], g: f32[2*N]) -> (f32[N]) {\n"
      "  a: f32[N] = slice{dims [N]; starts [0]}(g)\n  b: f32[N] = slice{dims [N]; starts [N]}(g)\n  y: f32[N] = add(a, b)\n  return y\n}\n"
      "fn example(N; x: f32[N]) -> (f32[2*N]) {\n  r: f32[2*N] = native{dims [2*N]; native \"twice\"}(x)\n  return r\n}\n");
}

}  // namespace fedc::core
