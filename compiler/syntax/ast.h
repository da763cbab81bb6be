#pragma once

#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/support/source.h"

/// The syntax of Fed as a tree. Nodes are owned from the top by `unique_ptr`, carry their span, and say their kind; `as<T>` casts down.
/// What can be written several ways (struct abbreviations, `x.f(y)`) is kept as written. Depth is bounded by the parser (see parse.h),
/// so walking it recursively is safe.
namespace fedc::syntax::ast {

/// Number of an expression, type or pattern within its module, from 0 in the order of building: an index for side tables.
using NodeId = std::uint32_t;

/// An identifier where it stands.
struct Name {
  std::string text;
  Span span;
};

enum class Place { Server, Clients };

struct Expr;
struct TypeExpr;
struct Pattern;
struct Stmt;
struct Item;
struct Block;
using ExprPtr = std::unique_ptr<Expr>;
using TypePtr = std::unique_ptr<TypeExpr>;
using PatternPtr = std::unique_ptr<Pattern>;
using StmtPtr = std::unique_ptr<Stmt>;
using ItemPtr = std::unique_ptr<Item>;

/// `as<CallExpr>(expr)`: the node as what its kind says; the kind is asserted.
template <class T, class Base>
const T& as(const Base& node) {
  assert(node.kind == T::kKind);
  return static_cast<const T&>(node);
}
/// The node as a T, or null when it is of another kind (or null).
template <class T, class Base>
const T* tryAs(const Base* node) {
  return node != nullptr && node->kind == T::kKind ? static_cast<const T*>(node) : nullptr;
}
template <class T, class Base>
T* tryAs(Base* node) {
  return node != nullptr && node->kind == T::kKind ? static_cast<T*>(node) : nullptr;
}

// ---------------------------------------------------------------------------------------------------------------------------- types

enum class TypeKind { Scalar, Named, Tuple, Array, Sequence, Function, Placed, PerClient };

struct TypeExpr {
  const TypeKind kind;
  Span span;
  NodeId id = 0;
  virtual ~TypeExpr() = default;

 protected:
  TypeExpr(TypeKind kind, Span span) : kind(kind), span(span) {}
};

template <TypeKind K>
struct TypeOf : TypeExpr {
  static constexpr TypeKind kKind = K;
  explicit TypeOf(Span span) : TypeExpr(K, span) {}
};

/// The built-in names: scalars, `str`, `key`.
enum class Scalar { Bool, I8, I16, I32, I64, U8, U16, U32, U64, BF16, F16, F32, F64, Str, Key };
/// `f32`.
const char* spelling(Scalar scalar);

/// `f32`, `str`, `key`.
struct ScalarType : TypeOf<TypeKind::Scalar> {
  using TypeOf::TypeOf;
  Scalar scalar = Scalar::Bool;
};

/// An argument of a named type: a type, or a dimension (exactly one is set). What starts in lower case and is no scalar is a dimension.
struct TypeArgument {
  TypePtr type;
  ExprPtr dimension;
};

/// `Model`, `M`, `Dense<784, 10>`, `nn.Dense<i, o>`.
struct NamedType : TypeOf<TypeKind::Named> {
  using TypeOf::TypeOf;
  /// The modules before the name, `nn`; mostly empty.
  std::vector<Name> path;
  Name name;
  std::vector<TypeArgument> arguments;
};

/// `(A, B)`, `()`. `(A)` is A.
struct TupleType : TypeOf<TypeKind::Tuple> {
  using TypeOf::TypeOf;
  std::vector<TypePtr> elements;
};

/// A dimension in brackets: an expression, or `?` (no value).
struct Dimension {
  Span span;
  ExprPtr value;
  bool isUnknown() const { return value == nullptr; }
};

/// `f32[28, n]`, `T[n]`, `E[?]`: a tensor when the element is a scalar, else n values of T.
struct ArrayType : TypeOf<TypeKind::Array> {
  using TypeOf::TypeOf;
  TypePtr element;
  std::vector<Dimension> dimensions;
};

/// `T*`.
struct SequenceType : TypeOf<TypeKind::Sequence> {
  using TypeOf::TypeOf;
  TypePtr element;
};

/// `(A, B) -> C`.
struct FunctionType : TypeOf<TypeKind::Function> {
  using TypeOf::TypeOf;
  std::vector<TypePtr> parameters;
  TypePtr result;
};

/// `T@server`, `T@clients` (the same value at every client).
struct PlacedType : TypeOf<TypeKind::Placed> {
  using TypeOf::TypeOf;
  TypePtr inner;
  Place place = Place::Server;
  Span placeSpan;
};

/// `{T}@clients`: one value per client.
struct PerClientType : TypeOf<TypeKind::PerClient> {
  using TypeOf::TypeOf;
  TypePtr inner;
};

// ------------------------------------------------------------------------------------------------------------------------- patterns

enum class PatternKind { Name, Wildcard, Tuple, Array };

struct Pattern {
  const PatternKind kind;
  Span span;
  NodeId id = 0;
  virtual ~Pattern() = default;

 protected:
  Pattern(PatternKind kind, Span span) : kind(kind), span(span) {}
};

template <PatternKind K>
struct PatternOf : Pattern {
  static constexpr PatternKind kKind = K;
  explicit PatternOf(Span span) : Pattern(K, span) {}
};

/// Binds the whole value.
struct NamePattern : PatternOf<PatternKind::Name> {
  using PatternOf::PatternOf;
  Name name;
};

/// `_`.
struct WildcardPattern : PatternOf<PatternKind::Wildcard> {
  using PatternOf::PatternOf;
};

/// `(a, b)`.
struct TuplePattern : PatternOf<PatternKind::Tuple> {
  using PatternOf::PatternOf;
  std::vector<PatternPtr> elements;
};

/// `[a, b]`: as many elements as the array has.
struct ArrayPattern : PatternOf<PatternKind::Array> {
  using PatternOf::PatternOf;
  std::vector<PatternPtr> elements;
};

// ---------------------------------------------------------------------------------------------------------------------- expressions

enum class ExprKind {
  Int,
  Float,
  Bool,
  String,
  Name,
  Wildcard,
  Tuple,
  Array,
  Struct,
  Block,
  If,
  Lambda,
  Call,
  Field,
  TupleField,
  Index,
  Unary,
  Binary,
  Range,
  As
};

struct Expr {
  const ExprKind kind;
  /// Without parentheses around it.
  Span span;
  NodeId id = 0;
  /// Written in parentheses that do not make a tuple.
  bool isParenthesized = false;
  virtual ~Expr() = default;

 protected:
  Expr(ExprKind kind, Span span) : kind(kind), span(span) {}
};

template <ExprKind K>
struct ExprOf : Expr {
  static constexpr ExprKind kKind = K;
  explicit ExprOf(Span span) : Expr(K, span) {}
};

/// `42`, `0xff`, `1_000`: without its sign, so at most 2^64 - 1.
struct IntExpr : ExprOf<ExprKind::Int> {
  using ExprOf::ExprOf;
  std::uint64_t value = 0;
};

/// `0.1`, `1e-8`: the nearest double, finite; `text` (without `_`) is for types that round differently.
struct FloatExpr : ExprOf<ExprKind::Float> {
  using ExprOf::ExprOf;
  double value = 0;
  std::string text;
};

struct BoolExpr : ExprOf<ExprKind::Bool> {
  using ExprOf::ExprOf;
  bool value = false;
};

/// The bytes that the literal stands for: escapes resolved.
struct StringExpr : ExprOf<ExprKind::String> {
  using ExprOf::ExprOf;
  std::string value;
};

/// A name; also the reserved ones that stand in expressions, `f32(x)`, `key(42)`, and types (`leaves(M)`). `server` and `clients` are
/// ordinary names here: a local, or else the place (`federated_value(x, clients)`), or the function `clients(1, 2)` of tests.
struct NameExpr : ExprOf<ExprKind::Name> {
  using ExprOf::ExprOf;
  std::string name;
};

/// `_`, only in the target of an assignment: `(m, _) = f(x);`.
struct WildcardExpr : ExprOf<ExprKind::Wildcard> {
  using ExprOf::ExprOf;
};

/// `(a, b)`, `()`.
struct TupleExpr : ExprOf<ExprKind::Tuple> {
  using ExprOf::ExprOf;
  std::vector<ExprPtr> elements;
};

/// `[a, b]`, `[]`.
struct ArrayExpr : ExprOf<ExprKind::Array> {
  using ExprOf::ExprOf;
  std::vector<ExprPtr> elements;
};

/// `w: value`; the abbreviation `w` has no value and stands for `w: w`.
struct FieldValue {
  Name name;
  ExprPtr value;
};

/// `Model { w: a, b }`, `Model { b: b, ..m }`, `nn.Dense { w, b }`.
struct StructExpr : ExprOf<ExprKind::Struct> {
  using ExprOf::ExprOf;
  std::vector<Name> path;
  Name name;
  std::vector<FieldValue> fields;
  /// After `..`; null when there is none.
  ExprPtr base;
};

/// `{ statements; result }`: with no result its value is `()`.
struct Block {
  Span span;
  std::vector<StmtPtr> statements;
  ExprPtr result;
};

struct BlockExpr : ExprOf<ExprKind::Block> {
  using ExprOf::ExprOf;
  Block block;
};

/// One `if condition { … }` of a chain.
struct IfBranch {
  ExprPtr condition;
  Block block;
};

/// `if a { … } else if b { … } else { … }`: the branches in order, then the last `else`, if any.
struct IfExpr : ExprOf<ExprKind::If> {
  using ExprOf::ExprOf;
  std::vector<IfBranch> branches;
  std::optional<Block> otherwise;
};

struct LambdaParameter {
  PatternPtr pattern;
  /// Null when not written.
  TypePtr type;
};

/// `|x, (a, b), m: Model| body`.
struct LambdaExpr : ExprOf<ExprKind::Lambda> {
  using ExprOf::ExprOf;
  std::vector<LambdaParameter> parameters;
  ExprPtr body;
};

/// `value` or `name = value`.
struct Argument {
  std::optional<Name> name;
  ExprPtr value;
};

/// `f(x, weight = n)`; `x.f(y)` has a FieldExpr as callee.
struct CallExpr : ExprOf<ExprKind::Call> {
  using ExprOf::ExprOf;
  ExprPtr callee;
  std::vector<Argument> arguments;
};

/// `x.name`: a field, a function of a module, or (as callee) a function item applied to x.
struct FieldExpr : ExprOf<ExprKind::Field> {
  using ExprOf::ExprOf;
  ExprPtr object;
  Name name;
};

/// `x.0`.
struct TupleFieldExpr : ExprOf<ExprKind::TupleField> {
  using ExprOf::ExprOf;
  ExprPtr object;
  std::uint32_t index = 0;
  Span indexSpan;
};

/// One index: an expression (scalar, integer tensor or range), or `:` (no value).
struct IndexItem {
  Span span;
  ExprPtr value;
  bool isAll() const { return value == nullptr; }
};

/// `x[i, a..b, :]`.
struct IndexExpr : ExprOf<ExprKind::Index> {
  using ExprOf::ExprOf;
  ExprPtr object;
  std::vector<IndexItem> items;
};

enum class UnaryOp { Negate, Not };
/// `-`, `!`.
const char* spelling(UnaryOp op);

struct UnaryExpr : ExprOf<ExprKind::Unary> {
  using ExprOf::ExprOf;
  UnaryOp op = UnaryOp::Negate;
  ExprPtr operand;
};

enum class BinaryOp {
  Add,
  Sub,
  Mul,
  Div,
  Rem,
  MatMul,
  BitAnd,
  BitOr,
  BitXor,
  ShiftLeft,
  ShiftRight,
  And,
  Or,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual
};
/// `+`, `@`, `<=`.
const char* spelling(BinaryOp op);

struct BinaryExpr : ExprOf<ExprKind::Binary> {
  using ExprOf::ExprOf;
  BinaryOp op = BinaryOp::Add;
  Span opSpan;
  ExprPtr left;
  ExprPtr right;
};

/// `a..b`, without b. Within an index either side may be missing (null): `x[1..]`, `x[..n]`.
struct RangeExpr : ExprOf<ExprKind::Range> {
  using ExprOf::ExprOf;
  ExprPtr low;
  ExprPtr high;
};

/// `x as f32[n, 10]`: checked at run time.
struct AsExpr : ExprOf<ExprKind::As> {
  using ExprOf::ExprOf;
  ExprPtr value;
  TypePtr type;
};

// ----------------------------------------------------------------------------------------------------------------------- statements

enum class StmtKind { Let, Var, Assign, For, Expr };

struct Stmt {
  const StmtKind kind;
  Span span;
  virtual ~Stmt() = default;

 protected:
  Stmt(StmtKind kind, Span span) : kind(kind), span(span) {}
};

template <StmtKind K>
struct StmtOf : Stmt {
  static constexpr StmtKind kKind = K;
  explicit StmtOf(Span span) : Stmt(K, span) {}
};

/// `let (a, b): T = value;`; `let` at the top of a file is a LetItem.
struct LetStmt : StmtOf<StmtKind::Let> {
  using StmtOf::StmtOf;
  PatternPtr pattern;
  TypePtr type;
  ExprPtr value;
};

/// `var m: T = value;`, also with a pattern.
struct VarStmt : StmtOf<StmtKind::Var> {
  using StmtOf::StmtOf;
  PatternPtr pattern;
  TypePtr type;
  ExprPtr value;
};

/// `m.w[i] = value;`, `m -= value;`. The parser has made sure that the target is a path (a name followed by fields and indices), `_`,
/// or a tuple of such.
struct AssignStmt : StmtOf<StmtKind::Assign> {
  using StmtOf::StmtOf;
  ExprPtr target;
  /// The operator of `op=`.
  std::optional<BinaryOp> op;
  Span opSpan;
  ExprPtr value;
};

/// `for p in items { … }`.
struct ForStmt : StmtOf<StmtKind::For> {
  using StmtOf::StmtOf;
  PatternPtr pattern;
  ExprPtr items;
  Block body;
};

/// An expression for its effect (`assert(…);`), or an `if` or block in the place of a statement.
struct ExprStmt : StmtOf<StmtKind::Expr> {
  using StmtOf::StmtOf;
  ExprPtr expr;
};

// ---------------------------------------------------------------------------------------------------------------------------- items

enum class ItemKind { Use, Param, Run, Policy, Budget, Struct, Function, Native, Derivative, Test, Let };

struct Item {
  const ItemKind kind;
  Span span;
  /// The `///` lines before it, without `/// `, joined by newlines.
  std::string doc;
  virtual ~Item() = default;

 protected:
  Item(ItemKind kind, Span span) : kind(kind), span(span) {}
};

template <ItemKind K>
struct ItemOf : Item {
  static constexpr ItemKind kKind = K;
  explicit ItemOf(Span span) : Item(K, span) {}
};

/// `use nn;`, `use nn.{dense, Dense};`, `use learn.fed_avg;`.
struct UseItem : ItemOf<ItemKind::Use> {
  using ItemOf::ItemOf;
  std::vector<Name> path;
  /// The names in braces; none when the module itself is imported.
  std::optional<std::vector<Name>> names;
};

/// `param lr: f32 = 0.1;`.
struct ParamItem : ItemOf<ItemKind::Param> {
  using ItemOf::ItemOf;
  Name name;
  TypePtr type;
  ExprPtr value;
};

struct RunEntry {
  Name name;
  ExprPtr value;
};

/// `run { data = "…", rounds = 100 }`.
struct RunItem : ItemOf<ItemKind::Run> {
  using ItemOf::ItemOf;
  std::vector<RunEntry> entries;
};

/// `policy aggregate_only;`.
struct PolicyItem : ItemOf<ItemKind::Policy> {
  using ItemOf::ItemOf;
  Name name;
};

/// `up: 50 kB`.
struct BudgetEntry {
  Name name;
  ExprPtr amount;
  std::optional<Name> unit;
};

/// `budget { up: 50 kB, down: 1 MB, exchanges: 1 }`.
struct BudgetItem : ItemOf<ItemKind::Budget> {
  using ItemOf::ItemOf;
  std::vector<BudgetEntry> entries;
};

/// `M: vector` in `<…>`; a name in lower case is a dimension.
struct TypeParameter {
  Name name;
  bool isDimension = false;
  std::vector<Name> bounds;
};

struct StructField {
  std::string doc;
  Name name;
  TypePtr type;
};

/// `struct Dense<i, o> { w: f32[i, o], b: f32[o] }`.
struct StructItem : ItemOf<ItemKind::Struct> {
  using ItemOf::ItemOf;
  Name name;
  std::vector<TypeParameter> parameters;
  std::vector<StructField> fields;
};

/// `name: type = value`; `_` is a name too.
struct Parameter {
  Span span;
  Name name;
  TypePtr type;
  ExprPtr value;
};

/// `fn f<T: vector>(x: T, n: i32 = 1) -> T`; no result written is `()`.
struct Signature {
  Name name;
  std::vector<TypeParameter> typeParameters;
  std::vector<Parameter> parameters;
  TypePtr result;
  /// From the name to the result.
  Span span;
};

struct FunctionItem : ItemOf<ItemKind::Function> {
  using ItemOf::ItemOf;
  Signature signature;
  Block body;
};

/// `native fn erfinv(x: f32) -> f32 = "symbol";`: a function whose body is elsewhere.
struct NativeItem : ItemOf<ItemKind::Native> {
  explicit NativeItem(Span span) : ItemOf(span), function(span) {}
  /// Its body is empty.
  FunctionItem function;
  std::string symbol;
  Span symbolSpan;
};

/// `derivative of erfinv(x) = …;`.
struct DerivativeItem : ItemOf<ItemKind::Derivative> {
  using ItemOf::ItemOf;
  Name function;
  std::vector<Name> parameters;
  ExprPtr value;
};

/// `test "name" { … }`.
struct TestItem : ItemOf<ItemKind::Test> {
  using ItemOf::ItemOf;
  std::string name;
  Span nameSpan;
  Block body;
};

/// `let main = process(init, next);` at the top of a file.
struct LetItem : ItemOf<ItemKind::Let> {
  using ItemOf::ItemOf;
  PatternPtr pattern;
  TypePtr type;
  ExprPtr value;
};

/// A file.
struct Module {
  FileId file = kNoFile;
  std::vector<ItemPtr> items;
  /// How many node ids were given out.
  NodeId nodeCount = 0;
};

}  // namespace fedc::syntax::ast
