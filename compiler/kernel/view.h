#pragma once

#include <optional>
#include <vector>

#include "compiler/core/type.h"
#include "compiler/kernel/nests.h"

namespace fedc::kernel {

/// A value of Core IR as bufferising sees it: an expression over its coordinates, so that broadcast, reshape, transpose, slices and gathers of
/// rows need no memory. A materialised value is the load of its buffer at its coordinates.
struct View {
  core::Type type;
  std::vector<Expr> exprs;
  ExprId root = 0;

  const Expr& expr() const { return exprs[static_cast<std::size_t>(root)]; }
};

/// The integer that stands for a view's coordinate number d; no kernel has that many integers.
Int coordinate(std::size_t d);
bool isCoordinate(Int v);
std::vector<Dim> coordinates(std::size_t rank);

View literalView(core::Type type, Literal value);
/// Rank 0: the number, converted to `elem`.
View integerView(Elem elem, std::vector<Dim> dims, Dim value);
View bufferView(const Kernel& kernel, BufferId buffer);

/// `view` with coordinate d replaced by `map[d]`, which is written in coordinates of the result (gathers: in `gathers`). Nothing if some index
/// would not be affine plus one load.
std::optional<View> seenThrough(const Kernel& kernel, const View& view, core::Type type, const std::vector<AxisValue>& map,
                                const std::vector<Expr>& gathers = {});

/// The view's expression at the point `at`, appended to a nest's list.
ExprId readAt(const View& view, const std::vector<Dim>& at, ExprWriter& into);

/// The buffer, if the view is all of one buffer, in its own shape.
std::optional<BufferId> wholeBuffer(const Kernel& kernel, const View& view);
/// The integer, if the view is the same integer everywhere, known to the kernel's control.
std::optional<Dim> uniformInteger(const View& view);
/// Buffers that the expression loads from.
std::vector<BufferId> buffersOf(const View& view);

}  // namespace fedc::kernel
