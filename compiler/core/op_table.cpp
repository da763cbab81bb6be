#include "compiler/core/op_table.h"

#include <algorithm>

#include "compiler/core/internal_error.h"
#include "compiler/core/ops/groups.h"
#include "compiler/core/ops/rules.h"

namespace fedc::core {

namespace {

std::vector<OpRow> makeTable() {
  std::vector<OpRow> rows;
  elementwiseRows(rows);
  shapeRows(rows);
  reduceRows(rows);
  productRows(rows);
  indexRows(rows);
  randomRows(rows);
  nativeRows(rows);
  stringRows(rows);
  controlRows(rows);
  FEDC_REQUIRE(static_cast<int>(rows.size()) == kOpCount, "the op table and ops.def differ in length");
  for (int i = 0; i < kOpCount; ++i) {
    OpRow& r = rows[static_cast<std::size_t>(i)];
    FEDC_REQUIRE(r.op == static_cast<Op>(i), "the op table is not in the order of ops.def at `" + std::string(opName(static_cast<Op>(i))) + "`");
    r.derivative = derivativeOf(r.op);
    r.batching = batchingOf(r.op);
  }
  return rows;
}

}  // namespace

std::span<const OpRow> opTable() {
  static const std::vector<OpRow> table = makeTable();
  return table;
}

const OpRow& opRow(Op op) { return opTable()[static_cast<std::size_t>(op)]; }

bool isElementwise(Op op) { return op <= Op::Digamma; }

namespace {

bool isSet(const Attrs& a, AttrField f) {
  switch (f) {
    case AttrField::Axes: return !a.axes.empty();
    case AttrField::RhsAxes: return !a.rhsAxes.empty();
    case AttrField::Batch: return !a.batch.empty();
    case AttrField::RhsBatch: return !a.rhsBatch.empty();
    case AttrField::Dims: return !a.dims.empty();
    case AttrField::Starts: return !a.starts.empty();
    case AttrField::Strides: return !a.strides.empty();
    case AttrField::Elem: return a.elem.has_value();
    case AttrField::Reduce: return a.reduce.has_value();
    case AttrField::Order: return a.order.has_value();
    case AttrField::Scatter: return a.scatter != ScatterMode::Add;
    case AttrField::Site: return a.site != 0;
    case AttrField::Extent: return !a.extent.isConstant(0);
    case AttrField::Defines: return a.defines.has_value();
    case AttrField::Reversed: return a.reversed;
    case AttrField::Carries: return a.carries != 0;
    case AttrField::Auxiliary: return a.auxiliary != 0;
    case AttrField::Native: return a.native != nullptr;
  }
  return false;
}

}  // namespace

std::optional<std::string> inferTypes(const Fn& fn, const Stmt& stmt, std::vector<Type>& results) {
  const OpRow& row = opRow(stmt.op);
  const int count = static_cast<int>(stmt.args.size());
  if (count < row.minOperands || (row.maxOperands >= 0 && count > row.maxOperands))
    return problem(stmt, "wrong number of operands: " + std::to_string(count));
  for (int i = 0; i < kAttrFieldCount; ++i) {
    const AttrField f = static_cast<AttrField>(i);
    if (isSet(stmt.attrs, f) && std::find(row.attributes.begin(), row.attributes.end(), f) == row.attributes.end()) {
      return problem(stmt, "has no attribute `" + std::string(attrFieldName(f)) + "`");
    }
  }
  std::vector<const Type*> types;
  for (const Atom& a : stmt.args) types.push_back(a.isLiteral ? nullptr : &fn.vars[a.var].type);
  results.clear();
  return row.infer(fn, stmt, types, results);
}

std::string_view attrFieldName(AttrField f) {
  static constexpr std::string_view kNames[kAttrFieldCount] = {"axes",    "rhs",     "batch",    "rhs_batch", "dims", "starts",
                                                               "strides", "elem",    "kind",     "order",     "mode", "site",
                                                               "extent",  "defines", "reversed", "carries",   "aux",  "native"};
  return kNames[static_cast<int>(f)];
}

}  // namespace fedc::core
