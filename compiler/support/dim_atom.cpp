#include "compiler/support/dim_atom.h"

namespace fedc {

Dim ofAtom(const Dim::Atom& a) {
  switch (a.kind) {
    case Dim::AtomKind::Variable: return Dim::variable(a.variable);
    case Dim::AtomKind::Ceildiv: return Dim::ceildiv(a.operands[0], a.operands[1]);
    case Dim::AtomKind::Floordiv: return Dim::floordiv(a.operands[0], a.operands[1]);
    case Dim::AtomKind::Min: return Dim::min(a.operands[0], a.operands[1]);
    case Dim::AtomKind::Max: return Dim::max(a.operands[0], a.operands[1]);
    case Dim::AtomKind::NextPow2: break;
  }
  return Dim::nextPow2(a.operands[0]);
}

}  // namespace fedc
