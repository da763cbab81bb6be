#include <fmt/format.h>

#include "compiler/core/ops/groups.h"
#include "compiler/core/ops/interpret_ops.h"

namespace fedc::core {

namespace {

using Types = std::vector<Type>;

const std::vector<Dim>& dimsOf(Operands types, std::size_t i) {
  static const std::vector<Dim> none;
  return types[i] != nullptr ? types[i]->dims : none;
}

Problem needKey(const Stmt& s, Operands types) {
  if (elemOf(s, types, 0) != Elem::Key) return problem(s, fmt::format("needs a key, not {}", elemName(elemOf(s, types, 0))));
  return std::nullopt;
}

Problem inferKeySeed(const Fn&, const Stmt& s, Operands types, Types& results) {
  if (elemOf(s, types, 0) != Elem::I64) return problem(s, "the seed must be i64");
  results.push_back(Type{Elem::Key, dimsOf(types, 0)});
  return std::nullopt;
}

Problem inferSplit(const Fn&, const Stmt& s, Operands types, Types& results) {
  if (auto p = needKey(s, types)) return p;
  Type t{Elem::Key, dimsOf(types, 0)};
  t.dims.push_back(s.attrs.extent);
  results.push_back(std::move(t));
  return std::nullopt;
}

Problem inferFoldIn(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (auto p = needKey(s, types)) return p;
  const Elem e = elemOf(s, types, 1);
  if (e != Elem::I32 && e != Elem::U32) return problem(s, fmt::format("folds in i32 or u32, not {}", elemName(e)));
  if (types[0] != nullptr && types[1] != nullptr && types[0]->dims != types[1]->dims) {
    return problem(s, fmt::format("operands have shapes {} and {}", show(fn, *types[0]), show(fn, *types[1])));
  }
  results.push_back(Type{Elem::Key, dimsOf(types, types[0] != nullptr ? 0 : 1)});
  return std::nullopt;
}

Problem inferRandomBits(const Fn&, const Stmt& s, Operands types, Types& results) {
  if (auto p = needKey(s, types)) return p;
  Type t{Elem::U32, dimsOf(types, 0)};
  t.dims.insert(t.dims.end(), s.attrs.dims.begin(), s.attrs.dims.end());
  results.push_back(std::move(t));
  return std::nullopt;
}

Problem inferPermutation(const Fn&, const Stmt& s, Operands types, Types& results) {
  if (auto p = needKey(s, types)) return p;
  Type t{Elem::I32, dimsOf(types, 0)};
  t.dims.push_back(s.attrs.extent);
  results.push_back(std::move(t));
  return std::nullopt;
}

}  // namespace

void randomRows(std::vector<OpRow>& rows) {
  using enum AttrField;
  const auto row = [&](Op op, int operands, Cost cost, const std::vector<AttrField>& attributes, Lowering lowering, auto infer, auto run,
                       std::string_view doc, std::string_view example) {
    rows.push_back(OpRow{.op = op,
                         .minOperands = operands,
                         .maxOperands = operands,
                         .cost = cost,
                         .attributes = attributes,
                         .infer = infer,
                         .interpret = run,
                         .derivative = {},
                         .batching = {},
                         .lowering = lowering,
                         .doc = doc,
                         .example = example});
  };
  row(Op::KeySeed, 1, Cost::Cheap, {}, Lowering::Nest, inferKeySeed, runKeySeed,
      "The Threefry-2x32 key (high 32 bits, low 32 bits) of an i64 seed (Salmon et al. 2011; JAX's PRNGKey).",
      "fn example(N; s: i64) -> (key) {\n  r: key = key_seed(s)\n  return r\n}\n");
  row(Op::Split, 1, Cost::Cheap, {Extent}, Lowering::Nest, inferSplit, runSplit,
      "`extent` new keys along a new last axis: key i is both words of threefry(key, (high word of i, low word of i)).",
      "fn example(N; k: key) -> (key[N]) {\n  r: key[N] = split{extent N}(k)\n  return r\n}\n");
  row(Op::FoldIn, 2, Cost::Cheap, {}, Lowering::Nest, inferFoldIn, runFoldIn, "fold_in(key, i): both words of threefry(key, (0, i)), i as 32 bits.",
      "fn example(N; k: key[N], i: i32[N]) -> (key[N]) {\n  r: key[N] = fold_in(k, i)\n  return r\n}\n");
  row(Op::RandomBits, 1, Cost::Transcendental, {Dims}, Lowering::Nest, inferRandomBits, runRandomBits,
      "For each key `dims` words of 32 random bits: word i is the xor of both words of threefry(key, (high word of i, low word of i)).",
      "fn example(N; k: key) -> (u32[2, N]) {\n  r: u32[2, N] = random_bits{dims [2, N]}(k)\n  return r\n}\n");
  row(Op::Permutation, 1, Cost::Heavy, {Extent}, Lowering::Call, inferPermutation, runPermutation,
      "For each key a random order of 0 .. extent - 1: ceil(3 ln(n) / ln(2^32 - 1)) stable sorts by fresh random bits, as JAX's permutation.",
      "fn example(N; k: key) -> (i32[N]) {\n  r: i32[N] = permutation{extent N}(k)\n  return r\n}\n");
}

}  // namespace fedc::core
