#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/core/scalar.h"
#include "compiler/kernel/ir.h"

/// Kernel IR, loops form: in which order, by which lanes and threads. `schedule` makes it from the nests form; code generation writes it down.
/// Specification: docs/schedule.md.
namespace fedc::kernel {

/// Vectors have sixteen lanes, whatever the element; the back end splits them into registers.
inline constexpr int kLanes = 16;

using ValueId = std::int32_t;

/// An expression of a nest function, scalar or of sixteen lanes. Values form a DAG without order; a statement evaluates the ones it names.
struct Value {
  enum class Kind : std::uint8_t {
    Literal,
    /// dim (+ lane * laneStep), an i64 before it is converted to elem by wrapping (elem is an integer type).
    Integer,
    /// The element(s) of `buffer` at `dim`: one; sixteen in a row; or, with `offsets`, at dim + offsets[lane]. Zero where `mask` is false.
    Load,
    /// The register's element number `dim`.
    Register,
    /// What LetValue number `let` bound.
    Let,
    /// op(args) by its scalar program; args that are not lanes are splat if another one is.
    Scalar,
    /// A single primitive computed in `elem`; used for index arithmetic.
    Primitive,
    /// Threefry bits of (key = args[0], 64-bit counter = args[1]): u32 the xor of both words, u64 and key both words.
    RandomBits,
    /// The tree i+8, i+4, i+2, i+1 over the sixteen lanes of args[0].
    Fold,
    /// The same tree over pairs (args[0], its index args[1]): the index of the best, the lowest of equals.
    FoldIndex,
    /// True in the lanes below `dim`.
    LaneMask,
  };
  Kind kind = Kind::Literal;
  Elem elem = Elem::F32;
  bool lanes = false;
  Literal literal;
  Dim dim;
  Dim laneStep;
  BufferId buffer = 0;
  std::optional<ValueId> offsets;
  std::optional<ValueId> mask;
  int reg = 0;
  int let = 0;
  Op op = Op::Add;
  core::Prim prim = core::Prim::Add;
  /// Primitive Convert: the operand's type.
  Elem from = Elem::F32;
  Accumulation::Kind fold = Accumulation::Kind::Sum;
  std::vector<ValueId> args;

  friend bool operator==(const Value&, const Value&) = default;
};

/// `reg A : elem[count] [x16]`: registers, written and read by index; indices are constants once unrolled.
struct RegisterInfo {
  std::string name;
  Elem elem = Elem::F32;
  std::int64_t count = 1;
  bool lanes = false;
};

struct LoopStatement;
using LoopBlock = std::vector<LoopStatement>;

/// for var = begin; var < end; var += step.
struct LoopFor {
  Int var = 0;
  Dim begin;
  Dim end;
  std::int64_t step = 1;
  LoopBlock body;
};

/// `count` copies of the body, var = 0 .. count - 1.
struct LoopUnroll {
  Int var = 0;
  std::int64_t count = 1;
  LoopBlock body;
};

/// The register exists in the rest of this block; its content is undefined before the first SetRegister.
struct DeclareRegister {
  int reg = 0;
};

/// var = value, a scalar integer (or, without one, dim).
struct LetInt {
  Int var = 0;
  Dim dim;
  std::optional<ValueId> value;
};

struct LetValue {
  int let = 0;
  ValueId value = 0;
};

struct SetRegister {
  int reg = 0;
  Dim index;
  ValueId value = 0;
};

/// store, store16 (lanes in a row), scatter16 (`offsets`), masked if `mask` is set.
struct StoreValue {
  BufferId buffer = 0;
  Dim offset;
  ValueId value = 0;
  std::optional<ValueId> offsets;
  std::optional<ValueId> mask;
  /// The value has sixteen lanes.
  bool lanes = false;
};

/// A hint: the element at `offset` will be loaded soon. It may lie outside of the buffer.
struct Prefetch {
  BufferId buffer = 0;
  Dim offset;
};

/// Remembers `site` if it is the lowest so far and the condition is false (in any lane that `mask` leaves).
struct RequireTrue {
  ValueId condition = 0;
  std::optional<ValueId> mask;
  std::uint32_t site = 0;
};

struct LoopStatement {
  std::variant<LoopFor, LoopUnroll, DeclareRegister, LetInt, LetValue, SetRegister, StoreValue, Prefetch, RequireTrue> node;
};

struct NestBuffer {
  std::string name;
  Elem elem = Elem::F32;
  bool written = false;
};

/// What was a nest: a function of buffers (each under one name, disjoint) and integers. Numbering of buffers, ints, lets and registers is its own.
struct NestFunction {
  std::string name;
  /// The schedule: template and parameters, for people.
  std::string form;
  std::vector<NestBuffer> buffers;
  /// The first `uniforms` are parameters.
  std::vector<IntInfo> ints;
  int uniforms = 0;
  std::vector<Value> values;
  std::vector<RegisterInfo> registers;
  int lets = 0;
  /// True if it contains RequireTrue: the function then has the error slot as a parameter.
  bool checks = false;
  /// If set: the outermost loop may be split. Its index counts 0 .. *extent; `lo` and `hi` are the two ints after the uniforms.
  std::optional<Dim> split;
  LoopBlock body;
};

struct UniformStatement;
using UniformBlock = std::vector<UniformStatement>;

/// nest(buffers, ints): `buffers` and `ints` are the kernel's.
struct NestCall {
  int function = 0;
  std::vector<BufferId> buffers;
  std::vector<Dim> ints;
};

struct UniformFor {
  Int var = 0;
  Dim extent;
  bool reversed = false;
  UniformBlock body;
};

struct UniformIf {
  BufferId condition = 0;
  UniformBlock then;
  UniformBlock otherwise;
};

/// GPU: between two phases there is a barrier, nowhere else. `function` sees the ints `thread` and `block` after its uniforms.
struct PhaseCall {
  Dim threads;
  NestCall call;
};

struct Barrier {
  enum class Scope : std::uint8_t { Block, Group };
  Scope scope = Scope::Block;
};

struct UniformStatement {
  std::variant<NestCall, Call, UniformFor, UniformIf, Let, PhaseCall, Barrier> node;
};

struct LoopKernel {
  std::string name;
  std::vector<IntInfo> ints;
  std::vector<Int> dims;
  std::vector<Buffer> buffers;
  std::vector<BufferId> arguments;
  /// GPU: buffers in shared memory (arena buffers of static size).
  std::vector<BufferId> shared;
  std::vector<NestFunction> functions;
  UniformBlock body;
  Dim arenaBytes;
};

/// The loops form as text (`fedc emit kernel`).
std::string print(const LoopKernel& kernel);
/// One nest function as text.
std::string print(const NestFunction& function);
/// The same with numbers instead of names: equal text means equal code.
std::string printAnonymous(const NestFunction& function);

/// Checks the invariants L1 to L7 of docs/schedule.md; nothing if they hold, else the first violation in words.
std::optional<std::string> verify(const LoopKernel& kernel);

}  // namespace fedc::kernel
