#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "compiler/kernel/schedule.h"
#include "compiler/kernel/schedule_expr.h"

namespace fedc::kernel {

/// The template chosen for a nest and its parameters. Axis numbers are positions in LocalNest::axes; -1: none.
struct NestPlan {
  enum class Form : std::uint8_t { Serial, Map, Row, Outer, Dot, Scatter };
  Form form = Form::Serial;
  /// The parallel axis along which lanes run (map, outer, scatter).
  int lane = -1;
  /// Lanes run along the last reduced axis (row, dot).
  bool laneReduce = false;
  /// The unrolled parallel axes: `rows` points of one, and (dot) `cols` points of another; `vectors` of the lane axis.
  int row = -1;
  std::int64_t rows = 1;
  int col = -1;
  std::int64_t cols = 1;
  std::int64_t vectors = 1;
  /// The loop over groups of lanes is outside the loop over rows.
  bool lanesOutside = false;

  std::string describe() const;
};

/// Chooses by a cost model; with `random`, every choice that the meaning leaves is drawn from it.
NestPlan planNest(const LocalNest& nest, bool scatter, const Machine& machine, const ScheduleOptions& options, std::mt19937_64* random);

/// Joins neighbouring parallel axes that every access walks as one (dense rows).
void joinAxes(LocalNest& nest);

/// The function of a nest by a plan. From `leastSplit` points on, it can run a range of its outermost loop of several steps (NestFunction::split).
NestFunction generateNest(const LocalNest& nest, const NestPlan& plan, std::int64_t leastSplit);
NestFunction generateScatter(const LocalNest& nest, const NestPlan& plan, core::ScatterMode mode);

}  // namespace fedc::kernel
