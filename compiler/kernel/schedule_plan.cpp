#include "compiler/kernel/schedule_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "compiler/core/op_table.h"

namespace fedc::kernel {

namespace {

constexpr std::int64_t kUnknownExtent = 4096;

std::int64_t bound(const LocalNest& nest, const Dim& extent) {
  auto b = extent.upperBound([&](Int v) { return nest.ints[v].bound; });
  return b ? std::max<std::int64_t>(*b, 1) : kUnknownExtent;
}

/// Everything one point evaluates, by how often.
struct Work {
  /// Loads, and whether they are inside the reduction.
  std::vector<const Access*> loads;
  std::vector<const Access*> termLoads;
  std::vector<const Access*> stores;
  double operations = 0;
  bool transcendental = false;
};

void collect(const LocalNest& nest, ExprId id, bool term, std::vector<bool>& seen, Work& work) {
  if (seen[static_cast<std::size_t>(id)]) return;
  seen[static_cast<std::size_t>(id)] = true;
  const Expr& e = nest.exprs[static_cast<std::size_t>(id)];
  if (e.kind == Expr::Kind::Load) {
    work.loads.push_back(&e.access);
    if (term) work.termLoads.push_back(&e.access);
    for (const Index& i : e.access.index)
      if (i.gather) collect(nest, *i.gather, false, seen, work);
  } else if (e.kind == Expr::Kind::Scalar) {
    const bool heavy = core::opRow(e.op).cost != core::Cost::Cheap;
    work.transcendental = work.transcendental || heavy;
    work.operations += heavy ? 20 : 1;
  } else if (e.kind == Expr::Kind::RandomBits) {
    work.operations += 80;
  }
  for (ExprId a : e.args) collect(nest, a, term, seen, work);
}

Work workOf(const LocalNest& nest) {
  Work work;
  std::vector<bool> seen(nest.exprs.size(), false);
  for (const Accumulation& a : nest.accumulations) {
    collect(nest, a.value, true, seen, work);
    work.operations += 1;
  }
  for (const Store& s : nest.each) {
    collect(nest, s.value, true, seen, work);
    work.stores.push_back(&s.target);
  }
  for (const Accumulation& a : nest.accumulations)
    if (a.init) collect(nest, *a.init, false, seen, work);
  for (const Store& s : nest.stores) {
    collect(nest, s.value, false, seen, work);
    work.stores.push_back(&s.target);
  }
  for (const SiteCheck& c : nest.checks) collect(nest, c.condition, false, seen, work);
  return work;
}

/// Cycles a point when lanes run along the axis, against one scalar point.
double laneCost(const LocalNest& nest, const Work& work, int axis) {
  const Axis& a = nest.axes[static_cast<std::size_t>(axis)];
  double cost = work.operations;
  auto access = [&](const Access* x, bool store) {
    auto step = accessStep(nest, *x, a.var);
    if (step && step->isConstant(0)) return store ? 24.0 : 0.3;
    if (step && step->isConstant(1)) return 1.0;
    return store ? 24.0 : 16.0;
  };
  for (const Access* x : work.loads) cost += access(x, false);
  for (const Access* x : work.stores) cost += access(x, true);
  const std::int64_t extent = bound(nest, a.extent), vectors = (extent + kLanes - 1) / kLanes;
  return cost * static_cast<double>(vectors) / static_cast<double>(extent);
}

double scalarCost(const Work& work) { return work.operations + static_cast<double>(work.loads.size() + work.stores.size()); }

/// Some load of the term does not change with the axis: it serves several points of it.
bool reuses(const LocalNest& nest, const Work& work, int axis) {
  const Int var = nest.axes[static_cast<std::size_t>(axis)].var;
  return std::any_of(work.termLoads.begin(), work.termLoads.end(), [&](const Access* x) {
    auto step = accessStep(nest, *x, var);
    return step && step->isConstant(0) && !x->index.empty();
  });
}

bool isLaneOrder(const Order& order) { return order.kind == Order::Kind::Lanes || order.kind == Order::Kind::SplitLanes; }

void chooseOuterTile(const LocalNest& nest, const Machine& machine, NestPlan& plan) {
  const std::int64_t lanes = (bound(nest, nest.axes[static_cast<std::size_t>(plan.lane)].extent) + kLanes - 1) / kLanes;
  const std::int64_t rows = plan.row < 0 ? 1 : bound(nest, nest.axes[static_cast<std::size_t>(plan.row)].extent);
  double best = std::numeric_limits<double>::max();
  for (std::int64_t nv = 1; nv <= std::min<std::int64_t>(lanes, 4); ++nv) {
    for (std::int64_t mr = 1; mr <= std::min<std::int64_t>(rows, machine.maxRows); ++mr) {
      if (mr * nv > machine.maxTile || mr * nv + nv + 1 > machine.vectors) continue;
      // Multiplications of one step of the reduction (eight in flight hide the latency), loads and the loop itself.
      auto step = [&](std::int64_t v) {
        return std::max(static_cast<double>(mr * v), 8.0) + 0.35 * static_cast<double>(v) + 0.3 * static_cast<double>(mr) + 1.0;
      };
      const std::int64_t rowTiles = (rows + mr - 1) / mr, groups = lanes / nv;
      const double rest = lanes % nv != 0 ? step(lanes % nv) : 0;
      const double cost = static_cast<double>(rowTiles) * (static_cast<double>(groups) * step(nv) + rest);
      if (cost < best * 0.9999) {
        best = cost;
        plan.rows = mr;
        plan.vectors = nv;
      }
    }
  }
}

}  // namespace

std::string NestPlan::describe() const {
  switch (form) {
    case Form::Serial: return "serial";
    case Form::Map: return vectors > 1 ? fmt::format("map {}", vectors) : "map";
    case Form::Row: return fmt::format("row {}", rows);
    case Form::Outer: return fmt::format("outer {}x{}", rows, vectors);
    case Form::Dot: return fmt::format("dot {}x{}", rows, cols);
    case Form::Scatter: return lane >= 0 ? "scatter lanes" : "scatter serial";
  }
  return {};
}

NestPlan planNest(const LocalNest& nest, bool scatter, const Machine& machine, const ScheduleOptions& options, std::mt19937_64* random) {
  NestPlan plan;
  const Work work = workOf(nest);
  const int axes = static_cast<int>(nest.axes.size());
  auto draw = [&](std::int64_t n) { return static_cast<std::int64_t>((*random)() % static_cast<std::uint64_t>(n)); };

  if (scatter) {
    plan.form = NestPlan::Form::Scatter;
    if (options.serial) return plan;
    for (int a = 0; a < axes; ++a) {
      auto step = accessStep(nest, nest.stores[0].target, nest.axes[static_cast<std::size_t>(a)].var);
      if (step && step->isConstant(1) && bound(nest, nest.axes[static_cast<std::size_t>(a)].extent) > 2 && !nest.stores[0].target.zeroOutside &&
          (!random || draw(2) == 0))
        plan.lane = a;
    }
    return plan;
  }

  if (isLaneOrder(nest.order) && !nest.accumulations.empty()) {
    plan.laneReduce = true;
    std::vector<int> shared;
    for (int a = axes; a-- > 0;)
      if (reuses(nest, work, a)) shared.push_back(a);
    if (shared.size() >= 2) {
      plan.form = NestPlan::Form::Dot;
      plan.col = shared[0];
      plan.row = shared[1];
      const std::int64_t most = machine.vectors >= 32 ? 4 : 2;
      plan.rows = std::min(most, bound(nest, nest.axes[static_cast<std::size_t>(plan.row)].extent));
      plan.cols = std::min(most, bound(nest, nest.axes[static_cast<std::size_t>(plan.col)].extent));
    } else {
      plan.form = NestPlan::Form::Row;
      if (axes > 0) {
        plan.row = shared.empty() ? axes - 1 : shared[0];
        const std::int64_t most = work.transcendental || work.operations > 8 ? 1 : 4;
        plan.rows = std::min(most, bound(nest, nest.axes[static_cast<std::size_t>(plan.row)].extent));
      }
    }
    if (random) {
      if (plan.row >= 0) plan.rows = 1 + draw(4);
      if (plan.col >= 0) plan.cols = 1 + draw(3);
    }
    return plan;
  }

  if (options.serial) return plan;
  double best = scalarCost(work);
  for (int a = 0; a < axes; ++a) {
    const double cost = laneCost(nest, work, a);
    if (cost < best) {
      best = cost;
      plan.lane = a;
    }
  }
  if (random && axes > 0 && draw(3) == 0) plan.lane = static_cast<int>(draw(axes + 1)) - 1;
  if (plan.lane < 0) return plan;
  if (nest.accumulations.empty()) {
    plan.form = NestPlan::Form::Map;
    // A short row of cheap work is written out, so that what masks its end is constant.
    const auto extent = nest.axes[static_cast<std::size_t>(plan.lane)].extent.constant();
    if (extent && work.operations <= 12) plan.vectors = std::clamp<std::int64_t>((*extent + kLanes - 1) / kLanes, 1, 4);
    if (random) plan.vectors = 1 + draw(3);
    return plan;
  }

  plan.form = NestPlan::Form::Outer;
  std::int64_t most = 1;
  for (int a = 0; a < axes; ++a) {
    if (a == plan.lane || !reuses(nest, work, a)) continue;
    const std::int64_t extent = bound(nest, nest.axes[static_cast<std::size_t>(a)].extent);
    if (extent < most) continue;
    most = extent;
    plan.row = a;
  }
  chooseOuterTile(nest, machine, plan);
  plan.lanesOutside = most <= 128;
  if (random) {
    if (plan.row >= 0) plan.rows = 1 + draw(6);
    plan.vectors = 1 + draw(4);
    plan.lanesOutside = draw(2) == 0;
  }
  return plan;
}

}  // namespace fedc::kernel
