#include "compiler/kernel/bounds.h"
#include "compiler/support/dim_atom.h"

#include <algorithm>

namespace fedc::kernel {

void Facts::addRange(Int var, const Dim& extent) {
  ranges_[var] = Range{extent - Dim(1), false, static_cast<int>(ranges_.size())};
  assumed_.push_back(extent - Dim(1));
  // The same about the integers that a let is made of.
  const Dim spelled = extent.substitute([this](Int v) -> std::optional<Dim> {
    const auto it = ranges_.find(v);
    return it != ranges_.end() && it->second.exact ? std::optional(it->second.most) : std::nullopt;
  });
  if (spelled != extent) assumed_.push_back(spelled - Dim(1));
}

void Facts::addLet(Int var, const Dim& value, bool exact) { ranges_[var] = Range{value, exact, static_cast<int>(ranges_.size())}; }

void Facts::addAxes(const std::vector<Axis>& axes) {
  for (const Axis& a : axes) addRange(a.var, a.extent);
}

bool Facts::nonNegative(const Dim& dim) const {
  budget_ = 300;
  return prove(dim, 10);
}

bool Facts::atomNonNegative(const Dim::Atom& a, int depth) const {
  switch (a.kind) {
    case Dim::AtomKind::Variable:
    case Dim::AtomKind::NextPow2: return true;
    case Dim::AtomKind::Max: return prove(a.operands[0], depth - 1) || prove(a.operands[1], depth - 1);
    case Dim::AtomKind::Min:
    case Dim::AtomKind::Ceildiv:
    case Dim::AtomKind::Floordiv: return prove(a.operands[0], depth - 1) && prove(a.operands[1], depth - 1);
  }
  return false;
}

namespace {

Dim replace(const Dim& d, Int v, const Dim& by) {
  return d.substitute([&](Int x) -> std::optional<Dim> { return x == v ? std::optional(by) : std::nullopt; });
}

/// The factor of `v` if `d` is a * v + b with a, b free of v.
std::optional<Dim> slopeOf(const Dim& d, Int v) {
  const Dim b = replace(d, v, Dim(0));
  const Dim a = replace(d, v, Dim(1)) - b;
  if (a.mentions(v) || a * Dim::variable(v) + b != d) return std::nullopt;
  return a;
}

}  // namespace

bool Facts::prove(const Dim& d, int depth) const {
  if (auto c = d.constant()) return *c >= 0;
  if (depth <= 0 || --budget_ <= 0) return false;
  return proveStep(d, depth);
}

bool Facts::proveStep(const Dim& d, int depth) const {
  bool plain = true;
  for (const Dim::Term& t : d.terms()) {
    if (t.coefficient < 0) plain = false;
    for (const Dim::Atom& a : t.atoms) {
      if (plain && !atomNonNegative(a, depth)) plain = false;
    }
    if (!plain) break;
  }
  if (plain) return true;

  const std::vector<Int> all = d.variables();
  std::vector<std::pair<Int, const Range*>> inScope;
  for (Int v : all) {
    if (const auto range = ranges_.find(v); range != ranges_.end()) inScope.emplace_back(v, &range->second);
  }
  std::sort(inScope.begin(), inScope.end(), [](const auto& a, const auto& b) { return a.second->number > b.second->number; });
  for (const auto& [v, range] : inScope) {
    if (budget_ <= 0) return false;
    if (range->exact) {
      if (prove(replace(d, v, range->most), depth - 1)) return true;
      continue;
    }
    const auto slope = slopeOf(d, v);
    if (!slope) continue;
    const bool falls = prove(Dim(-1) * *slope, depth - 1);
    const bool rises = !falls && prove(*slope, depth - 1);
    const bool top = rises || prove(replace(d, v, range->most), depth - 1);
    if (!top) continue;
    if (falls || prove(replace(d, v, Dim(0)), depth - 1)) return true;
  }

  // Rounding operations that occur alone in a term.
  for (const Dim::Term& t : d.terms()) {
    if (budget_ <= 0) return false;
    if (t.atoms.size() != 1 || t.atoms[0].kind == Dim::AtomKind::Variable || t.atoms[0].kind == Dim::AtomKind::NextPow2) continue;
    const Dim::Atom& a = t.atoms[0];
    const Dim rest = d - Dim(t.coefficient) * ofAtom(a);
    const Dim c(t.coefficient);
    if (a.kind == Dim::AtomKind::Min || a.kind == Dim::AtomKind::Max) {
      const bool either = (a.kind == Dim::AtomKind::Min) == (t.coefficient < 0);
      const bool first = prove(rest + c * a.operands[0], depth - 1);
      if (either && first) return true;
      if (!either && !first) continue;
      if (prove(rest + c * a.operands[1], depth - 1)) return true;
      continue;
    }
    const auto divisor = a.operands[1].constant();
    if (!divisor || *divisor <= 0) continue;
    // k * d with k * ceildiv(x, k) in [x, x + k - 1] and k * floordiv(x, k) in [x - k + 1, x].
    Dim bound = a.operands[0];
    if (a.kind == Dim::AtomKind::Ceildiv && t.coefficient < 0) bound = bound + Dim(*divisor - 1);
    if (a.kind == Dim::AtomKind::Floordiv && t.coefficient > 0) bound = bound - Dim(*divisor - 1);
    if (prove(Dim(*divisor) * rest + c * bound, depth - 1)) return true;
  }

  for (const Dim& f : assumed_) {
    if (budget_ <= 0) return false;
    if (f.constant()) continue;
    // Worth trying only where it shares a variable.
    const std::vector<Int> vars = f.variables();
    if (!std::any_of(vars.begin(), vars.end(), [&](Int v) { return std::binary_search(all.begin(), all.end(), v); })) continue;
    if (prove(d - f, depth - 4)) return true;
  }
  return false;
}

}  // namespace fedc::kernel
