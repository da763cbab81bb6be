#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/check/type.h"
#include "compiler/core/type.h"
#include "compiler/support/policy.h"
#include "compiler/support/source.h"

/// The typed program: what `check` hands to `specialise`. Every function body is checked for concrete types (one FnInstance per function and
/// type arguments), so a type in here holds no parameter and no hole. A dimension is a number wherever it is known before the run; the others are
/// dimension variables (a batch's length), whose values the specialiser takes from the values themselves.
namespace fedc::check {

enum class Builtin : std::uint8_t {
#define FEDC_BUILTIN(id, name, group, signature, doc) id,
#include "compiler/check/builtins.def"
};
/// As programs write it.
const char* builtinName(Builtin b);

/// A name bound by a parameter, `let`, `var`, `for` or a lambda. Unique in the program.
struct Local {
  std::uint32_t id = 0;
  std::string name;
  TypeRef type;
  Span span;
  bool isVar = false;
};
using LocalRef = std::shared_ptr<const Local>;

struct Pattern {
  enum class Kind : std::uint8_t { Name, Wildcard, Tuple, Array };
  Kind kind = Kind::Wildcard;
  LocalRef local;
  std::vector<Pattern> items;
  TypeRef type;
  Span span;
};

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;

struct LambdaBody {
  std::vector<Pattern> params;
  ExprPtr body;
};

/// `native fn smooth<n>(x: f32[n]) -> f32[n] = "my_smooth";`
struct NativeDecl {
  /// Qualified, as FnInstance::name.
  std::string name;
  /// What plugins call it.
  std::string symbol;
  Span span, symbolSpan;
  /// With its sizes as dimension variables of the program.
  std::vector<core::Type> params;
  core::Type result;
  /// Scalars alone: it is called on tensors, too, element by element.
  bool isElementwise = false;
  /// `derivative of smooth(x) = |g| …;`
  std::string derivativeForm;
};

/// A function item checked for concrete types.
struct FnInstance {
  /// Qualified name (`fed_avg.fed_avg`), and as printed with its type arguments.
  std::string name;
  std::string shown;
  std::vector<Pattern> params;
  ExprPtr body;
  TypeRef result;
  Span span;
  /// The signature has a placed type.
  bool federated = false;
  /// Dimension variables that the signature quantifies and that are no numbers here; bound from the arguments' actual shapes by matching
  /// parameter types, in order.
  std::vector<Dim::Variable> dims;
  /// Of a native function, which has no body.
  std::shared_ptr<const NativeDecl> native;
  /// What is declared of its derivative, or null. Elementwise: gives the derivative by the one float parameter, or a tuple of those by each; else a
  /// function from the result's cotangent to the parameters'. It may call this instance, and so belongs to the program (`TypedProgram::derivatives`).
  const LambdaBody* derivative = nullptr;
};

/// One step of an assignment's path or of an index expression.
struct Subscript {
  enum class Kind : std::uint8_t {
    /// field number `index`
    Field,
    /// .0
    Item,
    /// one element, i32/i64 expression `at` (rank 0)
    At,
    /// at..to ; either may be missing
    Range,
    /// `:`
    All,
    /// gather by an integer tensor `at`
    Gather,
  };
  Kind kind = Kind::Field;
  int index = 0;
  ExprPtr at;
  ExprPtr to;
  /// Range: how many elements.
  Dim extent;
  Span span;
};

enum class ExprKind : std::uint8_t {
  /// literal of a scalar type
  Literal,
  /// text
  String,
  /// local
  Local,
  /// run-time or static program parameter: `name`
  Param,
  /// module-level `let`: global
  Global,
  /// a function item as a value: instance
  Function,
  /// a builtin as a value: builtin; type is its function type here
  BuiltinFunction,
  /// lambda; `lambda` is null for an OpenLambda (then only Resolve uses it)
  Lambda,
  /// an OpenLambda (operands[0]) checked for one set of parameter types: `lambda`
  Resolve,
  /// operands[0] is the function; the others its arguments, complete and in order (defaults filled in, names resolved)
  Call,
  /// builtin(operands..), complete and in order; optional arguments that were left out are null pointers. map_leaves and each_leaf have one
  /// function operand per leaf of x first (the lambda resolved for that leaf), then x, y... Lists of sizes and axes ([28, n], shape(x)) stay
  /// Array expressions or calls of `shape`. size(T) and leaves(T) of types are literals.
  BuiltinCall,
  /// struct literal: operands in field order
  Struct,
  /// operands[0] with fields replaced: fieldIndices[i] gets operands[i + 1]
  Update,
  Tuple,
  /// [a, b]
  Array,
  /// field number `index` of a struct, or item of a tuple (also leafwise through T[n]: the column)
  Field,
  Item,
  /// operands[0] indexed by subscripts (At, Range, All, Gather)
  Index,
  /// op operands[0]
  Unary,
  /// operands[0] op operands[1]; leafwise and broadcasting
  Binary,
  /// numeric conversion by type name: f32(x)
  Convert,
  /// x as T: run-time check of unknown sizes
  As,
  /// operands = condition, then, otherwise (may be missing: unit)
  If,
  /// stmts, then operands[0] (may be missing: unit)
  Block,
  /// a..b
  Range,
  /// a placed value used where {T}@clients is wanted, an unplaced one at a placement, (A, B)@p as (A@p, B@p), (A[n], B[n]) as (A, B)[n], and
  /// the other way round: operands[0]; only the type changes
  Place,
  /// a dimension as an i32: `dim`
  DimValue,
};

enum class UnaryOp : std::uint8_t { Neg, Not };
enum class BinaryOp : std::uint8_t { Add, Sub, Mul, Div, Rem, MatMul, And, Or, BitAnd, BitOr, BitXor, Shl, Shr, Eq, Ne, Lt, Le, Gt, Ge };

struct Stmt {
  enum class Kind : std::uint8_t {
    /// pattern = value; binds fresh dimension variables that occur in pattern.type and are not bound yet to the value's actual sizes
    Let,
    /// like Let, mutable; pattern is a name or tuple of names
    Var,
    /// target(s) = value. Compound assignments are already written out in `value`.
    Assign,
    /// for pattern in iterable { body }
    For,
    Expr,
  };
  Kind kind = Kind::Expr;
  Pattern pattern;
  /// Assign: one target, or several for a tuple on the left.
  struct Target {
    LocalRef local;
    std::vector<Subscript> path;
    TypeRef type;
    Span span;
  };
  std::vector<Target> targets;
  ExprPtr value;
  /// For: a block of unit type.
  ExprPtr body;
  /// For: outer `var`s that the body assigns.
  std::vector<LocalRef> assigned;
  Span span;
};

struct GlobalLet;

struct Expr {
  ExprKind kind = ExprKind::Literal;
  /// Placed for lifted local work: an operation at ExprKind Call/Binary/.. whose type is Placed and whose callee is local is done at that placement.
  TypeRef type;
  Span span;
  core::Literal literal;
  std::string text;
  std::string name;
  LocalRef local;
  std::shared_ptr<const FnInstance> instance;
  std::shared_ptr<const GlobalLet> global;
  Builtin builtin = Builtin::Exp;
  std::shared_ptr<const LambdaBody> lambda;
  /// Identity of an OpenLambda.
  std::uint32_t lambdaId = 0;
  std::vector<ExprPtr> operands;
  std::vector<int> fieldIndices;
  std::vector<Subscript> subscripts;
  std::vector<Stmt> stmts;
  UnaryOp unary = UnaryOp::Neg;
  BinaryOp binary = BinaryOp::Add;
  int index = 0;
  Dim dim;
};

/// `let name = value;` at the top of a module; a compile-time value.
struct GlobalLet {
  std::string name;
  TypeRef type;
  ExprPtr value;
  Span span;
};

/// `param name: type = default;`
struct Param {
  std::string name;
  /// A scalar type.
  core::Elem elem = core::Elem::F32;
  /// The value of this compilation: `-p name=value`, else the default.
  core::Literal value;
  /// The default alone, if it has one.
  std::optional<core::Literal> fallback;
  /// A number of the program (integers, bools, and params that reach a type): its value is in the types. Otherwise a run-time input.
  bool isStatic = true;
  Span span;
};

struct RunDefaults {
  std::optional<std::string> data;
  std::optional<std::string> eval;
  Span evalSpan;
  std::optional<std::int64_t> rounds;
  std::optional<std::int64_t> clientsPerRound;
  /// Others as written, for the driver: name -> text of the value.
  std::map<std::string, std::string> others;
};

/// `budget { up: 50 kB, down: 1 MB, exchanges: 1 }`: what a client may send and receive in one run of `next` (or `main`).
struct Budget {
  struct Limit {
    /// Bytes, or exchanges.
    std::int64_t amount = 0;
    /// As written: `50 kB`.
    std::string text;
    Span span;
  };
  std::optional<Limit> up, down, exchanges;
};

/// `test "name" { .. }`
struct TestCase {
  std::string name;
  ExprPtr body;
  Span span;
};

struct TypedProgram {
  std::vector<Param> params;
  RunDefaults run;
  Budget budget;
  /// `policy aggregate_only;`
  Policies policies;
  /// `let main = process(..)`: a compile-time struct whose fields 0, 1, 2 are init, next, evaluate (function values); or null.
  std::shared_ptr<const GlobalLet> process;
  /// The process was given an `evaluate`.
  bool hasEvaluate = false;
  /// `fn main(..)`, or null.
  std::shared_ptr<const FnInstance> main;
  /// Types of the process's functions: init, next, evaluate, as Function types with placed parameters and results.
  std::vector<TypeRef> processTypes;
  std::vector<TestCase> tests;
  /// Of all modules.
  std::vector<std::shared_ptr<const NativeDecl>> natives;
  /// Every instance, each once, callees before callers where possible; for printing and walking.
  std::vector<std::shared_ptr<const FnInstance>> instances;
  /// Of native functions among them.
  std::vector<std::shared_ptr<const LambdaBody>> derivatives;
  /// Dimension variables of all types in the program.
  std::vector<DimVarInfo> dims;
  /// The files of the standard library: what fails in one of them is told at the call in a file of the user's.
  std::set<FileId> library;
};

}  // namespace fedc::check
