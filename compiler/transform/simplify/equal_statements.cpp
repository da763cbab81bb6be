#include "compiler/transform/simplify/equal_statements.h"

#include <algorithm>
#include <functional>

namespace fedc::transform {

using core::Atom;
using core::Attrs;
using core::Op;
using core::Stmt;

namespace {

bool commutes(Op op) {
  switch (op) {
    case Op::Add:
    case Op::Mul:
    case Op::Min:
    case Op::Max:
    case Op::And:
    case Op::Or:
    case Op::Xor:
    case Op::Eq:
    case Op::Ne: return true;
    default: return false;
  }
}

bool sameAttrs(const Attrs& a, const Attrs& b) {
  return a.axes == b.axes && a.rhsAxes == b.rhsAxes && a.batch == b.batch && a.rhsBatch == b.rhsBatch && a.dims == b.dims && a.starts == b.starts &&
         a.strides == b.strides && a.elem == b.elem && a.reduce == b.reduce && a.order == b.order && a.scatter == b.scatter && a.site == b.site &&
         a.extent == b.extent && a.reversed == b.reversed && a.native == b.native;
}

bool same(const Stmt& a, const Stmt& b) {
  if (a.op != b.op || a.args.size() != b.args.size() || a.results.size() != b.results.size() || !sameAttrs(a.attrs, b.attrs)) return false;
  if (a.args == b.args) return true;
  return commutes(a.op) && a.args[0] == b.args[1] && a.args[1] == b.args[0];
}

std::size_t hashAtom(const Atom& a) {
  return a.isLiteral ? std::hash<std::uint64_t>()(a.literal.bits * 31 + static_cast<std::uint64_t>(a.literal.elem))
                     : std::hash<std::uint64_t>()(a.var + 0x9e3779b97f4a7c15ull);
}

std::size_t hash(const Stmt& s) {
  // The sum of the operands' hashes does not depend on their order.
  std::size_t operands = 0;
  for (const Atom& a : s.args) operands += hashAtom(a) * 0x9e3779b97f4a7c15ull;
  std::size_t h = operands ^ (static_cast<std::size_t>(s.op) * 0xff51afd7ed558ccdull);
  for (int a : s.attrs.axes) h = h * 31 + static_cast<std::size_t>(a);
  for (const Dim& d : s.attrs.dims) h = h * 31 + d.hash();
  return h;
}

}  // namespace

const Stmt* EqualStatements::find(const Stmt& stmt) const {
  if (!stmt.regions.empty() || stmt.attrs.defines) return nullptr;
  const std::size_t key = hash(stmt);
  for (const auto& scope : scopes_) {
    auto [begin, end] = scope.equal_range(key);
    for (auto it = begin; it != end; ++it)
      if (same(*it->second, stmt)) return it->second;
  }
  return nullptr;
}

void EqualStatements::insert(const Stmt* stmt) {
  if (stmt->regions.empty() && !stmt->attrs.defines) scopes_.back().emplace(hash(*stmt), stmt);
}

}  // namespace fedc::transform
