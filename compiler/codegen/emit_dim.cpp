#include "compiler/codegen/emit_dim.h"

#include <llvm/IR/Intrinsics.h>

#include <algorithm>
#include <bit>

namespace fedc::codegen {

void DimEmitter::bind(Dim::Variable v, llvm::Value* value) {
  if (v >= bindings_.size()) bindings_.resize(v + 1);
  bindings_[v] = Dim::variable(static_cast<Dim::Variable>(bases_.size()));
  bases_.push_back({value, static_cast<int>(known_.size())});
}

void DimEmitter::bindConstant(Dim::Variable v, std::int64_t value) {
  if (v >= bindings_.size()) bindings_.resize(v + 1);
  bindings_[v] = Dim(value);
}

void DimEmitter::bindDim(Dim::Variable v, const Dim& dim) {
  if (v >= bindings_.size()) bindings_.resize(v + 1);
  Dim resolved = resolve(dim);
  for (const Dim::Term& t : resolved.terms())
    for (const Dim::Atom& a : t.atoms)
      if (a.kind != Dim::AtomKind::Variable) {
        const Known known = emit(resolved);
        bindings_[v] = Dim::variable(static_cast<Dim::Variable>(bases_.size()));
        bases_.push_back(known);
        return;
      }
  bindings_[v] = std::move(resolved);
}

Dim DimEmitter::resolve(const Dim& dim) const {
  if (dim.terms().empty() || (dim.terms().size() == 1 && dim.terms()[0].atoms.empty())) return dim;
  return dim.substitute([this](Dim::Variable v) -> std::optional<Dim> { return bindings_[v]; });
}

llvm::Value* DimEmitter::value(const Dim& dim) { return emit(resolve(dim)).value; }

DimEmitter::Sum DimEmitter::sum(const Dim& resolved) {
  Sum result;
  Dim rest = resolved;
  for (const Dim::Term& t : resolved.terms())
    if (t.atoms.empty()) {
      result.constant = t.coefficient;
      rest = resolved - Dim(t.coefficient);
    }
  if (!rest.isConstant(0)) result.value = emit(rest).value;
  return result;
}

void DimEmitter::enterLoop() { known_.emplace_back(); }
void DimEmitter::leaveLoop() { known_.pop_back(); }

DimEmitter::Known DimEmitter::emit(const Dim& resolved) {
  if (auto c = resolved.constant()) return {b_.getInt64(static_cast<std::uint64_t>(*c)), 0};
  for (auto scope = known_.rbegin(); scope != known_.rend(); ++scope)
    if (auto it = scope->find(resolved); it != scope->end()) return it->second;
  std::vector<Known> terms;
  std::int64_t constant = 0;
  for (const Dim::Term& t : resolved.terms()) {
    if (t.atoms.empty()) {
      constant = t.coefficient;
    } else {
      terms.push_back(emitTerm(t));
    }
  }
  std::stable_sort(terms.begin(), terms.end(), [](const Known& a, const Known& b) { return a.depth < b.depth; });
  Known total = terms.front();
  for (std::size_t i = 1; i < terms.size(); ++i) total = {b_.CreateAdd(total.value, terms[i].value), std::max(total.depth, terms[i].depth)};
  if (constant != 0) total.value = b_.CreateAdd(total.value, b_.getInt64(static_cast<std::uint64_t>(constant)));
  known_.back()[resolved] = total;
  return total;
}

DimEmitter::Known DimEmitter::emitTerm(const Dim::Term& term) {
  std::vector<Known> factors;
  for (const Dim::Atom& a : term.atoms) factors.push_back(emitAtom(a));
  std::stable_sort(factors.begin(), factors.end(), [](const Known& a, const Known& b) { return a.depth < b.depth; });
  Known product = factors.front();
  if (term.coefficient != 1) product.value = b_.CreateMul(product.value, b_.getInt64(static_cast<std::uint64_t>(term.coefficient)));
  for (std::size_t i = 1; i < factors.size(); ++i)
    product = {b_.CreateMul(product.value, factors[i].value), std::max(product.depth, factors[i].depth)};
  return product;
}

llvm::Value* DimEmitter::floorQuotient(llvm::Value* a, const Dim& divisor, llvm::Value* b) {
  if (auto c = divisor.constant(); c && *c > 0) {
    if (std::has_single_bit(static_cast<std::uint64_t>(*c))) {
      return b_.CreateAShr(a, b_.getInt64(static_cast<std::uint64_t>(std::countr_zero(static_cast<std::uint64_t>(*c)))));
    }
  } else {
    // A divisor that is zero divides nothing: the number is not used, but computing it must not trap.
    b = b_.CreateSelect(b_.CreateICmpEQ(b, b_.getInt64(0)), b_.getInt64(1), b);
  }
  llvm::Value* q = b_.CreateSDiv(a, b);
  llvm::Value* r = b_.CreateSRem(a, b);
  llvm::Value* rest = b_.CreateICmpNE(r, b_.getInt64(0));
  llvm::Value* signs = b_.CreateICmpSLT(b_.CreateXor(a, b), b_.getInt64(0));
  return b_.CreateSub(q, b_.CreateZExt(b_.CreateAnd(rest, signs), b_.getInt64Ty()));
}

DimEmitter::Known DimEmitter::emitAtom(const Dim::Atom& atom) {
  if (atom.kind == Dim::AtomKind::Variable) return bases_[atom.variable];
  const Known a = emit(atom.operands[0]);
  if (atom.kind == Dim::AtomKind::NextPow2) {
    llvm::Value* one = b_.getInt64(1);
    llvm::Value* least = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, a.value, b_.getInt64(2));
    llvm::Value* zeros = b_.CreateBinaryIntrinsic(llvm::Intrinsic::ctlz, b_.CreateSub(least, one), b_.getFalse());
    llvm::Value* power = b_.CreateShl(one, b_.CreateSub(b_.getInt64(64), zeros));
    return {b_.CreateSelect(b_.CreateICmpSLE(a.value, one), one, power), a.depth};
  }
  const Known b = emit(atom.operands[1]);
  const int depth = std::max(a.depth, b.depth);
  switch (atom.kind) {
    case Dim::AtomKind::Min: return {b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, a.value, b.value), depth};
    case Dim::AtomKind::Max: return {b_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, a.value, b.value), depth};
    case Dim::AtomKind::Floordiv: return {floorQuotient(a.value, atom.operands[1], b.value), depth};
    default: {
      llvm::Value* up = floorQuotient(b_.CreateNeg(a.value), atom.operands[1], b.value);
      return {b_.CreateNeg(up), depth};
    }
  }
}

}  // namespace fedc::codegen
