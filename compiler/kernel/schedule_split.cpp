#include "compiler/kernel/schedule_split.h"

#include <algorithm>

namespace fedc::kernel {

namespace {

/// What several threads may do without harm: it stores nothing and is cheap to repeat.
bool mayRepeat(const LoopStatement& s) {
  if (const auto* u = std::get_if<LoopUnroll>(&s.node)) return std::all_of(u->body.begin(), u->body.end(), mayRepeat);
  return !std::holds_alternative<StoreValue>(s.node) && !std::holds_alternative<RequireTrue>(s.node) && !std::holds_alternative<LoopFor>(s.node);
}

Dim steps(const LoopFor& f) { return Dim::ceildiv(f.end - f.begin, Dim(f.step)); }

}  // namespace

std::int64_t pointsOf(const LocalNest& nest) {
  constexpr std::int64_t kUnknown = 1024, kMany = std::int64_t{1} << 40;
  std::int64_t points = 1;
  for (const std::vector<Axis>* axes : {&nest.axes, &nest.reduceAxes})
    for (const Axis& a : *axes) {
      const auto bound = a.extent.upperBound([&](Int v) { return nest.ints[v].bound; });
      points = std::min(kMany, points * std::clamp<std::int64_t>(bound.value_or(kUnknown), 0, kMany >> 20));
    }
  return points;
}

void splitLoop(NestFunction& fn, const std::set<Int>& parallel) {
  if (fn.checks) return;
  const auto known = [&](const Dim& d) {
    const std::vector<Int> variables = d.variables();
    return std::all_of(variables.begin(), variables.end(), [&](Int v) { return v < static_cast<Int>(fn.uniforms); });
  };
  std::vector<LoopFor*> rest;
  LoopFor* loop = nullptr;
  for (LoopBlock* block = &fn.body; loop == nullptr;) {
    LoopFor* first = nullptr;
    for (LoopStatement& s : *block) {
      if (auto* f = std::get_if<LoopFor>(&s.node)) {
        if (!known(f->begin) || !known(f->end)) return;
        if (first == nullptr) {
          first = f;
        } else {
          rest.push_back(f);
        }
      } else if (!mayRepeat(s)) {
        return;
      }
    }
    if (first == nullptr || !parallel.contains(first->var)) return;
    if (steps(*first).isConstant(1)) {
      block = &first->body;
    } else {
      loop = first;
    }
  }
  const Dim lo = Dim::variable(static_cast<Int>(fn.uniforms)), hi = Dim::variable(static_cast<Int>(fn.uniforms) + 1);
  // A loop that may have no steps counts as one, if others stand behind it: somebody has to do those.
  const bool mayBeEmpty = !rest.empty() && !steps(*loop).constant();
  fn.split = mayBeEmpty ? Dim::max(steps(*loop), Dim(1)) : steps(*loop);
  const Dim begin = loop->begin, end = begin + hi * Dim(loop->step);
  loop->begin = begin + lo * Dim(loop->step);
  loop->end = mayBeEmpty ? Dim::min(loop->end, end) : end;
  // Empty unless hi is the last.
  for (LoopFor* f : rest) f->begin = f->begin + (*fn.split - hi) * (f->end - f->begin);
}

}  // namespace fedc::kernel
