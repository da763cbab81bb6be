#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "compiler/kernel/schedule_frame.h"

namespace fedc::kernel {

/// What lowering needs to know about a buffer of the nest.
struct BufferShape {
  Elem elem = Elem::F32;
  std::int64_t padLast = 0;
  /// The kernel's buffer; equal to the nest's own number before sharing.
  std::string name;
  bool written = false;
};

/// A nest (or scatter) in the numbering of its function.
struct LocalNest {
  std::string name;
  std::vector<Axis> axes;
  std::vector<Axis> reduceAxes;
  Order order;
  std::vector<Accumulation> accumulations;
  std::vector<Store> each;
  std::vector<Store> stores;
  std::vector<SiteCheck> checks;
  std::vector<Expr> exprs;
  std::vector<BufferShape> buffers;
  /// Axes and uniforms.
  std::vector<IntInfo> ints;
  int uniforms = 0;
};

/// Strides in elements of an access, from the shape it sees and the buffer's padding.
std::vector<Dim> accessStrides(const Access& access, const BufferShape& buffer);

/// How an access moves with an axis: by this many elements (0: not at all); nothing if in no simple way.
std::optional<Dim> accessStep(const LocalNest& nest, const Access& access, Int axis);

/// Turns the expressions of a nest into values at the place where the frame stands. The lane axis is bound to the first lane's number.
class Lowering {
 public:
  Lowering(const LocalNest& nest, Frame& frame) : nest_(nest), frame_(frame) {}

  /// The axis that lanes run along. `count`: how many lanes there are, if that can be fewer than sixteen; `first`: those before it do not count.
  void setLanes(std::optional<Int> axis, std::optional<Dim> count = {}, std::optional<Dim> first = {});
  std::optional<Int> laneAxis() const { return laneAxis_; }
  /// True in the lanes that exist; nothing if all do.
  std::optional<ValueId> tailMask();

  /// What Expr::Accumulator number i means at this place.
  void setAccumulator(std::function<ValueId(int)> accumulator) { accumulator_ = std::move(accumulator); }
  /// Starts a new place: nothing lowered before is reused. `roots` are the expressions that this place evaluates; what several of them use is
  /// named once.
  void enter(const std::vector<ExprId>& roots);

  /// The expression's value; `as`: converted to it.
  ValueId lower(ExprId id);
  ValueId lowerAs(ExprId id, Elem elem);

  struct Address {
    BufferId buffer = 0;
    Dim offset;
    std::optional<ValueId> offsets;
    std::optional<ValueId> mask;
    bool lanes = false;
    bool contiguous = false;
  };
  Address address(const Access& access);

  /// Stores a value (already computed) at `target`; keeps the zero tail of a padded buffer where the lanes run along it.
  void store(const Access& target, ValueId value);
  /// The target's padded tail is not written by `store` with these lanes.
  bool leavesTail(const Access& target) const;

 private:
  ValueId lowerUncached(const Expr& e);
  ValueId lowerLoad(const Expr& e);
  ValueId child(ValueId parentProbe, ValueId value);
  ValueId lanesOf(const Dim& dim);
  ValueId lanesOfAtom(const Dim::Atom& atom);
  /// The step of `dim` from lane to lane; nothing if it is not the same between all lanes.
  std::optional<Dim> laneStep(const Dim& dim) const;
  bool laneCoversTail(const Access& access) const;
  std::optional<ValueId> both(std::optional<ValueId> a, std::optional<ValueId> b);
  void countUses(ExprId id, std::vector<int>& uses) const;

  const LocalNest& nest_;
  Frame& frame_;
  std::optional<Int> laneAxis_;
  std::optional<Dim> laneCount_;
  std::optional<Dim> laneFirst_;
  std::function<ValueId(int)> accumulator_;
  std::map<ExprId, ValueId> memo_;
  std::vector<int> uses_;
};

}  // namespace fedc::kernel
