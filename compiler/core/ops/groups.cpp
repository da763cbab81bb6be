#include "compiler/core/ops/groups.h"

#include <fmt/format.h>

namespace fedc::core {

Elem elemOf(const Stmt& s, Operands types, std::size_t i) { return types[i] != nullptr ? types[i]->elem : s.args[i].literal.elem; }

Type typeOfAtom(const Fn& fn, const Atom& a) { return a.isLiteral ? Type{a.literal.elem, {}} : fn.typeOf(a.var); }

std::string show(const Fn& fn, const Dim& d) {
  return d.print([&](Dim::Variable v) {
    if (v >= fn.dims.size()) return fmt::format("?{}", v);
    return fn.dims[v].name.empty() ? fmt::format("d{}", v) : fn.dims[v].name;
  });
}

std::string show(const Fn& fn, const Type& t) {
  std::string out(elemName(t.elem));
  if (t.dims.empty()) return out;
  out += '[';
  for (std::size_t i = 0; i < t.dims.size(); ++i) out += (i > 0 ? ", " : "") + show(fn, t.dims[i]);
  return out + ']';
}

std::string problem(const Stmt& s, const std::string& what) { return fmt::format("`{}`: {}", opName(s.op), what); }

bool axesFit(std::span<const int> axes, int rank) {
  std::uint64_t seen = 0;
  for (int a : axes) {
    if (a < 0 || a >= rank || a >= 64 || ((seen >> a) & 1u) != 0) return false;
    seen |= 1ull << a;
  }
  return true;
}

}  // namespace fedc::core
