#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "compiler/kernel/ir.h"

/// What every pass over the nests form needs: expressions, accesses, and who reads and writes what.
namespace fedc::kernel {

bool operator==(const Index& a, const Index& b);
bool operator==(const Access& a, const Access& b);

/// Appends expressions to a nest's list; equal ones are one.
class ExprWriter {
 public:
  explicit ExprWriter(std::vector<Expr>& into) : into_(into) {}

  ExprId literal(Literal value);
  ExprId integer(Elem elem, Dim dim);
  ExprId load(Elem elem, Access access);
  ExprId accumulator(Elem elem, int number);
  ExprId scalar(Op op, Elem elem, std::vector<ExprId> args);
  ExprId add(Expr e);
  const Expr& operator[](ExprId id) const { return into_[static_cast<std::size_t>(id)]; }

 private:
  std::vector<Expr>& into_;
};

/// What an axis becomes: an index (its gather, if any, is an expression of the list written to), and the extent that a clamped one was clamped to.
struct AxisValue {
  Index index;
  Dim extent;
};
using AxisMap = std::function<std::optional<AxisValue>(Int)>;

/// Copies the expression `root` of `from` to `into` with its axes replaced, and Accumulator number i replaced by `accumulators[i]` (if there are
/// any). Nothing if an index would no longer be affine plus one load; `into` may then hold unused expressions.
std::optional<ExprId> copyExpr(const std::vector<Expr>& from, ExprId root, ExprWriter& into, const AxisMap& axes,
                               std::span<const ExprId> accumulators = {});
/// The same for an access.
std::optional<Access> copyAccess(const std::vector<Expr>& from, const Access& access, ExprWriter& into, const AxisMap& axes);

/// The access to a whole buffer at plain indices; `index` has one entry per extent.
Access accessOf(BufferId buffer, const std::vector<Dim>& extents, const std::vector<Dim>& index);
/// Merges adjacent extents of the access until every index is affine in the variables for which `isAxis` holds; false if that is impossible.
bool makeAffine(Access& access, const std::function<bool(Int)>& isAxis);
/// Every term has at most one axis, and no rounding operation mentions one.
bool isAffine(const Dim& dim, const std::function<bool(Int)>& isAxis);

/// The coordinates in `from` of the element that has coordinates `at` in `to`, two shapes of as many elements in row-major order.
std::vector<Dim> reshapeIndex(const std::vector<Dim>& from, const std::vector<Dim>& to, const std::vector<Dim>& at);

/// Row-major strides in elements of an access's shape over its buffer, from the buffer's extents and padding.
std::vector<Dim> stridesOf(const Buffer& buffer, const Access& access);
std::vector<Dim> stridesOf(const Buffer& buffer);
/// Elements that one step along the last axis of a padded buffer's row reserves.
Dim reservedLast(const Buffer& buffer);

/// True if index i of the access is just axis i of `axes`, over the whole extents of the buffer.
bool isPlain(const Access& access, const Buffer& buffer, const std::vector<Axis>& axes);

/// Calls `f(id)` for every expression that `root` is made of, also inside indices, each once, operands first.
void forEachExpr(const std::vector<Expr>& exprs, std::span<const ExprId> roots, const std::function<void(ExprId)>& f);
/// The expressions that a nest evaluates at some point: values of accumulations, stores, checks, and gathers of targets.
std::vector<ExprId> rootsOf(const Nest& nest);
std::vector<ExprId> rootsOf(const Scatter& scatter);
/// Drops expressions that nothing uses.
void dropUnused(Nest& nest);

/// Buffers that a statement (with everything in it) reads and writes, each once, ascending.
struct Effects {
  std::vector<BufferId> reads;
  std::vector<BufferId> writes;

  bool readsFrom(BufferId b) const;
  bool writesTo(BufferId b) const;
};
Effects effectsOf(const Statement& statement);
Effects effectsOf(const Block& block);
/// Which buffers of a call are written (scratch too); the others are read. By the table codegen/calls.def.
std::vector<bool> writtenBuffers(const Call& call);
/// Whether there is such a call, with so many buffers.
bool isKnown(const Call& call);

/// An upper bound of a dim over the kernel's dims alone (static bounds where there are any).
Dim limitOf(const Kernel& kernel, const Dim& dim);

/// Makes `var` a let or a loop variable that is at most `most`: its bound and limit.
void describeInt(Kernel& kernel, Int var, IntInfo::Kind kind, const Dim& most);

/// Calls `f` for every statement, outer ones first.
void forEachStatement(Block& block, const std::function<void(Statement&)>& f);
void forEachStatement(const Block& block, const std::function<void(const Statement&)>& f);

}  // namespace fedc::kernel
