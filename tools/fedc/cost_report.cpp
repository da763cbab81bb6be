#include "tools/fedc/cost_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "compiler/codegen/native.h"
#include "compiler/core/native.h"
#include "compiler/core/text.h"
#include "compiler/transform/rewrite.h"

namespace fedc::cli {

namespace {

const core::Fn* functionOf(const core::Program& program, int fn) { return fn < 0 ? nullptr : &program.module.fns[static_cast<std::size_t>(fn)]; }

/// In memory, without padding.
Dim memoryOf(const core::Type& type) {
  Dim bytes(core::elemBytes(type.elem));
  for (const Dim& d : type.dims) bytes = bytes * d;
  return bytes;
}

/// Scratch of a function, over its own dims.
Dim scratchOf(const core::Program& program, const core::Fn& fn) {
  const kernel::Kernel kernel = codegen::lowerToNests(program.module, fn);
  return kernel.arenaBytes->substitute([&](Dim::Variable v) -> std::optional<Dim> {
    const auto at = std::find(kernel.dims.begin(), kernel.dims.end(), v);
    if (at == kernel.dims.end()) return std::nullopt;
    return Dim::variable(fn.dimParams[static_cast<std::size_t>(at - kernel.dims.begin())]);
  });
}

ExchangeCost exchangeCost(const core::Program& program, const core::Graph& graph, const core::Phase& phase) {
  const core::PhaseCost cost = core::costOf(program, graph, phase);
  const core::Fn* const fn = functionOf(program, phase.client);
  ExchangeCost out;
  out.crossings = core::crossingsOf(program, graph, phase);
  out.down = {cost.traffic.down, cost.traffic.isExact, fn, cost.traffic.downStrings};
  out.up = {cost.traffic.up, cost.traffic.isExact, fn, cost.traffic.upStrings};
  out.merge = {cost.merge, true, functionOf(program, phase.merge), {}};
  out.server = {cost.server, true, functionOf(program, phase.server.fn), {}};
  out.selections = phase.selects.size();
  if (fn == nullptr) return out;
  const core::Resolved flops = core::resolved(*fn, cost.client);
  out.flops = {flops.dim, flops.isExact, fn, {}};
  out.scratch = {scratchOf(program, *fn), true, fn, {}};
  Dim held = out.scratch.dim;
  for (const core::Var v : fn->params) held = held + memoryOf(fn->typeOf(v));
  for (std::size_t r = 0; r < fn->resultTypes.size(); ++r) {
    const bool inPlace = std::any_of(fn->inPlace.begin(), fn->inPlace.end(), [&](const auto& p) { return p.second == static_cast<int>(r); });
    if (!inPlace) held = held + memoryOf(fn->resultTypes[r]);
  }
  const core::Resolved memory = core::resolved(*fn, held);
  out.memory = {memory.dim, memory.isExact, fn, {}};
  return out;
}

/// The native functions that a function calls.
void nativesOf(const core::Program& program, int fn, std::set<std::string>& out) {
  if (fn < 0) return;
  transform::forEachStmt(program.module.fns[static_cast<std::size_t>(fn)].body, [&](const core::Stmt& s) {
    if (s.attrs.native) out.insert(s.attrs.native->name);
  });
}

void add(Quantity& to, const Quantity& more) {
  to.dim = to.dim + more.dim;
  to.strings = to.strings + more.strings;
  to.isExact = to.isExact && more.isExact;
  if (more.fn != nullptr) to.fn = more.fn;
}

}  // namespace

std::string Quantity::text() const {
  const std::string formula = fn != nullptr ? core::costText(*fn, dim) : core::costText(core::Fn{}, dim);
  return isExact ? formula : "at most " + formula;
}

std::string Quantity::bytes() const {
  if (strings.isConstant(0)) return text() + " B";
  const Quantity count{strings, isExact, fn, {}};
  return fmt::format("{} B and the text of {} {}", text(), count.text(), strings.isConstant(1) ? "string" : "strings");
}

std::int64_t Quantity::at(std::int64_t rows) const {
  return dim.evaluate([&](Dim::Variable) { return rows; });
}

std::vector<EntryCost> costsOf(const core::Program& program) {
  std::vector<EntryCost> out;
  for (const core::Graph& graph : program.graphs) {
    EntryCost entry;
    entry.entry = graph.entry;
    std::set<std::string> natives;
    nativesOf(program, graph.first.fn, natives);
    if (const core::Fn* first = functionOf(program, graph.first.fn)) entry.server = {core::flops(*first), true, first, {}};
    for (const core::Phase& phase : graph.phases) {
      for (const int fn : {phase.zero.fn, phase.client, phase.merge, phase.server.fn}) nativesOf(program, fn, natives);
      ExchangeCost cost = exchangeCost(program, graph, phase);
      add(entry.down, cost.down);
      add(entry.up, cost.up);
      add(entry.flops, cost.flops);
      entry.memory.dim = entry.exchanges.empty() ? cost.memory.dim : Dim::max(entry.memory.dim, cost.memory.dim);
      entry.memory.isExact = entry.memory.isExact && cost.memory.isExact;
      entry.memory.fn = cost.memory.fn != nullptr ? cost.memory.fn : entry.memory.fn;
      add(entry.server, cost.server);
      entry.exchanges.push_back(std::move(cost));
    }
    entry.natives.assign(natives.begin(), natives.end());
    out.push_back(std::move(entry));
  }
  return out;
}

Spread spreadOf(const Quantity& quantity, const std::vector<std::int64_t>& rows) {
  // Many clients have few different numbers of rows.
  std::map<std::int64_t, std::int64_t> known;
  std::vector<std::int64_t> values;
  values.reserve(rows.size());
  Spread out;
  for (const std::int64_t n : rows) {
    const auto [at, isNew] = known.try_emplace(n, 0);
    if (isNew) at->second = quantity.at(n);
    values.push_back(at->second);
    out.total += at->second;
  }
  std::sort(values.begin(), values.end());
  out.least = values.front();
  out.median = values[values.size() / 2];
  out.greatest = values.back();
  return out;
}

std::vector<Saving> savings(std::int64_t floats, std::int64_t leaves) {
  // What `compress` of the library sends (stdlib/compress.fed): words of 32 bits, and of each leaf its smallest and largest value; or one scale and a
  // key.
  constexpr std::int64_t kWordBits = 32, kWordBytes = 4;
  const auto words = [](std::int64_t bits) { return kWordBytes * ((bits + kWordBits - 1) / kWordBits); };
  const std::int64_t range = 8 * leaves;
  std::int64_t turned = 2;
  while (turned < floats) turned *= 2;
  return {
      {"compress.uniform_levels(16)", "4 bits a number", words(4 * floats) + range},
      {"compress.terngrad", "2 bits a number", words(2 * floats) + range},
      {"compress.binary", "1 bit a number", words(floats) + range},
      {"compress.drive", "1 bit a number, after a rotation", words(turned) + 12},
  };
}

}  // namespace fedc::cli
