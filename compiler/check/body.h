#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/check/program.h"
#include "compiler/check/solver.h"
#include "compiler/support/plural.h"

/// Checks one body (of a function instance, a module-level `let`, a test) and builds its typed form. The parts stand in files by meaning:
/// annotations, names, expressions, operators, statements, patterns, functions, calls, coerce, placement, statics, builtins_*.
namespace fedc::check {

using MutExpr = std::shared_ptr<Expr>;

/// An argument, before and after it is checked.
struct Arg {
  Span span;
  std::optional<ast::Name> name;
  /// Null when the argument is `typed` from the start (the receiver of `x.f(y)`).
  const ast::Expr* syntax = nullptr;
  ScopeRef scope;
  MutExpr typed;
  /// Where the value is taken, if that is known: for what is said of an operator whose operands are not there.
  std::optional<Placement> at{};
};

/// A type that is wanted, and who wants it.
struct Expectation {
  TypeRef type;
  Span span;
  /// Label of `span`: "`x` is declared as `f32`".
  std::string why;
};

/// Placement of an operation, joined from its operands.
struct Lift {
  std::optional<Placement> at;
  MutExpr first;
  bool failed = false;
  /// Where the result is wanted, if that is known.
  std::optional<Placement> wanted;
  /// Of an operator, whose operands meet at the server more often than at the clients.
  bool isOperator = false;
  /// Of the fields of a struct.
  bool isStruct = false;
};

/// The signature of a function item with its parameters open.
struct OpenSignature {
  const FnDecl* fn = nullptr;
  ScopeRef scope;
  std::vector<TypeRef> types;
  std::vector<Dim> dims;
  std::vector<std::optional<Dim>> sizes;
  std::vector<TypeRef> params;
  TypeRef result;
};

/// A function node whose instance is made when its arguments are known.
struct PendingInstance {
  MutExpr node;
  OpenSignature signature;
  /// By value parameter, where the call has an argument.
  std::vector<MutExpr> args;
  Span span;
};

/// A declared parameter and what is passed for it.
struct CallItem {
  TypeRef type;
  Arg* arg = nullptr;
  std::string param;
  Span declaredAt;
};

/// How values of clients come to the server: a note of several errors.
inline constexpr const char* kAggregate = "client values reach the server by an aggregation: `federated_sum`, `federated_mean`, ..";

class BodyChecker {
 public:
  /// `user` names the declaration for recursion; `lenient`: skolems stand for type parameters, only definite errors count.
  BodyChecker(ProgramChecker& program, std::string user, bool lenient);

  void checkInstance(const InstanceRequest& request);
  /// A module-level `let`, or null after an error.
  ExprPtr checkGlobal(const GlobalDecl& g);
  /// Whether a body of this type may stand where no result is written.
  bool fitsUnit(const TypeRef& type);
  void reportUnwrittenResult(const syntax::ast::Signature& signature, Span value, const TypeRef& found);
  ExprPtr checkTest(const ast::TestItem& item, const ModuleInfo* module);
  /// What a native function's declaration says, or null after an error.
  std::shared_ptr<const NativeDecl> checkNative(const FnDecl& fn);
  /// Resolves a struct's fields with skolems, for errors in its declaration.
  void checkStruct(const StructDecl& s);
  TypeRef resolveType(const ast::TypeExpr& t, const ScopeRef& scope);

  /// Adds where the instance came from to the errors of its body.
  void setOrigin(std::string shown, Span neededAt) {
    originName_ = std::move(shown);
    origin_ = neededAt;
  }

 private:
  // --- nodes and errors (body.cpp)
  MutExpr make(ExprKind kind, TypeRef type, Span span);
  MutExpr errorExpr(Span span);
  MutExpr localExpr(const LocalRef& local, Span span);
  MutExpr intExpr(std::int64_t value, Span span);
  MutExpr dimExpr(const Dim& d, Span span);
  MutExpr placeExpr(MutExpr e, TypeRef type);
  MutExpr fieldExpr(MutExpr object, int index, TypeRef type, Span span);
  std::shared_ptr<Local> newLocal(const std::string& name, TypeRef type, Span span, bool isVar = false);
  void report(Diagnostic d);
  /// A type for messages; numbers that nothing gives a type have the one that they take on their own.
  std::string show(const TypeRef& t) const;
  TypeRef withoutLiterals(const TypeRef& t) const;
  std::string show(const Dim& d) const { return program_.print(solver_.zonk(d)); }
  /// What the user wrote, shortened.
  std::string source(Span span) const;
  /// A placeholder type that stops further errors.
  MutExpr failed(Diagnostic d);

  struct Mark {
    std::size_t holes = 0;
    std::size_t dims = 0;
    /// Errors so far.
    std::size_t errors = 0;
  };
  Mark mark() const { return {solver_.holeCount(), solver_.dimHoleCount(), program_.sink.errorCount()}; }
  /// End of a statement: what was left open since the mark must be solved now.
  void finish(Mark m);
  void settle();
  /// Runs `f` now and again until it gives true; at the end of the body `f(true)` must report.
  void later(std::function<bool(bool last)> f);
  /// Fills in every type of the finished body and makes the instances that it needs.
  void finalise();
  void finaliseLiteral(Expr& e);
  void finaliseInstance(const PendingInstance& p);

  // --- types written in the program (annotations.cpp)
  TypeRef resolveNamed(const ast::NamedType& t, const ScopeRef& scope);
  bool isWithoutPlace(const TypeRef& t) const;
  TypeRef resolvePlaced(const ast::TypeExpr& inner, Placement at, Span span, const ScopeRef& scope);
  /// Nothing where an error was reported, here or where the name stands.
  std::optional<Dim> resolveDim(const ast::Expr& e, const ScopeRef& scope);
  TypeRef structType(const StructDecl& s, std::vector<TypeRef> types, std::vector<Dim> dims);
  TypeRef rebuildStruct(const Type& t);
  const std::vector<Field>& fieldsOf(TypeRef& t);
  OpenSignature openSignature(const FnDecl& fn, Span use);
  /// After an error in a call: what it would have said is not asked for.
  void poison(const OpenSignature& s);
  OpenSignature signatureOf(const FnDecl& fn, const InstanceArgs& args);
  /// Its derivative, if one is declared.
  void checkNativeInstance(const FnDecl& fn, const OpenSignature& s, FnInstance& instance);
  /// The call of a native function over scalars on tensors of one shape; null if all that it is given are scalars, too.
  MutExpr callOnTensors(const OpenSignature& s, const std::vector<Arg*>& given, Span span);
  ScopeRef signatureScope(const FnDecl& fn, OpenSignature& s);
  void resolveSignature(OpenSignature& s);
  /// Fresh names for the sizes that nobody has named (`?`), outside of functions and sequences.
  TypeRef openUnknown(const TypeRef& t, const std::string& name, std::vector<Dim::Variable>* born = nullptr);
  /// The other way: sizes in `born` become `?`.
  TypeRef closeUnknown(const TypeRef& t, const std::vector<Dim::Variable>& born);
  /// The names that unknown sizes of the type were given: `?a`.
  std::vector<Dim::Variable> unknownNames(const TypeRef& t) const;
  bool mentionsUnknown(const TypeRef& t) const;
  Dim unknownDim(std::optional<std::int64_t> bound);
  Dim sizeOfType(const TypeRef& t, bool leaves, Span span);
  bool boundMet(const TypeRef& t, const std::string& bound, std::string& why) const;

  // --- names (names.cpp)
  struct NameMeaning {
    enum class Kind { None, Local, Dimension, Type, Item, Builtin, Scalar };
    Kind kind = Kind::None;
    LocalRef local;
    bool captured = false;
    Dim dim;
    TypeRef type;
    ItemRef item;
    Builtin builtin = Builtin::Exp;
    core::Elem elem = core::Elem::F32;
  };
  NameMeaning lookup(const std::string& name, const ScopeRef& scope) const;
  NameMeaning lookupItem(const std::string& name, const ScopeRef& scope) const;
  MutExpr unknownName(const std::string& name, Span span, const ScopeRef& scope, bool functionsOnly);
  MutExpr inferName(const ast::NameExpr& e, const ScopeRef& scope, const TypeRef& hint);
  MutExpr globalExpr(GlobalDecl& g, Span span);
  MutExpr paramExpr(const ParamDecl& p, Span span);
  MutExpr itemExpr(const ItemRef& item, const ast::Expr& syntax, const ScopeRef& scope, const TypeRef& hint);
  const ModuleInfo* moduleOf(const ast::Expr& e, const ScopeRef& scope) const;

  // --- expressions (expressions.cpp, structs.cpp)
  MutExpr infer(const ast::Expr& e, const ScopeRef& scope, const TypeRef& hint = nullptr);
  MutExpr inferKind(const ast::Expr& e, const ScopeRef& scope, const TypeRef& hint);
  MutExpr check(const ast::Expr& e, const ScopeRef& scope, const Expectation& want);
  MutExpr inferTuple(const ast::TupleExpr& e, const ScopeRef& scope, const TypeRef& hint);
  MutExpr inferArray(const ast::ArrayExpr& e, const ScopeRef& scope, const TypeRef& hint);
  MutExpr inferStruct(const ast::StructExpr& e, const ScopeRef& scope, const TypeRef& hint);
  MutExpr inferUpdate(const ast::StructExpr& e, const ScopeRef& scope, const StructDecl& decl, const TypeRef& hint);
  const StructDecl* structNamed(const std::vector<ast::Name>& path, const ast::Name& name, const ScopeRef& scope);
  MutExpr inferIf(const ast::IfExpr& e, const ScopeRef& scope, const TypeRef& hint);
  MutExpr inferField(const ast::FieldExpr& e, const ScopeRef& scope, const TypeRef& hint);
  MutExpr inferTupleField(const ast::TupleFieldExpr& e, const ScopeRef& scope);
  MutExpr inferIndex(const ast::IndexExpr& e, const ScopeRef& scope);
  /// Field `name` of a value; null (no error) if its type has no such field.
  MutExpr tryField(const MutExpr& object, const std::string& name, Span span);
  MutExpr itemOf(const MutExpr& object, std::uint32_t index, Span span);
  std::vector<std::string> fieldNames(const TypeRef& t);
  /// Subscripts of `x[..]` and the type of what they select. Null type after an error.
  TypeRef subscripts(const std::vector<ast::IndexItem>& items, const TypeRef& object, const ScopeRef& scope, Span span, bool forAssignment,
                     std::vector<Subscript>& out, Lift& lift);
  /// Nothing after an error.
  std::optional<Dim> sliceExtent(const MutExpr& low, const MutExpr& high, const Dim& extent, Span span);
  MutExpr inferRange(const ast::RangeExpr& e, const ScopeRef& scope);
  MutExpr inferAs(const ast::AsExpr& e, const ScopeRef& scope);
  MutExpr literal(const ast::Expr& e, const TypeRef& hint);

  // --- operators (operators.cpp)
  MutExpr inferUnary(const ast::UnaryExpr& e, const ScopeRef& scope, const TypeRef& hint);
  /// `wanted`: where the result is wanted, if that is known.
  MutExpr inferBinary(const ast::BinaryExpr& e, const ScopeRef& scope, std::optional<Placement> wanted);
  MutExpr binary(BinaryOp op, MutExpr a, MutExpr b, Span span, std::optional<Placement> wanted);
  TypeRef arithmetic(const TypeRef& a, const TypeRef& b, const MutExpr& ea, const MutExpr& eb, const std::string& op, Span span, bool floatsOnly);
  TypeRef comparison(BinaryOp op, const TypeRef& a, const TypeRef& b, const MutExpr& ea, const MutExpr& eb, Span span);
  TypeRef logic(BinaryOp op, const TypeRef& a, const TypeRef& b, const MutExpr& ea, const MutExpr& eb, Span span);
  TypeRef matmul(const TypeRef& a, const TypeRef& b, const MutExpr& ea, const MutExpr& eb, Span span);
  std::optional<std::vector<Dim>> broadcast(const std::vector<Dim>& a, const std::vector<Dim>& b);
  TypeRef operandError(const MutExpr& a, const MutExpr& b, const std::string& op, Span span, const std::string& note = "");
  TypeRef shapeError(const MutExpr& a, const MutExpr& b, const std::string& op, Span span, const std::string& note = "");
  /// An operand whose type nothing says.
  TypeRef openOperand(const MutExpr& e, const std::string& op);
  /// The element type of all leaves, if they have one.
  std::optional<core::Elem> commonElem(const TypeRef& t);
  /// Numbers that are written out in an array, as in `x * [1, 2]`, take the element type of the other side.
  void settleLiterals(TypeRef& a, TypeRef& b);
  /// Without another side they are `f32` or `i32`, also those in tuples and structs. A number on its own stays open.
  void settleAlone(const MutExpr& e);
  void settleWithin(const TypeRef& type, std::optional<core::Elem> to = {}, bool nested = false);
  bool isLiteralHole(const TypeRef& t);
  bool isStructured(const TypeRef& t) const;
  bool allLeaves(const TypeRef& t, bool (*want)(core::Elem)) const;
  MutExpr convert(core::Elem to, std::vector<Arg>& args, Span span, const ScopeRef& scope);

  // --- statements and patterns (statements.cpp, patterns.cpp)
  MutExpr checkBlock(const ast::Block& b, ScopeRef scope, const TypeRef& hint, Span span);
  ScopeRef checkStmt(const ast::Stmt& s, const ScopeRef& scope, std::vector<Stmt>& out);
  ScopeRef checkLet(const ast::Pattern& pattern, const ast::TypeExpr* type, const ast::Expr& value, Span span, bool isVar, const ScopeRef& scope,
                    std::vector<Stmt>& out);
  void checkAssign(const ast::AssignStmt& s, const ScopeRef& scope, std::vector<Stmt>& out);
  /// The place that the left of an assignment names, and (for `op=`) its value.
  struct Place {
    Stmt::Target target;
    MutExpr value;
    bool ok = false;
  };
  Place assignTarget(const ast::Expr& e, const ScopeRef& scope, Lift& lift);
  void noteAssigned(const LocalRef& local);
  void checkFor(const ast::ForStmt& s, const ScopeRef& scope, std::vector<Stmt>& out);
  /// Reports names that a pattern, or one of several, binds again.
  void bindsOnce(const ast::Pattern& p, std::map<std::string, Span>& seen);
  Pattern bindPattern(const ast::Pattern& p, const TypeRef& type, ScopeRef& scope, bool isVar, const ExprPtr& definition = nullptr);
  Pattern wildcard(const TypeRef& type, Span span) const;

  // --- functions as values (functions.cpp)
  MutExpr checkLambda(const ast::LambdaExpr& e, const ScopeRef& scope, const std::vector<TypeRef>& params, const TypeRef& result, bool mayDrop);
  MutExpr openFunction(const ast::Expr& e, const ScopeRef& scope, Span span);
  /// A function expression for these parameter types: lambdas are checked, generic functions opened, transforms applied.
  MutExpr callable(const ast::Expr& e, const ScopeRef& scope, const std::vector<TypeRef>& params, const TypeRef& result, bool mayDrop, Span span);
  MutExpr callableOf(MutExpr f, const std::vector<TypeRef>& params, const TypeRef& result, bool mayDrop, Span span);
  MutExpr resolveOpen(const MutExpr& f, const std::vector<TypeRef>& params, const TypeRef& result, bool mayDrop, Span span);
  MutExpr functionValue(const FnDecl& fn, Span span);
  /// `|p0, p1..| body(p0, p1..)` around something that can be called.
  MutExpr etaLambda(const std::vector<TypeRef>& params, Span span, const std::function<MutExpr(std::vector<Arg>&)>& call);
  MutExpr coerceFunction(MutExpr f, const TypeRef& want, const Expectation& why);
  std::optional<Builtin> transformNamed(const ast::Expr& callee, const ScopeRef& scope) const;
  MutExpr transformCallable(Builtin b, const ast::CallExpr& e, const ScopeRef& scope, const std::vector<TypeRef>& params, bool mayDrop);
  MutExpr inferTransform(Builtin b, const ast::CallExpr& e, const ScopeRef& scope, const TypeRef& hint);
  MutExpr transformNode(Builtin b, MutExpr f, const std::vector<TypeRef>& params, Span span);
  const ast::Expr* transformOperand(const ast::CallExpr& e, Builtin b);
  std::vector<TypeRef> innerParams(Builtin b, const std::vector<TypeRef>& params, Span span, bool& ok);
  bool isOpenSyntax(const ast::Expr& e, const ScopeRef& scope) const;
  bool callsFederated(const ast::Expr& e, const ScopeRef& scope) const;

  // --- calls (calls.cpp, arguments.cpp)
  MutExpr inferCall(const ast::CallExpr& e, const ScopeRef& scope, const TypeRef& hint);
  MutExpr callMethod(const ast::CallExpr& e, const ast::FieldExpr& callee, std::vector<Arg>& args, const ScopeRef& scope, const TypeRef& hint);
  MutExpr callItem(const NameMeaning& m, const std::string& name, std::vector<Arg>& args, Span span, Span nameSpan, const ScopeRef& scope,
                   const TypeRef& hint);
  /// What an intrinsic is at the server that TensorFlow Federated calls by the same name there; null where the arguments are elsewhere.
  const FnDecl* atServer(const FnDecl& fn, std::vector<Arg>& args);
  MutExpr callFunction(const FnDecl& fn, std::vector<Arg>& args, Span span, const TypeRef& hint, const ScopeRef& scope);
  MutExpr callValue(const MutExpr& f, std::vector<Arg>& args, Span span, const TypeRef& hint);
  MutExpr callTransformed(Builtin b, const ast::CallExpr& callee, std::vector<Arg>& args, Span span, const ScopeRef& scope);
  std::vector<Arg> arguments(const std::vector<ast::Argument>& args, const ScopeRef& scope);
  bool checkArguments(std::vector<CallItem>& items, const std::string& callee, bool liftable, Lift& lift);
  bool ready(const Arg& a, const TypeRef& want, int round);
  MutExpr checkArg(Arg& a, const CallItem& item, const std::string& callee, bool liftable, Lift& lift);
  /// Tells the result of a call or builtin what its surroundings want, if that can be.
  void suggestResult(const TypeRef& result, const TypeRef& hint);
  TypeRef callResult(const TypeRef& result);

  // --- fitting (coerce.cpp, placement.cpp)
  MutExpr coerce(MutExpr e, const Expectation& want);
  /// The type that `found` takes where `want` is wanted, or null. `changed`: a Place node is needed.
  TypeRef fit(const TypeRef& found, const TypeRef& want, bool& changed);
  /// Notes the first part in which two tuples differ.
  void differenceOfTuples(Diagnostic& d, TypeRef found, TypeRef want);
  MutExpr mismatch(const MutExpr& e, const TypeRef& found, const Expectation& want);
  TypeRef columns(const TypeRef& t);
  /// The type of an operand where it is used locally; joins its placement.
  TypeRef local(MutExpr& e, Lift& lift);
  bool split(const TypeRef& t, std::optional<Placement>& at, TypeRef& local);
  /// Of a type that may be null.
  std::optional<Placement> placementOf(const TypeRef& t);
  TypeRef placed(const TypeRef& t, const Lift& lift) const { return lift.at ? placedType(t, *lift.at) : t; }
  void joinPlacement(Lift& lift, Placement at, const MutExpr& e);
  void reportPlacements(const MutExpr& server, const MutExpr& clients, const Lift& lift);
  std::string describePlace(Placement p) const;
  /// The operand's local type where a server or client value is wanted by an intrinsic; null after an error.
  TypeRef expectPlaced(MutExpr& e, Placement at, const std::string& callee);

  // --- sizes known before the run (statics.cpp)
  std::optional<Dim> staticDim(const Expr& e);
  std::optional<std::vector<Dim>> staticDims(const Expr& e);
  /// A size; nothing where it is not one, which is reported.
  std::optional<Dim> dimOrError(const MutExpr& e, const std::string& what);
  std::optional<std::vector<Dim>> requireDims(const MutExpr& e, const std::string& what);
  /// The axis of `of` that `e` says; nothing after an error.
  std::optional<std::int64_t> staticAxis(const MutExpr& e, int rank, const MutExpr& of);

  // --- builtins (builtins.cpp and builtins_*.cpp)
  using Operands = std::vector<MutExpr>;
  MutExpr callBuiltin(Builtin b, std::vector<Arg>& args, Span span, const ScopeRef& scope, const TypeRef& hint);
  MutExpr builtinNode(Builtin b, Operands operands, TypeRef type, Span span);
  bool matchArguments(Builtin b, std::vector<Arg>& args, std::vector<Arg*>& out, Span span);
  /// The argument of a function that takes a tensor: numbers written out in an array are settled.
  MutExpr tensorArg(Arg* a);
  MutExpr inferArg(Arg* a, const TypeRef& hint = nullptr);
  MutExpr checkArg(Arg* a, const TypeRef& want, const std::string& why);
  MutExpr wantInt(Arg* a, const std::string& what);
  MutExpr functionArg(Arg* a, const std::vector<TypeRef>& params, const TypeRef& result);
  MutExpr builtinError(Span span, const MutExpr& operand, const std::string& text);
  /// The same of a number that is out of range.
  MutExpr numberError(const MutExpr& number, const std::string& text);
  /// The same of a value that is no vector, or has leaves that are no numbers (`bound`): says which, and how to convert it.
  MutExpr leavesError(Span span, const MutExpr& operand, const TypeRef& t, const std::string& bound, const std::string& text);
  MutExpr builtinUnary(Builtin b, std::vector<Arg*>& a, Span span);
  MutExpr builtinBinary(Builtin b, std::vector<Arg*>& a, Span span);
  MutExpr builtinExtremum(Builtin b, std::vector<Arg*>& a, Span span);
  MutExpr builtinWhere(std::vector<Arg*>& a, Span span);
  MutExpr builtinReduction(Builtin b, std::vector<Arg*>& a, Span span);
  MutExpr reduce(Builtin b, MutExpr x, Arg* axis, Span span);
  MutExpr builtinDot(std::vector<Arg*>& a, Span span);
  MutExpr builtinArg(Builtin b, std::vector<Arg*>& a, Span span);
  MutExpr builtinSort(Builtin b, std::vector<Arg*>& a, Span span);
  MutExpr builtinFill(Builtin b, std::vector<Arg*>& a, Span span, const TypeRef& hint);
  MutExpr builtinShape(Builtin b, std::vector<Arg*>& a, std::vector<Arg>& all, Span span, const TypeRef& hint);
  MutExpr builtinConcat(std::vector<Arg>& all, Span span);
  MutExpr builtinStatic(Builtin b, std::vector<Arg*>& a, Span span);
  std::optional<TypeRef> typeArgument(const Arg& a);
  MutExpr builtinLeaves(Builtin b, std::vector<Arg>& all, Span span);
  MutExpr builtinLinear(Builtin b, std::vector<Arg*>& a, Span span);
  MutExpr builtinSequence(Builtin b, std::vector<Arg*>& a, Span span);
  TypeRef sequenceElement(const TypeRef& t, bool arraysToo);
  MutExpr builtinRandom(Builtin b, std::vector<Arg*>& a, Span span);
  MutExpr builtinSplit(std::vector<Arg*>& a, Span span);
  MutExpr builtinString(Builtin b, std::vector<Arg*>& a, Span span);
  MutExpr builtinCheck(Builtin b, std::vector<Arg*>& a, std::vector<Arg>& all, Span span);
  MutExpr builtinFederated(Builtin b, std::vector<Arg*>& a, Span span, const TypeRef& hint);
  MutExpr federatedAggregate(std::vector<Arg*>& a, Span span, const TypeRef& hint);
  MutExpr federatedSelect(std::vector<Arg*>& a, Span span);
  MutExpr federatedSecure(Builtin b, std::vector<Arg*>& a, Span span);

  /// While it lives, what is reported is told besides what `text` says: of a lambda, which function of a call it is.
  class Aside {
   public:
    Aside(BodyChecker& checker, std::function<std::string()> text) : checker_(checker) { checker_.asides_.push_back(std::move(text)); }
    ~Aside() { checker_.asides_.pop_back(); }
    Aside(const Aside&) = delete;
    Aside& operator=(const Aside&) = delete;

   private:
    BodyChecker& checker_;
  };

  ProgramChecker& program_;
  std::string user_;
  bool lenient_;
  /// When this body began.
  std::size_t errorsBefore_;
  Solver solver_;
  std::string originName_;
  Span origin_;
  std::vector<MutExpr> nodes_;
  std::vector<std::shared_ptr<Local>> locals_;
  std::vector<std::shared_ptr<LambdaBody>> lambdas_;
  std::vector<PendingInstance> pending_;
  std::vector<std::function<std::string()>> asides_;
  std::vector<std::function<bool(bool)>> deferred_;
  std::map<std::string, MutExpr> resolved_;
  std::vector<std::string> structsOpen_;
  /// Open functions being checked: one that needs itself never ends.
  std::vector<std::uint32_t> resolving_;
  /// `for` loops around: locals made before `before` are outer ones.
  struct LoopFrame {
    std::uint32_t before = 0;
    std::vector<LocalRef> assigned;
  };
  std::vector<LoopFrame> loops_;
  std::uint32_t lastLocal_ = 0;
  /// The last statement of a body that should have had a value: reported once, as that.
  const ast::Stmt* missingResult_ = nullptr;
  /// The left side of the assignment by `+=` or its like that is being checked: no fix converts it.
  const Expr* assigned_ = nullptr;
};

/// Names of a builtin's parameters; a name that ends in `?` is optional, `..` at the end takes any number of arguments.
struct BuiltinParameters {
  std::vector<std::string> names;
  std::vector<bool> optional;
  bool variadic = false;
};
const BuiltinParameters& builtinParameters(Builtin b);
/// The builtin with a name.
std::optional<Builtin> builtinNamed(const std::string& name);
/// `(c: bool, why: str)`, as the reference has it.
const char* builtinSignature(Builtin b);

}  // namespace fedc::check
