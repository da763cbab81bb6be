#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/core/op.h"
#include "compiler/core/type.h"
#include "compiler/support/source.h"

namespace fedc::core {

/// A variable of a local function: index into Fn::vars. Defined once (ANF).
using Var = std::uint32_t;

/// An operand: a variable, or a literal that has whatever shape its place wants.
struct Atom {
  bool isLiteral = false;
  Var var = 0;
  Literal literal;

  static Atom of(Var v) { return Atom{false, v, {}}; }
  static Atom of(Literal l) { return Atom{true, 0, l}; }
  friend bool operator==(const Atom&, const Atom&) = default;
};

struct Native;

/// Attributes of a statement; which of them an op reads is said in its row of the op table. Unused ones are empty.
struct Attrs {
  /// reduce, sort, concat, gather, scatter, reverse, cumulative, iota: axes of the operand. broadcast: for each operand axis, its axis in the
  /// result. transpose: for each result axis, its axis in the operand. contract: the reduced axes of the left operand.
  std::vector<int> axes;
  /// contract: the reduced axes of the right operand, in the same order.
  std::vector<int> rhsAxes;
  /// contract: batch axes of the left and of the right operand. gather, scatter: `batch[0]` = number of leading axes shared with the indices.
  std::vector<int> batch;
  std::vector<int> rhsBatch;
  /// The result's dims: broadcast, reshape, iota, native, random_bits (the axes drawn per key). slice, dynamic_slice: sizes. pad: low amounts.
  std::vector<Dim> dims;
  /// slice: starts. pad: high amounts.
  std::vector<Dim> starts;
  /// slice: strides (all 1 if empty).
  std::vector<std::int64_t> strides;
  /// convert, bitcast, iota, dim_value, native_map, native: the result's element type. contract, reduce: the accumulator's, if not the operand's.
  std::optional<Elem> elem;
  /// reduce, arg_reduce, cumulative.
  std::optional<ReduceKind> reduce;
  /// reduce, contract, once pass `order` has run.
  std::optional<Order> order;
  /// scatter.
  ScatterMode scatter = ScatterMode::Add;
  /// check: index into Module::sites.
  std::uint32_t site = 0;
  /// loop: trip count. vmap: size of the mapped axis. split, permutation: n. compact: the bound of the new dim. dim_value, dim: the extent.
  Dim extent;
  /// dim, compact: the dimension variable that the statement defines.
  std::optional<Dim::Variable> defines;
  /// loop: runs t = T-1 .. 0. cumulative: from the end.
  bool reversed = false;
  /// loop: how many of the operands are carries; the others are stacked inputs. vjp, jvp: number of differentiated operands.
  int carries = 0;
  /// vjp, jvp: how many of the region's last yields are auxiliary (not differentiated).
  int auxiliary = 0;
  /// native_map, native: the function.
  std::shared_ptr<const Native> native;
};

struct Stmt;

/// A block with parameters inside a region op; it sees every name in scope outside.
struct Region {
  std::vector<Var> params;
  std::vector<Stmt> stmts;
  std::vector<Atom> yields;
};

/// One statement of straight-line code. The statement forms:
///   dim         attrs.defines, attrs.extent; no operands, or one i32/i64 scalar operand: the value is clamped to [0, attrs.extent].
///   loop        args = carries.., stacked inputs..; region params = carries.., rows..; yields = next carries.., emitted rows..;
///               results = last carries.., stacks..; attrs.defines = the index as a dimension variable (0 <= t < extent).
///   cond        args = [p]; two regions without params; yields of the same types.
///   vjp         args = x.. (attrs.carries of them), ct.. ; region params = x..; yields = y.., aux.. ; one ct for each y;
///               results = y.., aux.., xbar..
///   jvp         args = x.. (attrs.carries), dx..; yields = y.., aux..; results = y.., aux.., dy..
///   vmap        args = mapped arrays; region params = their rows; results = yields with a leading axis of attrs.extent. Captures are not mapped.
///   checkpoint  no args; one region; results = yields.
struct Stmt {
  Op op = Op::Add;
  Attrs attrs;
  std::vector<Atom> args;
  std::vector<Var> results;
  std::vector<Region> regions;
  Span span;
};

struct VarInfo {
  Type type;
  /// Leaf path (`m.w`) or a hint; messages, saved files and costs use it, nothing else depends on it.
  std::string name;
};

struct DimInfo {
  std::string name;
  /// Static upper bound of the value, if there is one.
  std::optional<std::int64_t> bound;
};

/// A local function: straight-line, closed, no calls.
struct Fn {
  std::string name;
  /// Every dimension variable of the function; Dim::Variable is the index.
  std::vector<DimInfo> dims;
  /// The dimension variables that are parameters (a client's row count R, named sizes), in calling order.
  std::vector<Dim::Variable> dimParams;
  std::vector<VarInfo> vars;
  std::vector<Var> params;
  std::vector<Stmt> body;
  std::vector<Atom> results;
  /// Result types; a literal result has the type given here.
  std::vector<Type> resultTypes;
  /// (parameter, result): the caller gives up the parameter's memory for that result (accumulators).
  std::vector<std::pair<int, int>> inPlace;

  Var newVar(Type type, std::string name = {});
  Dim::Variable newDim(std::string name, std::optional<std::int64_t> bound = {});
  const Type& typeOf(Var v) const { return vars[v].type; }
};

/// Where a check came from and what it says when it fails; of a `trace`: what it shows of the source (docs/replay.md).
struct Site {
  enum class Kind : std::uint8_t {
    Check,
    /// A value that the source names: `message` is the name with its leaf, `m.w`.
    Named,
    /// The argument of `dbg`; `message` is its leaf, if it has several.
    Dbg,
    /// A call, at `span`; `message` is the function.
    Call,
    /// The statements behind a function that compute its derivative.
    Derivative,
  };
  Span span;
  std::string message;
  Kind kind = Kind::Check;
  /// Call, Derivative: the call in which it stands, a site; -1: none.
  int within = -1;
};

struct Graph;

/// A native function of a module, and its derivative, until pass `differentiate` has run: of an elementwise function, from its parameters the
/// derivative by each float parameter; of another, from its parameters and the result's cotangent the cotangent of each float parameter.
struct NativeItem {
  std::shared_ptr<Native> native;
  std::optional<Fn> derivative;
};

struct Module {
  std::vector<Fn> fns;
  std::vector<Site> sites;
  /// Those whose derivative needs that of another come after it.
  std::vector<NativeItem> natives;
};

}  // namespace fedc::core
