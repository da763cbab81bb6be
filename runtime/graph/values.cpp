#include "runtime/graph/values.h"

#include <algorithm>
#include <cstring>

#include "runtime/graph/call.h"

namespace fedc::runtime {

GraphValues::GraphValues(const GraphPlan& plan)
    : plan_(plan), cells_(plan.cells.size()), positions_(plan.positions.size()), counters_(plan.phases.size()) {
  dims_.resize(std::max<std::size_t>(1, plan.graph->dims.size()));
  slices_.resize(plan.phases.size());
  for (std::size_t p = 0; p < plan.phases.size(); ++p) {
    if (!plan.phases[p].selections) continue;
    for (std::size_t i = 0; i < plan.phases[p].selections->selections.size(); ++i) slices_[p].push_back(std::make_unique<SliceTable>());
  }
}

void GraphValues::begin(std::int64_t cohort) {
  cohort_ = cohort;
  dims_[0] = cohort;
  for (const auto& phase : slices_)
    for (const auto& table : phase) table->clear();
  for (Cell& cell : cells_) {
    cell.held = nullptr;
    cell.now = nullptr;
  }
  for (std::size_t p = 0; p < positions_.size(); ++p) {
    positions_[p].stride = plan_.positions[p].layout.bytes();
    positions_[p].memory.ensure(positions_[p].stride * cohort);
  }
}

std::int64_t GraphValues::rowsOf(int index) const {
  const CellPlan& cell = plan_.cells[static_cast<std::size_t>(index)];
  if (cell.layout.dims.empty() || cell.layout.dims.front() >= 0) return 0;
  return cell.rows.evaluate([&](Dim::Variable v) { return v < dims_.size() ? dims_[v] : 0; });
}

char* GraphValues::fresh(int index) {
  Cell& cell = cells_[static_cast<std::size_t>(index)];
  cell.held = nullptr;
  if (cell.own == nullptr || cell.own.use_count() > 1) {
    if (cell.spare != nullptr && cell.spare.use_count() == 1) {
      std::swap(cell.own, cell.spare);
    } else {
      cell.spare = std::move(cell.own);
      cell.own = std::make_shared<Buffer>();
    }
  }
  cell.own->ensure(plan_.cells[static_cast<std::size_t>(index)].layout.bytes(rowsOf(index)));
  cell.now = cell.own->data();
  cell.held = cell.own;
  return cell.own->data();
}

void GraphValues::setInputs(std::span<const Leaf> inputs) {
  for (std::size_t i = 0; i < plan_.inputs.size(); ++i) {
    const core::Graph::Input& input = plan_.graph->inputs[i];
    if (input.kind != core::Graph::Input::Kind::Sequence) continue;
    const auto length = plan_.graph->slots[input.slot].type.dims.front().asVariable();
    if (length && *length < dims_.size()) dims_[*length] = inputs[i].rows;
  }
  for (std::size_t i = 0; i < plan_.inputs.size(); ++i) setInput(i, inputs[i]);
}

void GraphValues::setInput(std::size_t i, const Leaf& leaf) {
  for (const int index : plan_.inputs[i]) {
    Cell& cell = cells_[static_cast<std::size_t>(index)];
    const LeafLayout& layout = plan_.cells[static_cast<std::size_t>(index)].layout;
    if (leaf.layout == layout) {
      cell.held = leaf.memory;
      cell.now = leaf.memory->data();
    } else {
      convert(leaf.memory->data(), leaf.layout, fresh(index), layout, leaf.rows);
    }
  }
}

void GraphValues::convertCells(const std::vector<Conversion>& conversions) {
  for (const auto& [from, to] : conversions) {
    char* target = fresh(to);
    convert(cell(from), plan_.cells[static_cast<std::size_t>(from)].layout, target, plan_.cells[static_cast<std::size_t>(to)].layout, rowsOf(to));
  }
}

/// With buffers_ filled for the results.
std::int64_t GraphValues::run(const ServerPlan& server, Team* team) { return runtime::call(*server.fn, buffers_.data(), dims_.data(), arena_, team); }

bool GraphValues::isOwn(core::ClientInput::Kind kind) {
  using Kind = core::ClientInput::Kind;
  return kind == Kind::Carry || kind == Kind::State || kind == Kind::Row;
}

void GraphValues::give(const ClientBuffer& param, std::int64_t position, const char* record, void* to) const {
  using Kind = core::ClientInput::Kind;
  const auto index = static_cast<std::size_t>(param.index);
  if (param.kind == Kind::Carry) convert(positions_[index].at(position), positionLayout(param.index), to, param.layout, 0);
  if (param.kind == Kind::State) convert(record + plan_.state.offsets[index], plan_.state.leaves[index], to, param.layout, 0);
  if (param.kind == Kind::Row) convert(cell(param.index) + position * param.stride, param.row, to, param.layout, 0);
}

void GraphValues::take(const PhasePlan& phase, const ClientResult& result, const void* from, char* accumulator, char* record) const {
  using Kind = core::ClientOutput::Kind;
  const auto leaf = static_cast<std::size_t>(result.index);
  if (result.kind == Kind::Accumulator) convert(from, result.layout, accumulator + phase.offsets[leaf], phase.accumulator[leaf], 0);
  if (result.kind == Kind::State) convert(from, result.layout, record + plan_.state.offsets[leaf], plan_.state.leaves[leaf], 0);
}

std::optional<std::uint32_t> GraphValues::call(const ServerPlan& server, Team* team) {
  if (server.fn != nullptr) {
    buffers_.clear();
    for (const int input : server.inputs) buffers_.push_back(const_cast<char*>(cell(input)));
    std::vector<bool> over(server.outputs.size(), false);
    for (const auto& [parameter, result] : server.inPlace) {
      // The input may be wanted again (a later phase, the next round): the function writes over a copy.
      const int output = server.outputs[static_cast<std::size_t>(result)];
      const void* from = buffers_[static_cast<std::size_t>(parameter)];
      char* to = fresh(output);
      std::memcpy(to, from, static_cast<std::size_t>(plan_.cells[static_cast<std::size_t>(output)].layout.bytes(rowsOf(output))));
      buffers_[static_cast<std::size_t>(parameter)] = to;
      over[static_cast<std::size_t>(result)] = true;
    }
    for (std::size_t r = 0; r < over.size(); ++r) {
      if (!over[r]) buffers_.push_back(fresh(server.outputs[r]));
    }
    if (const std::int64_t failed = run(server, team); failed != CallArgs::kNoFailure) return static_cast<std::uint32_t>(failed);
  }
  convertCells(server.conversions);
  return std::nullopt;
}

std::optional<std::uint32_t> GraphValues::zero(const PhasePlan& phase, char* accumulator, Team* team) {
  if (phase.zero.fn == nullptr) return std::nullopt;
  const Signature& signature = phase.zero.fn->signature();
  buffers_.clear();
  for (const int input : phase.zero.inputs) buffers_.push_back(const_cast<char*>(cell(input)));
  if (zeros_.size() < signature.results.size()) zeros_.resize(signature.results.size());
  std::vector<const void*> results(signature.results.size(), nullptr);
  for (std::size_t r = 0; r < results.size(); ++r) {
    const auto over =
        std::find_if(signature.inPlace.begin(), signature.inPlace.end(), [&](const auto& p) { return p.second == static_cast<int>(r); });
    zeros_[r].ensure(signature.results[r].bytes());
    if (over != signature.inPlace.end()) {
      std::memcpy(zeros_[r].data(), buffers_[static_cast<std::size_t>(over->first)], static_cast<std::size_t>(signature.results[r].bytes()));
      buffers_[static_cast<std::size_t>(over->first)] = zeros_[r].data();
    } else {
      buffers_.push_back(zeros_[r].data());
    }
    results[r] = zeros_[r].data();
  }
  if (const std::int64_t failed = run(phase.zero, team); failed != CallArgs::kNoFailure) return static_cast<std::uint32_t>(failed);
  for (std::size_t r = 0; r < results.size(); ++r) {
    convert(results[r], signature.results[r], accumulator + phase.offsets[r], phase.accumulator[r], 0);
  }
  return std::nullopt;
}

void GraphValues::receive(const PhasePlan& phase, const char* accumulator) {
  for (const auto& [index, leaf] : phase.merged) {
    Cell& cell = cells_[static_cast<std::size_t>(index)];
    cell.held = nullptr;
    cell.now = accumulator + phase.offsets[static_cast<std::size_t>(leaf)];
  }
  for (const auto& [index, position] : phase.collected) {
    char* to = fresh(index);
    const LeafLayout& stacked = plan_.cells[static_cast<std::size_t>(index)].layout;
    const LeafLayout& from = plan_.positions[static_cast<std::size_t>(position)].layout;
    const LeafLayout row = rowLayout(stacked);
    const std::int64_t bytes = rowStride(stacked);
    const Positions& positions = positions_[static_cast<std::size_t>(position)];
    for (std::int64_t p = 0; p < cohort_; ++p) convert(positions.at(p), from, to + p * bytes, row, 0);
  }
  convertCells(phase.conversions);
  for (const auto& table : slices_[phase.number]) table->clear();
}

void GraphValues::count(std::size_t phase, std::int64_t down, std::int64_t up) noexcept {
  Counter& counter = counters_[phase];
  counter.clients.fetch_add(1, std::memory_order_relaxed);
  counter.down.fetch_add(down, std::memory_order_relaxed);
  counter.up.fetch_add(up, std::memory_order_relaxed);
}

std::vector<WireCount> GraphValues::counted() const {
  std::vector<WireCount> out;
  for (const Counter& c : counters_) out.push_back({c.clients.load(), c.down.load(), c.up.load()});
  return out;
}

Leaf GraphValues::output(std::size_t i) {
  const int index = plan_.outputs[i];
  Cell& cell = cells_[static_cast<std::size_t>(index)];
  Leaf leaf;
  leaf.layout = plan_.cells[static_cast<std::size_t>(index)].layout;
  leaf.rows = rowsOf(index);
  if (cell.held == nullptr) {
    // The value lies in an accumulator, which the next run will use again.
    const char* from = cell.now;
    std::memcpy(fresh(index), from, static_cast<std::size_t>(leaf.layout.bytes(leaf.rows)));
  }
  leaf.memory = cell.held;
  return leaf;
}

Leaf GraphValues::clientResult(std::size_t i) {
  const auto index = static_cast<std::size_t>(plan_.clientResults[i]);
  const LeafLayout& own = plan_.positions[index].layout;
  const Positions& positions = positions_[index];
  Leaf leaf;
  leaf.layout = own;
  leaf.layout.padLast = 0;
  if (plan_.graph->clientResults[i].allEqual && cohort_ > 0) {
    auto memory = std::make_shared<Buffer>(leaf.layout.bytes());
    convert(positions.at(0), own, memory->data(), leaf.layout, 0);
    leaf.memory = std::move(memory);
    return leaf;
  }
  leaf.layout.dims.insert(leaf.layout.dims.begin(), -1);
  leaf.rows = cohort_;
  auto memory = std::make_shared<Buffer>(leaf.layout.bytes(cohort_));
  const LeafLayout row = rowLayout(leaf.layout);
  const std::int64_t bytes = rowStride(leaf.layout);
  for (std::int64_t p = 0; p < cohort_; ++p) convert(positions.at(p), own, memory->data() + p * bytes, row, 0);
  leaf.memory = std::move(memory);
  return leaf;
}

}  // namespace fedc::runtime
