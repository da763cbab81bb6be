#include <cstring>

#include "compiler/core/ops/interpret_ops.h"
#include "compiler/core/strings.h"

namespace fedc::core {

namespace {

/// Element i of an operand that has the result's shape, or is a literal.
Literal elementAt(const Stmt& s, Arrays operands, std::size_t operand, std::int64_t i) {
  return operands[operand]->at(s.args[operand].isLiteral ? 0 : i);
}

std::string_view textAt(const Stmt& s, Arrays operands, std::size_t operand, std::int64_t i) {
  return textOf(static_cast<StringId>(elementAt(s, operands, operand, i).bits));
}

template <class F>
void pointwise(const Fn& fn, const Stmt& s, DimValues dims, std::vector<Array>& results, const F& f) {
  Array out = resultArray(fn, s, 0, dims);
  for (std::int64_t i = 0; i < out.count(); ++i) out.set(i, Literal::ofInt(out.elem(), static_cast<std::int64_t>(f(i))));
  results.push_back(std::move(out));
}

/// How many strings there are, and what each gives: the result's last extent.
struct Rows {
  std::int64_t count = 0, width = 0;
};
Rows rowsOf(const Array& out) {
  const std::int64_t width = out.shape().back();
  return {width > 0 ? out.count() / width : 0, width};
}

}  // namespace

void runStrCompare(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  pointwise(fn, s, dims, results, [&](std::int64_t i) {
    const int order = textAt(s, operands, 0, i).compare(textAt(s, operands, 1, i));
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  });
}

void runStrLength(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  pointwise(fn, s, dims, results, [&](std::int64_t i) { return textAt(s, operands, 0, i).size(); });
}

void runStrHash(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  pointwise(fn, s, dims, results, [&](std::int64_t i) { return hashString(textAt(s, operands, 0, i), elementAt(s, operands, 1, i).toInt()); });
}

void runStrCount(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  pointwise(fn, s, dims, results, [&](std::int64_t i) { return countParts(textAt(s, operands, 0, i), textAt(s, operands, 1, i)); });
}

void runStrBytes(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  Array out = resultArray(fn, s, 0, dims);
  const Rows rows = rowsOf(out);
  const auto to = out.asMutable<char>();
  for (std::int64_t i = 0; i < rows.count; ++i)
    textAt(s, operands, 0, i).copy(&to[static_cast<std::size_t>(i * rows.width)], static_cast<std::size_t>(rows.width));
  results.push_back(std::move(out));
}

void runStrSplit(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  Array out = resultArray(fn, s, 0, dims);
  const Rows rows = rowsOf(out);
  const auto to = out.asMutable<StringId>();
  for (std::int64_t i = 0; i < rows.count; ++i)
    splitString(textAt(s, operands, 0, i), textAt(s, operands, 1, i), &to[static_cast<std::size_t>(i * rows.width)], rows.width);
  results.push_back(std::move(out));
}

}  // namespace fedc::core
