#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "compiler/check/modules.h"
#include "compiler/check/scope.h"
#include "compiler/check/types.h"

/// What is known of the whole program while it is checked: declarations, instances waiting for their bodies, tables of ids.
namespace fedc::check {

/// A function value whose parameter types are not known where it stands: checked at each call, in the scope where it was written.
struct OpenFunction {
  /// A lambda, or an expression such as `grad(f)` or the name of a generic function.
  const ast::Expr* syntax = nullptr;
  ScopeRef scope;
  Span span;
  /// The parameters that are captured stay below this id.
  std::uint32_t localsBefore = 0;
};

/// A function item with everything that makes its instance.
struct InstanceArgs {
  std::vector<TypeRef> types;
  std::vector<Dim> dims;
  /// By value parameter: its number, where the call knows it.
  std::vector<std::optional<Dim>> values;
};

struct InstanceRequest {
  const FnDecl* fn = nullptr;
  std::shared_ptr<FnInstance> instance;
  InstanceArgs args;
  Span neededAt;
  bool lenient = false;
};

/// Bounds of a skolem (`Parameter` type).
struct ParameterInfo {
  std::string name;
  std::set<std::string> bounds;
};

class ProgramChecker {
 public:
  ProgramChecker(SourceManager& sources, const ModuleLoader& load, const CheckOptions& options, DiagnosticSink& sink);

  std::optional<TypedProgram> run(FileId file);

  Dim::Variable newDim(std::string name, std::optional<std::int64_t> bound = std::nullopt, std::optional<std::uint32_t> local = std::nullopt);
  std::shared_ptr<Local> newLocal(std::string name, TypeRef type, Span span, bool isVar);
  std::uint32_t newOpenFunction(OpenFunction f);
  TypeRef newParameter(const std::string& name, std::set<std::string> bounds);
  /// `w` in `Model { w }` as an expression; lives as long as the program.
  const ast::NameExpr* nameExpr(const ast::Name& name);
  /// A change of what such a name gives (`w` of `Model { w }`) is one of the field's value: `w: f32(w)`.
  void spellOut(Fix& fix) const;
  std::string print(const TypeRef& t) const { return check::print(t, out.dims); }
  std::string print(const Dim& d) const;
  std::optional<std::int64_t> bound(const Dim& d) const;

  /// The instance for these arguments, made once; its body is checked later. `user` is the declaration in whose body the call stands.
  std::shared_ptr<const FnInstance> instantiate(const FnDecl& fn, InstanceArgs args, Span neededAt, const std::string& user);
  /// A module-level value, checked at its first use. Null after an error.
  std::shared_ptr<const GlobalLet> global(GlobalDecl& g, Span use, const std::string& user);
  const CheckOptions& options() const { return options_; }
  /// Remembers that `user` needs `used`; false (and an error) if that closes a circle.
  bool noteUse(const std::string& user, const std::string& used, Span at);

  SourceManager& sources;
  DiagnosticSink& sink;
  ModuleTable modules;
  TypedProgram out;
  std::map<std::uint32_t, OpenFunction> openFunctions;
  std::map<std::uint32_t, ParameterInfo> parameters;
  /// What a `let` was given, by local: sizes are read off it.
  std::map<std::uint32_t, ExprPtr> definitions;
  /// Locals whose number is known or named by a dimension.
  std::map<std::uint32_t, Dim> localDims;
  /// Where the type of a local was written.
  std::map<std::uint32_t, Span> typeSpans;
  /// Struct types without unknowns, by their key.
  std::map<std::string, TypeRef> structTypes;
  /// `leaves(M)` and `size(M)` of skolems.
  std::map<std::pair<std::uint32_t, std::string>, Dim> parameterSizes;
  /// The expression or type that is looked at, for what meets a limit; and how deep it lies.
  Span here;
  int depth = 0;

 private:
  void declareParams(ModuleInfo& main);
  void declareRun(ModuleInfo& main);
  void declareBudget(ModuleInfo& main);
  void declareLimit(const ast::BudgetEntry& entry);
  void declarePolicies(ModuleInfo& main);
  void declareNatives();
  void rejectForeignItems();
  void checkTests(ModuleInfo& main);
  void findEntry(ModuleInfo& main);
  void checkStructs(ModuleInfo& main);
  void checkUnused(ModuleInfo& main);
  void drain();
  void setParam(Param& p, const ast::ParamItem& item);
  void orderInstances();

  const CheckOptions& options_;
  std::uint32_t nextLocal_ = 1;
  std::uint32_t nextOpen_ = 1;
  std::uint32_t nextParameter_ = 1;
  std::map<std::string, std::shared_ptr<FnInstance>> instances_;
  std::deque<InstanceRequest> queue_;
  struct Use {
    std::size_t used = 0;
    Span at;
  };
  /// A declaration that needs others, or is needed.
  struct User {
    std::string name;
    std::vector<Use> uses;
    std::vector<std::size_t> usedBy;
    /// Length of the longest chain of needs below it.
    int chain = 0;
    std::set<std::size_t> known = {};
  };
  std::size_t userNamed(const std::string& name);
  bool lengthenChains(std::size_t user, std::size_t used);
  std::vector<User> users_;
  std::map<std::string, std::size_t> userNumbers_;
  /// Declarations on a circle: their instances would never end.
  std::set<std::size_t> recursive_;
  std::size_t genericInstances_ = 0;
  std::set<const FnDecl*> instantiated_;
  std::vector<std::shared_ptr<const FnInstance>> made_;
  std::vector<std::unique_ptr<ast::NameExpr>> names_;
};

/// A string that is equal for equal types only.
std::string typeKey(const TypeRef& t);

}  // namespace fedc::check
