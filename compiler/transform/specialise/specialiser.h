#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "compiler/check/typed.h"
#include "compiler/core/builder.h"
#include "compiler/core/graph.h"
#include "compiler/support/diagnostics.h"
#include "compiler/support/limits.h"
#include "compiler/transform/specialise/homes.h"
#include "compiler/transform/specialise/value.h"

/// The evaluator behind pass `specialise`: runs the typed program at compile time; what is known then happens, what is not becomes Core IR.
namespace fedc::transform::specialise {

/// Unwinds to the entry point after a diagnostic was reported. Never leaves the pass.
struct Stop {};

/// A `for` over a range asks to be unrolled: its index was needed as a number.
struct NeedsNumber {
  core::Var index;
};

/// No loop or sequence whose length a run-time number says is longer: as no size is.
inline constexpr std::int64_t kMostSteps = kMaxExtent;
/// No run-time number skips more elements, or repeats more often: positions are i32.
inline constexpr std::int64_t kMostPositions = (std::int64_t{1} << 31) - 1;

class Specialiser {
 public:
  /// `trace`: names what is computed, for a replay.
  Specialiser(const check::TypedProgram& typed, core::Module& module, DiagnosticSink& sink, bool trace = false);

  /// Evaluates the entry points; the results are what `cut` turns into graphs.
  std::vector<Entry> run();
  /// The same for the `test` blocks whose names have `filter` in them.
  std::vector<Entry> tests(const std::string& filter);

 private:
  using Literal = core::Literal;
  using Args = std::vector<Value>;

  // ---- specialiser.cpp: homes, emission, errors
  struct Place {
    HomeFn* home = nullptr;
    std::vector<core::Stmt>* into = nullptr;
  };
  /// Emits into a home's top level for its lifetime.
  class InHome;
  class InFunction;
  class Lifted;
  /// Emits into a region of the current function for its lifetime.
  class InRegion;
  HomeFn& homeFn(Home home);
  bool isKnownOutside(const core::Type& type) const;
  /// An entry point cannot return a value of this type.
  [[noreturn]] void noResult(const check::TypeRef& type, Span span);
  core::Builder builder(Span span) {
    if (trace_) traceCall();
    return {here_.home->fn, *here_.into, span};
  }
  /// The leaf as an operand of the current function: imports it if it lives elsewhere.
  core::Atom use(const Leaf& leaf);
  /// The same, never a splat: a literal of rank > 0 is broadcast.
  core::Atom useWhole(const Leaf& leaf, Span span);
  core::Var param(HomeFn& home, const Origin& origin, core::Type type, const std::string& name);
  void copyStatic(const core::Stmt& definition, HomeFn& into);
  void copyParam(std::size_t i, HomeFn& into);
  core::Atom importStatic(const Leaf& leaf, HomeFn& into);
  Leaf leaf(core::Atom atom, core::Type type);
  Leaf leaf(core::Atom atom);
  Value value(core::Atom atom) { return Value::of(leaf(atom)); }
  Value number(const Dim& d, core::Elem elem, Span span);
  Home join(const Args& values) const;
  Home homeOf(const Value& value) const;
  std::uint32_t site(Span span, std::string message);
  /// Where the user's own file calls what is being done at `span`, which may lie in a library function; `name` becomes that function's.
  Span callInOwnFile(Span span, std::string& name) const;
  Span userSpan(Span span) const;
  void check(core::Atom condition, Span span, std::string message);
  /// That a condition holds in every element. One that is known to fail is an error before the run.
  void checkAll(const Leaf& condition, Span span, std::string message);
  [[noreturn]] void stop(Code code, Span span, std::string message, std::string note = {});
  void reportLimit(const Overgrown& limit);
  /// `otherwise`: how the same is written so that it compiles.
  [[noreturn]] void notYet(Span span, const std::string& what, const std::string& otherwise = {});
  /// The integer as a polynomial in dimensions of the current function, if known.
  std::optional<Dim> numberOf(const Value& v);
  /// Of one element of a vector.
  std::optional<Dim> numberOf(const Value& v, std::size_t i);
  /// The same where the program must know it: an error otherwise.
  Dim dimOf(const Value& v, Span span, const char* what);
  std::int64_t constantOf(const Value& v, Span span, const char* what);
  /// An integer value as a dimension: its polynomial, or a new one defined from the run-time value (clamped to `bound`).
  Dim dimFrom(const Value& v, const Dim& bound, Span span);
  /// The number of steps of a range whose ends are run-time values: 0 where `hi` is less than `lo`.
  Dim stepsFrom(const Value& lo, const Value& hi, Span span);
  /// A name for an extent that is known where it stands.
  Dim namedDim(const std::string& name, const Dim& extent, Span span);
  Dim evalDim(const Dim& d, const Env& env, Span span);
  /// Nothing where a variable of it has no value here.
  std::optional<Dim> knownDim(const Dim& d, const Env& env);
  core::Type coreType(const check::TypeRef& type, const Env& env, Span span);
  /// Throws Overgrown for more axes or elements than a tensor may have.
  static void checkSize(const core::Type& type);
  /// Binds the dimension variables of a type that are not bound yet to the actual sizes of a value.
  void bindDims(const check::TypeRef& type, const Value& value, Env& env);
  void bindDimsAt(const std::vector<Dim>& declared, const Leaf& leaf, std::size_t skip, Env& env);
  Value zerosLike(const check::TypeRef& type, const Env& env, Literal (*make)(core::Elem), Span span, std::vector<Dim> leading = {});
  Value map(const Value& v, const std::function<Leaf(const Leaf&)>& f);
  Value zip(const Value& a, const Value& b, Span span, const std::function<Leaf(const Leaf&, const Leaf&)>& f);

  // ---- expressions.cpp
  Value eval(const check::Expr& e, Env& env);
  Value evalIf(const check::Expr& e, Env& env);
  Value evalBinary(const check::Expr& e, Env& env);
  Value evalGlobal(const check::GlobalLet& global);
  Value evalParam(const check::Expr& e);
  Value convert(const Value& v, core::Elem to, Span span);
  Value evalAs(const Value& v, const check::TypeRef& type, Env& env, Span span);
  Value binary(check::BinaryOp op, const Value& a, const Value& b, Span span);
  Leaf binaryLeaf(check::BinaryOp op, const Leaf& a, const Leaf& b, Span span);
  Leaf matmul(const Leaf& a, const Leaf& b, Span span);
  std::optional<Value> fold(check::BinaryOp op, const Leaf& a, const Leaf& b);
  /// Brings two leaves to one shape by broadcasting (scalars, trailing dimensions); literals stay splats.
  std::vector<Dim> align(Leaf& a, Leaf& b, Span span);
  Leaf broadcastTo(const Leaf& l, const std::vector<Dim>& dims, Span span);
  Leaf elementwise(core::Op op, std::vector<Leaf> operands, Span span);

  // ---- indexing.cpp
  Value index(const Value& v, const std::vector<check::Subscript>& path, Env& env, Span span);
  Value replaceAt(const Value& v, const std::vector<check::Subscript>& path, std::size_t step, const Value& with, Env& env, Span span);
  struct Selection;
  struct Part;
  Part partOf(const Selection& s, const Dim& n, Span span);
  std::vector<Selection> selections(const std::vector<check::Subscript>& path, std::size_t from, Env& env);
  Leaf select(const Leaf& l, const std::vector<Selection>& by, Span span);
  Leaf selectReplace(const Leaf& l, const std::vector<Selection>& by, const Leaf& with, Span span);
  /// Checks 0 <= i < n (a range: 0 <= i <= n) unless known.
  bool checkIndex(const Leaf& i, const Dim& n, bool end, Span span);

  // ---- statements.cpp
  void exec(const check::Stmt& s, Env& env);
  void bindPattern(const check::Pattern& p, const Value& v, Env& env);
  void execFor(const check::Stmt& s, Env& env);
  void unroll(const check::Stmt& s, const std::function<Value(std::int64_t)>& element, std::int64_t count, Env& env);
  void assign(const check::Stmt& s, Env& env);
  /// A core loop of `trip` steps over carried values. `body` gets the index as a value and the carries, gives the next ones.
  std::vector<Value> loop(const Dim& trip, const std::vector<Value>& carries, Span span, const std::string& indexName,
                          const std::function<std::vector<Value>(const Value& index, const std::vector<Value>& carries)>& body,
                          std::vector<Value>* emitted = nullptr);
  Value branch(const Leaf& condition, Span span, const std::function<Value()>& then, const std::function<Value()>& otherwise);

  // ---- calls.cpp
  Value call(const Closure& f, Args args, Span span);
  Value callLocal(const Closure& f, Args args, Span span);
  bool isFederated(const Closure& f) const;
  const Closure& function(const Value& v, Span span) const;
  Value callTransform(const Closure& f, Args args, Span span);
  Value vmap(const Closure& f, const Args& args, Span span);
  Value vmapOver(const Dim& n, const Args& args, Span span, const std::function<Value(const Args&)>& body);
  Value differentiate(const Closure& f, Args args, Span span);
  Value callJvp(const Closure& f, Args args, Span span);
  Value callVjp(const Closure& f, Args args, Span span);
  Value callCheckpoint(const Closure& f, Args args, Span span);
  Value functionValue(Closure closure);

  // ---- native.cpp
  /// The module's native function for an instance, made when it is first called.
  std::shared_ptr<const core::Native> nativeOf(const check::FnInstance& instance);
  core::Fn derivativeOf(const check::FnInstance& instance);
  Value callNative(const check::FnInstance& instance, const Args& args, Span span);

  // ---- builtins: args may hold null (optional arguments left out)
  using OptionalArgs = std::vector<std::optional<Value>>;
  Value builtinCall(const check::Expr& e, Env& env);
  /// A list of sizes or axes, `[28, n]` or `shape(x)`, as a tuple of integers.
  Value evalInts(const check::Expr& e, Env& env);
  Value mapLeaves(const check::Expr& e, Env& env);
  Value builtin(check::Builtin b, const OptionalArgs& args, const check::TypeRef& type, Env& env, Span span);
  Value mathBuiltin(check::Builtin b, const OptionalArgs& args, const check::TypeRef& type, Env& env, Span span);
  Value shapeBuiltin(check::Builtin b, const OptionalArgs& args, const check::TypeRef& type, Env& env, Span span);
  Value randomBuiltin(check::Builtin b, const OptionalArgs& args, const check::TypeRef& type, Env& env, Span span);
  Value stringBuiltin(check::Builtin b, const OptionalArgs& args, Span span);
  Value sequenceBuiltin(check::Builtin b, const OptionalArgs& args, const check::TypeRef& type, Env& env, Span span);
  Value federatedBuiltin(check::Builtin b, const OptionalArgs& args, const check::TypeRef& type, Env& env, Span span);

  // ---- math.cpp
  Value reduction(check::Builtin b, const Value& v, const std::optional<Value>& axis, Span span);
  Leaf reduceLeaf(core::ReduceKind kind, const Leaf& l, std::vector<int> axes, Span span);
  Leaf total(const Value& v, Span span);
  Leaf argReduce(core::ReduceKind kind, const Leaf& l, int axis, Span span);
  std::vector<Leaf> sortLeaves(const std::vector<Leaf>& operands, int axis, Span span);

  // ---- shapes.cpp
  std::vector<Dim> dimsOf(const Value& v, Span span);
  Leaf reshape(const Leaf& l, std::vector<Dim> dims, Span span);
  Leaf ravel(const Value& v, Span span);
  /// Values of one type along a new first axis, leaf by leaf.
  Value stacked(const Args& items, Span span);
  Leaf concat(std::vector<Leaf> parts, int axis, Span span);
  Leaf slice(const Leaf& l, int axis, const Dim& start, const Dim& size, Span span);
  /// The leaf, with zeros behind it if it may end before `end`: for a slice that a check refuses, which is taken all the same.
  Leaf reaching(const Leaf& l, int axis, const Dim& end, Span span);
  Value row(const Value& v, const Value& index, Span span);

  // ---- strings.cpp
  /// The text of a string that is written out.
  static std::string textOf(const Value& v);

  // ---- random.cpp
  Leaf bits(const Leaf& key, std::vector<Dim> dims, Span span);
  Leaf uniform(const Leaf& key, std::vector<Dim> dims, const Leaf& lo, const Leaf& hi, Span span);
  Leaf foldIn(const Leaf& key, const Leaf& data, Span span);

  // ---- sequences.cpp
  struct Rows;
  struct Plan;
  Plan plan(const Sequence& s, const Value& pass, const std::optional<Dim>& demand, Span span);
  Plan planValue(const Value& v, Span span);
  Value fetchRows(const Value& columns, const Rows& rows, Span span);
  std::optional<Value> elementOfBatches(const Value& seq, const Plan& p);
  Value sumSequence(const Value& seq, Span span);
  Value collectSequence(const Value& seq, Span span);
  void forSequence(const check::Stmt& s, const Value& seq, Env& env);

  // ---- federated.cpp
  /// The leaf at the other side: a value that crosses, whose number is added. In the client function, where both sides are at hand. `dims`: what
  /// its extents are called there.
  Leaf crossing(const Leaf& l, std::vector<int>& numbers, Span span, std::vector<Dim> dims);
  Value broadcast(const Value& v, Span span);
  Value clientKeys(const Value& v, Span span);
  Value aggregate(core::UpEdge::Kind kind, const Value& x, const std::function<Value()>& zero,
                  const std::function<Value(const Value&, const Value&)>& accumulate, const std::function<Value(const Value&, const Value&)>& merge,
                  const std::function<Value(const Value&)>& report, Span span);
  Value collect(const Value& x, Span span);
  /// `take(value, key)` for each key of a client, where the client is.
  Value selectByKey(const Value& keys, const Value& value, const std::shared_ptr<const Closure>& take, Span span);
  /// x itself; what its leaves are is said in the graph.
  Value declassify(const std::string& reason, const Value& x, Span span);
  std::vector<core::SlotInfo> slotsOf(const Value& v, const std::string& prefix) const;

  // ---- secure.cpp
  Value secureSum(check::Builtin b, const Value& x, const Value& limit, Span span);

  // ---- entry.cpp
  Entry entry(const std::string& name);
  Value inputValue(const check::TypeRef& type, const std::string& name, core::Graph::Input::Kind kind, Span span);
  /// A value of this type, each leaf made by `make` in a home; `path` is the leaf's, counted from `name`.
  Value leafByLeaf(const check::TypeRef& type, const std::string& name, Home home, Span span,
                   const std::function<Leaf(const core::Type& type, const std::string& path)>& make);
  static Value columnsOf(Home home, const Dim& rows, Value columns, Span span);
  Value clientStateValue(const check::TypeRef& type, const std::string& name, Span span);
  void keepAtClients(const std::vector<std::pair<std::string, Leaf>>& leaves);
  /// The clients' data: for each a sequence, columns of its own and a number of rows.
  Value dataValue(const check::TypeRef& type, Span span);
  void declareData(const check::Pattern& p, const check::TypeRef& type, const std::string& name);
  /// What an entry point gives: a placed value, or a tuple of such.
  struct Given {
    check::TypeRef type;
    Value value;
    core::Graph::Output::Kind kind;
  };
  void results(const std::vector<Given>& given, Span span);
  void serverResults(const check::TypeRef& type, const Value& v, core::Graph::Output::Kind kind, const std::string& prefix, Span span);
  std::optional<Entry> runEntry(const std::string& name, const std::function<void()>& body);

  // ---- traces.cpp: nothing of it unless the program is compiled for a replay (docs/replay.md)
  /// Says which call the statements that follow in this block belong to, if that has changed.
  void traceCall();
  /// The same at the end of a block that is differentiated, for the statements behind it.
  void traceDerivative(Span span);
  /// The call in which the chain of calls ends, a site.
  int callSite();
  /// What a pattern names.
  void tracePattern(const check::Pattern& p, const Value& v);
  /// The leaves of a value, each where it is made; of one that takes the place of another those that differ. `type` may be null.
  void traceValue(const std::string& name, const check::TypeRef& type, const Value& v, core::Site::Kind kind, Span span,
                  const Value* before = nullptr);
  void traceLeaf(const Leaf& l, const core::Site& site);

  // ---- tests.cpp
  Value clientsOf(const OptionalArgs& args, Span span);
  Value assertClose(const OptionalArgs& args, const check::TypeRef& type, Span span);
  void endTest(Span span);
  /// Checks of what is known without any placed value run at the server: from this statement of the static home on.
  void importChecks(std::size_t from);

  // ---- arguments.cpp
  Value mainArgument(const check::Pattern& p, const check::TypeRef& type, const std::string& name);
  Origin newInput(core::Graph::Input::Kind kind, const std::string& name, const std::string& part, core::Type type, Span span,
                  core::Place place = core::Place::Server);
  Value clientArgument(const check::TypeRef& type, const std::string& name, Span span);
  Value ownRows(const Value& stacked);
  Value sharedArgument(const check::TypeRef& type, const std::string& name, Span span);
  Value serverSequence(const check::TypeRef& type, const std::string& name, Span span);
  /// A result that stays at the clients; `part`: where it stands in the whole result.
  void clientResult(const check::TypeRef& type, const Value& v, const std::string& part, Span span);

  const check::TypedProgram& typed_;
  core::Module& module_;
  DiagnosticSink& sink_;
  HomeFn static_;
  std::map<const check::GlobalLet*, Value> globals_;
  std::map<const check::FnInstance*, std::shared_ptr<const core::Native>> natives_;
  Entry* entry_ = nullptr;
  Place here_;
  /// In a federated body: every local step chooses its own home by its operands.
  bool federated_ = false;
  /// The calls that are being inlined, for messages and the size limit.
  std::vector<std::pair<std::string, Span>> chain_;
  std::size_t emitted_ = 0;
  /// The expression that is being evaluated, for what meets a limit; and how deep it lies.
  Span current_;
  int depth_ = 0;
  /// i32 variables that are loop indices: their value as a dimension.
  std::map<std::pair<Home, core::Var>, Dim> loopIndices_;
  const bool trace_;
  static constexpr int kUntold = -2;
  /// The call that was said last in this block. Behind a region that differentiate moves into the block it is not known: the region says its own.
  int told_ = kUntold;
  /// The sites of calls, by the call around them, the function and the place.
  std::map<std::tuple<int, std::string, Span>, int> calls_;
};

class Specialiser::InHome {
 public:
  InHome(Specialiser& s, Home home) : s_(s), saved_(s.here_), federated_(s.federated_) {
    HomeFn& fn = s.homeFn(home);
    s.here_ = Place{&fn, &fn.fn.body};
    s.federated_ = false;
    s.told_ = kUntold;
  }
  ~InHome() {
    s_.here_ = saved_;
    s_.federated_ = federated_;
    s_.told_ = kUntold;
  }
  InHome(const InHome&) = delete;
  InHome& operator=(const InHome&) = delete;

 private:
  Specialiser& s_;
  Place saved_;
  bool federated_;
};

/// Emits into a function that is no home of the entry's, for its lifetime.
class Specialiser::InFunction {
 public:
  InFunction(Specialiser& s, HomeFn& fn) : s_(s), saved_(s.here_), federated_(s.federated_) {
    s.here_ = Place{&fn, &fn.fn.body};
    s.federated_ = false;
  }
  ~InFunction() {
    s_.here_ = saved_;
    s_.federated_ = federated_;
  }
  InFunction(const InFunction&) = delete;
  InFunction& operator=(const InFunction&) = delete;

 private:
  Specialiser& s_;
  Place saved_;
  bool federated_;
};

/// In a federated body: one local step at the home of its operands. Elsewhere it changes nothing.
class Specialiser::Lifted {
 public:
  Lifted(Specialiser& s, Home home) {
    if (s.federated_) scope_.emplace(s, home);
  }

 private:
  std::optional<InHome> scope_;
};

class Specialiser::InRegion {
 public:
  InRegion(Specialiser& s, core::Region& region) : s_(s), saved_(s.here_.into) {
    s.here_.into = &region.stmts;
    s.told_ = kUntold;
  }
  ~InRegion() {
    s_.here_.into = saved_;
    s_.told_ = kUntold;
  }
  InRegion(const InRegion&) = delete;
  InRegion& operator=(const InRegion&) = delete;

 private:
  Specialiser& s_;
  std::vector<core::Stmt>* saved_;
};

}  // namespace fedc::transform::specialise
