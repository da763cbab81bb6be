#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "compiler/check/check.h"
#include "compiler/syntax/ast.h"

/// Files and the names that they declare.
namespace fedc::check {

namespace ast = syntax::ast;

struct ModuleInfo;

struct StructDecl {
  const ModuleInfo* module = nullptr;
  const ast::StructItem* item = nullptr;
  /// `nn.Dense`
  std::string qualified;
};

struct FnDecl {
  const ModuleInfo* module = nullptr;
  const ast::FunctionItem* item = nullptr;
  std::string qualified;
  /// Dimension names that the signature quantifies: written in `<..>` or first seen in a type.
  std::vector<ast::Name> dims;
  /// Which value parameters are sizes of the signature (`size` in `fn pad(x: f32[n], size: i32) -> f32[size]`).
  std::vector<bool> isSize;
  /// The signature has a placed type outside of function types.
  bool federated = false;
  /// Of a native function: its item, what is declared of its derivative, and what it is, once it was looked at; null after an error.
  const ast::NativeItem* nativeItem = nullptr;
  const ast::DerivativeItem* derivative = nullptr;
  std::shared_ptr<const NativeDecl> native;
};

struct GlobalDecl {
  const ModuleInfo* module = nullptr;
  const ast::LetItem* item = nullptr;
  std::string name;
  enum class State { Unchecked, Checking, Done } state = State::Unchecked;
  std::shared_ptr<GlobalLet> value;
};

struct ParamDecl {
  const ModuleInfo* module = nullptr;
  const ast::ParamItem* item = nullptr;
  /// Index into TypedProgram::params.
  std::size_t index = 0;
};

/// What a name of a module stands for.
struct ItemRef {
  enum class Kind {
    None,
    Struct,
    Function,
    Global,
    Param,
    Module,
    /// Reported where it was to be brought in; its uses say nothing more.
    Broken
  };
  Kind kind = Kind::None;
  StructDecl* structDecl = nullptr;
  FnDecl* fn = nullptr;
  GlobalDecl* global = nullptr;
  ParamDecl* param = nullptr;
  const ModuleInfo* module = nullptr;
  Span span;
};

struct ModuleInfo {
  /// As written in `use`: `nn`; empty for the main file.
  std::string name;
  FileId file = kNoFile;
  std::shared_ptr<const ast::Module> tree;
  /// Names declared here.
  std::map<std::string, ItemRef> own;
  /// Names brought in by `use m.{a}` and, as modules, by `use m;`.
  std::map<std::string, ItemRef> imported;
  /// Modules of `use`, for search paths and cycles.
  bool isPrelude = false;
  std::vector<std::unique_ptr<StructDecl>> structs;
  std::vector<std::unique_ptr<FnDecl>> functions;
  std::vector<std::unique_ptr<GlobalDecl>> globals;
  std::vector<std::unique_ptr<ParamDecl>> params;
};

/// All modules of a program.
class ModuleTable {
 public:
  ModuleTable(SourceManager& sources, const ModuleLoader& load, const ParsedFiles& parsed, DiagnosticSink& sink)
      : sources_(sources), load_(load), parsed_(parsed), sink_(sink) {}

  /// Parses the main file and what it uses, and the prelude. Null if the main file has syntax errors.
  ModuleInfo* loadMain(FileId file);
  const ModuleInfo* prelude() const { return prelude_; }
  /// Some file did not parse.
  bool hasSyntaxErrors() const { return syntaxErrors_; }
  /// A name as seen from a module: its own, then what it uses, then the prelude's.
  ItemRef lookup(const ModuleInfo* from, const std::string& name) const;
  /// The nearest function of a name: what `x.name()` may mean.
  ItemRef lookupFunction(const ModuleInfo* from, const std::string& name) const;
  /// What `name` is in `module`, seen from another one. What is missing or private is reported here, and is `Broken`.
  ItemRef member(const ModuleInfo& module, const ast::Name& name) const;
  /// What a module declares or brings in by name.
  ItemRef lookupIn(const ModuleInfo* module, const std::string& name) const;
  /// Names visible from a module, for "did you mean".
  std::vector<std::string> visibleNames(const ModuleInfo* from, const std::function<bool(const ItemRef&)>& want) const;
  const StructDecl* findStruct(const std::string& qualified) const;
  const std::vector<std::unique_ptr<ModuleInfo>>& all() const { return modules_; }

 private:
  ModuleInfo* loadFile(const std::string& name, FileId file, bool isPrelude);
  void declare(ModuleInfo& m);
  void declareDerivatives(ModuleInfo& m);
  void resolveUses(ModuleInfo& m, bool isPrelude);
  ModuleInfo* use(ModuleInfo& from, const ast::UseItem& item, bool isPrelude);
  void quantify(FnDecl& fn) const;

  SourceManager& sources_;
  const ModuleLoader& load_;
  const ParsedFiles& parsed_;
  DiagnosticSink& sink_;
  std::vector<std::unique_ptr<ModuleInfo>> modules_;
  /// Files being loaded, outermost first: a file met again is a cycle.
  std::vector<std::pair<FileId, std::string>> loading_;
  std::map<std::string, StructDecl*> structs_;
  bool syntaxErrors_ = false;
  ModuleInfo* main_ = nullptr;
  ModuleInfo* prelude_ = nullptr;
};

}  // namespace fedc::check
