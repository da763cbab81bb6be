#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/core/op.h"
#include "compiler/core/type.h"
#include "compiler/support/dim.h"

/// Kernel IR, nests form: what is computed into which buffer, with no order of execution inside a nest. One kernel is one native function.
/// The loops form (loops.h) says in which order, by which lanes. Specification: docs/kernel-ir.md.
namespace fedc::kernel {

using core::Elem;
using core::Literal;
using core::Op;
using core::Order;
using core::ReduceKind;

using BufferId = std::uint32_t;

/// Every integer of a kernel is one numbering, so that extents, indices and arena offsets are Dims over it: kernel dims (row count R), loop
/// variables, uniform lets, and axes of nests.
using Int = Dim::Variable;

struct IntInfo {
  enum class Kind : std::uint8_t { Param, Loop, Let, Axis };
  Kind kind = Kind::Param;
  std::string name;
  /// Static upper bound, if there is one (of a loop variable: of trip count - 1).
  std::optional<std::int64_t> bound;
  /// Let: an upper bound over the kernel's dims; capacities of buffers use it where there is no static one, or a large one.
  std::optional<Dim> limit;
};

struct Buffer {
  enum class Role : std::uint8_t { In, InOut, Out, Arena };
  std::string name;
  Elem elem = Elem::F32;
  /// Logical extents: constants, kernel dims, or uniforms with a static bound.
  std::vector<Dim> extents;
  Role role = Role::Arena;
  /// Set by `layout`. Reserved length of the last extent (0: dense). The entries between extent and reserve are always zero.
  std::int64_t padLast = 0;
  /// Set by `layout`: further entries along the first extent whose content is undefined.
  std::int64_t slack = 0;
  /// Set by `plan`, arena buffers only: byte offset, a constant or a polynomial in the kernel's dims.
  std::optional<Dim> offset;
};

struct Expr;
using ExprId = std::int32_t;

/// One coordinate of an access: affine in axes and uniforms, plus at most one integer load (gather), clamped into the extent if `clamp`.
struct Index {
  Dim affine;
  /// An expression of kind Load of an integer buffer.
  std::optional<ExprId> gather;
  bool clamp = false;
};

/// `buffer` seen with `shape` (row-major; equal to the buffer's extents unless it is a reshaped view, which merges or splits extents but
/// never the last one of a padded buffer), at `index`.
struct Access {
  BufferId buffer = 0;
  std::vector<Dim> shape;
  std::vector<Index> index;
  /// The value is zero where the index lies outside.
  bool zeroOutside = false;
};

struct Expr {
  enum class Kind : std::uint8_t {
    Literal,
    /// The integer `dim` (axes allowed) converted to elem.
    Integer,
    /// access.
    Load,
    /// The nest's accumulator number `accumulator` (only in stores and checks after the reduction).
    Accumulator,
    /// op(args): an elementwise op of the table; its program is core::scalarProgram(op, types of args, elem).
    Scalar,
    /// Threefry bits of (key = args[0], 64-bit counter = args[1], a u32 or u64, or without args[1] `dim`): elem u32 is the xor of both words,
    /// elem u64 and key are both words (random_bits, fold_in, split).
    RandomBits,
  };
  Kind kind = Kind::Literal;
  Elem elem = Elem::F32;
  Literal literal;
  Dim dim;
  Access access;
  int accumulator = 0;
  Op op = Op::Add;
  std::vector<ExprId> args;
};

struct Axis {
  Int var = 0;
  Dim extent;
};

struct Accumulation {
  enum class Kind : std::uint8_t { Sum, Prod, Max, Min, And, Or, ArgMax, ArgMin };
  Kind kind = Kind::Sum;
  /// The type accumulated in. ArgMax, ArgMin: the type compared; the accumulator's value is the i32 index, the first of equals.
  Elem elem = Elem::F32;
  /// The term. Sum of a product: value is Scalar(Mul, x, y) and `fused` says that it is accumulated as fma(x, y, acc).
  ExprId value = 0;
  bool fused = false;
  std::optional<ExprId> init;
};

struct Store {
  Access target;
  ExprId value = 0;
};

struct SiteCheck {
  /// A bool; false remembers `site` if it is the lowest.
  ExprId condition = 0;
  std::uint32_t site = 0;
};

/// Parallel axes, at most one level of reduction, then stores once per point of the axes. At each point all values, conditions and terms are
/// computed before the first store of that point.
struct Nest {
  std::string name;
  std::vector<Axis> axes;
  std::vector<Axis> reduceAxes;
  Order order;
  std::vector<Accumulation> accumulations;
  /// Stores at every point of the reduction.
  std::vector<Store> each;
  std::vector<Store> stores;
  std::vector<SiteCheck> checks;
  std::vector<Expr> exprs;
};

/// Updates run in the order of `updates` (outermost first); axes are free.
struct Scatter {
  std::string name;
  std::vector<Axis> axes;
  std::vector<Axis> updates;
  core::ScatterMode mode = core::ScatterMode::Add;
  Store store;
  std::vector<Expr> exprs;
};

/// A runtime function over whole buffers: `symbol` is a row of the runtime-call table (codegen/calls.def): permutation, sort, solve, ..
struct Call {
  std::string symbol;
  /// native: what plugins call the function.
  std::string function;
  std::vector<BufferId> buffers;
  std::vector<Dim> ints;
};

struct Statement;
using Block = std::vector<Statement>;

/// for var < extent, ascending or descending.
struct For {
  Int var = 0;
  Dim extent;
  bool reversed = false;
  Block body;
};

/// Branches on a rank-0 bool buffer.
struct If {
  BufferId condition = 0;
  Block then;
  Block otherwise;
};

/// var = dim, or (if `buffer` is set) the rank-0 integer buffer's value clamped to [0, dim].
struct Let {
  Int var = 0;
  Dim value;
  std::optional<BufferId> buffer;
};

struct Statement {
  std::variant<Nest, Scatter, Call, For, If, Let> node;
};

struct Kernel {
  std::string name;
  std::vector<IntInfo> ints;
  /// The kernel's dims in calling order.
  std::vector<Int> dims;
  std::vector<Buffer> buffers;
  /// Argument buffers in calling order: the function's params, then its results that are not in place.
  std::vector<BufferId> arguments;
  Block body;
  /// Set by `layout`: strides are those of `stridesOf`, and what is reserved behind a row is zero.
  bool laidOut = false;
  /// Set by `plan`: bytes of arena as a polynomial in dims.
  std::optional<Dim> arenaBytes;
};

/// The one layout of a leaf that crosses kernels (params and results), a function of its type alone: a float leaf of static shape and rank >= 1
/// has its last extent reserved up to a multiple of 16; everything else is dense. Gives Buffer::padLast.
std::int64_t leafPadding(const core::Type& type);

}  // namespace fedc::kernel
