#include <fmt/format.h>

#include "compiler/core/ops/groups.h"
#include "compiler/core/ops/interpret_ops.h"

namespace fedc::core {

namespace {

using Types = std::vector<Type>;

/// Operands of these element types, all of one shape but literals, which have any; the result's type is `elem` in that shape.
Problem inferPointwise(const Fn& fn, const Stmt& s, Operands types, std::initializer_list<Elem> wanted, Elem elem, Types& results) {
  const Type* shape = nullptr;
  std::size_t i = 0;
  for (const Elem w : wanted) {
    if (elemOf(s, types, i) != w) return problem(s, fmt::format("operand {} must be {}, not {}", i, elemName(w), elemName(elemOf(s, types, i))));
    const Type* const t = types[i++];
    if (t == nullptr) continue;
    if (shape == nullptr) shape = t;
    if (shape->dims != t->dims) return problem(s, fmt::format("operands have shapes {} and {}", show(fn, *shape), show(fn, *t)));
  }
  results.push_back(Type{elem, shape != nullptr ? shape->dims : std::vector<Dim>{}});
  return std::nullopt;
}

template <Elem Second, Elem Result>
Problem inferTwo(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  return inferPointwise(fn, s, types, {Elem::Str, Second}, Result, results);
}

Problem inferLength(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  return inferPointwise(fn, s, types, {Elem::Str}, Elem::I32, results);
}

Problem inferBytes(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (auto p = inferPointwise(fn, s, types, {Elem::Str}, Elem::U8, results)) return p;
  results[0].dims.push_back(s.attrs.extent);
  return std::nullopt;
}

Problem inferSplit(const Fn& fn, const Stmt& s, Operands types, Types& results) {
  if (auto p = inferTwo<Elem::Str, Elem::Str>(fn, s, types, results)) return p;
  results[0].dims.push_back(s.attrs.extent);
  return std::nullopt;
}

}  // namespace

void stringRows(std::vector<OpRow>& rows) {
  using enum AttrField;
  const auto row = [&](Op op, int operands, const std::vector<AttrField>& attributes, auto infer, auto run, std::string_view doc,
                       std::string_view example) {
    rows.push_back(OpRow{.op = op,
                         .minOperands = operands,
                         .maxOperands = operands,
                         .cost = Cost::Heavy,
                         .attributes = attributes,
                         .infer = infer,
                         .interpret = run,
                         .derivative = {},
                         .batching = {},
                         .lowering = Lowering::Call,
                         .doc = doc,
                         .example = example});
  };
  row(Op::StrCompare, 2, {}, inferTwo<Elem::Str, Elem::I32>, runStrCompare,
      "-1, 0 or 1 where x is before, equal to or after y, byte by byte; a prefix is before.",
      "fn example(N; x: str[N], y: str[N]) -> (i32[N], i32[N]) {\n  r: i32[N] = str_compare(x, y)\n  m: i32[N] = str_compare(x, \"m\")\n  return r, "
      "m\n}\n");
  row(Op::StrLength, 1, {}, inferLength, runStrLength, "The number of bytes of each string.",
      "fn example(N; x: str[N]) -> (i32[N]) {\n  r: i32[N] = str_length(x)\n  return r\n}\n");
  row(Op::StrHash, 2, {}, inferTwo<Elem::I64, Elem::U64>, runStrHash, "A 64-bit hash of each string's bytes under an i64 seed.",
      "fn example(N; x: str[N], s: i64[N]) -> (u64[N], u64[N]) {\n  r: u64[N] = str_hash(x, s)\n  q: u64[N] = str_hash(x, 7i64)\n  return r, q\n}\n");
  row(Op::StrCount, 2, {}, inferTwo<Elem::Str, Elem::I32>, runStrCount,
      "How many parts str_split(x, by) has: 1 + the occurrences of `by` from the left, without overlap; 1 if `by` is empty.",
      "fn example(N; x: str[N]) -> (i32[N]) {\n  r: i32[N] = str_count(x, \"a\")\n  return r\n}\n");
  row(Op::StrBytes, 1, {Extent}, inferBytes, runStrBytes, "The first `extent` bytes of each string along a new last axis; behind its end zeros.",
      "fn example(N; x: str[N]) -> (u8[N, 5]) {\n  r: u8[N, 5] = str_bytes{extent 5}(x)\n  return r\n}\n");
  row(Op::StrSplit, 2, {Extent}, inferSplit, runStrSplit,
      "str_split(x, by): the first `extent` parts of each string between occurrences of `by` along a new last axis; behind the last one empty "
      "strings.",
      "fn example(N; x: str[N], y: str[N]) -> (str[N, 3], str[2]) {\n  r: str[N, 3] = str_split{extent 3}(x, y)\n"
      "  q: str[2] = str_split{extent 2}(\"to be\", \" \")\n  return r, q\n}\n");
}

}  // namespace fedc::core
